"""Family "auto": settled by the outcome's own values, and said with its reason."""

from __future__ import annotations

from dataclasses import replace

from forwhom.data.table import Column, Table
from forwhom.design.encode import number_text
from forwhom.design.rows import frequencies
from forwhom.design.zero import levels_in, two_valued, words_to_add
from forwhom.errors import DataError, PlanError, listing, plural
from forwhom.families import FAMILIES
from forwhom.plan import Plan, make_plan
from forwhom.plan.agreement import check_agreement
from forwhom.plan.family import implied_family
from forwhom.plan.plan import AUTO

FEW_LABELS = 12  # labelled codes up to which they may be meant as ordered levels


def settle(plan: Plan, table: Table) -> tuple[Plan, str]:
    """The plan with its family, and a sentence that says why; the plan itself where it has one.

    Every check that depends on the family is made again.

    Args:
        plan: the question; table: the complete rows.

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
        return _checked(plan, family), note
    except PlanError as error:
        raise PlanError(f"{error} ({note})") from None


def _checked(plan: Plan, family: str) -> Plan:
    """The plan with a family, made again where more than its link and method depend on it."""
    if plan.priors or plan.offset or plan.clusters or plan.link != AUTO:
        return make_plan(**plan.keywords() | {"family": family})
    made = replace(plan, family=family, link=FAMILIES[family].links[0])
    check_agreement(made)
    return made


def _by_outcome(plan: Plan, table: Table) -> tuple[str, str, str]:
    """The family, why, and the way to another one."""
    name, column = plan.outcome, table.columns[plan.outcome]
    means = " For differences of means say family='gaussian'."
    if column.kind == "boolean":
        return "bernoulli", f"'{name}' is true or false", means
    if column.kind == "text":
        return _by_text(column)
    if column.value_labels:
        return _by_labels(column)
    low, high = float(column.values.min()), float(column.values.max())
    if low == high or not two_valued(column):
        return "gaussian", f"'{name}' holds numbers", ""
    shown = f"{number_text(low)} and {number_text(high)}"
    if (low, high) == (0.0, 1.0):
        return "bernoulli", f"'{name}' holds {shown}", means
    levels = levels_in(column, frequencies(plan, table))
    raise DataError(
        f"outcome '{name}' holds two numbers alone, {levels.shown}. Which of them counts as 1 is "
        f"not guessed: add {words_to_add('success', levels.spellings)}. Or, for differences "
        "between means of its numbers, say family='gaussian'."
    )


def _by_text(column: Column) -> tuple[str, str, str]:
    name, levels = column.name, column.levels or ()
    if len(levels) <= 2:
        shown = " and ".join(f"'{level}'" for level in levels)
        return "bernoulli", f"'{name}' holds {shown}", ""
    if column.ordered:
        return "ordinal", f"'{name}' is an ordered category of {len(levels)} levels", ""
    raise DataError(
        f"outcome '{name}' holds text of {len(levels):,} levels ({listing(levels, 4)}), and no "
        "family is taken for it by itself. For categories without an order add "
        "family='categorical' (as a flag --family categorical); if they have one, declare an "
        "ordered category or recode to numbers in order, with family='ordinal'."
    )


def _by_labels(column: Column) -> tuple[str, str, str]:
    name, levels = column.name, levels_in(column)
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
