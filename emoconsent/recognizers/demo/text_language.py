"""Whether a message is in a language that the lexicon knows; where in doubt, it is not."""

from __future__ import annotations

import re
from typing import Final

from emoconsent.recognizers.demo.text_terms import lexicon

# Runs, not single letters: a few matches a message.
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_ASCII_LETTERS: Final = re.compile(r"[a-z]+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")
_TAGS: Final = re.compile(r"(zh)(-hans)?(-(cn|sg|my))?|(en)(-[a-z]{2})?")
#: English is claimed without being told only if this share of the words are its own.
_MARKER_SHARE: Final = 0.2


def known_language(text: str, stated: str | None) -> str | None:
    """``zh`` or ``en``, or None: another language, another script, or no way to tell.

    *text* is normalised and in lower case. *stated* is a BCP 47 tag; traditional Chinese and
    anything but simplified Chinese and English is not known. A tag that the script contradicts
    is not believed.
    """
    written = _by_script(text)
    if stated is None:
        return written if written != "en" or _is_english(text) else None
    tag = _TAGS.fullmatch(stated.lower().replace("_", "-"))
    told = (tag[1] or tag[5]) if tag else None
    return told if told == written else None


def _by_script(text: str) -> str | None:
    han, ascii_letters, letters = (len("".join(p.findall(text))) for p in (_HAN, _ASCII_LETTERS, _LETTERS))
    if not letters:
        return None
    if han and han + ascii_letters == letters:
        return "zh" if han * 2 >= ascii_letters else None  # a character says as much as two letters
    return "en" if not han and ascii_letters >= 0.9 * letters else None


def _is_english(text: str) -> bool:
    words = _WORD.findall(text)
    markers = lexicon("en").markers
    return sum(word in markers for word in words) >= max(1.0, _MARKER_SHARE * len(words))
