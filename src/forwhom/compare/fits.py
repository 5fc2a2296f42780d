"""Fits of the same rows compared by how well they predict, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import kind_of_rows
from forwhom.data import Table, Tidy, load
from forwhom.design import build_design
from forwhom.errors import PlanError, plural
from forwhom.families import FAMILIES
from forwhom.fitted import Elpd, Fitted, evidence, fitted_table, no_evidence, sum_error
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]

DENSITIES = ("numeric", "positive", "unit", "closed unit", "time")  # the others have probabilities
SMALL = 4.0  # a difference in elpd that says little, whatever its error (Sivula et al. 2020)

HEADERS = {
    "fit": "Fit",
    "elpd": "elpd",
    "elpd_diff": "Difference",
    "diff_error": "Its error",
    "p": "p",
    "n_unreliable": "Unreliable",
    "weight": "Weight",
    "log_evidence": "Log evidence",
    "log_bayes_factor": "Log Bayes factor",
    "evidence_error": "Its error",
}


@dataclass(frozen=True, eq=False)
class Contender:
    """A fit to compare: its name, accuracy by kind of row, and what its rows were."""

    name: str
    elpd: Elpd
    fitted: Fitted
    fingerprint: str

    @property
    def plan(self) -> Plan:
        """What was fitted."""
        return self.fitted.plan


def compare(contenders: Sequence[Contender], data: object = None) -> Tidy:
    """A table ordered by elpd, differences with the standard errors of paired rows.

    Args:
        contenders: two or more fits to the same rows.
        data: the data, needed where the fits' cells differ and the plans name no file.

    Raises:
        PlanError: the fits are not of the same outcome, or their rows cannot be paired.
        DataError: the data are not those that were fitted.
    """
    for other in contenders[1:]:
        _check_outcomes(contenders[0], other)
    values, count = _paired(contenders, data)
    total = values @ count
    order = np.argsort(-total, kind="stable")
    best = values[order[0]]
    weights = stacking_weights(values, count)
    columns = {
        "fit": [contenders[i].name for i in order],
        "elpd": total[order],
        "elpd_diff": total[order] - total[order[0]],
        "diff_error": np.array([sum_error(values[i] - best, count) for i in order]),
        "p": np.array([contenders[i].elpd.p_total for i in order]),
        "n_unreliable": np.array([contenders[i].elpd.n_unreliable for i in order]),
        "weight": weights[order],
    }
    columns |= _evidence([contenders[i] for i in order])
    method = contenders[0].elpd.method
    title = "Fits by leave-one-out (PSIS-LOO)" if method == "loo" else "Fits by WAIC"
    notes = [
        f"elpd over {count.sum():,.10g} rows, the best first; the difference's error is that of "
        "rows paired. A difference below 4, or of about its own error, does not tell fits apart. "
        "Weight: of the mixture of these fits that predicts best (stacking)."
    ]
    if any(one.elpd.n_unreliable for one in contenders):
        notes.append(
            "Unreliable: rows whose estimate cannot be trusted; see loo(pointwise=True) of the fit."
        )
    if "log_evidence" in columns:
        notes.append(
            "Log Bayes factor: log evidence less that of the first fit, with its Monte Carlo "
            "error; it leans on the priors of both."
        )
    return Tidy(columns, title, None, tuple(notes), HEADERS)


def _evidence(contenders: Sequence[Contender]) -> dict[str, FloatArray]:
    """Log evidence and log Bayes factors against the first; nothing where a fit has none."""
    if any(no_evidence(c.fitted) for c in contenders):
        return {}
    found = [evidence(c.fitted) for c in contenders]
    value = np.array([one.value for one in found])
    error = np.array([one.error for one in found])
    both = np.hypot(error, error[0])
    both[0] = 0.0
    return {
        "log_evidence": value,
        "log_bayes_factor": value - value[0],
        "evidence_error": both,
    }


def stacking_weights(values: FloatArray, count: FloatArray) -> FloatArray:
    """Weights of the mixture with the largest log score (Yao et al. 2018, Bayesian Analysis 13(3)).

    Args:
        values: (J, m) elpd of one row; count: (m,) rows.

    >>> stacking_weights(np.log([[0.9, 0.8], [0.1, 0.2]]), np.ones(2)).round(3).tolist()
    [1.0, 0.0]
    """
    from scipy.optimize import Bounds, LinearConstraint, minimize

    density = np.exp(values - values.max(axis=0)).T
    share = count / count.sum()

    def score(w: FloatArray) -> tuple[float, FloatArray]:
        mixed = density @ w
        return -float(share @ np.log(mixed)), -(share / mixed) @ density

    fits = len(values)
    found = minimize(
        score,
        np.full(fits, 1 / fits),
        jac=True,
        method="SLSQP",
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(np.ones(fits), 1, 1),
        options={"ftol": 1e-12},
    )
    weights = np.clip(found.x, 0, None)
    return np.asarray(weights / weights.sum())


def _check_outcomes(one: Contender, other: Contender) -> None:
    pairs = {
        key: (getattr(one.plan, key), getattr(other.plan, key))
        for key in ("outcome", "trials", "event", "event_level", "weights")
    }
    for key, (a, b) in pairs.items():
        if a != b:
            raise PlanError(
                f"fits '{one.name}' and '{other.name}' have {key.replace('_', ' ')} {a!r} and "
                f"{b!r}: elpd compares "
                "fits of the same outcomes only."
            )
    supports = [FAMILIES[c.plan.family].support in DENSITIES for c in (one, other)]
    if supports[0] != supports[1]:
        raise PlanError(
            f"fit '{one.name}' is {one.plan.family} and '{other.name}' is {other.plan.family}: one "
            "has probabilities of outcomes, the other densities, and the two cannot be compared. "
            "Compare families for counts or categories among themselves, and those for measured "
            "numbers among themselves."
        )


def _paired(contenders: Sequence[Contender], data: object) -> tuple[FloatArray, FloatArray]:
    """elpd of the same rows under each fit, (J, m), and how many such rows there are, (m,)."""
    first = contenders[0]
    if all(_same_cells(first, other) for other in contenders[1:]):
        return np.stack([c.elpd.elpd for c in contenders]), first.elpd.kinds.count
    tables: dict[tuple[str, ...], Table] = {}
    values, used, weights = [], [], None
    for c in contenders:
        table = _table(c, data, tables)
        design, rows = build_design(c.plan, table)
        values.append(c.elpd.elpd[kind_of_rows(design, rows)])
        used.append(_used(c.plan, table))
        weights = rows.weights
        if not np.array_equal(used[0], used[-1]):
            raise PlanError(
                f"fit '{first.name}' uses {plural(int(used[0].sum()), 'row')} and '{c.name}' "
                f"{plural(int(used[-1].sum()), 'row')}, not the same ones: elpds of different "
                "rows cannot be compared. Leave out the rows with a missing value in any column "
                "of either fit, and fit both again."
            )
    count = np.ones(len(values[0])) if weights is None else weights
    return np.stack(values), count


def _same_cells(one: Contender, other: Contender) -> bool:
    """Whether the same rows make up the same cells, so that kinds pair as they are."""
    if one.fingerprint != other.fingerprint or _keys(one.plan) != _keys(other.plan):
        return False
    a, b = one.elpd.kinds, other.elpd.kinds
    left, right = one.fitted.cells.likelihood, other.fitted.cells.likelihood
    if len(a.cell) != len(b.cell):
        return False
    pairs = (
        (a.count, b.count),
        (a.outcome.y, b.outcome.y),
        (a.outcome.trials, b.outcome.trials),
        (a.outcome.event, b.outcome.event),
        (left.d[a.cell], right.d[b.cell]),
        (left.group[a.cell], right.group[b.cell]),
    )
    return all(x.shape == y.shape and np.allclose(x, y, rtol=1e-12, atol=0) for x, y in pairs)


def _keys(plan: Plan) -> tuple[object, ...]:
    """The columns whose values tell cells apart, in their order."""
    traits = dict.fromkeys((*plan.modifiers.traits, *plan.controls.traits))
    return tuple(traits), plan.clusters, plan.offset, plan.exposure


def _table(c: Contender, data: object, known: dict[tuple[str, ...], Table]) -> Table:
    source = data if data is not None else c.plan.data
    if source is None:
        raise PlanError(
            "these fits divide the rows into different cells, so rows can only be paired with the "
            "data at hand: give data=, the table that was fitted."
        )
    key = (*c.plan.columns, repr(c.plan.reading))
    if key not in known:
        known[key] = load(source, c.plan.columns, **c.plan.reading)
    return fitted_table(c.fitted, known[key], c.fingerprint, f"fit '{c.name}'")


def _used(plan: Plan, table: Table) -> NDArray[np.bool_]:
    """The rows that a plan uses, of all that there are."""
    keep = np.ones(table.n_rows, dtype=bool)
    for column in table.columns.values():
        keep &= ~column.missing
    if plan.weights is not None:
        keep &= np.asarray(table.columns[plan.weights].values) > 0
    return keep


def check_names(fits: Mapping[str, object]) -> None:
    """Two fits at least, by name.

    Raises:
        PlanError: something else was given.
    """
    if not isinstance(fits, Mapping) or len(fits) < 2:
        raise PlanError('compare_fits() takes two or more fits by name: {"a": fit_a, "b": fit_b}.')
