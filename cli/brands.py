"""`social-crm brand`: add and list the brands that we listen for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.table import Table

from cli.compose import the_store
from cli.show import say
from cli.wording import tell
from social_crm.domain.brand import Brand, WeekStart
from social_crm.domain.errors import Invalid
from social_crm.services import brands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.settings import Settings


@click.group()
def brand() -> None:
    """Add and list the brands that we listen for."""


@brand.command()
@click.argument("brand_id", metavar="ID")
@click.option("--name", help="The name that people read; the id unless given.")
@click.option("--term", "terms", multiple=True, help='A word, "a phrase", $CASHTAG or #hashtag. May be repeated.')
@click.option("--exclude", "exclusions", multiple=True, help="A term that rules a text out. May be repeated.")
@click.option("--handle", "handles", multiple=True, metavar="PLATFORM:HANDLE", help="An own account, as x:@acme.")
@click.option("--competitor", "competitors", multiple=True, help="The id of a competing brand. May be repeated.")
@click.option("--staff", multiple=True, help="An account of a colleague, as x:123 or x:@name. May be repeated.")
@click.option("--time-zone", default="UTC", show_default=True, help="IANA name of the brand's calendar.")
@click.option("--week-start", type=click.Choice([day.value for day in WeekStart]), default="monday", show_default=True)
@click.option("--replace", is_flag=True, help="Put it in the place of the brand that has this id.")
@click.pass_obj
def add(settings: Settings, /, brand_id: str, name: str | None, handles: tuple[str, ...], week_start: str, *, replace: bool,
        **given: tuple[str, ...] | str) -> None:  # fmt: skip
    """Add the brand ID: from now on what is taken in is searched for its terms and handles."""
    wanted = Brand(
        id=brand_id,
        name=name or brand_id,
        handles=_by_platform(handles),
        week_start=WeekStart(week_start),
        **given,  # type: ignore[arg-type] # click gives each its own type
    )
    with the_store(settings) as store:
        stored = brands.put(store, wanted, None if replace else 0)
    tell(f"Listening for {stored.name} ({stored.id}, version {stored.version}).")


@brand.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """List the brands."""
    with the_store(settings) as store:
        known = brands.list_all(store)
    if not known:
        click.echo("No brand yet: add one with `social-crm brand add`.")
        return
    table = Table("id", "name", "terms", "handles", "time zone", box=None, pad_edge=False)
    for one in known:
        own = [f"{platform}:{handle}" for platform, names in one.handles.items() for handle in names]
        table.add_row(one.id, one.name, " ".join(one.terms), " ".join(own), one.time_zone)
    say(table)


def _by_platform(handles: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in handles:
        platform, colon, handle = entry.partition(":")
        if not colon or not platform or not handle:
            raise Invalid(f"{entry!r} is not a handle: write it with its platform, as x:@acme")
        found[platform.lower()] = (*found.get(platform.lower(), ()), handle)
    return found
