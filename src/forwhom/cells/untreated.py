"""The untreated rows of each group, where a shared baseline hides how far groups differ.

Tests: tests/cells/test_checks.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.design import Design, Rows

FloatArray = NDArray[np.float64]

CHUNK = 200_000  # rows held as a dense matrix at one time


def within_untreated(
    design: Design, rows: Rows, outcome_center: float, outcome_scale: float
) -> tuple[FloatArray, int]:
    """Cross-products of [controls, outcome] of untreated rows about their groups' means.

    Args:
        design, rows: the analysis.
        outcome_center, outcome_scale: the outcome's unit in the result.

    Returns:
        ``total`` and ``within`` groups, (2, c, c) for c = controls + 1 columns, and the number of
        groups that have untreated rows; (2, 0, 0) and 0 where the question does not arise:
        modifiers in the outcome equation, or a dose.
    """
    none = np.zeros((2, 0, 0)), 0
    doses = any(effect.treatment.kind != "binary" for effect in design.effects)
    if design.plan.baseline != "shared" or design.modifiers.names or doses:
        return none
    untreated = np.flatnonzero((rows.d == 0).all(axis=1) & (rows.groups < design.groups.count))
    if not len(untreated):
        return none
    width = len(design.controls.names) + 1
    cross = np.zeros((width, width))
    sums = np.zeros((design.groups.count, width))
    weight = np.zeros(design.groups.count)
    shift: FloatArray | None = None
    for low in range(0, len(untreated), CHUNK):
        part = untreated[low : low + CHUNK]
        inside = slice(int(part[0]), int(part[-1]) + 1)
        columns = np.empty((len(part), width))
        columns[:, :-1] = design.controls.matrix(rows.table, inside)[part - part[0]]
        columns[:, -1] = (rows.y[part] - outcome_center) / outcome_scale
        shift = columns.mean(axis=0) if shift is None else shift
        columns -= shift
        w = np.ones(len(part)) if rows.weights is None else rows.weights[part]
        codes = rows.groups[part]
        cross += columns.T @ (columns * w[:, None])
        weight += np.bincount(codes, w, len(weight))
        for j in range(width):
            sums[:, j] += np.bincount(codes, w * columns[:, j], len(weight))
    some = weight > 0
    between = (sums[some] / weight[some, None]).T @ sums[some]
    mean = sums.sum(axis=0)
    total = cross - np.outer(mean, mean) / weight.sum()
    return np.stack([total, cross - between]), int(some.sum())
