"""A host's clock that goes wrong: nothing is opened by it, everything can be closed, and it is survived.

On SQLite, where the host's clock rules; the stores here read it themselves, as in production.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emoconsent import EmoConsent
from emoconsent.errors import ConsentDenied, Unavailable
from tests.faults.restore.backups import Yard, furnished
from tests.support.clock import FixedClock
from tests.support.store import ADMIN, AGENT, CARE_TEXT, DPO, Recognizer, decide, grant, row_counts

DECADE = timedelta(days=3650)
HOUR = timedelta(hours=1)


class Host:
    """A host whose two clocks go on together (``wait``) or not (``step``)."""

    def __init__(self) -> None:
        self.wall = FixedClock()
        self.ticks = 1000.0

    def wait(self, time: timedelta) -> None:
        self.wall.advance(time)
        self.ticks += time.total_seconds()

    def step(self, time: timedelta) -> None:
        self.wall.advance(time)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """The host on which every store of the test is opened."""
    made = Host()
    for module in ("assembly", "opening"):
        monkeypatch.setattr(f"emoconsent.wiring.{module}.utc_now", made.wall)
    monkeypatch.setattr("emoconsent.wiring.opening.since_boot", lambda: made.ticks)
    return made


@pytest.fixture
def yard(host: Host, tmp_path: Path) -> Yard:
    """A store made while the clock was right, with grants of ``c1`` and ``c2``."""
    made = furnished(tmp_path)
    with made.open() as sdk:
        grant(sdk, "c1")
        grant(sdk, "c2")
    return made


def call(sdk: EmoConsent, subject: str) -> Recognizer:
    """Call a recognizer for *subject*; its ``calls`` say whether it ran."""
    words = Recognizer()
    try:
        sdk.guard(words, recognizer="words", purpose="customer_care")("a", subject=subject)
    except ConsentDenied:
        assert words.calls == 0
    return words


def erase(sdk: EmoConsent) -> None:
    """Erase ``c1`` as the DPO does, request and all."""
    request = sdk.rights.submit("c1", kind="erasure", regime="gdpr")
    sdk.rights.verify(request.id, evidence="a code by mail")
    sdk.rights.fulfil(request.id, principal=DPO)


OPENINGS: dict[str, Callable[[EmoConsent], Any]] = {
    "grant": lambda sdk: grant(sdk, "c3"),
    "opt in": lambda sdk: sdk.consent.opt_in("c1"),
    "lift": lambda sdk: sdk.consent.lift_restriction("c1"),
    "case": lambda sdk: sdk.access.open_case("c1", principal=AGENT, reason="r", hours=8),
    "approve": lambda sdk: sdk.recognizers.approve("words", principal=ADMIN),
}
CLOSINGS: dict[str, Callable[[EmoConsent], Any]] = {
    "withdraw": lambda sdk: sdk.consent.withdraw("c1"),
    "refuse": lambda sdk: sdk.consent.refuse(
        "c1", notice="shop-care@1", scope=[CARE_TEXT], channel="chat", language="en"
    ),
    "opt out": lambda sdk: sdk.consent.opt_out("c1"),
    "restrict": lambda sdk: sdk.consent.restrict("c1"),
    "erase": erase,
    "suspend": lambda sdk: sdk.recognizers.suspend("words", principal=ADMIN, reason="r"),
}


@pytest.mark.parametrize("opening", ["grant", "opt in", "lift"])
@pytest.mark.parametrize("opened", ["before", "after"])
def test_a_clock_ahead_opens_nothing(host: Host, yard: Yard, opening: str, opened: str) -> None:
    """Ten years ahead, stepped under a process or found by a new one: ``not_done``, no call, no row left."""
    if opened == "after":
        host.step(DECADE)
    with yard.open() as sdk:
        if opened == "before":
            assert call(sdk, "c1").calls == 1
            host.step(DECADE)
        before = row_counts(sdk)
        with pytest.raises(Unavailable, match="clock") as failed:
            OPENINGS[opening](sdk)
        assert failed.value.outcome == "not_done"
        assert row_counts(sdk) == before
        assert call(sdk, "c1").calls == 0
        assert decide(sdk, "c1") == "unavailable"


@pytest.mark.parametrize("name", CLOSINGS)
@pytest.mark.parametrize("step", [DECADE, HOUR, -HOUR])
def test_whatever_the_clock_says_everything_closes(
    host: Host, yard: Yard, name: str, step: timedelta
) -> None:
    """A closing goes through, stays when the clock is right again, and its stamp bricks nothing."""
    with yard.open() as sdk:
        assert call(sdk, "c1").calls == 1
        host.step(step)
        CLOSINGS[name](sdk)
        host.step(-step)
        assert decide(sdk, "c1", recognizer="words") != "allowed"
        if name != "suspend":
            assert call(sdk, "c2").calls == 1
        grant(sdk, "c3")
        assert decide(sdk, "c3") == "allowed"


def test_a_store_opened_once_with_a_clock_ahead_serves_when_it_is_right_again(host: Host, yard: Yard) -> None:
    """Whatever a process with a clock ten years ahead tried: the next one with the right clock serves."""
    host.step(DECADE)
    with yard.open() as sdk:
        call(sdk, "c1")
        sdk.consent.withdraw("c1")
        with pytest.raises(Unavailable):
            grant(sdk, "c3")
    host.step(-DECADE)
    with yard.open() as sdk:
        assert (decide(sdk, "c1"), decide(sdk, "c2")) == ("withdrawn", "allowed")
        grant(sdk, "c3")
        assert sdk.audit.verify().findings == ()
        assert max(entry.at for entry in sdk.audit.entries()) <= host.wall()


def test_time_asleep_or_idle_is_no_step(host: Host, yard: Yard) -> None:
    """A process that had nothing to do for a month goes on as before."""
    with yard.open() as sdk:
        assert call(sdk, "c1").calls == 1
        host.wait(timedelta(days=30))
        assert call(sdk, "c1").calls == 1


def test_an_operator_confirms_a_clock_that_is_right(host: Host, yard: Yard) -> None:
    """After half a year of silence nothing opens until the clock is confirmed; then for every process."""
    with yard.open() as waiting:
        assert call(waiting, "c1").calls == 1
        host.step(timedelta(days=180))
        with yard.open() as sdk:
            assert decide(sdk, "c1") == "unavailable"
            sdk.restore.confirm_clock()
            assert sdk.restore.clock_doubt() is None
            assert {decide(one, "c1") for one in (sdk, waiting)} == {"allowed"}


def ahead(host: Host, yard: Yard) -> None:
    """Let the log run two months ahead: the clock was, while nothing could tell. ``c1`` withdrew then."""
    yard.backup("before", "data")
    host.step(timedelta(days=60))
    with yard.open() as sdk:
        grant(sdk, "c3")
        sdk.consent.withdraw("c1")
        sdk.audit.checkpoint()
    host.step(timedelta(days=-60))


def test_a_log_that_is_ahead_opens_nothing_and_says_so(
    host: Host, yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    """``open`` warns with the way out; grants are refused, not stamped ahead; confirming cannot help."""
    ahead(host, yard)
    with caplog.at_level(logging.WARNING), yard.open() as sdk:
        assert "restore accept" in caplog.text
        assert decide(sdk, "c2") == "clock_untrusted"
        for opening in OPENINGS.values():
            with pytest.raises(Unavailable, match="ahead of the clock"):
                opening(sdk)
        with pytest.raises(Unavailable, match="ahead of the clock"):
            sdk.restore.confirm_clock()
        assert sdk.consent.withdraw("c2").drained


def test_the_way_out_of_a_log_that_is_ahead_reopens_nothing(host: Host, yard: Yard) -> None:
    """A backup from before, then ``restore accept``: it serves, and what was closed meanwhile is closed."""
    ahead(host, yard)
    yard.put_back("before", "data")
    yard.accept()
    with yard.open() as sdk:
        assert [decide(sdk, subject) for subject in ("c1", "c2", "c3")] == [
            "withdrawn",
            "allowed",
            "no_consent",
        ]
        grant(sdk, "c3")
        assert call(sdk, "c3").calls == 1
