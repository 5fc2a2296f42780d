"""Group effects, and their averages taken within draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.keys import group_columns
from forwhom.answers.summarise import SUMMARY_HEADERS, summarise, summary_notes
from forwhom.data import Tidy
from forwhom.design import Design, Groups
from forwhom.errors import PlanError, listing, nearest
from forwhom.fitted import Block, Posterior

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


def pass_over_groups(posterior: Posterior, level: float) -> GroupPass:
    """Summarise every group and average over rows in one pass, whatever the number of groups."""
    count = posterior.design.groups.count
    averaged = _row_average(posterior)
    names = ("estimate", "std_error", "conf_low", "conf_high", "prob_positive")
    summary = {name: np.empty(count) for name in names}
    precise = count <= PRECISE_UP_TO

    def work(block: Block) -> FloatArray:
        for name, values in summarise(block.theta, level, precise).items():
            summary[name][block.groups] = values
        return averaged(block)

    return GroupPass(summary, _total(posterior, work), level)


def average_draws(posterior: Posterior) -> FloatArray:
    """The average effect over all rows within each draw, (D,); the same as a full pass gives."""
    return _total(posterior, _row_average(posterior))


def _row_average(posterior: Posterior) -> Callable[[Block], FloatArray]:
    """What a block adds to the average over rows."""
    share = posterior.group_weight / posterior.group_weight.sum()
    return lambda block: np.asarray(share[block.groups] @ block.theta)


def _total(posterior: Posterior, work: Callable[[Block], FloatArray]) -> FloatArray:
    """Sum of what ``work`` makes of each block, in the order of the blocks."""
    total = np.zeros(len(posterior.alpha))
    for part in posterior.local.map(work):
        total += part
    return total


def effects_table(posterior: Posterior, found: GroupPass) -> Tidy:
    """theta: one row per group, with its modifiers and its counts by arm."""
    design = posterior.design
    groups = design.groups
    columns: dict[str, object] = {
        "treatment": [design.treatment.name] * groups.count,
        "group_id": np.arange(1, groups.count + 1),
    }
    keys = group_columns(groups, tuple(columns))
    columns |= {**keys.columns, **arm_counts(design), **found.summary}
    headers = group_headers(groups)
    note = (*summary_notes(found.summary), *effect_notes(posterior))
    title = titled("Group effects (theta)", posterior)
    return Tidy(columns, title, found.level, note, headers, keys.types)


def average_table(posterior: Posterior, draws: FloatArray, level: float) -> Tidy:
    """The average effect over all analysed rows, from its draws (D,)."""
    groups = posterior.design.groups
    summary = summarise(draws[None, :], level)
    columns = {
        "treatment": [posterior.design.treatment.name],
        "n_groups": np.array([groups.count]),
        **_arm_totals(posterior, np.zeros(groups.count, dtype=np.int64), 1),
        **summary,
    }
    note = (*summary_notes(summary), _average_note(posterior), *effect_notes(posterior))
    return Tidy(columns, titled("Average effect", posterior), level, note, SUMMARY_HEADERS)


def average_by_table(posterior: Posterior, by: Sequence[str], level: float) -> Tidy:
    """Average effects over the rows with each combination of some grouping columns.

    Raises:
        PlanError: a column that does not define the groups.
    """
    groups = posterior.design.groups
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
    columns: dict[str, object] = {"treatment": [posterior.design.treatment.name] * count}
    keys = group_columns(groups, tuple(columns), chosen, first)
    columns |= keys.columns
    columns["n_groups"] = np.bincount(codes, minlength=count)
    columns |= _arm_totals(posterior, codes, count)
    summary = summarise(_averages(posterior, codes, count), level)
    columns |= summary
    headers = group_headers(groups)
    note = (*summary_notes(summary), _average_note(posterior), *effect_notes(posterior))
    title = titled(f"Average effects by {', '.join(by)},", posterior)
    return Tidy(columns, title, level, note, headers, keys.types)


def group_headers(groups: Groups) -> dict[str, str]:
    """Readable headers; a grouping column never takes the place of the table's own."""
    return dict(zip(groups.columns, groups.labels, strict=True)) | SUMMARY_HEADERS


def _averages(posterior: Posterior, codes: IntArray, count: int) -> FloatArray:
    weight = posterior.group_weight
    total = np.bincount(codes, weight, count)
    out = np.zeros((count, len(posterior.alpha)))

    def work(block: Block) -> tuple[IntArray, FloatArray]:
        present, where = np.unique(codes[block.groups], return_inverse=True)
        share = np.zeros((len(present), len(block.groups)))
        share[where, np.arange(len(block.groups))] = weight[block.groups]
        return present, share @ block.theta

    for present, partial in posterior.local.map(work):
        out[present] += partial
    return out / total[:, None]


def arm_counts(design: Design) -> dict[str, IntArray]:
    """Rows of each group by arm, (G,) each; all of them where effects were estimated elsewhere."""
    groups = design.groups
    if design.estimates:
        return {"n_rows": groups.n_rows}
    return {"n_treated": groups.n_treated, "n_control": groups.n_control}


def _arm_totals(posterior: Posterior, codes: IntArray, count: int) -> dict[str, IntArray]:
    return {
        name: np.bincount(codes, n, count).astype(np.int64)
        for name, n in arm_counts(posterior.design).items()
    }


def _average_note(posterior: Posterior) -> str:
    if posterior.design.groups.has_control_group:
        return "Averaged within draws over the treated rows."
    plan = posterior.design.plan
    weighted = plan.weights is not None and plan.weights_kind == "sampling"
    return f"Averaged within draws over all analysed rows{', weighted' if weighted else ''}."


def effect_notes(posterior: Posterior) -> tuple[str, ...]:
    """What effects are effects on, and of what."""
    design = posterior.design
    on, unit = posterior.effect_on, posterior.unit_words
    unit = f", in {unit}," if unit else ""
    if design.estimates:
        return (f"Effects as estimated in {design.plan.outcome}.",)
    if design.treatment.kind == "dose":
        return (f"Effects on {on}{unit} of one unit of {design.treatment.column}.",)
    return (
        f"Effects on {on}{unit} of {design.treatment.column}: "
        f"{design.treatment.treated} against {design.treatment.control}.",
    )


def titled(what: str, posterior: Posterior) -> str:
    """A table's title with the contrast and the outcome's level.

    "Average effect of letter (Ad against Control) on voted = Yes".
    """
    design = posterior.design
    if design.estimates:
        return what
    label = posterior.category if posterior.quantity is None else posterior.quantity.label
    on = f"{design.plan.outcome} being {label}" if label else design.measured
    return f"{what} of {design.treatment.words} on {on}"


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
