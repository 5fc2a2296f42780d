"""Plan and data to design: which rows, which columns, which groups; and what to tell the user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Table
from forwhom.design.groups import Groups, form_groups
from forwhom.design.matrix import MatrixRecipe, fit_matrix
from forwhom.design.outcome import OutcomeCoding, code_outcome
from forwhom.design.rows import Usage, complete_rows, frequencies, row_weights
from forwhom.design.treatment import TreatmentCoding, code_treatment
from forwhom.errors import DataError, PlanError, listing, nearest, plural
from forwhom.plan import INTERCEPT, Plan
from forwhom.plan.formula import Formula

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Design:
    """Everything about the analysis but the numbers in the rows.

    Attributes:
        plan: the question.
        usage: rows read, dropped and used.
        outcome: what the outcome's numbers mean.
        treatment: what d means.
        modifiers, controls: recipes of the two design matrices (without intercepts).
        groups: the groups.
        notes: decisions taken for the user, one sentence each.
    """

    plan: Plan
    usage: Usage
    outcome: OutcomeCoding
    treatment: TreatmentCoding
    modifiers: MatrixRecipe
    controls: MatrixRecipe
    groups: Groups
    notes: tuple[str, ...]

    @property
    def lambda_names(self) -> tuple[str, ...]:
        """Names of the heterogeneity equation's coefficients."""
        return (INTERCEPT, *self.modifiers.names)

    @property
    def delta_names(self) -> tuple[str, ...]:
        """Names of the baseline coefficients, empty where the baseline is shared."""
        return () if self.plan.baseline == "shared" else self.modifiers.names

    @property
    def random_names(self) -> tuple[str, ...]:
        """The group parameters that vary around their prediction: of b, theta."""
        spread = self.plan.spread != "none"
        baseline = ("b",) if self.plan.baseline == "group" else ()
        return baseline + (("theta",) if spread else ())


@dataclass(frozen=True, slots=True)
class Rows:
    """The analysis rows, as columns.

    Attributes:
        table: complete rows of the used columns.
        y: (n,) outcome, categories as codes; d: (n,) treatment; groups: (n,) group numbers.
        weights, trials, event, offset, log_exposure: (n,) or None.
    """

    table: Table
    y: FloatArray
    d: FloatArray
    groups: NDArray[np.int64]
    weights: FloatArray | None
    trials: FloatArray | None = None
    event: FloatArray | None = None
    offset: FloatArray | None = None
    log_exposure: FloatArray | None = None


def build_design(plan: Plan, table: Table) -> tuple[Design, Rows]:
    """Fit the recipe to the data.

    Raises:
        DataError, PlanError: anything that keeps the question from being answered, by name.
    """
    complete, usage = complete_rows(plan, table)
    times = frequencies(plan, complete)
    treatment, d = code_treatment(plan, complete.columns[plan.treatment])
    if plan.preset == "alley2023" and treatment.kind == "dose":
        raise DataError(
            f"preset 'alley2023' compares treated groups with one control group; treatment "
            f"'{plan.treatment}' is a dose. Leave the preset out."
        )
    modifiers = fit_matrix(plan.modifiers, complete, times)
    own_controls, repeated = _without_repeats(plan)
    controls = fit_matrix(own_controls, complete, times)
    _check_prior_terms(plan, modifiers, controls)
    groups, codes = form_groups(plan, complete, d, plan.preset == "alley2023", times)
    outcome, found = code_outcome(plan, complete)
    notes = [treatment.note] if treatment.note else []
    notes += outcome.notes
    for name, count in groups.binned:
        notes.append(
            f"'{name}' is cut into {count} bins to form the groups; the equation uses its own "
            "values."
        )
    if repeated:
        notes.append(
            f"Controls {listing(repeated)} are modifiers too; their main effects are in the "
            "baseline already, so they are entered once."
        )
    weights = row_weights(plan, complete)
    if plan.weights is not None:
        notes.append(_weights_note(plan, usage))
    if usage.zero_weight:
        notes.append(f"{plural(usage.zero_weight, 'row')} with zero weight left out.")
    design = Design(plan, usage, outcome, treatment, modifiers, controls, groups, tuple(notes))
    rows = Rows(
        complete,
        found.y,
        d,
        codes,
        weights,
        found.trials,
        found.event,
        found.offset,
        found.log_exposure,
    )
    return design, rows


def _without_repeats(plan: Plan) -> tuple[Formula, tuple[str, ...]]:
    """Controls less those terms that the baseline has from the modifiers."""
    if plan.baseline == "shared":
        return plan.controls, ()
    have = {frozenset(term.factors) for term in plan.modifiers.terms}
    kept = tuple(t for t in plan.controls.terms if frozenset(t.factors) not in have)
    repeated = tuple(t.label for t in plan.controls.terms if frozenset(t.factors) in have)
    return Formula(kept), repeated


def _check_prior_terms(plan: Plan, modifiers: MatrixRecipe, controls: MatrixRecipe) -> None:
    baseline = () if plan.baseline == "shared" else modifiers.names
    known = {
        "beta": controls.names,
        "delta": baseline,
        "lambda": (INTERCEPT, *modifiers.names),
    }
    for key, names in known.items():
        for term in plan.prior_terms(key):
            if term not in names:
                raise PlanError(
                    f"priors: '{key}' has no coefficient '{term}'.{nearest(term, names)} "
                    f"It has {listing(names) or 'none'}."
                )


def _weights_note(plan: Plan, usage: Usage) -> str:
    if plan.weights_kind == "frequency":
        none = f", {usage.empty_lines:,} of them for none" if usage.empty_lines else ""
        return (
            f"Weights '{plan.weights}' are frequency weights: {plural(usage.lines, 'line')} of "
            f"the table stand{'s' if usage.lines == 1 else ''} for "
            f"{plural(usage.n_read, 'row')}{none}, and rows are counted throughout."
        )
    return (
        f"Weights '{plan.weights}' are sampling weights, scaled to sum to the number of rows; the "
        "result is a pseudo-posterior, whose intervals ignore the design."
    )
