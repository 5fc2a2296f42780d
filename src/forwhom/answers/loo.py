"""Predictive accuracy by LOO and WAIC, in all and by kind of row.

Tests: tests/fitted/test_elpd.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forwhom.answers.answer import Answer
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.fitted import CellPredictor, Elpd, no_rows_left_out

HEADERS = {
    "method": "Method",
    "elpd": "elpd",
    "std_error": "Std. error",
    "p": "p",
    "n": "Rows",
    "n_unreliable": "Unreliable",
    "largest_k": "Largest k",
    "where": "Group",
    "arm": "Arm",
    "observed": "Observed",
    "k": "Pareto k",
    "reliable": "Reliable",
}


def _table(method: str) -> Callable[..., Tidy]:
    """Of LOO or WAIC: in all, or by kind of row."""

    def table(workings: Workings, pointwise: bool) -> Tidy:
        found = workings.elpd(method)
        return _by_row(found, workings.predictor) if pointwise else _in_all(found)

    return table


def _refuses(method: str) -> Callable[[Workings], str]:
    return lambda workings: no_rows_left_out(workings.predictor, f"{method}()")


def _in_all(found: Elpd) -> Tidy:
    """One row: elpd with its standard error, effective parameters, and how many rows fail."""
    columns = {
        "method": [found.method],
        "elpd": np.array([found.total]),
        "std_error": np.array([found.std_error]),
        "p": np.array([found.p_total]),
        "n": np.array([found.n_rows]),
        "n_unreliable": np.array([found.n_unreliable]),
    }
    if found.method == "loo":
        columns["largest_k"] = np.array([found.k.max()])
    title = (
        "Leave-one-out predictive accuracy (PSIS-LOO)"
        if found.method == "loo"
        else "Predictive accuracy by WAIC"
    )
    notes = (
        "elpd: expected log predictive density of the rows, larger is better; p: effective number "
        "of parameters. A row left out is one more row of its own group, whose baseline and effect "
        "are known from the group's other rows.",
        _advice(found),
    )
    return Tidy(columns, title, None, notes, HEADERS)


def _advice(found: Elpd) -> str:
    bad, limit = found.n_unreliable, found.k_limit
    if found.method == "waic":
        if not bad:
            return "Every row's share of p is below 0.4: WAIC can be relied on."
        return (
            f"{_rows(bad)} a share of p above 0.4: WAIC is not reliable here. Use loo, which "
            "says for each row whether it can be relied on."
        )
    if not bad:
        return (
            f"Every Pareto k is below {limit:.2g}: the estimate can be relied on as far as its "
            "standard error goes."
        )
    return (
        f"{_rows(bad)} a Pareto k above {limit:.2g}: without such a row the posterior is too "
        "different to be reached from this one, and elpd is too uncertain there. "
        "loo(pointwise=True) names them; often they are groups of one row, or outliers. Look at "
        "those rows, try a family with heavier tails, or judge these fits by check() instead."
    )


def _rows(count: float) -> str:
    return f"{count:,.6g} row{' has' if count == 1 else 's have'}"


def _by_row(found: Elpd, predictor: CellPredictor) -> Tidy:
    """One row per kind of row, the worst predicted first."""
    kinds = found.kinds
    order = np.argsort(found.elpd, kind="stable")
    names, arm = predictor.arms
    levels = predictor.fitted.design.outcome.levels
    cell = kinds.cell[order]
    y = kinds.outcome.y[order]
    columns: dict[str, object] = {
        "where": [predictor.group_name(int(g)) for g in predictor.group[cell]],
        "arm": [names[a] for a in arm[cell]],
        "observed": [levels[int(v)] for v in y] if levels else y,
        "n": kinds.count[order],
        "elpd": found.elpd[order],
        "p": found.p[order],
    }
    if found.method == "loo":
        columns["k"] = found.k[order]
    columns["reliable"] = (~found.unreliable[order]).tolist()
    notes = ("elpd, p and Pareto k of one row; n such rows share everything the model sees.",)
    return Tidy(columns, f"Rows by {found.method}, the worst predicted first", None, notes, HEADERS)


LOO = Answer(
    "loo",
    "How well the fit predicts a row it has not seen: PSIS leave-one-out.",
    ("pointwise", "data"),
    _table("loo"),
    rows=True,
    refuses=_refuses("loo"),
    when="checked",
)
WAIC = Answer(
    "waic",
    "The same by WAIC, which cannot say where it fails; prefer :meth:`loo`.",
    ("pointwise", "data"),
    _table("waic"),
    rows=True,
    refuses=_refuses("waic"),
    when="asked",
)
