"""Recognizers: the registry, adapters for the libraries people use, model cards, demonstrations."""
