"""The table of routes and the application made of it; the composition root comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from api import docs
from api.auth import GATE, Gate
from api.body import MOST_BYTES
from api.bridge import BRIDGE, Bridge
from api.errors import problems
from api.handlers import brands, coverage, events, health, mentions, platforms, reports, sources
from api.handlers.docs import DOCUMENT, PAGE, read_docs, read_openapi
from api.handlers.sources import LOOPBACK, SEALER
from api.log import log_requests, mark
from api.openapi import document
from api.operation import check
from social_crm.services.sealing import Sealer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.operation import Operation

ROUTES: tuple[Operation, ...] = (
    health.healthz,
    health.readyz,
    brands.list_brands,
    brands.read_brand,
    brands.put_brand,
    platforms.list_platforms,
    sources.list_sources,
    sources.read_source,
    sources.put_source,
    sources.pause_source,
    sources.resume_source,
    coverage.read_coverage,
    mentions.list_mentions,
    mentions.read_mention,
    reports.report_retention,
    reports.list_retention_people,
    reports.read_report,
    events.list_events,
    read_openapi,
    read_docs,
)


# What whoever runs the application must tell the server: no log of its own, which would hold queries, and no unpacking of
# bodies before anybody has asked who sends them.
SERVER: Mapping[str, Any] = {"access_log": None, "auto_decompress": False}


def create_app(
    bridge: Bridge,
    operations: tuple[Operation, ...] = ROUTES,
    *,
    sealer: Sealer | None = None,
    loopback: bool = False,
) -> web.Application:
    """The application over a bridge, which whoever made it closes. Raises Invalid when an operation has no permission.

    `sealer` encrypts the credentials of sources; without one, sources that need credentials are refused. `loopback` lets
    sources speak to this machine.
    """
    check(operations)
    app = web.Application(middlewares=[log_requests, problems], client_max_size=MOST_BYTES)
    app[BRIDGE], app[GATE] = bridge, Gate(bridge)
    app[SEALER], app[LOOPBACK] = Sealer() if sealer is None else sealer, loopback
    written = document(operations)
    app[DOCUMENT], app[PAGE] = orjson.dumps(written), (docs.page(written), docs.POLICY)
    app.on_response_prepare.append(mark)
    app.add_routes([web.route(item.method, item.path, item.answer) for item in operations])  # HEAD comes with GET
    return app
