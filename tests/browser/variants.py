"""How a journey is walked: language, device, scheme, with or without JavaScript."""

from __future__ import annotations

from dataclasses import dataclass
from gettext import GNUTranslations, NullTranslations, translation
from itertools import product
from pathlib import Path
from typing import Any, Final

TRANSLATIONS: Final = Path(__file__).resolve().parents[2] / "portal" / "translations"
SIZES: Final = {"phone": (360, 740), "desktop": (1280, 900)}
LOCALES: Final = {"zh": "zh-CN", "en": "en-GB"}


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of walking; ``str`` of it names screenshots."""

    language: str
    device: str
    scheme: str
    script: bool = True

    def __str__(self) -> str:
        return f"{self.language}-{self.device}-{self.scheme}{'' if self.script else '-noscript'}"

    def context(self) -> dict[str, Any]:
        """What Playwright's ``new_context`` is told."""
        width, height = SIZES[self.device]
        return {
            "viewport": {"width": width, "height": height},
            "locale": LOCALES[self.language],
            "color_scheme": self.scheme,
            "reduced_motion": "reduce",
            "java_script_enabled": self.script,
        }

    def say(self, message: str, **values: object) -> str:
        """The portal's English *message* as this variant's reader meets it."""
        said = catalogue(self.language).gettext(message)
        return said % values if values else said


def catalogue(language: str) -> NullTranslations | GNUTranslations:
    """The portal's own compiled catalogue; English is the source."""
    return translation("messages", TRANSLATIONS, [language], fallback=language == "en")


EVERY: Final = tuple(
    Variant(*parts) for parts in product(("zh", "en"), ("phone", "desktop"), ("light", "dark"), (True, False))
)
#: What `make test` walks; the other ways are `make test-long`'s.
USUAL: Final = (
    Variant("zh", "phone", "light"),
    Variant("en", "desktop", "dark"),
    Variant("en", "phone", "light", script=False),
)
