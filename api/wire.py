"""Facts as JSON: the shapes that callers see, and how to write them; the handlers come in."""

# No `from __future__ import annotations` here: pydantic reads these shapes for the document of the API.
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NotRequired

import orjson
from aiohttp import web
from typing_extensions import TypedDict

from social_crm.domain.brand import Brand, WeekStart
from social_crm.domain.event import Event, EventKind
from social_crm.domain.mention import How, Kind
from social_crm.domain.reading import Label, LanguageBasis
from social_crm.domain.report import SavedReport
from social_crm.ports import Heard

JSON = "application/json"
CSV = "text/csv"
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers: a value for JSON, or ready text of another media type."""

    value: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = JSON

    def response(self) -> web.Response:
        """The answer as aiohttp sends it; times in UTC with a Z (RFC 3339)."""
        if self.media == JSON:
            body = self.value if isinstance(self.value, bytes) else orjson.dumps(self.value, option=orjson.OPT_UTC_Z)
            return web.Response(body=body, status=self.status, headers=self.headers, content_type=JSON)
        return web.Response(
            text=self.value, status=self.status, headers=self.headers, content_type=self.media, charset="utf-8"
        )


class Place(TypedDict):
    """Where in a request something is wrong, and what."""

    loc: str
    msg: str


class Problem(TypedDict):
    """What went wrong (RFC 9457): `code` is stable, `type` says where it is explained, `errors` names each wrong place."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: NotRequired[list[Place]]


class Health(TypedDict):
    """Whether the service is up (`ok`) or can answer from its database (`ready`)."""

    status: str


class BrandShape(TypedDict):
    """A brand and how it is recognised; `version` counts the edits and is its ETag."""

    id: str
    name: str
    terms: tuple[str, ...]
    exclusions: tuple[str, ...]
    handles: dict[str, tuple[str, ...]]
    competitors: tuple[str, ...]
    staff: tuple[str, ...]
    time_zone: str
    week_start: WeekStart
    version: int


class BrandList(TypedDict):
    """All brands, by id."""

    items: list[BrandShape]


class Addressed(TypedDict):
    """An account that a mention speaks to, and how."""

    how: How
    account: str


class SentimentShape(TypedDict):
    """A compound score in -1..1 (null: nobody looked), its class, and what made it."""

    compound: float | None
    label: Label
    scorer: str


class MentionShape(TypedDict):
    """What was said, as its platform tells it, and what we made of it."""

    id: str
    platform: str
    author: str
    posted_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    collected_at: datetime
    kind: Kind
    parent: str | None
    thread: str | None
    addressed: list[Addressed]
    text: str
    url: str | None
    metrics: dict[str, int]
    brands: tuple[str, ...]
    language: str
    language_basis: LanguageBasis
    sentiment: SentimentShape


class MentionPage(TypedDict):
    """Mentions, newest first; `next_cursor` leads on and is null at the end."""

    items: list[MentionShape]
    next_cursor: str | None


class ReportShape(TypedDict):
    """A report as it was computed, with its question (`parameters`) and the state of its input (`watermark`)."""

    id: str
    name: str
    fingerprint: str
    parameters: dict[str, Any]
    watermark: datetime | None
    created_at: datetime
    body: dict[str, Any]


class PersonList(TypedDict):
    """The people of one cell of a report."""

    items: list[dict[str, Any]]


class EventShape(TypedDict):
    """Something that happened: `subject` names what it is about, such as a source's id."""

    id: str
    kind: EventKind
    at: datetime
    subject: str
    body: dict[str, Any]


class EventPage(TypedDict):
    """Events in order; `next_cursor` is always there, and `more` says whether something follows now."""

    items: list[EventShape]
    next_cursor: str
    more: bool


def brand(fact: Brand) -> BrandShape:
    """A brand for callers."""
    return {
        "id": fact.id,
        "name": fact.name,
        "terms": fact.terms,
        "exclusions": fact.exclusions,
        "handles": dict(fact.handles),
        "competitors": fact.competitors,
        "staff": fact.staff,
        "time_zone": fact.time_zone,
        "week_start": fact.week_start,
        "version": fact.version,
    }


def mention(heard: Heard) -> MentionShape:
    """A mention with its reading for callers."""
    fact, reading = heard.mention, heard.reading
    return {
        "id": fact.id,
        "platform": fact.platform,
        "author": fact.author,
        "posted_at": fact.posted_at,
        "edited_at": fact.edited_at,
        "deleted_at": fact.deleted_at,
        "collected_at": fact.collected_at,
        "kind": fact.kind,
        "parent": fact.parent,
        "thread": fact.thread,
        "addressed": [{"how": how, "account": account} for how, account in fact.addressed],
        "text": fact.text,
        "url": fact.url,
        "metrics": dict(fact.metrics),
        "brands": reading.brands,
        "language": reading.language,
        "language_basis": reading.basis,
        "sentiment": {
            "compound": reading.sentiment.compound,
            "label": reading.sentiment.label,
            "scorer": reading.sentiment.scorer,
        },
    }


def report(saved: SavedReport) -> ReportShape:
    """A saved report for callers."""
    return {
        "id": saved.id,
        "name": saved.name,
        "fingerprint": saved.fingerprint,
        "parameters": dict(saved.parameters),
        "watermark": saved.watermark,
        "created_at": saved.created_at,
        "body": dict(saved.body),
    }


def event(fact: Event) -> EventShape:
    """An event for callers."""
    return {"id": fact.id, "kind": fact.kind, "at": fact.at, "subject": fact.subject, "body": dict(fact.body)}
