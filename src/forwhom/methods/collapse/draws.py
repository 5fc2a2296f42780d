"""Draws by the collapse method; levels of the factor that was eliminated are made when asked for.

Given scales, coefficients and the other factors, these levels are independent and normal. A block
of them is always drawn from its own random stream, so any pass sees the same draws.

Tests: tests/methods/collapse/test_against_others.py, tests/methods/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem
from forwhom.design import Design
from forwhom.methods.collapse.build import build_collapsed
from forwhom.methods.collapse.density import CollapsedModel
from forwhom.methods.collapse.levels import LevelLaw
from forwhom.methods.collapse.sampler import Points, sample_collapsed
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.importance.scales import ScalePoints
from forwhom.methods.method import (
    KEPT,
    Arrays,
    Levels,
    Named,
    Own,
    Progress,
    check_shape,
    named_correlations,
)
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STREAM = 32  # levels drawn from one random stream
BLOCK = 64  # groups handed on at once where they are at hand


@dataclass(frozen=True, eq=False)
class CollapsedDraws:
    """Draws of what is shared and of the dense factors, and what is needed to draw the others.

    Attributes:
        model: the collapsed model; design: what its factors are.
        names: of the family's own parameters.
        points: the draws as they were made, internal units.
    """

    model: CollapsedModel
    design: Design
    names: tuple[str, ...]
    points: Points

    @property
    def diagnostics(self) -> Diagnostics:
        """How it went."""
        return self.points.diagnostics

    @property
    def residual(self) -> FloatArray:
        """A residual sd does not differ by group."""
        return np.empty((len(self.points.values), 0))

    @cached_property
    def coefficients(self) -> FloatArray:
        """(D, 1, p), in the units of the data."""
        return self.model.to_original(self.points.dense[:, self.model.others :])[:, None]

    @cached_property
    def parameters(self) -> Mapping[str, FloatArray]:
        """The residual sds, (D, A); none where they are known."""
        sigma = np.exp(self._at.log_sigma.T) * self.model.scales.sigma_unit
        return dict.fromkeys(self.names, sigma)

    @cached_property
    def spreads(self) -> FloatArray:
        """(D, 1, R)."""
        if not self._own:
            return np.empty((len(self.points.values), 1, 0))
        return self._sds(0)

    @cached_property
    def clusters(self) -> tuple[Levels, ...]:
        """Of each cluster: the factors after the groups."""
        factors = range(int(self._own), len(self.model.scales.factors))
        return tuple(Levels(self._sds(k), self._levels(k)) for k in factors)

    @cached_property
    def further(self) -> tuple[Named, ...]:
        """The correlations of a group's own parameters."""
        root = self._at.root[0] if self._own else None
        if root is None:
            return ()

        def between(i: int, j: int) -> FloatArray:
            return np.asarray((root[i] * root[j]).sum(axis=0)[:, None])

        return (named_correlations(self.design, between),)

    def map[T](self, work: Callable[[Own], T], own: Sequence[int]) -> Iterator[T]:
        """Apply ``work`` to every block of the G groups, results in the order of the blocks."""
        count, some = self.design.groups.count, list(own)
        if not some or self._at_hand:
            for low in range(0, count, BLOCK):
                yield work(self.of(np.arange(low, min(low + BLOCK, count)), own))
            return
        for levels, u in self._drawn():
            inside = levels < count
            yield work(Own(levels[inside], u[None, some][:, :, inside]))

    def of(self, groups: IntArray, own: Sequence[int]) -> Own:
        """The same draws of some groups."""
        some, d = list(own), len(self.points.values)
        if not some:
            return Own(groups, np.empty((1, 0, len(groups), d)))
        if self._at_hand:
            return Own(groups, self._groups[:, some][:, :, groups])
        out = np.empty((1, len(some), len(groups), d))
        for levels, u in self._drawn(groups):
            at, where = np.nonzero(groups[:, None] == levels)
            out[:, :, at] = u[None, some][:, :, where]
        return Own(groups, out)

    def log_densities(self) -> tuple[FloatArray, None]:
        """The log prior; rows are independent given the levels."""
        lambdas, at = self.coefficients[:, 0], self._at
        value = self.model.coefficients.log_density(lambdas) + at.log_prior
        for shrinkage, log_s in zip(self.model.scales.shrinkage, at.log_s, strict=True):
            value = value - 0.5 * ((lambdas[:, shrinkage.where] / np.exp(log_s.T)) ** 2).sum(axis=1)
        return value, None

    def left_out(self, problem: Problem, cells: IntArray) -> None:
        """A row's density given a whole draw is all that there is."""

    def arrays(self) -> Arrays:
        """What ``revive`` needs."""
        return {"values": self.points.values, "dense": self.points.dense}

    @property
    def _own(self) -> bool:
        """Whether groups have parameters of their own, which are the first factor then."""
        return bool(self.design.random_names)

    @cached_property
    def _at(self) -> ScalePoints:
        return self.model.scales.at(self.points.values)

    @property
    def _at_hand(self) -> bool:
        """Whether the groups' draws are kept: they are dense, or few enough."""
        if self.model.eliminated != 0:
            return True
        return self.spreads.size * len(self.model.shapes.of_level) <= KEPT

    @cached_property
    def _groups(self) -> FloatArray:
        return self._levels(0)

    def _sds(self, factor: int) -> FloatArray:
        return (self._at.tau[factor].T * self.model.scales.factors[factor].units)[:, None]

    def _levels(self, factor: int) -> FloatArray:
        """Draws of all levels of a factor, (1, R, H, D), in the units of the data."""
        d, units = len(self.points.values), self.model.scales.factors[factor].units
        if factor == self.model.eliminated:
            out = np.empty((1, len(units), len(self.model.shapes.of_level), d))
            for levels, u in self._drawn():
                out[0][:, levels] = u
            return out
        start = 0
        for one in self.model.dense:
            size = one.columns * one.levels
            if one.factor == factor:
                part = self.points.dense[:, start : start + size].T
                u = part.reshape(one.columns, one.levels, d) * units[:, None, None]
                return np.ascontiguousarray(u)[None]
            start += size
        raise AssertionError(factor)

    def _drawn(self, wanted: IntArray | None = None) -> Iterator[tuple[IntArray, FloatArray]]:
        """Levels of the eliminated factor, a stream at a time, and their draws (R, h, D).

        ``wanted``: only the streams that some levels are in.
        """
        count = len(self.model.shapes.of_level)
        self._law  # noqa: B018  # made once, before the threads ask for it
        # side by side those of one shape, whose matrices are then made once
        order = np.argsort(self.model.shapes.of_level, kind="stable")
        jobs = [(i, order[i : i + STREAM]) for i in range(0, count, STREAM)]
        if wanted is not None:
            jobs = [job for job in jobs if np.isin(job[1], wanted).any()]
        with one_blas_thread(), ThreadPoolExecutor(min(cpu_count() or 1, 8)) as pool:
            yield from pool.map(lambda job: (job[1], self._stream(*job)), jobs)

    def _stream(self, number: int, levels: IntArray) -> FloatArray:
        """Draws (R, h, D) of levels from a random stream of their own, in the units of the data."""
        sequence = np.random.SeedSequence(self.design.plan.seed, spawn_key=(1, number))
        u = self._law.draw(levels, np.random.Generator(np.random.SFC64(sequence)))
        factor = self.model.eliminated
        assert factor is not None
        u *= self.model.scales.factors[factor].units[:, None, None]
        return u

    @cached_property
    def _law(self) -> LevelLaw:
        return LevelLaw.of(self.model, self._at, self.points.dense)


def sample(problem: Problem, why: str, progress: Progress) -> CollapsedDraws:
    """Draw from the posterior."""
    plan = problem.design.plan
    model = build_collapsed(problem)
    names = _sd_names(problem)
    points = sample_collapsed(model, plan.draws, plan.seed, names, why, progress)
    return _named(problem, model, points)


def revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> CollapsedDraws:
    """The draws again.

    Raises:
        DataError: arrays that do not belong to the problem.
    """
    model, d = build_collapsed(problem), diagnostics.draws
    check_shape("the scales", arrays["values"], d, model.scales.size)
    check_shape("the levels and coefficients", arrays["dense"], d, model.columns - 1)
    return _named(problem, model, Points(arrays["values"], arrays["dense"], diagnostics))


def _named(problem: Problem, model: CollapsedModel, points: Points) -> CollapsedDraws:
    names = tuple(entry.parameter for entry in problem.priors.parameters)
    return CollapsedDraws(model, problem.design, names, points)


def _sd_names(problem: Problem) -> tuple[str, ...]:
    design, priors = problem.design, problem.priors
    classes = len(design.arms) if design.plan.sigma_by == "arm" else 1
    found = list(priors.parameters) * classes
    found += list(priors.spreads) if design.random_names else []
    found += [entry for entries in priors.clusters for entry in entries]
    return tuple(entry.parameter for entry in found)
