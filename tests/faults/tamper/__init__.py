"""Somebody with write access to the databases, but without the keys, edits them (promises G5, G7)."""
