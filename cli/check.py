"""`social-crm check-config`: says what is set and whether it works."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import click

from cli.compose import the_store
from cli.settings import PREFIX
from cli.wording import counted, tell
from social_crm.services import access, brands

if TYPE_CHECKING:
    from cli.settings import Settings


@click.command()
@click.pass_obj
def check_config(settings: Settings) -> None:
    """Show the settings and try the store; the exit code is 0 only when everything works."""
    for name, value in asdict(settings).items():
        tell(f"{PREFIX}{name.upper():<12} {_without_password(value) if name == 'store' else value}")
    with the_store(settings) as store:
        store.ping()
        held, listened = counted(store.mentions.count(), "mention"), counted(len(brands.list_all(store)), "brand")
        click.echo(f"The store answers: {held} of {listened}.")
        if not access.list_all(store):
            click.echo("There is no API key yet: make one with `social-crm key add NAME`.")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")))
