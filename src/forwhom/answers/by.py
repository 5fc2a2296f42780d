"""The average effect at each value of a modifier, and how far apart they are.

Averages over the groups as they are, taken within draws: differences that there really are among
these groups rather than coefficients, which hold the other modifiers still (finite population;
Gelman 2005, Annals of Statistics 33(1)). Tests: tests/answers/test_by.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer, check_all
from forwhom.answers.naming import contrast_line, effect_axis, labels_for, treatment_name
from forwhom.answers.options import GROUPS, TELLING
from forwhom.answers.passes import averages_over
from forwhom.answers.sample import Sample
from forwhom.answers.selection import Selection, select
from forwhom.answers.splits import AGAINST, Split, split, split_names
from forwhom.answers.tables import (
    arm_counts,
    arm_totals,
    average_note,
    effect_notes,
    labels_of,
    stack,
    titled,
)
from forwhom.answers.telling import Telling
from forwhom.answers.which import picked
from forwhom.answers.whom import needs_columns
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.errors import OutputError, PlanError, listing
from forwhom.fitted import Estimand

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import Labels, ValueLabels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_PARTS = 20  # values of one modifier, each held against the first

HEADERS = {"modifier": "Modifier", "value": "Value", "difference": "Difference"}
OTHERS = "Other modifiers differ along with the one named."
NOTE = (
    "Differences between averages over the groups as they are: other modifiers differ along with "
    "the one named. Coefficients, which hold the others still, are in modifiers()."
)


def by_table(
    workings: Workings, modifier: str, scale: str, telling: Telling, selection: Selection
) -> Tidy:
    """One row for each value of a modifier, then one for each difference."""
    _check_named(workings, modifier)
    parted, tables = split(workings, modifier), []
    for one in workings.on_scale(scale):
        telling.check(one.quantity)
        (values,) = values_of(workings, one, [parted], selection)
        sample = _joined([values, differences_of(workings, one, parted, values)])
        title = titled(f"Average effects by {modifier},", one)
        notes = (average_note(one, selection), *effect_notes(one))
        tables.append(sample.table(telling, title, notes))
    return stack(tables, labels_of(workings.on_scale(scale)))


def _check_named(workings: Workings, modifier: str | None) -> None:
    if modifier is None:
        raise PlanError(
            "by() needs a modifier: the column whose values the effect is told at, such as "
            f"fit.by({split_names(workings)[0]!r})."
        )


def differences_table(
    workings: Workings, scale: str, telling: Telling, selection: Selection
) -> Tidy:
    """One row for each modifier and pair of its values."""
    tables = []
    for one in workings.on_scale(scale):
        telling.check(one.quantity)
        samples = differences(workings, one, selection)
        notes = (NOTE, *_many_valued(workings), average_note(one, selection), *effect_notes(one))
        title = titled("Differences in the effect", one)
        found = _joined(samples or [_nothing(workings, one)])
        columns = {name: v for name, v in found.columns.items() if name != "difference"}
        tables.append(replace(found, columns=columns).table(telling, title, notes))
    return stack(tables, labels_of(workings.on_scale(scale)))


def differences(
    workings: Workings,
    estimand: Estimand,
    selection: Selection,
    labels: Labels | None = None,
) -> list[Sample]:
    """Differences in an effect by each modifier, all from one pass over the groups."""
    splits = [split(workings, name, labels) for name in split_names(workings)]
    splits = [one for one in splits if len(one.parts) <= MOST_PARTS]
    if not splits:
        return []
    values = values_of(workings, estimand, splits, selection)
    return [
        differences_of(workings, estimand, one, own)
        for one, own in zip(splits, values, strict=True)
    ]


def _many_valued(workings: Workings) -> tuple[str, ...]:
    """Which columns have too many values to hold each against the first, in words."""
    many = [n for n in split_names(workings) if len(split(workings, n).parts) > MOST_PARTS]
    if not many:
        return ()
    return (
        f"Left out, for more than {MOST_PARTS} values: {listing(many)}; contrasts() and ranking() "
        "compare them.",
    )


def values_of(
    workings: Workings, estimand: Estimand, splits: Sequence[Split], selection: Selection
) -> list[Sample]:
    """Average effects at each value of modifiers that groups are left of."""
    kept = selection.groups(estimand.count)
    weight = selection.weight(estimand)
    kept = kept[weight[kept] > 0]
    left = [np.unique(one.codes[kept], return_inverse=True) for one in splits]
    shares = [_shares(kept, codes, len(present), weight) for present, codes in left]
    names = tuple(one.name for one in splits)  # the table, the figure and sentences ask for these
    key = ("values", estimand.quantity, names, selection.where, selection.weights)
    draws = workings.kept(key, lambda: averages_over(estimand, np.vstack(shares)))
    found, at = [], 0
    for one, (present, codes) in zip(splits, left, strict=True):
        count = len(present)
        counts = {"n_groups": np.bincount(codes, minlength=count)}
        counts |= arm_totals(estimand, kept, codes.astype(np.int64), count)
        words = [one.parts[k] for k in present.tolist()]
        mine = draws[at : at + count]
        found.append(_sample(workings, estimand, one, words, counts, mine))
        at += count
    return found


def _shares(kept: IntArray, codes: IntArray, count: int, weight: FloatArray) -> FloatArray:
    """What each group adds to the average of its part, (count, G)."""
    shares = np.zeros((count, len(weight)))
    shares[codes, kept] = weight[kept]
    return shares / shares.sum(axis=1, keepdims=True)


def differences_of(workings: Workings, estimand: Estimand, parted: Split, values: Sample) -> Sample:
    """Differences between values of a modifier; none where one is left."""
    words = list(values.columns["value"])
    left = replace(parted, parts=tuple(words))
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


def _nothing(workings: Workings, estimand: Estimand) -> Sample:
    """No rows."""
    none = Split("", (), np.zeros(0, dtype=np.int64), False)
    counts = dict.fromkeys(["n_groups", *arm_counts(estimand)], np.zeros(0, dtype=np.int64))
    empty = np.empty((0, estimand.fitted.count))
    return _sample(workings, estimand, none, (), counts, empty)


def _joined(samples: Sequence[Sample]) -> Sample:
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
    (values,) = values_of(workings, estimand, [parted], selection)
    telling = Telling(level)
    if title is None:
        of = treatment_name(estimand, names, versus=False)
        title = f"The average effect of {of} by {names.word(str(modifier))}"
    apart = _drawn(differences_of(workings, estimand, parted, values), telling)
    parts = [of.split(AGAINST) for of in apart["label"]]
    one = len({of[-1] for of in parts}) == 1 and all(len(of) == 2 for of in parts)
    if one:  # all are held against the same
        apart["label"] = [of[0] for of in parts]
    return values_figure(
        _drawn(values, telling),
        apart,
        title=title,
        subtitle=contrast_line(estimand, names),
        x_title=effect_axis("Effect", estimand, names),
        level=level,
        heading=f"Difference from {parts[0][-1]}" if one else "Difference",
        note=average_note(estimand, selection),
    )


# Many parameters: a figure's options are named one by one, as in the method of ``Plots``.
def differences_figure(
    workings: Workings,
    *,
    where: str | None = None,
    weights: str | None = None,
    treatment: str | None = None,
    category: str | None = None,
    level: float | None = None,
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """How far the average effect differs by each modifier, one row for each pair of values."""
    from forwhom.draw.differences import differences_figure as draw

    estimand = picked(workings, treatment, category)
    level = check_all(workings, ("level",), {"level": level})["level"]
    names, selection = (
        labels_for(estimand, labels, value_labels),
        select(workings.fitted, where, weights),
    )
    found = differences(workings, estimand, selection, names)
    sample = _joined(found or [_nothing(workings, estimand)])
    if not len(sample.draws):
        raise OutputError("No modifier has two values, so there is no difference to draw.")
    if title is None:
        title = f"How the effect of {treatment_name(estimand, names, versus=False)} differs"
    return draw(
        {
            **_drawn(sample, Telling(level)),
            "label": _pairs(sample, names),
        },
        title=title,
        subtitle=contrast_line(estimand, names),
        x_title=effect_axis("Difference in the effect", estimand, names),
        level=level,
        note=f"{average_note(estimand, selection)} {OTHERS}",
    )


def _pairs(sample: Sample, labels: Labels) -> list[str]:
    """Pairs of values with their modifier, named once: "age: 61 to 79 against 18 to 32"."""
    found = []
    for name, pair in zip(sample.columns["modifier"], sample.columns["value"], strict=True):
        called = labels.columns.get(name, name)
        parts = pair.split(AGAINST)
        if all(part.startswith(f"{called} ") for part in parts):
            parts = [part.removeprefix(f"{called} ").removeprefix("= ") for part in parts]
        said = AGAINST.join(parts)
        found.append(said if labels.values.get(name) else f"{called}: {said}")
    return found


def _drawn(sample: Sample, telling: Telling) -> dict[str, Any]:
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
DIFFERENCES = Answer(
    "differences",
    "How far the average effect differs by each modifier, among the groups as they are.",
    ("level", "scale", *GROUPS, *TELLING[1:]),
    differences_table,
    differences_figure,
    ("where", "weights", "treatment", "category", "level", "labels", "value_labels", "title"),
    refuses=needs_columns("differences", "compare"),
)
