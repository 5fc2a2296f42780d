"""Which groups a question is about, and how they count in averages.

Tests: tests/answers/test_selection.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.whom import without_columns
from forwhom.design import Design, Groups
from forwhom.errors import PlanError, listing, nearest
from forwhom.fitted import Estimand, Fitted
from forwhom.plan.where import Comparison, Condition, Junction, parse_where

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Some groups, and their weights in averages.

    Attributes:
        where: the condition in words; empty for all groups.
        mask: (G,) whether a group is among them, None for all.
        weights: "rows", "equal" or the name of a column.
        values: (G,) the weights themselves, None for rows.
    """

    where: str = ""
    mask: Mask | None = None
    weights: str = "rows"
    values: FloatArray | None = None

    def groups(self, count: int) -> IntArray:
        """(g,) indices of the groups, of ``count`` in all."""
        return np.arange(count) if self.mask is None else np.flatnonzero(self.mask)

    def weight(self, estimand: Estimand) -> FloatArray:
        """(G,) weights, zero for groups that are not among them."""
        weight = estimand.group_weight if self.values is None else self.values
        return weight if self.mask is None else np.where(self.mask, weight, 0.0)

    @property
    def plain(self) -> bool:
        """Whether all groups are meant, by their rows."""
        return self.mask is None and self.values is None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a table says of it."""
        found = [f"Only groups where {self.where}."] if self.where else []
        if self.weights == "equal":
            found.append("Every group counts alike.")
        elif self.weights != "rows":
            found.append(f"Groups count by {self.weights}.")
        return tuple(found)


def select(fitted: Fitted, where: str | None, weights: str | None) -> Selection:
    """What ``where=`` and ``weights=`` say.

    Raises:
        PlanError: a column, level or condition that cannot be used, or no group is left.
    """
    groups = fitted.design.groups
    mask = None
    if where is not None:
        mask = fulfilled(fitted.design, parse_where(where))
        if not mask.any():
            raise PlanError(
                f"where={where!r} holds for none of the {groups.count:,} groups; fit.groups() "
                "lists them."
            )
    name, values = _weights(groups, weights)
    chosen = Selection(where or "", mask, name, values)
    if values is not None and not (values if mask is None else values[mask]).sum() > 0:
        raise PlanError(f"weights={weights!r}: every weight is zero.")
    return chosen


def _weights(groups: Groups, weights: Any) -> tuple[str, FloatArray | None]:
    if weights is None or weights == "rows":
        return "rows", None
    if weights == "equal":
        return "equal", np.ones(groups.count)
    if why := without_columns(groups, f"weights={weights!r}"):
        raise PlanError(why)
    if weights not in groups.columns:
        raise PlanError(
            f"weights={weights!r} is not known: give 'rows', 'equal', or one of the columns that "
            f"define the groups, {listing(groups.columns)}."
            f"{nearest(str(weights), (*groups.columns, 'rows', 'equal'))}"
        )
    j = groups.columns.index(weights)
    numbers = groups.numbers[j]
    if numbers is None:
        raise PlanError(f"weights={weights!r}: that column holds no numbers to weigh by.")
    values = np.array(numbers)[groups.values[j]]
    if values.min() < 0:
        raise PlanError(f"weights={weights!r}: a weight cannot be negative; one is {values.min()}.")
    return str(weights), values


def fulfilled(design: Design, condition: Condition) -> Mask:
    """(G,) whether a condition holds in each group.

    Raises:
        PlanError: a column that does not define the groups, a level it does not have, a comparison
            that its values or bins do not allow.
    """
    if isinstance(condition, Junction):
        parts = [fulfilled(design, part) for part in condition.parts]
        if condition.word == "not":
            return ~parts[0]
        joined = np.logical_and if condition.word == "and" else np.logical_or
        return np.asarray(joined.reduce(parts))
    groups = design.groups
    if why := without_columns(groups, f"where={condition.column!r}"):
        raise PlanError(why)
    if condition.column not in groups.columns:
        raise PlanError(
            f"where={condition.column!r}: conditions are on the columns that define the groups, "
            f"{listing(groups.columns)}.{nearest(condition.column, groups.columns)}"
        )
    j = groups.columns.index(condition.column)
    return _levels(design, j, condition)[groups.values[j]]


def _levels(design: Design, j: int, condition: Comparison) -> Mask:
    """Whether a comparison holds for each level of a column."""
    groups = design.groups
    if condition.sign in ("==", "!=", "in", "not in"):
        found = np.zeros(len(groups.display[j]), dtype=bool)
        for value in condition.values:
            found[level_of(design, j, value)] = True
        return ~found if condition.sign in ("!=", "not in") else found
    value, name = condition.values[0], condition.column
    if isinstance(value, str | bool):
        raise PlanError(f"where={name!r}: {condition.sign} needs a number, not {value!r}.")
    if groups.keys[j].low:
        return _bins(groups, j, condition.sign, value)
    held = groups.keys[j].values
    numbers = [level for level in held if isinstance(level, int | float)]
    if len(numbers) < len(held) or any(isinstance(level, bool) for level in held):
        raise PlanError(
            f"where={name!r}: its levels are no numbers, so {condition.sign} cannot order them. "
            f"Name them: {name} in [{listing(groups.display[j], 4)}]."
        )
    levels = np.array([float(level) for level in numbers])
    compared = {"<": levels < value, "<=": levels <= value, ">": levels > value}
    return np.asarray(compared.get(condition.sign, levels >= value))


def _bins(groups: Groups, j: int, sign: str, value: float) -> Mask:
    """Whether whole bins lie on one side; the low end of a bin is open, its high end closed."""
    low, high = np.array(groups.keys[j].low), np.array(groups.keys[j].high)
    upper = low >= value  # all of it above
    lower = high < value if sign in ("<", ">=") else high <= value
    straddling = np.flatnonzero(~(upper | lower))
    if len(straddling):
        name, ends = groups.columns[j], sorted({*low.tolist(), *high.tolist()})
        raise PlanError(
            f"where={name!r}: it was cut into bins for grouping, and {value:g} lies inside "
            f"'{groups.display[j][straddling[0]]}'. Compare with an end of a bin, "
            f"{listing(f'{end:g}' for end in ends[1:-1])}, or name the bins."
        )
    return lower if sign in ("<", "<=") else upper


def level_of(design: Design, column: int, value: Any) -> int:
    """Which level of a grouping column a value means.

    By its name, as the data have it, by the code that the file labels, or by its label in the plan.

    Raises:
        PlanError: no level is that, with the nearest.
    """
    groups = design.groups
    name, texts = groups.columns[column], groups.display[column]
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    if not isinstance(value, str):
        for held in (groups.keys[column].values, groups.numbers[column] or ()):
            if (at := _equal(held, value)) is not None:
                return at
    other = {**_codes(design, name), **_labels(design, name)}
    for written in (shown, other.get(shown, "")):
        if written in texts:
            return texts.index(written)
    known = (*texts, *_labels(design, name))
    raise PlanError(
        f"{shown!r} is not a value of '{name}', which has {listing(texts)}.{nearest(shown, known)}"
    )


def _equal(held: Sequence[Any], number: Any) -> int | None:
    """Where a number is among values."""
    found = (k for k, one in enumerate(held) if not isinstance(one, str) and one == number)
    return next(found, None)


def _codes(design: Design, name: str) -> dict[str, str]:
    """Levels' texts by the codes that the data's file labels."""
    pairs = next((one.value_labels for one in design.known if one.name == name), ())
    return {f"{code:g}" if isinstance(code, float) else code: text for code, text in pairs}


def _labels(design: Design, name: str) -> dict[str, str]:
    """Levels' texts by the labels that the plan gives them."""
    given = dict(design.plan.value_labels).get(name, ())
    return {label: text for text, label in given}
