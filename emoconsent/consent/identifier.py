"""What may stand for a person, as consent's callers know it: see ``access.identifier``."""

from emoconsent.access.identifier import MAX_BYTES, check_identifier, check_text

__all__ = ["MAX_BYTES", "check_identifier", "check_text"]
