"""VADER as we call it - one instance, capped texts, each distinct text once - beside VADER as it is often called."""

from __future__ import annotations

import random

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.measure import show, timed
from social_crm.analytics import sentiment

WORDS = "I really love this great coffee but the service was terrible today and the new place is not bad at all".split()  # noqa: SIM905
TEXTS = 5_000
EMOJI = 1_000


def texts(count: int) -> list[str]:
    """Distinct English texts of 8 to 25 words."""
    chance = random.Random(1)
    return [" ".join(chance.choices(WORDS, k=chance.randint(8, 25))) + f" {number}" for number in range(count)]


def main() -> None:
    """Print texts a second of each way, and what a text of emoji costs."""
    many = texts(TEXTS)
    analyzer = SentimentIntensityAnalyzer()

    def ours() -> None:
        sentiment.score.cache_clear()
        for text in many:
            sentiment.score(text)

    per_text = timed(lambda: [SentimentIntensityAnalyzer().polarity_scores(text) for text in many[:50]], 3)
    plain = timed(lambda: [analyzer.polarity_scores(text) for text in many])
    own = timed(ours)
    again = timed(lambda: [sentiment.score(text) for text in many])
    rate = TEXTS / plain.median
    rows = [
        ("an instance for each text", f"{50 / per_text.median:,.0f}", f"{50 / per_text.median / rate:.3f}", str(per_text)),
        ("one instance, plain", f"{rate:,.0f}", "1", str(plain)),
        ("ours, prepared and capped", f"{TEXTS / own.median:,.0f}", f"{plain.median / own.median:.2f}", str(own)),
        ("ours, texts seen before", f"{TEXTS / again.median:,.0f}", f"{plain.median / again.median:.0f}", str(again)),
    ]
    show("VADER, distinct texts of 8 to 25 words", ("way", "texts/s", "of plain", "median (spread)"), rows)

    emoji = "\N{GRINNING FACE}" * EMOJI
    theirs, capped = timed(lambda: analyzer.polarity_scores(emoji), 3), timed(lambda: _fresh(emoji), 3)
    costs = [
        ("plain", f"{theirs.median:.3f} s", "1"),
        ("ours, capped", f"{capped.median:.4f} s", f"{theirs.median / capped.median:,.0f} times quicker"),
    ]
    show(
        f"One text of {EMOJI:,} emoji", ("way", "median", "beside plain"), costs, "the cost of plain grows with the square"
    )


def _fresh(text: str) -> None:
    sentiment.score.cache_clear()
    sentiment.score(text)


if __name__ == "__main__":
    main()
