"""Faults: whatever goes wrong with a platform is one of our errors, and the walk goes on from its last page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from demo.platforms.faults import Fault
from demo.platforms.platform import Window
from social_crm.domain.errors import CredentialsRejected, PlatformUnavailable, RateLimited
from tests.sources.stand import START, Place, ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from social_crm.domain.page import Page
    from tests.sources.stand import Stand

AWAY = [Fault.BROKEN, Fault.HTML, Fault.STALL, Fault.RESET, Fault.BAD_JSON]


def begin(place: Place) -> tuple[Iterator[Page], list[Page]]:
    """A walk with its first page; where a walk is one page, that one is still to come."""
    walk = place.source(7, timeout=0.3).pull(place.query, None)
    return walk, [] if place.stand.one_page else [next(walk)]


def walk_on(place: Place, cursor: str | None, found: list[str]) -> str | None:
    """Pull until the walk ends or fails; answers the cursor of the last page."""
    for page in place.source(7, timeout=0.3).pull(place.query, cursor):
        found += [mention.id for mention in page.mentions]
        cursor = page.cursor
    return cursor


@pytest.mark.parametrize("fault", AWAY)
def test_a_platform_in_trouble_is_unavailable_and_nothing_is_lost(place: Place, fault: Fault) -> None:
    posted = place.fill(30)
    place.settle()
    walk, first = begin(place)
    place.server.faults.plan(fault)
    with pytest.raises(PlatformUnavailable):
        list(walk)
    found = ids(first)
    walk_on(place, first[-1].cursor if first else None, found)
    assert set(found) == {mention.id for mention in posted}


def test_a_limit_that_says_when_is_waited_for(place: Place) -> None:
    posted = place.fill(30)
    place.settle()
    walk, first = begin(place)
    place.server.faults.plan(Fault.LIMITED)
    with pytest.raises(RateLimited) as caught:
        list(walk)
    assert caught.value.retry_at is not None
    wait = caught.value.retry_at - place.clock()
    assert timedelta(0) < wait <= timedelta(seconds=place.platform.window.seconds + 2)
    place.clock.forward(wait)
    found = ids(first)
    walk_on(place, first[-1].cursor if first else None, found)
    assert set(found) == {mention.id for mention in posted}


def test_a_limit_that_says_nothing_is_a_limit_too(place: Place) -> None:
    place.fill(30)
    place.settle()
    walk, _ = begin(place)
    place.server.faults.plan(Fault.LIMITED_BLIND)
    with pytest.raises(RateLimited):
        list(walk)


def test_rejected_credentials_are_told_as_such(place: Place) -> None:
    place.fill(3)
    place.settle()
    place.server.faults.plan(*[Fault.UNAUTHORIZED] * 4)
    with pytest.raises(CredentialsRejected):
        list(place.source().pull(place.query, None))


def test_a_source_never_asks_more_than_the_window_allows(stand: Stand) -> None:
    """A small window, many walks: the platform never has to refuse, and everything is found in the end."""
    with Place(stand, window=Window(limit=5, seconds=60)) as place:
        posted = place.fill(60)
        place.settle()
        source, cursor, found, finished, rounds = place.source(2), None, set(), False, 0
        while not finished and rounds < 200:
            rounds += 1
            try:
                for page in source.pull(place.query, cursor):
                    found |= {mention.id for mention in page.mentions}
                    cursor, finished = page.cursor, page.covered is not None
            except RateLimited as error:
                retry_at = error.retry_at or place.clock()
                place.clock.forward(max(retry_at - place.clock(), timedelta(seconds=1)))
        assert found == {mention.id for mention in posted}
        told = bool(place.platform.limit_headers())
        assert place.platform.window.overrun == 0 or not told
        assert place.clock() > START
