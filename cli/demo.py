"""`social-crm demo`: the main job on a seeded world, its report beside the planted truth, and the API to try."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from cli.compose import now, the_store
from cli.serve import serve_store
from cli.show import say, show_retention
from demo.source import DemoSource
from demo.world import build
from jobs.collect import collect
from jobs.roll_up import roll_up
from social_crm.domain.errors import Invalid
from social_crm.services import access, brands, ingest, reports

if TYPE_CHECKING:
    from cli.settings import Settings
    from demo.planted import Retention
    from demo.world import World
    from jobs.collect import Collected
    from social_crm.ports import Store


@click.command()
@click.option("--seed", default=7, show_default=True, help="Another number makes another world.")
@click.option("--people", "people", type=click.IntRange(50, 20_000), default=600, show_default=True)
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="Where to serve the API.")
@click.option("--serve/--no-serve", default=True, show_default=True, help="Serve the API at the end.")
@click.pass_obj
def demo(settings: Settings, seed: int, people: int, port: int, *, serve: bool) -> None:
    """Build a small world, report on it beside the planted truth, and serve the API on loopback. Nothing is kept."""
    with tempfile.TemporaryDirectory(prefix="social-crm-demo-") as folder:
        ours = replace(settings, store=f"sqlite:///{Path(folder) / 'demo.db'}", log_level="warning")
        with the_store(ours) as store:
            brand_id = _run(store, seed, people)
            if serve:
                _invite(store, port, brand_id)
                serve_store(store, ours, "127.0.0.1", port)


def _run(store: Store, seed: int, people: int) -> str:
    started = time.monotonic()
    world = build(seed, people=people)
    _step(started, f"Built a world of {len(world.brands)} brands, {len(world.people):,} people with "
                   f"{len(world.accounts):,} accounts, and {len(world.mentions):,} mentions over a year.")  # fmt: skip
    collected = take_world_in(store, world)
    taken = collected.taken
    _step(started, f"Took them in, out of order and partly twice: {taken.new:,} new, {taken.changed:,} changed, "
                   f"{taken.same:,} known already, {collected.unmatched:,} about no brand.")  # fmt: skip
    days = roll_up(store, now)
    _step(started, f"Rolled {days:,} days up, and linked accounts to people by {len(world.links):,} links.")
    bodies = {brand.id: _ask(store, brand.id) for brand in world.brands}
    first = world.brands[0]
    click.echo(f"\nHow many of January's people are still with {first.name} in March?\n")
    show_retention(bodies[first.id])
    click.echo("\nThe truth that was planted in the world, read off its plan and not off its mentions:\n")
    say(_planted(world, world.planted[first.id]))
    for brand in world.brands:
        click.echo(verdict(brand.name, bodies[brand.id], world.planted[brand.id]))
    _step(started, "Done.")
    return first.id


def take_world_in(store: Store, world: World) -> Collected:
    """Take a demo world in as any source is: brands, mentions, links, and what it covers."""
    for brand in world.brands:
        brands.put(store, brand)
    listening = ingest.listen_for(world.brands)
    collected = collect(store, DemoSource(world), "", lambda: listening, now, rejects=_refuse)
    for link in world.links:
        store.links.add(link)
    for coverage in world.coverage:
        store.coverage.record(coverage)
    return collected


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


def _ask(store: Store, brand_id: str) -> Any:
    return reports.retention(store, reports.RetentionQuestion(brands=(brand_id,)), now()).body


def _planted(world: World, truth: Retention) -> Table:
    shown = Table(title="Planted, recurring", title_justify="left", box=None, pad_edge=False)
    shown.add_column("cohort")
    shown.add_column("people", justify="right")
    for k in range(1, len(truth.recurring)):
        shown.add_column(f"+{k}", justify="right")
    for month, row in zip(world.months, truth.recurring, strict=True):
        shown.add_row(f"{month:%Y-%m}", f"{row[0]:,}", *(f"{100 * n / row[0]:.1f}" if row[0] else "." for n in row[1:]))
    return shown


def _invite(store: Store, port: int, brand_id: str) -> None:
    _, text = access.issue(store, "demo", ("*",), now())
    place = f"http://127.0.0.1:{port}"
    click.echo("\nThe API, with a key to try that ends with this demo:\n")
    click.echo(f'  curl -H "Authorization: Bearer {text}" {place}/v1/brands')
    click.echo(f'  curl -H "Authorization: Bearer {text}" "{place}/v1/reports/retention?brand={brand_id}&format=csv"')
    click.echo(f"  open {place}/docs\n")


def _step(started: float, line: str) -> None:
    click.echo(f"[{time.monotonic() - started:4.1f} s] {line}")


def _refuse(rejects: object) -> None:
    if rejects:
        raise Invalid("the demo world gave something that is not a fact: please report this")
