"""The outcome and what belongs to it: codes, trials, events, exposures, all held to the family."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column, Table
from forwhom.design.levels import level_names, number_text
from forwhom.design.rows import frequencies, row_weights
from forwhom.design.success import event_rows, success_levels
from forwhom.design.zero import choices_in, two_valued
from forwhom.errors import DataError, listing, nearest, plural
from forwhom.families import FAMILIES
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]

MOST_CATEGORIES = 50


@dataclass(frozen=True, slots=True)
class OutcomeCoding:
    """What the outcome's numbers mean.

    Attributes:
        levels: texts of the categories in their order, of unordered ones the reference first, or of
            "no" and "yes"; empty for numbers.
        notes: what was decided for the user.
        ends: where the intervals of a piecewise hazard end, the last at the longest time.
        event: text of the level that ends a time, where its column does not hold 0 and 1.
    """

    levels: tuple[str, ...]
    notes: tuple[str, ...]
    ends: tuple[float, ...] = ()
    event: str = ""

    @property
    def n_levels(self) -> int:
        """Number of categories, or of a time's intervals."""
        return len(self.levels) or len(self.ends)


@dataclass(frozen=True, slots=True)
class OutcomeRows:
    """The outcome of n rows as the family's functions take it; see ``families.Outcome``."""

    y: FloatArray
    trials: FloatArray | None
    event: FloatArray | None
    offset: FloatArray | None
    log_exposure: FloatArray | None
    std_error: FloatArray | None


def code_outcome(plan: Plan, table: Table) -> tuple[OutcomeCoding, OutcomeRows]:
    """Check the outcome of the complete rows and code it.

    Raises:
        DataError: values outside the family's support, by name, value and row count.
    """
    column = table.columns[plan.outcome]
    support = FAMILIES[plan.family].support
    if support == "binary":
        _refuse_numbers(plan, column)
        found, notes, y = success_levels(plan, choices_in(column, frequencies(plan, table)))
        coding = OutcomeCoding(found, notes)
    elif support in ("ordered", "unordered"):
        coding, y = _categories(plan, column, support)
    else:
        y = _numbers(plan, column, support)
        coding = OutcomeCoding((), _edges(plan, y) if support == "closed unit" else ())
    if y.min() == y.max() and not (support == "time" or plan.trials):
        raise DataError(
            f"outcome '{plan.outcome}' is {_level_text(coding, column, y[0])} in all {len(y):,} "
            "complete rows; there is nothing to explain."
        )
    trials = _trials(plan, table, y)
    event = None
    if support == "time":
        event, ended, notes = event_rows(plan, table)
        if plan.breaks is not None:
            coding = _intervals(plan, y, event, row_weights(plan, table))
        coding = replace(coding, notes=(*notes, *coding.notes), event=ended)
    if plan.family == "lognormal":
        y = np.log(y)
    offset = None if plan.offset is None else _column(plan, table, plan.offset, "offset")
    errors = None if plan.std_error is None else _standard_errors(plan, table, plan.std_error)
    rows = OutcomeRows(y, trials, event, offset, _log_exposure(plan, table), errors)
    return coding, rows


def _level_text(coding: OutcomeCoding, column: Column, value: float) -> str:
    return f"'{coding.levels[int(value)]}'" if coding.levels else number_text(value)


def _numbers(plan: Plan, column: Column, support: str) -> FloatArray:
    if column.kind == "text":
        shown = listing(level_names(column), 3)
        way = ", or say family='bernoulli'" if len(column.levels or ()) == 2 else ""
        if column.ordered:
            way = ", or say family='ordinal', which takes its levels in their declared order"
        raise DataError(
            f"outcome '{plan.outcome}' holds text ({shown}); family '{plan.family}' needs numbers. "
            f"Recode it to numbers first{way}."
        )
    y = np.asarray(column.values, dtype=float)
    rules = {
        "count": ("whole numbers from 0", (y < 0) | (y != np.floor(y))),
        "successes": ("whole numbers of successes from 0", (y < 0) | (y != np.floor(y))),
        "positive": ("numbers above 0", y <= 0),
        "time": ("times above 0", y <= 0),
        "unit": ("numbers strictly between 0 and 1", (y <= 0) | (y >= 1)),
        "closed unit": ("numbers from 0 to 1", (y < 0) | (y > 1)),
    }
    if support in rules:
        needs, bad = rules[support]
        _refuse(plan, needs, y, bad)
    return y


def _refuse(plan: Plan, needs: str, y: FloatArray, bad: NDArray[np.bool_]) -> None:
    if not bad.any():
        return
    value = y[bad][0]
    count = int((y == value).sum())
    others = int(bad.sum()) - count
    more = f", and {plural(others, 'more row')} hold other such values" if others else ""
    ways = {
        "beta": " Family 'ordered_beta' takes 0 and 1 as well.",
        "ordered_beta": " Divide a percentage by 100, or correct it.",
        "gamma": " Model the zeros apart, or choose another family.",
        "bernoulli": " Recode it, or choose family 'ordinal', 'poisson' or 'gaussian'.",
    }
    raise DataError(
        f"{plan.family} needs {needs}; '{plan.outcome}' holds {number_text(value)} in "
        f"{plural(count, 'row')}{more}.{ways.get(plan.family, ' Correct it or leave it out.')}"
    )


def _refuse_numbers(plan: Plan, column: Column) -> None:
    """Numbers of more than two values are no two levels."""
    if column.kind == "numeric" and not column.value_labels and not two_valued(column):
        values = np.asarray(column.values, dtype=float)
        _refuse(plan, "0/1 or two levels", values, (values != 0) & (values != 1))


def _categories(plan: Plan, column: Column, support: str) -> tuple[OutcomeCoding, FloatArray]:
    notes: list[str] = []
    name, family = plan.outcome, plan.family
    if column.kind == "text":
        levels = level_names(column)
        if support == "ordered" and not column.ordered:
            raise DataError(
                f"family 'ordinal' needs ordered levels; '{name}' holds text "
                f"({listing(levels, 4)}), whose order is not known. Recode it to numbers in order, "
                "make it an ordered category (in pandas pd.Categorical with ordered=True, in "
                "polars pl.Enum), or choose family 'categorical'."
            )
        y = column.values.astype(float)
    else:
        distinct, y = np.unique(column.keys, return_inverse=True)
        labels: dict[float | str, str] = dict(column.value_labels)
        if column.kind == "boolean":
            labels = {0.0: "False", 1.0: "True"}
        absent = [text for value, text in labels.items() if value not in distinct]
        if not labels and support == "ordered":
            absent = _skipped(distinct)
        if absent:
            notes.append(
                f"{listing(absent)} of '{name}' never occurs in the complete rows and is left out."
            )
        levels = level_names(column, distinct.tolist())
        y = y.astype(float)
    if len(levels) > MOST_CATEGORIES:
        raise DataError(
            f"outcome '{name}' has {len(levels):,} different values, and family '{family}' takes "
            f"at most {MOST_CATEGORIES} categories. Merge some, or choose a family for numbers."
        )
    if len(levels) == 2:
        notes.append(f"Outcome '{name}' has two levels; family 'bernoulli' says the same.")
    if support == "unordered":
        k, note = _reference(plan, column, levels)
        notes += note
        levels = (levels[k], *levels[:k], *levels[k + 1 :])
        y = np.where(y == k, 0.0, np.where(y < k, y + 1, y))
    return OutcomeCoding(levels, tuple(notes)), y


def _reference(plan: Plan, column: Column, levels: tuple[str, ...]) -> tuple[int, list[str]]:
    """Which level the others are held against, and the note where that was not said."""
    asked = plan.reference_category
    if asked is None:
        note = (
            f"Outcome '{plan.outcome}': its other categories are held against '{levels[0]}', the "
            "first. Say reference_category= for another."
        )
        return 0, [note]
    if str(asked) in levels:
        return levels.index(str(asked)), []
    if column.kind != "text":  # the number behind a label
        try:
            return np.unique(column.keys).tolist().index(float(asked)), []
        except ValueError:
            pass
    raise DataError(
        f"reference_category={asked!r} is not a category of '{plan.outcome}' in the complete rows; "
        f"it has {listing(levels)}.{nearest(str(asked), levels)}"
    )


def _edges(plan: Plan, y: FloatArray) -> tuple[str, ...]:
    """Notes on an outcome from 0 to 1 that lacks one of its three parts."""
    if y.min() < y.max() and ((y == 0) | (y == 1)).all():
        raise DataError(
            f"outcome '{plan.outcome}' holds 0 and 1 only, nothing between; family "
            f"'{plan.family}' is for shares. Choose family 'bernoulli'."
        )
    absent = [text for value, text in ((0.0, "0"), (1.0, "1")) if not (y == value).any()]
    name = {"0": "cutpoint", "1": "gap"}
    for text in absent:
        prior = plan.prior(name[text])
        if prior is not None and prior.distribution == "flat":
            raise DataError(
                f"outcome '{plan.outcome}' never is {text}, so nothing bounds the {name[text]} "
                f"under the flat prior it was given. Give it another prior, or leave it to the "
                "default; family 'beta' does without it."
            )
    if len(absent) == 2:
        return (
            f"Outcome '{plan.outcome}' never is 0 or 1: the cutpoints rest on their priors. Family "
            "'beta' does without them.",
        )
    return tuple(
        f"Outcome '{plan.outcome}' never is {text}: the {name[text]} leans on its prior."
        for text in absent
    )


def _intervals(
    plan: Plan, time: FloatArray, event: FloatArray, weights: FloatArray | None
) -> OutcomeCoding:
    """Where a piecewise hazard changes: as asked, or at quantiles of the times of events."""
    ended = event == 1
    times, name = time[ended], plan.outcome
    if isinstance(plan.breaks, int):
        shares = np.arange(1, plan.breaks) / plan.breaks
        w = None if weights is None else weights[ended]
        cuts = np.unique(np.quantile(times, shares, method="inverted_cdf", weights=w))
        cuts = cuts[cuts < times.max()]
        count = len(cuts) + 1
        texts = [number_text(float(f"{cut:.4g}")) for cut in cuts]
        shown = ", ".join(texts)
        if count > 12:
            shown = f"{len(cuts)} times from {texts[0]} to {texts[-1]}"
        note = (
            f"The hazard of '{name}' may change at {shown}: {count} intervals with about as many "
            "events each. Say breaks= for other times."
            if count > 1
            else f"The hazard of '{name}' is constant: its events all have one time."
        )
        if count < plan.breaks:
            note += f" {plan.breaks} were asked for; equal times left {count}."
        notes: tuple[str, ...] = (note,)
    else:
        cuts, notes = np.array(plan.breaks), ()
        held = np.bincount(np.searchsorted(cuts, times), minlength=len(cuts) + 1)
        edges = ["0", *(number_text(cut) for cut in cuts)]
        empty = np.flatnonzero(held == 0)
        if len(empty):
            k = int(empty[0])
            where = f"from {edges[k]} to {edges[k + 1]}" if k < len(cuts) else f"after {edges[k]}"
            raise DataError(
                f"breaks: no event of '{name}' falls in the interval {where}, so its hazard cannot "
                f"be learnt (events are from {number_text(times.min())} to "
                f"{number_text(times.max())}). Move or leave out a break, or say breaks="
                f"{len(cuts) + 1} for intervals with about as many events each."
            )
    return OutcomeCoding((), notes, (*(float(cut) for cut in cuts), float(time.max())))


def _skipped(distinct: FloatArray) -> list[str]:
    """Whole numbers between those that occur, where they are few: levels that no row has."""
    if len(distinct) > MOST_CATEGORIES or (distinct != np.floor(distinct)).any():
        return []
    if distinct[-1] - distinct[0] >= 2 * len(distinct):
        return []
    every = np.arange(distinct[0], distinct[-1] + 1)
    return [number_text(value) for value in np.setdiff1d(every, distinct)]


def _column(plan: Plan, table: Table, name: str, role: str) -> FloatArray:
    column = table.columns[name]
    if column.kind == "text":
        raise DataError(f"{role} '{name}' holds text; it must hold numbers.")
    return np.asarray(column.values, dtype=float)


def _trials(plan: Plan, table: Table, y: FloatArray) -> FloatArray | None:
    if plan.trials is None:
        return None
    trials = _column(plan, table, plan.trials, "trials")
    bad = (trials < 1) | (trials != np.floor(trials))
    if bad.any():
        raise DataError(
            f"trials '{plan.trials}' must be whole numbers from 1; they hold "
            f"{number_text(trials[bad][0])} in "
            f"{plural(int((trials == trials[bad][0]).sum()), 'row')}."
        )
    above = y > trials
    if above.any():
        raise DataError(
            f"'{plan.outcome}' exceeds its trials '{plan.trials}' in "
            f"{plural(int(above.sum()), 'row')} (for instance {number_text(y[above][0])} of "
            f"{number_text(trials[above][0])}). Are the two columns in each other's place?"
        )
    return trials


def _standard_errors(plan: Plan, table: Table, name: str) -> FloatArray:
    errors = _column(plan, table, name, "std_error")
    bad = ~(errors > 0)
    if bad.any():
        raise DataError(
            f"std_error '{name}' must be above 0; it holds {number_text(errors[bad][0])} in "
            f"{plural(int((errors == errors[bad][0]).sum()), 'row')}. Leave these rows out."
        )
    return errors


def _log_exposure(plan: Plan, table: Table) -> FloatArray | None:
    if plan.exposure is None:
        return None
    exposure = _column(plan, table, plan.exposure, "exposure")
    bad = exposure <= 0
    if bad.any():
        raise DataError(
            f"exposure '{plan.exposure}' must be above 0; it holds "
            f"{number_text(exposure[bad][0])} in "
            f"{plural(int((exposure == exposure[bad][0]).sum()), 'row')}. Leave these rows out."
        )
    return np.asarray(np.log(exposure))
