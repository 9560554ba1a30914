"""`social-crm secret`: keys that seal the credentials of sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.compose import the_store
from cli.live import sealer_of
from cli.wording import counted
from social_crm.services import sources
from social_crm.services.sealing import new_key

if TYPE_CHECKING:
    from cli.settings import Settings


@click.group()
def secret() -> None:
    """Make keys that seal the credentials of sources."""


@secret.command()
def new() -> None:
    """Print a new key: put it on the first line of the file that SOCIAL_CRM_SECRETS_FILE names, and keep the old lines."""
    click.echo(new_key())


@secret.command()
@click.pass_obj
def renew(settings: Settings) -> None:
    """Seal the credentials of all sources with the first key of the file: then its other lines can be removed."""
    with the_store(settings) as store:
        done = sources.seal_anew(store, sealer_of(settings))
    click.echo(f"Credentials sealed with the first key: those of {counted(done, 'source')}. The other lines can go.")
