"""Facts to stored documents and back, without mongoengine: pure functions; only the modules of this package come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from social_crm.domain.account import Account
from social_crm.domain.archived import ArchivedPage
from social_crm.domain.coverage import Coverage, Seen
from social_crm.domain.errors import Invalid
from social_crm.domain.event import Event, EventKind
from social_crm.domain.mention import How, Kind, Mention
from social_crm.domain.reading import Label, LanguageBasis, Reading, Sentiment
from social_crm.domain.source import Progress
from social_crm.ports import Heard
from social_crm.storage.columns import blanked, deflated, fingerprint, inflated

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1).toordinal()


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment_of(stored: int) -> datetime:
    """The UTC time of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=stored)


def some_micros(moment: datetime | None) -> int | None:
    """Like `micros`, where there may be no time."""
    return None if moment is None else micros(moment)


def some_moment(stored: int | None) -> datetime | None:
    """Like `moment_of`, where there may be no time."""
    return None if stored is None else moment_of(stored)


def day_number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - _FIRST_DAY


def day_of(number: int) -> date:
    """The day of a number of days since 1970."""
    return date.fromordinal(number + _FIRST_DAY)


def json_of(values: Mapping[str, Any]) -> bytes:
    """Plain values as JSON text. Raises Invalid when they are more than plain."""
    try:
        return orjson.dumps(dict(values))
    except orjson.JSONEncodeError as error:
        raise Invalid(f"this cannot be stored as JSON: {error}") from error


def mention_row(heard: Heard) -> dict[str, Any]:
    """A mention as it is stored, but for its `take`. Raises Invalid when it holds what no store can keep."""
    said, reading = blanked(heard.mention), heard.reading
    row = {
        "_id": said.id,
        "print": fingerprint(heard),
        "author": said.author,
        "posted_at": micros(said.posted_at),
        "collected_at": micros(said.collected_at),
        "text": said.text,
        "kind": said.kind,
        "parent": said.parent,
        "thread": said.thread,
        "addressed": [f"{how} {account}" for how, account in said.addressed] or None,
        "metrics": [[name, count] for name, count in said.metrics.items()] or None,
        "said_language": said.language or None,
        "url": said.url,
        "edited_at": some_micros(said.edited_at),
        "deleted_at": some_micros(said.deleted_at),
        "brands": [*reading.brands],
        "language": reading.language,
        "basis": reading.basis,
        "compound": reading.sentiment.compound,
        "label": reading.sentiment.label,
        "scorer": reading.sentiment.scorer,
    }
    return without_nothing(row)


def without_nothing(row: dict[str, Any]) -> dict[str, Any]:
    """The row without what is None: a missing field takes no room."""
    return {name: value for name, value in row.items() if value is not None}


def heard_of(row: Mapping[str, Any]) -> Heard:
    """The mention and reading of a stored row."""
    mention = Mention(
        id=row["_id"],
        author=row["author"],
        posted_at=moment_of(row["posted_at"]),
        collected_at=moment_of(row["collected_at"]),
        text=row["text"],
        kind=Kind(row["kind"]),
        parent=row.get("parent"),
        thread=row.get("thread"),
        addressed=tuple(_addressed(entry) for entry in row.get("addressed", ())),
        metrics=dict(row.get("metrics", ())),
        language=row.get("said_language", ""),
        url=row.get("url"),
        edited_at=some_moment(row.get("edited_at")),
        deleted_at=some_moment(row.get("deleted_at")),
    )
    sentiment = Sentiment(row.get("compound"), Label(row["label"]), row["scorer"])
    return Heard(mention, Reading(tuple(row["brands"]), row["language"], LanguageBasis(row["basis"]), sentiment))


def account_row(account: Account) -> dict[str, Any]:
    """An account as it is stored."""
    row = {
        "_id": account.id,
        "handle": account.handle,
        "at": f"{account.platform}:@{account.handle.lstrip('@').lower()}",
        "observed_at": micros(account.observed_at),
        "name": account.name,
        "followers": account.followers,
        "created_at": some_micros(account.created_at),
        "url": account.url,
    }
    return without_nothing(row)


def account_of(row: Mapping[str, Any]) -> Account:
    """The account of a stored row."""
    return Account(
        id=row["_id"],
        handle=row["handle"],
        observed_at=moment_of(row["observed_at"]),
        name=row["name"],
        followers=row.get("followers"),
        created_at=some_moment(row.get("created_at")),
        url=row.get("url"),
    )


def coverage_row(coverage: Coverage) -> dict[str, Any]:
    """A noted span as it is stored."""
    return {
        "_id": coverage.id,
        "source": coverage.source,
        "brand": coverage.brand,
        "start": micros(coverage.start),
        "end": micros(coverage.end),
        "query": coverage.query,
        "seen": coverage.seen,
        "why": coverage.why,
    }


def coverage_of(row: Mapping[str, Any]) -> Coverage:
    """The noted span of a stored row."""
    return Coverage(
        id=row["_id"],
        source=row["source"],
        brand=row["brand"],
        start=moment_of(row["start"]),
        end=moment_of(row["end"]),
        query=row.get("query", ""),
        seen=Seen(row.get("seen", Seen.COVERED)),
        why=row.get("why", ""),
    )


def progress_row(progress: Progress) -> dict[str, Any]:
    """How far a source has come as it is stored."""
    row = {
        "_id": progress.source,
        "query": progress.query,
        "cursor": progress.cursor,
        "due_at": some_micros(progress.due_at),
        "covered_from": some_micros(progress.covered_from),
        "covered_to": some_micros(progress.covered_to),
        "finished_at": some_micros(progress.finished_at),
        "revisited_at": some_micros(progress.revisited_at),
        "revisiting": progress.revisiting,
        "failures": progress.failures,
        "trouble": progress.trouble,
        "delayed_by": progress.delayed_by,
        "version": progress.version,
    }
    return without_nothing(row)


def progress_of(row: Mapping[str, Any]) -> Progress:
    """The progress of a stored row."""
    return Progress(
        source=row["_id"],
        query=row["query"],
        cursor=row["cursor"],
        due_at=some_moment(row.get("due_at")),
        covered_from=some_moment(row.get("covered_from")),
        covered_to=some_moment(row.get("covered_to")),
        finished_at=some_moment(row.get("finished_at")),
        revisited_at=some_moment(row.get("revisited_at")),
        revisiting=row["revisiting"],
        failures=row["failures"],
        trouble=row["trouble"],
        delayed_by=row["delayed_by"],
        version=row.get("version", 0),
    )


def event_row(event: Event) -> dict[str, Any]:
    """An event as it is stored, but for its `position`. Raises Invalid when its body is not JSON."""
    return {
        "_id": event.id,
        "kind": event.kind,
        "at": micros(event.at),
        "subject": event.subject,
        "body": json_of(event.body),
    }


def event_of(row: Mapping[str, Any]) -> Event:
    """The event of a stored row."""
    return Event(row["_id"], EventKind(row["kind"]), moment_of(row["at"]), row["subject"], orjson.loads(row["body"]))


def page_row(page: ArchivedPage) -> dict[str, Any]:
    """An archived page as it is stored. Raises Invalid when its text cannot be written down."""
    return {
        "_id": page.id,
        "source": page.source,
        "fetched_at": micros(page.fetched_at),
        "raw": deflated(page.raw),
        "mentions": [*page.mentions],
    }


def page_of(row: Mapping[str, Any]) -> ArchivedPage:
    """The archived page of a stored row."""
    return ArchivedPage(
        row["_id"], row["source"], moment_of(row["fetched_at"]), inflated(row["raw"]), tuple(row["mentions"])
    )


def _addressed(entry: str) -> tuple[How, str]:
    how, _, account = entry.partition(" ")
    return How(how), account
