"""Passes over all group effects, in blocks whatever their number.

Tests: tests/answers/test_tables.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.telling import Telling
from forwhom.fitted import Block, Estimand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PRECISE_UP_TO = 10_000  # groups; quantiles of more are found in single precision


@dataclass(frozen=True, slots=True)
class GroupPass:
    """One pass over all group effects.

    Attributes:
        summary: columns of length G (see ``Telling``).
        average: (D,) the average effect over all rows, within draws.
        telling: what the summary says.
    """

    summary: dict[str, FloatArray]
    average: FloatArray
    telling: Telling


def pass_over_groups(estimand: Estimand, telling: Telling) -> GroupPass:
    """Summarise every group and average over rows in one pass, whatever the number of groups."""
    count = estimand.design.groups.count
    averaged = _row_average(estimand)
    summary = {name: np.empty(count) for name in telling.names}
    precise = count <= PRECISE_UP_TO

    def work(block: Block) -> FloatArray:
        for name, values in telling.columns(block.theta, precise).items():
            summary[name][block.groups] = values
        return averaged(block)

    return GroupPass(summary, _total(estimand, work), telling)


def average_draws(estimand: Estimand) -> FloatArray:
    """The average effect over all rows within each draw, (D,); the same as a full pass gives."""
    return _total(estimand, _row_average(estimand))


def group_draws(estimand: Estimand, groups: IntArray) -> FloatArray:
    """Effects of some groups, (g, D)."""
    place = np.full(estimand.count, -1)
    place[groups] = np.arange(len(groups))
    out = np.empty((len(groups), estimand.fitted.count))

    def fill(block: Block) -> None:
        mine = place[block.groups]
        out[mine[mine >= 0]] = block.theta[mine >= 0]

    deque(estimand.map(fill), maxlen=0)
    return out


def averages_by(
    estimand: Estimand, groups: IntArray, codes: IntArray, count: int, weight: FloatArray
) -> FloatArray:
    """Averages of the groups that share a code, within draws: (count, D).

    Args:
        groups: (g,) those that count; codes: (g,) of 0 to ``count`` - 1; weight: (G,).
    """
    place = np.full(estimand.count, -1)
    place[groups] = codes
    total = np.bincount(codes, weight[groups], count)
    out = np.zeros((count, estimand.fitted.count))

    def work(block: Block) -> tuple[IntArray, FloatArray]:
        mine = np.flatnonzero(place[block.groups] >= 0)
        present, where = np.unique(place[block.groups[mine]], return_inverse=True)
        share = np.zeros((len(present), len(block.groups)))
        share[where, mine] = weight[block.groups[mine]]
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


def averages_over(estimand: Estimand, shares: FloatArray) -> FloatArray:
    """Averages by any weights of groups, those of a row (m, G) adding up to one: (m, D)."""
    out = np.zeros((len(shares), estimand.fitted.count))
    for part in estimand.map(lambda block: shares[:, block.groups] @ block.theta):
        out += part
    return out
