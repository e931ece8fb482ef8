"""Older copies put back: of the data, of the keys, of both, with and without the closing list's copy."""
