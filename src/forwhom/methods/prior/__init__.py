"""The prior as a method, to be asked what a fit can be asked; not offered to plans."""

from __future__ import annotations

from forwhom.cells import Problem
from forwhom.design import Design
from forwhom.errors import DataError
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.method import Arrays, Draws, Method, Progress


def _refuses(design: Design) -> str:
    return ""


def _sample(problem: Problem, why: str, progress: Progress) -> Draws:
    from forwhom.methods.prior.draws import sample  # a room is opened when it is used

    return sample(problem, why, progress)


def _revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> Draws:
    raise DataError("draws from the priors are not kept in files.")


PRIOR = Method(
    name="prior",
    words="the priors alone, before the data are believed",
    needs="rows",
    refuses=_refuses,
    sample=_sample,
    revive=_revive,
)
