"""The design system keeps its promises: readable colours, nothing from elsewhere, nothing inline, forms that work alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, url_for
from jinja2 import StrictUndefined
from markupsafe import Markup

PORTAL = Path(__file__).resolve().parents[2] / "portal"
STATIC, TEMPLATES = PORTAL / "static", PORTAL / "templates"

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r"--([\w-]+):\s*([^;]+);")

THEMES = {"light": ("tokens.css",), "dark": ("tokens.css", "dark.css"), "print": ("tokens.css", "print.css")}
#: Text on its ground, as the sheets combine them, hover included: WCAG 2.2, 1.4.3 asks 4.5.
TEXT = [
    *[
        (ink, ground)
        for ink in ("ink", "ink-soft", "accent", "accent-hover")
        for ground in ("ground", "surface", "sunken")
    ],
    *[(ink, "accent-soft") for ink in ("ink", "accent", "accent-hover")],
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-notice", "notice"),
    ("danger", "surface"),
    ("danger", "danger-soft"),
]
#: Edges and signs one must see to use a control: WCAG 2.2, 1.4.11 asks 3.
EDGES = [
    *[
        (edge, ground)
        for edge in ("line-strong", "focus", "accent")
        for ground in ("ground", "surface", "sunken")
    ],
    ("notice-line", "surface"),
    ("danger", "surface"),
]
SHEETS = ("base.css", "components.css")
HOSTILE = "<script>alert(1)</script>\"' onmouseover=x {{ 7*7 }}"


def sheet(name: str) -> str:
    """A style sheet's text without its comments."""
    return _COMMENT.sub("", (STATIC / name).read_text(encoding="utf-8"))


def colours(*names: str) -> dict[str, str]:
    """The colour tokens of these sheets, later ones winning, as ``{"ink": "#18272a"}``."""
    found = {key: value.strip() for name in names for key, value in _TOKEN.findall(sheet(name))}
    return {key: value for key, value in found.items() if value.startswith("#")}


def tokens() -> set[str]:
    """Every name that tokens.css defines."""
    return {key for key, _ in _TOKEN.findall(sheet("tokens.css"))}


def _luminance(colour: str) -> float:
    # WCAG 2.2, "relative luminance"
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two ``#rrggbb`` colours, 1.0 to 21.0."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def templates() -> list[Path]:
    """Every HTML template of the portal's pages, whoever wrote it; mails are not pages."""
    return sorted(
        path for path in TEMPLATES.rglob("*.html") if "mail" not in path.relative_to(TEMPLATES).parts[0]
    )


@pytest.fixture
def ui() -> Iterator[Any]:
    """The macros as a page sees them, inside a request."""
    app = Flask("preview", template_folder=str(TEMPLATES), static_folder=str(STATIC))
    with app.test_request_context("/"):
        yield app.jinja_env.get_template("macros/ui.html").module


def _field(**changes: Any) -> Any:
    """A text field as WTForms hands it over, drawn so that its attributes can be read."""

    class Field(SimpleNamespace):
        def __call__(self, **attributes: str) -> Markup:
            drawn = Markup("").join(Markup(' {}="{}"').format(*pair) for pair in attributes.items())
            return Markup('<input id="{}" value="{}"{}>').format(self.id, self.data, drawn)

    usual = {
        "id": "comment",
        "type": "StringField",
        "errors": [],
        "data": "",
        "label": SimpleNamespace(text="Comment"),
        "widget": object(),
    }
    return Field(**{**usual, **changes})


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (EDGES, 3.0)], ids=["text", "edges"])
def test_every_pair_of_colours_is_readable(theme: str, pairs: list[tuple[str, str]], least: float) -> None:
    """No text, edge or focus ring of any theme falls under the contrast that WCAG 2.2 AA asks for."""
    palette = colours(*THEMES[theme])
    poor = {
        (a, b): round(contrast(palette[a], palette[b]), 2)
        for a, b in pairs
        if contrast(palette[a], palette[b]) < least
    }
    if theme == "print":  # no button is printed, and paper has no hover
        poor = {
            pair: ratio
            for pair, ratio in poor.items()
            if not {"on-accent", "accent-hover", "focus", "danger", "danger-soft"} & set(pair)
        }
    assert poor == {}


def test_contrast_is_the_standards_own() -> None:
    """The measure itself knows black on white and the grey that just passes."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_the_dark_theme_names_every_colour() -> None:
    """A colour the dark sheet forgets would stay light and unreadable."""
    assert set(colours("dark.css")) == set(colours("tokens.css"))


@pytest.mark.parametrize("name", SHEETS)
def test_a_colour_is_named_once(name: str) -> None:
    """Sheets use only names, and only names that exist: a colour written out escapes the themes and the contrast test."""
    text = sheet(name)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:hsl|oklch)\(", text) == []
    assert set(re.findall(r"var\(--([\w-]+)\)", text)) - tokens() == set()


def test_red_is_for_what_cannot_be_taken_back() -> None:
    """No rule but the danger button's may use the danger colours: feelings and errors get none."""
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", sheet("base.css") + sheet("components.css"))
    assert {selector.strip() for selector, body in rules if "--danger" in body} == {
        ".button-danger",
        ".button-danger:hover",
    }


def test_no_motion_for_those_who_ask_for_none() -> None:
    """With reduced motion nothing moves."""
    rule = sheet("base.css").split("prefers-reduced-motion: reduce")[1]
    assert "transition: none" in rule
    assert "animation: none" in rule


@pytest.mark.parametrize("path", [*templates(), *STATIC.rglob("*.*")], ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    """No page, sheet, script or drawing names another host: a visit is nobody else's business."""
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|[\"'(]//\w|@import", text) == []


@pytest.mark.parametrize("path", [*templates(), *STATIC.glob("*.svg")], ids=lambda path: path.name)
def test_nothing_is_inline(path: Path) -> None:
    """A style attribute, handler or inline script would need a hole in the content security policy."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", text, re.IGNORECASE) == []
    assert [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag] == []


@pytest.mark.parametrize(
    "path", [TEMPLATES / "macros" / "ui.html", TEMPLATES / "_frame.html"], ids=lambda path: path.name
)
def test_every_macro_says_how_it_is_used(path: Path) -> None:
    """Each macro stands under a comment that starts with its own name and arguments."""
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"\{%-? macro (\w+)\(", text)
    said = re.findall(r"\{# (\w+)\((?:(?!#\}).)*#\}\n\{%-? macro \1\(", text, re.DOTALL)
    assert named
    assert said == named


def test_every_sign_is_in_the_sprite() -> None:
    """A badge or button whose drawing is missing would be left with its colour alone."""
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    pages = "".join(path.read_text(encoding="utf-8") for path in templates())
    used = set(re.findall(r'(?:\bicon|status_badge|message)\("([\w-]+)"|icon_name="([\w-]+)"', pages))
    kinds = {"on", "off", "wait", "refused", "restricted", "done", "info", "guess", "test", "caution"}
    assert {name for pair in used for name in pair if name} | kinds <= drawn


@pytest.mark.parametrize(
    "draw",
    [
        lambda ui: ui.page_head(HOSTILE, HOSTILE),
        lambda ui: ui.button(HOSTILE, name="x", value=HOSTILE),
        lambda ui: ui.link_button(HOSTILE, HOSTILE),
        lambda ui: ui.switch(
            HOSTILE, HOSTILE, HOSTILE, True, HOSTILE, HOSTILE, "effect", hidden={HOSTILE: HOSTILE}
        ),
        lambda ui: ui.stop_button("/stop", "t", HOSTILE, [HOSTILE]),
        lambda ui: ui.status_badge("on", HOSTILE),
        lambda ui: ui.message("info", HOSTILE),
        lambda ui: ui.empty_state(HOSTILE, HOSTILE, HOSTILE),
        lambda ui: ui.summary_list([(HOSTILE, HOSTILE)]),
        lambda ui: ui.data_table(HOSTILE, (HOSTILE, HOSTILE), [(HOSTILE, HOSTILE)]),
        lambda ui: ui.confirm(
            "/x",
            "t",
            HOSTILE,
            HOSTILE,
            HOSTILE,
            HOSTILE,
            HOSTILE,
            word=HOSTILE,
            word_label=HOSTILE,
            typed=HOSTILE,
            errors=[HOSTILE],
        ),
        lambda ui: ui.progress(1, 2, HOSTILE, HOSTILE),
        lambda ui: ui.notice_text(HOSTILE, HOSTILE),
        lambda ui: ui.bars(HOSTILE, HOSTILE, [(HOSTILE, 1, HOSTILE)], HOSTILE, (HOSTILE, HOSTILE)),
        lambda ui: ui.field(_field(data=HOSTILE, errors=[HOSTILE]), hint=HOSTILE, optional=HOSTILE),
    ],
)
def test_words_are_never_markup(ui: Any, draw: Callable[[Any], str]) -> None:
    """Whatever a person, a shop or a notice wrote stays text, in content and in attributes."""
    drawn = str(draw(ui))
    assert "<script" not in drawn
    assert "alert(1)" in drawn
    assert re.search(r"<[^>]*\"[^\"<>]*\" onmouseover", drawn) is None
    assert HOSTILE not in drawn


@pytest.mark.parametrize("on", [True, False])
def test_a_switch_asks_for_the_other_state_in_one_click(ui: Any, on: bool) -> None:
    """Giving and withdrawing are one button each, posting the state wanted, so that sending twice changes nothing."""
    drawn = str(ui.switch("/choices", "token", "wanted", on, "On", "Off", "effect", labelledby="title"))
    assert drawn.count("<button") == 1
    assert 'method="post"' in drawn
    assert f'aria-checked="{"true" if on else "false"}"' in drawn
    assert f'name="wanted" value="{"off" if on else "on"}"' in drawn
    assert 'aria-describedby="effect"' in drawn
    assert 'name="csrf_token" value="token"' in drawn


def test_both_states_of_a_switch_take_the_same_room(ui: Any) -> None:
    """Each state carries both labels, one of them unseen, so that neither answer is drawn larger."""
    on, off = (
        str(ui.switch("/c", "t", "wanted", on, "Yes, analyse", "No", "effect")) for on in (True, False)
    )
    for drawn in (on, off):
        assert drawn.count("Yes, analyse") == drawn.count(">No<") == 1
    assert [tag.split()[0] for tag in re.findall(r"<[a-z][^>]*>", on)] == [
        tag.split()[0] for tag in re.findall(r"<[a-z][^>]*>", off)
    ]


def test_the_stop_button_is_the_same_in_both_languages(ui: Any) -> None:
    """The words are all that differs between the Chinese and the English stop button."""
    english, chinese = (
        str(ui.stop_button("/stop", "t", "Stop all analysis now")),
        str(ui.stop_button("/stop", "t", "立即停止全部分析")),
    )
    assert english.replace("Stop all analysis now", "立即停止全部分析") == chinese
    assert ":lang" not in sheet("components.css").split(".stop-button")[1].split("}")[0]


def test_an_error_stands_beside_its_field_and_is_read_with_it(ui: Any) -> None:
    """A field that came back says so to eyes and ears, keeps what was typed and its hint; a clean one claims no error."""
    assert "aria-" not in str(ui.field(_field()))
    drawn = str(ui.field(_field(errors=["Please write something."], data="half a sent"), hint="One sentence"))
    assert 'aria-describedby="comment-hint comment-error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'id="comment-error"' in drawn
    assert 'id="comment-hint"' in drawn
    assert "half a sent" in drawn


def test_a_chart_is_told_twice(ui: Any) -> None:
    """The drawing has a name and a description, and the same numbers stand in a table."""
    drawn = str(
        ui.bars(
            "Per week",
            "Most in week 2",
            [("Week 1", 0, "0"), ("Week 2", 4, "4")],
            "As a table",
            ("Week", "Guesses"),
            id="c",
        )
    )
    assert 'aria-labelledby="c-title c-desc"' in drawn
    assert 'id="c-title"' in drawn
    assert 'id="c-desc"' in drawn
    table = drawn.split("<table")[1]
    assert all(word in table for word in ("Week 1", "Week 2", ">0<", ">4<"))


@pytest.mark.parametrize("items", [[], [("None", 0, "0")]], ids=["no rows", "all zero"])
def test_an_empty_chart_is_drawn(ui: Any, items: list[tuple[str, int, str]]) -> None:
    """No data and only zeros divide by nothing."""
    assert "<svg" in str(ui.bars("t", "d", items, "table", ("a", "b")))


def test_a_typed_word_is_checked_by_the_server(ui: Any) -> None:
    """Without JavaScript the button is not disabled: the script only adds a courtesy."""
    drawn = str(
        ui.confirm(
            "/delete",
            "t",
            "Delete",
            "For good.",
            "Delete",
            "Keep",
            "/",
            word="DELETE",
            word_label="Type DELETE",
        )
    )
    assert " disabled" not in drawn
    assert 'data-confirm-word="DELETE"' in drawn


FRAME = {
    "language": "en", "theme": "auto", "nav": [("public.home", "Overview", True)], "here": "/", "account_name": None,
    "portal_name": "emoconsent", "branded": False, "acting_for": None, "sandbox": False,
    "contact": "Shop\nprivacy@shop.example", "authority": "Authority\nStreet 5",
}  # fmt: skip


@pytest.fixture
def frame() -> Iterator[Callable[..., str]]:
    """base.html drawn with the usual variables, some of them changed; a variable left out is an error."""
    app = Flask("preview", template_folder=str(TEMPLATES), static_folder=str(STATIC))
    app.secret_key = "only for this test"
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals |= {
        "_": lambda text, **values: text % values if values else text,
        "csrf_token": lambda: "token",
    }
    for name in ("public.home", "public.language", "public.theme", "public.review", "auth.sign_out"):
        app.add_url_rule(f"/{name.partition('.')[2]}", name)
    with app.test_request_context("/"):
        yield lambda **changes: app.jinja_env.get_template("base.html").render(
            **{**FRAME, **changes}, url_for=url_for, get_flashed_messages=lambda **_: [("message", HOSTILE)]
        )


def test_help_stands_in_the_same_place_on_every_page(frame: Callable[..., str]) -> None:
    """Review, contact and authority are there signed in or out, for a child, on a trial (WCAG 2.2, 3.2.6)."""
    pages = [frame(), frame(account_name="A", acting_for="B", sandbox=True, nav=[])]
    footers = {page[page.index("<footer") : page.index("</footer>")] for page in pages}
    assert len(footers) == 1
    assert all(word in min(footers) for word in ("/review", "privacy@shop.example", "Street 5"))


@pytest.mark.parametrize(
    ("theme", "media"),
    [("light", "not all"), ("dark", "screen"), ("auto", "screen and (prefers-color-scheme: dark)")],
)
def test_a_theme_needs_no_script_and_never_reaches_paper(
    frame: Callable[..., str], theme: str, media: str
) -> None:
    """The server alone sets the theme; print stays black on white."""
    page = frame(theme=theme)
    assert f'data-theme="{theme}"' in page
    assert f'id="dark-sheet" media="{media}"' in page


def test_the_frame_escapes_names(frame: Callable[..., str]) -> None:
    """A child's name, an account or an address is text in the frame too."""
    page = frame(
        acting_for=HOSTILE,
        account_name=HOSTILE,
        contact=HOSTILE,
        authority=HOSTILE,
        here=HOSTILE,
        nav=[("public.home", HOSTILE, True)],
    )
    assert "<script>alert" not in page


def test_a_trial_says_so_and_others_do_not(frame: Callable[..., str]) -> None:
    """TEST is on every page of a sandbox, and on none of a real installation."""
    assert "TEST" in frame(sandbox=True)
    assert "TEST" not in frame()
