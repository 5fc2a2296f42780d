"""Are counts more spread out than Poisson's law allows? Pearson's statistic within draws.

For counts y with expected mu(draw), the average over rows of (y - mu)^2 / mu is one under the
model, in every draw, whatever the number of parameters: what a fitted mean takes away,
its uncertainty gives back. Its sampling variance is (2 + 1 / mu) / n. Rows are used where they are
known (``RowKinds``), else the cells' sums, whose law is Poisson's too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import LikelihoodCells
from forwhom.errors import PlanError
from forwhom.fitted import Estimand, predictor_of
from forwhom.methods import KEPT

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DRAWS = 20  # of the posterior
MOST_CELLS = 20_000  # at which it is looked
LEAST = 1.5  # times Poisson's spread: intervals too narrow by a fifth
SURE = 5.0  # standard errors


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Spread of counts over Poisson's.

    Attributes:
        ratio: one where Poisson's law holds; error: its standard error under that law.
    """

    ratio: float
    error: float

    @property
    def large(self) -> bool:
        """Whether it is far more than chance and enough to matter."""
        return self.ratio > LEAST and self.ratio - 1 > SURE * self.error


def dispersion(estimand: Estimand) -> Dispersion | None:
    """Of a Poisson fit; None where nothing is known of it."""
    try:
        predictor = predictor_of(estimand.fitted, "dispersion")
    except PlanError:
        return None
    found = predictor.cells
    if predictor.n_groups * predictor.draws > KEPT or not estimand.diagnostics.passed:
        return _within_cells(found)  # draws of groups are not kept, or say nothing
    count = len(found.group)
    some = np.unique(np.linspace(0, count - 1, min(count, MOST_CELLS)).astype(np.int64))
    draws = slice(None, None, max(predictor.draws // DRAWS, 1))
    log_rate = predictor.eta(draws, some)
    kinds = found.summed
    if kinds is None:
        outcome, times, place = found.outcome.take(some), np.ones(len(some)), np.arange(len(some))
    else:
        mine, place = kinds.among(some)
        outcome, times = kinds.outcome.take(mine), kinds.count[mine]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = outcome.trials[:, None] * np.exp(np.clip(log_rate[place], -500.0, 500.0))
        pearson = (outcome.y[:, None] - mean) ** 2 / mean
        ratio = np.median((times @ pearson) / times.sum())
        variance = np.median(times @ (2 + 1 / mean)) / times.sum() ** 2
    return Dispersion(float(ratio), float(np.sqrt(variance)))


def _within_cells(found: LikelihoodCells) -> Dispersion | None:
    """Rows about the mean of their cell, each cell's degrees of freedom one less than its rows."""
    kinds = found.summed
    if kinds is None:
        return None
    count = len(found.group)
    rows = np.bincount(kinds.cell, kinds.count, count)
    total = np.bincount(kinds.cell, kinds.count * kinds.outcome.y, count)
    mean = total / np.maximum(rows, 1e-300)
    some = (rows > 1) & (mean > 0)
    freedom = float((rows[some] - 1).sum())
    if not freedom:
        return None
    off = kinds.count * (kinds.outcome.y - mean[kinds.cell]) ** 2
    squares = np.bincount(kinds.cell, off, count)
    ratio = float((squares[some] / mean[some]).sum()) / freedom
    variance = float(((rows[some] - 1) * (2 + 1 / mean[some])).sum()) / freedom**2
    return Dispersion(ratio, float(np.sqrt(variance)))
