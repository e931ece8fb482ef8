"""The store locked, gone or full: the answer is no, within two seconds, and nothing is half done."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from emoconsent import EmoConsent
from emoconsent.errors import ConsentDenied, DeniedUnavailable, Unavailable
from tests.support.store import CARE_TEXT, CARE_VOICE, OpenStore, Recognizer, decide, grant, held, tags

LIMIT = 3.5  # seconds: the promise's two, and a busy machine's share


@contextmanager
def locked_out(store: OpenStore) -> Iterator[None]:
    """Somebody else holds the store so that nobody can write: one long transaction."""
    if store.settings.folder is not None:
        connection: Any = sqlite3.connect(store.settings.folder / "data.db", isolation_level=None)
        connection.execute("begin immediate")
    else:
        url = make_url(store.settings.database_url or "").set(drivername="postgresql")
        connection = psycopg.connect(url.render_as_string(hide_password=False))
        connection.execute("lock table log_entries, subjects, catalogue_head in exclusive mode")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


def test_a_denial_that_cannot_be_logged_is_counted_and_logged_later(open_sdk: OpenStore) -> None:
    """While nobody can write, denials still come in time; the next entry is preceded by the gap's count."""
    sdk = open_sdk()
    words = Recognizer()
    guarded = sdk.guard(words, recognizer="words", purpose="customer_care")
    with locked_out(open_sdk):
        for _ in range(2):
            start = time.monotonic()
            with pytest.raises(ConsentDenied, match="no_consent"):
                guarded("a", subject="stranger")
            assert time.monotonic() - start < LIMIT
    assert words.calls == 0
    with pytest.raises(ConsentDenied):
        guarded("a", subject="stranger")
    assert tags(sdk)[-2:] == ["log:gap", "gate:deny"]
    assert sdk.audit.entries()[-2].facts["denials"] == 2
    with pytest.raises(ConsentDenied):
        guarded("a", subject="stranger")
    assert tags(sdk).count("log:gap") == 1


def test_a_result_that_cannot_be_logged_reaches_nobody(open_sdk: OpenStore) -> None:
    """The store is locked while the recognizer runs: no result, no hold left, nothing stored."""
    sdk = open_sdk()
    grant(sdk, "c1")
    words = Recognizer()
    lock = locked_out(open_sdk)

    def recognizer(text: str) -> Any:
        lock.__enter__()
        return words(text)

    guarded = sdk.guard(recognizer, recognizer="words", purpose="customer_care")
    start = time.monotonic()
    with pytest.raises(Unavailable):
        guarded("a", subject="c1")
    assert time.monotonic() - start < LIMIT
    assert held(sdk) == {}
    lock.__exit__(None, None, None)
    assert "call:complete" not in tags(sdk)
    again = sdk.guard(words, recognizer="words", purpose="customer_care")
    assert again("a", subject="c1").record.id is not None


def test_a_withdrawal_that_could_not_commit_denies_here_until_repeated(open_sdk: OpenStore) -> None:
    """``withdraw`` says ``not_done``; this process denies the subject; retrying closes for everybody."""
    sdk, other = open_sdk(), open_sdk()
    grant(sdk, "c1")
    grant(sdk, "c2")
    with locked_out(open_sdk), pytest.raises(Unavailable) as failed:
        sdk.consent.withdraw("c1")
    assert failed.value.outcome == "not_done"
    assert decide(sdk, "c1") == "unavailable"
    assert decide(sdk, "c2") == "allowed"
    assert sdk.consent.withdraw("c1").drained
    assert {decide(one, "c1") for one in (sdk, other)} == {"withdrawn"}


def test_a_smaller_withdrawal_does_not_resolve_a_larger_one(open_sdk: OpenStore) -> None:
    """Everything could not be withdrawn; withdrawing voice then leaves text denied until all is repeated."""
    sdk = open_sdk()
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    with locked_out(open_sdk), pytest.raises(Unavailable):
        sdk.consent.withdraw("c1")
    sdk.consent.withdraw("c1", [CARE_VOICE])
    sdk.consent.opt_out("c1")
    assert decide(sdk, "c1") == "unavailable"
    sdk.consent.withdraw("c1")
    assert decide(sdk, "c1") == "opted_out"


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_whatever_interrupts_a_closing_leaves_the_subject_denied(
    open_sdk: OpenStore, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
) -> None:
    """Announced, not committed, and no error that the store knows: denied here until repeated."""
    sdk = open_sdk()
    grant(sdk, "c1")

    def interrupted(*_: object) -> bool:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(type(sdk.consent._s.closer), "mark", interrupted)
        with pytest.raises(fault):
            sdk.consent.withdraw("c1")
    assert decide(sdk, "c1") == "unavailable"
    assert sdk.consent.withdraw("c1").drained
    assert decide(sdk, "c1") == "withdrawn"


def test_a_store_that_is_gone_denies(open_sdk: OpenStore) -> None:
    """Tables gone, or the server's database gone: ``unavailable`` in time, both exceptions in one."""
    sdk = open_sdk()
    grant(sdk, "c1")
    words = Recognizer()
    execute(open_sdk, "drop table consent_events")
    start = time.monotonic()
    assert decide(sdk, "c1") == "unavailable"
    with pytest.raises(DeniedUnavailable) as denied:
        sdk.guard(words, recognizer="words", purpose="customer_care")("a", subject="c1")
    assert time.monotonic() - start < 2 * LIMIT
    assert isinstance(denied.value, ConsentDenied)
    assert isinstance(denied.value, Unavailable)
    assert "c1" not in str(denied.value)
    with pytest.raises(Unavailable):
        sdk.consent.withdraw("c1")
    assert (words.calls, held(sdk)) == (0, {})


def test_a_lost_session_discards_the_call_inside_it(open_sdk: OpenStore) -> None:
    """PostgreSQL drops the session that holds the locks: the running call's result is not trusted."""
    sdk = open_sdk()
    grant(sdk, "c1")
    words = Recognizer()

    def recognizer(text: str) -> Any:
        lose_holds(open_sdk, sdk)
        return words(text)

    guarded = sdk.guard(recognizer, recognizer="words", purpose="customer_care")
    if open_sdk.backend == "sqlite":
        assert guarded("a", subject="c1").record.id is not None  # no session: nothing to lose
    else:
        with pytest.raises(ConsentDenied) as denied:
            guarded("a", subject="c1")
        assert denied.value.called
    again = sdk.guard(words, recognizer="words", purpose="customer_care")
    assert again("a", subject="c1").record.id is not None


def lose_holds(store: OpenStore, sdk: EmoConsent) -> None:
    if store.backend == "sqlite":
        return
    url = make_url(store.settings.database_url or "").set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(l.pid) from pg_locks l"
            " where l.locktype = 'advisory' and l.pid <> pg_backend_pid()"
            " and l.database = (select oid from pg_database where datname = current_database())"
        )


def execute(store: OpenStore, statement: str) -> None:
    """Run SQL behind the store's back."""
    if store.settings.folder is not None:
        connection: Any = sqlite3.connect(store.settings.folder / "data.db", isolation_level=None)
    else:
        url = make_url(store.settings.database_url or "").set(drivername="postgresql")
        connection = psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)
    connection.execute(statement)
    connection.close()


def test_a_damaged_log_tree_hides_no_answer(
    open_sdk: OpenStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the tree's nodes gone a denial is a denial, a withdrawal drains, and ``verify`` tells."""
    sdk = open_sdk()
    grant(sdk, "c1")
    sdk.audit.checkpoint()
    execute(open_sdk, "delete from log_nodes")
    monkeypatch.setattr("emoconsent.audit.log.SEQUENCE_AT", 1)
    guarded = sdk.guard(Recognizer(), recognizer="words", purpose="customer_care")
    with pytest.raises(ConsentDenied, match="no_consent"):
        guarded("a", subject="stranger")
    assert sdk.consent.withdraw("c1").drained
    assert decide(sdk, "c1") == "withdrawn"
    assert {record.getMessage().rpartition(" ")[2] for record in caplog.records} == {"AuditError"}
    assert any("tree" in finding for finding in sdk.audit.verify().findings)


def test_an_interrupted_withdrawal_denies_here_until_repeated(
    open_sdk: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between the closing list's entry and the commit: this process denies until it is repeated."""
    sdk = open_sdk()
    grant(sdk, "c1")
    grant(sdk, "c2")
    closings = sdk.consent._s.closer.closings
    announce = closings.announce

    def interrupted(*arguments: Any) -> Any:
        announce(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(closings, "announce", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sdk.consent.withdraw("c1")
    monkeypatch.undo()
    assert (decide(sdk, "c1"), decide(sdk, "c2")) == ("unavailable", "allowed")
    assert sdk.consent.withdraw("c1").drained
    assert decide(sdk, "c1") == "withdrawn"
