"""Plan and data to design: which rows, which columns, which groups; and what to tell the user.

Tests: tests/design/test_rows.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Table
from forwhom.design.clusters import Clusters, form_clusters
from forwhom.design.codes import check_codes
from forwhom.design.family import settle
from forwhom.design.groups import Groups, form_groups
from forwhom.design.known import KnownColumn, know
from forwhom.design.labels import file_labels, settle_labels, terms_of
from forwhom.design.magnitudes import check_magnitudes
from forwhom.design.matrix import MatrixRecipe, fit_matrix
from forwhom.design.noise import settle_numbers, unused_notes
from forwhom.design.outcome import OutcomeCoding, OutcomeRows, code_outcome
from forwhom.design.rows import Usage, complete_rows, frequencies, row_weights
from forwhom.design.traits import code_notes
from forwhom.design.treatment import TreatmentCoding, code_treatment
from forwhom.errors import DataError, PlanError, listing, nearest, plural
from forwhom.families import FAMILIES
from forwhom.plan import INTERCEPT, Plan
from forwhom.plan.formula import Formula
from forwhom.plan.methods import limits_of

FloatArray = NDArray[np.float64]

ONE_GROUP = (
    "No modifiers and no groups are named, so all rows are one group: baseline 'shared', spread "
    "'none'."
)


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of one arm or dose, with a heterogeneity equation of its own.

    Attributes:
        treatment: what d means.
        modifiers: recipe of the equation's columns, without its intercept.
        n_treated, n_control: (G,) rows by arm; for a dose, rows with d != 0 and d == 0.
    """

    treatment: TreatmentCoding
    modifiers: MatrixRecipe
    n_treated: NDArray[np.int64]
    n_control: NDArray[np.int64]

    @property
    def lambda_names(self) -> tuple[str, ...]:
        """Names of the equation's coefficients."""
        return (INTERCEPT, *self.modifiers.names)


@dataclass(frozen=True, slots=True)
class Design:
    """Everything about the analysis but the numbers in the rows.

    Attributes:
        plan: the question, its family settled.
        usage: rows read, dropped and used.
        outcome: what the outcome's numbers mean.
        effects: one per arm or dose, J in all.
        modifiers: recipe of the baseline's columns: every effect's modifiers, without intercept.
        controls: recipe of the controls' columns.
        groups: the groups.
        clusters: further groupings.
        notes: decisions taken for the user, one sentence each.
        arms: every combination of treatments that occurs, in words, the untreated first; empty
            for a dose.
        known: every column of the table as the fit met it, without levels.
        labels: what the data file calls its columns, where it has other names for them.
    """

    plan: Plan
    usage: Usage
    outcome: OutcomeCoding
    effects: tuple[Effect, ...]
    modifiers: MatrixRecipe
    controls: MatrixRecipe
    groups: Groups
    clusters: tuple[Clusters, ...]
    notes: tuple[str, ...]
    arms: tuple[str, ...] = ()
    known: tuple[KnownColumn, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """Terms of every equation, as written and by column."""
        recipes = (*(effect.modifiers for effect in self.effects), self.modifiers, self.controls)
        return terms_of(recipes)

    @property
    def delta_names(self) -> tuple[str, ...]:
        """Names of the baseline coefficients, empty where the baseline is shared."""
        return () if self.plan.baseline == "shared" else self.modifiers.names

    @property
    def random_names(self) -> tuple[str, ...]:
        """The group parameters that vary around their prediction: b, and theta of each effect."""
        spread = self.plan.spread != "none"
        baseline = ("b",) if self.plan.baseline == "group" else ()
        return baseline + (("theta",) * len(self.effects) if spread else ())

    @property
    def measured(self) -> str:
        """The outcome with the level that counts: "voted = Yes", "time until status = dead"."""
        return self.measured_as(self.plan.outcome)

    def measured_as(self, name: str, level: str = "") -> str:
        """The same with other names for the outcome and its level."""
        levels, event = self.outcome.levels, self.outcome.event
        if FAMILIES[self.plan.family].support == "binary" and levels not in ((), ("0", "1")):
            return f"{name} = {level or levels[-1]}"
        return f"{name} until {self.plan.event} = {event}" if event else name

    @property
    def estimates(self) -> bool:
        """Whether the outcome is itself an estimated effect."""
        return self.plan.std_error is not None


@dataclass(frozen=True, slots=True)
class Rows:
    """The analysis rows, as columns.

    Attributes:
        table: complete rows of the used columns.
        y: (n,) outcome, categories as codes.
        d: (n, J) treatment, one column per effect.
        groups: (n,) group numbers; clusters: (n, K) cluster numbers.
        weights, trials, event, offset, log_exposure, std_error: (n,) or None.
    """

    table: Table
    y: FloatArray
    d: FloatArray
    groups: NDArray[np.int64]
    clusters: NDArray[np.int64]
    weights: FloatArray | None
    trials: FloatArray | None = None
    event: FloatArray | None = None
    offset: FloatArray | None = None
    log_exposure: FloatArray | None = None
    std_error: FloatArray | None = None


def build_design(plan: Plan, table: Table) -> tuple[Design, Rows]:
    """Fit the recipe to the data.

    Raises:
        DataError, PlanError: anything that keeps the question from being answered, by name.
    """
    check_codes(plan, table)
    known = tuple(know(column, levels=False) for column in table.columns.values())
    plan, family_note = settle(plan, table)
    table, number_notes = settle_numbers(plan, table)
    complete, usage = complete_rows(plan, table)
    check_magnitudes(plan, complete)
    times = frequencies(plan, complete)
    codings, recipes, d = _effects(plan, complete, times)
    _check_preset(plan, codings)
    modifiers, controls, repeated = _baseline(plan, complete, times, recipes[0])
    _check_prior_terms(plan, modifiers, controls, codings, recipes)
    given = (d != 0).any(axis=1)
    groups, numbers = form_groups(plan, complete, given, plan.preset == "alley2023", times)
    plan = settle_labels(plan, table, groups, (*recipes, modifiers, controls))
    clusters, cluster_codes = form_clusters(plan, complete, numbers.group, times)
    outcome, observed = code_outcome(plan, complete)
    weights = row_weights(plan, complete)
    notes = [coding.note for coding in codings if coding.note]  # first what turns a sign
    notes += [*table.notes, *([family_note] if family_note else []), *outcome.notes]
    notes += [*number_notes, *unused_notes(complete), *code_notes(plan, complete)]
    notes += _own_notes(plan, usage, groups, repeated)
    effects = tuple(
        Effect(coding, recipe, *_arm_rows(j, codings, d, numbers.alike, groups.count, times))
        for j, (coding, recipe) in enumerate(zip(codings, recipes, strict=True))
    )
    design = Design(
        plan,
        usage,
        outcome,
        effects,
        modifiers,
        controls,
        groups,
        clusters,
        tuple(notes),
        _arm_names(codings, d),
        known=known,
        labels=file_labels(table),
    )
    _check_agreement(design)
    return design, _rows(complete, d, numbers.group, cluster_codes, weights, observed)


def _rows(
    complete: Table,
    d: FloatArray,
    codes: NDArray[np.int64],
    cluster_codes: NDArray[np.int64],
    weights: FloatArray | None,
    observed: OutcomeRows,
) -> Rows:
    return Rows(
        complete,
        observed.y,
        d,
        codes,
        cluster_codes,
        weights,
        observed.trials,
        observed.event,
        observed.offset,
        observed.log_exposure,
        observed.std_error,
    )


def _check_preset(plan: Plan, codings: list[TreatmentCoding]) -> None:
    if plan.preset == "alley2023" and codings[0].kind == "dose":
        raise DataError(
            f"preset 'alley2023' compares treated groups with one control group; treatment "
            f"'{plan.treatment}' is a dose. Leave the preset out."
        )


def _baseline(
    plan: Plan, table: Table, times: FloatArray | None, first: MatrixRecipe
) -> tuple[MatrixRecipe, MatrixRecipe, tuple[str, ...]]:
    """Recipes of modifiers and controls, and the controls that are modifiers too.

    Args:
        first: recipe of the first effect's modifiers, which are often all there are.
    """
    alike = plan.treatments[0][1] == plan.modifiers
    modifiers = first if alike else fit_matrix(plan.modifiers, table, times)
    own, repeated = _without_repeats(plan)
    return modifiers, fit_matrix(own, table, times), repeated


def _own_notes(plan: Plan, usage: Usage, groups: Groups, repeated: tuple[str, ...]) -> list[str]:
    """Decisions about groups, controls and weights."""
    notes = [ONE_GROUP] if plan.ungrouped else []
    notes += [
        f"'{name}' is cut into {count} bins to form the groups; the equation uses its own values."
        for name, count in groups.binned
    ]
    if repeated:
        notes.append(
            f"Controls {listing(repeated)} are modifiers too; their main effects are in the "
            "baseline already, so they are entered once."
        )
    if plan.weights is not None:
        notes.append(_weights_note(plan, usage))
    if usage.zero_weight:
        notes.append(f"{plural(usage.zero_weight, 'row')} with zero weight left out.")
    return notes


def _effects(
    plan: Plan, table: Table, times: FloatArray | None
) -> tuple[list[TreatmentCoding], list[MatrixRecipe], FloatArray]:
    """Codings and modifier columns of every effect, and d (n, J)."""
    codings: list[TreatmentCoding] = []
    recipes: list[MatrixRecipe] = []
    parts: list[FloatArray] = []
    for name, formula in plan.treatments:
        recipe = fit_matrix(formula, table, times)
        if plan.std_error:
            coded: tuple[TreatmentCoding, ...]
            coded = (TreatmentCoding(name, "estimate", "", "", None, None),)
            part = np.ones((table.n_rows, 1))
        else:
            coded, part = code_treatment(plan, table.columns[name], times)
        codings += coded
        recipes += [recipe] * len(coded)
        parts.append(part)
    return codings, recipes, np.hstack(parts)


def _arm_names(codings: list[TreatmentCoding], d: FloatArray) -> tuple[str, ...]:
    """The combinations of arms that occur, in the order of ``np.unique``."""
    if any(coding.kind == "dose" for coding in codings):
        return ()
    if len(codings) == 1:
        return tuple(f"{codings[0].column}={t}" for t in (codings[0].control, codings[0].treated))
    names = []
    for row in np.unique(d, axis=0):
        given = [c.name for c, one in zip(codings, row, strict=True) if one]
        names.append(" and ".join(given) or "untreated")
    return tuple(names)


def _check_agreement(design: Design) -> None:
    """What is asked of the groups' own parameters, now that the arms are known."""
    plan = design.plan
    if plan.sigma_by == "arm" and not design.arms:
        raise DataError(
            f"sigma_by='arm' needs arms, and treatment '{plan.treatment}' is a dose. Leave out "
            "sigma_by, or say sigma_by='group'."
        )
    if plan.correlated and len(design.random_names) < 2:
        raise DataError(
            "correlated asks for the correlation of a group's own parameters, and its effect is "
            "the only one. Leave out correlated, or say baseline='group'."
        )
    if limits_of(plan.method).one_by_one and len(design.effects) > 1:
        raise DataError(
            f"method '{plan.method}' integrates groups out one by one, and the "
            f"{len(design.effects)} arms of '{plan.treatment}' vary together in every group. Leave "
            "method to 'auto'."
        )


def _arm_rows(
    j: int,
    codings: list[TreatmentCoding],
    d: FloatArray,
    alike: NDArray[np.int64],
    count: int,
    times: FloatArray | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of each group with an effect's arm, and with its control value."""
    same = [k for k, coding in enumerate(codings) if coding.column == codings[j].column]
    counts = []
    for mine in (d[:, j] != 0, (d[:, same] == 0).all(axis=1)):
        w = None if times is None else times[mine]
        counts.append(np.bincount(alike[mine], w, count)[:count].astype(np.int64))
    return counts[0], counts[1]


def _without_repeats(plan: Plan) -> tuple[Formula, tuple[str, ...]]:
    """Controls less those terms that the baseline has from the modifiers."""
    if plan.baseline == "shared":
        return plan.controls, ()
    have = {frozenset(term.factors) for term in plan.modifiers.terms}
    kept = tuple(t for t in plan.controls.terms if frozenset(t.factors) not in have)
    repeated = tuple(t.label for t in plan.controls.terms if frozenset(t.factors) in have)
    return Formula(kept), repeated


def _check_prior_terms(
    plan: Plan,
    modifiers: MatrixRecipe,
    controls: MatrixRecipe,
    codings: list[TreatmentCoding],
    recipes: list[MatrixRecipe],
) -> None:
    baseline = () if plan.baseline == "shared" else modifiers.names
    known = {
        "beta": controls.names,
        "delta": baseline,
        "lambda": (INTERCEPT, *dict.fromkeys(n for recipe in recipes for n in recipe.names)),
    }
    for coding, recipe in zip(codings, recipes, strict=True):
        known[f"lambda_{coding.column}"] = (INTERCEPT, *recipe.names)
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
