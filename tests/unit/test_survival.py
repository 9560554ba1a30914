"""Churn survival: V1 of methods.md 1.3, and Freireich's leukaemia data as everybody else computes them."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from social_crm.analytics.plain import as_json
from social_crm.analytics.presence import presence
from social_crm.analytics.retention import RetentionDefinition
from social_crm.analytics.survival import Lifetimes, SurvivalPoint, kaplan_meier, lifetimes, log_rank, survival
from social_crm.domain.errors import Invalid
from tests.retention_oracle import NOBODY, STEADY, activity, end_of_month, months

if TYPE_CHECKING:
    from collections.abc import Sequence

V1 = {"ana": [0, 1, 2, 3], "ben": [0, 2], "cy": [0], "dee": [0, 1], "eli": [1, 2, 3], "fay": [1, 3], "gus": [2]}
DRUG = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def lived(durations: Sequence[int], ended: Sequence[int]) -> Lifetimes:
    return Lifetimes(np.array(durations, dtype=np.int64), np.array(ended, dtype=np.bool_))


def at(points: Sequence[SurvivalPoint], time: int) -> SurvivalPoint:
    return next(point for point in points if point.time == time)


def test_v1_lifetimes():
    present = presence(months(V1), NOBODY, RetentionDefinition())
    assert present is not None
    found = lifetimes(present, complete=4)
    expected = sorted(zip([2, 2, 1, 2, 1, 1], [0, 0, 1, 1, 0, 0], strict=True))
    assert sorted(zip(found.durations.tolist(), found.ended.tolist(), strict=True)) == expected


def test_v1_survival():
    report = survival(months(V1), NOBODY, RetentionDefinition(), end_of_month(3))
    one, two = report.points
    assert (one.survival, two.survival) == pytest.approx((0.833333, 0.555556), abs=5e-7)
    assert (one.low, one.high) == pytest.approx((0.2731, 0.9747), abs=5e-5)
    assert (two.low, two.high) == pytest.approx((0.0734, 0.8761), abs=5e-5)
    assert [(point.at_risk, point.ended) for point in report.points] == [(6, 1), (3, 1)]
    assert (report.people, report.too_new, report.median) == (6, 1, None)


def test_v1_taking_the_silent_for_loyal_is_biased_upwards():
    # Censoring everybody at the last complete period unless two silent periods follow the last activity.
    naive = kaplan_meier(lived([4, 3, 1, 2, 3, 3, 1], [0, 0, 1, 1, 0, 0, 0]))
    assert at(naive, 1).survival == pytest.approx(0.857143, abs=5e-7)
    assert at(naive, 2).survival == pytest.approx(0.685714, abs=5e-7)


def test_freireich_survival_as_published():
    points = kaplan_meier(lived(DRUG, RELAPSED))
    published = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
    assert {time: round(at(points, time).survival, 4) for time in published} == published
    placebo = kaplan_meier(lived(PLACEBO, [1] * 21))
    assert next(point.time for point in placebo if point.survival <= 0.5) == 8


def test_freireich_log_rank_as_published():
    found = log_rank(lived(DRUG, RELAPSED), lived(PLACEBO, [1] * 21))
    assert found.chi2 == pytest.approx(16.793, abs=5e-4)
    assert found.p == pytest.approx(stats.chi2.sf(16.793, 1), rel=1e-3)


LIVES = st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=30)


@STEADY
@given(lives=LIVES)
def test_intervals_are_those_of_scipy_and_none_where_it_has_none(lives: list[tuple[int, bool]]):
    durations, ended = zip(*lives, strict=True)
    followed = lived(durations, ended)
    points = kaplan_meier(followed)
    data = stats.CensoredData(uncensored=followed.durations[followed.ended], right=followed.durations[~followed.ended])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        theirs = stats.ecdf(data).sf.confidence_interval(method="log-log")
    for point, low, high in zip(points, theirs.low.probabilities, theirs.high.probabilities, strict=True):
        if np.isnan(low) or np.isnan(high) or point.survival in {0, 1}:
            assert (point.low, point.high) == (None, None)
        else:
            assert (point.low, point.high) == pytest.approx((low, high), abs=1e-9)


@STEADY
@given(lives=LIVES)
def test_survival_is_the_product_over_times_of_who_stayed(lives: list[tuple[int, bool]]):
    share = 1.0
    for point in kaplan_meier(lived(*zip(*lives, strict=True))):
        at_risk = sum(duration >= point.time for duration, _ in lives)
        ended = sum(duration == point.time and gone for duration, gone in lives)
        share *= 1 - ended / at_risk
        assert (point.at_risk, point.ended) == (at_risk, ended)
        assert point.survival == pytest.approx(share)


@pytest.mark.parametrize(
    ("active", "watermark"),
    [({}, end_of_month(3)), (V1, None), (V1, end_of_month(1)), (V1, datetime(2024, 1, 1, tzinfo=UTC))],
)
def test_without_enough_complete_periods_there_is_no_curve(active: dict[str, list[int]], watermark: datetime | None):
    report = survival(months(active), NOBODY, RetentionDefinition(), watermark)
    assert (report.people, report.points, report.median) == (0, (), None)
    assert report.too_new == len(active)


def test_everybody_gone_at_once_is_a_curve_that_ends_at_zero():
    report = survival(months({"ana": [0], "ben": [0]}), NOBODY, RetentionDefinition(), end_of_month(4))
    assert [(point.time, point.survival, point.low) for point in report.points] == [(1, 0.0, None)]
    assert report.median == 1
    assert as_json(report)["points"][0]["high"] is None


def test_activity_after_the_last_complete_period_neither_saves_nor_adds_anybody():
    before = survival(months({"ana": [0], "ben": [0, 1, 2]}), NOBODY, RetentionDefinition(), end_of_month(3))
    later = months({"ana": [0, 4], "ben": [0, 1, 2], "cy": [4]})
    after = survival(later, NOBODY, RetentionDefinition(), end_of_month(3))
    assert after.points == before.points
    assert (after.people, after.too_new) == (2, 1)


def test_a_test_without_anything_to_compare_is_refused():
    some, nobody = lived([1, 2], [1, 0]), lived([], [])
    for left, right in ((some, nobody), (nobody, some), (lived([1], [0]), lived([2], [0]))):
        with pytest.raises(Invalid, match="people in both segments"):
            log_rank(left, right)


def test_churn_takes_at_least_one_silent_period():
    with pytest.raises(Invalid, match="at least 1 silent period"):
        survival(months(V1), NOBODY, RetentionDefinition(), end_of_month(3), silent=0)
    assert survival(activity([]), NOBODY, RetentionDefinition()).points == ()
