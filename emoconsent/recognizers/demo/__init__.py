"""The demonstration recognizers: small, offline, honest about how little they can tell."""
