"""Cells and priors to the collapsed model.

Tests: tests/methods/collapse/test_density.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Priors, Problem
from forwhom.methods.collapse.density import (
    CollapsedModel,
    DenseFactor,
    table_of,
    turn,
    within_levels,
)
from forwhom.methods.collapse.shapes import Shapes, find_shapes
from forwhom.methods.collapse.sums import RowData, reduce_to_sums
from forwhom.methods.importance.factors import row_factors
from forwhom.methods.importance.scales import Scales
from forwhom.methods.likelihood import LikelihoodPart, likelihood_part, scale_of
from forwhom.methods.priors import ScalePrior
from forwhom.methods.shrinkage import shrinkage_of

FloatArray = NDArray[np.float64]

WIDTH = 0.5  # of an sd's coordinate before anything is known, in outcome sds
FLAT = ScalePrior("flat", ())


def build_collapsed(problem: Problem) -> CollapsedModel:
    """The model of DESIGN section 2 with everything linear integrated out.

    Args:
        problem: its cells with ``likelihood``, of a Gaussian or lognormal outcome.
    """
    design, priors = problem.design, problem.priors
    part = likelihood_part(problem)
    factors, scales = row_factors(problem, part)
    data = _rows(problem, part)
    # the factor with the most parameters goes first: what is left is factorised whole
    largest = max(range(len(factors)), key=lambda k: factors[k].size) if factors else None
    others = [k for k in range(len(factors)) if k != largest]
    first = None if largest is None else factors[largest]
    sums = reduce_to_sums(data, first, [factors[k] for k in others])
    m = sums.cross.shape[1]
    tri = np.tril_indices(m)
    shapes = find_shapes(sums.gram) if first is not None else _no_shapes()
    turned = turn(sums.own, shapes) if first is not None else np.zeros((0, 0, m))
    sds = sum(one.columns for one in scales) + (0 if design.estimates else data.count)
    return CollapsedModel(
        scales=Scales(
            classes=data.count,
            known=design.estimates,
            sigma_prior=_sigma_prior(priors),
            sigma_unit=part.unit,
            factors=tuple(scales),
            heavy=part.coefficients.df[part.coefficients.heavy],
            widths=np.full(sds, WIDTH),
            shrinkage=shrinkage_of(problem),
        ),
        weight=sums.weight,
        within=within_levels(sums.cross, turned, shapes, tri),
        eliminated=largest,
        shapes=shapes,
        turned=turned,
        table=table_of(turned, shapes, tri),
        dense=tuple(DenseFactor(k, factors[k].own.shape[1], factors[k].levels) for k in others),
        basis=part.basis,
        coefficients=part.coefficients,
    )


def _rows(problem: Problem, part: LikelihoodPart) -> RowData:
    """Columns and outcome, weights and classes of the rows."""
    found, plan = problem.cells.likelihood, problem.design.plan
    assert found is not None
    weight = found.weight
    classes, count = np.zeros(len(weight), dtype=np.int64), 1
    if problem.design.estimates:  # known errors are weights, about an sd of one
        weight = weight / part.outcome.error**2
    elif plan.sigma_by == "arm":
        arm, arms = found.arms
        classes, count = arm, len(arms)
    y = part.outcome.y - part.offset
    return RowData(np.hstack([part.columns, y[:, None]]), weight, classes, count)


def _sigma_prior(priors: Priors) -> ScalePrior:
    """Of the residual sd; flat where it is known."""
    for entry in priors.parameters:
        if entry.parameter == "sigma":
            return scale_of(entry.prior.distribution, entry.prior.parameters)
    return FLAT


def _no_shapes() -> Shapes:
    none = np.zeros((0, 0, 0))
    empty = np.zeros(0, dtype=np.int64)
    return Shapes(of_level=empty, scaled=none, loading=none, classes=empty)
