"""The log marginal likelihood: how probable the rows were before anything was known of them.

Importance weights give it for nothing: their mean estimates what the rows' density times the
prior integrates to (Robert and Casella 2004, Monte Carlo Statistical Methods, section 3.3). All
constants are kept, and the density is that of the rows one by one, not of the sums that they were
reduced to, so that fits of the same rows by other modifiers, groups, spreads, priors, families and
methods compare.

Tests: tests/fitted/test_evidence.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import ResolvedPrior, RowKinds
from forwhom.families import FAMILIES, Outcome
from forwhom.fitted.fitted import Fitted
from forwhom.fitted.predictor import CellPredictor
from forwhom.fitted.refusals import no_single_rows
from forwhom.methods import WeightCheck


@dataclass(frozen=True, slots=True)
class Evidence:
    """Log marginal likelihood, its Monte Carlo standard error, and the number of rows."""

    value: float
    error: float
    n_rows: float


def evidence(fitted: Fitted) -> Evidence:
    """Of the rows under the model and its priors; ``no_evidence`` says where there is none."""
    check = fitted.diagnostics.check
    assert isinstance(check, WeightCheck) and check.mass is not None
    found = check.mass.plus(_rows_constant(fitted))
    return Evidence(found.value, found.error, fitted.cells.n_rows)


def no_evidence(fitted: Fitted) -> str:
    """Why there is none, in words; empty where there is."""
    plan, check = fitted.plan, fitted.diagnostics.check
    if plan.weights is not None and plan.weights_kind != "frequency":
        return (
            f"evidence() is the probability of the rows, and under sampling weights "
            f"('{plan.weights}') there is none: the likelihood is that of no data. Fit without "
            "weights to compare models."
        )
    for entry in fitted.priors.all:
        if entry.prior.distribution == "flat":
            return (
                f"evidence() needs proper priors, and that of {_name(entry)} is flat: what it "
                "integrates to is anybody's choice. Give it a proper one, such as "
                f"{_proper(entry)}, or compare fits by loo()."
            )
    if not isinstance(check, WeightCheck):
        return (
            "evidence() is the mean of importance weights, and the draws of this fit, by method "
            f"'{fitted.diagnostics.method}', have none. It was chosen because of this: "
            f"{fitted.diagnostics.why}. Fit a model that another method takes (method='auto'), or "
            "compare fits by loo()."
        )
    if check.mass is None:
        return (
            "evidence() was not kept when this fit was saved, by an earlier version. Fit again: "
            "the plan is in fit.plan."
        )
    if fitted.cells.content == "rows":
        return no_single_rows(CellPredictor(fitted), "evidence()")
    return ""


def _name(entry: ResolvedPrior) -> str:
    return f"{entry.parameter}[{entry.term}]" if entry.term else entry.parameter


def _proper(entry: ResolvedPrior) -> str:
    """A prior of the kind that the parameter can have."""
    location = entry.parameter.split("_")[0] in ("alpha", "beta", "delta", "lambda")
    return f"priors={{'{entry.parameter}': '{'normal(0, 1)' if location else 'half_normal(1)'}'}}"


def _rows_constant(fitted: Fitted) -> float:
    """Log density of the rows over what ``LogMass`` says of them; free of all parameters."""
    family = fitted.family
    if fitted.cells.content == "sums":
        return _constant_of_sums(fitted)
    predictor = CellPredictor(fitted)
    kinds = predictor.kinds
    assert kinds is not None
    constant = float(kinds.count @ family.constant(kinds.outcome))
    return constant + _split(predictor, kinds) if family.sufficient else constant


def _split(predictor: CellPredictor, kinds: RowKinds) -> float:
    """What rows one by one are beside their sums, at any value of the parameters."""
    family, outcome = predictor.family, predictor.outcome
    own = [np.ones((one.size(outcome.levels), 1)) for one in family.parameters]

    def at_zero(some: Outcome) -> NDArray[np.float64]:
        eta = np.zeros((len(some.y), 1))
        return family.log_likelihood(some, eta, predictor.link, own)[:, 0]

    return float(kinds.count @ at_zero(kinds.outcome) - predictor.weight @ at_zero(outcome))


def _constant_of_sums(fitted: Fitted) -> float:
    """Of a Gaussian or lognormal outcome; the sum of its logarithms is in the cross-products."""
    cells = fitted.cells
    normal = cells.n_rows * float(FAMILIES["gaussian"].constant(Outcome.of(np.zeros(1)))[0])
    if fitted.plan.family != "lognormal":
        return normal
    logs = cells.n_rows * cells.outcome_center + cells.outcome_scale * float(cells.cross[0, -1])
    return normal - logs
