"""The right to make one call, held while the call runs."""

from __future__ import annotations

from dataclasses import dataclass

from emoconsent.consent.holds import Hold
from emoconsent.gate.decision import Request
from emoconsent.gate.view import CatalogueView
from emoconsent.recognizers.registry import Recognizer
from emoconsent.vault.subject_keys import SubjectKeys
from emoconsent.vocabulary import Decision, Modality


@dataclass(slots=True)
class Permit:
    """Single-use. ``settled`` once the call was completed, failed or given up.

    Attributes:
        keys: the subject's keys, in memory while the call is inside and no longer.
        admitted_at: the subject's last event number at admission; a closing after it discards.
        view: the catalogue at admission.
        keep_days: the subject's own choice of retention, as the re-check found it.
    """

    keys: SubjectKeys
    request: Request
    modality: Modality
    recognizer: Recognizer
    decision: Decision
    admitted_at: int
    view: CatalogueView
    hold: Hold
    settled: bool = False
    called: bool = False
    keep_days: int | None = None
