"""Joins live sources: which connector speaks to which platform, with what, at what pace; the commands come in."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from cli.compose import now
from connectors.transport.opening import TIMEOUT, Opening
from social_crm.domain.errors import Invalid
from social_crm.domain.platform import PLATFORMS
from social_crm.services.sealing import Sealer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.settings import Settings
    from connectors.transport.pace import Pace
    from social_crm.domain.source import SourceSetup
    from social_crm.ports import Clock, LiveSource

# Loaded only when a source of the platform is opened: their client libraries take up to a second.
CONNECTORS = {name: f"connectors.{name}.client" for name in PLATFORMS}


class Opener:
    """Opens live sources by their setups. Sources with the same credentials at the same place share one pace."""

    def __init__(self, sealer: Sealer, clock: Clock = now, *, page_size: int = 0, timeout: float = TIMEOUT) -> None:
        self._sealer, self._clock, self._page_size, self._timeout = sealer, clock, page_size, timeout
        self._paces: dict[str, Pace] = {}

    def __call__(self, setup: SourceSetup) -> LiveSource:
        """Open a source. Raises Invalid when its credentials cannot be opened, or the setup cannot be."""
        connector = import_module(CONNECTORS[setup.platform])
        credentials = self._sealer.open(setup.sealed)
        opening = Opening(
            clock=self._clock,
            pace=self._pace(setup, credentials, connector.pace),
            options=setup.options,
            credentials=credentials,
            query=setup.query,
            page_size=self._page_size,
            timeout=self._timeout,
        )
        opened: LiveSource = connector.open_source(opening)
        return opened

    def _pace(self, setup: SourceSetup, credentials: dict[str, str], pace: Callable[[Clock], Pace]) -> Pace:
        place = PLATFORMS[setup.platform].hosts_of(setup.query, setup.options)
        shared = repr((setup.platform, place, setup.options.get("base_url"), sorted(credentials.items())))
        key = hashlib.sha256(shared.encode()).hexdigest()
        return self._paces.setdefault(key, pace(self._clock))


def sealer_of(settings: Settings) -> Sealer:
    """What seals the credentials of sources: the keys of the secrets file. Raises Invalid when it cannot be read."""
    if not settings.secrets_file:
        return Sealer()
    try:
        lines = Path(settings.secrets_file).read_text(encoding="utf-8").split()
    except (OSError, ValueError) as error:
        raise Invalid(
            f"the secrets file {settings.secrets_file} cannot be read ({error}): see SOCIAL_CRM_SECRETS_FILE"
        ) from error
    return Sealer(lines)
