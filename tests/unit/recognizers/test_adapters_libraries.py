"""Adapters and cards against the real libraries: what they return today, and the cards' figures."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from emoconsent.errors import InvalidInput, RecognizerOutputError
from emoconsent.recognizers.adapters import ADAPTERS, classes_of, detect, sklearn_adapter
from emoconsent.recognizers.cards import load_card
from emoconsent.recognizers.levels import Levels, apply
from emoconsent.vault.record import Level, ScoreKind

pytestmark = pytest.mark.filterwarnings("default::SyntaxWarning", "default::DeprecationWarning")


def _heldout():
    """The figures' own module, loaded by path: test folders are no packages here."""
    path = Path(__file__).parent / "heldout.py"
    spec = importlib.util.spec_from_file_location("heldout", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HELDOUT = _heldout()


def test_vader_as_it_is():
    """VADER's own dict is told by its shape, and both sides of a mixed message show."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyse = SentimentIntensityAnalyzer().polarity_scores
    output = analyse("The box was damaged, a horrible mess, but your agent was wonderful, thank you!")
    inference = detect(output)(output)
    assert inference.mixed
    assert inference.score_kind is ScoreKind.PROPORTION
    angry = analyse("I hate this, it is the worst garbage ever, I am furious")
    assert dict(detect(angry)(angry).dimensions)["valence"] < -0.5
    assert detect(angry)(angry).level is None
    assert ADAPTERS["vader"](analyse("")).categories


def test_snownlp_as_it_is():
    """SnowNLP's float needs its name: a bare number is not guessed at."""
    from snownlp import SnowNLP

    output = SnowNLP("质量很好，非常喜欢").sentiments
    assert dict(ADAPTERS["snownlp"](output).dimensions)["valence"] > 0
    with pytest.raises(RecognizerOutputError, match="pass adapter="):
        detect(output)


@pytest.fixture(scope="module")
def classifier():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = ["i am furious", "so angry with you", "this makes me mad and angry", "furious about the scam"]
    texts += ["so happy today", "what a joy", "happy with it, a joy", "i am happy"]
    texts += ["where is my order", "what is the size", "please send the invoice", "do you ship to guiyang"]
    labels = ["anger"] * 4 + ["joy"] * 4 + ["neutral"] * 4
    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=50)).fit(texts, labels)


class TestSklearn:
    def test_probabilities_carry_the_fitted_classes(self, classifier):
        """A real predict_proba row becomes big6 grades, in the order of classes_."""
        adapter = sklearn_adapter(classes_of(classifier))
        output = classifier.predict_proba(["i am furious and angry"])
        inference = adapter(output)
        grades = {c.name: c.value for c in inference.categories}
        assert grades["anger"] == output[0][list(classifier.classes_).index("anger")]
        assert set(grades) == {"anger", "happiness"}
        assert inference.complete
        assert apply(Levels.parse({"angry": {"anger": 0.6}, "calm": {}}), inference).level is Level.ANGRY

    def test_classes_from_the_bound_method(self, classifier):
        """guard() is handed clf.predict_proba; its classes are found behind it."""
        assert classes_of(classifier.predict_proba) == ("anger", "joy", "neutral")

    def test_a_prediction_is_a_label_only(self, classifier):
        """A real predict result is read, without a confidence, with and without known classes."""
        output = classifier.predict(["so happy"])
        for adapter in (sklearn_adapter(classes_of(classifier)), ADAPTERS["sklearn"]):
            inference = adapter(output)
            assert [c.name for c in inference.categories] == ["happiness"]
            assert not inference.complete

    def test_several_rows_are_not_one_call(self, classifier):
        """Two texts in one call have two subjects: refused."""
        with pytest.raises(RecognizerOutputError):
            sklearn_adapter(classes_of(classifier))(classifier.predict_proba(["a", "b"]))

    def test_an_unfitted_pipeline_has_no_classes(self):
        """scikit-learn raises its own error or has no attribute; ours says to fit first."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        for unfitted in (LogisticRegression(), make_pipeline(LogisticRegression())):
            with pytest.raises(InvalidInput, match="fit it first"):
                classes_of(unfitted)

    def test_class_numbers_become_digits(self):
        """Classes 0 and 1 keep their numbers as names; no meaning is invented for them."""
        from sklearn.linear_model import LogisticRegression

        numbered = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
        inference = sklearn_adapter(classes_of(numbered))(numbered.predict_proba([[1.0]]))
        assert [c.name for c in inference.categories] == ["0", "1"]
        assert inference.vocabulary == "model:sklearn"


def test_comprehend_through_botocore():
    """The response that botocore's own service model accepts is told by its shape and read."""
    import boto3
    from botocore.stub import Stubber

    client = boto3.client(
        "comprehend", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    scores = {"Positive": 0.02, "Negative": 0.9, "Neutral": 0.05, "Mixed": 0.03}
    with Stubber(client) as stubber:
        stubber.add_response(
            "detect_sentiment",
            {"Sentiment": "NEGATIVE", "SentimentScore": scores},
            {"Text": "不满意", "LanguageCode": "zh"},
        )
        output = client.detect_sentiment(Text="不满意", LanguageCode="zh")
    inference = detect(output)(output)
    assert {c.name: c.value for c in inference.categories} == {k.lower(): v for k, v in scores.items()}
    assert inference.raw_label == "NEGATIVE"
    assert not inference.mixed
    assert inference.level is None


@pytest.mark.parametrize(("card_id", "language"), HELDOUT.recognizers())
def test_the_cards_figures_are_what_a_run_gives(card_id, language):
    """Every held-out figure in a card is recomputed; none can be polished or go stale."""
    recognizer, band = HELDOUT.recognizers()[(card_id, language)]
    found = HELDOUT.figures(recognizer, language, band)
    stated = {
        m.metric.removeprefix(f"{language}: "): (m.value, m.n)
        for m in load_card(card_id).measured
        if m.metric.startswith(f"{language}: ")
    }
    assert len(stated) >= 4
    assert stated == {
        metric: (round(found[metric][0] / found[metric][1], 3), found[metric][1]) for metric in stated
    }
