"""Why what needs single rows cannot be had of a fit, in words; empty where it can.

Each begins with ``what`` is asked for.

Tests: tests/fitted/test_elpd.py.
"""

from __future__ import annotations

from forwhom.cells.likelihood import MOST_KINDS
from forwhom.fitted.predictor import CellPredictor, no_rows

LEVELS = ("binary", "ordered", "unordered")  # supports whose rows of a cell are drawn together


def no_single_rows(predictor: CellPredictor, what: str) -> str:
    """The fit has no rows, or sums of rows alike."""
    if why := no_rows(predictor.fitted, what):
        return why
    if predictor.kinds is not None:
        return ""
    family = predictor.fitted.plan.family
    return (
        f"{what} needs single rows, and family '{family}' keeps sums: these rows have more than "
        f"{MOST_KINDS:,} different outcomes, too many to keep beside the sums. Fit a random part "
        "of the rows; a few thousand are enough to judge a model."
    )


def no_rows_left_out(predictor: CellPredictor, what: str) -> str:
    """Single rows are not known, or weighted."""
    plan = predictor.fitted.plan
    if why := no_rows(predictor.fitted, what):
        name = what.removesuffix("()")
        given = f" Or give the table that was fitted, by data= (forwhom {name} FIT.nc --data FILE)."
        return why + given if what.endswith("()") else why
    if plan.weights is not None and plan.weights_kind != "frequency":
        return (
            f"{what} leaves out one row at a time, and under sampling weights ('{plan.weights}') a "
            "row is not one row of the likelihood. Fit without weights to compare models; "
            "fit.check() takes weights as they are."
        )
    return no_single_rows(predictor, what)


def no_replication(predictor: CellPredictor, what: str) -> str:
    """Single rows are not known where they are drawn one by one, or times are censored."""
    if (why := no_rows(predictor.fitted, what)) or predictor.family.support in LEVELS:
        return why
    if why := no_single_rows(predictor, what):
        return why
    kinds = predictor.kinds
    assert kinds is not None
    if predictor.family.support == "time" and (kinds.outcome.event == 0).any():
        outcome = predictor.fitted.plan.outcome
        return (
            f"{what} draws whole times, and some of '{outcome}' are censored: when the "
            "others would have been is not in the data, so drawn and observed times cannot be "
            "compared. loo() takes censored rows as they are."
        )
    return ""
