"""A store full of canaries: values that occur nowhere else, one kind for everything a person or an
employee says, is called, or is judged to feel."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emoconsent import CallContext, EmoConsent, Principal
from emoconsent.errors import EmoConsentError
from emoconsent.sample import prepare
from emoconsent.vault.record import Category, Inference, ScoreKind
from emoconsent.vocabulary import Role

PEOPLE = 16
COPIED = 4  # people who have a copy made: two of them are erased afterwards
SCOPE = [("customer_care", "text")]


@dataclass(frozen=True, slots=True)
class Person:
    """One subject with everything that is known about them. Odd ones write Chinese."""

    number: int

    def _named(self, kind: str, chinese: str) -> str:
        return (
            f"{chinese}第{self.number:03}号的暗记" if self.number % 2 else f"canary-{kind}-{self.number:03}"
        )

    @property
    def id(self) -> str:
        return self._named("subject", "顾客编号")

    @property
    def text(self) -> str:
        return self._named("text", "这东西又坏了我很失望")

    @property
    def label(self) -> str:
        return self._named("label", "极度失望情绪")

    @property
    def corrected_label(self) -> str:
        return self._named("corrected", "其实只是累了")

    @property
    def score(self) -> float:
        return 0.7182818 + self.number / 31337.0

    @property
    def valence(self) -> float:
        return -0.5772156 - self.number / 27182.0

    @property
    def comment(self) -> str:
        return self._named("comment", "我当时并没有生气")

    @property
    def guardian(self) -> str:
        return self._named("guardian", "监护人母亲电话")

    @property
    def evidence(self) -> str:
        return self._named("evidence", "录音存证编号")

    @property
    def channel(self) -> str:
        return self._named("channel", "来自直播间渠道")

    @property
    def agent(self) -> str:
        return self._named("agent", "客服工号王小明")

    @property
    def reason(self) -> str:
        return self._named("reason", "因为工单编号七七")

    @property
    def address(self) -> str:
        return self._named("address", "邮箱地址") + "@example.org"

    @property
    def device(self) -> str:
        return self._named("device", "她的旧手机型号")

    def values(self) -> list[str | float]:
        """Everything that must not be found."""
        return [
            self.id, self.text, self.label, self.corrected_label, self.score, self.valence, self.comment,
            self.guardian, self.evidence, self.channel, self.agent, self.reason, self.address, self.device,
        ]  # fmt: skip


LOGIN, TEAM = "canary-login-01", "canary-team-东区一组"
STAFF = ("canary-administrator-01", "数据保护专员李暗记")
WHY = "canary-suspension-because-of-complaints"
PROOF = "出示了身份证号码暗记五三"


@dataclass(slots=True)
class Seeded:
    """What was put in, and every text that came out in an error."""

    people: list[Person]
    errors: list[str] = field(default_factory=list)

    @property
    def values(self) -> list[str | float]:
        return [v for p in self.people for v in p.values()] + [*STAFF, LOGIN, TEAM, WHY, PROOF]

    def fails(self, error: type[BaseException], act: Callable[[], Any]) -> None:
        """*act* fails with *error*; keep everything that a log could get of it."""
        try:
            act()
        except error as raised:
            shown = [str(raised), repr(raised), *traceback.format_exception(raised)]
            shown += [repr(getattr(raised, "__dict__", {})), repr(getattr(raised, "problems", ""))]
            shown += [repr(getattr(raised, "decision", ""))]
            self.errors.append("\n".join(shown))
            return
        raise AssertionError(f"{error.__name__} was expected")


def seed(sdk: EmoConsent) -> Seeded:
    """Fill the store with real calls, corrections, disputes, cases, reads, requests and an erasure."""
    admin, dpo = Principal(STAFF[0], role="admin"), Principal(STAFF[1], role="dpo")
    prepare(sdk, admin)
    sdk.recognizers.suspend("snownlp-zh", principal=admin, reason=WHY)
    sdk.accounts.add_staff(
        LOGIN, role="agent", team=TEAM, password="canary-password-0001", principal=admin, oidc=(LOGIN, LOGIN)
    )
    sdk.accounts.begin_staff(Principal(LOGIN, role="agent"), device=TEAM)
    sdk.accounts.keys.create("shop", role="service", scopes=["consents:write"], principal=admin)
    seeded = Seeded([Person(n) for n in range(PEOPLE)])
    for person in seeded.people:
        live(sdk, seeded, person)
    for person in seeded.people[:4]:
        request = sdk.rights.submit(person.id, kind="erasure", regime="pipl", channel=person.channel)
        sdk.rights.verify(request.id, evidence=PROOF)
        if person.number < 2:
            sdk.rights.fulfil(request.id, principal=dpo)
        else:
            sdk.rights.message(request.id, text=person.reason, principal=dpo)
            sdk.rights.assign(request.id, to=STAFF[1], principal=dpo)
            sdk.rights.hold(person.id, basis="legal_claims", text=person.comment, principal=dpo)
    tell(sdk, seeded.people[4:7])
    sdk.audit.checkpoint()
    return seeded


def tell(sdk: EmoConsent, people: list[Person]) -> None:
    """A recipient is to be told of *people* who objected; staff have settled one of the tasks, in words."""
    admin, dpo = Principal(STAFF[0], role="admin"), Principal(STAFF[1], role="dpo")
    usual = {"name": "A partner", "standing": "processor", "contract": "DPA", "categories": ["levels"]}
    sdk.recipients.register("paper", protocol="manual", principal=admin, **usual)
    for person in people:
        request = sdk.rights.submit(person.id, kind="objection", regime="pipl", channel=person.channel)
        sdk.rights.verify(request.id, evidence=PROOF)
        sdk.rights.fulfil(request.id, principal=dpo)
    task = sdk.recipients.unfinished()[0]
    sdk.recipients.settle(task.task, outcome="done", note=people[0].reason, principal=dpo)


def live(sdk: EmoConsent, seeded: Seeded, person: Person) -> None:
    """One person's life with the store."""
    if person.number % 4 == 3:
        sdk.subjects.declare(person.id, age_band="minor", guardian=person.guardian)
    sdk.consent.grant(
        person.id, notice="shop-care@1", scope=SCOPE, channel=person.channel, language="zh",
        given_by=person.guardian if person.number % 4 == 3 else None, evidence=person.evidence,
    )  # fmt: skip
    record = recognise(sdk, person)
    me, agent = Principal(person.id, role="subject"), Principal(person.agent, role="agent")
    sdk.access.open_case(person.id, principal=agent, reason=person.reason)
    sdk.vault.read(person.id, principal=agent, purpose="customer_care", reason=person.reason)
    sdk.vault.read(person.id, principal=me, purpose="subject_access", reason=person.reason)
    emotion = {"categories": [{"name": person.corrected_label, "value": person.score}], "level": "calm"}
    sdk.vault.correct(record, principal=me, emotion=emotion, comment=person.comment)
    sdk.vault.contest(record, principal=me, comment=person.comment)
    come_in(sdk, person)
    if person.number < COPIED:
        take_away(sdk, person)
    _err(sdk, seeded, person, record)
    if person.number % 5 == 0:
        sdk.consent.withdraw(person.id, channel=person.channel)
        seeded.fails(EmoConsentError, lambda: recognise(sdk, person))


def take_away(sdk: EmoConsent, person: Person) -> None:
    """The person has a copy of everything made, and a link to it."""
    me = Principal(person.id, role="subject")
    export = sdk.exports.finish(sdk.exports.begin(person.id, principal=me).id)
    link = sdk.exports.link(export.id, principal=me)
    next(iter(sdk.exports.open(link, principal=me)))


def come_in(sdk: EmoConsent, person: Person) -> None:
    """The person is reached, signs in, and has a link in the footer and a code in the mail."""
    sdk.accounts.set_contact(person.id, address=person.address, language="zh", guardian=person.guardian)
    cookie = sdk.accounts.begin(
        sdk.accounts.handoff(person.id, guardian=person.guardian), device=person.device
    )
    sdk.accounts.move(cookie, person.address, language="zh")
    sdk.accounts.stop_link(person.id)
    sdk.accounts.challenge(person.address, language="zh")


def recognise(sdk: EmoConsent, person: Person) -> str:
    """A guarded call whose result is full of canaries; the record's id."""
    inference = Inference(
        "canary:vocabulary", ScoreKind.PROBABILITY,
        (Category(person.label, person.score, person.score),), (("valence", person.valence),),
        raw_label=person.label,
    )  # fmt: skip
    guarded = sdk.guard(lambda _text: inference, recognizer="text-lexicon", purpose="customer_care")
    context = CallContext(subject_role="customer", age_band="minor" if person.number % 4 == 3 else "adult")
    return str(guarded(person.text, subject=person.id, context=context).record.id)


def _err(sdk: EmoConsent, seeded: Seeded, person: Person, record: str) -> None:
    """The ways in which this goes wrong every day; none may say who or what."""
    stranger = Principal(person.agent, role="analyst")
    guard = sdk.guard
    lexicon: dict[str, Any] = {"recognizer": "text-lexicon", "purpose": "customer_care"}
    bad = guard(lambda _text: {person.label: person.score}, **lexicon)
    unknown = guard(lambda text: text, recognizer="no-such-model", purpose="customer_care")
    voice = guard(lambda text: text, recognizer="voice-prosody", purpose="customer_care")
    ask: dict[str, Any] = {"purpose": "customer_care", "reason": person.reason}
    acts: list[Callable[[], Any]] = [
        lambda: bad(person.text, subject=person.id),
        lambda: unknown(person.text, subject=person.id),
        lambda: voice(person.text, subject=person.id),
        lambda: bad(person.text, subject=person.id + "\x00"),
        lambda: bad(person.text, subject=person.id * 40),
        lambda: bad(person.text, subject=person.id + "\ud800"),
        lambda: sdk.vault.read(person.id, principal=stranger, **ask),
        lambda: sdk.vault.read(person.id, principal=Principal("nobody", Role.AGENT), **ask),
        lambda: sdk.vault.correct(record, principal=stranger, emotion={}, comment=person.comment),
        lambda: sdk.vault.correct(
            record, principal=Principal(person.id, Role.SUBJECT), emotion={"level": person.label}
        ),
        lambda: sdk.access.open_case(person.id, principal=stranger, reason=person.reason),
        lambda: sdk.access.open_case(person.id + "-unknown", principal=Principal(person.agent, Role.AGENT),
                                     reason=person.reason),
        lambda: sdk.consent.grant(person.id, notice="shop-care@9", scope=SCOPE, channel=person.channel,
                                  language="zh", evidence=person.evidence),
        lambda: sdk.rights.submit(person.id, kind="erasure", regime="none", channel=person.channel),
        lambda: sdk.rights.submit(person.id, kind=person.label, regime="gdpr", message=person.reason),
        lambda: sdk.rights.submit(
            person.id, kind="erasure", regime="gdpr", scope={"records": [person.id], "purpose": person.text}
        ),
        lambda: sdk.rights.submit(
            person.id, kind="rectification", regime="gdpr", corrections={person.id: {"level": person.label}}
        ),
        lambda: sdk.rights.hold(person.id, basis=person.reason, principal=Principal(STAFF[1], role="dpo")),
        lambda: sdk.subjects.declare(person.id, age_band="ancient", guardian=person.guardian),
        lambda: sdk.accounts.set_contact(person.id, address=person.address * 20),
        lambda: sdk.accounts.set_contact(person.id + "-unknown", address=person.address),
        lambda: sdk.accounts.answer(person.address, person.reason),
        lambda: sdk.accounts.redeem(person.id),
        lambda: sdk.accounts.stop_subject(person.id),
        lambda: sdk.accounts.check_password(person.agent, person.reason),
        lambda: sdk.accounts.set_password(person.agent, person.reason * 30, principal=stranger),
    ]  # fmt: skip
    for act in acts:
        seeded.fails(EmoConsentError, act)


def as_rows(rows: list[Any]) -> bytes:
    """Database rows as bytes: values raw and in JSON, for a dump that is searched."""
    cells = [cell for row in rows for cell in row]
    raw = b"\x00".join(c if isinstance(c, bytes) else str(c).encode() for c in cells)
    return raw + json.dumps([c.hex() if isinstance(c, bytes) else c for c in cells]).encode()
