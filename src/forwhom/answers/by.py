"""The average effect at each value of a modifier, and how far apart they are.

Averages over the groups as they are, taken within draws: differences that there really are among
these groups rather than coefficients, which hold the other modifiers still (finite population;
Gelman 2005, Annals of Statistics 33(1)). Tests: tests/answers/test_by.py.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer, check_all
from forwhom.answers.naming import contrast_line, effect_axis, labels_for, treatment_name
from forwhom.answers.options import GROUPS, TELLING
from forwhom.answers.passes import Task, averages_task
from forwhom.answers.sample import Sample
from forwhom.answers.selection import Selection, select
from forwhom.answers.splits import AGAINST, Split, split, split_names
from forwhom.answers.tables import (
    arm_totals,
    average_note,
    effect_notes,
    stack,
    titled,
)
from forwhom.answers.telling import Telling
from forwhom.answers.which import picked
from forwhom.answers.whom import needs_columns
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.errors import PlanError
from forwhom.fitted import Estimand

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import ValueLabels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HEADERS = {"modifier": "Modifier", "value": "Value", "difference": "Difference"}


def by_table(
    workings: Workings, modifier: str, scale: str, telling: Telling, selection: Selection
) -> Tidy:
    """One row for each value of a modifier, then one for each difference."""
    _check_named(workings, modifier)
    parted, tables = split(workings, modifier), []
    for one in workings.on_scale(scale):
        telling.check(one.quantity)
        values = _values(workings, one, parted, selection)
        sample = joined_of([values, _differences(workings, one, parted, values)])
        title = titled(f"Average effects by {modifier},", one)
        notes = (average_note(one, selection), *effect_notes(one))
        tables.append(sample.table(telling, title, notes))
    return stack(tables, workings.on_scale(scale))


def _check_named(workings: Workings, modifier: str | None) -> None:
    if modifier is None:
        raise PlanError(
            "by() needs a modifier: the column whose values the effect is told at, such as "
            f"fit.by({split_names(workings)[0]!r})."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Averages at those parts of a split that groups are left of.

    Attributes:
        parted: the split; present: (k,) which of its parts.
        counts: groups, and rows by arm, of each; draws: (k, D).
    """

    parted: Split
    present: IntArray
    counts: dict[str, IntArray]
    draws: FloatArray


def parts_of(
    workings: Workings, estimand: Estimand, splits: Sequence[Split], selection: Selection
) -> list[Parts]:
    """Average effects at each part of some splits, all from one pass over the groups."""
    kept, left = _present(estimand, splits, selection)
    key = parts_key(estimand, splits, selection)
    draws = workings.kept(key, lambda: parts_task(estimand, splits, selection).done())
    found, at = [], 0
    for one, (present, codes) in zip(splits, left, strict=True):
        count = len(present)
        counts = {"n_groups": np.bincount(codes, minlength=count)}
        counts |= arm_totals(estimand, kept, codes.astype(np.int64), count)
        found.append(Parts(one, present.astype(np.int64), counts, draws[at : at + count]))
        at += count
    return found


def parts_key(estimand: Estimand, splits: Sequence[Split], selection: Selection) -> Hashable:
    """What averages at the parts of some splits are kept by, for table, figure and sentences."""
    names = tuple(one.name for one in splits)
    return "values", estimand.quantity, names, selection.where, selection.weights


def parts_task(
    estimand: Estimand, splits: Sequence[Split], selection: Selection
) -> Task[FloatArray]:
    """Draws of averages at those parts of some splits that groups are left of, (k, D)."""
    kept, left = _present(estimand, splits, selection)
    weight = selection.weight(estimand)
    shares = [_shares(kept, codes, len(present), weight) for present, codes in left]
    return averages_task(estimand, np.vstack(shares))


def _present(
    estimand: Estimand, splits: Sequence[Split], selection: Selection
) -> tuple[IntArray, list[tuple[IntArray, IntArray]]]:
    """Groups that weigh something; of each split, its parts among them and which each has."""
    kept = selection.groups(estimand.count)
    kept = kept[selection.weight(estimand)[kept] > 0]
    return kept, [np.unique(one.codes[kept], return_inverse=True) for one in splits]


def _values(workings: Workings, estimand: Estimand, parted: Split, selection: Selection) -> Sample:
    """The average effect at each value of a modifier that groups are left of."""
    (found,) = parts_of(workings, estimand, [parted], selection)
    words = [parted.parts[k] for k in found.present.tolist()]
    return _sample(workings, estimand, parted, words, found.counts, found.draws)


def _shares(kept: IntArray, codes: IntArray, count: int, weight: FloatArray) -> FloatArray:
    """What each group adds to the average of its part, (count, G)."""
    shares = np.zeros((count, len(weight)))
    shares[codes, kept] = weight[kept]
    return shares / shares.sum(axis=1, keepdims=True)


def _differences(workings: Workings, estimand: Estimand, parted: Split, values: Sample) -> Sample:
    """Differences between values of a modifier; none where one is left."""
    left = replace(parted, parts=tuple(values.columns["value"]))
    at = np.array(left.pairs, dtype=np.int64).reshape(-1, 2)
    counts = {
        name: np.asarray(n)[at].sum(axis=1)
        for name, n in values.columns.items()
        if name.startswith("n_")
    }
    draws = values.draws[at[:, 0]] - values.draws[at[:, 1]]
    said = [left.against(pair) for pair in left.pairs]
    return _sample(workings, estimand, parted, said, counts, draws, True)


def _sample(
    workings: Workings,
    estimand: Estimand,
    parted: Split,
    words: Sequence[str],
    counts: dict[str, IntArray],
    draws: NDArray[np.float64],
    difference: bool = False,
) -> Sample:
    columns = {
        "treatment": [estimand.treatment.name] * len(words),
        "modifier": [parted.name] * len(words),
        "value": list(words),
        "difference": [difference] * len(words),
        **counts,
    }
    return Sample(columns, draws, workings.chains, HEADERS)


def joined_of(samples: Sequence[Sample]) -> Sample:
    """Samples under one another."""
    first = samples[0]
    columns = {}
    for name, values in first.columns.items():
        parts = [one.columns[name] for one in samples]
        array = isinstance(values, np.ndarray)
        columns[name] = np.concatenate(parts) if array else [v for part in parts for v in part]
    return replace(first, columns=columns, draws=np.vstack([one.draws for one in samples]))


# Many parameters: a figure's options are named one by one, as in the method of ``Plots``.
def by_figure(
    workings: Workings,
    *,
    modifier: str | None = None,
    where: str | None = None,
    weights: str | None = None,
    treatment: str | None = None,
    category: str | None = None,
    level: float | None = None,
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """The average effect at each value of a modifier, differences between them beside."""
    from forwhom.draw.differences import values_figure

    _check_named(workings, modifier)
    estimand = picked(workings, treatment, category)
    level = check_all(workings, ("level",), {"level": level})["level"]
    names, selection = (
        labels_for(estimand, labels, value_labels),
        select(workings.fitted, where, weights),
    )
    parted = split(workings, str(modifier), names)
    values = _values(workings, estimand, parted, selection)
    telling = Telling(level)
    if title is None:
        of = treatment_name(estimand, names, versus=False)
        title = f"The average effect of {of} by {names.word(str(modifier))}"
    apart = drawn_of(_differences(workings, estimand, parted, values), telling)
    parts = [of.split(AGAINST) for of in apart["label"]]
    one = len({of[-1] for of in parts}) == 1 and all(len(of) == 2 for of in parts)
    if one:  # all are held against the same
        apart["label"] = [of[0] for of in parts]
    return values_figure(
        drawn_of(values, telling),
        apart,
        title=title,
        subtitle=contrast_line(estimand, names),
        x_title=effect_axis("Effect", estimand, names),
        level=level,
        heading=f"Difference from {parts[0][-1]}" if one else "Difference",
        note=average_note(estimand, selection),
    )


def drawn_of(sample: Sample, telling: Telling) -> dict[str, Any]:
    """What is drawn of rows."""
    told = telling.columns(sample.draws)
    shown = {name: told[name] for name in ("estimate", "conf_low", "conf_high", "prob_positive")}
    counts = [
        n for name, n in sample.columns.items() if name in ("n_treated", "n_control", "n_rows")
    ]
    return {**shown, "label": sample.columns["value"], "n": np.sum(counts, axis=0)}


BY = Answer(
    "by",
    "The average effect at each value of a modifier, and the differences between them.",
    ("modifier", "level", "scale", *GROUPS, *TELLING[1:]),
    by_table,
    by_figure,
    (
        *("modifier", "where", "weights", "treatment", "category", "level"),
        *("labels", "value_labels", "title"),
    ),
    refuses=needs_columns("by", "compare"),
    when="asked",
)
