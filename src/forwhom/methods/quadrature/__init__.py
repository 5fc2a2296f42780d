"""The quadrature method: groups integrated out numerically, any family."""

from __future__ import annotations

from forwhom.cells import Problem
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.method import Arrays, Draws, Method, Progress
from forwhom.methods.ties import tied


def _sample(problem: Problem, why: str, progress: Progress) -> Draws:
    from forwhom.methods.quadrature.draws import sample  # a room is opened when it is used

    return sample(problem, why, progress)


def _revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> Draws:
    from forwhom.methods.quadrature.draws import revive

    return revive(problem, arrays, diagnostics)


QUADRATURE = Method(
    name="quadrature",
    words="groups integrated out numerically; independent draws",
    needs="rows",
    refuses=tied,
    sample=_sample,
    revive=_revive,
)
