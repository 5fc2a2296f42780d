"""The contract of a method, and of the draws that it makes.

Sizes: D draws, L linear predictors, p coefficients, R own parameters of a group, G groups. Where a
preset has one control group, it is numbered G.

Tests: tests/methods/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Needs, Problem
from forwhom.design import Design
from forwhom.errors import DataError
from forwhom.methods.diagnostics import Diagnostics

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Arrays = Mapping[str, FloatArray]
Pair = tuple[FloatArray, FloatArray]
Progress = Callable[[str], None]
KEPT = 25_000_000  # draws x groups up to which they are kept once made (200 MB a parameter)


@dataclass(frozen=True, slots=True)
class Own:
    """Draws of what some groups add to their prediction, in the units of the data.

    Attributes:
        groups: (g,) indices.
        u: (L, r, g, D) those of the R own parameters that were asked for.
    """

    groups: IntArray
    u: FloatArray


@dataclass(frozen=True, slots=True)
class Levels:
    """A cluster's levels: standard deviations (D, L, r), and draws u (L, r, levels, D)."""

    spreads: FloatArray
    u: FloatArray


@dataclass(frozen=True, slots=True)
class Named:
    """A further parameter that all groups share: its terms and (D, L, terms) draws."""

    name: str
    terms: tuple[str, ...]
    values: FloatArray


def named_correlations(design: Design, values: Callable[[int, int], FloatArray]) -> Named:
    """The correlations of a group's own parameters; ``values`` of a pair (i, j) is (D, L)."""
    several = len(design.effects) > 1
    shown = ["b"] if "b" in design.random_names else []
    effects = [e.treatment.name if several else "" for e in design.effects]
    shown += [f"theta {name}".strip() for name in effects]
    pairs = [(i, j) for i in range(len(shown)) for j in range(i)]
    terms = tuple(f"{shown[j]}, {shown[i]}" for i, j in pairs)
    return Named("correlation", terms, np.stack([values(*pair) for pair in pairs], axis=-1))


class Draws(Protocol):
    """Draws of everything, however they were made; nothing above ``methods/`` knows how."""

    @property
    def coefficients(self) -> FloatArray:
        """(D, L, p) by the layout of the cells, in the units of the data."""

    @property
    def spreads(self) -> FloatArray:
        """Standard deviations of the groups' own parameters, (D, L, R)."""

    @property
    def parameters(self) -> Mapping[str, FloatArray]:
        """The family's own, (D, size) each."""

    @property
    def clusters(self) -> tuple[Levels, ...]:
        """Of each of the design's clusters."""

    @property
    def further(self) -> tuple[Named, ...]:
        """What else groups share, such as degrees of freedom and correlations."""

    @property
    def residual(self) -> FloatArray:
        """(D, G) residual sds of the groups; (D, 0) where they do not differ by group."""

    @property
    def diagnostics(self) -> Diagnostics:
        """How they were made, and whether they can be used."""

    def map[T](self, work: Callable[[Own], T], own: Sequence[int]) -> Iterator[T]:
        """Apply ``work`` to blocks of the G groups, each group once, the same draws every time.

        ``own`` says which of the R are drawn. Blocks may be worked on side by side; what becomes
        of them comes in one order.
        """

    def of(self, groups: IntArray, own: Sequence[int]) -> Own:
        """The same draws of some groups; the preset's control group may be among them."""

    def log_densities(self) -> tuple[FloatArray, FloatArray | None]:
        """Log prior and log likelihood of what groups share, (D,) each, up to constants.

        The likelihood with the groups integrated out; None where the draws hold the levels, given
        which rows are independent.
        """

    def left_out(self, problem: Problem, cells: IntArray) -> Pair | None:
        """Log density of one row of each of some cells given the others, and given all rows.

        With what is in closed form integrated out, (c, D) each, up to the family's constant; None
        where nothing is, so that a row's density given a whole draw is all that there is.
        ``problem`` has the rows, whatever the draws were made from.
        """

    def arrays(self) -> Arrays:
        """The least from which ``revive`` makes the same draws."""


def takes_all(design: Design) -> str:
    """No design is refused."""
    return ""


def never(problem: Problem) -> bool:
    """Draws are always checked."""
    return False


@dataclass(frozen=True, slots=True)
class Method:
    """A way to the posterior: one row of ``METHODS``.

    Its room is ``methods/<name>``, whose ``draws.py`` has its functions ``sample`` and ``revive``;
    it is opened when it is used, for a fit by one method should not load the others.

    Attributes:
        name: in a plan; words: for help.
        needs: what the rows may be reduced to: sums of squares and products, or rows that share
            everything ("rows").
        refuses: why it cannot fit a design, in words; empty where it can.
        direct: whether its draws are straight from a known law, so that nothing is to be checked.
    """

    name: str
    words: str
    needs: Needs
    refuses: Callable[[Design], str] = takes_all
    direct: Callable[[Problem], bool] = never

    def sample(self, problem: Problem, why: str, progress: Progress) -> Draws:
        """Draws, as many and with the seed that the plan says.

        Args:
            problem: what is fitted.
            why: why this method, where it was not the first choice.
            progress: told a line of words now and then.
        """
        found: Draws = self._room().sample(problem, why, progress)
        return found

    def revive(self, problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> Draws:
        """The draws again, from their arrays.

        Raises:
            DataError: arrays that do not belong to the problem.
        """
        found: Draws = self._room().revive(problem, arrays, diagnostics)
        return found

    def _room(self) -> Any:
        return import_module(f"forwhom.methods.{self.name}.draws")


def blocks(draws: Draws, own: Sequence[int]) -> Iterator[Own]:
    """Every group once, a block at a time."""
    return draws.map(lambda block: block, own)


def check_shape(what: str, array: NDArray[np.float64], *shape: int) -> None:
    """Refuse an array of another size than the problem asks for.

    Raises:
        DataError: the array, by name.
    """
    if array.shape != shape:
        raise DataError(
            f"the shape of {what} is {array.shape!s:.80}, and the rest of the file asks for "
            f"{shape}."
        )
