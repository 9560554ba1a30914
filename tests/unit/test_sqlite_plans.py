"""How SQLite finds things: the statements that are really sent use an index, and lists are read in their order."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.span import Span
from social_crm.ports import MentionFilter
from social_crm.storage.sqlite.store import SqliteStore
from tests.builders import NOON
from tests.contract.steps import take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOUR = timedelta(hours=1)
SPAN = {"since": NOON - HOUR, "until": NOON + HOUR}
FILTERS = {
    "SCAN e USING INDEX mention_by_time": [{}, {"platform": "x"}, {"kind": "post"}, {"label": "negative"}],
    "SEARCH e USING INDEX mention_by_time (posted_at>? AND posted_at<?)": [SPAN, {**SPAN, "platform": "x"}],
    "SEARCH e USING PRIMARY KEY (brand=?)": [{"brand": "acme"}, {"brand": "acme", "platform": "x", "label": "negative"}],
    "SEARCH e USING PRIMARY KEY (brand=? AND posted_at>? AND posted_at<?)": [{"brand": "acme", **SPAN}],
    "SEARCH e USING INDEX mention_by_author (author=?)": [
        {"author": "x:1"},
        {"author": "x:1", "brand": "acme", "kind": "post"},
    ],
}
ARCHIVED = "SEARCH archived_page USING INDEX archived_page_by_source (source=? AND (fetched_at,id)>(?,?) AND fetched_at<?)"
FROM_A_POSITION = {
    "SEARCH e USING INDEX mention_by_time ((posted_at,id)<(?,?))": [{}, {"platform": "x"}, {"until": NOON + HOUR}],
    "SEARCH e USING INDEX mention_by_time (posted_at<?)": [{"until": NOON - HOUR}],
    "SEARCH e USING PRIMARY KEY (brand=? AND (posted_at,mention)<(?,?))": [
        {"brand": "acme"},
        {"brand": "acme", "kind": "post"},
    ],
    "SEARCH e USING INDEX mention_by_author (author=? AND (posted_at,id)<(?,?))": [{"author": "x:1"}],
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "store.db")) as opened:
        yield opened


def plan(store: SqliteStore, ask: Callable[[], object]) -> list[str]:
    """The steps of all that is sent to SQLite, as it explains them."""
    sent: list[str] = []
    with store._database.read() as connection:
        connection.set_trace_callback(sent.append)
        ask()
        connection.set_trace_callback(None)
        asked = [statement for statement in sent if statement.startswith(("SELECT", "DELETE", "UPDATE"))]
        assert asked
        return [row[3] for statement in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


@pytest.mark.parametrize(("step", "only"), [(step, only) for step, filters in FILTERS.items() for only in filters])
def test_the_first_page_walks_an_index_in_its_order(store: SqliteStore, step: str, only: dict):
    steps = plan(store, lambda: store.mentions.page(MentionFilter(**only), None, 50))
    assert steps[0] == step
    assert not [step for step in steps if "TEMP B-TREE" in step or step.startswith("SCAN m")]


@pytest.mark.parametrize(("step", "only"), [(step, only) for step, filters in FROM_A_POSITION.items() for only in filters])
def test_a_later_page_begins_at_its_position(store: SqliteStore, step: str, only: dict):
    steps = plan(store, lambda: store.mentions.page(MentionFilter(**only), (NOON, "x:100"), 50))
    assert steps[0] == step
    assert not [step for step in steps if "TEMP B-TREE" in step or step.startswith("SCAN m")]


@pytest.mark.parametrize(
    ("step", "ask"),
    [
        (
            "SEARCH b USING PRIMARY KEY (brand=? AND posted_at>? AND posted_at<?)",
            lambda s: s.mentions.table("acme", NOON, NOON),
        ),
        (
            "SEARCH mention USING COVERING INDEX mention_by_author (author=?)",
            lambda s: s.mentions.languages(["x:1"], ["x:2"]),
        ),
        ("SEARCH m USING INDEX sqlite_autoindex_mention_1 (id=?)", take),
        ("SEARCH account USING INDEX account_by_address (address=?)", lambda s: s.accounts.with_handles(["x:@a"])),
        (
            "SEARCH activity USING PRIMARY KEY (brand=? AND day>? AND day<?)",
            lambda s: s.rollups.activity(["acme"], date(2025, 1, 1)),
        ),
        (
            "SEARCH exchange USING PRIMARY KEY (brand=? AND day>? AND day<?)",
            lambda s: s.rollups.exchanges(["acme", "globex"]),
        ),
        ("SEARCH mark USING PRIMARY KEY (brand=?)", lambda s: s.rollups.state(["acme"])),
        ("SEARCH link USING INDEX link_by_left (left=?)", lambda s: s.links.list("x:1")),
        ("SEARCH link USING INDEX link_by_right (right=?)", lambda s: s.links.list("x:1")),
        (
            "SEARCH coverage USING INDEX coverage_by_source (source=? AND end>?)",
            lambda s: s.coverage.spans("x", Span(NOON, NOON + HOUR)),
        ),
        (
            ARCHIVED,
            lambda s: list(s.archive.pages("x", NOON, NOON + HOUR)),
        ),
        ("SEARCH m USING PRIMARY KEY (mention=?)", lambda s: s.archive.holding(["x:1"])),
        ("SEARCH archived_page USING COVERING INDEX archived_page_by_time (fetched_at<?)", lambda s: s.archive.prune(NOON)),
        ("SEARCH event USING INTEGER PRIMARY KEY (rowid>?)", lambda s: s.events.after(7, 10)),
        ("SEARCH spend USING PRIMARY KEY (source=? AND day>?)", lambda s: s.sources.spend("x", date(2025, 1, 1))),
        ("SEARCH report USING INDEX report_by_fingerprint (fingerprint=?)", lambda s: s.reports.find("f1")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_looked_up_is_found_by_an_index(store: SqliteStore, step: str, ask: Callable[[SqliteStore], object]):
    assert step in plan(store, lambda: ask(store))


def test_roll_ups_are_read_in_the_order_in_which_they_lie(store: SqliteStore):
    steps = plan(store, lambda: store.rollups.activity(["acme", "globex"], date(2025, 1, 1)))
    assert not [step for step in steps if "TEMP B-TREE" in step]
