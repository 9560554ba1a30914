"""Events: what happened; the route table comes in."""

from typing import Annotated

from pydantic import Field

from api import cursor, wire
from api.operation import Call, operation
from api.shapes import Cursor, Limit, Strict
from api.wire import Answer
from social_crm.services import events

_SCOPE = b"events"


class EventQuery(Strict):
    """Where to go on, and how far."""

    after: (
        Annotated[Cursor, Field(description="`next_cursor` of the answer before; without it, from the first event")] | None
    ) = None
    limit: Limit = 50


@operation("GET", "/v1/events", permission="events:read", query=EventQuery, answers={200: (wire.EventPage,)})
async def list_events(call: Call[EventQuery]) -> Answer:
    """What happened, in the order in which it was told; nothing is told twice or before what came earlier.

    `next_cursor` is always there. While `more` is true, follow it (or the Link header) at once; at the end, ask with it
    again later to hear what has happened since.
    """
    asked, secret = call.query, await call.bridge.secret("cursor")
    position = 0 if asked.after is None else cursor.unseal_number(secret, _SCOPE, asked.after, "after")
    found = await call.ask(events.after, position, asked.limit + 1)  # one more shows whether there is more
    told, more = found[: asked.limit], len(found) > asked.limit
    onward = cursor.seal_number(secret, _SCOPE, told[-1][0] if told else position)
    headers = {"Link": f'<{call.request.rel_url.update_query(after=onward)}>; rel="next"'} if more else {}
    items = [wire.event(event) for _, event in told]
    return Answer({"items": items, "next_cursor": onward, "more": more}, headers=headers)
