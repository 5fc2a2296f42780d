"""Which method, and why: asked before the rows are reduced, for it says what is kept of them.

Tests: tests/methods/test_contract.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from forwhom.cells import Problem, reduce_rows
from forwhom.design import Design, Rows
from forwhom.errors import PlanError
from forwhom.methods.collapse import COLLAPSE
from forwhom.methods.exact import EXACT
from forwhom.methods.laplace import LAPLACE
from forwhom.methods.method import Draws, Method, Progress
from forwhom.methods.nuts import NUTS
from forwhom.methods.quadrature import QUADRATURE

ROWS = (EXACT, COLLAPSE, QUADRATURE, LAPLACE, NUTS)  # the fastest first
METHODS = {method.name: method for method in ROWS}


@dataclass(frozen=True, slots=True)
class Choice:
    """A method, and why not one that is faster, in words."""

    method: Method
    why: str


def choose(design: Design) -> Choice:
    """The method asked for, or the fastest that does not refuse.

    Raises:
        PlanError: the method asked for cannot take the design.
    """
    asked, why = design.plan.method, ""
    for name, method in METHODS.items():
        refusal = method.refuses(design)
        if asked == name and refusal:
            raise PlanError(f"method '{name}': {refusal}. Leave method to 'auto'.")
        if asked == name or (asked == "auto" and not refusal):
            break
        why = refusal  # of the last that is faster
    return Choice(method, why or "asked for")


def sample(
    choice: Choice, problem: Problem, rows: Rows, progress: Progress
) -> tuple[Problem, Draws]:
    """Draws by the chosen method; where its check fails and no other was asked for, by the last.

    Returns:
        the problem, reduced again where the last method needs more of the rows; and the draws.
    """
    draws = choice.method.sample(problem, choice.why, progress)
    found, last = draws.diagnostics, list(METHODS.values())[-1]
    if found.passed or problem.design.plan.method != "auto" or choice.method is last:
        return problem, draws
    name = choice.method.name
    why = f"the importance weights of method '{name}' failed their check ({found.evidence})"
    progress(f"Method {name} failed its check; sampling by {last.name.upper()}")
    if choice.method.needs != last.needs:
        cells = reduce_rows(problem.design, rows, last.needs)
        problem = Problem(problem.design, cells, problem.priors)
    return problem, last.sample(problem, why, progress)
