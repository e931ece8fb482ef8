"""Keeping no longer than needed: by the notice, by the subject's choice, by the consent that it rests on."""
