"""Groups by the values of one modifier: each value, or quarters of the rows where there are many.

Tests: tests/answers/test_by.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.words import level_words
from forwhom.answers.workings import Workings
from forwhom.design import number_text, number_texts
from forwhom.draw.labels import Labels
from forwhom.errors import PlanError, listing, nearest
from forwhom.fitted import Estimand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_VALUES = 4  # of a number; more are cut into as many parts
PARTS = 4
AGAINST = " against "


@dataclass(frozen=True, slots=True)
class Split:
    """The groups by one modifier.

    Attributes:
        name: of the modifier.
        parts: its values or parts of its range, in words.
        codes: (G,) which of them each group has.
        ordered: whether the parts are in an order, so that the last is held against the first;
            otherwise each is held against the first.
        pairs: which part is held against which.
    """

    name: str
    parts: tuple[str, ...]
    codes: IntArray
    ordered: bool

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Which part is held against which."""
        last = len(self.parts) - 1
        if last < 1:
            return ()
        return ((last, 0),) if self.ordered else tuple((k, 0) for k in range(1, last + 1))

    def against(self, pair: tuple[int, int]) -> str:
        """A pair in words."""
        return f"{self.parts[pair[0]]}{AGAINST}{self.parts[pair[1]]}"


def split_names(workings: Workings) -> tuple[str, ...]:
    """What groups can be split by: grouping columns, and modifiers that have one number a group."""
    return tuple(dict.fromkeys((*workings.design.groups.columns, *_group_means(workings))))


def split(workings: Workings, name: str, labels: Labels | None = None) -> Split:
    """The groups by one modifier, its values under the plan's names or those given.

    Raises:
        PlanError: neither a grouping column nor a modifier with one number for each group.
    """
    groups, labels = workings.design.groups, labels or workings.labels
    called = labels.columns.get(name, name)
    if name in groups.columns:
        j = groups.columns.index(name)
        numbers = groups.numbers[j]
        if numbers is not None and len(numbers) > MOST_VALUES:
            return _cut(workings, name, called, np.array(numbers)[groups.values[j]])
        words = tuple(level_words(groups, j, k, labels) for k in range(len(groups.display[j])))
        binned = bool(groups.keys[j].low)
        return Split(name, words, groups.values[j], numbers is not None or binned)
    means = _group_means(workings)
    if name in means:
        return _cut(workings, name, called, means[name])
    known = split_names(workings)
    raise PlanError(
        f"modifier={name!r}: the effect can be told by {listing(known)}.{nearest(str(name), known)}"
    )


def interactions(workings: Workings, estimand: Estimand) -> tuple[tuple[str, str], ...]:
    """Pairs of what groups can be split by that interact in the effect's equation."""
    known = split_names(workings)
    found: dict[frozenset[str], tuple[str, str]] = {}
    for term in estimand.effect.modifiers.terms:
        if len(term.encodings) != 2:
            continue
        factors = [encoding.factor for encoding in term.encodings]
        names = [f.label if f.label in known else f.column for f in factors]
        if names[0] != names[1] and set(names) <= set(known):
            found.setdefault(frozenset(names), (names[0], names[1]))
    return tuple(found.values())


def crossed(one: Split, other: Split) -> Split:
    """The groups by two modifiers at once, the second running faster."""
    width = len(other.parts)
    parts = tuple(f"{a}, {b}" for a in one.parts for b in other.parts)
    codes = one.codes * width + other.codes
    return Split(f"{one.name}:{other.name}", parts, codes, one.ordered and other.ordered)


def _group_means(workings: Workings) -> dict[str, FloatArray]:
    """Modifiers of one column, by name: their means in each group."""
    found: dict[str, FloatArray] = {}
    for effect, cells in zip(workings.design.effects, workings.fitted.cells.effects, strict=True):
        at = 0
        for term in effect.modifiers.terms:
            if len(term.encodings) == 1 and len(term.names) == 1:
                factor = term.encodings[0].factor
                if factor.function is None and not factor.condition:
                    found.setdefault(factor.column, cells.mean[:, at])
            at += len(term.names)
    return found


def _cut(workings: Workings, name: str, called: str, values: FloatArray) -> Split:
    """Each value where they are few, else quarters that hold about as many rows each."""
    different = np.unique(values)
    if len(different) <= MOST_VALUES:
        texts = number_texts(different.tolist())
        each = tuple(f"{called} = {text}" for text in texts)
        return Split(name, each, np.searchsorted(different, values), True)
    weight = np.bincount(np.searchsorted(different, values), workings.fitted.group_weight)
    middle = (np.cumsum(weight) - weight / 2) / weight.sum()
    part = np.unique(np.minimum((PARTS * middle).astype(np.int64), PARTS - 1), return_inverse=True)[
        1
    ]
    codes = part[np.searchsorted(different, values)].astype(np.int64)
    words = []
    for k in range(int(part.max()) + 1):
        ends = different[np.flatnonzero(part == k)[[0, -1]]].tolist()
        low, high = (number_text(x if x.is_integer() else float(f"{x:.4g}")) for x in ends)
        words.append(f"{called} = {low}" if low == high else f"{called} {low} to {high}")
    return Split(name, tuple(words), codes, True)
