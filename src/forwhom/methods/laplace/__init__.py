"""The laplace method: levels drawn near their conditional laws and weighed, any family.

Tests: tests/methods/laplace/test_row.py.
"""

from __future__ import annotations

from forwhom.design import Design
from forwhom.families import FAMILIES
from forwhom.methods.method import Method
from forwhom.methods.shrinkage import coordinates_of
from forwhom.plan import beyond_normal_levels

MOST_DENSE = 1200  # own parameters of all factors but the largest: they are factorised together
MOST_SCALES = 16  # sds, correlations and family parameters that the proposal explores
MOST_WORK = 3e9  # multiplications of one density: beyond, chains are no slower
MOST_KEPT = 40_000_000  # numbers that are drawn in all (320 MB)


def _refuses(design: Design) -> str:
    plan = design.plan
    if why := beyond_normal_levels(plan):
        return why
    predictors, sizes = _predictors(design), _own_parameters(design)
    largest = predictors * max(sizes, default=0)
    dense = predictors * sum(sizes) - largest
    if dense > MOST_DENSE:
        return (
            f"all groupings but the largest have {dense:,} own parameters, and more than "
            f"{MOST_DENSE:,} are too many to factorise at once"
        )
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


def _own_parameters(design: Design) -> list[int]:
    """Own parameters of each factor for one predictor, all its levels together."""
    found = [len(design.random_names) * (design.groups.count + design.groups.has_control_group)]
    for cluster in design.clusters:
        found.append((1 + cluster.effects * len(design.effects)) * len(cluster.levels))
    return found


def _scales(design: Design) -> int:
    r, family = len(design.random_names), FAMILIES[design.plan.family]
    of_groups = r + (r * (r - 1) // 2 if design.plan.correlated else 0)
    of_clusters = sum(1 + c.effects * len(design.effects) for c in design.clusters)
    own = sum(parameter.size(design.outcome.n_levels) for parameter in family.parameters)
    own = 0 if design.estimates else own
    learnt = coordinates_of(design)
    return _predictors(design) * (of_groups + of_clusters + learnt) + own


LAPLACE = Method(
    name="laplace",
    words="levels drawn near their conditional laws and weighed; independent draws",
    needs="rows",
    refuses=_refuses,
)
