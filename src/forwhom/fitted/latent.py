"""Draws of the groups' own parameters for families that do not integrate out in closed form."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from forwhom.fitted.local import Block
from forwhom.methods.quadrature.density import LatentModel
from forwhom.methods.quadrature.local_draws import draw_locals
from forwhom.methods.quadrature.sampler import LatentDraws
from forwhom.methods.quadrature.segments import Segment, some_groups
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VALUES = 300_000  # cells x draws worked on at once
KEEP = 25_000_000  # draws x groups that are kept once made (200 MB for each of theta and b)
MOST_GROUPS = 64  # drawn from one random stream


@dataclass(frozen=True, eq=False)
class LatentLocals:
    """What is needed to draw any group, G groups and perhaps the preset's control group after.

    Attributes:
        model: the model; shared: draws of what groups share.
        random: names of the group parameters, of "b" and "theta".
        eta_columns: (H, k + 1) the heterogeneity equation's row of each group.
        baseline_columns: (G, k) the baseline equation's row of each group.
        lambda_: (D, k + 1) and delta: (D, k) in the units of the data.
        seed: of the streams; count: G.
    """

    model: LatentModel
    shared: LatentDraws
    random: tuple[str, ...]
    eta_columns: FloatArray
    baseline_columns: FloatArray
    lambda_: FloatArray
    delta: FloatArray
    seed: int
    count: int

    def map[T](self, work: Callable[[Block], T]) -> Iterator[T]:
        """Apply ``work`` to every block of the G groups, results in the order of the blocks."""
        if self.model.n_groups * len(self.lambda_) <= KEEP:
            theta, own = self._kept
            for low in range(0, self.count, MOST_GROUPS):
                groups = np.arange(low, min(low + MOST_GROUPS, self.count))
                yield work(Block(groups, theta[groups], own[groups]))
            return
        for block in self._drawn():
            inside = block.groups < self.count
            if inside.all():
                yield work(block)
            else:
                yield work(Block(block.groups[inside], block.theta[inside], block.own_b[inside]))

    def theta(self) -> FloatArray:
        """All group effects, (G, D)."""
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

        def add(block: Block) -> None:
            predicted[block.groups] += block.own_b

        deque(self.map(add), maxlen=0)
        return predicted

    def control_theta(self) -> FloatArray:
        """The single control group's own theta, (D,); preset alley2023."""
        return np.asarray(self._kept[0][self.count])

    @cached_property
    def _kept(self) -> tuple[FloatArray, FloatArray]:
        shape = (self.model.n_groups, len(self.lambda_))
        theta, own = np.empty(shape), np.zeros(shape)
        for block in self._drawn():
            theta[block.groups], own[block.groups] = block.theta, block.own_b
        return theta, own

    def _drawn(self) -> Iterator[Block]:
        """Every group, a block at a time, each block from a random stream of its own."""
        jobs = list(enumerate(self._jobs()))

        def run(job: tuple[int, tuple[Segment, slice]]) -> Block:
            number, (segment, groups) = job
            rng = np.random.Generator(
                np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=(3, number)))
            )
            return self._block(*some_groups(segment, groups), segment, rng)

        with one_blas_thread(), ThreadPoolExecutor(min(cpu_count() or 1, 8)) as pool:
            yield from pool.map(run, jobs)

    def _jobs(self) -> Iterator[tuple[Segment, slice]]:
        for segment in self.model.segments:
            per_group = max(len(segment.cells) // max(len(segment.groups), 1), 1)
            size = max(VALUES // (per_group * len(self.lambda_)), 1)
            size = min(size, MOST_GROUPS)
            for low in range(0, len(segment.groups), size):
                yield segment, slice(low, min(low + size, len(segment.groups)))

    def _block(
        self, part: Segment, cells: IntArray, whole: Segment, rng: np.random.Generator
    ) -> Block:
        tau, groups = self.shared.tau, part.groups
        draws, n_tau = len(tau), self.model.n_tau
        u = rng.standard_normal((len(groups), n_tau, draws)) * tau.T  # from their prior
        if part.rank:
            z = self._standard(part, whole.cells[cells], rng)
            if part.rank == 2 or n_tau == 1:
                u = z * tau.T
            else:  # the rows know one direction of u: shift the prior's draw to it
                known = part.direction[:, :, None]
                variance = (known**2 * tau.T**2).sum(axis=1)
                off = z[:, 0] * np.sqrt(variance) - (known * u).sum(axis=1)
                with np.errstate(invalid="ignore", divide="ignore"):
                    share = np.nan_to_num(known * tau.T**2 / variance[:, None])
                u = u + share * off[:, None]
        unit = self.model.basis.outcome_scale / self.model.basis.random_scale
        theta = self.eta_columns[groups] @ self.lambda_.T
        own = np.zeros_like(theta)
        for r, name in enumerate(self.random):
            target = theta if name == "theta" else own
            target += unit[r] * u[:, r]
        return Block(groups, theta, own)

    def _standard(self, part: Segment, cells: IntArray, rng: np.random.Generator) -> FloatArray:
        """z of the groups, (g, rank, D)."""
        model, xi = self.model, self.shared.xi
        data = model.data(part)
        fixed = model.columns[cells] @ xi[:, : model.p].T + model.offset[cells][:, None]
        loading, parameters = model.loading(part, self.shared.tau), model.parameters(xi)
        with np.errstate(over="ignore", invalid="ignore"):
            size = max(VALUES // max(len(cells), 1), 1)
            pieces = []
            for low in range(0, len(xi), size):
                k = slice(low, low + size)
                some = tuple(p[:, k] for p in parameters)
                pieces.append(draw_locals(part, data, fixed[:, k], loading[..., k], some, rng))
        return np.concatenate(pieces, axis=2)
