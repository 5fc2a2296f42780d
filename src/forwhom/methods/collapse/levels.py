"""Levels of the eliminated factor, drawn given everything else.

With r = U'(y - the rest) of a level, u0 ~ Normal(0, T) and e0 ~ Normal(0, D),

    u = u0 + T L' (D + L T L')^-1 (r - L u0 - e0)

has the level's conditional law: a draw from the prior, moved by what the rows say of it. Nothing is
divided by an sd, so an sd of zero is no special case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.collapse.density import CollapsedModel
from forwhom.methods.collapse.shapes import between
from forwhom.methods.importance.scales import ScalePoints

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VALUES = 16_384  # levels x draws worked on at once: a few dozen such arrays stay in a core's cache


@dataclass(frozen=True, eq=False)
class LevelLaw:
    """What all levels of the eliminated factor share, for D draws, internal units.

    Attributes:
        model: the collapsed model.
        covariance: (R, R, D) T; root: (R, R, D) lower triangular, root root' = T.
        sigma: (E, D) residual sds of the directions.
        contrast: (m, D): columns and outcome times it are what is left without this factor.
    """

    model: CollapsedModel
    covariance: FloatArray
    root: FloatArray
    sigma: FloatArray
    contrast: FloatArray

    @staticmethod
    def of(model: CollapsedModel, at: ScalePoints, dense: FloatArray) -> LevelLaw:
        """From D points and the dense part (D, m - 1) drawn given them."""
        factor = model.eliminated
        assert factor is not None
        tau, correlation = at.tau[factor], at.root[factor]
        root = np.zeros((len(tau), *tau.shape))
        root[np.arange(len(tau)), np.arange(len(tau))] = 1.0
        return LevelLaw(
            model=model,
            covariance=at.covariance(factor),
            root=tau[:, None] * (root if correlation is None else correlation),
            sigma=np.exp(at.log_sigma)[model.shapes.classes],
            contrast=np.vstack([-dense.T, np.ones(len(dense))]),
        )

    def draw(self, levels: IntArray, rng: np.random.Generator) -> FloatArray:
        """(R, h, D) of h levels, whose shapes should be few."""
        draws = self.sigma.shape[1]
        noise = rng.standard_normal((len(self.root) + len(self.sigma), len(levels), draws))
        out = np.empty((len(self.root), len(levels), draws))
        size = max(VALUES // len(levels), 1)
        for low in range(0, draws, size):
            some = slice(low, low + size)
            out[..., some] = self._drawn(levels, noise[..., some], some)
        return out

    def _drawn(self, levels: IntArray, noise: FloatArray, some: slice) -> FloatArray:
        shapes = self.model.shapes
        r, e = len(self.root), len(self.sigma)
        root, covariance = self.root[..., some], self.covariance[..., some]
        u = np.stack([sum_of(root[i, k] * noise[k] for k in range(i + 1)) for i in range(r)])
        loading = shapes.loading[shapes.of_level[levels]][..., None]  # (h, E, R, 1)
        off = self.model.turned[levels] @ self.contrast[:, some]  # (h, E, D)
        left = [
            off[:, i]
            - self.sigma[i, some] * noise[r + i]
            - sum_of(loading[:, i, k] * u[k] for k in range(r))
            for i in range(e)
        ]
        pulled = self._weighted(levels, left, some)
        back = [sum_of(loading[:, i, k] * pulled[i] for i in range(e)) for k in range(r)]
        for i in range(r):
            for k in range(r):
                if covariance[i, k].any():
                    u[i] += covariance[i, k] * back[k]
        return u

    def _weighted(self, levels: IntArray, left: list[FloatArray], some: slice) -> list[FloatArray]:
        """(D + L T L')^-1 times E directions (h, D)."""
        which, place = np.unique(self.model.shapes.of_level[levels], return_inverse=True)
        i, j = np.tril_indices(len(self.root))
        packed, _ = between(
            self.model.spread[:, which],
            self.covariance[i, j][:, some],
            self.sigma[:, some] ** 2,
        )
        if len(which) < len(levels):
            packed = packed[:, place]
        e = len(left)
        at = np.zeros((e, e), dtype=int)
        at[np.tril_indices(e)] = np.arange(len(packed))
        at = np.maximum(at, at.T)
        return [sum_of(packed[at[a, b]] * left[b] for b in range(e)) for a in range(e)]


def sum_of(parts: Iterable[FloatArray]) -> FloatArray:
    """Of new arrays of one shape, added in place of the first."""
    total: FloatArray | None = None
    for part in parts:
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None
    return total
