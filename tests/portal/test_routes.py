"""The route matrix: every route x method x principal x own, another's or missing thing, against one table."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from emoconsent import EmoConsent
from portal import create_app
from tests.portal.conftest import Browser
from tests.portal.route_table import ALL, NOBODY, TABLE, THINGS, Row
from tests.portal.route_world import Actor, World
from tests.support.clock import FixedClock

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: What tells two answers apart without telling anything: form tokens, and the names that were asked for.
_TOKEN = re.compile(r'name="csrf_token" (?:type="hidden" )?value="[^"]+"')
#: Whose a thing is when it is not the asker's.
_KEEPERS = {"case": "agent", "glass": "dpo"} | dict.fromkeys(
    ("record", "receipt", "copy", "request"), "other subject"
)
_PEERS = itertools.count(1)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One store for the whole matrix: who is refused changes nothing, and who is not works on fresh things."""
    with EmoConsent.sandbox(clock=FixedClock(datetime.now(UTC))) as sdk:
        yield World(sdk)


@dataclass(frozen=True, slots=True)
class Cell:
    """One request of the matrix. ``thing`` is ``own``, ``another's`` or ``missing``."""

    rule: str
    method: str
    who: str
    thing: str

    @property
    def row(self) -> Row:
        return TABLE[self.rule]

    @property
    def admitted(self) -> bool:
        return self.who in self.row.who

    @property
    def declared(self) -> int:
        """The status that the table declares."""
        row = self.row
        status = {"GET": row.but.get(self.who, row.get), "POST": row.post}.get(self.method, 405)
        if status == 405:
            return 405
        if not self.admitted:
            return 302 if self.who == NOBODY else 403
        return status if self.thing == "own" or self.in_vain else row.absent

    @property
    def acts(self) -> bool:
        """Whether the answer may change something."""
        sends = self.method == "POST" or self.row.names == "demo"
        return self.admitted and self.thing == "own" and self.declared != 405 and sends

    @property
    def in_vain(self) -> bool:
        """Whether the thing is named by the form and this method sends none."""
        return self.method == "GET" and "<" not in self.rule


def things(row: Row) -> tuple[str, ...]:
    """Which kinds of thing a row is tried with."""
    if not row.names:
        return ("own",)
    return ("own", "another's", "missing") if THINGS[row.names] else ("own", "missing")


def named(world: World, cell: Cell, actor: Actor) -> str:
    """The thing that the request names. Only what the request may change is made for it."""
    kind = cell.row.names
    if not kind:
        return ""
    if cell.thing == "missing":
        return world.missing(kind)
    if cell.thing == "own" and cell.admitted:
        return (world.thing if cell.acts else world.known)(kind, actor)
    return world.known(kind, world.others[_KEEPERS.get(kind, _keeper(cell))])


def _keeper(cell: Cell) -> str:
    """Whose session it is that somebody else names."""
    return "agent" if cell.rule.startswith("/staff") else "other subject"


def ask(cell: Cell, browser: Browser, name: str, **extra: str) -> TestResponse:
    """Send the request; each comes from a place of its own, so that no rate limit answers first."""
    path = re.sub(r"<[^>]+>(/<version>)?", name, cell.rule)
    form = {field: value.format(name) for field, value in cell.row.form.items()}
    peer = next(_PEERS)
    return browser.client.open(
        path,
        method=cell.method,
        data={**form, **extra} if cell.method != "GET" else None,
        headers={"Accept": "text/html"},
        buffered=True,  # a file that is sent is closed with it
        environ_overrides={"REMOTE_ADDR": f"10.{peer >> 16}.{peer >> 8 & 255}.{peer & 255}"},
    )


def token(browser: Browser) -> str:
    """A valid form token, from a page; asked for from a place of its own, too."""
    page = ask(Cell("/review", "GET", NOBODY, "own"), browser, "").text
    found = re.search(r'name="csrf_token" (?:type="hidden" )?value="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def plain(answer: TestResponse, name: str) -> tuple[Any, ...]:
    """What an answer tells: status, place, body; without tokens and the name that was asked for."""
    told = (
        answer.status_code,
        answer.headers.get("Location", ""),
        _TOKEN.sub("", answer.get_data().decode(errors="replace")),
    )
    return tuple(part.replace(name, "NAME") if name and isinstance(part, str) else part for part in told)


def cells(rule: str) -> Iterator[Cell]:
    """Every cell of one route."""
    for who, method in itertools.product(sorted(ALL), METHODS):
        for thing in things(TABLE[rule]):
            yield Cell(rule, method, who, thing)


def pages(app: Flask) -> list[Rule]:
    """Every route but those that only a key opens."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if not hasattr(app.view_functions[rule.endpoint], "api_scope")
    ]


def test_every_route_is_declared(world: World) -> None:
    """No route without a row in the table, no row without a route, and no method that is not declared.

    Operations of the REST API have a matrix of their own, by keys: tests/api/test_matrix.py, which is
    complete in the same way.
    """
    found: dict[str, set[str]] = {}
    for rule in pages(world.portal.app):
        found.setdefault(rule.rule, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    declared = {
        rule: {m for m, status in (("GET", row.get), ("POST", row.post)) if status != 405}
        for rule, row in TABLE.items()
    }
    assert declared == found


@pytest.mark.parametrize("rule", TABLE)
def test_each_cell_answers_as_declared(world: World, rule: str) -> None:
    """Each principal gets the declared answer; whoever is refused leaves no trace in the log; a thing that
    is another's and one that is not there are told apart by nothing."""
    wrong, told = [], {}
    for cell in cells(rule):
        actor = world.actor(cell.who) if cell.acts else world.actors[cell.who]
        name = named(world, cell, actor)
        sent = {"csrf_token": token(actor.browser)} if cell.method == "POST" else {}
        before = 0 if cell.admitted else world.height()
        answer = ask(cell, actor.browser, name, **sent)
        if answer.status_code != cell.declared:
            wrong.append((cell.method, cell.who, cell.thing, answer.status_code, cell.declared))
        if not cell.admitted and world.height() != before:
            wrong.append((cell.method, cell.who, cell.thing, "left a trace"))
        told[cell] = plain(answer, name)
    for cell, answer_ in told.items():
        twin = Cell(cell.rule, cell.method, cell.who, "missing")
        if cell.thing == "another's" and answer_ != told[twin]:
            wrong.append((cell.method, cell.who, "another's and missing differ", answer_, told[twin]))
    assert not wrong, "\n".join(map(str, wrong))


#: The panel's token, in its body, is what another site does not have.
_FORMS: Final = [rule for rule, row in TABLE.items() if row.post != 405 and rule != "/panel/hint"]


@pytest.mark.parametrize("rule", _FORMS)
def test_a_form_without_its_token_does_nothing(world: World, rule: str) -> None:
    """Sent by another site, without this session's token, no form of anybody's has an effect."""
    for who in sorted(TABLE[rule].who):
        actor, cell = world.actors[who], Cell(rule, "POST", who, "own")
        name = named(world, cell, actor)
        before = world.height()
        answer = ask(cell, actor.browser, name)
        assert (who, answer.status_code, world.height()) == (who, 400, before)


def test_what_cannot_be_undone_asks_who_one_is(sdk: EmoConsent, clock: FixedClock) -> None:
    """With a session that was proven six minutes ago, the declared forms lead to the proof, and do nothing."""
    world = World(sdk)
    for rule, who in ((rule, who) for rule, row in TABLE.items() if row.fresh for who in sorted(row.who)):
        actor, cell = world.actor(who), Cell(rule, "POST", who, "own")
        name, sent = named(world, cell, actor), token(actor.browser)
        clock.advance(timedelta(minutes=6))
        before = world.height()
        answer = ask(cell, actor.browser, name, csrf_token=sent)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in/confirm")
        assert world.height() == before


def test_things_of_others_are_unharmed(world: World) -> None:
    """After the whole matrix the other people's sessions still run: nobody ended them."""
    assert all(actor.browser.get("/").status_code == 302 for actor in world.others.values())


def test_a_new_route_fails_the_build(sdk: EmoConsent) -> None:
    """The declaration is compared with the application as it is: a route added to it is found."""
    app = create_app(sdk)
    app.add_url_rule("/forgotten", view_func=lambda: "")
    assert {rule.rule for rule in pages(app)} - TABLE.keys() == {"/forgotten"}
