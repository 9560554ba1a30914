"""Wilson intervals beside published figures, scipy and each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from social_crm.analytics.intervals import wilson, wilson_interval
from tests.retention_oracle import STEADY

# methods.md 1.3: Newcombe 1998, then the cells and pools of V1, then 1.2's warning about small cohorts.
PUBLISHED = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0, 0.1611),
    (1, 29, 0.0061, 0.1718),
    (3, 7, 0.1582, 0.7495),
    (4, 6, 0.3000, 0.9032),
    (1, 4, 0.0456, 0.6994),
]
EXACT = [(2, 4, 0.150039, 0.849961), (0, 4, 0, 0.489891), (4, 4, 0.510109, 1)]
ROUGH = [(5, 10, 0.24, 0.76), (15, 30, 0.33, 0.67), (50, 100, 0.40, 0.60)]


@pytest.mark.parametrize(("k", "n", "low", "high"), PUBLISHED)
def test_published_intervals_come_out(k: int, n: int, low: float, high: float):
    assert wilson_interval(k, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("k", "n", "low", "high"), EXACT)
def test_intervals_of_four_people_come_out_to_six_digits(k: int, n: int, low: float, high: float):
    assert wilson_interval(k, n) == pytest.approx((low, high), abs=5e-7)


@pytest.mark.parametrize(("k", "n", "low", "high"), ROUGH)
def test_intervals_of_small_cohorts_are_as_wide_as_we_say(k: int, n: int, low: float, high: float):
    assert wilson_interval(k, n) == pytest.approx((low, high), abs=5e-3)


@STEADY
@given(n=st.integers(1, 10**6), data=st.data())
def test_scipy_agrees(n: int, data: st.DataObject):
    k = data.draw(st.integers(0, n))
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert wilson_interval(k, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_no_base_has_no_interval():
    assert wilson_interval(0, 0) is None
    low, high = wilson([0, 1], [0, 1])
    assert np.isnan([low[0], high[0]]).all()
    assert high[1] == 1


def test_many_at_once_are_the_same_as_one_by_one():
    k, n = np.arange(13), np.full(13, 12)
    low, high = wilson(k, n)
    assert list(zip(low, high, strict=True)) == [wilson_interval(one, 12) for one in range(13)]
    assert low[0] == 0
    assert high[-1] == 1
