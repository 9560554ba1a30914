"""The commands that listen, run in this process against settings, a store and a platform of a test's own; trips come in."""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from click.testing import CliRunner

from cli.main import social_crm
from social_crm.storage import open_store
from tests.builders import a_brand
from tests.sources.stand import Place
from tests.sources.stands.hackernews import STAND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest
    from click.testing import Result

    from social_crm.domain.errors import SocialCrmError
    from social_crm.ports import Store

POSTED = 45


@contextmanager
def settings_for(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """Settings of a test's own; a command takes the signals over, and they are given back."""
    for name in [name for name in os.environ if name.startswith("SOCIAL_CRM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOCIAL_CRM_STORE", f"sqlite:///{folder / 'crm.db'}")
    monkeypatch.setenv("SOCIAL_CRM_SECRETS_FILE", str(folder / "keys"))
    monkeypatch.setenv("SOCIAL_CRM_LOOPBACK_SOURCES", "1")
    monkeypatch.setenv("SOCIAL_CRM_LOG_LEVEL", "debug")
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def the_store(folder: Path) -> Iterator[Store]:
    """The store of those settings."""
    with closing(open_store(f"sqlite:///{folder / 'crm.db'}")) as opened:
        yield opened


def add_brand(folder: Path) -> None:
    """Listen for acme."""
    with the_store(folder) as store:
        store.brands.put(a_brand())


@contextmanager
def hackernews() -> Iterator[Place]:
    """Hacker News on loopback, with posts of the last hours: the commands go by the real clock."""
    with Place(STAND) as place:
        place.clock.forward(datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3) - place.clock())
        place.fill(POSTED)
        place.clock.forward(timedelta(hours=1))
        yield place


def run(*arguments: str, given: str | None = None) -> Result:
    """A command that works."""
    done = CliRunner().invoke(social_crm, list(arguments), input=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def refusal(
    kind: type[SocialCrmError] | tuple[type[SocialCrmError], ...], *arguments: str, given: str | None = None
) -> str:
    """What a command says that refuses; `cli.main` puts it on one line."""
    done = CliRunner().invoke(social_crm, list(arguments), input=given)
    assert isinstance(done.exception, kind), done.output
    message: str = done.exception.message
    assert "\n" not in message
    return message


def add(place: Place, *more: str, own: str = "src") -> None:
    """Add a source at the platform on loopback."""
    option = f"base_url={place.server.url}"
    run("source", "add", own, "--platform", "hackernews", "--brand", "acme", "--query", "acme", "--option", option, *more)
