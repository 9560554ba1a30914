"""Sources: where we listen; the route table comes in."""

from aiohttp import web

from api import wire_sources
from api.conditions import Conditions, conditions, tag
from api.operation import Call, operation
from api.shapes import Nothing
from api.source_body import PauseBody, SourceBody
from api.wire import Answer
from social_crm.domain.source import SourceSetup
from social_crm.ports import Store
from social_crm.services import sources
from social_crm.services.sealing import Sealer
from social_crm.services.sources import Standing

# What the application was made with: what seals credentials, and whether sources may speak to this machine.
SEALER = web.AppKey("sealer", Sealer)
LOOPBACK = web.AppKey("loopback", bool)

_ANY_VERSION = {"If-Match": "the ETag that was read: 412 when the source was edited since; * for any"}


@operation("GET", "/v1/sources", permission="sources:read", answers={200: (wire_sources.SourceList,)})
async def list_sources(call: Call) -> Answer:
    """All sources, by id."""
    return Answer({"items": [wire_sources.source(one) for one in await call.ask(sources.list_all)]})


@operation("GET", "/v1/sources/{source_id}", permission="sources:read", answers={200: (wire_sources.SourceShape,)})
async def read_source(call: Call) -> Answer:
    """One source, with its version as ETag."""
    return _answer(await call.ask(sources.get, call.part("source_id")))


@operation(
    "PUT",
    "/v1/sources/{source_id}",
    permission="sources:write",
    body=SourceBody,
    answers={200: (wire_sources.SourceShape,), 201: (wire_sources.SourceShape,)},
    headers={**_ANY_VERSION, "If-None-Match": "* when the source must not exist yet: 412 when it does"},
)
async def put_source(call: Call[Nothing, SourceBody]) -> Answer:
    """Add a source or replace it; the same again is harmless. Without a precondition the last write wins.

    Fields that are left out get their defaults; only credentials stay as they are, unless the source moves to another
    platform or server, where they must be given again.
    """
    app = call.request.app
    given, source_id = conditions(call.request), call.part("source_id")
    put = await call.ask(_put, source_id, call.body, given, app[SEALER], loopback=app[LOOPBACK])
    return _answer(put, 201 if put.setup.version == 1 else 200)


@operation(
    "POST",
    "/v1/sources/{source_id}/pause",
    permission="sources:write",
    body=PauseBody,
    answers={200: (wire_sources.SourceShape,)},
    headers=_ANY_VERSION,
)
async def pause_source(call: Call[Nothing, PauseBody]) -> Answer:
    """Stop collecting a source after the page under way; the same again is harmless."""
    return _answer(await call.ask(_pause, call.part("source_id"), conditions(call.request), call.body.reason))


@operation(
    "POST",
    "/v1/sources/{source_id}/resume",
    permission="sources:write",
    answers={200: (wire_sources.SourceShape,)},
    headers=_ANY_VERSION,
)
async def resume_source(call: Call) -> Answer:
    """Collect a source again from where it was; the same again is harmless."""
    return _answer(await call.ask(_resume, call.part("source_id"), conditions(call.request)))


def _answer(standing: Standing, status: int = 200) -> Answer:
    return Answer(wire_sources.source(standing), status, tag(standing.setup))


def _put(store: Store, source_id: str, body: SourceBody, given: Conditions, sealer: Sealer, *, loopback: bool) -> Standing:
    setup = SourceSetup(id=source_id, **body.model_dump(exclude={"credentials"}))
    stored = given.put(
        f"source {source_id}",
        lambda: store.sources.get(source_id),
        lambda expect: sources.put(store, setup, body.credentials, sealer, expect=expect, loopback=loopback),
    )
    return Standing(stored, sources.get(store, source_id).progress)


def _pause(store: Store, source_id: str, given: Conditions, reason: str) -> Standing:
    known = sources.get(store, source_id)
    expect = given.expected(f"source {source_id}", known.setup.version)
    return Standing(sources.pause(store, source_id, reason, expect), known.progress)


def _resume(store: Store, source_id: str, given: Conditions) -> Standing:
    known = sources.get(store, source_id)
    expect = given.expected(f"source {source_id}", known.setup.version)
    return Standing(sources.resume(store, source_id, expect), known.progress)
