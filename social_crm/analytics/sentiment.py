"""Sentiment of one text by VADER, prepared and capped as methods.md 4.2 says; services come in."""

from __future__ import annotations

import html
import re
from functools import cache, lru_cache
from importlib.metadata import version

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from social_crm.domain.reading import Label, Sentiment

SCORER = f"vader-{version('vaderSentiment')}"
UNSCORED = Sentiment(None, Label.UNSCORED, SCORER)  # looked at, and there is no lexicon for it
UNREAD = Sentiment(None, Label.UNSCORED, "none")  # taken in without scoring
LEXICON_LANGUAGE = "en"

# VADER walks the words of a text once for every word: 5,000 emoji in one text cost 25 s (speed.md). A text is judged by its
# first characters and emoji; platforms' own limits are far lower, so hardly a real text is cut.
MOST_CHARACTERS = 4_000
MOST_EMOJI = 60
# Compounds from this on are positive, to its negative they are negative (VADER's own thresholds, methods.md 4.1).
THRESHOLD = 0.05

_URL = re.compile(r"https?://\S+|www\.\S+")
_HANDLE = re.compile(r"(?<!\w)@\w+")
_CAMEL_HASHTAG = re.compile(r"#(\w*[a-z][A-Z]\w*)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    # One instance a process: making one for each text costs 10 ms each (speed.md).
    return SentimentIntensityAnalyzer()


def label(compound: float) -> Label:
    """The class of a compound score (methods.md 4.1)."""
    if compound >= THRESHOLD:
        return Label.POSITIVE
    return Label.NEGATIVE if compound <= -THRESHOLD else Label.NEUTRAL


def prepare(text: str) -> str:
    """The text that is scored: entities read, links and handles dropped, camel-case hashtags spelled out, length capped.

    Emoji, letter case and punctuation stay: VADER reads them (methods.md 4.2).
    """
    plain = _HANDLE.sub(" ", _URL.sub(" ", html.unescape(text[: MOST_CHARACTERS * 2])))
    return _cap(_CAMEL_HASHTAG.sub(lambda found: _HUMP.sub(" ", found.group(1)), plain))


def _cap(text: str) -> str:
    text = text[:MOST_CHARACTERS]
    if text.isascii():
        return text
    emojis, left, kept = _analyzer().emojis, MOST_EMOJI, []
    for character in text:
        if character in emojis:
            left -= 1
            if left < 0:
                continue
        kept.append(character)
    return "".join(kept)


@lru_cache(maxsize=65_536)
def score(text: str) -> Sentiment:
    """VADER's compound score in -1..1 and its class for an English text; each distinct text is scored once."""
    compound = float(_analyzer().polarity_scores(prepare(text))["compound"])
    return Sentiment(compound, label(compound), SCORER)
