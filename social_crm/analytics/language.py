"""The language of a text: the platform's word for it, else detection, else its author's habit; services come in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from social_crm.domain.reading import LanguageBasis

if TYPE_CHECKING:
    from collections.abc import Mapping

# Under this many words detection is a coin toss: English is found in 51 % of texts of 1 to 3 words, in 90 % of 4 to 7
# (methods.md 4.4).
FEWEST_WORDS = 4
# So many mentions of an author must be in known languages before a short text inherits the most frequent.
FEWEST_MENTIONS = 5

_NOISE = re.compile(r"https?://\S+|www\.\S+|[@#$]\w+")
_WORD = re.compile(r"[^\W\d_]+")
_OLD_CODES = {"in": "id", "iw": "he", "ji": "yi"}
_ISO_639_1 = re.compile(r"[a-z]{2}")


@lru_cache(maxsize=1024)
def normalise(tag: str) -> str:
    """The ISO 639-1 code of a platform's language tag: `en-GB` is `en`; "" for und, zxx, art and their like."""
    code = tag.strip().lower().replace("_", "-").partition("-")[0]
    return _OLD_CODES.get(code, code) if _ISO_639_1.fullmatch(code) else ""


def needs_habit(text: str, platform_language: str) -> bool:
    """Whether only the author's habit can tell the language."""
    return not (platform_language and normalise(platform_language)) and _words(text) < FEWEST_WORDS


def language_of(text: str, platform_language: str, habit: Mapping[str, int]) -> tuple[str, LanguageBasis]:
    """The language (ISO 639-1, "" unknown) and what it rests on, by the rule of methods.md 4.4.

    The platform's word is preferred. Without it a text of four words or more is detected, and a shorter one inherits the
    most frequent language among at least five mentions of its author. `habit` counts these by language.
    """
    told = normalise(platform_language)
    if told:
        return told, LanguageBasis.PLATFORM
    if _words(text) >= FEWEST_WORDS:
        return detect(text), LanguageBasis.DETECTED
    if sum(habit.values()) >= FEWEST_MENTIONS:
        return max(sorted(habit), key=habit.__getitem__), LanguageBasis.INHERITED
    return "", LanguageBasis.UNKNOWN


def detect(text: str) -> str:
    """The most likely language of a text by py3langid, links, handles and tags left out."""
    import py3langid  # noqa: PLC0415 - its model takes a moment to load, and most platforms tell the language

    code, _ = py3langid.classify(_NOISE.sub(" ", text))
    return normalise(str(code))


def _words(text: str) -> int:
    return len(_WORD.findall(_NOISE.sub(" ", text)))
