"""`reports/map.html`: a model's view of a corpus, as one interactive page."""
