"""A restore brings back neither what was over nor a longer retention than was chosen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from emoconsent import EmoConsent
from emoconsent.rights.retention.lapse import GRACE
from tests.faults.restore.backups import Yard
from tests.support.clock import FixedClock
from tests.support.store import ADMIN, CARD, Recognizer, folder_settings, grant, me, notice

DAY = timedelta(days=1)


class Days:
    """A yard whose store knows the days."""

    def __init__(self, top: Path) -> None:
        self.yard, self.clock, self.top = Yard(top), FixedClock(), top
        with self.open() as sdk:
            sdk.notices.publish(notice())
            sdk.recognizers.register("words", modality="text", version="1", provider="test", card=CARD)
            sdk.recognizers.approve("words", principal=ADMIN)
            grant(sdk, "c1")
            sdk.guard(Recognizer(), recognizer="words", purpose="customer_care")("a", subject="c1")

    def open(self, *, accept: bool = False) -> EmoConsent:
        return EmoConsent(folder_settings(self.top), clock=self.clock, accept_restored=accept)

    def restored(self) -> None:
        """Put Monday's data store back and accept that."""
        self.yard.put_back("monday", "data")
        with self.open(accept=True) as sdk:
            sdk.restore.accept()


def seen(sdk: EmoConsent) -> int:
    return sdk.vault.count("c1", principal=me("c1"))


def test_a_shorter_choice_survives(tmp_path: Path) -> None:
    """Chosen after the backup: the closing list knows it, so what it ended stays unreadable and goes."""
    days = Days(tmp_path)
    days.yard.backup("monday")
    days.clock.advance(10 * DAY)
    with days.open() as sdk:
        sdk.retention.choose("c1", 7, principal=me("c1"))
        assert sdk.retention.run().records == 1
    days.restored()
    with days.open() as sdk:
        assert sdk.retention.choice("c1", principal=me("c1")) == 7
        assert seen(sdk) == 0
        assert sdk.retention.run().records == 1
        assert sdk.audit.verify().findings == ()


def test_a_longer_choice_is_lost_with_the_restore(tmp_path: Path) -> None:
    """What is not proven stays closed: seven, then ninety days; after the restore seven count again."""
    days = Days(tmp_path)
    with days.open() as sdk:
        sdk.retention.choose("c1", 7, principal=me("c1"))
    days.yard.backup("monday")
    with days.open() as sdk:
        sdk.retention.choose("c1", 90, principal=me("c1"))
        assert sdk.retention.choice("c1", principal=me("c1")) == 90
        sdk.audit.checkpoint()
    days.restored()
    with days.open() as sdk:
        assert sdk.retention.choice("c1", principal=me("c1")) == 7


def test_what_was_over_comes_back_unreadable_and_goes_again(tmp_path: Path) -> None:
    """Rows deleted by a run before the restore are back, shown to nobody, and deleted by the next run."""
    days = Days(tmp_path)
    days.yard.backup("monday")
    days.clock.advance(30 * DAY)
    with days.open() as sdk:
        assert sdk.retention.run().records == 1
        sdk.audit.checkpoint()
    days.restored()
    with days.open() as sdk:
        assert seen(sdk) == 0
        assert sdk.retention.run().records == 1
        assert sdk.audit.verify().findings == ()


def test_a_withdrawal_since_the_backup_still_deletes(tmp_path: Path) -> None:
    """The replayed withdrawal counts from the replay: seven days later what rested on the consent is gone."""
    days = Days(tmp_path)
    days.yard.backup("monday")
    with days.open() as sdk:
        sdk.consent.withdraw("c1")
    days.clock.advance(DAY)
    days.restored()
    with days.open() as sdk:
        days.clock.advance(GRACE - timedelta(microseconds=1))
        assert sdk.retention.run().records == 0
        days.clock.advance(timedelta(microseconds=1))
        assert sdk.retention.run().records == 1
