"""What is held against what, of which effects and groups, and what comes of it.

Tests: tests/answers/test_contrasts.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.contrast.parser import Names
from forwhom.answers.contrast.words import level_names
from forwhom.answers.selection import Selection
from forwhom.answers.workings import Workings
from forwhom.design import Groups
from forwhom.draw.labels import Labels
from forwhom.errors import PlanError
from forwhom.fitted import Estimand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_NUMBERS = 25_000_000  # rows x draws
AVERAGE = "average"
HUGE = 1e300  # a ratio whose denominator is zero


@dataclass(frozen=True, slots=True)
class Question:
    """What is held against what.

    Attributes:
        contrast: in words; by: columns whose levels are contrasted, None for groups themselves.
        within: columns for whose combinations this is done apart.
        against: what the others are held against; empty for all pairs.
        between: "levels" or "treatments"; ratio: quotients instead of differences.
    """

    contrast: tuple[str, ...] = ()
    by: tuple[str, ...] | None = None
    within: tuple[str, ...] = ()
    against: str = ""
    between: str = "levels"
    ratio: bool = False

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            PlanError: with what to leave out.
        """
        if self.contrast:
            given = {"against": self.against, "between": self.between != "levels"}
            for name, value in {**given, "ratio": self.ratio}.items():
                if value:
                    slash = ", and write / for a ratio" if name == "ratio" else ""
                    raise PlanError(
                        "contrast= says in words what is held against what; leave "
                        f"{name}= out{slash}."
                    )
        if self.between == "treatments" and self.by is not None:
            raise PlanError(
                f"by={self.by[0]!r} says whose values are contrasted, and between='treatments' "
                f"contrasts treatments. within={self.by[0]!r} does so for each of them."
            )
        both = [name for name in self.by or () if name in self.within]
        if both:
            raise PlanError(
                f"'{both[0]}' is in by= and in within=: its values are contrasted, or kept apart."
            )

    @property
    def averages(self) -> bool:
        """Whether averages are contrasted, and not single groups alone."""
        words = self.contrast or self.between == "treatments"
        return bool(words or self.by is not None or self.against == AVERAGE)


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Rows of a table of contrasts, before they are summarised.

    Attributes:
        words: (m,) what is contrasted; draws: (m, D).
        treatment: (m,) whose effects; outcome: of which category, or empty.
        cell: (m,) a group of the combination of ``within``; own: (m,) a group of the level that is
            held against one for all, or None.
        ratios: whether each row is a ratio; weak: those whose denominator may be zero.
        notes: what was left out, and what is no contrast.
    """

    words: list[str]
    draws: FloatArray
    treatment: list[str]
    outcome: str
    cell: IntArray
    own: IntArray | None = None
    ratios: bool = False
    weak: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One question, put to the effects on one outcome or one of its categories.

    Attributes:
        level: of the interval by which a denominator is away from zero.
        effects: one of each treatment.
    """

    workings: Workings
    question: Question
    selection: Selection
    labels: Labels
    level: float
    effects: tuple[Estimand, ...]

    @property
    def groups(self) -> Groups:
        """All groups."""
        return self.workings.design.groups

    @property
    def kept(self) -> IntArray:
        """(g,) the groups that are asked about."""
        return self.selection.groups(self.groups.count)

    @property
    def by(self) -> tuple[str, ...]:
        """Columns whose levels are contrasted: all others where groups themselves are."""
        if self.question.by is not None:
            return self.question.by
        return tuple(name for name in self.groups.columns if name not in self.question.within)

    @property
    def every_treatment(self) -> str:
        """Of contrasts between treatments."""
        return ", ".join(dict.fromkeys(one.treatment.column for one in self.effects))

    def at(self, names: Sequence[str]) -> list[int]:
        """Which columns these are."""
        return [self.groups.columns.index(name) for name in names]

    def names(self, columns: Sequence[str], treatments: bool = False) -> Names:
        """What words may name."""
        effects = self.effects if treatments else ()
        chosen = self.question.by is not None or not self.question.contrast
        return level_names(self.groups, self.at(columns), effects, self.labels, chosen)

    def held(self, words: Sequence[str], above: FloatArray, below: FloatArray) -> Comparison:
        """Differences or quotients of (m, D), with the words of those that are weak."""
        if not self.question.ratio:
            return Comparison(above - below, False)
        return Comparison(quotient(above, below), True, self.weak(words, below))

    def weak(self, words: Sequence[str], below: FloatArray) -> tuple[str, ...]:
        """Ratios whose denominator (m, D) has an interval that holds zero."""
        positive = (below > 0).mean(axis=1)
        tail = (1 - self.level) / 2
        may = [w for w, p in zip(words, positive, strict=True) if tail < p < 1 - tail]
        return tuple(dict.fromkeys(may))

    def room(self, rows: int) -> None:
        """Refuse what does not fit into memory."""
        draws = self.effects[0].fitted.count
        if rows * draws > MOST_NUMBERS:
            raise PlanError(
                f"contrasts(): {rows:,} rows of {draws:,} draws do not fit. Ask for fewer rows by "
                "where=, by= or contrast=."
            )

    @property
    def where(self) -> str:
        """The condition behind a sentence."""
        return f" where {self.selection.where}" if self.selection.where else ""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Draws (m, D) of what was held against one another; see ``Lines``."""

    draws: FloatArray
    ratios: bool
    weak: tuple[str, ...] = ()


def quotient(above: FloatArray, below: FloatArray) -> FloatArray:
    """Huge where the denominator is zero, 1 where both are, NaN where one is.

    >>> quotient(np.array([1.0, -1.0, 0.0, 3.0]), np.array([0.0, 0.0, 0.0, 2.0])).tolist()
    [1e+300, -1e+300, 1.0, 1.5]
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = np.nan_to_num(above / below, nan=1.0, posinf=HUGE, neginf=-HUGE)
    return np.where(np.isnan(above) | np.isnan(below), np.nan, found)
