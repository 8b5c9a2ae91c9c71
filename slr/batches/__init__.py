"""From stored clips to what a network reads: joints picked, normalised, augmented, padded into batches."""
