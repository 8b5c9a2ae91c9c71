"""`reports/report.html`: facts of the corpus and the models, and the page that shows them."""
