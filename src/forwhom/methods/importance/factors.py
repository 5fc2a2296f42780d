"""Groups and clusters as factors of the rows, with the priors of their sds.

Tests: tests/methods/collapse/test_density.py, tests/methods/laplace/test_density.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem, ResolvedPrior
from forwhom.methods.importance.scales import FactorScales
from forwhom.methods.likelihood import LikelihoodPart, scale_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RowFactor:
    """A grouping of C rows: their level (C,), own columns (C, R), and the number of levels H."""

    index: IntArray
    own: FloatArray
    levels: int

    @property
    def size(self) -> int:
        """Own parameters of all levels."""
        return int(self.own.shape[1]) * self.levels


def row_factors(
    problem: Problem, part: LikelihoodPart
) -> tuple[list[RowFactor], list[FactorScales]]:
    """Groups, where they have parameters of their own, and clusters."""
    design, cells, priors = problem.design, problem.cells, problem.priors
    found = cells.likelihood
    assert found is not None
    factors, scales = [], []
    if design.random_names:
        lkj = priors.shape("correlation")
        factors.append(RowFactor(found.group, found.own, len(cells.group_gram)))
        units = part.unit / part.basis.random_scale
        shape = 0.0 if lkj is None else lkj.parameters[0]
        scales.append(_scales(priors.spreads, units, shape))
    scaled = found.d / cells.dose_scale
    for k, (cluster, entries) in enumerate(zip(design.clusters, priors.clusters, strict=True)):
        own, units = np.ones((len(scaled), 1)), np.array([part.unit])
        if cluster.effects:
            own = np.hstack([own, scaled])
            units = np.r_[units, part.unit / cells.dose_scale]
        factors.append(RowFactor(found.clusters[:, k], own, len(cluster.levels)))
        scales.append(_scales(entries, units, 0.0))
    return factors, scales


def _scales(entries: tuple[ResolvedPrior, ...], units: FloatArray, lkj: float) -> FactorScales:
    priors = tuple(scale_of(e.prior.distribution, e.prior.parameters) for e in entries)
    return FactorScales(priors, units, lkj)
