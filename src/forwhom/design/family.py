"""Family "auto": settled by the outcome's own values, and said with its reason."""

from __future__ import annotations

from forwhom.data.table import Column, Table
from forwhom.design.noise import is_zero_one
from forwhom.design.rows import complete_rows, frequencies
from forwhom.design.zero import levels_in, two_valued, words_to_add
from forwhom.errors import DataError, PlanError, listing, plural
from forwhom.plan import Plan, make_plan
from forwhom.plan.family import implied_family
from forwhom.plan.plan import AUTO

FEW_LABELS = 12  # labelled codes up to which they may be meant as ordered levels


def settle(plan: Plan, table: Table) -> tuple[Plan, str]:
    """The plan with its family, and a sentence that says why; the plan itself where it has one.

    Every check that depends on the family is made again.

    Args:
        plan: the question; table: all rows.

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
    keywords = plan.keywords()
    implied = implied_family(keywords)
    family, why, way = (
        (*implied, "") if implied else _by_outcome(plan, complete_rows(plan, table)[0])
    )
    note = f"Family {family}, because {why}.{way}"
    try:
        made = make_plan(**{**keywords, "family": family})
    except PlanError as error:
        raise PlanError(f"{error} ({note})") from None
    return made, note


def _by_outcome(plan: Plan, table: Table) -> tuple[str, str, str]:
    """The family, why, and the way to another one."""
    name, column = plan.outcome, table.columns[plan.outcome]
    if not column.ordered:
        column = column.as_numbers()
    means = " For differences of means say family='gaussian'."
    if column.kind == "boolean":
        return "bernoulli", f"'{name}' is true or false", means
    if column.kind == "text":
        return _by_text(column)
    if column.value_labels:
        return _by_labels(column)
    low, high = float(column.values.min()), float(column.values.max())
    if is_zero_one(column.values):
        return "bernoulli", f"'{name}' holds 0 and 1", means
    if low == high or not two_valued(column):
        return "gaussian", f"'{name}' holds numbers", ""
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
