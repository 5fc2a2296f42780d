"""The Gaussian model with every linear parameter integrated out, whatever the factors.

A row is y = F phi + sum over factors f of own_f u_f[level] + e, e ~ Normal(0, sigma_a^2) with a the
row's class, u_f[level] ~ Normal(0, T_f). Given sigmas and T's,

1. the levels of the factor with the most parameters are eliminated one by one. With U an
   orthonormal basis of a level's own columns within each class, its rows y have

       V^-1 = D^-1 (I - U U') + U (D + L T L')^-1 U',   L = U' own,

   a part within levels that is summed once and a part between them, whose small matrices are the
   same for all levels of one shape (``shapes.py``). Only positive terms are added, so nothing
   cancels as a sigma or an sd goes to zero;
2. the levels of the other factors, as standard normals z with u = T^(1/2) z, the coefficients and
   the outcome are the rows of one bordered matrix, whose Cholesky factorisation integrates them
   out (the cross-product form of Bates et al. 2015, Journal of Statistical Software 67(1), section
   3, with a prior on the coefficients).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from math import log
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.collapse.cholesky import back_substitute, cholesky, unpack
from forwhom.methods.collapse.shapes import Shapes, between, spread_of
from forwhom.methods.importance.scales import ScalePoints, Scales
from forwhom.methods.priors import CoefficientPriors
from forwhom.methods.units import Basis

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VALUES = 300_000  # numbers worked on at once
TABLE = 8_000_000  # numbers of a table from shapes to the dense matrix (64 MB)


@dataclass(frozen=True, slots=True)
class DenseFactor:
    """A factor that is factorised with the coefficients: its number among factors, R and H."""

    factor: int
    columns: int
    levels: int


@dataclass(frozen=True, eq=False)
class CollapsedModel:
    """Log density of the scales, and draws of everything given the scales; m columns in all.

    Attributes:
        scales: the coordinates.
        weight: (A,) total weight of each class of rows.
        within: (A, tri) cross-products within levels of the eliminated factor, packed.
        eliminated: which factor that is, or None.
        shapes: of its levels; turned: (H, E, m) U' times all columns.
        table: (tri, pairs S) from the shapes' matrices to the packed whole; None: too large.
        dense: the other factors.
        basis, coefficients: as in the other methods.
    """

    scales: Scales
    weight: FloatArray
    within: FloatArray
    eliminated: int | None
    shapes: Shapes
    turned: FloatArray
    table: FloatArray | None
    dense: tuple[DenseFactor, ...]
    basis: Basis
    coefficients: CoefficientPriors

    @property
    def columns(self) -> int:
        """m."""
        return int(self.turned.shape[2])

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return len(self.coefficients.mean)

    @property
    def others(self) -> int:
        """Own parameters of the factors that are not eliminated."""
        return self.columns - self.p - 1

    @cached_property
    def tri(self) -> tuple[IntArray, IntArray]:
        """Where the packed triangle's entries stand."""
        return np.tril_indices(self.columns)

    @cached_property
    def spread(self) -> FloatArray:
        """What the parameters' covariance adds to each shape's matrix; see ``spread_of``."""
        return spread_of(self.shapes.loading)

    @cached_property
    def _count(self) -> FloatArray:
        """(S,) levels of each shape."""
        return np.bincount(self.shapes.of_level, minlength=self.shapes.count).astype(float)

    @cached_property
    def _prior_rows(self) -> tuple[FloatArray, IntArray]:
        """Packed squares (p, tri of p + 1) of the prior's rows, and where in the whole they go."""
        rows = np.hstack([self.basis.matrix, (self.coefficients.mean - self.basis.offset)[:, None]])
        i, j = np.tril_indices(self.p + 1)
        low = self.others
        return rows[:, i] * rows[:, j], (i + low) * (i + low + 1) // 2 + j + low

    def log_density(self, x: FloatArray) -> FloatArray:
        """Log posterior density of coordinates (K, n), up to a constant; (K,).

        Minus infinity where the precision matrix is not positive definite.
        """
        return np.concatenate(self._each(lambda part: self._log_density(x[part]), len(x)))

    @property
    def log_constant(self) -> float:
        """What ``log_density`` lacks to integrate to ``LogMass``.

        The powers of 2 pi of normal priors and of their integrals cancel.
        """
        of_coefficients = self.basis.log_volume - self.coefficients.log_scales
        of_rows = 0.0 if self.scales.known else self.weight.sum() * log(self.scales.sigma_unit)
        return float(of_coefficients + self.scales.log_constant - of_rows)

    def draw_dense(self, x: FloatArray, owner: IntArray, noise: FloatArray) -> FloatArray:
        """Draws of the dense part given the scales, (D, m - 1): own parameters, coefficients.

        Args:
            x: (K, n) different points; owner: (D,) the point of each draw.
            noise: (D, m - 1) standard normals.
        """
        order = np.argsort(owner, kind="stable")
        ends = np.searchsorted(owner[order], np.arange(len(x) + 1))
        out = np.empty_like(noise)

        def work(points: slice) -> None:
            draws = order[ends[points.start] : ends[points.stop]]
            own = owner[draws] - points.start
            out[draws] = self._draw_dense(x[points], own, noise[draws])

        self._each(work, len(x))
        return out

    def _draw_dense(self, x: FloatArray, owner: IntArray, noise: FloatArray) -> FloatArray:
        return self.draw_dense_at(self.scales.points(x), owner, noise)

    def draw_dense_at(self, at: ScalePoints, owner: IntArray, noise: FloatArray) -> FloatArray:
        """The same as ``draw_dense`` given what points stand for, all at once."""
        factor, _ = self._factor(at)
        z = back_substitute(factor, owner, noise.T)
        start = 0
        for one in self.dense:
            size = one.columns * one.levels
            part = z[start : start + size].reshape(one.columns, one.levels, -1)
            tau, root = at.tau[one.factor], at.root[one.factor]
            if root is not None:
                part = np.einsum("rsk,shk->rhk", root[:, :, owner], part)
            z[start : start + size] = (tau[:, None, owner] * part).reshape(size, -1)
            start += size
        return z.T

    def _log_density(self, x: FloatArray) -> FloatArray:
        return self.log_density_at(self.scales.points(x))

    def log_density_at(self, at: ScalePoints) -> FloatArray:
        """The same as ``log_density`` given what points stand for, all at once; (K,)."""
        factor, log_det = self._factor(at)
        diagonal = np.einsum("iik->ik", factor)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            value = (
                at.log_prior
                + at.log_jacobian
                - 0.5 * log_det
                - np.log(diagonal[:-1]).sum(axis=0)
                - 0.5 * diagonal[-1] ** 2
                - 0.5 * at.log_w.sum(axis=0)  # the normals' own scales
            )
            for log_s in at.log_s:
                value = value - log_s.sum(axis=0)
            if not self.scales.known:
                value = value - self.weight @ at.log_sigma
        return np.where(np.isfinite(value), value, -np.inf)

    def _factor(self, at: ScalePoints) -> tuple[FloatArray, FloatArray]:
        """Cholesky factors (m, m, K) of the bordered matrix, and the levels' log-determinants."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            packed, log_det = self._reduced(at)
            by_prior, where = self._prior_rows
            precision = np.tile(self.coefficients.precision()[:, None], len(log_det))
            precision[self.coefficients.heavy] *= np.exp(-at.log_w)
            for shrinkage, log_s in zip(self.scales.shrinkage, at.log_s, strict=True):
                precision[shrinkage.where] = np.exp(-2 * log_s)
            packed[where] += by_prior.T @ precision
            full, low = unpack(packed, self.tri), self.others
            if low:
                self._scale(full, at)
                full[np.arange(low), np.arange(low)] += 1.0
            return cholesky(full), log_det

    def _scale(self, full: FloatArray, at: ScalePoints) -> None:
        """Multiply the dense factors' rows and columns by the roots of their covariances."""
        if any(at.root[one.factor] is not None for one in self.dense):
            i, j = self.tri
            full[j, i] = full[i, j]
        start = 0
        for one in self.dense:
            size = one.columns * one.levels
            rows = slice(start, start + size)
            tau, root = at.tau[one.factor], at.root[one.factor]
            if root is None:
                each = np.repeat(tau, one.levels, axis=0)
                full[rows] *= each[:, None]
                full[:, rows] *= each
            else:
                mix = tau[:, None] * root  # u = mix z
                shape = (one.columns, one.levels)
                left = full[rows].reshape(*shape, *full.shape[1:])
                full[rows] = np.einsum("rsk,rhjk->shjk", mix, left).reshape(size, *full.shape[1:])
                right = full[:, rows].reshape(full.shape[0], *shape, -1)
                full[:, rows] = np.einsum("rsk,irhk->ishk", mix, right).reshape(
                    full.shape[0], size, -1
                )
            start += size

    def _reduced(self, at: ScalePoints) -> tuple[FloatArray, FloatArray]:
        """Packed cross-products weighted by V^-1, (tri, K), and log-determinants (K,)."""
        points = at.log_sigma.shape[1]
        packed = self.within.T @ np.exp(-2 * at.log_sigma)
        if self.eliminated is None:
            return packed, np.zeros(points)
        covariance = at.covariance(self.eliminated)
        i, j = np.tril_indices(len(covariance))
        variance = np.exp(2 * at.log_sigma)[self.shapes.classes]
        weights, log_det = between(self.spread, covariance[i, j], variance)
        if self.table is not None:
            packed += self.table @ weights.reshape(-1, points)
        else:
            packed += self._between(weights)
        return packed, self._count @ log_det

    def _between(self, weights: FloatArray) -> FloatArray:
        """The part between levels without a table, point by point; (tri, K)."""
        h, e, m = self.turned.shape
        flat, out = self.turned.reshape(h * e, m), np.empty((len(self.tri[0]), weights.shape[2]))
        i, j = np.tril_indices(e)
        for k in range(weights.shape[2]):
            square = np.empty((self.shapes.count, e, e))
            square[:, i, j] = square[:, j, i] = weights[:, :, k].T
            weighted = square[self.shapes.of_level] @ self.turned
            out[:, k] = (flat.T @ weighted.reshape(h * e, m))[self.tri]
        return out

    def to_original(self, internal: FloatArray) -> FloatArray:
        """Coefficients (K, p) in the units of the data."""
        return np.asarray(self.basis.offset + internal @ self.basis.matrix.T)

    @property
    def cost(self) -> float:
        """Multiplications that one density takes, about."""
        m, pairs = self.columns, self.shapes.directions * (self.shapes.directions + 1) / 2
        return float(m**3 / 3 + m**2 / 2 * pairs * self.shapes.count)

    def _each[T](self, work: Callable[[slice], T], points: int) -> list[T]:
        """Apply work to slices of the points, on as many threads as there are cores."""
        per_point = self.columns**2 + self.shapes.count * self.shapes.directions**2
        chunk = max(VALUES // per_point, min(16, 20 * VALUES // per_point), 1)
        parts = [slice(i, min(i + chunk, points)) for i in range(0, max(points, 1), chunk)]
        cores = min(cpu_count() or 1, 8)
        if len(parts) == 1 or cores == 1:
            return [work(part) for part in parts]
        with ThreadPoolExecutor(cores) as pool:
            return list(pool.map(work, parts))


def turn(own: FloatArray, shapes: Shapes) -> FloatArray:
    """U' times all columns, (H, E, m), from the sums (A, H, R, m) of the own columns."""
    by_class = own[shapes.classes]  # (E, H, R, m)
    return np.asarray(np.einsum("her,ehrm->hem", shapes.scaled[shapes.of_level], by_class))


def within_levels(
    cross: FloatArray, turned: FloatArray, shapes: Shapes, tri: tuple[IntArray, IntArray]
) -> FloatArray:
    """Cross-products within levels, (A, tri), from all of them (A, m, m).

    A column that varies only between levels has none: what rounding leaves of it is taken away.
    """
    out = cross.copy()
    for e, a in enumerate(shapes.classes.tolist()):
        out[a] -= turned[:, e].T @ turned[:, e]
    for a in range(len(out)):
        none = np.diag(out[a]) <= ROUNDING * np.diag(cross[a])
        out[a][none] = 0.0
        out[a][:, none] = 0.0
    return np.ascontiguousarray(out[:, tri[0], tri[1]])


ROUNDING = 1e-13  # share of a column's cross-products under which there are none within levels


def table_of(
    turned: FloatArray, shapes: Shapes, tri: tuple[IntArray, IntArray]
) -> FloatArray | None:
    """Summed products of U' columns by pair of directions and shape, (tri, pairs S).

    None where there are too many to keep.
    """
    m, e = turned.shape[2], shapes.directions
    if len(tri[0]) * e * (e + 1) // 2 * shapes.count > TABLE:
        return None
    order = np.argsort(shapes.of_level, kind="stable")
    ends = np.searchsorted(shapes.of_level[order], np.arange(shapes.count + 1))
    ordered = turned[order]
    out = np.empty((e * (e + 1) // 2, shapes.count, len(tri[0])))
    large = len(turned) > 8 * shapes.count
    k = 0
    for i in range(e):
        for j in range(i + 1):
            if large:  # shape by shape, a product of matrices for each
                for s in range(shapes.count):
                    part = ordered[ends[s] : ends[s + 1]]
                    product = part[:, i].T @ part[:, j]
                    product = product if i == j else product + product.T
                    out[k, s] = product[tri]
            else:  # a row of the triangle at a time, all shapes together
                for row in range(m):
                    at = row * (row + 1) // 2
                    cells = ordered[:, i, row, None] * ordered[:, j, : row + 1]
                    if i != j:
                        cells = cells + ordered[:, j, row, None] * ordered[:, i, : row + 1]
                    out[k, :, at : at + row + 1] = np.add.reduceat(cells, ends[:-1], axis=0)
            k += 1
    return np.ascontiguousarray(out.reshape(-1, len(tri[0])).T)
