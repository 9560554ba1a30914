"""`social-crm serve`: the HTTP API, until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import signal
from typing import TYPE_CHECKING

import click
from aiohttp import web

from api.app import SERVER, create_app
from api.bridge import Bridge
from cli.compose import now, the_store
from cli.live import sealer_of
from cli.logs import configure
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from cli.settings import Settings
    from social_crm.ports import Store

REASONS = {errno.EADDRINUSE: "it is in use", errno.EACCES: "this user may not listen there"}


@click.command()
@click.option("--host", help="Where to listen [SOCIAL_CRM_HOST].")
@click.option("--port", type=click.IntRange(0, 65_535), help="On which port, 0 for any free one [SOCIAL_CRM_PORT].")
@click.pass_obj
def serve(settings: Settings, host: str | None, port: int | None) -> None:
    """Serve the API and its documentation."""
    configure(settings.log_level)
    with the_store(settings) as store:
        serve_store(store, settings, host or settings.host, settings.port if port is None else port)


def serve_store(store: Store, settings: Settings, host: str, port: int) -> None:
    """Serve a store until SIGINT or SIGTERM.

    Raises Invalid when nobody can listen at that place, or the secrets file cannot be read.
    """
    sealer = sealer_of(settings)
    bridge = Bridge(store, now, threads=settings.threads)
    try:
        asyncio.run(_serve(create_app(bridge, sealer=sealer, loopback=settings.loopback_sources == 1), host, port))
    finally:
        bridge.close()


async def _serve(app: web.Application, host: str, port: int) -> None:
    runner = web.AppRunner(app, shutdown_timeout=5, handler_cancellation=True, **SERVER)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        await _told_to_stop()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        reason = REASONS.get(error.errno or 0, error.strerror or "unknown reason")
        raise Invalid(f"cannot listen at {host}:{port}: {reason}; choose another with --port or SOCIAL_CRM_PORT") from error
    for address in runner.addresses:
        click.echo(f"Serving at http://{address[0]}:{address[1]} - documentation at /docs, stop with Ctrl-C.", err=True)


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
