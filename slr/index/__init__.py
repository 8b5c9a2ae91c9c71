"""Galleries: signs known by one example each, without training; and searching them."""
