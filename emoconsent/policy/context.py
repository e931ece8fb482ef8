"""What a rule may ask about a call beyond purpose and modality."""

from __future__ import annotations

from dataclasses import dataclass

from emoconsent.errors import InvalidInput
from emoconsent.policy.families import BANDS

_TEXTS = ("subject_role", "channel", "downstream_use", "age_band")


@dataclass(frozen=True, slots=True)
class CallContext:
    """The circumstances of a recognition call. ``None`` means that nobody stated it.

    Attributes:
        subject_role: whom the recognizer looks at: ``customer``, ``employee``, ``agent``,
            ``applicant``, ``student``.
        channel: ``chat``, ``phone``, ``video``, ``public_space``, ...
        downstream_use: what the result will be used for, e.g. ``assist_agent``, ``promotion``.
        automated: an adverse decision follows without a human.
        age_band: ``child``, ``minor``, ``adult``, ``elderly``; the declared one if None.
        separated_audio: the customer's leg of the call is recorded apart from the agent's.
    """

    subject_role: str | None = "customer"
    channel: str | None = None
    downstream_use: str | None = None
    automated: bool = False
    age_band: str | None = None
    separated_audio: bool | None = None

    def __post_init__(self) -> None:
        """Raises InvalidInput for a value that no rule could weigh."""
        values = {name: getattr(self, name) for name in _TEXTS}
        problems = [
            f"{name}: a string or None is needed"
            for name, value in values.items()
            if not isinstance(value, str | None)
        ]
        if isinstance(self.age_band, str) and self.age_band not in BANDS:
            problems.append(f"age_band: one of {', '.join(sorted(BANDS))}")
        if not isinstance(self.automated, bool):
            problems.append("automated: True or False is needed")
        if not isinstance(self.separated_audio, bool | None):
            problems.append("separated_audio: True, False or None is needed")
        if problems:
            raise InvalidInput(problems)
