"""Copies of what is held about a person: a signed archive, made in parts, that dies with their erasure."""
