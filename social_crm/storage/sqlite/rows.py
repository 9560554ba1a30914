"""A mention as a row of its table and back; taking and mentions come in."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from social_crm.domain.mention import How, Kind, Mention
from social_crm.domain.reading import Label, LanguageBasis, Reading, Sentiment
from social_crm.ports import Heard
from social_crm.storage.sqlite.values import from_json, micros, micros_or_none, moment, moment_or_none, to_json

Row = tuple[Any, ...]

# The columns in the order of a row; `from_row` and `to_row` are their readers. The wording stands in a table of its own.
COLUMNS = (
    *("id", "author", "kind", "posted_at", "collected_at", "edited_at", "deleted_at", "text", "parent", "thread"),
    *("addressed", "metrics", "spoken", "url", "brands", "language", "basis", "compound", "label", "scorer", "fingerprint"),
)
WORDING = ("text", "url")


def to_row(said: Mention, reading: Reading, brands: tuple[str, ...], digest: str) -> Row:
    """The row of a mention that is about those brands and has that fingerprint.

    Enums go in as plain text: sqlite3 takes three times as long over anything but its own types.
    """
    return (
        said.id,
        said.author,
        str(said.kind),
        micros(said.posted_at),
        micros(said.collected_at),
        micros_or_none(said.edited_at),
        micros_or_none(said.deleted_at),
        said.text,
        said.parent,
        said.thread,
        to_json([f"{how} {account}" for how, account in said.addressed]) if said.addressed else "[]",
        to_json(dict(said.metrics)),
        said.language,
        said.url,
        brands_text(brands),
        reading.language,
        str(reading.basis),
        reading.sentiment.compound,
        str(reading.sentiment.label),
        reading.sentiment.scorer,
        digest,
    )


def from_row(row: Row) -> Heard:
    """The mention that was stored as that row."""
    named = dict(zip(COLUMNS, row, strict=True))
    gone = named["deleted_at"] is not None  # its wording was overwritten where it stood
    mention = Mention(
        id=named["id"],
        author=named["author"],
        posted_at=moment(named["posted_at"]),
        collected_at=moment(named["collected_at"]),
        text="" if gone else named["text"],
        kind=Kind(named["kind"]),
        parent=named["parent"],
        thread=named["thread"],
        addressed=tuple(_pair(entry) for entry in from_json(named["addressed"])),
        metrics=from_json(named["metrics"]),
        language=named["spoken"],
        url=None if gone else named["url"],
        edited_at=moment_or_none(named["edited_at"]),
        deleted_at=moment_or_none(named["deleted_at"]),
    )
    sentiment = Sentiment(named["compound"], Label(named["label"]), named["scorer"])
    brands = brands_of(named["brands"])
    return Heard(mention, Reading(brands, named["language"], LanguageBasis(named["basis"]), sentiment))


# Few mentions are about brands that no other mention is about: the same few come by again and again.
@lru_cache(maxsize=4096)
def brands_text(brands: tuple[str, ...]) -> str:
    """The brands of a mention as they stand in their column."""
    return to_json(brands)


@lru_cache(maxsize=4096)
def brands_of(text: str) -> tuple[str, ...]:
    """The brands that stand in their column as that text."""
    return tuple(from_json(text))


def _pair(entry: str) -> tuple[How, str]:
    how, _, account = entry.partition(" ")
    return How(how), account
