"""Model cards: complete, in both languages, and with figures that can be recomputed."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.errors import InvalidInput, NotFound
from emoconsent.recognizers.cards import ModelCard, card_ids, load_card, parse_card
from emoconsent.vocabulary import Modality

TEXT = files("emoconsent.recognizers").joinpath("cards", "vader-en.toml").read_text("utf-8")


def changed(**values: object) -> str:
    """The VADER card with fields replaced (None: left out), as TOML."""
    raw = {**tomllib.loads(TEXT), **values}
    return "\n".join(f"{key} = {_toml(value)}" for key, value in raw.items() if value is not None)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, float) else repr(value)


@pytest.mark.parametrize("card_id", card_ids())
def test_every_shipped_card_is_whole_and_speaks_both_languages(card_id):
    """Each card loads, explains its logic in Chinese and English, and admits limits and bias."""
    card = load_card(card_id)
    assert card.id == card_id
    assert re.search(r"[\u4e00-\u9fff]", card.decision_logic.zh)
    assert not re.search(r"[\u4e00-\u9fff]{20}", card.decision_logic.en)
    assert json.loads(json.dumps(dataclasses.asdict(card)))["modality"] in list(Modality)


@pytest.mark.parametrize("card_id", ["sklearn", "transformers", "deepface", "comprehend"])
def test_a_generic_card_claims_no_quality(card_id):
    """What nobody measured has no figures and says unknown."""
    card = load_card(card_id)
    assert (card.quality, card.measured) == ("unknown", ())
    assert "nknown" in card.training_data


@pytest.mark.parametrize(
    "card_id",
    [
        "",
        "nobody",
        "../levels",
        "vader-en.toml",
        "../cards/vader-en",
        "VADER-EN",
        "/etc/passwd",
        "vader-en\x00",
    ],
)
def test_only_shipped_cards_load(card_id):
    """An id is a name, never a path."""
    with pytest.raises(NotFound):
        load_card(card_id)


def test_the_card_used_below_is_valid_before_it_is_broken():
    """Guards the tests below: the rewritten card parses to the same card."""
    assert parse_card(changed()) == load_card("vader-en")


@pytest.mark.parametrize(
    "field", [f.name for f in dataclasses.fields(ModelCard) if f.default is dataclasses.MISSING]
)
def test_a_missing_field_is_named(field):
    """Every required field is required."""
    with pytest.raises(InvalidInput, match=f"^{field}: missing$"):
        parse_card(changed(**{field: None}))


ROW = {"metric": "m", "value": 0.5, "n": 1, "data": "d", "on": "2026-11-23"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "Vader"),
        ("id", "../x"),
        ("name", "  "),
        ("name", 3),
        ("modality", "smell"),
        ("quality", "excellent"),
        ("limits", []),
        ("limits", "one"),
        ("limits", ["", "x"]),
        ("known_bias", [1]),
        ("decision_logic", {"en": "x"}),
        ("decision_logic", {"en": "x", "zh": ""}),
        ("decision_logic", {"en": "x", "zh": "y", "fr": "z"}),
        ("decision_logic", "x"),
        ("measured", [{**ROW, "n": 0}]),
        ("measured", [{**ROW, "n": True}]),
        ("measured", [{**ROW, "value": "good"}]),
        ("measured", [{**ROW, "value": float("inf")}]),
        ("measured", [{**ROW, "value": float("nan")}]),
        ("measured", [{**ROW, "on": "yesterday"}]),
        ("measured", [{**ROW, "extra": 1}]),
        ("measured", [{"metric": "m"}]),
        ("measured", 1),
        ("weights", {"source": "x", "sha256": "ab"}),
        ("weights", {"source": "x"}),
        ("weights", "x"),
        ("accuracy", "99 %"),
    ],
)
def test_a_bad_value_is_named(field, value):
    """A figure without its n, a boast, an unknown field: refused, naming the field."""
    with pytest.raises(InvalidInput, match=f"^{field}"):
        parse_card(changed(**{field: value}))


def test_every_fault_is_listed_at_once():
    """One look at the error is enough."""
    with pytest.raises(InvalidInput) as caught:
        parse_card(changed(id="X", name="", limits=[], quality="good", licence=None, boast="yes"))
    assert {problem.partition(":")[0] for problem in caught.value.problems} == {
        "id",
        "name",
        "limits",
        "quality",
        "licence",
        "boast",
    }


@given(
    st.text(max_size=60)
    | st.sampled_from(["[" * 50_000, "a = " + "[" * 5_000, "id = 1979-05-27", "[[id]]", "[limits]"])
)
def test_any_text_is_a_card_or_invalid(text):
    """No text makes the parser raise anything but InvalidInput."""
    with pytest.raises(InvalidInput):
        parse_card(text)
