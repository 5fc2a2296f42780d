"""The row every outcome family fills in, and the shapes all families share.

Shapes. There are C cells (or rows) and any further axes S: quadrature nodes, draws, grid points.
The linear predictor ``eta`` is ``(C, *S)``; a family with one predictor per category has
``(L, C, *S)``. A parameter of the family is ``(size, *S)``, or broadcasts to it. Log likelihoods
leave out what depends on the data alone, which ``constant`` gives.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Parameters = Sequence[FloatArray]
Pair = tuple[FloatArray, FloatArray]


def _nothing(*shape: int) -> Callable[[], FloatArray]:
    return lambda: np.zeros(shape)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The observed outcome of C cells.

    Attributes:
        y: (C,) the outcome; codes 0, 1, ... for ordered and unordered categories; the sum over a
            cell's rows for a family whose ``sufficient`` is "sum".
        trials: (C,) binomial trials, or the number of rows behind a sum; ones by default.
        event: (C,) 1 where a time ended in the event, 0 where it is censored; ones by default.
        levels: number of categories, or of a time's intervals; 0 where the outcome has none.
        ends: (m,) where a time's m intervals end, the last at the longest time observed.
        at_risk, ended: (C, m) time spent and events in each interval, summed over a cell's rows.
        error: (C,) known standard errors of estimated effects; empty where there are none.
    """

    y: FloatArray
    trials: FloatArray
    event: FloatArray
    levels: int = 0
    ends: FloatArray = field(default_factory=_nothing(0))
    at_risk: FloatArray = field(default_factory=_nothing(0, 0))
    ended: FloatArray = field(default_factory=_nothing(0, 0))
    error: FloatArray = field(default_factory=_nothing(0))

    @staticmethod
    def of(
        y: FloatArray,
        trials: FloatArray | None = None,
        event: FloatArray | None = None,
        levels: int = 0,
    ) -> Outcome:
        """Fill in the defaults."""
        one = np.ones(len(y))
        return Outcome(
            np.asarray(y, dtype=float),
            one if trials is None else trials,
            one if event is None else event,
            levels,
        )

    def in_intervals(self, ends: FloatArray, at_risk: FloatArray, ended: FloatArray) -> Outcome:
        """The same with times laid out over intervals."""
        return replace(self, levels=len(ends), ends=ends, at_risk=at_risk, ended=ended)

    def take(self, cells: NDArray[np.int64]) -> Outcome:
        """The same of some cells."""
        some = Outcome(self.y[cells], self.trials[cells], self.event[cells], self.levels)
        if len(self.error):
            return replace(some, error=self.error[cells])
        if not len(self.ends):
            return some
        return some.in_intervals(self.ends, self.at_risk[cells], self.ended[cells])


@dataclass(frozen=True, slots=True)
class Derivatives:
    """A log likelihood and its derivatives, cell by cell.

    Attributes:
        value: (C, *S).
        first: (C, *S), in eta; (L, C, *S) for several predictors.
        second: (C, *S), in eta twice; (L, L, C, *S) for several predictors.
        parameters: one array (size, C, *S) per parameter of the family: the first derivative in
            each of its entries, on the scale the parameter has in the likelihood.
    """

    value: FloatArray
    first: FloatArray
    second: FloatArray
    parameters: tuple[FloatArray, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the family's own.

    Attributes:
        name: in tables and priors.
        words: what it is.
        prior: the default prior as text; "{s}" stands for the outcome's scale.
        positive: whether it must be positive.
        size: how many entries, given the number of categories or of intervals.
    """

    name: str
    words: str
    prior: str
    positive: bool = True
    size: Callable[[int], int] = lambda levels: 1


@dataclass(frozen=True, slots=True)
class Family:
    """One outcome family: how it is called, what it is for, and its functions on arrays.

    Attributes:
        name, words: for people.
        links: link functions, the default first.
        parameters: the family's own parameters.
        support: what the outcome holds: "numeric", "binary", "successes", "count", "ordered",
            "unordered", "positive", "unit" (inside 0 to 1), "closed unit" or "time".
        derivatives: (outcome, eta, link, parameters) -> Derivatives.
        log_likelihood: the same arguments -> (C, *S); the value alone, for speed.
        draw: (rng, eta, link, parameters, outcome) -> (C, *S) new outcomes with the trials,
            exposures, intervals and number of levels of ``outcome``.
        mean: (eta, link, parameters, outcome) -> the expected outcome, (C, *S), per trial or unit
            of exposure; for categories (K, C, *S), the probability of each.
        start: (y) -> a number: the linear predictor that suits an outcome of average y.
        response: what ``mean`` is called: "mean", "probability", "rate", "time" or, cut off at the
            longest time observed, "restricted time".
        predictor: what the linear predictor is, in words, where the link's own do not say it.
        sufficient: "sum" where cells may add up their outcomes and trials, else "".
        several: whether there is one linear predictor per category but the first.
        constant: (outcome of single rows) -> (C,), what ``log_likelihood`` leaves out: with it, the
            log density of the outcome as it was measured.
        slopes: the same arguments as ``derivatives`` -> its ``first`` and ``second`` alone, where
            that is faster.
    """

    name: str
    words: str
    links: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    support: str
    derivatives: Callable[[Outcome, FloatArray, str, Parameters], Derivatives]
    log_likelihood: Callable[[Outcome, FloatArray, str, Parameters], FloatArray]
    draw: Callable[[np.random.Generator, FloatArray, str, Parameters, Outcome], FloatArray]
    mean: Callable[[FloatArray, str, Parameters, Outcome], FloatArray]
    start: Callable[[float, str], float]
    response: str = "mean"
    predictor: str = ""
    sufficient: str = ""
    several: bool = False
    constant: Callable[[Outcome], FloatArray] = lambda outcome: np.zeros(len(outcome.y))
    slopes: (
        Callable[[Outcome, FloatArray, str, Parameters], tuple[FloatArray, FloatArray]] | None
    ) = None

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the family's own parameters."""
        return tuple(parameter.name for parameter in self.parameters)

    def __reduce__(self) -> tuple[Callable[..., Family], tuple[object, ...]]:
        """Pickled and copied by its place in the table: its functions stay where they are."""
        return family_named, (self.name, self.parameter_names)

    def slopes_of(
        self, outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
    ) -> Pair:
        """First and second derivative in eta, (C, *S)."""
        if self.slopes is not None:
            return self.slopes(outcome, eta, link, parameters)
        found = self.derivatives(outcome, eta, link, parameters)
        return found.first, found.second


def family_named(name: str, parameters: tuple[str, ...]) -> Family:
    """The family of that name with those parameters, for pickles."""
    from forwhom.families import FAMILIES, KNOWN_GAUSSIAN

    known = {(row.name, row.parameter_names): row for row in (KNOWN_GAUSSIAN, *FAMILIES.values())}
    return known[name, parameters]


def expand(values: FloatArray, like: FloatArray) -> FloatArray:
    """(C,) as (C, 1, ..., 1), to broadcast against ``like`` of shape (C, *S)."""
    return values.reshape(values.shape + (1,) * (like.ndim - values.ndim))
