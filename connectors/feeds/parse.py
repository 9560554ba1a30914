"""What a feed says, as facts: the entries of RSS and Atom; its client comes in.

An entry's text is its title and, below it, what it says. Its author is who the entry names, else the feed itself. Entries
without a date of publishing keep the time at which they were seen first, which the client remembers for them (`seen`).
"""

from __future__ import annotations

import calendar
import hashlib
import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import feedparser

from connectors.feeds.safety import check_text
from connectors.transport.words import text_of_html
from social_crm.domain.account import Account
from social_crm.domain.clock import ONE_DAY, parse_time
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import Kind, Mention, natural_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.transport.envelopes import Parsed

_MISSHAPEN = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_ID = 200
_MARK = re.compile(r"[\W_]+")
_HEADERS = {"content-type": "application/xml; charset=utf-8"}


def parse_feed(answer: Any, fetched_at: datetime, address: str, host: str, undated: dict[str, str] | None = None) -> Parsed:
    """The entries of a feed: `{"text": its XML, "seen": {id: when first seen}}`. Raises Invalid when it is no feed.

    Into `undated` goes when the entries without a date of publishing were seen first, for the next `seen`.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str) or not isinstance(answer.get("seen"), dict):
        raise Invalid("not an answer of a feed that was written to the archive")
    text, seen = answer["text"], answer["seen"]
    check_text(text, address)
    read = feedparser.parse(
        io.BytesIO(text.encode()), response_headers=_HEADERS, sanitize_html=False, resolve_relative_uris=False
    )
    if not read.entries and not read.version:
        raise Invalid(f"{address} is no feed: give the address of RSS or Atom, not of a page")
    feed = _Feed(address, host, read, fetched_at)
    mentions: dict[str, Mention] = {}
    faults: list[tuple[str, Any]] = []
    for entry in read.entries:
        try:
            mention = feed.mention(entry, seen)
        except Invalid as error:
            faults.append((error.message, _raw(entry)))
        except _MISSHAPEN as error:
            faults.append((f"not an entry of a feed: {type(error).__name__} {error}"[:200], _raw(entry)))
        else:
            mentions.setdefault(mention.id, mention)
            if undated is not None and _moment(entry, "published_parsed", fetched_at) is None:
                undated.setdefault(mention.id, mention.posted_at.isoformat())
    return list(mentions.values()), list(feed.accounts.values()), faults


def is_of(own_id: str, address: str, host: str) -> bool:
    """Whether a mention may be an entry of a feed, by its id.

    An id that its site gives to the whole world (an address, a URN) does not tell which of a host's feeds showed it.
    """
    place = f"feeds:{host}/"
    rest = own_id.removeprefix(place)
    return own_id.startswith(place) and (":" in rest or rest.startswith(f"{_digest(address)}/"))


class _Feed:
    """A feed that was read: makes its entries mentions, and collects who wrote them."""

    def __init__(self, address: str, host: str, read: Any, fetched_at: datetime) -> None:
        self._address, self._host, self._fetched_at = address, host, fetched_at
        self._is_rss = str(read.version or "").startswith("rss")
        self._title = self._words(read.feed.get("title_detail"))
        self.accounts: dict[str, Account] = {}

    def mention(self, entry: Any, seen: Mapping[str, str]) -> Mention:
        """An entry as a mention. Raises Invalid when it has nothing to be known by, or says nothing."""
        own = natural_id("feeds", f"{self._host}/{self._own(entry)}")
        text = self._text(entry)
        if not text:
            raise Invalid("an entry without a word")
        published, updated = (_moment(entry, field, self._fetched_at) for field in ("published_parsed", "updated_parsed"))
        posted_at = published or (parse_time(seen[own]) if own in seen else None) or updated or self._fetched_at
        return Mention(
            id=own,
            author=self._author(entry),
            posted_at=posted_at,
            collected_at=self._fetched_at,
            text=text,
            kind=Kind.POST,
            thread=own,
            url=_link(entry),
            edited_at=updated if updated and updated > posted_at else None,
        )

    def _own(self, entry: Any) -> str:
        """What the entry is known by. A bare word or number is unique in its feed only, so the feed stands before it."""
        told = str(entry.get("id") or entry.get("link") or "").strip()
        if not told:
            raise Invalid("an entry with neither an id nor a link: nobody could know it again")
        if len(told) > _LONGEST_ID or not told.isprintable():
            told = f"digest:{_digest(told)}"
        return told if ":" in told else f"{_digest(self._address)}/{told}"

    def _text(self, entry: Any) -> str:
        title = self._words(entry.get("title_detail"))
        bodies = [self._words(piece) for piece in (*(entry.get("content") or ()), entry.get("summary_detail"))]
        said = next(filter(None, bodies), "")
        return "\n\n".join(dict.fromkeys(filter(None, (title, said))))

    def _words(self, piece: Any) -> str:
        """The text of a title, a summary or a content. RSS knows no types: HTML is what everybody writes there."""
        value = piece.get("value") if piece else None
        if not isinstance(value, str):
            return ""
        return text_of_html(value) if self._is_rss or "html" in str(piece.get("type")) else value.strip()

    def _author(self, entry: Any) -> str:
        name = _name(entry)
        slug = _MARK.sub("-", name.casefold()).strip("-")[:100]
        own = natural_id("feeds", f"{self._host}/{slug}" if slug else self._host)
        handle, shown = (slug, name) if slug else (self._host, self._title)
        self.accounts.setdefault(own, Account(own, handle, self._fetched_at, shown))
        return own


def _name(entry: Any) -> str:
    """Whom the entry names. Of a bare mail address only what stands before the @ is kept."""
    detail = entry.get("author_detail") or {}
    name = str(detail.get("name") or entry.get("author") or "").strip()
    return name.partition("@")[0] if " " not in name else name


def _moment(entry: Any, field: str, now: datetime) -> datetime | None:
    """A date of an entry, in UTC; None where it has none that can be: nothing is from before 1970 or from tomorrow."""
    if field not in entry or entry[field] is None:
        return None
    try:
        moment = datetime.fromtimestamp(calendar.timegm(entry[field]), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return moment if _EPOCH <= moment <= now + ONE_DAY else None


def _link(entry: Any) -> str | None:
    link = str(entry.get("link") or "")
    return link if link.startswith(("http://", "https://")) and link.isprintable() else None


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _raw(entry: Any) -> dict[str, str]:
    return {key: str(entry[key])[:500] for key in ("id", "link", "title", "published", "summary") if key in entry}
