"""The collapse method: Gaussian outcomes with any factors; everything linear integrates out.

Tests: tests/methods/collapse/test_row.py.
"""

from __future__ import annotations

from forwhom.cells import Problem
from forwhom.design import Design
from forwhom.errors import listing
from forwhom.methods.method import Method
from forwhom.methods.shrinkage import coordinates_of
from forwhom.plan import beyond_normal
from forwhom.plan.parts import EXACT_FAMILIES

MOST_DENSE = 1200  # own parameters of all factors but the largest: they are factorised together
MOST_SCALES = 20  # that independent proposals explore: sds, correlations, mixing weights


def _refuses(design: Design) -> str:
    if design.plan.family not in EXACT_FAMILIES:
        return f"only the levels of families {listing(EXACT_FAMILIES)} integrate out in closed form"
    if why := beyond_normal(design.plan):
        return why
    sizes = _own_parameters(design)
    dense = sum(sizes) - max(sizes, default=0)
    if dense > MOST_DENSE:
        return (
            f"all groupings but the largest have {dense:,} own parameters, and more than "
            f"{MOST_DENSE:,} are too many to factorise at once"
        )
    scales = _scales(design)
    if scales > MOST_SCALES:  # those of shrinkage have chains where they are too many
        return f"{scales} standard deviations and correlations are too many to explore together"
    return ""


def _own_parameters(design: Design) -> list[int]:
    """Own parameters of each factor, all its levels together."""
    found = [len(design.random_names) * (design.groups.count + design.groups.has_control_group)]
    for cluster in design.clusters:
        found.append((1 + cluster.effects * len(design.effects)) * len(cluster.levels))
    return found


def _scales(design: Design) -> int:
    plan, r = design.plan, len(design.random_names)
    of_sigma = 0 if design.estimates else len(design.arms) if plan.sigma_by == "arm" else 1
    of_groups = r + (r * (r - 1) // 2 if plan.correlated else 0)
    of_clusters = sum(1 + c.effects * len(design.effects) for c in design.clusters)
    return of_sigma + of_groups + of_clusters


def _direct(problem: Problem) -> bool:
    """Whether nothing is left but what is normal: no sd, and no prior with scales of its own."""
    heavy = any(entry.prior.distribution == "student_t" for entry in problem.priors.coefficients)
    return not (heavy or _scales(problem.design) or coordinates_of(problem.design))


COLLAPSE = Method(
    name="collapse",
    words="everything linear in closed form, whatever crosses; independent draws",
    needs="rows",
    refuses=_refuses,
    direct=_direct,
)
