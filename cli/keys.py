"""`social-crm key`: make, list and revoke the keys of the API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click
from rich.table import Table

from cli.compose import now, the_store
from cli.show import say
from cli.wording import tell
from social_crm.services import access

if TYPE_CHECKING:
    from cli.settings import Settings


@click.group()
def key() -> None:
    """Make, list and revoke the keys of the API."""


@key.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, default=("*",), help=f"{', '.join(access.PERMISSIONS)} or * for all.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it is good for; for ever unless given.")
@click.pass_obj
def add(settings: Settings, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a key called NAME. Its text is shown this once and never again."""
    expires_at = now() + timedelta(days=days) if days else None
    with the_store(settings) as store:
        _, text = access.issue(store, name, scopes, now(), expires_at)
    click.echo("Keep this key; it is not shown again:", err=True)
    click.echo(text)


@key.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """List the keys, without their secrets."""
    with the_store(settings) as store:
        known = access.list_all(store)
    table = Table("prefix", "name", "scopes", "made", "expires", "revoked", box=None, pad_edge=False)
    for one in known:
        ends = [
            moment.strftime("%Y-%m-%d") if moment else "" for moment in (one.created_at, one.expires_at, one.revoked_at)
        ]
        table.add_row(one.prefix, one.name, " ".join(one.scopes), *ends)
    say(table)


@key.command()
@click.argument("prefix")
@click.pass_obj
def revoke(settings: Settings, prefix: str) -> None:
    """End the key that begins with sk_PREFIX, from now on."""
    with the_store(settings) as store:
        access.revoke(store, prefix, now())
    tell(f"The key sk_{prefix} is revoked.")
