"""The precision of v given a point: levels of one factor block by block, then the dense rest.

With E the blocks of the factor that is eliminated, F what ties them to the dense columns and D the
latter's own, the lower Cholesky factor of [[E, F], [F', D]] is [[L, 0], [G', M]] with E = L L',
G = L^-1 F and M M' = D - G'G.

Tests: tests/methods/laplace/test_precision.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.laplace.columns import Columns, Products
from forwhom.methods.laplace.density import At, LevelModel
from forwhom.methods.laplace.triangular import Triangles, small_cholesky

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Precision:
    """Factors for K points: own (K, H, B, B), across (K, H B, L m) and rest of (K, L m, L m)."""

    own: FloatArray
    across: FloatArray
    rest: Triangles

    @property
    def half_log_det(self) -> FloatArray:
        """(K,)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.log(np.einsum("khbb->khb", self.own)).sum(axis=(1, 2))
        return np.asarray(own + self.rest.log_diagonal)

    def solve(self, right: FloatArray) -> FloatArray:
        """The inverse times (K, N)."""
        e = self.across.shape[1]
        own = self._forward(right[:, :e, None])
        dense = self.rest.forward(right[:, e:, None] - self.across.swapaxes(1, 2) @ own)
        return self._back(own, dense)[:, :, 0]

    def spread(self, noise: FloatArray) -> FloatArray:
        """Normals with this precision (K, N, S) from standard ones."""
        e = self.across.shape[1]
        return self._back(noise[:, :e], noise[:, e:])

    def _forward(self, right: FloatArray) -> FloatArray:
        each = right.reshape(*self.own.shape[:3], right.shape[2]).copy()
        for i in range(each.shape[2]):
            for j in range(i):
                each[:, :, i] -= self.own[:, :, i, j, None] * each[:, :, j]
            each[:, :, i] /= self.own[:, :, i, i, None]
        return each.reshape(right.shape)

    def _back(self, own: FloatArray, dense: FloatArray) -> FloatArray:
        rest = self.rest.backward(dense)
        return np.concatenate([self.own_back(own - self.across @ rest), rest], axis=1)

    def own_back(self, own: FloatArray) -> FloatArray:
        """L'^-1 times (K, H B, S), in place."""
        each = own.reshape(*self.own.shape[:3], own.shape[2])
        for i in range(each.shape[2] - 1, -1, -1):
            for j in range(i + 1, each.shape[2]):
                each[:, :, i] -= self.own[:, :, j, i, None] * each[:, :, j]
            each[:, :, i] /= self.own[:, :, i, i, None]
        return own

    def take(self, points: IntArray) -> Precision:
        """Some of them."""
        return Precision(self.own[points], self.across[points], self.rest.take(points))

    def replaced(self, at: IntArray, new: Precision) -> None:
        """Put others in the place of some, in place."""
        self.own[at] = new.own
        self.across[at] = new.across
        self.rest.replaced(at, new.rest)


def precision_of(model: LevelModel, curvature: FloatArray, prior: FloatArray, at: At) -> Precision:
    """Factorise at K points.

    Args:
        model: the model.
        curvature: (L, L, C, K) minus the likelihood's second derivatives in the predictors.
        prior: (K, L, p, p) precisions of the coefficients; at: the points.
    """
    rest = _dense(model, curvature, at)
    low, lp, count = model.columns.m - model.columns.p, model.predictors, len(rest)
    each = rest.reshape(count, lp, model.columns.m, lp, -1)
    for i in range(lp):
        each[:, i, low:, i, low:] += prior[:, i]
    j = np.arange(low)
    for i in range(lp):
        each[:, i, j, i, j] += 1.0
    if model.columns.first is None:
        none = np.empty((count, 0, 1, 1))
        return Precision(none, np.empty((count, 0, rest.shape[1])), Triangles.of(rest))
    blocks = _own(model, curvature, at)
    h, b = blocks.shape[1:3]
    own = small_cholesky(blocks.reshape(-1, b, b)).reshape(count, h, b, b)
    across = _across(model, curvature, at)
    tied = across.reshape(count, h, b, -1)
    for r in range(b):
        for s in range(r):
            tied[:, :, r] -= own[:, :, r, s, None] * tied[:, :, s]
        tied[:, :, r] /= own[:, :, r, r, None]
    for k in range(count):  # large products of one matrix with itself: BLAS does half of the work
        rest[k] -= across[k].T @ across[k]
    return Precision(own, across, Triangles.of(rest))


def _filled(products: Products, weight: FloatArray, size: int) -> FloatArray:
    """Sums of the products by weight (C, K) in their places, (K, size)."""
    out = np.zeros((weight.shape[1], size))
    out[:, products.at] = np.ascontiguousarray((products.cells @ weight).T)
    return out


def _mixed(view: FloatArray, mix: FloatArray) -> None:
    """mix' times the rows (K, R, ...) of a view, in place; mix (R, R, K) lower triangular."""
    wide = (slice(None), *(None,) * (view.ndim - 2))
    for s in range(view.shape[1]):
        view[:, s] *= mix[s, s][wide]
        for r in range(s + 1, view.shape[1]):
            if mix[r, s].any():
                view[:, s] += mix[r, s][wide] * view[:, r]


def _own(model: LevelModel, curvature: FloatArray, at: At) -> FloatArray:
    """(K, H, B, B) of the factor that is eliminated, B = L R."""
    first, lp = model.columns.first, model.predictors
    assert first is not None
    count, h, r = curvature.shape[3], first.levels, first.columns
    each = np.empty((count, h, lp, r, lp, r))
    mix = at.mixes[first.factor]
    for i in range(lp):
        for j in range(i + 1):
            part = _filled(model.columns.within, curvature[i, j], h * r * r)
            part = part.reshape(count, h, r, r)
            _mixed(part.swapaxes(1, 2), mix[i])
            _mixed(part.transpose(0, 3, 1, 2), mix[j])
            each[:, :, i, :, j] = part
            each[:, :, j, :, i] = part.swapaxes(2, 3)
    out = each.reshape(count, h, lp * r, lp * r)
    b = np.arange(lp * r)
    out[:, :, b, b] += 1.0
    return out


def _across(model: LevelModel, curvature: FloatArray, at: At) -> FloatArray:
    """(K, H B, L m) between the factor that is eliminated and the dense columns."""
    first, lp, m = model.columns.first, model.predictors, model.columns.m
    assert first is not None
    count, h, r = curvature.shape[3], first.levels, first.columns

    def part(i: int, j: int) -> FloatArray:
        return _filled(model.columns.across, curvature[i, j], h * r * m).reshape(count, h, r, m)

    out: FloatArray
    if lp == 1:
        out = part(0, 0)[:, :, None, :, None]
    else:
        out = np.empty((count, h, lp, r, lp, m))
        for i in range(lp):
            for j in range(i + 1):
                out[:, :, i, :, j] = out[:, :, j, :, i] = part(i, j)
    mix = at.mixes[first.factor]
    for i in range(lp):
        _mixed(out[:, :, i].swapaxes(1, 2), mix[i])
        _mix_dense(model, out[:, :, :, :, i].reshape(count, -1, m), at, i)
    return out.reshape(count, h * lp * r, lp * m)


def _dense(model: LevelModel, curvature: FloatArray, at: At) -> FloatArray:
    """(K, L m, L m) of the dense columns."""
    columns, lp = model.columns, model.predictors
    m, count = columns.m, curvature.shape[3]
    out: FloatArray
    if lp == 1:
        out = _beside(columns, curvature[0, 0])[:, None, :, None]
    else:
        out = np.empty((count, lp, m, lp, m))
        for i in range(lp):
            for j in range(i + 1):
                out[:, i, :, j] = out[:, j, :, i] = _beside(columns, curvature[i, j])
    for i in range(lp):
        for block in columns.dense:
            mix = at.mixes[block.factor][i]
            rows = out[:, i, block.start : block.stop]
            _mixed(rows.reshape(count, block.columns, block.levels, lp, m), mix)
            across = out[:, :, :, i, block.start : block.stop]
            across = across.reshape(count, lp, m, block.columns, block.levels)
            _mixed(across.transpose(0, 3, 1, 2, 4), mix)
    return out.reshape(count, lp * m, lp * m)


def _beside(columns: Columns, weight: FloatArray) -> FloatArray:
    """Cross-products of the dense columns by weight (C, K), (K, m, m)."""
    m, p, at = columns.m, columns.p, columns.beside.at
    sums = np.ascontiguousarray((columns.beside.cells @ weight).T)
    out = np.zeros((len(sums), m * m))
    out[:, at] = sums
    out[:, at % m * m + at // m] = sums
    whole = out.reshape(-1, m, m)
    whole[:, m - p :, m - p :] = (columns.fixed @ weight).T.reshape(-1, p, p)
    return whole


def _mix_dense(model: LevelModel, rows: FloatArray, at: At, predictor: int) -> None:
    """Rows (K, q, m) times the dense factors' mixes, in place."""
    for block in model.columns.dense:
        part = rows[:, :, block.start : block.stop]
        part = part.reshape(*part.shape[:2], block.columns, block.levels)
        _mixed(part.transpose(0, 2, 1, 3), at.mixes[block.factor][predictor])
