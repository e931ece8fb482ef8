"""What may be granted: by the notice in force, in a language that it has, what it offers."""

from __future__ import annotations

from collections.abc import Sequence

from emoconsent.access.identifier import check_text
from emoconsent.consent.book import NoticeBook
from emoconsent.consent.notice import Notice
from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import Scope


def offered(book: NoticeBook, full_id: str, language: str) -> Notice:
    """The notice in force named *full_id*, if it has the language.

    Raises:
        InvalidInput: unknown, superseded, ended, or without the language. The gate never guesses which
            version somebody meant, and neither does this.
    """
    found = book.get(check_text(full_id, name="notice", limit=200))
    if found is None:
        raise InvalidInput([f"notice: {book.absent(full_id)}"])
    current = book.current(found.notice_id)
    if current is not None and current.id != found.id:
        raise InvalidInput([f"notice: {found.id} was superseded by {current.id}"])
    if found.id in book.ended:
        # Its successor was announced and then lost, with a crash or a restore.
        raise InvalidInput([f"notice: {found.id} has ended; publish the version that follows it"])
    if language not in found.languages:
        raise InvalidInput(
            [f"language: {found.id} has no text in it; it has {', '.join(sorted(found.languages))}"]
        )
    return found


def scope_problems(notice: Notice, pairs: Scope) -> Sequence[str]:
    """Why *pairs* cannot be granted under *notice*: not offered, or asked for together with others."""
    missing = sorted(pair for pair in pairs if notice.find(*pair) is None)
    all_offered = ", ".join(f"{purpose}/{modality.value}" for purpose, modality in sorted(notice.scope))
    problems = [
        f"scope: {notice.id} does not offer {purpose}/{modality.value}; it offers {all_offered}"
        for purpose, modality in missing
    ]
    alone = {offer.purpose for offer in notice.purposes if offer.separate_consent}
    granted = {purpose for purpose, _ in pairs}
    if len(granted) > 1:
        # PIPL arts. 23, 29, 39: a separate consent is an act of its own, not a line in another one.
        problems += [f"scope: {purpose} needs a grant of its own" for purpose in sorted(granted & alone)]
    return problems
