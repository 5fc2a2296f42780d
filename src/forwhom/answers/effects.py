"""Group effects, and their averages taken within draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.keys import group_columns
from forwhom.answers.summarise import SUMMARY_HEADERS, summarise, summary_notes
from forwhom.data import Tidy
from forwhom.design import Groups
from forwhom.errors import PlanError, listing, nearest
from forwhom.fitted import Block, Estimand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PRECISE_UP_TO = 10_000  # groups; quantiles of more are found in single precision


@dataclass(frozen=True, slots=True)
class GroupPass:
    """One pass over all group effects.

    Attributes:
        summary: columns of length G (see ``summarise``).
        average: (D,) the average effect over all rows, within draws.
        level: of the summary's interval.
    """

    summary: dict[str, FloatArray]
    average: FloatArray
    level: float


def pass_over_groups(estimand: Estimand, level: float) -> GroupPass:
    """Summarise every group and average over rows in one pass, whatever the number of groups."""
    count = estimand.design.groups.count
    averaged = _row_average(estimand)
    names = ("estimate", "std_error", "conf_low", "conf_high", "prob_positive")
    summary = {name: np.empty(count) for name in names}
    precise = count <= PRECISE_UP_TO

    def work(block: Block) -> FloatArray:
        for name, values in summarise(block.theta, level, precise).items():
            summary[name][block.groups] = values
        return averaged(block)

    return GroupPass(summary, _total(estimand, work), level)


def average_draws(estimand: Estimand) -> FloatArray:
    """The average effect over all rows within each draw, (D,); the same as a full pass gives."""
    return _total(estimand, _row_average(estimand))


def _row_average(estimand: Estimand) -> Callable[[Block], FloatArray]:
    """What a block adds to the average over rows."""
    share = estimand.group_weight / estimand.group_weight.sum()
    return lambda block: np.asarray(share[block.groups] @ block.theta)


def _total(estimand: Estimand, work: Callable[[Block], FloatArray]) -> FloatArray:
    """Sum of what ``work`` makes of each block, in the order of the blocks."""
    total = np.zeros(estimand.fitted.count)
    for part in estimand.map(work):
        total += part
    return total


def effects_table(estimand: Estimand, found: GroupPass) -> Tidy:
    """theta: one row per group, with its modifiers and its counts by arm."""
    design = estimand.design
    groups = design.groups
    columns: dict[str, object] = {
        "treatment": [estimand.treatment.name] * groups.count,
        "group_id": np.arange(1, groups.count + 1),
    }
    keys = group_columns(groups, tuple(columns))
    columns |= {**keys.columns, **arm_counts(estimand), **found.summary}
    headers = group_headers(groups)
    note = (*summary_notes(found.summary), *effect_notes(estimand))
    title = titled("Group effects (theta)", estimand)
    return Tidy(columns, title, found.level, note, headers, keys.types)


def average_table(estimand: Estimand, draws: FloatArray, level: float) -> Tidy:
    """The average effect over all analysed rows, from its draws (D,)."""
    groups = estimand.design.groups
    summary = summarise(draws[None, :], level)
    columns = {
        "treatment": [estimand.treatment.name],
        "n_groups": np.array([groups.count]),
        **_arm_totals(estimand, np.zeros(groups.count, dtype=np.int64), 1),
        **summary,
    }
    note = (*summary_notes(summary), _average_note(estimand), *effect_notes(estimand))
    return Tidy(columns, titled("Average effect", estimand), level, note, SUMMARY_HEADERS)


def average_by_table(estimand: Estimand, by: Sequence[str], level: float) -> Tidy:
    """Average effects over the rows with each combination of some grouping columns.

    Raises:
        PlanError: a column that does not define the groups.
    """
    groups = estimand.design.groups
    if not by:
        raise PlanError(
            f"by= names no column. Effects can be averaged by {listing(groups.columns)}; leave "
            "by= out for the average over all rows."
        )
    for name in by:
        if name not in groups.columns:
            raise PlanError(
                f"by={name!r}: effects can be averaged by the columns that define the groups, "
                f"{listing(groups.columns)}.{nearest(name, groups.columns)}"
            )
    chosen = [groups.columns.index(name) for name in by]
    codes = np.zeros(groups.count, dtype=np.int64)
    for j in chosen:
        codes = codes * len(groups.display[j]) + groups.values[j]
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    codes = codes.astype(np.int64)
    count = len(first)
    columns: dict[str, object] = {"treatment": [estimand.treatment.name] * count}
    keys = group_columns(groups, tuple(columns), chosen, first)
    columns |= keys.columns
    columns["n_groups"] = np.bincount(codes, minlength=count)
    columns |= _arm_totals(estimand, codes, count)
    summary = summarise(_averages(estimand, codes, count), level)
    columns |= summary
    headers = group_headers(groups)
    note = (*summary_notes(summary), _average_note(estimand), *effect_notes(estimand))
    title = titled(f"Average effects by {', '.join(by)},", estimand)
    return Tidy(columns, title, level, note, headers, keys.types)


def group_headers(groups: Groups) -> dict[str, str]:
    """Readable headers; a grouping column never takes the place of the table's own."""
    return dict(zip(groups.columns, groups.labels, strict=True)) | SUMMARY_HEADERS


def _averages(estimand: Estimand, codes: IntArray, count: int) -> FloatArray:
    weight = estimand.group_weight
    total = np.bincount(codes, weight, count)
    out = np.zeros((count, estimand.fitted.count))

    def work(block: Block) -> tuple[IntArray, FloatArray]:
        present, where = np.unique(codes[block.groups], return_inverse=True)
        share = np.zeros((len(present), len(block.groups)))
        share[where, np.arange(len(block.groups))] = weight[block.groups]
        return present, share @ block.theta

    for present, partial in estimand.map(work):
        out[present] += partial
    return out / total[:, None]


def arm_counts(estimand: Estimand) -> dict[str, IntArray]:
    """Rows of each group by arm, (G,) each; all of them where effects were estimated elsewhere."""
    if estimand.design.estimates:
        return {"n_rows": estimand.design.groups.n_rows}
    effect = estimand.effect
    return {"n_treated": effect.n_treated, "n_control": effect.n_control}


def _arm_totals(estimand: Estimand, codes: IntArray, count: int) -> dict[str, IntArray]:
    return {
        name: np.bincount(codes, n, count).astype(np.int64)
        for name, n in arm_counts(estimand).items()
    }


def _average_note(estimand: Estimand) -> str:
    if estimand.design.groups.has_control_group:
        return "Averaged within draws over the treated rows."
    plan = estimand.design.plan
    weighted = plan.weights is not None and plan.weights_kind == "sampling"
    return f"Averaged within draws over all analysed rows{', weighted' if weighted else ''}."


def effect_notes(estimand: Estimand) -> tuple[str, ...]:
    """What effects are effects on, and of what."""
    design = estimand.design
    on, unit = estimand.effect_on, estimand.unit_words
    unit = f", in {unit}," if unit else ""
    if design.estimates:
        return (f"Effects as estimated in {design.plan.outcome}.",)
    t = estimand.treatment
    if t.kind == "dose":
        return (f"Effects on {on}{unit} of one unit of {t.column}.",)
    return (f"Effects on {on}{unit} of {t.column}: {t.treated} against {t.control}.",)


def titled(what: str, estimand: Estimand) -> str:
    """A table's title with the contrast and the outcome's level.

    "Average effect of letter (Ad against Control) on voted = Yes".
    """
    design = estimand.design
    if design.estimates:
        return what
    label = estimand.quantity.label
    on = f"{design.plan.outcome} being {label}" if label else design.measured
    return f"{what} of {estimand.treatment.words} on {on}"


def stack(tables: Sequence[Tidy], labels: Sequence[str]) -> Tidy:
    """Tables of the same kind under one another, a column ``outcome`` telling them apart."""
    first = tables[0]
    if len(tables) == 1:
        return first
    columns: dict[str, object] = {}
    if any(labels):
        columns["outcome"] = [
            label for t, label in zip(tables, labels, strict=True) for _ in range(t.n_rows)
        ]
    for name, values in first.columns.items():
        parts = [table.columns[name] for table in tables]
        numeric = isinstance(values, np.ndarray)
        columns[name] = np.concatenate(parts) if numeric else [v for part in parts for v in part]
    headers = {**first.headers, "outcome": "Outcome"}
    notes = [note for table in tables for note in table.notes[:-1]]
    for label, table in zip(labels, tables, strict=True):
        notes += [
            note.replace(f" being {label}", "") if label else note for note in table.notes[-1:]
        ]
    said = tuple(dict.fromkeys(notes))
    pairs = zip(tables, labels, strict=True)
    titles = [t.title.removesuffix(f" being {label}") if label else t.title for t, label in pairs]
    title = titles[0] if len(set(titles)) == 1 else titles[0].partition(" of ")[0].rstrip(",")
    return Tidy(columns, title, first.level, said, headers, first.types)
