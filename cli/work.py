"""`social-crm work`: the worker, until it is told to stop."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click
import structlog

from cli.compose import holder, now, the_store
from cli.listening import to_all_brands
from cli.live import Opener, sealer_of
from cli.logs import configure
from cli.stopping import stopping
from jobs.collectors import Collectors
from jobs.refresh_reports import refresh_reports
from jobs.replay import prune
from jobs.roll_up import roll_up
from jobs.worker import Worker
from social_crm.domain.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.settings import Settings
    from social_crm.ports import Store

log = structlog.get_logger(__name__)


@click.command()
@click.option("--once", is_flag=True, help="Collect what is due, do every job once, and end.")
@click.pass_obj
def work(settings: Settings, *, once: bool) -> None:
    """Collect the sources that are due, roll changed days up and keep the reports fresh.

    SIGTERM ends it after the page and the job under way, a second one at once. Several workers may run beside each other:
    each source has one at a time, and what one leaves when it dies another takes over within ten seconds.
    """
    configure(settings.log_level)
    stop = threading.Event()
    with the_store(settings) as store:
        collectors = _collectors(store, settings)

        def end(*_: object) -> None:
            stop.set()
            collectors.stop()

        chores = _chores(store, settings)
        wait = (lambda _seconds: True) if once else stop.wait
        worker = Worker(chores, now, wait, random.Random(), timedelta(seconds=settings.work_every))  # noqa: S311 - jitter
        with stopping(end, lambda line: log.warning("worker.stopping", reason=line)):
            if once:
                _do_once(collectors, worker)
            else:
                with _beside(collectors):
                    worker.run()


def _do_once(collectors: Collectors, worker: Worker) -> None:
    """Whatever becomes of a source, the jobs have their turn. Raises Conflict at the end when anything failed."""
    troubles = [done.trouble for done in collectors.run_once() if done.trouble]
    worker.run()
    if worker.failed or troubles:
        raise Conflict("not every job could be done: the lines above say why")


def _collectors(store: Store, settings: Settings) -> Collectors:
    opener, chance = Opener(sealer_of(settings)), random.Random()  # noqa: S311 - jitter
    return Collectors(store, opener, to_all_brands(store), now, chance, holder(), settings.archive_days > 0)


def _chores(store: Store, settings: Settings) -> dict[str, Callable[[], int]]:
    chores: dict[str, Callable[[], int]] = {
        "roll_up": partial(roll_up, store, now),
        "refresh_reports": partial(refresh_reports, store, now),
    }
    if settings.archive_days:
        kept = timedelta(days=settings.archive_days)
        chores["prune"] = partial(prune, store, lambda: now() - kept)
    return chores


@contextmanager
def _beside(collectors: Collectors) -> Iterator[None]:
    """Collect on threads of their own while the jobs go on, so that neither waits for the other."""
    collecting = threading.Thread(target=collectors.run, name="collectors")
    collecting.start()
    try:
        yield
    finally:
        collectors.stop()
        collecting.join()
