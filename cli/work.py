"""`social-crm work`: the worker, until it is told to stop."""

from __future__ import annotations

import random
import signal
import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from cli.compose import now, the_store
from cli.logs import configure
from jobs.refresh_reports import refresh_reports
from jobs.roll_up import roll_up
from jobs.worker import Worker
from social_crm.domain.errors import Conflict

if TYPE_CHECKING:
    from cli.settings import Settings


@click.command()
@click.option("--once", is_flag=True, help="Do every job once and end.")
@click.pass_obj
def work(settings: Settings, *, once: bool) -> None:
    """Do the repeated work: roll changed days up and keep the reports fresh. SIGTERM ends it after the job under way."""
    configure(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with the_store(settings) as store:
        chores = {"roll_up": partial(roll_up, store, now), "refresh_reports": partial(refresh_reports, store, now)}
        wait = (lambda _seconds: True) if once else stop.wait
        worker = Worker(chores, now, wait, random.Random(), timedelta(seconds=settings.work_every))  # noqa: S311 - jitter
        worker.run()
    if once and worker.failed:
        raise Conflict("not every job could be done: the lines above say why")
