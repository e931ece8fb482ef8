"""A mail that asks a recipient, in both languages; whether it was done, a person has to find out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emoconsent.rights.recipients.message import Message
from emoconsent.rights.recipients.task import Action, Result, Verdict

#: Hands over a mail: address, subject line, text. Raises if it could not be handed over.
Mail = Callable[[str, str, str], None]

_ENGLISH: Final = {
    Action.ERASURE: "delete everything that you received from us about this person",
    Action.RECTIFICATION: "correct what you received from us about this person; ask us for the new values",
    Action.RESTRICTION: "stop using what you received from us about this person, and keep it",
    Action.OBJECTION: "stop processing what you received from us about this person",
}
_CHINESE: Final = {
    Action.ERASURE: "请删除您从我方收到的关于此人的全部信息",
    Action.RECTIFICATION: "请更正您从我方收到的关于此人的信息;新的内容请向我方索取",
    Action.RESTRICTION: "请停止使用您从我方收到的关于此人的信息,但予以保留",
    Action.OBJECTION: "请停止处理您从我方收到的关于此人的信息",
}


def letter(message: Message) -> tuple[str, str]:
    """Subject line and text. The subject line names nobody."""
    title = f"Data subject request {message.id} / 个人信息权利请求"
    day = message.submitted_at.date().isoformat()
    text = (
        f"Please {_ENGLISH[message.action]}: {message.subject}\n"
        f"Asked for on {day} under {message.regime.upper()}. Please confirm by answering this mail and "
        f"naming the number {message.id}. If you have confirmed it before, nothing more is to be done.\n\n"
        f"{_CHINESE[message.action]}:{message.subject}\n"
        f"请求日期:{day},适用法律:{message.regime.upper()}。请回复本邮件确认,并注明编号 {message.id}。"
        "如您此前已经确认,则无需再做任何事。\n"
    )
    return title, text


def tell(message: Message, to: str, mail: Mail | None) -> Result:
    """Send *message* to the address *to*; without a way to send mail a person has to."""
    if mail is None:
        return Result(Verdict.BY_HAND, "no_mail")
    try:
        mail(to, *letter(message))
    except Exception:  # noqa: BLE001 - the host's own code; what it raises may name the address
        return Result(Verdict.UNSURE, "mail_failed")
    return Result(Verdict.BY_HAND)
