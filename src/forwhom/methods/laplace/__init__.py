"""The laplace method: levels drawn near their conditional laws and weighed, any family.

Tests: tests/methods/laplace/test_row.py.
"""

from __future__ import annotations

from forwhom.design import Design
from forwhom.families import FAMILIES
from forwhom.methods.method import Method
from forwhom.methods.shrinkage import coordinates_of
from forwhom.methods.sizes import level_scales, own_parameters, too_dense
from forwhom.plan import beyond_normal_levels

MOST_SCALES = 16  # sds, correlations and family parameters that the proposal explores
MOST_WORK = 3e9  # multiplications of one density: beyond, chains are no slower
MOST_KEPT = 40_000_000  # numbers that are drawn in all (320 MB)


def _refuses(design: Design) -> str:
    plan = design.plan
    if why := beyond_normal_levels(plan):
        return why
    predictors, sizes = _predictors(design), own_parameters(design)
    largest = predictors * max(sizes, default=0)
    dense = predictors * sum(sizes) - largest
    if why := too_dense(dense):
        return why
    scales = _scales(design)
    if scales > MOST_SCALES:
        return (
            f"{scales} standard deviations, correlations and other parameters are too many to "
            "explore together"
        )
    if largest * dense**2 > MOST_WORK or (largest + dense) * plan.draws > MOST_KEPT:
        return f"{largest + dense:,} own parameters of groups and clusters are too many"
    return ""


def _predictors(design: Design) -> int:
    several = FAMILIES[design.plan.family].several
    return max(design.outcome.n_levels - 1, 1) if several else 1


def _scales(design: Design) -> int:
    family = FAMILIES[design.plan.family]
    own = sum(parameter.size(design.outcome.n_levels) for parameter in family.parameters)
    own = 0 if design.estimates else own
    return _predictors(design) * (level_scales(design) + coordinates_of(design)) + own


LAPLACE = Method(
    name="laplace",
    words="levels drawn near their conditional laws and weighed; independent draws",
    needs="rows",
    refuses=_refuses,
)
