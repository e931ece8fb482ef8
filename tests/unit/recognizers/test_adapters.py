"""Each adapter against its library's shapes: what is kept, what is dropped, what is refused."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest

from emoconsent.errors import InvalidInput, RecognizerOutputError
from emoconsent.recognizers.adapters import ADAPTERS, classes_of, detect, sklearn_adapter
from emoconsent.vault.record import Category, Inference, Level, ScoreKind

DATA = Path(__file__).parent / "data"
TRANSFORMERS = json.loads((DATA / "transformers_shapes.json").read_text("utf-8"))
DEEPFACE = json.loads((DATA / "deepface_shapes.json").read_text("utf-8"))
VADER = {"neg": 0.13, "neu": 0.61, "pos": 0.26, "compound": 0.44}
COMPREHEND = {
    "Sentiment": "MIXED",
    "SentimentScore": {"Positive": 0.3, "Negative": 0.25, "Neutral": 0.05, "Mixed": 0.4},
    "ResponseMetadata": {"RequestId": "r-1", "HTTPHeaders": {"x": "y"}},
}


def grades(inference: Inference) -> dict[str, float]:
    return {category.name: category.value for category in inference.categories}


class TestVader:
    def test_compound_is_valence_and_shares_stay_shares(self):
        """The shares of the text are never passed off as probabilities."""
        inference = ADAPTERS["vader"](VADER)
        assert dict(inference.dimensions) == {"valence": 0.44}
        assert grades(inference) == {"neg": 0.13, "neu": 0.61, "pos": 0.26}
        assert inference.score_kind is ScoreKind.PROPORTION
        assert inference.vocabulary == "model:vader"
        assert inference.level is None

    @pytest.mark.parametrize(
        ("neg", "pos", "mixed"), [(0.1, 0.1, True), (0.099, 0.5, False), (0.5, 0.0, False)]
    )
    def test_mixed_needs_both_at_the_threshold(self, neg, pos, mixed):
        """A tenth of the words on each side is mixed; just under it on one side is not."""
        assert ADAPTERS["vader"]({**VADER, "neg": neg, "pos": pos}).mixed is mixed

    @pytest.mark.parametrize("key", ["neg", "neu", "pos", "compound"])
    @pytest.mark.parametrize(
        "bad", [math.nan, math.inf, -1.5, 1.5, 10**400, True, "0.1", None, b"1", [0.1], 1j]
    )
    def test_a_bad_number_anywhere_is_refused(self, key, bad):
        """NaN, infinity, out of range, a bool, text and giants are refused under every key."""
        with pytest.raises(RecognizerOutputError):
            ADAPTERS["vader"]({**VADER, key: bad})

    def test_numpy_scalars_are_numbers(self):
        """Single precision values from numpy are read as floats, and leave as Python's own."""
        inference = ADAPTERS["vader"]({key: np.float32(value) for key, value in VADER.items()})
        assert type(inference.dimensions[0][1]) is float
        assert grades(inference)["neg"] == pytest.approx(0.13)

    def test_numpy_bool_is_no_number(self):
        """numpy's bool converts to 1.0 and is refused all the same."""
        with pytest.raises(RecognizerOutputError):
            ADAPTERS["vader"]({**VADER, "pos": np.True_})


class TestSnownlp:
    @pytest.mark.parametrize(("positive", "valence"), [(0.0, -1.0), (0.5, 0.0), (1.0, 1.0), (0.543, 0.086)])
    def test_valence_is_twice_p_minus_one(self, positive, valence):
        """The one number becomes a valence and two complementary grades."""
        inference = ADAPTERS["snownlp"](positive)
        assert dict(inference.dimensions)["valence"] == pytest.approx(valence)
        assert sum(grades(inference).values()) == pytest.approx(1.0)
        assert inference.level is None

    @pytest.mark.parametrize(
        "bad", [math.nan, math.inf, -0.1, 1.1, True, "0.5", None, [0.5], {"p": 0.5}, 10**400]
    )
    def test_anything_but_a_probability_is_refused(self, bad):
        """What SnowNLP never returns is refused."""
        with pytest.raises(RecognizerOutputError):
            ADAPTERS["snownlp"](bad)


class TestSklearn:
    ADAPTER = staticmethod(sklearn_adapter(["angry", "joy", "neutral"]))

    @pytest.mark.parametrize(
        "row", [[0.5, 0.2, 0.3], [[0.5, 0.2, 0.3]], np.array([[0.5, 0.2, 0.3]]), np.array([0.5, 0.2, 0.3])]
    )
    def test_a_row_gets_its_classes(self, row):
        """A row, alone or as the only one, in a list or an array, gets the names of its columns."""
        inference = self.ADAPTER(row)
        assert grades(inference) == {"anger": 0.5, "happiness": 0.2}
        assert (inference.vocabulary, inference.score_kind) == ("emotionml:big6", ScoreKind.PROBABILITY)
        assert inference.complete
        assert inference.raw_label == "angry"

    @pytest.mark.parametrize("label", ["angry", ["angry"], np.array(["angry"]), np.array(["angry"])[0]])
    def test_a_predicted_class_has_no_confidence(self, label):
        """predict alone says present or absent: ordinal, incomplete, without a confidence."""
        inference = self.ADAPTER(label)
        assert inference.categories == (Category("anger", 1.0, None),)
        assert inference.score_kind is ScoreKind.ORDINAL
        assert not inference.complete

    @pytest.mark.parametrize(
        "bad",
        [
            [0.5, 0.5],
            [0.2, 0.3, 0.2, 0.3],
            [[0.5, 0.2, 0.3], [0.1, 0.2, 0.7]],
            np.ones((3, 3)),
            np.zeros((0, 3)),
            np.array(0.5),
            [math.nan, 0.2, 0.3],
            [1.2, -0.2, 0.0],
            [True, False, False],
            ["angry", "joy", "neutral"],
            "bored",
            [],
            [[]],
            0.5,
            None,
        ],
    )
    def test_rows_that_do_not_fit_are_refused(self, bad):
        """Another width, several rows, logits, or a class nobody declared: refused."""
        with pytest.raises(RecognizerOutputError):
            self.ADAPTER(bad)

    def test_a_million_columns_are_refused_fast(self):
        """A huge array is refused by its length, not walked."""
        with pytest.raises(RecognizerOutputError):
            self.ADAPTER(np.zeros(1_000_000))

    @pytest.mark.parametrize(
        "classes", [[], ["a"], ["a", "A"], ["a", "<b>"], ["a", "b\n"], [0.5, 1.5], "ab", None]
    )
    def test_classes_that_name_nothing_are_refused_at_once(self, classes):
        """The mistake is reported where the adapter is made, not at the first message."""
        with pytest.raises(InvalidInput):
            sklearn_adapter(classes)

    def test_an_unfitted_classifier_has_no_classes(self):
        """classes_of says what to do when there is nothing to read."""
        with pytest.raises(InvalidInput, match="fit it first"):
            classes_of(object())

    def test_probabilities_without_classes_name_the_remedy(self):
        """The named adapter cannot know the columns; it says how to bind them."""
        with pytest.raises(RecognizerOutputError, match="sklearn_adapter"):
            ADAPTERS["sklearn"]([[0.5, 0.5]])


class TestTransformers:
    @pytest.mark.parametrize("case", TRANSFORMERS["cases"], ids=lambda case: case["name"])
    def test_each_shape(self, case):
        """Every documented shape becomes the record stated beside it."""
        inference = ADAPTERS["transformers"](case["output"])
        assert inference.vocabulary == case["vocabulary"]
        assert grades(inference) == case["categories"]
        assert inference.complete is case["complete"]
        assert inference.raw_label == case["raw_label"]
        assert dict(inference.dimensions).get("valence") == case["valence"]
        assert inference.score_kind is ScoreKind.SOFTMAX_UNCALIBRATED

    @pytest.mark.parametrize("case", TRANSFORMERS["refused"], ids=lambda case: case["name"])
    def test_each_fault_is_refused(self, case):
        """Every malformed result is refused, and its content is not in the message."""
        with pytest.raises(RecognizerOutputError) as caught:
            ADAPTERS["transformers"](case["output"])
        assert "script" not in str(caught.value)

    def test_a_cut_list_that_nearly_sums_to_one_is_not_complete(self):
        """Five labels of 28 that hold .999 of the mass are still only a part of it."""
        cut = [{"label": f"e{i}", "score": score} for i, score in enumerate((0.9, 0.09, 0.005, 0.003, 0.001))]
        assert not ADAPTERS["transformers"](cut).complete

    def test_65_labels_are_refused(self):
        """The list is limited in length whatever each item holds."""
        many = [{"label": f"e{i}", "score": 0.0} for i in range(65)]
        assert len(ADAPTERS["transformers"](many[:64]).categories) == 64
        with pytest.raises(RecognizerOutputError):
            ADAPTERS["transformers"](many)


class TestDeepface:
    def test_percents_become_grades_and_neutral_is_left_out(self):
        """Percents are divided; big6 has no neutral."""
        inference = ADAPTERS["deepface"](DEEPFACE["one_face"])
        assert grades(inference)["anger"] == pytest.approx(0.615)
        assert "neutral" not in grades(inference)
        assert (inference.vocabulary, inference.raw_label) == ("emotionml:big6", "angry")
        assert inference.complete
        assert inference.level is None

    def test_age_gender_and_race_are_nowhere_in_the_result(self):
        """What DeepFace infers beside the emotion leaves no trace at all."""
        text = repr(ADAPTERS["deepface"](DEEPFACE["one_face"])).lower()
        assert not [word for word in ("41", "woman", "man'", "98.5", "asian", "race", "age") if word in text]

    def test_the_only_face_of_a_batch_or_a_bare_dict(self):
        """One face is one face, however many lists are around it."""
        faces = DEEPFACE["one_face"]
        assert ADAPTERS["deepface"]([faces]) == ADAPTERS["deepface"](faces) == ADAPTERS["deepface"](faces[0])

    def test_several_faces_are_refused(self):
        """With two faces nobody can say whose emotion it is."""
        with pytest.raises(RecognizerOutputError, match="exactly one"):
            ADAPTERS["deepface"](DEEPFACE["one_face"] * 2)

    @pytest.mark.parametrize("output", [[], DEEPFACE["no_face_found"]])
    def test_no_face_abstains_and_drops_the_made_up_emotion(self, output):
        """Without a detected face, "happy 96 %" of a wall is not kept."""
        inference = ADAPTERS["deepface"](output)
        assert inference.level is Level.ABSTAIN
        assert (inference.categories, inference.raw_label) == ((), None)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("emotion", {}),
            ("emotion", None),
            ("emotion", {"angry": 101.0}),
            ("emotion", {"angry": math.nan}),
            ("emotion", {"angry": "61"}),
            ("emotion", {f"e{i}": 1.0 for i in range(65)}),
            ("emotion", {"<b>": 100.0}),
            ("dominant_emotion", "bored"),
            ("dominant_emotion", None),
            ("face_confidence", math.nan),
            ("face_confidence", "high"),
        ],
    )
    def test_a_broken_face_is_refused(self, key, value):
        """One bad value refuses the face; nothing is guessed in its place."""
        faces = copy.deepcopy(DEEPFACE["one_face"])
        faces[0][key] = value
        with pytest.raises(RecognizerOutputError):
            ADAPTERS["deepface"](faces)


class TestComprehend:
    def test_the_services_verdict_and_scores(self):
        """MIXED is what the service says; the metadata is not read."""
        inference = ADAPTERS["comprehend"](COMPREHEND)
        assert grades(inference) == {"positive": 0.3, "negative": 0.25, "neutral": 0.05, "mixed": 0.4}
        assert inference.mixed
        assert dict(inference.dimensions)["valence"] == pytest.approx(0.05)
        assert "r-1" not in repr(inference)

    @pytest.mark.parametrize("sentiment", ["ANGRY", "mixed", "", None, 1, ["MIXED"], {"MIXED"}])
    def test_another_sentiment_is_refused(self, sentiment):
        """Only the four documented values are labels."""
        with pytest.raises(RecognizerOutputError):
            ADAPTERS["comprehend"]({**COMPREHEND, "Sentiment": sentiment})

    @pytest.mark.parametrize(
        "scores", [{}, None, [0.1] * 4, {"Positive": 0.5}, {**COMPREHEND["SentimentScore"], "Mixed": 40}]
    )
    def test_broken_scores_are_refused(self, scores):
        """All four scores are needed, each in [0, 1]."""
        with pytest.raises(RecognizerOutputError):
            ADAPTERS["comprehend"]({**COMPREHEND, "SentimentScore": scores})


class TestNative:
    def test_our_own_recognizers_pass_through_unchanged(self):
        """An Inference is already checked: it is handed on as it is, level included."""
        inference = Inference(vocabulary="x", score_kind=ScoreKind.RULE, level=Level.IRRITABLE)
        assert ADAPTERS["native"](inference) is inference

    def test_what_only_looks_like_one_is_refused(self):
        """A dict with the same fields was never checked."""
        with pytest.raises(RecognizerOutputError, match="pass adapter="):
            ADAPTERS["native"]({"vocabulary": "x", "score_kind": "rule", "level": "angry"})


class TestDetect:
    @pytest.mark.parametrize(
        ("output", "name"),
        [
            (VADER, "vader"),
            (COMPREHEND, "comprehend"),
            (DEEPFACE["one_face"], "deepface"),
            (DEEPFACE["one_face"][0], "deepface"),
            *((case["output"], "transformers") for case in TRANSFORMERS["cases"]),
            (Inference(vocabulary="x", score_kind=ScoreKind.RULE), "native"),
        ],
    )
    def test_a_telling_shape_finds_its_adapter(self, output, name):
        """Each library's shape leads to that library's adapter and to no other."""
        assert detect(output) is ADAPTERS[name]

    @pytest.mark.parametrize(
        "output", [0.9, 1, "angry", None, [], {}, [[]], [0.1, 0.9], np.ones(2), {"anger": 0.9}, b"x"]
    )
    def test_a_shape_that_does_not_tell_is_not_guessed(self, output):
        """0.9 may be positive or negative: the error says to pass adapter=."""
        with pytest.raises(RecognizerOutputError, match="pass adapter="):
            detect(output)
