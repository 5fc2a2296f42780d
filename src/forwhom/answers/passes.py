"""Passes over all group effects, in blocks whatever their number; several questions in one.

Tests: tests/answers/test_tables.py, tests/answers/test_ahead.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.telling import Telling
from forwhom.fitted import Block, Estimand
from forwhom.methods import Own

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HANDFUL = 8  # groups, drawn alone where drawing all would be long
PRECISE_UP_TO = 10_000  # groups; quantiles of more are found in single precision


@dataclass(frozen=True, slots=True)
class Task[T]:
    """What one question makes of a pass over the groups.

    Attributes:
        estimand: of whose effects.
        work: what a block adds; of a block with all own parameters of its groups where ``own``.
        add: put it to the others, in the order of the blocks.
        end: the answer when all are added.
    """

    estimand: Estimand
    work: Callable[[Any], Any]
    add: Callable[[Any], None]
    end: Callable[[], T]
    own: bool = False

    def done(self) -> T:
        """The answer from a pass of its own."""
        fitted = self.estimand.fitted
        parts: Iterator[Any] = (
            fitted.draws.map(self.work, fitted.own) if self.own else self.estimand.map(self.work)
        )
        for part in parts:
            self.add(part)
        return self.end()


def together(tasks: Sequence[Task[Any]]) -> list[Any]:
    """Answers to questions on one fit, from one pass over its groups: as each would have alone."""
    fitted = tasks[0].estimand.fitted
    every = any(task.own for task in tasks)
    drawn = fitted.own if every else sorted({r for task in tasks for r in task.estimand.needed})

    def work(own: Own) -> list[Any]:
        parts, blocks = [], {}
        for task in tasks:
            key = task.estimand.quantity
            if not task.own and key not in blocks:
                blocks[key] = Block(own.groups, task.estimand.effects_of(own, drawn))
            parts.append(task.work(own if task.own else blocks[key]))
        return parts

    for parts in fitted.draws.map(work, drawn):
        for task, part in zip(tasks, parts, strict=True):
            task.add(part)
    return [task.end() for task in tasks]


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


def group_task(estimand: Estimand, telling: Telling) -> Task[GroupPass]:
    """Summarise every group and average over rows, whatever the number of groups."""
    count = estimand.design.groups.count
    averaged = _row_average(estimand)
    summary = {name: np.empty(count) for name in telling.names}
    precise = count <= PRECISE_UP_TO
    total = np.zeros(estimand.fitted.count)

    def work(block: Block) -> FloatArray:
        for name, values in telling.columns(block.theta, precise).items():
            summary[name][block.groups] = values
        return averaged(block)

    return Task(estimand, work, _into(total), lambda: GroupPass(summary, total, telling))


def pass_over_groups(estimand: Estimand, telling: Telling) -> GroupPass:
    """The same, done."""
    return group_task(estimand, telling).done()


def average_draws(estimand: Estimand) -> FloatArray:
    """The average effect over all rows within each draw, (D,); the same as a full pass gives."""
    total = np.zeros(estimand.fitted.count)
    return Task(estimand, _row_average(estimand), _into(total), lambda: total).done()


def group_draws(estimand: Estimand, groups: IntArray) -> FloatArray:
    """Effects of some groups, (g, D)."""
    if not estimand.few and len(groups) <= HANDFUL:
        drawn = estimand.needed
        return estimand.effects_of(estimand.fitted.draws.of(groups, drawn), drawn)
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


def averages_task(estimand: Estimand, shares: FloatArray) -> Task[FloatArray]:
    """Averages by any weights of groups, those of a row (m, G) adding up to one: (m, D)."""
    out = np.zeros((len(shares), estimand.fitted.count))
    return Task(
        estimand,
        lambda block: shares[:, block.groups] @ block.theta,
        _into(out),
        lambda: out,
    )


def averages_over(estimand: Estimand, shares: FloatArray) -> FloatArray:
    """The same, done."""
    return averages_task(estimand, shares).done()


def _row_average(estimand: Estimand) -> Callable[[Block], FloatArray]:
    """What a block adds to the average over rows."""
    share = estimand.group_weight / estimand.group_weight.sum()
    return lambda block: np.asarray(share[block.groups] @ block.theta)


def _into(total: FloatArray) -> Callable[[FloatArray], None]:
    """Add each part to a total."""

    def add(part: FloatArray) -> None:
        np.add(total, part, out=total)

    return add
