"""Where we can listen, and where we do, as JSON: platforms and sources as callers see them; the handlers come in."""

# No `from __future__ import annotations` here: pydantic reads these shapes for the document of the API.
from datetime import datetime

from typing_extensions import TypedDict

from social_crm.domain.platform import COMMON_OPTIONS, PLATFORMS, Platform
from social_crm.domain.source import SourceState
from social_crm.services.sources import Standing


class CredentialShape(TypedDict):
    """A credential of a platform by its name, and whether a source needs it."""

    name: str
    required: bool


class OptionShape(TypedDict):
    """An option of a platform by its name, what it means, and whether a source needs it."""

    name: str
    says: str
    required: bool


class PlatformShape(TypedDict):
    """A platform: its `title` for people, what a `query` looks like, what a source needs, and the `unit` of its spend."""

    name: str
    title: str
    query: str
    credentials: list[CredentialShape]
    options: list[OptionShape]
    unit: str


class PlatformList(TypedDict):
    """All platforms."""

    items: list[PlatformShape]


class ProgressShape(TypedDict):
    """How far a source has come: the unbroken span that is covered, when the last walk ended, and when the next is due.

    Null `due_at` means at once. `failures` counts those since the last success, `trouble` says why.
    """

    covered_from: datetime | None
    covered_to: datetime | None
    finished_at: datetime | None
    due_at: datetime | None
    failures: int
    trouble: str


class SourceShape(TypedDict):
    """A source as it was set up, and how far it has come.

    Its credentials are never shown, only whether there are any. `daily_cap` is in `unit`; `version` counts the edits and is
    its ETag, which collecting does not change.
    """

    id: str
    platform: str
    brand: str
    query: str
    schedule: str
    options: dict[str, str]
    has_credentials: bool
    daily_cap: int | None
    unit: str
    state: SourceState
    reason: str
    version: int
    progress: ProgressShape


class SourceList(TypedDict):
    """All sources, by id."""

    items: list[SourceShape]


def platform(place: Platform) -> PlatformShape:
    """A platform for callers."""
    needs_instance = place.placed and not place.by_query
    names = (*((name, True) for name in place.credentials), *((name, False) for name in place.optional))
    return {
        "name": place.name,
        "title": place.title,
        "query": place.query,
        "credentials": [{"name": name, "required": required} for name, required in names],
        "options": [
            {"name": name, "says": says, "required": needs_instance and name == "instance"}
            for name, says in {**place.options, **COMMON_OPTIONS}.items()
        ],
        "unit": place.unit,
    }


def source(standing: Standing) -> SourceShape:
    """A source for callers, without its credentials."""
    setup, progress = standing.setup, standing.progress
    return {
        "id": setup.id,
        "platform": setup.platform,
        "brand": setup.brand,
        "query": setup.query,
        "schedule": setup.schedule,
        "options": dict(setup.options),
        "has_credentials": bool(setup.sealed),
        "daily_cap": setup.daily_cap,
        "unit": PLATFORMS[setup.platform].unit,
        "state": setup.state,
        "reason": setup.reason,
        "version": setup.version,
        "progress": {
            "covered_from": progress.covered_from,
            "covered_to": progress.covered_to,
            "finished_at": progress.finished_at,
            "due_at": progress.due_at,
            "failures": progress.failures,
            "trouble": progress.trouble,
        },
    }
