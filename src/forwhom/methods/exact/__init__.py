"""The exact method: Gaussian outcomes, whose groups and coefficients integrate out."""

from __future__ import annotations

from forwhom.cells import Problem
from forwhom.design import Design
from forwhom.errors import listing
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.method import Arrays, Draws, Method, Progress
from forwhom.methods.ties import tied
from forwhom.plan.parts import EXACT_FAMILIES


def _refuses(design: Design) -> str:
    if design.plan.family not in EXACT_FAMILIES:
        return f"only the groups of families {listing(EXACT_FAMILIES)} integrate out in closed form"
    if design.estimates:
        return "the standard errors are known, row by row"
    return tied(design)


def _sample(problem: Problem, why: str, progress: Progress) -> Draws:
    from forwhom.methods.exact.draws import sample  # a room is opened when it is used

    return sample(problem, why, progress)


def _revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> Draws:
    from forwhom.methods.exact.draws import revive

    return revive(problem, arrays, diagnostics)


EXACT = Method(
    name="exact",
    words="everything but the sds in closed form; independent draws",
    needs="sums",
    refuses=_refuses,
    sample=_sample,
    revive=_revive,
)
