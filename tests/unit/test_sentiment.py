"""Sentiment of texts: VADER's published figures, and what we do before asking it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from social_crm.analytics import sentiment
from social_crm.domain.reading import Label

TRUTH = Path(__file__).parents[2].parent / "shared" / "data" / "sentiment" / "vader_tweets_groundtruth.txt"
CLASSES = (1, 0, -1)


def rated_tweets() -> tuple[np.ndarray, list[str]]:
    rows = [line.split("\t") for line in TRUTH.read_text(encoding="utf-8").splitlines() if line]
    return np.array([float(row[1]) for row in rows]), [row[2] for row in rows]


def weighted_f1(truth: np.ndarray, predicted: np.ndarray) -> float:
    total = 0.0
    for one in CLASSES:
        hits = ((truth == one) & (predicted == one)).sum()
        found, real = (predicted == one).sum(), (truth == one).sum()
        total += real * (2 * hits / (found + real) if found + real else 0.0)
    return total / len(truth)


def classes(compounds: np.ndarray) -> np.ndarray:
    number = {Label.POSITIVE: 1, Label.NEUTRAL: 0, Label.NEGATIVE: -1}
    return np.array([number[sentiment.label(compound)] for compound in compounds])


@pytest.mark.real_data
@pytest.mark.skipif(not TRUTH.exists(), reason="the shared data folder is absent")
def test_the_released_vader_gives_its_published_figures_on_its_own_tweets():
    ratings, texts = rated_tweets()
    analyzer = SentimentIntensityAnalyzer()
    compounds = np.array([analyzer.polarity_scores(text)["compound"] for text in texts])
    assert len(texts) == 4200
    assert np.corrcoef(ratings, compounds)[0, 1] == pytest.approx(0.8722, abs=0.0005)
    assert weighted_f1(np.sign(ratings), classes(compounds)) == pytest.approx(0.948, abs=0.001)


@pytest.mark.real_data
@pytest.mark.skipif(not TRUTH.exists(), reason="the shared data folder is absent")
def test_our_preparation_costs_less_than_a_thousandth_on_vaders_own_tweets():
    ratings, texts = rated_tweets()
    compounds = np.array([sentiment.score(text).compound for text in texts])
    assert np.corrcoef(ratings, compounds)[0, 1] >= 0.8712
    assert weighted_f1(np.sign(ratings), classes(compounds)) >= 0.947


def test_entities_links_and_handles_do_not_count():
    assert sentiment.prepare("I &lt;3 @love_bot https://great.example/happy it").split() == ["I", "<3", "it"]


def test_hashtags_are_spelled_out_only_in_camel_case():
    assert sentiment.prepare("#SoMuchLove #somuchlove") == "So Much Love #somuchlove"


def test_emoji_case_and_exclamation_marks_stay():
    assert sentiment.prepare("GREAT 😀!!!") == "GREAT 😀!!!"
    assert sentiment.score("GREAT stuff!!!").compound > sentiment.score("great stuff").compound


def test_thousands_of_emoji_are_capped_before_vader_walks_them():
    prepared = sentiment.prepare("good " + "😀" * 5_000)
    assert prepared.count("😀") == sentiment.MOST_EMOJI
    assert sentiment.score("good " + "😀" * 5_000).label is Label.POSITIVE


def test_a_very_long_text_is_judged_by_its_beginning():
    assert len(sentiment.prepare("word " * 10_000)) <= sentiment.MOST_CHARACTERS


@pytest.mark.parametrize(
    ("compound", "label"),
    [(0.05, Label.POSITIVE), (0.0499, Label.NEUTRAL), (-0.0499, Label.NEUTRAL), (-0.05, Label.NEGATIVE)],
)
def test_the_thresholds_belong_to_the_outer_classes(compound: float, label: Label):
    assert sentiment.label(compound) is label


def test_unscored_is_not_zero():
    assert sentiment.UNSCORED.compound is None
    assert sentiment.UNSCORED.label is Label.UNSCORED
