"""Settings: read from the environment, checked, and documented where they stand; the commands come in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "SOCIAL_CRM_"
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. Each field is the environment variable SOCIAL_CRM_<FIELD>.

    `store`: where facts are kept, `sqlite:///file.db` or `mongodb://...`. `host`, `port`: where `serve` listens.
    `log_level`: debug, info, warning or error. `threads`: how many store calls the API makes at once. `work_every`: seconds
    between two turns of the worker. `secrets_file`: a file of keys, one a line, that seal the credentials of sources; the
    first seals, all open. `archive_days`: for how many days raw pages are kept, 0 for not at all. `loopback_sources`: 1
    lets sources speak to this machine.
    """

    store: str = "sqlite:///social-crm.db"
    host: str = "127.0.0.1"
    port: int = 8080
    log_level: str = "info"
    threads: int = 16
    work_every: int = 10
    secrets_file: str = ""
    archive_days: int = 0
    loopback_sources: int = 0

    def __post_init__(self) -> None:
        _within("port", self.port, 0, 65_535)
        _within("threads", self.threads, 1, 256)
        _within("work_every", self.work_every, 1, 86_400)
        _within("archive_days", self.archive_days, 0, 366)
        _within("loopback_sources", self.loopback_sources, 0, 1)
        if self.log_level not in LOG_LEVELS:
            raise Invalid(f"{PREFIX}LOG_LEVEL is {self.log_level!r}: choose one of {', '.join(LOG_LEVELS)}")


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an environment. Raises Invalid for a value that cannot be, or a SOCIAL_CRM_ name that is not one."""
    names = {PREFIX + name.upper(): name for name in Settings.__dataclass_fields__}
    given = {key: value for key, value in environment.items() if key.startswith(PREFIX)}
    unknown = sorted(given.keys() - names.keys() - {"SOCIAL_CRM_TEST_MONGO_URL"})
    if unknown:
        raise Invalid(f"there is no setting {unknown[0]}: the settings are {', '.join(sorted(names))}")
    numbers = {name for name, default in _defaults().items() if isinstance(default, int)}
    values = {names[key]: value.strip() for key, value in given.items() if key in names}
    return Settings(**{name: _number(name, text) if name in numbers else text for name, text in values.items()})  # type: ignore[arg-type] # each by its own default


def level_beside_lines(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """The log level of a command that tells people in lines what it does: warnings, unless somebody has asked for more."""
    asked = f"{PREFIX}LOG_LEVEL" in environment or settings.log_level == "debug"
    return settings.log_level if asked else "warning"


def _defaults() -> dict[str, object]:
    return {name: field.default for name, field in Settings.__dataclass_fields__.items()}


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Invalid(f"{PREFIX}{name.upper()} is {text!r}: it must be a whole number") from error


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Invalid(f"{PREFIX}{name.upper()} is {value}: it must be from {low} to {high}")
