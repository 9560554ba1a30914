"""Mentions: what was said; the route table comes in."""

import orjson
from pydantic import ConfigDict
from yarl import URL

from api import cursor, wire
from api.operation import Call, operation
from api.shapes import Cursor, Limit, Line, Moment, Platform, Strict
from api.wire import Answer
from social_crm.domain.mention import Kind
from social_crm.domain.reading import Label
from social_crm.ports import Heard, MentionFilter
from social_crm.services import mentions


class MentionQuery(Strict):
    """Which mentions to list; what is left out lets everything through."""

    model_config = ConfigDict(use_enum_values=True)  # stores compare plain text

    brand: Line | None = None
    author: Line | None = None
    platform: Platform | None = None
    kind: Kind | None = None
    label: Label | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@operation("GET", "/v1/mentions", permission="mentions:read", query=MentionQuery, answers={200: (wire.MentionPage,)})
async def list_mentions(call: Call[MentionQuery]) -> Answer:
    """Mentions, newest first, `since` inclusive and `until` exclusive; follow `next_cursor` or the Link header."""
    only = MentionFilter(**call.query.model_dump(exclude={"limit", "cursor"}))
    found, onward = await _page(call, only, await call.bridge.secret("cursor"))
    headers = {} if onward is None else {"Link": _next(call.request.rel_url, onward)}
    return Answer({"items": [wire.mention(heard) for heard in found], "next_cursor": onward}, headers=headers)


@operation("GET", "/v1/mentions/{mention_id}", permission="mentions:read", answers={200: (wire.MentionShape,)})
async def read_mention(call: Call) -> Answer:
    """One mention with what we made of it."""
    return Answer(wire.mention(await call.ask(mentions.get, call.part("mention_id"))))


async def _page(call: Call[MentionQuery], only: MentionFilter, secret: bytes) -> tuple[tuple[Heard, ...], str | None]:
    scope, text, limit = b"mentions" + orjson.dumps(only), call.query.cursor, call.query.limit
    after = None if text is None else cursor.unseal(secret, scope, text)
    found = await call.ask(mentions.page, only, after, limit + 1)  # one more shows whether there is a next page
    if len(found) <= limit:
        return found, None
    last = found[limit - 1].mention
    return found[:limit], cursor.seal(secret, scope, (last.posted_at, last.id))


def _next(here: URL, onward: str) -> str:
    return f'<{here.update_query(cursor=onward)}>; rel="next"'
