"""The clock watch: what of a wall clock is believed, against the log and a clock that nobody sets."""

from __future__ import annotations

import pytest

from emoconsent.audit.entry import GOES_ON, EventTag
from emoconsent.errors import Unavailable
from emoconsent.storage.clock_watch import DAY, QUIET, SECOND, ClockWatch, Pair, believed

NOW = 20_000 * DAY
TOLERANCE = 5 * SECOND
A_SECONDS_DRIFT = SECOND // 1000
HOUR = 3600 * SECOND


def test_a_clock_in_step_is_believed() -> None:
    """Both clocks went on by an hour: the wall clock's instant is written."""
    reading = believed(NOW + HOUR, NOW, HOUR, Pair(NOW, 0))
    assert (reading.at, reading.doubt) == (NOW + HOUR, None)


@pytest.mark.parametrize(
    ("step", "believes"),
    [(TOLERANCE + A_SECONDS_DRIFT, True), (TOLERANCE + A_SECONDS_DRIFT + 1, False), (3650 * DAY, False)],
)
def test_a_step_ahead_is_not_believed(step: int, believes: bool) -> None:
    """A microsecond above the tolerance is doubt, and what is written is the time that really passed."""
    reading = believed(NOW + SECOND + step, NOW, SECOND, Pair(NOW, 0))
    assert (reading.doubt is None) is believes
    assert reading.at == (NOW + SECOND + step if believes else NOW + SECOND)


def test_drift_over_a_long_silence_is_no_step() -> None:
    """Two right clocks that were compared a month ago may differ by minutes."""
    month = 30 * DAY
    assert believed(NOW + month + 120 * SECOND, NOW, month, Pair(NOW, 0)).doubt is None


def test_what_others_wrote_since_is_believed() -> None:
    """A clock set right from behind is ahead of this process's pair, but not of the log."""
    assert believed(NOW + DAY, NOW + DAY, SECOND, Pair(NOW, 0)).doubt is None


@pytest.mark.parametrize(("silence", "believes"), [(QUIET, True), (QUIET + 1, False), (3650 * DAY, False)])
def test_a_first_look_long_after_the_latest_entry(silence: int, believes: bool) -> None:
    """With nothing else to hold it against, a clock is believed up to the longest silence, then the log is."""
    reading = believed(NOW + silence, NOW, 0, None)
    assert (reading.doubt is None) is believes
    assert reading.at == (NOW + silence if believes else NOW)


def test_a_first_look_at_an_empty_log_believes_the_clock() -> None:
    """A new store has no second source; a wrong clock costs nothing that was there."""
    assert believed(NOW, None, 0, None).doubt is None


@pytest.mark.parametrize(("behind", "believes"), [(TOLERANCE, True), (TOLERANCE + 1, False)])
def test_a_log_that_is_ahead(behind: int, believes: bool) -> None:
    """The log's times never run back, and beyond the tolerance the clock is not believed."""
    reading = believed(NOW - behind, NOW, None, None)
    assert ((reading.doubt is None), reading.at) == (believes, NOW)


def test_doubt_is_not_learnt_from() -> None:
    """However often a wrong clock is asked, it does not become the pair to compare with."""
    ticks = [0.0]
    watch = ClockWatch(lambda: ticks[0])
    watch.read(NOW, NOW)
    ticks[0] = 1.0
    for _ in range(3):
        with pytest.raises(Unavailable, match="ahead"):
            watch.refuse_ahead(NOW + DAY, NOW)
    watch.refuse_ahead(NOW + SECOND, NOW)


def test_the_gate_is_left_to_distrust_a_clock_behind() -> None:
    """That denial has a reason code of its own (``clock_untrusted``)."""
    ClockWatch(None).refuse_ahead(NOW - DAY, NOW)


def test_no_entry_that_opens_goes_on_in_doubt() -> None:
    """What opens or shows anything waits for a clock that is believed; so does any tag not yet thought of."""
    waits = {tag.value for tag in set(EventTag) - GOES_ON}
    assert waits == {
        "recognizer:register", "recognizer:approve", "consent:shown", "consent:grant", "consent:opt_in",
        "consent:lift", "consent:declare", "gate:filter", "call:start", "call:complete", "vault:read",
        "vault:correct", "vault:aggregate", "case:open", "case:break_glass", "keys:rotate_intent",
        "contact:set", "staff:change", "rights:cancel", "rights:expire", "rights:release", "api_key:create",
        "recipient:register",
        "export:make", "export:read", "retention:run",
    }  # fmt: skip
