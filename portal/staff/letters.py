"""The office's letters as data: name -> language -> text. What is in braces is filled in from the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import force_locale

from portal import formats, rights_words, words
from portal.language import LANGUAGES, nearest

TITLE: Final = "Your request / 您的请求 {number}"
LETTERS: Final[Mapping[str, Mapping[str, str]]] = {
    "message": {"en": "", "zh": ""},
    "acknowledgement": {
        "en": (
            "We received your request “{kind}” on {received}. Its number is {number}. "
            "You get our answer by {due} at the latest."
        ),
        "zh": "我们已于{received}收到您的请求“{kind}”，编号为 {number}。我们最迟于{due}答复您。",
    },
    "proof": {
        "en": (
            "You made the request “{kind}” (number {number}). Before we do anything we have to be sure that "
            "it comes from you. Please sign in to the portal with the address that we know, or answer this "
            "message. Do not send copies of identity papers. Without an answer within 30 days it ends."
        ),
        "zh": (
            "您提出了请求“{kind}”（编号 {number}）。在处理之前，我们须确认请求确由您本人提出。"
            "请使用我们已知的地址登录门户，或回复本消息。请勿寄送身份证件复印件。"
            "若 30 天内未收到答复，该请求即告终止。"
        ),
    },
    "extended": {
        "en": (
            "Your request “{kind}” (number {number}) takes us longer: {why}. The law allows that once. "
            "You get our answer by {later} at the latest. {remedy}"
        ),
        "zh": (
            "您的请求“{kind}”（编号 {number}）需要更长的处理时间：{why}。法律允许延长一次。"
            "我们最迟于{later}答复您。{remedy}"
        ),
    },
    "refused": {
        "en": (
            "We cannot do what you asked for with “{kind}” (number {number}): {why}. "
            "The provision is {article}. {remedy}"
        ),
        "zh": "对于您的请求“{kind}”（编号 {number}），我们无法照办：{why}。依据的条款为 {article}。{remedy}",
    },
    "done": {
        "en": (
            "Your request “{kind}” (number {number}) of {received} has been carried out. What was done, and "
            "who else was told, is on your requests page as long as we know you. "
            "If you are not content: {remedy}"
        ),
        "zh": (
            "您于{received}提出的请求“{kind}”（编号 {number}）已办理。办理内容以及已告知的其他各方，"
            "在我们仍保有您的信息期间可在“请求”页面查看。如您不满意：{remedy}"
        ),
    },
}


def filled(letter: str, request: Any, first: str, *, why: object = "", article: str = "") -> str:
    """The letter in both languages, the reader's own first.

    Args:
        first: the language tag of the person, as far as it is known.
        why: a reason, translatable.
        article: the provision of a refusal.
    """
    tags = sorted(LANGUAGES, key=lambda tag: tag != nearest(first))
    parts = (_in(tag, LETTERS[letter][tag], request, why, article) for tag in tags)
    return "\n\n".join(part for part in parts if part)


def _in(language: str, text: str, request: Any, why: object, article: str) -> str:
    with force_locale(language):
        later = request.extendable_to or request.due_at
        return text.format(
            kind=words.word(rights_words.KINDS, request.kind),
            number=request.id,
            received=formats.day(request.submitted_at),
            due=formats.day(request.due_at),
            later=formats.day(later),
            why=str(why),
            article=article,
            remedy=str(rights_words.REMEDIES[request.regime]),
        )
