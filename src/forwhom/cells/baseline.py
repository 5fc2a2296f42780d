"""What a shared baseline hides, measured on the untreated rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.sums import Sums
from forwhom.design import Design

FloatArray = NDArray[np.float64]


def baseline_difference(design: Design, cells: Sums) -> tuple[float, float, float] | None:
    """What a shared baseline hides: how far the untreated rows' outcomes differ by the modifiers.

    Returns:
        (sd of the baselines that the modifiers predict, in outcome units; share of the untreated
        outcome's variance they explain; the share that chance alone would explain), or None for a
        dose and where there are too few untreated rows.
    """
    k = len(design.modifiers.names)
    if not k:
        return _between_groups(cells)
    n_before = cells.layout.beta.stop
    cross = cells.control_cross
    n = cross[0, 0]
    if design.effects[0].treatment.kind == "dose" or n < n_before + k + 5:
        return None

    def unexplained(columns: list[int]) -> float:
        gram = cross[np.ix_(columns, columns)]
        right = cross[columns, -1]
        return float(cross[-1, -1] - right @ np.linalg.lstsq(gram, right, rcond=1e-10)[0])

    before = list(range(n_before))
    without = unexplained(before)
    explained = max(without - unexplained([*before, *range(n_before, n_before + k)]), 0.0)
    if without <= 0:
        return None
    sd = float(np.sqrt(explained / n)) * cells.outcome_scale
    return sd, explained / without, k / (n - n_before)


def _between_groups(cells: Sums) -> tuple[float, float, float] | None:
    """The same where no modifier says how groups differ: by the groups' own means."""
    if not cells.control_within.size:
        return None
    n, count = cells.control_cross[0, 0], cells.control_groups
    controls = cells.control_within.shape[1] - 1
    if count < 2 or n < controls + count + 5:
        return None

    def unexplained(cross: FloatArray) -> float:
        right = cross[:-1, -1]
        solved = np.linalg.lstsq(cross[:-1, :-1], right, rcond=1e-10)[0] if controls else right
        return float(cross[-1, -1] - right @ solved)

    without, within = (unexplained(cross) for cross in cells.control_within)
    if without <= 0:
        return None
    explained = max(without - within, 0.0)
    sd = float(np.sqrt(explained / n)) * cells.outcome_scale
    return sd, explained / without, (count - 1) / (n - 1 - controls)
