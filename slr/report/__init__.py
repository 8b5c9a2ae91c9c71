"""`reports/report.html`: statistics of the corpus and the models, and the page that shows them."""
