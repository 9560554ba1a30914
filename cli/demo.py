"""`social-crm demo`: a year collected through loopback platforms, its report beside the truth, and the API to try."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from cli.compose import the_store
from cli.logs import configure
from cli.progress import progress
from cli.serve import serve_store
from cli.show import say, show_retention
from cli.strip import LEGEND, calendar_strip
from cli.town import Year
from demo.town import BROKEN, Town
from demo.world import build
from jobs.read_ahead import collect_garbage_rarely
from jobs.roll_up import roll_up
from social_crm.domain.platform import PLATFORMS
from social_crm.domain.span import Span
from social_crm.services import access, reports, sources

if TYPE_CHECKING:
    from cli.settings import Settings
    from demo.planted import Retention
    from demo.world import World
    from social_crm.ports import Store

_FORTNIGHT = timedelta(days=14)


@click.command()
@click.option("--seed", default=7, show_default=True, help="Another number makes another world.")
@click.option("--people", "people", type=click.IntRange(50, 5_000), default=600, show_default=True)
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="Where to serve the API.")
@click.option("--serve/--no-serve", default=True, show_default=True, help="Serve the API at the end.")
@click.pass_obj
def demo(settings: Settings, seed: int, people: int, port: int, *, serve: bool) -> None:
    """Collect a small world, report on it beside the planted truth, and serve the API on loopback. Nothing is kept.

    Seven small servers on this machine stand for X, Reddit, Mastodon, Bluesky, YouTube, Hacker News and a forum of
    Discourse. The same collectors that ask the real platforms ask these, by a clock that runs through a year in seconds.
    """
    configure("error")  # an outage is planned: what comes of it is told below
    collect_garbage_rarely()
    with tempfile.TemporaryDirectory(prefix="social-crm-demo-") as folder:
        ours = replace(settings, store=f"sqlite:///{Path(folder) / 'demo.db'}", log_level="warning")
        with the_store(ours) as store:
            town = _run(store, seed, people)
            if serve:
                _invite(store, port, town)
                serve_store(store, ours, "127.0.0.1", port)


def _run(store: Store, seed: int, people: int) -> Town:
    started = time.monotonic()
    world = build(seed, people=people)
    _step(started, f"Built a world of {len(world.brands)} brands, {len(world.people):,} people with "
                   f"{len(world.accounts):,} accounts, and {len(world.mentions):,} mentions over a year.")  # fmt: skip
    with Town(world) as town:
        _step(started, f"Opened {len(town.servers)} platforms on this machine, on which that year goes by.")
        year = _collected(store, town)
    _step(started, f"Collected it as it went by: {year.taken.new:,} mentions new, {year.taken.changed:,} changed since, "
                   f"{year.taken.same:,} met again and known already, {year.unmatched:,} that name no brand.")  # fmt: skip
    _tell(store, year)
    days = roll_up(store, town.clock)
    _step(started, f"Rolled {days:,} days up, and linked accounts to people by {len(world.links):,} links.")
    _report(store, town)
    _show_platforms(store, town)
    _step(started, "Done.")
    return town


def _collected(store: Store, town: Town) -> Year:
    with progress("Collecting a year", "mentions") as tell:
        year = Year(store, town, tell)
        year.collect()
    return year


def _tell(store: Store, year: Year) -> None:
    """What happened in the year besides new mentions, and whether all of it is in the store."""
    changed = [mention for mention in year.town.world.mentions if mention.edited_at or mention.deleted_at]
    deleted = sum(mention.deleted_at is not None for mention in changed)
    right = sum(store.mentions.get(mention.id).mention.text == mention.text for mention in changed)
    click.echo(
        f"  {len(changed) - deleted:,} mentions were edited and {deleted:,} deleted after they were posted: the store has "
        f"{right:,} of {len(changed):,} as they are now."
    )
    outage = year.town.outage
    if outage is not None:
        away = f"from {outage.start:%Y-%m-%d %H:%M} to {outage.end:%Y-%m-%d %H:%M}"
        vain = sum(entry.status >= HTTPStatus.INTERNAL_SERVER_ERROR for entry in year.town.servers[BROKEN].log)
        click.echo(
            f"  {PLATFORMS[BROKEN].title} was out of order {away}: {vain:,} requests were in vain, and what was said "
            "meanwhile was read when it was back.\n"
        )
        _show_strip(store, f"{year.town.world.brands[0].id}-{BROKEN}", outage, year.town.clock())


def _show_strip(store: Store, source_id: str, outage: Span, now: datetime) -> None:
    span = fortnight(outage)
    click.echo(f"  What the source {source_id} vouches for, two weeks around it:\n")
    say(calendar_strip(sources.coverage(store, source_id, span), now))
    click.echo(f"{LEGEND}\n")


def fortnight(outage: Span) -> Span:
    """Two whole weeks with an outage in them."""
    start = outage.start.replace(hour=0, minute=0) - _FORTNIGHT // 2
    return Span(start, start + _FORTNIGHT)


def _report(store: Store, town: Town) -> None:
    world, now = town.world, town.clock()
    bodies = {brand.id: _ask(store, brand.id, now) for brand in world.brands}
    first = world.brands[0]
    click.echo(f"\nHow many of January's people are still with {first.name} in March?\n")
    show_retention(bodies[first.id])
    click.echo("\nThe truth that was planted in the world, read off its plan and not off its mentions:\n")
    say(_planted(world, world.planted[first.id]))
    for brand in world.brands:
        click.echo(verdict(brand.name, bodies[brand.id], world.planted[brand.id]))


def verdict(name: str, body: Any, planted: Retention) -> str:
    """One line: in how many cells of both tables the report equals the planted truth."""
    right = total = 0
    for measured, truth in ((body["recurring"], planted.recurring), (body["first_time"], planted.first_time)):
        for row, true_row in zip(measured["rows"], truth, strict=False):
            total += len(true_row)
            right += sum(cell["n"] == n for cell, n in zip(row["cells"], true_row, strict=False))
    expected = sum(len(row) for table in (planted.recurring, planted.first_time) for row in table)
    return f"{name}: {right} of {expected} cells equal the planted truth" + (
        "." if right == total == expected else " - WRONG."
    )


def _ask(store: Store, brand_id: str, now: datetime) -> Any:
    return reports.retention(store, reports.RetentionQuestion(brands=(brand_id,)), now).body


def _planted(world: World, truth: Retention) -> Table:
    shown = Table(title="Planted, recurring", title_justify="left", box=None, pad_edge=False)
    shown.add_column("cohort")
    shown.add_column("people", justify="right")
    for k in range(1, len(truth.recurring)):
        shown.add_column(f"+{k}", justify="right")
    for month, row in zip(world.months, truth.recurring, strict=True):
        shown.add_row(f"{month:%Y-%m}", f"{row[0]:,}", *(f"{100 * n / row[0]:.1f}" if row[0] else "." for n in row[1:]))
    return shown


def _show_platforms(store: Store, town: Town) -> None:
    """A line for each platform: how many of its mentions are stored, how many requests that took, what was asked for."""
    tables = [store.mentions.table(brand.id)["id"].to_list() for brand in town.world.brands]
    stored = {own for table in tables for own in table}
    shown = Table("platform", "mentions", "requests", "asked for", box=None, pad_edge=False)
    for name, server in town.servers.items():
        count = sum(own.startswith(f"{name}:") for own in stored)
        queries = dict.fromkeys(listing.queries[name] for listing in town.world.listings)
        shown.add_row(PLATFORMS[name].title, f"{count:,}", f"{len(server.log):,}", ", ".join(queries))
    for column in shown.columns[1:3]:
        column.justify = "right"
    click.echo("\nWhere it was collected from, each brand by a source of its own:\n")
    say(shown)


def _invite(store: Store, port: int, town: Town) -> None:
    _, text = access.issue(store, "demo", ("*",), town.clock())
    brand = town.world.brands[0].id
    asked = ["/v1/brands", f"/v1/reports/retention?brand={brand}&format=csv"]
    if town.outage is not None:
        span = fortnight(town.outage)
        asked.append(
            f"/v1/sources/{brand}-{BROKEN}/coverage?start={span.start:%Y-%m-%dT%H:%MZ}&end={span.end:%Y-%m-%dT%H:%MZ}"
        )
    click.echo("\nThe API, with a key to try that ends with this demo:\n")
    for path in asked:
        click.echo(f'  curl -H "Authorization: Bearer {text}" "http://127.0.0.1:{port}{path}"')
    click.echo(f"  open http://127.0.0.1:{port}/docs\n")


def _step(started: float, line: str) -> None:
    click.echo(f"[{time.monotonic() - started:4.1f} s] {line}")
