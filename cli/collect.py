"""`social-crm collect`: one source by hand, now, with progress."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import click

from cli.compose import holder, now, the_store
from cli.listening import to_all_brands
from cli.live import Opener, sealer_of
from cli.logs import configure
from cli.progress import progress
from cli.settings import level_beside_lines
from cli.stopping import stopping
from cli.wording import counted, plain, tell
from jobs.collectors import Collectors
from social_crm.domain.errors import Conflict
from social_crm.domain.source import SourceState
from social_crm.services import sources

if TYPE_CHECKING:
    from cli.progress import Tell
    from cli.settings import Settings
    from jobs.collect import Collected
    from social_crm.domain.source import SourceSetup
    from social_crm.ports import Store
    from social_crm.services.sources import Standing


@click.command()
@click.argument("source_id", metavar="SOURCE")
@click.pass_obj
def collect(settings: Settings, source_id: str) -> None:
    """Collect SOURCE now, whenever its schedule says. Ctrl-C ends it after the page under way; again goes on from there."""
    configure(level_beside_lines(settings))
    with the_store(settings) as store:
        before = sources.get(store, source_id)
        if before.setup.state is SourceState.PAUSED:
            raise Conflict(
                f"{source_id} is paused ({before.setup.reason or 'no reason given'}): "
                f"`social-crm source resume {source_id}` lets it be collected"
            )
        done = _collected(store, settings, before.setup)
        _say(before, done)
        if done.trouble:
            raise Conflict(_advice(sources.get(store, source_id).setup, done.trouble))


def _collected(store: Store, settings: Settings, setup: SourceSetup) -> Collected:
    with progress(f"Collecting {setup.id}", "mentions") as show:
        collectors = Collectors(
            store,
            Opener(sealer_of(settings)),
            to_all_brands(store),
            now,
            random.Random(),  # noqa: S311 - jitter
            holder(),
            settings.archive_days > 0,
            told=lambda done: _show(show, done),
        )
        with stopping(collectors.stop, lambda line: tell(line, err=True)):
            return collectors.run_one(setup)


def _show(show: Tell, done: Collected) -> None:
    show(0, 0, done.taken.new + done.taken.changed + done.taken.same)


def _say(before: Standing, done: Collected) -> None:
    own, taken = before.setup.id, done.taken
    click.echo(
        f"{own}: {counted(done.pages, 'page')}: {taken.new:,} new, {taken.changed:,} changed, {taken.same:,} known "
        f"already, {done.deleted:,} deleted, {done.unmatched:,} that name no brand of yours, {done.rejected:,} rejected."
    )
    if done.gaps:
        click.echo(f"{counted(done.gaps, 'gap')}: `social-crm source coverage {own}` shows what was missed.")
    if not done.finished and not done.trouble:
        click.echo("It has not come to its end yet: run it again to go on from there.")
    found = taken.new + taken.changed + taken.same + done.unmatched + done.rejected
    if done.finished and not found and _is_first(before):
        click.echo("Nothing was posted there that answers the query. The ledger begins now: what comes later is collected.")


def _is_first(before: Standing) -> bool:
    """Whether this query has never been walked to its end before."""
    return before.progress.finished_at is None or before.progress.query != before.setup.query


def _advice(after: SourceSetup, trouble: str) -> str:
    """What to do about a run that failed; only rejected credentials pause a source by themselves."""
    own = after.id
    if (after.state, after.reason) == (SourceState.PAUSED, trouble):
        return plain(
            f"{own} is paused now: {trouble}. Give new credentials with `social-crm source add {own} ... --replace "
            f"--credentials FILE`, then `social-crm source resume {own}`"
        )
    return plain(f"{own} was not collected to its end: {trouble}")
