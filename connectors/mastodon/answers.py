"""Mastodon's kinds of answers: lists, searches, notifications, look-ups and contexts; its client comes in."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from connectors.mastodon.fields import MISSHAPEN, moment, natural, number_of, time_of
from connectors.mastodon.parse import is_private, parse_status
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.transport.envelopes import Parse, Parsed
    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention

TIMELINE, SEARCH, NOTIFICATIONS, LOOK_UP, CONTEXT = "timeline", "search", "notifications", "statuses", "context"
_OLDEST = datetime.min.replace(tzinfo=UTC)


def parsers(server: str) -> Mapping[str, Parse]:
    """The parser of each kind of answer of a server. Each raises Invalid when the answer is not of its kind."""
    return {kind: partial(_parse, kind, server) for kind in (TIMELINE, SEARCH, NOTIFICATIONS, LOOK_UP, CONTEXT)}


def numbers(kind: str, answer: Any) -> list[tuple[int, datetime]]:
    """The items of a listing, by the number by which the server sorts, each with its place in time.

    That is when the number was made, or when the item was written where that is later: numbers of notifications tell no
    time, and those of old or other servers neither. Items without a number are left out.
    """
    items = [item for item in items_of(kind, answer) if isinstance(item, dict)]
    found = [(number_of(item.get("id")), _written(item)) for item in items]
    return [(number, max(time_of(number), written)) for number, written in found if number is not None]


def items_of(kind: str, answer: Any) -> list[Any]:
    """The items of an answer. Raises Invalid when it has none, not even an empty list."""
    try:
        found = _list(kind, answer)
    except MISSHAPEN:
        found = None
    if not isinstance(found, list):
        raise Invalid(f"not an answer of Mastodon of the kind {kind}: it has no list of items")
    return found


def without_private(kind: str, answer: Any) -> bool:
    """Take the words of private statuses out of an answer; says whether there were any. Their ids stay, for counting."""
    found = False
    items = [item for item in items_of(kind, answer) if isinstance(item, dict)]
    waiting = [item.get("status") for item in items] if kind == NOTIFICATIONS else items
    while waiting:
        status = waiting.pop()
        if not isinstance(status, dict):
            continue
        if is_private(status):
            kept = {name: status[name] for name in ("id", "visibility") if name in status}
            found = found or len(kept) < len(status)
            status.clear()
            status.update(kept)
        quote = status.get("quote")
        waiting += [status.get("reblog"), quote, quote.get("quoted_status") if isinstance(quote, dict) else None]
    return found


def looked_up(statuses: bytes, threads: Mapping[str, str]) -> bytes:
    """The answer to a look-up, with what is known of threads: our id of each status to our id of its thread."""
    return b'{"threads":' + orjson.dumps(threads) + b',"statuses":' + statuses + b"}"


def in_context(context: bytes, of: str) -> bytes:
    """The answer to a question for a context, with our id of the status that it was asked of."""
    return b'{"of":' + orjson.dumps(of) + b',"context":' + context + b"}"


def _parse(kind: str, server: str, answer: Any, collected_at: datetime) -> Parsed:
    threads = answer.get("threads") if kind == LOOK_UP and isinstance(answer, dict) else {}
    root = _root(server, answer) if kind == CONTEXT else None
    mentions: list[Mention] = []
    accounts: dict[str, Account] = {}
    faults: list[tuple[str, Any]] = []
    for item in items_of(kind, answer):
        try:
            status = _status(item) if kind == NOTIFICATIONS else item
            known = root or (_known(threads, server, status) if threads else None)
            mention, faces = parse_status(status, server, collected_at, known)
        except Invalid as error:
            faults.append((error.message, item))
        else:
            mentions.append(mention)
            accounts |= {face.id: face for face in reversed(faces)}
    return mentions, tuple(accounts.values()), faults


def _list(kind: str, answer: Any) -> Any:
    if kind == CONTEXT:
        return [*answer["context"]["ancestors"], *answer["context"]["descendants"]]
    return answer["statuses"] if kind in {SEARCH, LOOK_UP} else answer


def _status(notification: Any) -> Any:
    status = notification.get("status") if isinstance(notification, dict) else None
    if status is None:
        raise Invalid("a notification without a status: what it told of is gone")
    return status


def _known(threads: Any, server: str, status: Any) -> str | None:
    """Our id of the thread of a status, where the look-up knew it."""
    if not isinstance(threads, dict) or not isinstance(status, dict):
        return None
    found = threads.get(natural(server, status.get("id")))
    return found if isinstance(found, str) else None


def _root(server: str, answer: Any) -> str:
    """The root of a context: its first ancestor, else what it was asked of."""
    try:
        above = answer["context"]["ancestors"]
        return natural(server, above[0].get("id")) if above else str(answer["of"])
    except MISSHAPEN as error:
        raise Invalid("not a context of Mastodon: it does not say what it is the context of") from error


def _written(item: Mapping[str, Any]) -> datetime:
    try:
        return moment(item.get("created_at"), "created_at")
    except Invalid:
        return _OLDEST
