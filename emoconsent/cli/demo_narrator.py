"""The demo's voice: sentences in the narrator's language, filled with what really happened."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from emoconsent.cli.demo_words import LEVELS, STAGES, WORDS
from emoconsent.vault.record import EmotionRecord, Level


class Unexpected(Exception):
    """Something else happened than the story expects."""


class Narrator:
    """Prints the story. ``language`` is ``en`` or ``zh``."""

    def __init__(self, console: Console, language: str) -> None:
        self._console = console
        self.language = language
        self._stages = 0

    def stage(self, name: str) -> None:
        """A new numbered part of the story."""
        self._stages += 1
        title = self._of(STAGES[name])
        self._console.print(f"\n[bold cyan]{self._stages}. {escape(title)}[/]")

    def tell(self, name: str, /, **values: object) -> None:
        """One sentence of ``WORDS``, filled in."""
        self._console.print("   " + escape(self._of(WORDS[name]).format(**values)))

    def expect(self, condition: object, name: str) -> None:
        """Raises Unexpected, in the words of *name*, unless *condition* holds."""
        if not condition:
            raise Unexpected(self._of(WORDS[name]))

    def failed(self, what: str) -> None:
        """The story ends here."""
        self._console.print(f"[bold red]{escape(self._of(WORDS['unexpected']).format(what=what))}[/]")

    def end(self, *, seconds: float, left_out: int, command: str) -> None:
        """The story is over, what was left out of it, and the command that the reader can run now."""
        sentence = WORDS["end_part" if left_out else "end"]
        words = self._of(sentence).format(stages=self._stages, seconds=seconds, calls=left_out)
        self._console.print(f"\n[bold green]{escape(words)}[/]")
        self._console.print(escape(self._of(WORDS["next"]).format(command=command)))

    def level(self, level: Level | None) -> str:
        """A level in the narrator's language."""
        return self._of(LEVELS[level.value if level else "none"])

    def record(self, record: EmotionRecord) -> str:
        """What was inferred: the level, the strongest categories, the dimensions."""
        strongest = sorted(record.categories, key=lambda c: c.value, reverse=True)[:3]
        parts = [f"{c.name} {c.value:.2f}" for c in strongest if c.value >= 0.01]
        parts += [f"{name} {value:+.2f}" for name, value in record.dimensions.items()]
        if record.level is Level.ABSTAIN and record.raw_label:
            parts.append(record.raw_label)
        return f"{self.level(record.level)}" + (f" ({', '.join(parts)})" if parts else "")

    def _of(self, pair: Sequence[str]) -> str:
        return pair[1] if self.language == "zh" else pair[0]
