"""Confidence intervals of shares; the rest of analytics and services come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# The 97.5 % point of the normal distribution: two-sided 95 %.
Z95 = 1.959963984540054


def wilson(k: ArrayLike, n: ArrayLike, z: float = Z95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Wilson score intervals of k successes in n trials, element by element: (low, high), NaN where n is 0.

    centre = (p + z^2/2n) / (1 + z^2/n), half = z / (1 + z^2/n) * sqrt(p(1-p)/n + z^2/4n^2) (methods.md 1.2).
    """
    successes, trials = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64))
    some = np.where(trials > 0, trials, np.nan)
    share, widening = successes / some, 1 + z * z / some
    centre = (share + z * z / (2 * some)) / widening
    half = z / widening * np.sqrt(share * (1 - share) / some + z * z / (4 * some * some))
    # At the ends the formula gives 0 and 1 exactly; floating point may miss them by a hair.
    low = np.where(successes == 0, 0 * some, np.clip(centre - half, 0, 1))
    high = np.where(successes == trials, 1 + 0 * some, np.clip(centre + half, 0, 1))
    return low, high


def wilson_interval(k: int, n: int, z: float = Z95) -> tuple[float, float] | None:
    """The Wilson score interval of k successes in n trials; None where n is 0, because there is no base."""
    if n == 0:
        return None
    low, high = wilson(k, n, z)
    return float(low), float(high)
