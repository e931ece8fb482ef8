"""Acts on an opened store, each with what an onlooker can observe of it: equal on every database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from emoconsent import EmoConsent
from emoconsent.errors import ConsentDenied, EmoConsentError, NotFound
from tests.support.model import RECOGNIZER, Pair
from tests.support.store import ADMIN, DPO, OpenStore, Recognizer, grant, me, notice


class World:
    """Two objects on one store; acts alternate between them as the caller says."""

    def __init__(self, store: OpenStore) -> None:
        self.store = store
        self.objects = [store(), store()]
        self.words = Recognizer()

    def now(self) -> datetime:
        return self.store.clock()

    def reopen(self, which: int) -> None:
        """Close one object and open the store anew in its place."""
        self.objects[which].close()
        self.store.opened.remove(self.objects[which])
        self.objects[which] = self.store()

    def sdk(self, which: int) -> EmoConsent:
        return self.objects[which]

    def decide(self, which: int, name: str, pair: Pair, *, recognizer: bool) -> str:
        named = RECOGNIZER[pair[1]] if recognizer else None
        sdk = self.sdk(which)
        decision = sdk.gate.decide(name, purpose=pair[0], modality=pair[1], recognizer=named)
        return decision.reason.value

    def call(self, which: int, name: str, pair: Pair) -> tuple[str, str | None]:
        """The reason, and the record's id if one was stored."""
        guarded = self.sdk(which).guard(self.words, recognizer=RECOGNIZER[pair[1]], purpose=pair[0])
        try:
            return "allowed", guarded("text", subject=name).record.id
        except ConsentDenied as denied:
            return denied.reason.value, None

    def publish(self, which: int, version: int, carried: frozenset[Pair]) -> None:
        self.sdk(which).notices.publish(
            notice(str(version), languages=notice()["languages"], carries_over=[list(p) for p in carried])
        )

    def say(self, which: int, act: str, name: str, scope: frozenset[Pair] | None) -> bool:
        """A subject's word: grant, refuse, withdraw, opt_out, opt_in, restrict, lift; whether drained.

        Of somebody unknown there is nothing to lift, which is said and leaves nothing.
        """
        consent, pairs = self.sdk(which).consent, sorted(scope or ())
        acts: dict[str, Any] = {
            "grant": lambda: grant(self.sdk(which), name, *pairs),
            "refuse": lambda: consent.refuse(
                name, notice=self.current(which), scope=pairs, channel="chat", language="zh"
            ),
            "withdraw": lambda: consent.withdraw(name, pairs if scope is not None else None),
            "opt_out": lambda: consent.opt_out(name),
            "opt_in": lambda: consent.opt_in(name),
            "restrict": lambda: consent.restrict(name),
            "lift": lambda: consent.lift_restriction(name),
        }
        try:
            return bool(getattr(acts[act](), "drained", True))
        except NotFound:
            return act in ("opt_in", "lift")

    def current(self, which: int) -> str:
        found = self.sdk(which).notices.book().current("shop-care")
        assert found is not None
        return found.id

    def judge(self, which: int, recognizer: str, *, suspend: bool) -> None:
        recognizers = self.sdk(which).recognizers
        if suspend:
            recognizers.suspend(recognizer, principal=ADMIN, reason="test")
        else:
            recognizers.approve(recognizer, principal=ADMIN)

    def read(self, which: int, name: str) -> list[str]:
        """The ids that the subject sees of themselves; none for somebody unknown."""
        try:
            found = self.sdk(which).vault.read(name, principal=me(name), purpose="subject_access", reason="r")
        except NotFound:
            return []
        return sorted(str(record.id) for record in found)  # type: ignore[union-attr]

    def edit(self, which: int, act: str, name: str, record_id: str) -> str:
        """Correct, contest or delete a record; what became of it."""
        vault = self.sdk(which).vault
        try:
            if act == "correct":
                vault.correct(record_id, principal=me(name), emotion={"level": "calm"})
            elif act == "contest":
                vault.contest(record_id, principal=me(name))
            else:
                vault.delete(record_id, principal=me(name))
        except EmoConsentError as error:
            return type(error).__name__
        return "done"

    def erase(self, which: int, name: str) -> int:
        """Erase the subject; how many certificates the request has."""
        rights = self.sdk(which).rights
        request = rights.submit(name, kind="erasure", regime="pipl")
        rights.verify(request.id, evidence="in person")
        rights.fulfil(request.id, principal=DPO)
        return len(rights.certificates(request.id))

    def history(self, which: int, name: str) -> list[tuple[int, str]]:
        return [(event.number, event.kind.value) for event in self.sdk(which).consent.history(name)]

    def status(self, which: int, name: str) -> list[tuple[str, str, str]]:
        found = self.sdk(which).consent.status(name)
        return [(purpose, modality.value, s.reason.value) for (purpose, modality), s in found.items()]
