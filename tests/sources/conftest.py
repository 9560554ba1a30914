"""Every connector at its loopback platform, one after the other."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from social_crm.domain.platform import PLATFORMS
from tests.sources.stand import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sources.stand import Stand


def platforms() -> list[Any]:
    """All of them; `make check` takes the plainest one, which has no sign-in, and X, which has everything."""
    quick = {"hackernews", "x"}
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in PLATFORMS]


@pytest.fixture(params=platforms())
def stand(request: pytest.FixtureRequest) -> Stand:
    found: Stand = import_module(f"tests.sources.stands.{request.param}").STAND
    return found


@pytest.fixture
def place(stand: Stand) -> Iterator[Place]:
    with Place(stand) as place:
        yield place
