"""The NUTS method: every parameter sampled together, any model."""

from __future__ import annotations

from forwhom.cells import Problem
from forwhom.design import Design
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.method import Arrays, Draws, Method, Progress


def _refuses(design: Design) -> str:
    return ""


def _sample(problem: Problem, why: str, progress: Progress) -> Draws:
    from forwhom.methods.nuts.draws import sample  # a room is opened when it is used

    return sample(problem, why, progress)


def _revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> Draws:
    from forwhom.methods.nuts.draws import revive

    return revive(problem, arrays, diagnostics)


NUTS = Method(
    name="nuts",
    words="every parameter sampled together; Markov chains",
    needs="rows",
    refuses=_refuses,
    sample=_sample,
    revive=_revive,
)
