"""How far the average effect differs by each modifier, and by one where another has some value.

Averages over the groups as they are, within draws, as in ``by``. Where two modifiers interact, the
difference by one is told within each value of the other, too: the overall one averages over them.
Tests: tests/answers/test_differences.py, tests/answers/test_by.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer, check_all
from forwhom.answers.by import HEADERS, Parts, drawn_of, joined_of, parts_of
from forwhom.answers.naming import contrast_line, effect_axis, labels_for, treatment_name
from forwhom.answers.options import GROUPS, TELLING
from forwhom.answers.sample import Sample
from forwhom.answers.selection import Selection, select
from forwhom.answers.splits import AGAINST, Split, crossed, interactions, split, split_names
from forwhom.answers.tables import (
    arm_counts,
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
from forwhom.errors import OutputError, listing
from forwhom.fitted import Estimand

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import Labels, ValueLabels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_PARTS = 20  # values of one modifier, each held against the first
FEW_PARTS = 4  # of each of two that interact

OTHERS = "Other modifiers differ along with the one named."
NOTE = (
    "Differences between averages over the groups as they are: other modifiers differ along with "
    "the one named. Coefficients, which hold the others still, are in modifiers()."
)
WITHIN = (
    "where: among the groups with that value of a modifier that interacts; with two values, how "
    "far the difference itself differs between them."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One difference: parts added, less parts taken away.

    Attributes:
        value: what is held against what; where: among which groups, or between which.
        plus, minus: rows of the draws of averages.
    """

    value: str
    where: str
    plus: tuple[int, ...]
    minus: tuple[int, ...]


def differences_table(
    workings: Workings, scale: str, telling: Telling, selection: Selection
) -> Tidy:
    """One row for each modifier and pair of its values, and within values of another."""
    tables = []
    for one in workings.on_scale(scale):
        telling.check(one.quantity)
        found = _all(workings, one, selection)
        within = (WITHIN,) if any(found.columns["where"]) else ()
        many = _many_valued(workings)
        notes = (NOTE, *within, *many, average_note(one, selection), *effect_notes(one))
        title = titled("Differences in the effect", one)
        tables.append(found.table(telling, title, notes))
    return stack(tables, workings.on_scale(scale))


def differences(
    workings: Workings,
    estimand: Estimand,
    selection: Selection,
    labels: Labels | None = None,
) -> list[Sample]:
    """Differences in an effect by each modifier, all from one pass over the groups."""
    splits, crosses = compared(workings, estimand, labels)
    if not splits:
        return []
    pairs = list(crosses)
    parts = parts_of(workings, estimand, [*splits.values(), *crosses.values()], selection)
    alone = dict(zip(splits, parts[: len(splits)], strict=True))
    both = dict(zip(pairs, parts[len(splits) :], strict=True))
    found = []
    for name, own in alone.items():
        others = [
            Crossing(own, alone[b if name == a else a], cells, name != a)
            for (a, b), cells in both.items()
            if name in (a, b)
        ]
        found.append(_differences(workings, estimand, own, others))
    return found


def compared(
    workings: Workings, estimand: Estimand, labels: Labels | None = None
) -> tuple[dict[str, Split], dict[tuple[str, str], Split]]:
    """What groups are split by, and each pair of few values that interacts."""
    every = {name: split(workings, name, labels) for name in split_names(workings)}
    splits = {name: one for name, one in every.items() if len(one.parts) <= MOST_PARTS}
    few = {name for name, one in splits.items() if len(one.parts) <= FEW_PARTS}
    pairs = [pair for pair in interactions(workings, estimand) if few.issuperset(pair)]
    return splits, {(a, b): crossed(splits[a], splits[b]) for a, b in pairs}


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """Two modifiers that interact: averages at each value of one, within each of the other.

    Attributes:
        own, other: averages by each alone, of which the pairs of values are taken.
        cells: averages at both; turned: whether ``other`` comes first in them.
    """

    own: Parts
    other: Parts
    cells: Parts
    turned: bool

    def lines(self) -> list[Line]:
        """Differences by one within each value of the other; once, how far these differ."""
        others, found = self.other.parted.parts, []
        pairs = [(pair, self.own.parted.against(pair)) for pair in _pairs(self.own)]
        for (high, low), value in pairs:
            for k in self.other.present.tolist():
                at = self._at(high, k), self._at(low, k)
                if min(at) >= 0:
                    found.append(Line(value, others[k], (at[0],), (at[1],)))
        if self.turned:
            return found
        for (high, low), value in pairs:
            for top, bottom in _pairs(self.other):
                plus = self._at(high, top), self._at(low, bottom)
                minus = self._at(low, top), self._at(high, bottom)
                if min(plus + minus) >= 0:
                    where = self.other.parted.against((top, bottom))
                    found.append(Line(value, where, plus, minus))
        return found

    def _at(self, own: int, other: int) -> int:
        """The row of the averages at two values; -1 where no group has both."""
        first, second = (other, own) if self.turned else (own, other)
        width = len(self.own.parted.parts if self.turned else self.other.parted.parts)
        at = np.flatnonzero(self.cells.present == first * width + second)
        return int(at[0]) if len(at) else -1


def _pairs(parts: Parts) -> list[tuple[int, int]]:
    """Which parts are held against which, of those that are left."""
    present = parts.present.tolist()
    left = replace(parts.parted, parts=tuple(parts.parted.parts[k] for k in present))
    return [(present[high], present[low]) for high, low in left.pairs]


def _differences(
    workings: Workings, estimand: Estimand, own: Parts, crossings: Sequence[Crossing]
) -> Sample:
    """Differences by one modifier; then the same within values of each that it interacts with."""
    place = {k: i for i, k in enumerate(own.present.tolist())}
    alone = [
        Line(own.parted.against(pair), "", (place[pair[0]],), (place[pair[1]],))
        for pair in _pairs(own)
    ]
    pieces = [(own, alone), *((one.cells, one.lines()) for one in crossings)]
    return joined_of(
        [_sample(workings, estimand, own.parted.name, lines, parts) for parts, lines in pieces]
    )


def _sample(
    workings: Workings,
    estimand: Estimand,
    name: str,
    lines: Sequence[Line],
    parts: Parts | None = None,
) -> Sample:
    """Draws of some differences; no rows where no averages are given."""
    counts = dict.fromkeys(["n_groups", *arm_counts(estimand)], np.zeros(0, dtype=np.int64))
    draws = np.empty((0, estimand.fitted.count))
    if parts is not None:
        sign = np.zeros((len(lines), len(parts.draws)))
        for i, line in enumerate(lines):
            sign[i, list(line.plus)], sign[i, list(line.minus)] = 1.0, -1.0
        counts = {of: (np.abs(sign) @ n).astype(np.int64) for of, n in parts.counts.items()}
        draws = sign @ parts.draws
    columns = {
        "treatment": [estimand.treatment.name] * len(lines),
        "modifier": [name] * len(lines),
        "value": [line.value for line in lines],
        "where": [line.where for line in lines],
        **counts,
    }
    return Sample(columns, draws, workings.chains, {**HEADERS, "where": "Where"})


def _all(
    workings: Workings, estimand: Estimand, selection: Selection, labels: Labels | None = None
) -> Sample:
    """All differences under one another."""
    found = differences(workings, estimand, selection, labels)
    return joined_of(found or [_sample(workings, estimand, "", [])])


def _many_valued(workings: Workings) -> tuple[str, ...]:
    """Which columns have too many values to hold each against the first, in words."""
    many = [n for n in split_names(workings) if len(split(workings, n).parts) > MOST_PARTS]
    if not many:
        return ()
    return (
        f"Left out, for more than {MOST_PARTS} values: {listing(many)}; contrasts() and ranking() "
        "compare them.",
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
    sample = _all(workings, estimand, selection, names)
    if not len(sample.draws):
        raise OutputError("No modifier has two values, so there is no difference to draw.")
    if title is None:
        title = f"How the effect of {treatment_name(estimand, names, versus=False)} differs"
    return draw(
        {**drawn_of(sample, Telling(level)), "label": _said(sample, names)},
        title=title,
        subtitle=contrast_line(estimand, names),
        x_title=effect_axis("Difference in the effect", estimand, names),
        level=level,
        note=f"{average_note(estimand, selection)} {OTHERS}",
    )


def where_words(where: str) -> str:
    """Behind a difference, among which groups it is; or between which it differs."""
    if not where:
        return ""
    return f", {where}" if AGAINST in where else f", where {where}"


def _said(sample: Sample, labels: Labels) -> list[str]:
    """Pairs of values with their modifier, named once: "age: 61 to 79 against 18 to 32"."""
    found = []
    columns = (sample.columns[name] for name in ("modifier", "value", "where"))
    for name, pair, where in zip(*columns, strict=True):
        called = labels.columns.get(name, name)
        parts = pair.split(AGAINST)
        if all(part.startswith(f"{called} ") for part in parts):
            parts = [part.removeprefix(f"{called} ").removeprefix("= ") for part in parts]
        said = AGAINST.join(parts)
        said = said if labels.values.get(name) else f"{called}: {said}"
        found.append(f"{said}{where_words(where)}")
    return found


DIFFERENCES = Answer(
    "differences",
    "How far the average effect differs by each modifier, among the groups as they are.",
    ("level", "scale", *GROUPS, *TELLING[1:]),
    differences_table,
    differences_figure,
    ("where", "weights", "treatment", "category", "level", "labels", "value_labels", "title"),
    refuses=needs_columns("differences", "compare"),
)
