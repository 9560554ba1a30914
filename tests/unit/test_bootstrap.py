"""Bootstrap by person: seeded, exact over distinct pairs, and wider than an interval that takes repeats for new people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from social_crm.analytics.bitsets import pack, sizes, tally, unpack
from social_crm.analytics.bootstrap import ratio_interval
from social_crm.analytics.intervals import wilson_interval
from social_crm.analytics.retention import RetentionDefinition, retention
from tests.retention_oracle import NOBODY, STEADY, end_of_month, months

FLAGS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 40), st.sampled_from([64, 128])))


@STEADY
@given(flags=FLAGS)
def test_packed_sets_count_and_unpack_to_what_went_in(flags: np.ndarray):
    bits = pack(flags)
    assert [unpack(row).tolist() for row in bits] == flags.astype(int).tolist()
    assert sizes(bits).tolist() == flags.sum(axis=1).tolist()


@STEADY
@given(flags=FLAGS)
def test_a_tally_is_the_number_of_sets_that_a_person_is_in(flags: np.ndarray):
    assert tally(pack(flags)).tolist() == flags.sum(axis=0).tolist()


def people(seed: int = 1, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Faithful people are in many cohorts and return to most of them; others are in few and return to none."""
    random = np.random.default_rng(seed)
    wholes = np.where(random.random(count) < 0.2, random.integers(5, 12, count), random.integers(0, 3, count))
    return np.where(wholes >= 5, wholes - random.integers(0, 3, count), 0), wholes


def test_the_same_seed_gives_the_same_interval_whatever_the_order_of_people():
    parts, wholes = people()
    order = np.random.default_rng(2).permutation(len(parts))
    found = ratio_interval(parts, wholes, 1000, (7, 1))
    assert found == ratio_interval(parts[order], wholes[order], 1000, (7, 1))
    assert found != ratio_interval(parts, wholes, 1000, (8, 1))


def test_it_agrees_with_drawing_the_people_one_by_one():
    parts, wholes = people()
    random = np.random.default_rng(3)
    drawn = random.integers(0, len(parts), (20_000, len(parts)))
    ratios = parts[drawn].sum(axis=1) / wholes[drawn].sum(axis=1)
    found = ratio_interval(parts, wholes, 20_000, (1,))
    assert found == pytest.approx(tuple(np.quantile(ratios, [0.025, 0.975])), abs=4e-3)


def test_people_who_take_no_part_change_nothing():
    parts, wholes = people()
    some = wholes > 0
    assert ratio_interval(parts, wholes, 500, (1,)) == ratio_interval(parts[some], wholes[some], 500, (1,))


def test_it_is_wider_than_wilson_over_cells_because_people_repeat():
    parts, wholes = people()
    low, high = ratio_interval(parts, wholes, 1000, (1,)) or (0, 0)
    narrow = wilson_interval(int(parts.sum()), int(wholes.sum())) or (0, 1)
    assert low < narrow[0] < narrow[1] < high


@pytest.mark.parametrize(("part", "expected"), [(0, wilson_interval(0, 9)), (3, wilson_interval(9, 9))])
def test_where_all_or_nothing_returned_it_is_wilson_over_people(part: int, expected: tuple[float, float]):
    assert ratio_interval(np.full(9, part), np.full(9, 3), 1000, (1,)) == expected


def test_without_people_there_is_no_interval():
    assert ratio_interval(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64), 1000, (1,)) is None


def test_many_distinct_people_are_drawn_in_parts_with_the_same_result_each_time():
    wholes = np.arange(1, 9_001)
    parts = wholes // 3
    low, high = ratio_interval(parts, wholes, 600, (1,)) or (0, 0)
    assert low < parts.sum() / wholes.sum() < high
    assert (low, high) == ratio_interval(parts, wholes, 600, (1,))


def test_a_report_pools_recurring_cohorts_by_person():
    # Ana comes every month and ten others once: cells repeat her, so wide bounds are honest.
    active = {"ana": list(range(6)), **{f"x:{number}": [number % 6] for number in range(10)}}
    first = retention(months(active), NOBODY, RetentionDefinition(seed=1), end_of_month(5)).recurring.pooled[1]
    again = retention(months(active), NOBODY, RetentionDefinition(seed=1), end_of_month(5)).recurring.pooled[1]
    other = retention(months(active), NOBODY, RetentionDefinition(seed=2), end_of_month(5)).recurring.pooled[1]
    assert (first.n, first.size, first.cohorts, first.people) == (5, 14, 5, 10)
    assert first == again
    assert (first.n, first.size) == (other.n, other.size)
    assert (first.low or 0) < (first.rate or 0) < (first.high or 0)
