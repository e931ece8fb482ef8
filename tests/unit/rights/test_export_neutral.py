"""Text in copies: shown, and acted on by no program."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.rights.export.neutral import csv_cell, file_name, html_text, json_bytes, plain

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "  @x", "＝1", "＋1", "－1", "＠x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_begins_a_formula(text: str) -> None:
    """Each way in which a spreadsheet is made to calculate is quoted; nothing is lost."""
    cell = csv_cell(text)
    assert cell[0] in ("'", "[")
    assert cell.removeprefix("'") == plain(text)


@given(st.text())
def test_no_cell_of_any_text_begins_one(text: str) -> None:
    """Whatever the text: its first character that is no space starts no formula, and there is no control."""
    cell = csv_cell(text)
    assert cell.lstrip(" ")[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert not {c for c in cell if ord(c) < 32 and c not in "\t\n"}
    (row,) = csv.reader(io.StringIO(_written(cell), newline=""))
    assert row == [cell, "end"]


def _written(cell: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([cell, "end"])
    return out.getvalue()


def test_numbers_stay_numbers() -> None:
    """What is a number by its type is calculated with: minus is no formula there."""
    assert [csv_cell(v) for v in (-0.5, 3, True, False, None)] == ["-0.5", "3", "true", "false", ""]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text())
def test_no_text_becomes_markup(text: str) -> None:
    """A parser finds the cell and nothing else, and the text as it is shown."""
    parser = _Tags()
    parser.feed(f"<td>{html_text(text)}</td>")
    parser.close()
    assert parser.tags == ["td"]
    assert parser.text == plain(text)


@pytest.mark.parametrize("hidden", ["\x00", "\x1b", "\u202e", "\u2066", "\u200f", "\ufeff", "\u2028", "\ud800", "\ue000"])
def test_what_steers_is_shown_instead(hidden: str) -> None:
    """NUL, escape, overrides of direction, line separators and halves of pairs stand there as their numbers."""
    shown = plain(f"a{hidden}b")
    assert shown == f"a[U+{ord(hidden):04X}]b"
    assert csv_cell(f"a{hidden}b") == html_text(f"a{hidden}b") == shown


@given(st.text())
def test_json_keeps_every_character(text: str) -> None:
    """In ASCII, whatever it is, and the same when it is read."""
    content = json_bytes({"text": text})
    assert content.isascii()
    assert json.loads(content) == {"text": text}


@given(st.text())
def test_a_file_name_leads_nowhere(text: str) -> None:
    """No separator, no drive, nothing hidden, nothing empty."""
    name = file_name(text)
    assert name
    assert not name.startswith(".")
    assert not set(name) & set("/\\:\x00 ")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\x", "C:\\x", "/x", ".hidden", ""])
def test_the_usual_ways_out(name: str) -> None:
    """The classics of climbing out of an archive are names in its folder."""
    made = file_name(name)
    assert "/" not in made
    assert "\\" not in made
    assert not made.startswith(".")
