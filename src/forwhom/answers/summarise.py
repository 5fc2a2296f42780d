"""Draws to the columns every table has: median, sd, equal-tailed interval, P(> 0).

A mean time or a rate can have a tail so heavy that its sd is that of one draw, or infinite: the sd
of exp(t) does not exist for a Student-t. Then no sd is given; quantiles do not feel the tail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FIRST = 31  # draws that give a row's place and unit
HEAVY = 0.25  # of the variance: with more in one draw, its own error passes a quarter of it
MOST = 3e38  # single precision holds no more
FEWEST = 100  # draws from which one draw's share says something

HEAVY_NOTE = (
    "No std. error where one draw makes up over a quarter of the variance (a heavy tail); estimate "
    "and interval are quantiles and hold."
)

FLAT_NOTE = (
    "An interval of no width is no certainty: all draws agree to the last digit, because the "
    "outcome stands at the edge of what it can be (scale='link' then tells more) or because the "
    "draws hardly differ (fit.diagnostics() tells)."
)

SUMMARY_HEADERS = {
    "treatment": "Treatment",
    "term": "Term",
    "group_id": "Group",
    "n_groups": "Groups",
    "n_rows": "Rows",
    "n_treated": "Treated",
    "n_control": "Control",
    "estimate": "Estimate",
    "std_error": "Std. error",
    "conf_low": "Low",
    "conf_high": "High",
    "prob_positive": "P(>0)",
}


def summarise(
    draws: FloatArray, level: float, precise: bool = True, hdi: bool = False
) -> dict[str, FloatArray]:
    """Summaries of each row of ``draws``.

    Args:
        draws: (m, D), m quantities with D draws each.
        level: of the interval; hdi: the shortest that holds it instead of the equal-tailed one.
        precise: find quantiles in double precision; single precision halves the work of the
            largest fits and loses less than a millionth of a row's sd, as a middle is taken off.

    Returns:
        columns of length m: ``estimate`` (posterior median), ``std_error`` (posterior sd, NaN where
        the tail is too heavy for one), ``conf_low``, ``conf_high``, ``prob_positive``.

    >>> summary = summarise(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), level=0.5)
    >>> [float(summary[name][0]) for name in ("estimate", "conf_low", "conf_high")]
    [3.0, 2.0, 4.0]
    """
    count = draws.shape[1]
    # a draw of 1e200 would drown the others in the mean
    middle = np.median(draws[:, :FIRST], axis=1)
    centred = draws - middle[:, None]
    tail = (1 - level) / 2
    wanted, low, high = _quantiles(centred, (0.5, tail, 1 - tail), precise)
    if hdi:
        low, high = _shortest(centred, level)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = centred.mean(axis=1)
        squares = np.einsum("ij,ij->i", centred, centred) - count * mean**2
        sd = np.sqrt(np.maximum(squares, 0.0) / (count - 1))
        farthest = np.maximum(centred.max(axis=1) - mean, mean - centred.min(axis=1))
        heavy = ~(farthest**2 <= HEAVY * squares) & (squares > 0)
    if count >= FEWEST:
        sd[heavy | ~np.isfinite(sd)] = np.nan
    return {
        "estimate": middle + wanted,
        "std_error": sd,
        "conf_low": middle + low,
        "conf_high": middle + high,
        "prob_positive": np.count_nonzero(draws > 0, axis=1) / count,
    }


def _shortest(centred: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Ends of the shortest interval between two draws that holds a share of them, by row.

    Chen and Shao 1999, Journal of Computational and Graphical Statistics 8(1).
    """
    ordered = np.sort(centred, axis=1)
    held = max(min(int(np.floor(level * centred.shape[1])), centred.shape[1] - 1), 0)
    with np.errstate(over="ignore", invalid="ignore"):
        width = ordered[:, held:] - ordered[:, : ordered.shape[1] - held]
    first = np.argmin(np.where(np.isnan(width), np.inf, width), axis=1)
    rows = np.arange(len(ordered))
    return ordered[rows, first], ordered[rows, first + held]


def summary_notes(columns: dict[str, FloatArray]) -> tuple[str, ...]:
    """What a table says of summaries that are not what they look like; mostly nothing."""
    heavy = bool(np.isnan(columns["std_error"]).any())
    flat = bool((columns["conf_low"] == columns["conf_high"]).any())
    return (*((HEAVY_NOTE,) if heavy else ()), *((FLAT_NOTE,) if flat else ()))


def _quantiles(
    centred: FloatArray, probabilities: tuple[float, ...], precise: bool
) -> list[FloatArray]:
    """Linear interpolation between order statistics (Hyndman and Fan's type 7), by row."""
    unit = np.ones(len(centred))
    at = [p * (centred.shape[1] - 1) for p in probabilities]
    needed = sorted({int(a) for a in at} | {min(int(a) + 1, centred.shape[1] - 1) for a in at})
    small: NDArray[np.floating]
    if precise:
        small = centred.copy()
        small.partition(needed, axis=1)
    else:  # in units of its own, each row is within single precision
        sizes = np.abs(centred[:, :FIRST])
        size = np.median(sizes, axis=1)  # not the largest, beside which the others would drown
        size = np.where(size > 1e-300, size, sizes.max(axis=1))
        unit = np.where(size > 1e-300, size, 1.0)
        small = np.empty(centred.shape, dtype=np.float32)
        with np.errstate(over="ignore"):
            np.multiply(centred, 1 / unit[:, None], out=small)
        small.sort(axis=1)  # faster than a partition in single precision

    def statistic(k: int) -> FloatArray:
        value = small[:, min(k, centred.shape[1] - 1)].astype(float)
        return np.asarray((value if precise else np.clip(value, -MOST, MOST)) * unit)

    return [
        statistic(int(a)) + (a - int(a)) * (statistic(int(a) + 1) - statistic(int(a))) for a in at
    ]
