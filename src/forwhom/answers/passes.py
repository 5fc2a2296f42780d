"""Passes over all group effects, in blocks whatever their number.

Tests: tests/answers/test_tables.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.summarise import summarise
from forwhom.fitted import Block, Estimand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PRECISE_UP_TO = 10_000  # groups; quantiles of more are found in single precision


@dataclass(frozen=True, slots=True)
class GroupPass:
    """One pass over all group effects.

    Attributes:
        summary: columns of length G (see ``summarise``).
        average: (D,) the average effect over all rows, within draws.
        level: of the summary's interval.
    """

    summary: dict[str, FloatArray]
    average: FloatArray
    level: float


def pass_over_groups(estimand: Estimand, level: float) -> GroupPass:
    """Summarise every group and average over rows in one pass, whatever the number of groups."""
    count = estimand.design.groups.count
    averaged = _row_average(estimand)
    names = ("estimate", "std_error", "conf_low", "conf_high", "prob_positive")
    summary = {name: np.empty(count) for name in names}
    precise = count <= PRECISE_UP_TO

    def work(block: Block) -> FloatArray:
        for name, values in summarise(block.theta, level, precise).items():
            summary[name][block.groups] = values
        return averaged(block)

    return GroupPass(summary, _total(estimand, work), level)


def average_draws(estimand: Estimand) -> FloatArray:
    """The average effect over all rows within each draw, (D,); the same as a full pass gives."""
    return _total(estimand, _row_average(estimand))


def averages_by(estimand: Estimand, codes: IntArray, count: int) -> FloatArray:
    """Averages over the rows of the groups that share a code, within draws: (count, D)."""
    weight = estimand.group_weight
    total = np.bincount(codes, weight, count)
    out = np.zeros((count, estimand.fitted.count))

    def work(block: Block) -> tuple[IntArray, FloatArray]:
        present, where = np.unique(codes[block.groups], return_inverse=True)
        share = np.zeros((len(present), len(block.groups)))
        share[where, np.arange(len(block.groups))] = weight[block.groups]
        return present, share @ block.theta

    for present, partial in estimand.map(work):
        out[present] += partial
    return out / total[:, None]


def _row_average(estimand: Estimand) -> Callable[[Block], FloatArray]:
    """What a block adds to the average over rows."""
    share = estimand.group_weight / estimand.group_weight.sum()
    return lambda block: np.asarray(share[block.groups] @ block.theta)


def _total(estimand: Estimand, work: Callable[[Block], FloatArray]) -> FloatArray:
    """Sum of what ``work`` makes of each block, in the order of the blocks."""
    total = np.zeros(estimand.fitted.count)
    for part in estimand.map(work):
        total += part
    return total
