"""Family "auto": settled by the outcome's own values, and said with its reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forwhom.data.table import Column, Table
from forwhom.design.levels import level_names
from forwhom.design.noise import NEAR_WHOLE
from forwhom.design.rows import frequencies, some_rows
from forwhom.design.zero import choices_in, two_valued, words_to_add
from forwhom.errors import DataError, PlanError, listing, plural
from forwhom.families import FAMILIES
from forwhom.plan import Plan, make_plan
from forwhom.plan.agreement import check_agreement
from forwhom.plan.family import implied_family
from forwhom.plan.parts import AUTO

FEW_LABELS = 12  # labelled codes up to which they may be meant as ordered levels


def settle(plan: Plan, table: Table) -> tuple[Plan, str]:
    """The plan with its family, and a sentence that says why; the plan itself where it has one.

    Every check that depends on the family is made again.

    Args:
        plan: the question; table: all rows, of which the complete ones decide.

    Raises:
        DataError: an outcome of which the family is not told.
        PlanError: a part of the plan that the family has no place for, with the reason for it.

    >>> from forwhom.data import load
    >>> plan = make_plan(outcome="voted", treatment="letter", modifiers="age")
    >>> found, note = settle(plan, load({"voted": [0, 1, 1]}, ["voted"]))
    >>> found.family, found.link
    ('bernoulli', 'logit')
    >>> print(note)
    Family bernoulli, because 'voted' holds 0 and 1. For differences of means say family='gaussian'.
    """
    if plan.family != AUTO:
        return plan, ""
    implied = implied_family(plan.keywords())
    if implied:  # the plan was checked for it when it was made
        family, why = implied
        return replace(plan, family=family), f"Family {family}, because {why}."
    family, why, way = _by_outcome(plan, table)
    note = f"Family {family}, because {why}.{way}"
    try:
        return _with_family(plan, family), note
    except PlanError as error:
        raise PlanError(f"{error} ({note})") from None


def _with_family(plan: Plan, family: str) -> Plan:
    """The plan with a family, made again where more than its link and method depend on it."""
    if plan.priors or plan.offset or plan.clusters or plan.link != AUTO:
        return make_plan(**plan.keywords() | {"family": family})
    made = replace(plan, family=family, link=FAMILIES[family].links[0])
    check_agreement(made)
    return made


def _by_outcome(plan: Plan, table: Table) -> tuple[str, str, str]:
    """The family, why, and the way to another one."""
    table = _complete(plan, table)
    name, column = plan.outcome, table.columns[plan.outcome]
    means = " For differences of means say family='gaussian'."
    levels = column.levels or ()
    if column.ordered and len(levels) > 2:
        return "ordinal", f"'{name}' is an ordered category of {len(levels)} levels", ""
    column = column.as_numbers()
    if column.kind == "boolean":
        return "bernoulli", f"'{name}' is true or false", means
    if column.kind == "text":
        return _by_text(column)
    if column.value_labels:
        return _by_labels(column)
    numbers = _two_numbers(column)
    if numbers is None:
        return "gaussian", f"'{name}' holds numbers", ""
    if numbers == (0.0, 1.0):
        return "bernoulli", f"'{name}' holds 0 and 1", means
    both = choices_in(column, frequencies(plan, table))
    raise DataError(
        f"outcome '{name}' holds two numbers alone, {both.shown}. Which of them counts as 1 is "
        f"not guessed: add {words_to_add('success', both.spellings)}. Or, for differences "
        "between means of its numbers, say family='gaussian'."
    )


def _complete(plan: Plan, table: Table) -> Table:
    """The outcome, and weights where there are any, of the rows that will be used."""
    keep = np.ones(table.n_rows, dtype=bool)
    for column in table.columns.values():
        keep &= ~column.missing
    if plan.weights in table.columns:
        keep &= np.asarray(table.columns[plan.weights].values) > 0
    names = dict.fromkeys(name for name in (plan.outcome, plan.weights) if name in table.columns)
    held = replace(table, columns={name: table.columns[name] for name in names})
    return held if keep.all() or not keep.any() else some_rows(held, keep)


def _two_numbers(column: Column) -> tuple[float, float] | None:
    """The two numbers that a column holds alone, 0 and 1 if but for rounding; None if more."""
    low, high = float(column.values.min()), float(column.values.max())
    if two_valued(column):
        return None if low == high else (low, high)
    if max(abs(low), abs(high - 1)) > NEAR_WHOLE:
        return None
    off = np.minimum(np.abs(column.values), np.abs(column.values - 1))
    return (0.0, 1.0) if float(off.max()) <= NEAR_WHOLE else None


def _by_text(column: Column) -> tuple[str, str, str]:
    name, levels = column.name, level_names(column)
    if len(levels) <= 2:
        shown = " and ".join(f"'{level}'" for level in levels)
        return "bernoulli", f"'{name}' holds {shown}", ""
    raise DataError(
        f"outcome '{name}' holds text of {len(levels):,} levels ({listing(levels, 4)}), and no "
        "family is taken for it by itself. For categories without an order add "
        "family='categorical' (as a flag --family categorical); if they have one, declare an "
        "ordered category or recode to numbers in order, with family='ordinal'."
    )


def _by_labels(column: Column) -> tuple[str, str, str]:
    name, levels = column.name, choices_in(column)
    count = len(levels.texts)
    if count == 2:
        shown = " and ".join(f"'{text}'" for text in levels.texts)
        return "bernoulli", f"'{name}' holds {shown}", ""
    if not levels.bare and 2 < count <= FEW_LABELS:
        return (
            "gaussian",
            f"'{name}' holds numbers, {plural(count, 'code')} some of which have labels",
            " For ordered levels say family='ordinal', for categories family='categorical'.",
        )
    return "gaussian", f"'{name}' holds numbers", ""
