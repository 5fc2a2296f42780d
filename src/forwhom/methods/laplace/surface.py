"""The density of the points alone: roughly, to learn where they are, and without bias, to weigh.

Roughly by Laplace's approximation. Without bias by importance sampling: the average of the joint
density over that of a proposal around the centre (``weighing.py``) is the density of the point,
right on average, and points weighed by it are draws from the posterior, with a v picked in
proportion to its weight (importance sampling squared: Tran, Scharth, Pitt and Kohn 2013, arXiv
1309.3339).

Tests: tests/methods/laplace/test_surface.py.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.importance.mixture import log_sum
from forwhom.methods.laplace.centre import Centre, Smoothing, find_centres
from forwhom.methods.laplace.density import LevelModel
from forwhom.methods.laplace.weighing import weigh

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VALUES = 1_500_000  # numbers worked on at once by one thread
CELL = 25  # numbers a cell and point, about
RECENT = 400  # points from which starts are predicted
KEPT = 60_000_000  # numbers of all v's together (480 MB)
MOST_PAIRS, MOST_COPIES = 2, 2  # of v's a point; of these with one dense part
LIKELY = 2000  # points, of which that many are kept


@dataclass(eq=False)
class Starts:
    """Where searches for centres begin: what those of the points so far predict.

    Attributes:
        model: the model; first: (N,) where the first begins.
        x, v: (K, n) and (K, N) the last points and their centres.
    """

    model: LevelModel
    first: FloatArray
    x: FloatArray
    v: FloatArray

    @staticmethod
    def of(model: LevelModel, first: FloatArray) -> Starts:
        """None so far."""
        return Starts(model, first, np.empty((0, model.n_x)), np.empty((0, len(first))))

    def add(self, x: FloatArray, v: FloatArray, known: NDArray[np.bool_]) -> None:
        """Points (K, n) and their centres (K, N), those that are known (K,)."""
        self.x = np.concatenate([self.x, x[known]])[-RECENT:]
        self.v = np.concatenate([self.v, v[known]])[-RECENT:]

    def predict(self, x: FloatArray) -> FloatArray:
        """(K, N) at points (K, n): by a regression on them, or as at the nearest."""
        if not len(self.x):
            return np.repeat(self.first[None], len(x), axis=0)
        middle, scale = self.x.mean(axis=0), self.x.std(axis=0) + 1e-9
        known, new = (self.x - middle) / scale, (x - middle) / scale
        if len(known) < 3 * (1 + 2 * x.shape[1]):
            nearest = ((new[:, None] - known) ** 2).sum(axis=2).argmin(axis=1)
            return self._onwards(self.v[nearest], self.x[nearest], x)
        inside = np.clip(new, known.min(axis=0), known.max(axis=0))
        features = [_powers(one, len(known)) for one in (known, inside)]
        gram = features[0].T @ features[0] + 1e-6 * len(known) * np.eye(features[0].shape[1])
        by = np.linalg.solve(gram, features[0].T @ self.v)
        return self._onwards(features[1] @ by, inside * scale + middle, x)

    def _onwards(self, v: FloatArray, known: FloatArray, x: FloatArray) -> FloatArray:
        """What is predicted at known points, at others: levels stay, or shrink with their sd."""
        scales = self.model.scales
        before, now = (scales.values(at)[:, scales.sds] for at in (known, x))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            ratio = np.nan_to_num(now / before, nan=1.0)
            by = np.minimum(ratio, 1 / ratio)
        return self.model.scaled(v, by)


@dataclass(eq=False)
class Surface:
    """The density of points (K, n), and the v's that were drawn on the way.

    Attributes:
        model: the model; smoothing: over what slopes are averaged.
        seed: of the v's; starts: of searches.
        pairs: dense parts on either side of the centre, for each point; copies: v's of each.
        v, log_weight: (K, N, S) and (K, S) of each batch of points, in their order.
    """

    model: LevelModel
    smoothing: Smoothing
    seed: int
    starts: Starts
    pairs: int
    copies: int = 1
    v: list[FloatArray] = field(default_factory=list)
    log_weight: list[FloatArray] = field(default_factory=list)

    @staticmethod
    def of(model: LevelModel, smoothing: Smoothing, seed: int, starts: Starts) -> Surface:
        """With as many v's a point as can be kept."""
        kept = KEPT // (2 * LIKELY * model.n_v)
        pairs = min(max(kept, 1), MOST_PAIRS)
        copies = min(max(kept // pairs, 1), MOST_COPIES) if model.columns.first else 1
        return Surface(model, smoothing, seed, starts, pairs, copies)

    def rough(self, x: FloatArray) -> FloatArray:
        """Log density of points (K, n) by Laplace's approximation, up to a constant; (K,)."""
        start, none = self.starts.predict(x), Smoothing.none(self.model)

        def work(part: slice, number: int) -> tuple[FloatArray, Centre]:
            at = self.model.at(x[part])
            found = find_centres(self.model, at, start[part], none, exact=True)
            height = self.model.log_density(found.v[:, :, None], at)[:, 0]
            return height + at.value - found.precision.half_log_det, found

        parts = self._each(work, len(x))
        self._learn(x, [found for _, found in parts])
        return _finite(np.concatenate([value for value, _ in parts]))

    def estimate(self, x: FloatArray) -> FloatArray:
        """Log of an unbiased estimate of the density of points (K, n), (K,); keeps the v's."""
        start, batch = self.starts.predict(x), len(self.v)

        def work(part: slice, number: int) -> tuple[FloatArray, FloatArray, Centre]:
            at = self.model.at(x[part])
            found = find_centres(self.model, at, start[part], self.smoothing)
            sequence = np.random.SeedSequence(self.seed, spawn_key=(2, batch, number))
            rng = np.random.Generator(np.random.SFC64(sequence))
            weight, v = weigh(self.model, at, found, self.pairs, self.copies, rng)
            return _finite(weight), v, found

        parts = self._each(work, len(x))
        self._learn(x, [found for _, _, found in parts])
        weight = np.concatenate([one for one, _, _ in parts])
        self.v.append(np.concatenate([v for _, v, _ in parts]))
        self.log_weight.append(weight)
        return np.asarray(log_sum(weight.T) - np.log(weight.shape[1]))

    def _learn(self, x: FloatArray, found: list[Centre]) -> None:
        v = np.concatenate([one.v for one in found])
        self.starts.add(x, v, np.concatenate([one.found for one in found]))

    def pick(self, picked: IntArray, rng: np.random.Generator) -> FloatArray:
        """A v for each draw, (D, N), of points (D,) counted over all batches.

        Draws that share a point get v's of it by their weights, as evenly as may be.
        """
        weight = np.concatenate(self.log_weight)[picked]
        shares = np.cumsum(np.exp(weight - weight.max(axis=1, keepdims=True)), axis=1)
        order = np.argsort(picked, kind="stable")
        points, first, count = np.unique(picked[order], return_index=True, return_counts=True)
        place = np.arange(len(picked)) - np.repeat(first, count)
        level = np.empty(len(picked))
        level[order] = (place + np.repeat(rng.random(len(points)), count)) / np.repeat(count, count)
        draw = (level[:, None] * shares[:, -1:] >= shares).sum(axis=1).clip(0, shares.shape[1] - 1)
        batch_ends = np.cumsum([len(v) for v in self.v])
        batch = np.searchsorted(batch_ends, picked, side="right")
        out = np.empty((len(picked), self.model.n_v))
        for number, v in enumerate(self.v):
            mine = np.flatnonzero(batch == number)
            out[mine] = v[picked[mine] - (batch_ends[number] - len(v)), :, draw[mine]]
        return out

    def _each[T](self, work: Callable[[slice, int], T], points: int) -> list[T]:
        """Apply work to numbered slices of the points, on as many threads as there are cores."""
        columns, lp = self.model.columns, self.model.predictors
        dense = lp * columns.m
        per_point = dense * (dense + self.model.n_own) + lp * len(self.model.weight) * CELL
        chunk = max(VALUES // per_point, 1)
        parts = [slice(i, min(i + chunk, points)) for i in range(0, max(points, 1), chunk)]
        cores = min(cpu_count() or 1, 8)
        if len(parts) == 1 or cores == 1:
            return [work(part, number) for number, part in enumerate(parts)]
        with ThreadPoolExecutor(cores) as pool:
            return list(pool.map(work, parts, range(len(parts))))


def _powers(x: FloatArray, known: int) -> FloatArray:
    """One, coordinates and squares (K, m); products too where enough points are known."""
    i, j = np.triu_indices(x.shape[1], 1)
    both = x[:, i] * x[:, j] if known > 3 * (1 + 2 * x.shape[1] + len(i)) else x[:, :0]
    return np.column_stack([np.ones(len(x)), x, x**2, both])


def _finite(value: FloatArray) -> FloatArray:
    return np.where(np.isfinite(value), value, -np.inf)
