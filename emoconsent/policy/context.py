"""What a rule may ask about a call beyond purpose and modality."""

from __future__ import annotations

from dataclasses import dataclass


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
