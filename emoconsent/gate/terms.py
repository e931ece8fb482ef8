"""What a lent permit was lent for, as its sealed row holds it: any process takes it up again from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from emoconsent.errors import InvalidInput
from emoconsent.gate.decision import Request
from emoconsent.gate.permit import Permit
from emoconsent.policy.context import CallContext
from emoconsent.vocabulary import Decision, Modality, Reason


@dataclass(frozen=True, slots=True)
class Terms:
    """The call that was admitted, and the state that it was admitted in.

    Attributes:
        generation: of the subject's holds at admission.
        admitted_at: the subject's last event number at admission.
        catalogue: the catalogue's number at admission.
    """

    key: str
    subject: str = field(repr=False)
    subject_ref: bytes
    request: Request
    generation: int
    admitted_at: int
    catalogue: int
    decision: Decision

    @classmethod
    def of(cls, permit: Permit, key: str, subject: str) -> Terms:
        """The terms of *permit*, which *key* is lent."""
        _, generation = permit.hold.keys[0]  # the first is the subject's scope
        return cls(
            key,
            subject,
            permit.keys.ref,
            permit.request,
            generation,
            permit.admitted_at,
            permit.view.number,
            permit.decision,
        )

    @property
    def modality(self) -> Modality:
        return Modality(self.request.modality)

    def check(self, *, subject: str, purpose: str, modality: str) -> None:
        """Raises InvalidInput, with every fault, unless that is what the permit was lent for."""
        lent = {
            "subject": (subject, self.subject),
            "purpose": (purpose, self.request.purpose),
            "modality": (modality, self.request.modality),
        }
        problems = [
            f"{name}: not what the permit was lent for"
            for name, (stated, right) in lent.items()
            if stated != right
        ]
        if problems:
            raise InvalidInput(problems)

    def content(self) -> dict[str, Any]:
        """The terms as plain values."""
        context = self.request.context
        return {
            "key": self.key,
            "subject": self.subject,
            "ref": self.subject_ref.hex(),
            "purpose": self.request.purpose,
            "modality": self.request.modality,
            "recognizer": self.request.recognizer,
            "context": asdict(context) if context is not None else None,
            "generation": self.generation,
            "admitted_at": self.admitted_at,
            "catalogue": self.catalogue,
            "explanation": self.decision.explanation,
            "notice": self.decision.notice,
        }

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Terms:
        """The inverse of ``content``; its row was authenticated."""
        purpose, modality, context = content["purpose"], content["modality"], content["context"]
        stated = CallContext(**context) if context is not None else None
        return cls(
            content["key"],
            content["subject"],
            bytes.fromhex(content["ref"]),
            Request(purpose, modality, content["recognizer"], stated),
            content["generation"],
            content["admitted_at"],
            content["catalogue"],
            Decision(Reason.ALLOWED, content["explanation"], purpose, modality, notice=content["notice"]),
        )
