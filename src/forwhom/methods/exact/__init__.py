"""The exact method: Gaussian outcomes, whose groups and coefficients integrate out."""

from __future__ import annotations

from forwhom.design import Design
from forwhom.errors import listing
from forwhom.methods.method import Method
from forwhom.methods.ties import tied
from forwhom.plan.methods import limits_of


def _refuses(design: Design) -> str:
    families = limits_of("exact").families
    if design.plan.family not in families:
        return f"only the groups of families {listing(families)} integrate out in closed form"
    if design.estimates:
        return "the standard errors are known, row by row"
    return tied(design)


EXACT = Method(
    name="exact",
    words="everything but the sds in closed form; independent draws",
    needs="sums",
    refuses=_refuses,
)
