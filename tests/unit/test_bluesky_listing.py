"""Where Bluesky's search goes on: by time wherever time moves, by its cursor where it does not, never in a circle."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.bluesky.listing import Place, onward
from social_crm.domain.errors import PlatformUnavailable
from tests.builders import NOON


def test_without_a_cursor_the_search_has_ended() -> None:
    for cursor in (None, "", 7, {}):
        assert onward(Place(), cursor, [NOON], 25) == ""


def test_the_next_page_lies_below_the_lowest_bound_with_its_last_moment_once_more() -> None:
    token = onward(Place(), "100", [NOON, NOON - timedelta(seconds=5, microseconds=-1700)], 25)
    assert Place.of(token) == Place("2025-01-15T11:59:55.002Z")


def test_inside_one_instant_the_cursor_leads_on_below_the_same_time() -> None:
    first = Place.of(onward(Place(), "2", [NOON, NOON], 25))
    second = Place.of(onward(first, "2", [NOON, NOON], 25))
    assert second == Place(first.until, "2", 1)
    third = Place.of(onward(second, "4", [NOON, NOON], 25))
    assert third == Place(first.until, "4", 2)
    assert Place.of(onward(third, "6", [NOON - timedelta(seconds=1)], 25)).cursor == ""


def test_behind_a_page_that_shows_nothing_the_cursor_leads_on() -> None:
    assert Place.of(onward(Place(), "25", [], 25)) == Place("", "25", 1)


def test_a_bound_above_where_we_are_is_no_way_down() -> None:
    here = Place("2025-01-15T11:00:00.000Z")
    assert Place.of(onward(here, "25", [NOON], 25)) == Place(here.until, "25", 1)


def test_the_same_cursor_again_is_a_circle() -> None:
    with pytest.raises(PlatformUnavailable, match="again"):
        onward(Place("2025-01-15T11:00:00.000Z", "25"), "25", [NOON], 25)


def test_cursors_without_end_are_given_up_where_the_search_stops_counting() -> None:
    here = Place()
    for turn in range(10_000 // 25 + 1):
        here = Place.of(onward(here, str(turn), [], 25))
    with pytest.raises(PlatformUnavailable, match="without end"):
        onward(here, "one more", [], 25)
