"""The demo's first seven parts: from the notice to the withdrawal of one modality."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from emoconsent.access.principal import Principal
from emoconsent.cli.demo_narrator import Narrator
from emoconsent.cli.demo_recognizers import Channel, Loaded
from emoconsent.cli.demo_words import CUSTOMERS, MODALITIES, WORDS
from emoconsent.consent.notice import Notice
from emoconsent.consent.receipt import verify_receipt
from emoconsent.errors import AccessDenied, ConsentDenied, InvalidInput
from emoconsent.sdk import EmoConsent
from emoconsent.vault.hint import Hint
from emoconsent.vault.record import EmotionRecord, Level
from emoconsent.vocabulary import Modality, Role

PURPOSE: Final = "customer_care"
SCOPE: Final = tuple((PURPOSE, modality.value) for modality in Modality)
AGENT: Final = Principal("demo-agent", Role.AGENT)
ANALYST: Final = Principal("demo-analyst", Role.ANALYST)


def _people() -> dict[str, str]:
    """New customers at each run: the store of an earlier run is used again."""
    return {language: f"demo-{language}-{secrets.token_hex(4)}" for language in CUSTOMERS}


@dataclass(frozen=True, slots=True)
class Play:
    """The stage: the store, the narrator, the two customers, and what can be recognised here."""

    sdk: EmoConsent
    narrator: Narrator
    notice: Notice
    loaded: Loaded
    subjects: dict[str, str] = field(default_factory=_people)

    @property
    def channels(self) -> list[Channel]:
        return self.loaded.channels

    def who(self, customer: str) -> str:
        """The customer as the narrator calls them."""
        return self.word(CUSTOMERS[customer])

    def word(self, pair: tuple[str, str]) -> str:
        return pair[1] if self.narrator.language == "zh" else pair[0]

    def recognize(self, channel: Channel) -> EmotionRecord:
        """One guarded call. Raises ConsentDenied."""
        guarded = self.sdk.guard(channel.function, recognizer=channel.recognizer, purpose=PURPOSE)
        record: EmotionRecord = guarded(channel.value, subject=self.subjects[channel.customer]).record
        return record

    def hint(self, customer: str) -> Hint:
        """What the agent sees. Raises AccessDenied."""
        found = self.sdk.vault.read(
            self.subjects[customer],
            principal=AGENT,
            purpose=PURPOSE,
            reason="demo",
            language=self.narrator.language,
        )
        self.narrator.expect(isinstance(found, Hint), "must_hint")
        assert isinstance(found, Hint)  # noqa: S101 - for the type checker; checked the line before
        return found


def notice(play: Play) -> None:
    """Both customers are shown the notice, each in their language."""
    play.narrator.stage("notice")
    for language, subject in play.subjects.items():
        play.sdk.notices.shown(subject, notice=play.notice.id, channel="chat", language=language)
        play.narrator.tell(
            "shown",
            customer=play.who(language),
            notice=play.notice.id,
            language=language,
            title=play.notice.languages[language].title,
            digest=play.notice.content_hash[:12],
        )
    for what in play.loaded.missing:
        play.narrator.tell("missing", what=what)
    if play.loaded.left_out:
        play.narrator.tell("left_out", whole=play.loaded.whole, calls=play.loaded.left_out)


def without_consent(play: Play) -> None:
    """Each recognizer is tried, and none runs."""
    play.narrator.stage("denied")
    reasons = []
    for channel in play.channels:
        try:
            play.recognize(channel)
        except ConsentDenied as denied:
            reasons.append(denied.reason.value)
    calls = sum(function.calls for function in {c.function for c in play.channels})
    play.narrator.expect(len(reasons) == len(play.channels) and calls == 0, "must_deny")
    play.narrator.tell(
        "all_denied",
        attempts=len(play.channels),
        denied=len(reasons),
        reasons=", ".join(sorted(set(reasons))),
        calls=calls,
    )


def consent(play: Play) -> None:
    """Both agree; each receipt is checked with nothing but the published key."""
    play.narrator.stage("consent")
    published = json.loads(json.dumps(play.sdk.public_keys()))
    for language, subject in play.subjects.items():
        receipt = play.sdk.consent.grant(
            subject, notice=play.notice.id, scope=SCOPE, channel="chat", language=language
        )
        play.narrator.expect(receipt.sandbox, "must_mark")
        play.narrator.tell(
            "granted",
            customer=play.who(language),
            scope=", ".join(f"{purpose}/{modality}" for purpose, modality in SCOPE),
            receipt=receipt.id[:8],
            mark=play.word(WORDS["test"]),
            file=_saved(play, receipt.id, receipt.to_json()),
        )
        _check_receipt(play, receipt.to_json(), published)
    play.narrator.tell("verified", key=published["keys"][0]["kid"][:12])


def _saved(play: Play, receipt_id: str, text: str) -> Path:
    folder = (play.sdk.settings.folder or Path()) / "receipts"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{receipt_id}.json"
    path.write_text(text + "\n", "utf-8")
    return path


def _check_receipt(play: Play, text: str, published: dict[str, Any]) -> None:
    """The receipt verifies; claiming that it is no test does not."""
    verify_receipt(text, published)
    altered = json.loads(text)
    altered["receipt"]["emo:sandbox"] = False
    try:
        verify_receipt(json.dumps(altered), published)
    except InvalidInput:
        return
    play.narrator.expect(condition=False, name="must_verify")


def recognition(play: Play) -> None:
    """Every recognizer runs on its input, once, and its result is in the vault."""
    play.narrator.stage("recognition")
    stored = 0
    for channel in play.channels:
        record = play.recognize(channel)
        play.narrator.expect(record.id is not None, "must_store")
        stored += 1
        play.narrator.tell(
            "recognized",
            modality=play.word(MODALITIES[channel.modality.value]),
            customer=play.who(channel.customer),
            input=play.word(channel.label),
            result=play.narrator.record(record),
            recognizer=record.recognizer,
            version=record.recognizer_version,
        )
        if channel.polite and record.level in (Level.IRRITABLE, Level.ANGRY):
            play.narrator.tell("mistaken")
    play.narrator.tell("guess", stored=stored)


def access(play: Play) -> None:
    """An agent needs a case and sees little; an analyst sees nothing."""
    play.narrator.stage("access")
    play.narrator.tell("no_case", reason=_refused(play, AGENT).reason)
    for customer, subject in play.subjects.items():
        play.sdk.access.open_case(subject, principal=AGENT, reason="demo")
        hint = play.hint(customer)
        play.narrator.expect(hint.level is not None and hint.advice, "must_hint")
        play.narrator.tell(
            "hint",
            customer=play.who(customer),
            level=play.narrator.level(hint.level),
            quality=hint.quality,
            advice=hint.advice[0],
        )
    refusal = _refused(play, ANALYST)
    play.narrator.tell("analyst", reason=refusal.reason, explanation=refusal.explanation)


def _refused(play: Play, principal: Principal) -> AccessDenied:
    """The refusal that *principal* gets when reading about a customer."""
    try:
        play.sdk.vault.read(play.subjects["zh"], principal=principal, purpose=PURPOSE, reason="demo")
    except AccessDenied as refusal:
        return refusal
    play.narrator.expect(condition=False, name="must_refuse")
    raise AssertionError("expect has raised")


def correction(play: Play) -> None:
    """The customer's own word stands beside the guess, and is what the agent gets."""
    play.narrator.stage("correction")
    me = Principal(play.subjects["zh"], Role.SUBJECT)
    records = play.sdk.vault.read(me.id, principal=me, purpose="subject_access", reason="my own data")
    stated = [r for r in records if r.level] if isinstance(records, list) else []
    play.narrator.expect(stated, "must_correct")
    record = max(stated, key=lambda r: r.inferred_at)
    new = Level.IRRITABLE if record.level is Level.CALM else Level.CALM
    play.narrator.tell(
        "own",
        customer=play.who("zh"),
        count=len(records) if isinstance(records, list) else 0,
        new=play.narrator.level(new),
        old=play.narrator.level(record.level),
    )
    play.sdk.vault.correct(str(record.id), principal=me, emotion={"level": new.value}, comment="demo")
    revisions = play.sdk.vault.revisions(str(record.id), principal=me)
    hint = play.hint("zh")
    kept = [(r.provenance, r.level) for r in revisions]
    play.narrator.expect(
        hint.level is new and kept[0][1] is record.level and kept[-1][1] is new, "must_correct"
    )
    values = ", ".join(f"{who}: {play.narrator.level(level)}" for who, level in kept)
    play.narrator.tell("corrected", values=values, level=play.narrator.level(hint.level))


def withdrawal(play: Play) -> None:
    """One modality is withdrawn: it stops at once, and nothing else does."""
    play.narrator.stage("withdrawal")
    started = time.monotonic()
    done = play.sdk.consent.withdraw(play.subjects["en"], [(PURPOSE, Modality.VOICE.value)], channel="portal")
    milliseconds = (time.monotonic() - started) * 1000
    play.narrator.expect(done.drained, "must_drain")
    play.narrator.tell(
        "withdrawn", customer=play.who("en"), milliseconds=milliseconds, pending=len(done.pending)
    )
    text = next(c for c in play.channels if (c.customer, c.modality) == ("en", Modality.TEXT))
    play.narrator.tell("text_runs", result=play.narrator.record(play.recognize(text)))
    voices = [c for c in play.channels if c.modality is Modality.VOICE]
    if not voices:
        _voice_closed(play)
        return
    before = sum(c.function.calls for c in voices)
    reason = _voice_denial(play, voices[0])
    calls = sum(c.function.calls for c in voices) - before
    play.narrator.expect(reason == "withdrawn" and calls == 0, "must_close")
    play.narrator.tell("voice_denied", reason=reason, calls=calls)


def _voice_closed(play: Play) -> None:
    """Without a voice recognizer, what the gate would say to one: nothing was called."""
    decision = play.sdk.gate.decide(play.subjects["en"], purpose=PURPOSE, modality=Modality.VOICE)
    play.narrator.expect(decision.reason.value == "withdrawn", "must_close")
    play.narrator.tell("voice_closed", reason=decision.reason.value)


def _voice_denial(play: Play, voice: Channel) -> str | None:
    """Why voice is denied now."""
    try:
        play.recognize(voice)
    except ConsentDenied as denied:
        return denied.reason.value
    return None
