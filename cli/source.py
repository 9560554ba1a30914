"""`social-crm source`: where to listen: adding, listing, pausing, testing, and what the ledger says."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.compose import now, the_store
from cli.live import Opener, sealer_of
from cli.probing import SMALL_PAGE, try_out
from cli.show import say, width
from cli.standings import as_json, listing
from cli.strip import LEGEND, calendar_strip
from cli.wording import cost, counted, tell
from social_crm.domain.coverage import hour_of
from social_crm.domain.errors import Conflict, Invalid
from social_crm.domain.platform import PLATFORMS, platform
from social_crm.domain.source import LARGEST_CAP, SourceSetup, SourceState
from social_crm.domain.span import Span
from social_crm.services import sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.settings import Settings


@click.group()
def source() -> None:
    """Say where to listen: add, list, pause and test the sources."""


@source.command()
@click.argument("source_id", metavar="ID")
@click.option("--platform", "place", required=True, type=click.Choice(list(PLATFORMS)), help="Where.")
@click.option("--brand", required=True, help="The id of the brand that it listens for.")
@click.option("--query", required=True, help="What to ask for, in the platform's own words.")
@click.option("--schedule", default="*/15 * * * *", show_default=True, help="When: cron of five fields, in UTC.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the platform.")
@click.option("--credentials", "file", type=click.Path(), help='A JSON file of credentials; "-" for standard input.')
@click.option("--daily-cap", type=click.IntRange(0, LARGEST_CAP),
              help="The most that a day may cost, in the platform's unit, micro-dollars for X: 1000000 is $1.")  # fmt: skip
@click.option("--replace", "again", is_flag=True, help="Put it in place of the source with this id; paused stays paused.")
@click.pass_obj
def add(settings: Settings, /, source_id: str, place: str, options: tuple[str, ...], file: str | None, *, again: bool,
        **given: Any) -> None:  # fmt: skip
    """Add the source ID. Its credentials are kept encrypted, and never shown again."""
    setup = SourceSetup(source_id, place, options=_pairs(options), **given)
    credentials = _credentials(file) if file else None if again else {}
    with the_store(settings) as store:
        if again:
            known = sources.get(store, source_id).setup
            setup = replace(setup, state=known.state, reason=known.reason, version=known.version)
        loopback = settings.loopback_sources == 1
        stored = sources.put(store, setup, credentials, sealer_of(settings), expect=setup.version, loopback=loopback)
    if stored.state is SourceState.PAUSED:
        tell(f"{stored.id} is replaced, and still paused ({stored.reason}): `social-crm source resume {stored.id}`.")
        return
    click.echo(f"Listening to {platform(place).title} as {stored.id}: try it with `social-crm source test {stored.id}`.")


@source.command("list")
@click.option("--json", "in_json", is_flag=True, help="One JSON object a line; never with credentials.")
@click.pass_obj
def list_(settings: Settings, *, in_json: bool) -> None:
    """List the sources, how far each has come and what troubles it. A narrow terminal shows fewer columns."""
    with the_store(settings) as store:
        known = sources.list_all(store)
    if in_json:
        for one in known:
            click.echo(json.dumps(as_json(one)))
        return
    if not known:
        click.echo("No source yet: add one with `social-crm source add`.")
        return
    say(listing(known, width()))


@source.command()
@click.argument("source_id", metavar="ID")
@click.option("--reason", default="paused by hand", help="Why: shown beside it.")
@click.pass_obj
def pause(settings: Settings, source_id: str, reason: str) -> None:
    """Stop collecting a source, until it is resumed."""
    with the_store(settings) as store:
        sources.pause(store, source_id, reason)
    click.echo(f"{source_id} is paused: `social-crm source resume {source_id}` goes on from where it was.")


@source.command()
@click.argument("source_id", metavar="ID")
@click.pass_obj
def resume(settings: Settings, source_id: str) -> None:
    """Collect a source again, from where it was."""
    with the_store(settings) as store:
        sources.resume(store, source_id)
    click.echo(f"{source_id} is collected again.")


@source.command()
@click.argument("source_id", metavar="ID")
@click.pass_obj
def test(settings: Settings, source_id: str) -> None:
    """Make one cheap call, and say what works and what is missing. The exit code is 0 only when nothing is.

    The call is charged: on X up to ten posts, $0.05 at $0.005 a post (the option post_price), elsewhere a few requests or
    quota units. It is refused when it could pass the daily cap.
    """
    with the_store(settings) as store:
        setup = sources.get(store, source_id).setup
        probe = try_out(store, setup, Opener(sealer_of(settings), page_size=SMALL_PAGE))
    for line in probe.works:
        tell(f"works:   {line}")
    for line in probe.missing:
        tell(f"missing: {line}")
    click.echo(f"It cost {cost(probe.cost, platform(setup.platform).unit)}.")
    if probe.missing:
        raise Conflict(f"{source_id} cannot be collected as it is set up: the lines above say why")


@source.command()
@click.argument("source_id", metavar="ID")
@click.option("--days", type=click.IntRange(1, 366), default=14, show_default=True, help="How far back.")
@click.option("--json", "in_json", is_flag=True, help="Every hour, as JSON lines.")
@click.pass_obj
def coverage(settings: Settings, source_id: str, days: int, *, in_json: bool) -> None:
    """Show hour by hour what was collected, what was missed and why, and what nobody knows."""
    moment = now()
    end = hour_of(moment) + timedelta(hours=1)
    start = datetime.combine((end - timedelta(days=days - 1)).date(), datetime.min.time(), UTC)
    with the_store(settings) as store:
        ledger = sources.coverage(store, source_id, Span(start, end))
        spent = sources.spend(store, source_id, start.date())
        unit = platform(store.sources.get(source_id).platform).unit
    if in_json:
        for hour in ledger:
            click.echo(json.dumps({"hour": hour.start.isoformat(), "seen": hour.seen, "why": hour.why}))
        return
    say(calendar_strip(ledger, moment))
    click.echo(LEGEND)
    if spent:
        click.echo(f"Spent: {cost(sum(one.units for one in spent), unit)} on {counted(len(spent), 'day')}.")


def _pairs(options: Sequence[str]) -> dict[str, str]:
    pairs = [option.partition("=") for option in options]
    wrong = next((name for name, equals, value in pairs if not (name and equals and value)), None)
    if wrong is not None:
        raise Invalid(f"{wrong!r} is not an option: write name=value")
    return {name: value for name, _, value in pairs}


def _credentials(file: str) -> dict[str, str]:
    """Credentials from a file or standard input: never from the command line, which everybody on the machine can read."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # JSON can escape what is no text
    except (OSError, ValueError, RecursionError) as error:
        raise Invalid(
            f'the credentials cannot be read ({type(error).__name__}): write JSON such as {{"api_key": "..."}}'
        ) from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Invalid('the credentials are not names with texts: write JSON such as {"api_key": "..."}')
    return found
