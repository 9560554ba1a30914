"""A reading: what we made of one mention - its brands, its language, its sentiment; anyone may come in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """The sentiment class of a text; `unscored` is not neutral, it means that nobody looked (methods.md 4.4)."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    UNSCORED = "unscored"


class LanguageBasis(StrEnum):
    """Where the language of a reading comes from; only the first two count as evidence for later inheritance."""

    PLATFORM = "platform"
    DETECTED = "detected"
    INHERITED = "inherited"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sentiment:
    """A compound score in -1..1 (None when unscored), its class, and the scorer and version that made it."""

    compound: float | None
    label: Label
    scorer: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The brands that a mention is about (sorted ids), its language (ISO 639-1, "" unknown) and its sentiment."""

    brands: tuple[str, ...]
    language: str
    basis: LanguageBasis
    sentiment: Sentiment
