"""Draws of the groups' own parameters, made in blocks when they are asked for.

Given the shared parameters, groups are independent and normal. A block of groups is always drawn
from its own random stream, so any pass over the blocks sees the same draws, however many groups
fit in memory at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.exact.density import CollapsedGaussian
from forwhom.methods.exact.sampler import ExactDraws
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
T = TypeVar("T")

STREAM, LONG_STREAM = 32, 256  # groups drawn from one random stream, the longer for many groups
MANY = 4096  # groups
BLOCK = 16  # groups drawn at once: 16 x 4,000 draws stay in a core's cache
_CONTROL_STREAM = 2**31  # a block number no block of groups reaches


@dataclass(frozen=True, slots=True)
class Block:
    """Draws for some groups, in the units of the data.

    Attributes:
        groups: (g,) indices of the groups.
        theta: (g, D) group effects.
        own_b: (g, D) the groups' own part of the baseline; empty where it was not asked for.
    """

    groups: IntArray
    theta: FloatArray
    own_b: FloatArray


class Locals(Protocol):
    """Draws of the groups' own parameters, however they are made; G groups, D draws."""

    @property
    def count(self) -> int:
        """G."""

    def map(self, work: Callable[[Block], T]) -> Iterator[T]:
        """Apply ``work`` to every block of groups."""

    def theta(self) -> FloatArray:
        """All group effects, (G, D)."""

    def eta(self) -> FloatArray:
        """Predicted effects, (G, D)."""

    def baselines(self) -> FloatArray:
        """Group baselines, (G, D)."""

    def control_theta(self) -> FloatArray:
        """The preset's control group's own theta, (D,)."""


@dataclass(frozen=True, slots=True)
class LocalDraws:
    """What is needed to draw any group, G groups and perhaps the preset's control group after.

    Attributes:
        model: the collapsed model; shared: draws of what groups share.
        random: names of the group parameters, of "b" and "theta".
        eta_columns: (H, k + 1) the heterogeneity equation's row of each group.
        baseline_columns: (G, k) the baseline equation's row of each group.
        lambda_: (D, k + 1) and delta: (D, k) in the units of the data.
        contrast: (p + 1, D) internal coefficients with their sign turned, then ones: columns and
            outcome times it are residuals.
        seed: of the streams.
        count: G.
    """

    model: CollapsedGaussian
    shared: ExactDraws
    random: tuple[str, ...]
    eta_columns: FloatArray
    baseline_columns: FloatArray
    lambda_: FloatArray
    delta: FloatArray
    contrast: FloatArray
    seed: int
    count: int

    def map(self, work: Callable[[Block], T]) -> Iterator[T]:
        """Apply ``work`` to every block of the G groups (not the control group).

        Results come in the order of the blocks, so that sums over them are reproducible.
        """
        order = np.argsort(self.model.shape_of_group[: self.count], kind="stable")
        stream = LONG_STREAM if self.count > MANY else STREAM
        jobs = enumerate(order[i : i + stream] for i in range(0, self.count, stream))

        def run(job: tuple[int, IntArray]) -> list[T]:
            return [work(block) for block in self._blocks(*job)]

        with one_blas_thread(), ThreadPoolExecutor(min(cpu_count() or 1, 8)) as pool:
            for results in pool.map(run, jobs):
                yield from results

    def theta(self) -> FloatArray:
        """All group effects, (G, D). Mind the memory: map over blocks where G is large."""
        out = np.empty((self.count, len(self.lambda_)))

        def fill(block: Block) -> None:
            out[block.groups] = block.theta

        deque(self.map(fill), maxlen=0)
        return out

    def eta(self) -> FloatArray:
        """Predicted effects, (G, D)."""
        return np.asarray(self.eta_columns[: self.count] @ self.lambda_.T)

    def baselines(self) -> FloatArray:
        """Group baselines b, (G, D): the baseline equation plus the group's own part."""
        predicted = np.asarray(self.baseline_columns @ self.delta.T)
        if "b" not in self.random:
            return predicted
        unit = self.model.basis.outcome_scale

        def add(block: Block) -> None:
            predicted[block.groups] += unit * self._own_baseline(block)

        deque(self.map(add), maxlen=0)
        return predicted

    def control_theta(self) -> FloatArray:
        """The single control group's own theta, (D,); preset alley2023."""
        (block,) = self._blocks(_CONTROL_STREAM, np.array([self.count]))
        return np.asarray(block.theta[0])

    def _stream(self, *key: int) -> np.random.Generator:
        # SFC64: the fastest of numpy's generators, and draws are most of the work here
        sequence = np.random.SeedSequence(self.seed, spawn_key=key)
        return np.random.Generator(np.random.SFC64(sequence))

    def _blocks(self, number: int, groups: IntArray) -> Iterator[Block]:
        """Draw theta for the groups of one stream, a block at a time."""
        if "theta" not in self.random:
            yield Block(groups, self.eta_columns[groups] @ self.lambda_.T, np.empty((0, 0)))
            return
        at = self.random.index("theta")
        unit = self.model.basis.outcome_scale / self.model.basis.random_scale[at]
        rng = self._stream(1, number)
        for part, gain in self._segments(groups):
            some = groups[part]
            theta = self.eta_columns[some] @ self.lambda_.T
            # in place where it can be: the arrays are large, and new memory costs more than sums
            noise = rng.standard_normal(theta.shape)
            noise *= unit * self.shared.sigma * np.sqrt(gain[:, at, at])
            theta += noise
            residual = self._residual(some)
            for r in range(len(self.random)):
                residual[r] *= unit * gain[:, at, r]
                theta += residual[r]
            yield Block(some, theta, np.empty((0, 0)))

    def _own_baseline(self, block: Block) -> FloatArray:
        """Draw b's own part given theta's, internal units; (g, D)."""
        u = self._stream(2, int(block.groups[0])).standard_normal(block.theta.shape)
        residual = self._residual(block.groups)
        sigma = self.shared.sigma
        u_theta = None
        if "theta" in self.random:
            u_theta = block.theta - self.eta_columns[block.groups] @ self.lambda_.T
            u_theta *= self.model.basis.random_scale[1] / self.model.basis.outcome_scale
        for part, gain in self._segments(block.groups):
            center = gain[:, 0, 0] * residual[0, part]
            variance = gain[:, 0, 0]
            if u_theta is not None:  # condition on the effect already drawn
                theta_center = gain[:, 1, 0] * residual[0, part] + gain[:, 1, 1] * residual[1, part]
                center = center + gain[:, 1, 0] * residual[1, part]
                with np.errstate(invalid="ignore", divide="ignore"):
                    slope = np.nan_to_num(gain[:, 1, 0] / gain[:, 1, 1])
                center = center + slope * (u_theta[part] - theta_center)
                variance = np.maximum(variance - slope * gain[:, 1, 0], 0.0)
            u[part] = center + sigma * np.sqrt(variance) * u[part]
        return u

    def _residual(self, groups: IntArray) -> FloatArray:
        """R'(y - F phi) for each group and draw, internal units; (R, g, D)."""
        cross = self.model.cells.group_cross[groups].transpose(1, 0, 2)
        flat = cross.reshape(-1, cross.shape[-1]) @ self.contrast
        return np.asarray(flat.reshape(*cross.shape[:2], -1))

    def _segments(self, groups: IntArray) -> Iterator[tuple[slice, FloatArray]]:
        """Blocks of the groups with the gain of each: (1, R, R, D) where they share a shape."""
        shapes = self.model.shape_of_group[groups]
        first = np.flatnonzero(np.r_[True, shapes[1:] != shapes[:-1]])
        alone = 4 * len(first) > len(groups)  # hardly any group shares its shape
        ends = np.r_[first[1:], len(groups)]
        runs = [(0, len(groups))] if alone else zip(first.tolist(), ends.tolist(), strict=True)
        for start, end in runs:
            tau, sigma = self.shared.tau, self.shared.sigma
            common = None if alone else self.model.group_gain(shapes[start : start + 1], tau, sigma)
            for low in range(start, end, BLOCK):
                part = slice(low, min(low + BLOCK, end))
                gain = self.model.group_gain(shapes[part], tau, sigma) if common is None else common
                yield part, gain
