"""Consent: notices, events, the rule chain, the registry, receipts, and what a withdrawal waits for."""
