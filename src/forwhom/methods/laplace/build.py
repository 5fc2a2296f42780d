"""Cells and priors to the model of levels.

Tests: tests/methods/laplace/test_density.py.
"""

from __future__ import annotations

import numpy as np

from forwhom.cells import Problem
from forwhom.methods.importance.factors import row_factors
from forwhom.methods.importance.scales import Scales
from forwhom.methods.laplace.columns import Columns
from forwhom.methods.laplace.density import LevelModel
from forwhom.methods.likelihood import likelihood_part, own_start
from forwhom.methods.priors import ScalePrior
from forwhom.methods.shrinkage import shrinkage_of

WIDTH = 0.5  # of an sd's coordinate before anything is known, internal units
NONE = ScalePrior("flat", ())  # of a residual sd among the scales: it is a family parameter here


def build_levels(problem: Problem) -> LevelModel:
    """The model of DESIGN section 2 with everything still in it, as levels given scales."""
    part, cells = likelihood_part(problem), problem.cells.likelihood
    assert cells is not None
    predictors = max(part.outcome.levels - 1, 1) if part.family.several else 1
    factors, scales = row_factors(problem, part)
    sds = predictors * sum(one.columns for one in scales)
    return LevelModel(
        family=part.family,
        link=problem.design.plan.link,
        predictors=predictors,
        outcome=part.outcome,
        weight=cells.weight,
        offset=part.offset,
        columns=Columns.of(factors, part.columns),
        factors=len(factors),
        scales=Scales(
            classes=1,
            known=True,
            sigma_prior=NONE,
            sigma_unit=1.0,
            factors=tuple(scales) * predictors,
            heavy=np.empty(0),
            widths=np.full(sds, WIDTH),
            shrinkage=shrinkage_of(problem) * predictors,
        ),
        basis=part.basis,
        coefficients=part.coefficients,
        parameter_priors=part.parameter_priors,
        sizes=part.sizes,
        units=part.units,
        start=part.start,
        own_start=own_start(part.parameter_priors, part.sizes),
    )
