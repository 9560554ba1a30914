"""The people of a cell: who they are, by which accounts, and how active."""

from __future__ import annotations

from datetime import date

import pytest

from social_crm.analytics.people import resolve
from social_crm.analytics.retention import Period, RetentionDefinition, Rule, TableKind, cell_people
from social_crm.domain.errors import Invalid
from tests.retention_oracle import NOBODY, activity, links, months

ROWS = activity([
    ("x:1", date(2025, 1, 3), {"posts": 2}),
    ("reddit:a", date(2025, 1, 9), {"comments": 1, "reposts": 5}),
    ("x:1", date(2025, 3, 9)),
    ("x:1", date(2025, 4, 9), {"replies": 4}),
    ("x:2", date(2025, 1, 20)),
    ("x:2", date(2025, 2, 20)),
    ("x:3", date(2025, 2, 20)),
])  # fmt: skip
PEOPLE = resolve(links(("x:1", "reddit:a"), ("x:1", "crm:7")))


def people(cohort: str, k: int, kind: TableKind = TableKind.RECURRING, **choices: object) -> list[tuple[object, ...]]:
    return cell_people(ROWS, PEOPLE, RetentionDefinition(**choices), cohort, k, kind).rows()


def test_a_cell_lists_its_people_with_their_accounts_and_events():
    assert people("2025-01", 2) == [("crm:7", ["reddit:a", "x:1"], 3, 1, True), ("x:2", ["x:2"], 1, 0, False)]
    assert people("2025-01", 1) == [("crm:7", ["reddit:a", "x:1"], 3, 0, False), ("x:2", ["x:2"], 1, 1, True)]


def test_on_or_after_counts_the_events_of_all_later_periods_up_to_the_horizon():
    assert people("2025-01", 1, rule=Rule.ON_OR_AFTER)[0][3:] == (5, True)
    assert people("2025-01", 1, rule=Rule.ON_OR_AFTER, horizon=2)[0][3:] == (1, True)


def test_a_first_time_cell_leaves_out_who_was_there_before():
    assert [row[0] for row in people("2025-02", 0, TableKind.FIRST_TIME)] == ["x:3"]
    assert [row[0] for row in people("2025-02", 0)] == ["x:2", "x:3"]


def test_a_period_without_people_has_none():
    assert people("2025-09", 0) == []
    assert cell_people(activity([]), NOBODY, RetentionDefinition(), "2025-01", 1).height == 0


def test_the_columns_are_the_same_with_and_without_people():
    full = cell_people(ROWS, PEOPLE, RetentionDefinition(), "2025-01", 1)
    assert full.columns == ["person", "accounts", "cohort_events", "return_events", "returned"]
    assert cell_people(months({}), NOBODY, RetentionDefinition(), "2025-01", 1).schema == full.schema


@pytest.mark.parametrize(
    ("cohort", "k", "choices", "message"),
    [
        ("January", 1, {}, "is not the name of a month: write it as 2025-01"),
        ("2025-01", 1, {"period": Period.WEEK}, "is not the name of a week: write it as 2025-W05"),
        ("2025-01", -1, {}, "no cell at distance -1"),
        ("2025-01", 3, {"horizon": 2}, "no cell at distance 3: use 0 to 2"),
    ],
)
def test_what_is_no_cell_is_refused(cohort: str, k: int, choices: dict[str, object], message: str):
    with pytest.raises(Invalid, match=message):
        people(cohort, k, **choices)
