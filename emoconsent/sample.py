"""What a sandbox and the demo start with: the sample notice and the shipped recognizers, approved."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import as_file, files
from typing import Any, Final, Protocol

from emoconsent.access.principal import Principal
from emoconsent.consent.notice import Notice, load_notice
from emoconsent.consent.publishing import Notices
from emoconsent.recognizers.cards import load_card
from emoconsent.recognizers.registry import RecognizerRegistry

#: Recognizers by card, with the adapter that reads their output.
RECOGNIZERS: Final = {
    "text-lexicon": "native",
    "vader-en": "vader",
    "snownlp-zh": "snownlp",
    "voice-prosody": "native",
    "voice-prosody-relative": "native",
    "face-expression": "native",
}


class Offering(Protocol):
    """What is prepared: an opened store."""

    @property
    def notices(self) -> Notices: ...

    @property
    def recognizers(self) -> RecognizerRegistry: ...


def sample_notice() -> dict[str, Any]:
    """The sample notice as ``notices.publish`` takes it."""
    with as_file(files("emoconsent").joinpath("sample_notice.toml")) as path:
        return load_notice(path)


def register(sdk: Offering, card_id: str, administrator: Principal) -> None:
    """Register a shipped recognizer by its card, and approve it."""
    card = load_card(card_id)
    content = asdict(card) | {"adapter": RECOGNIZERS[card_id]}
    sdk.recognizers.register(
        card_id, modality=card.modality.value, version=card.version, provider=card.provider, card=content
    )
    sdk.recognizers.approve(card_id, principal=administrator)


def prepare(sdk: Offering, administrator: Principal) -> Notice:
    """Publish the sample notice and approve the shipped recognizers. Repeats harmlessly."""
    known = {found.id for found in sdk.recognizers.list()}
    for card_id in RECOGNIZERS:
        if card_id not in known:
            register(sdk, card_id, administrator)
    return sdk.notices.publish(sample_notice())
