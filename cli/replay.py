"""`social-crm replay`: reads the archived pages of a source again, without asking its platform."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from cli.compose import now, the_store
from cli.listening import to_all_brands
from cli.live import Opener, sealer_of
from cli.progress import progress
from cli.wording import counted
from jobs.replay import replay as replay_pages
from social_crm.domain.span import Span
from social_crm.services import sources

if TYPE_CHECKING:
    from cli.settings import Settings


@click.command()
@click.argument("source_id", metavar="SOURCE")
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="How far back.")
@click.pass_obj
def replay(settings: Settings, source_id: str, days: int) -> None:
    """Take the archived pages of SOURCE in again, oldest first. Nothing is asked of the platform, nothing is spent.

    For when a parser or the terms of a brand have become better: mentions that are stored stay, what is read better is
    replaced. Needs SOCIAL_CRM_ARCHIVE_DAYS to have been set when the pages were collected.
    """
    with the_store(settings) as store:
        setup = sources.get(store, source_id).setup
        opened = Opener(sealer_of(settings))(setup)
        span = Span(now() - timedelta(days=days), now() + timedelta(hours=1))
        try:
            with progress(f"Replaying {source_id}", "pages") as tell:
                done = replay_pages(store, setup, opened.read, to_all_brands(store), span, lambda pages: tell(0, 0, pages))
        finally:
            opened.close()
    if not done.pages:
        click.echo(f"No page of {source_id} is archived: set SOCIAL_CRM_ARCHIVE_DAYS to keep them from now on.")
        return
    taken = done.taken
    click.echo(
        f"{source_id}: {counted(done.pages, 'page')} read again: {taken.new:,} new, {taken.changed:,} changed, "
        f"{taken.same:,} as they were, {done.unmatched:,} that name no brand of yours, {done.rejected:,} rejected."
    )
