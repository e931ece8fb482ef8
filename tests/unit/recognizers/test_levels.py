"""Declared levels: what may be declared, and what an inference then gets."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.errors import InvalidInput
from emoconsent.recognizers.adapters import ADAPTERS
from emoconsent.recognizers.levels import Levels, apply
from emoconsent.vault.record import Category, Inference, Level, ScoreKind

DECLARED = {"angry": {"anger": 0.6}, "irritable": {"anger": 0.3, "valence": -0.5}, "calm": {}}


def inference(valence=None, vocabulary="emotionml:big6", complete=True, level=None, **grades) -> Inference:
    return Inference(
        vocabulary=vocabulary,
        score_kind=ScoreKind.PROBABILITY,
        categories=tuple(Category(name, value) for name, value in grades.items()),
        dimensions=() if valence is None else (("valence", valence),),
        complete=complete,
        level=level,
    )


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (inference(anger=0.6, valence=0.0), Level.ANGRY),
        (inference(anger=0.59, valence=-0.5), Level.IRRITABLE),
        (inference(anger=0.59, valence=-0.49), Level.CALM),
        (inference(anger=0.3, valence=-1.0), Level.IRRITABLE),
        (inference(anger=0.29, valence=-1.0), Level.CALM),
        (inference(happiness=1.0, valence=1.0), Level.CALM),
        (inference(anger=0.59), Level.ABSTAIN),
        (inference(anger=0.1), Level.CALM),
        (inference(happiness=0.3, complete=False, valence=-1.0), Level.ABSTAIN),
        (inference(vocabulary="model:x", negative=1.0, valence=-1.0), Level.ABSTAIN),
        (inference(anger=1.0, level=Level.ABSTAIN), Level.ABSTAIN),
        (inference(anger=0.0, valence=0.0, level=Level.ANGRY), Level.CALM),
    ],
)
def test_the_worst_level_whose_thresholds_all_hold(given_, expected):
    """At the threshold counts; a value that is missing is unknown, not low; abstained stays."""
    assert apply(Levels.parse(DECLARED), given_).level is expected


def test_nothing_declared_changes_nothing():
    """Without levels the level is what the recognizer said, which is usually none."""
    negative = ADAPTERS["snownlp"](0.0)
    assert apply(None, negative) is negative
    assert negative.level is None


def test_no_level_holds_abstains():
    """Declared only what is bad, and it is not bad: nothing is claimed."""
    assert apply(Levels.parse({"angry": {"anger": 0.6}}), inference(anger=0.1)).level is Level.ABSTAIN


def test_only_the_level_changes():
    """Grades, valence and the rest pass through untouched."""
    before = inference(anger=0.7, valence=-0.9)
    after = apply(Levels.parse(DECLARED), before)
    assert (after.categories, after.dimensions, after.vocabulary) == (
        before.categories,
        before.dimensions,
        before.vocabulary,
    )


@pytest.mark.parametrize(
    "angry",
    [
        {},
        {"valence": -0.9},
        {"valence": -0.9, "arousal": 0.5},
        {"negative": 0.9},
        {"NEG": 0.9, "valence": -0.9},
        {"neg": 0.9, "pos": 0.1, "neutral": 0.1},
    ],
)
def test_angry_from_valence_alone_is_refused_under_every_name(angry):
    """Negative is not angry, whether it is called valence, negative or NEG."""
    with pytest.raises(InvalidInput, match=r"never on valence alone|at least one"):
        Levels.parse({"angry": angry})


def test_every_fault_is_listed_at_once():
    """One look at the error is enough to mend the declaration."""
    with pytest.raises(InvalidInput) as caught:
        Levels.parse({"furious": {}, "angry": {"valence": -2.0}, "irritable": {}, "calm": 3})
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("value", [True, "0.5", None, math.nan, math.inf, -0.1, 0, 0.0, 1.1, 10**400, [0.5]])
def test_a_category_threshold_is_a_number_above_zero(value):
    """0 would always hold; NaN never; text and bools are mistakes."""
    with pytest.raises(InvalidInput):
        Levels.parse({"irritable": {"anger": value}})


@pytest.mark.parametrize(
    "declared", [None, {}, [], "angry", 1, {"abstain": {"anger": 0.5}}, {1: {}}, {None: {}}]
)
def test_what_is_no_declaration_is_refused(declared):
    """Abstaining cannot be declared; it is what remains."""
    with pytest.raises(InvalidInput):
        Levels.parse(declared)


@pytest.mark.parametrize("name", ["", "a" * 65, "an\x00ger", 1, None, ("anger",)])
def test_a_name_that_no_category_can_have_is_refused(name):
    """A threshold that could never match is a mistake."""
    with pytest.raises(InvalidInput):
        Levels.parse({"calm": {name: 0.5}})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["angry", "calm", "irritable", "anger", "valence"]) | st.text(max_size=3),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_any_junk_is_parsed_or_invalid(declared):
    """No declaration makes the parser raise anything but InvalidInput."""
    try:
        levels = Levels.parse(declared)
    except InvalidInput as refusal:
        assert refusal.problems
    else:
        assert levels.rules


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_never_angry_without_the_category(valence, negative, surprise):
    """Whatever the valence, an inference that has no anger is not angry."""
    seen = inference(valence=valence, vocabulary="model:x", negative=negative, surprise=surprise)
    assert apply(Levels.parse(DECLARED), seen).level is not Level.ANGRY


def test_a_name_twice_or_a_crowd_of_names_is_refused():
    """Anger and ANGER would overwrite each other; more names than a record may hold never match."""
    with pytest.raises(InvalidInput, match="twice"):
        Levels.parse({"angry": {"anger": 0.5, "ANGER": 0.9}})
    with pytest.raises(InvalidInput, match="more than 64"):
        Levels.parse({"calm": {f"e{i}": 0.5 for i in range(65)}})
