"""Which clips train, validate and test; and who signs, where nobody has said so."""
