"""The collapse method: Gaussian outcomes with any factors; everything linear integrates out.

Tests: tests/methods/collapse/test_row.py.
"""

from __future__ import annotations

from forwhom.cells import Problem
from forwhom.design import Design
from forwhom.errors import listing
from forwhom.methods.method import Method
from forwhom.methods.shrinkage import coordinates_of
from forwhom.methods.sizes import level_scales, own_parameters, too_dense
from forwhom.plan import beyond_normal
from forwhom.plan.parts import EXACT_FAMILIES

MOST_SCALES = 20  # that independent proposals explore: sds, correlations, mixing weights


def _refuses(design: Design) -> str:
    if design.plan.family not in EXACT_FAMILIES:
        return f"only the levels of families {listing(EXACT_FAMILIES)} integrate out in closed form"
    if why := beyond_normal(design.plan):
        return why
    sizes = own_parameters(design)
    dense = sum(sizes) - max(sizes, default=0)
    if why := too_dense(dense):
        return why
    scales = _scales(design)
    if scales > MOST_SCALES:  # those of shrinkage have chains where they are too many
        return f"{scales} standard deviations and correlations are too many to explore together"
    return ""


def _scales(design: Design) -> int:
    by_arm = design.plan.sigma_by == "arm"
    of_sigma = 0 if design.estimates else len(design.arms) if by_arm else 1
    return of_sigma + level_scales(design)


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
