"""Bootstrap intervals of ratios over people; the rest of analytics comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from social_crm.analytics.intervals import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Resampled counts held at a time: 32 MB.
_DRAWS_AT_A_TIME = 1 << 22


def ratio_interval(
    parts: NDArray[np.int64], wholes: NDArray[np.int64], resamples: int, seed: Sequence[int]
) -> tuple[float, float] | None:
    """The 95 % interval of sum(parts) / sum(wholes) when people are drawn again with replacement (methods.md 1.2).

    A place each is one person's part of a whole, 0 <= part <= whole; those with whole 0 take no part. People with equal
    pairs are interchangeable, so the draws are multinomial over the distinct pairs: exact, and as quick for a million
    people as for a thousand. Where every part is 0, or every part the whole, draws cannot differ: then it is the Wilson
    interval over people. None where nobody takes part. The same seed gives the same interval, whatever the order of people.
    """
    part, whole, count = _distinct(parts, wholes)
    people = int(count.sum())
    if people == 0:
        return None
    if not part.any() or bool((part == whole).all()):
        return wilson_interval(people if part.any() else 0, people)
    random = np.random.default_rng(seed)
    share = count / people
    step = max(1, _DRAWS_AT_A_TIME // len(count))
    ratios = []
    for begin in range(0, resamples, step):
        drawn = random.multinomial(people, share, size=min(step, resamples - begin)).astype(np.float64)
        ratios.append((drawn @ part) / (drawn @ whole))
    low, high = np.quantile(np.concatenate(ratios), [0.025, 0.975])
    return float(low), float(high)


def _distinct(
    parts: NDArray[np.int64], wholes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct pairs with a whole above 0, in ascending order, and how many people have each."""
    base = int(wholes.max(initial=0)) + 1
    counts = np.bincount(wholes * base + parts, minlength=1)
    pairs = np.flatnonzero(counts)
    pairs = pairs[pairs >= base]
    return pairs % base, pairs // base, counts[pairs]
