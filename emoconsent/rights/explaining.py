"""Explanation: what the system did with somebody, in both languages, from where each record came from.

GDPR arts. 13(2)(f), 15(1)(h); PIPL arts. 24, 48: the system's role, the main elements, the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emoconsent.clock import from_micros
from emoconsent.consent.book import NoticeBook
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.publishing import book_from
from emoconsent.recognizers.registry import Recognizer, versions_from
from emoconsent.rights.ports import RightsDatabase
from emoconsent.rights.work import Done, Work
from emoconsent.vault.ports import RecordRow
from emoconsent.vault.record import EmotionRecord
from emoconsent.vault.vault import Vault
from emoconsent.vocabulary import Modality

SHOWN: Final = 20  # of the newest records; the portal and the export have all of them

_ROLE: Final = {
    "en": "A program estimated an emotion from what you wrote, said or showed. The estimate is a hint to "
    "staff: a level and advice, never the scores. This system decides nothing by itself. It recognises "
    "nothing without your consent, and uses no estimate that you contest.",
    "zh": "程序根据您的文字、语音或图像推测情绪。推测结果只是给客服人员的提示：一个等级和建议，绝不包含分数。"
    "本系统自身不作任何决定。未经您同意，不会进行识别；您提出异议的推测，不会被使用。",
}
_ELEMENTS: Final = {
    "en": "The main elements: which recognizer in which version, what was given to it, for which purpose "
    "under which notice, and what it returned. A value is a grade between 0 and 1; score_kind says what it "
    "measures. A level is set only by thresholds that the recognizer's registration states.",
    "zh": "主要因素：哪个识别器及其版本、输入了什么数据、依据哪份告知书、为何种目的，以及返回了什么结果。"
    "数值为0到1之间的程度；score_kind 说明其含义。等级仅按识别器登记时声明的阈值设定。",
}
_SOURCES: Final = {
    Modality.TEXT: {"en": "what you wrote to us", "zh": "您发给我们的文字"},
    Modality.VOICE: {"en": "the sound of your voice", "zh": "您的语音"},
    Modality.FACE: {"en": "the image of your face", "zh": "您的面部图像"},
}
_NONE: Final = {"en": "Nothing was recognised, or nothing is kept.", "zh": "未进行识别，或未保存任何记录。"}


@dataclass(frozen=True, slots=True)
class Explaining:
    """Makes the answer to an explanation request."""

    database: RightsDatabase
    chain: CatalogueChain
    vault: Vault

    def explain(self, work: Work) -> Done:
        """The document, in both languages; the look at the records is logged as every look is."""
        rows, book, known = self._provenance(work)
        shown = self._newest(work) if rows else []
        answer = document(_groups(rows), shown, book, known)
        return Done({"records": len(rows), "shown": len(shown)}, answer=answer)

    def _provenance(
        self, work: Work
    ) -> tuple[Sequence[RecordRow], NoticeBook, Mapping[tuple[str, str], Recognizer]]:
        with self.database.read() as tx:
            catalogue = self.chain.rows(tx)
            rows = tx.records.of(work.ref) if work.ref is not None else []
            now = tx.now()
        # How many approvals a recognizer needed has no part in what it is.
        known = {(found.id, found.version): found for found in versions_from(catalogue, 1)}
        kept = [row for row in rows if row.revision == 0 and row.expires_at > now and _meant(work, row)]
        return kept, book_from(catalogue), known

    def _newest(self, work: Work) -> Sequence[EmotionRecord]:
        scope = work.scope
        conditions: dict[str, Any] = {}
        if scope is not None:
            conditions = {
                "modality": scope.modality,
                "purpose": scope.purpose,
                "since": scope.since,
                "until": scope.until,
            }
        page = self.vault.page(
            work.subject, principal=work.principal, reason="explanation", limit=SHOWN, **conditions
        )
        named = set(scope.records) if scope is not None and scope.records is not None else None
        return [record for record in page.records if named is None or record.id in named]


def _meant(work: Work, row: RecordRow) -> bool:
    if work.scope is None:
        return True
    named = work.scope.records
    return work.scope.selection.covers(row) and (named is None or _id(row) in named)


def _id(row: RecordRow) -> str:
    text = bytes(row.record_id).hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_Group = tuple[str, str, str, str]


def _groups(rows: Iterable[RecordRow]) -> dict[_Group, list[int]]:
    """When each (recognizer, version, modality, purpose) was used."""
    found: dict[_Group, list[int]] = {}
    for row in rows:
        key = (row.recognizer, row.recognizer_version, row.modality, row.purpose)
        found.setdefault(key, []).append(row.at)
    return found


def document(
    groups: Mapping[_Group, Sequence[int]],
    shown: Sequence[EmotionRecord],
    book: NoticeBook,
    known: Mapping[tuple[str, str], Recognizer],
) -> dict[str, Any]:
    """The answer: the same facts under prose in each language. Pure."""
    uses = [_use(group, groups[group], book, known) for group in sorted(groups)]
    records = [_record(record) for record in shown]
    return {
        language: {
            "role": _ROLE[language],
            "elements": _ELEMENTS[language] if groups else _NONE[language],
            "data_sources": {
                modality.value: _SOURCES[modality][language]
                for modality in Modality
                if any(group[2] == modality for group in groups)
            },
            "uses": uses,
            "records": records,
        }
        for language in ("zh", "en")
    }


def _use(
    group: _Group,
    times: Sequence[int],
    book: NoticeBook,
    known: Mapping[tuple[str, str], Recognizer],
) -> dict[str, Any]:
    name, version, modality, purpose = group
    recognizer = known.get((name, version))
    notice = book.offering(purpose, Modality(modality))
    return {
        "recognizer": name,
        "version": version,
        "provider": recognizer.provider if recognizer is not None else None,
        "card": dict(recognizer.card) if recognizer is not None else None,
        "modality": modality,
        "purpose": purpose,
        "notice": notice.id if notice is not None else None,
        "recognitions": len(times),
        "first": from_micros(min(times)).isoformat(),
        "last": from_micros(max(times)).isoformat(),
    }


def _record(record: EmotionRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "at": record.inferred_at.isoformat(),
        "recognizer": record.recognizer,
        "version": record.recognizer_version,
        "modality": record.modality.value,
        "purpose": record.purpose,
        "level": record.level.value if record.level is not None else None,
        "categories": [{"name": c.name, "value": c.value} for c in record.categories],
        "score_kind": record.score_kind.value,
        "provenance": record.provenance,
        "contested": record.contested,
    }
