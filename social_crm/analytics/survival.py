"""How long people stay before they fall silent: Kaplan-Meier survival and the log-rank test; services come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from social_crm.analytics.bitsets import unpack
from social_crm.analytics.intervals import Z95
from social_crm.analytics.presence import presence
from social_crm.analytics.timeline import timeline
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    import polars as pl
    from numpy.typing import NDArray

    from social_crm.analytics.definition import RetentionDefinition
    from social_crm.analytics.presence import Presence

# So many silent periods make a person churned (methods.md 1.2).
SILENT = 2


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long each person was seen to stay, in periods of at least 1, and whether it had ended by then (else censored)."""

    durations: NDArray[np.int64]
    ended: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SurvivalPoint:
    """The state of things `time` periods after people were first seen.

    `at_risk` people were followed that long, `ended` of them churned just then, `survival` is the share that stays longer.
    The 95 % interval is the log-log one; None while nobody, and after everybody, has churned.
    """

    time: int
    at_risk: int
    ended: int
    survival: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SurvivalReport:
    """Churn survival: `silent` periods without activity are churn.

    `people` were followed; `too_new` were first seen so late that their silence cannot be judged and are left out. `median`
    is the first time at which no more than half are left, None where more than half stay throughout.
    """

    definition: RetentionDefinition
    watermark: datetime | None
    silent: int
    people: int
    too_new: int
    median: int | None
    points: tuple[SurvivalPoint, ...]


@dataclass(frozen=True, slots=True)
class LogRank:
    """The log-rank test of two segments: chi-squared with one degree of freedom, and its two-sided p."""

    chi2: float
    p: float


def survival(
    activity: pl.DataFrame,
    people: pl.DataFrame,
    definition: RetentionDefinition,
    watermark: datetime | None = None,
    excluded: Collection[str] = frozenset(),
    silent: int = SILENT,
) -> SurvivalReport:
    """Churn survival from the tables ACTIVITY and PEOPLE (methods.md 1.2); empty without a complete period to judge by.

    Raises Invalid when `silent` is below 1.
    """
    present = presence(activity, people, definition, watermark, excluded)
    if present is None:
        return SurvivalReport(definition, watermark, silent, 0, 0, None, ())
    followed = lifetimes(present, timeline(present, definition, watermark).complete, silent)
    points = kaplan_meier(followed)
    median = next((point.time for point in points if point.survival <= 0.5), None)
    count = len(followed.durations)
    return SurvivalReport(definition, watermark, silent, count, present.people - count, median, points)


def lifetimes(present: Presence, complete: int, silent: int = SILENT) -> Lifetimes:
    """The lifetimes of everybody first seen early enough, given that the first `complete` periods are complete.

    With L the last complete period and H = L - silent: whoever was first seen in f <= H and last in l <= H has churned
    after l - f + 1 periods; whoever was seen later than H is censored at H - f + 1; f > H is left out (methods.md 1.2). So
    that people who are only silent lately are not taken for loyal ones. Raises Invalid when `silent` is below 1.
    """
    if silent < 1:
        raise Invalid(f"silent {silent}: it takes at least 1 silent period to be churned")
    judged = complete - silent  # H + 1: periods 0 .. H can be judged
    first, last = _first_and_last(present, complete)
    early = (first >= 0) & (first < judged)
    first, last = first[early], last[early]
    ended = last < judged
    return Lifetimes(np.where(ended, last, judged - 1) - first + 1, ended)


def kaplan_meier(followed: Lifetimes) -> tuple[SurvivalPoint, ...]:
    """The Kaplan-Meier curve at each distinct duration, with the log-log interval (Sawyer's exponential Greenwood)."""
    if not len(followed.durations):
        return ()
    data = stats.CensoredData(uncensored=followed.durations[followed.ended], right=followed.durations[~followed.ended])
    curve = stats.ecdf(data).sf
    times = curve.quantiles.astype(np.int64)
    at_risk = len(followed.durations) - np.searchsorted(np.sort(followed.durations), times, side="left")
    ends = np.sort(followed.durations[followed.ended])
    ended = np.searchsorted(ends, times, side="right") - np.searchsorted(ends, times, side="left")
    bounds = _log_log(curve.probabilities, at_risk, ended)
    rows = zip(times.tolist(), at_risk.tolist(), ended.tolist(), curve.probabilities.tolist(), bounds, strict=True)
    return tuple(SurvivalPoint(*row[:4], *row[4]) for row in rows)


def log_rank(left: Lifetimes, right: Lifetimes) -> LogRank:
    """The log-rank test that two segments survive alike. Raises Invalid when one is empty or nobody churned in either."""
    if not len(left.durations) or not len(right.durations) or not (left.ended.any() or right.ended.any()):
        raise Invalid("a log-rank test needs people in both segments, and at least one of them churned")
    sides = [
        stats.CensoredData(uncensored=side.durations[side.ended], right=side.durations[~side.ended])
        for side in (left, right)
    ]
    found = stats.logrank(*sides)
    return LogRank(float(found.statistic) ** 2, float(found.pvalue))


def _first_and_last(present: Presence, complete: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each person the first and last of the complete periods it was active in, -1 for none."""
    people = present.bits.shape[1] * 64
    first, last = np.full(people, -1, dtype=np.int64), np.full(people, -1, dtype=np.int64)
    for place in range(complete):
        first[unpack(present.new[place]).view(np.bool_)] = place
        last[unpack(present.bits[place]).view(np.bool_)] = place
    return first, last


def _log_log(
    curve: NDArray[np.float64], at_risk: NDArray[np.int64], ended: NDArray[np.int64]
) -> list[tuple[float | None, float | None]]:
    """The interval exp(-exp(ln(-ln S) +- z * se)). scipy has it too, but warns where it is undefined; here that is None."""
    bounds: list[tuple[float | None, float | None]] = []
    greenwood = 0.0
    for share, followed, gone in zip(curve.tolist(), at_risk.tolist(), ended.tolist(), strict=True):
        if not 0 < share < 1:
            bounds.append((None, None))
            continue
        greenwood += gone / (followed * (followed - gone))
        hazard = -np.log(share)
        spread = np.exp(Z95 * np.sqrt(greenwood) / hazard)
        bounds.append((float(np.exp(-hazard * spread)), float(np.exp(-hazard / spread))))
    return bounds
