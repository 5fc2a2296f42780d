"""The Gaussian model with every linear parameter integrated out.

Within group g, with F the columns of the linear coefficients phi and R those of the group's own
parameters u_g (baseline, effect),

    y_g | phi, u_g ~ Normal(F_g phi + R_g u_g, sigma^2),   u_g ~ Normal(0, diag(tau^2)),

so y_g | phi has covariance V = sigma^2 I + R_g D R_g'. With U an orthonormal basis of R_g,

    V^-1 = (I - U U') / sigma^2 + U (sigma^2 I + C)^-1 U',

where U'R and hence the 2 x 2 matrix C follow from R'R alone: a part within groups that is reduced
once, and a part between them. Only positive terms are added, so nothing cancels as sigma or tau
goes to zero. phi is then integrated against its normal prior by one Cholesky factorisation of the
precision matrix bordered by the right-hand side (the cross-product form of Bates et al. 2015,
Journal of Statistical Software 67(1), section 3, with a prior). Groups with the same R'R share C,
so a density costs by the number of group shapes, not by rows or groups.

A Student-t prior on a coefficient is a normal whose variance is multiplied by
w ~ InvGamma(df/2, df/2); log w joins log sigma among the "easy" coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.exact.shapes import (
    between,
    determinant,
    gain,
    orthonormal,
    pairs_of,
    unique_rows,
)
from forwhom.methods.priors import CoefficientPriors, ScalePrior
from forwhom.methods.units import Basis

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LAPACK_ABOVE = 50  # columns; measured where the two ways of factorising cost the same


@dataclass(frozen=True, slots=True)
class GroupCells:
    """Sufficient statistics in internal units; q = p + 1 columns, the outcome last.

    Attributes:
        n_rows: total weight of the rows.
        cross: (q, q) cross-products over all rows.
        group_cross: (G, R, q) sums of the group's own columns times all columns.
        group_gram: (G, R, R) cross-products of the group's own columns.
    """

    n_rows: float
    cross: FloatArray
    group_cross: FloatArray
    group_gram: FloatArray


@dataclass(frozen=True, slots=True)
class CollapsedGaussian:
    """Log density of the scales, and draws of everything given the scales.

    Coordinates: ``tau`` (K, R), internal sds of the group parameters; ``easy`` (K, 1 + t): log
    internal sigma, then log w of each Student-t coefficient.
    """

    cells: GroupCells
    basis: Basis
    coefficients: CoefficientPriors
    sigma_prior: ScalePrior
    tau_priors: tuple[ScalePrior, ...]
    shape_of_group: IntArray  # (G,) index into the shapes
    shape_gram: FloatArray  # (S, R, R)
    shape_count: FloatArray  # (S,)
    shape_spread: FloatArray  # (S, pairs, R) what each tau^2 adds to C
    shape_cross: FloatArray  # (pairs * S, tri) summed products of U'[F, y], packed
    within: FloatArray  # (tri,) cross-products within groups, packed
    prior_rows: FloatArray  # (p, tri) packed squares of the prior's rows
    tri: tuple[IntArray, IntArray]

    @property
    def n_tau(self) -> int:
        """Number of group-parameter sds."""
        return int(self.cells.group_gram.shape[1])

    @property
    def n_easy(self) -> int:
        """Number of easy coordinates."""
        return 1 + len(self.coefficients.heavy)

    @property
    def start(self) -> FloatArray:
        """A start for the easy coordinates: the outcome's own spread, no heavy tails."""
        return np.zeros(self.n_easy)

    def log_density(self, tau: FloatArray, easy: FloatArray) -> FloatArray:
        """Log posterior density of (tau, easy), up to a constant.

        Args:
            tau: (K, R), not negative.
            easy: (K, 1 + t).

        Returns:
            (K,); minus infinity where the precision matrix is not positive definite.
        """
        if cuts := self._cuts(len(tau)):
            return np.concatenate([self.log_density(tau[c], easy[c]) for c in cuts])
        factor, log_det_groups = self._factor(tau, easy)
        p = len(self.coefficients.mean)
        log_sigma = easy[:, 0]
        diagonal = np.einsum("iik->ik", factor)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = (
                -self.cells.n_rows * log_sigma
                - 0.5 * log_det_groups
                - np.log(diagonal[:p]).sum(axis=0)
                - 0.5 * diagonal[p] ** 2
            )
        sigma = np.exp(log_sigma) * self.basis.outcome_scale
        value = value + self.sigma_prior.log_density(sigma) + log_sigma
        for r, prior in enumerate(self.tau_priors):
            unit = self.basis.outcome_scale / self.basis.random_scale[r]
            value = value + prior.log_density(tau[:, r] * unit)
        for t, j in enumerate(self.coefficients.heavy):
            half = float(self.coefficients.df[j]) / 2
            log_w = easy[:, 1 + t]
            value = value + half * log(half) - lgamma(half) - half * log_w - half * np.exp(-log_w)
            value = value - 0.5 * log_w  # the normal's own scale
        return np.where(np.isfinite(value), value, -np.inf)

    @property
    def log_constant(self) -> float:
        """What ``log_density`` lacks to integrate to ``LogMass``.

        The powers of 2 pi of the coefficients' prior and of their integral cancel.
        """
        log_unit = log(self.basis.outcome_scale)
        of_scales = (1 + self.n_tau) * log_unit - float(np.log(self.basis.random_scale).sum())
        of_coefficients = self.basis.log_volume - self.coefficients.log_scales
        return of_coefficients + of_scales - self.cells.n_rows * log_unit

    def draw_coefficients(
        self, tau: FloatArray, easy: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """One exact draw of the internal coefficients for each point; (K, p)."""
        if cuts := self._cuts(len(tau)):
            return np.concatenate([self.draw_coefficients(tau[c], easy[c], rng) for c in cuts])
        factor, _ = self._factor(tau, easy)
        p = len(self.coefficients.mean)
        right = factor[p, :p] + rng.standard_normal((len(tau), p)).T
        phi = np.empty((p, len(tau)))
        for j in range(p - 1, -1, -1):  # back substitution, all points at once
            rest = np.einsum("ik,ik->k", factor[j + 1 : p, j], phi[j + 1 :])
            phi[j] = (right[j] - rest) / factor[j, j]
        return np.ascontiguousarray(phi.T)

    def log_likelihood(
        self, internal: FloatArray, tau: FloatArray, sigma: FloatArray
    ) -> FloatArray:
        """Log density of the rows given coefficients and scales, the groups integrated out.

        Up to a constant.

        Args:
            internal: (K, p); tau: (K, R); sigma: (K,), all internal.

        Returns:
            (K,).
        """
        if cuts := self._cuts(len(tau)):
            return np.concatenate(
                [self.log_likelihood(internal[c], tau[c], sigma[c]) for c in cuts]
            )
        packed, log_det = self._likelihood(tau, sigma**2)
        residual = np.vstack([-internal.T, np.ones(len(internal))])  # times it, the outcome's rest
        i, j = self.tri
        squares = residual[i] * residual[j] * np.where(i == j, 1.0, 2.0)[:, None]
        value = -self.cells.n_rows * np.log(sigma) - 0.5 * log_det
        return np.asarray(value - 0.5 * np.einsum("tk,tk->k", packed, squares))

    def log_prior(
        self, coefficients: FloatArray, spreads: FloatArray, residual: FloatArray
    ) -> FloatArray:
        """Log prior density, (K,), of parameters in the units of the data: (K, p), (K, R), (K,)."""
        value = self.coefficients.log_density(coefficients)
        value = value + self.sigma_prior.log_density(residual)
        for r, prior in enumerate(self.tau_priors):
            value = value + prior.log_density(spreads[:, r])
        return value

    def group_gain(self, shapes: IntArray, tau: FloatArray, sigma: FloatArray) -> FloatArray:
        """M, where u_g given everything else is Normal(M R'(y - F phi), sigma^2 M).

        Args:
            shapes: (s,) indices of group shapes; tau: (K, R); sigma: (K,), internal.

        Returns:
            (s, R, R, K).
        """
        return gain(self.shape_gram[shapes], tau, sigma)

    def to_original(self, internal: FloatArray) -> FloatArray:
        """Coefficients (K, p) in the units of the data."""
        return np.asarray(self.basis.offset + internal @ self.basis.matrix.T)

    def _cuts(self, points: int) -> list[slice]:
        """Chunks of points to bound the memory, empty where all can be evaluated at once."""
        chunk = self._chunk()
        return [slice(i, i + chunk) for i in range(0, points, chunk)] if points > chunk else []

    def _chunk(self) -> int:
        """Points evaluated at once: arrays of a few megabytes, which are cheap to come by.

        Where the shapes alone fill more (a dose in many groups), enough points to make their
        product with the weights worth its memory.
        """
        per_point = len(self.cells.cross) ** 2 + len(self.shape_gram) * self.n_tau**2
        return max(300_000 // per_point, min(64, 30_000_000 // per_point), 1)

    def _likelihood(self, tau: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
        """[F, y]' V^-1 [F, y], packed (tri, K), and log-determinants of the groups (K,)."""
        packed = self.within[:, None] / variance
        log_det = np.zeros(len(tau))
        if self.n_tau:
            det = determinant(self.shape_gram, tau**2 / variance[:, None])
            weights = between(self.shape_spread, tau**2, variance, det)
            packed += self.shape_cross.T @ weights.reshape(-1, len(tau))
            log_det = self.shape_count @ np.log(det, out=det)
        return packed, log_det

    def factor(self, tau: FloatArray, easy: FloatArray) -> FloatArray:
        """Lower Cholesky factors of the bordered precision, the outcome last; (q, q, K)."""
        return self._factor(tau, easy)[0]

    def _factor(self, tau: FloatArray, easy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Cholesky factors (q, q, K) of the bordered precision, and log-determinants (K,)."""
        packed, log_det = self._likelihood(tau, np.exp(2 * easy[:, 0]))
        precision = self.coefficients.precision()[:, None]
        if len(self.coefficients.heavy):  # else it is the same at every point
            precision = np.tile(precision, len(tau))
            precision[self.coefficients.heavy] *= np.exp(-easy[:, 1:]).T
        packed += self.prior_rows.T @ precision
        q = len(self.cells.cross)
        full = np.zeros((q, q, len(tau)))
        full[self.tri] = packed
        return _cholesky(full), log_det


def collapse(
    cells: GroupCells,
    basis: Basis,
    coefficients: CoefficientPriors,
    sigma_prior: ScalePrior,
    tau_priors: tuple[ScalePrior, ...],
) -> CollapsedGaussian:
    """Gather the groups by shape and pack what each density needs.

    The outcome column's prior row carries (prior mean - offset), so that one bordered matrix holds
    the likelihood's and the prior's normal equations together.
    """
    q = len(cells.cross)
    n_tau = cells.group_gram.shape[1]
    tri = np.tril_indices(q)
    flat = cells.group_gram.reshape(len(cells.group_gram), -1)
    shapes, shape_of_group = unique_rows(flat)
    shape_gram = shapes.reshape(len(shapes), n_tau, n_tau)
    basis_of_shape, spread = orthonormal(shape_gram)
    pairs = pairs_of(n_tau)
    order = np.argsort(shape_of_group, kind="stable")
    starts = np.searchsorted(shape_of_group[order], np.arange(len(shapes)))
    turned = basis_of_shape[shape_of_group[order]].transpose(0, 2, 1)
    sorted_cross = turned @ cells.group_cross[order]
    within = cells.cross[tri]
    shape_cross = np.empty((len(pairs) * len(shapes), len(tri[0])))
    for k, (r, s) in enumerate(pairs):
        block = shape_cross[k * len(shapes) : (k + 1) * len(shapes)]
        for i in range(q):  # one row of the packed triangle at a time keeps memory small
            left, right = sorted_cross[:, r, i, None], sorted_cross[:, s, : i + 1]
            other, mirror = sorted_cross[:, s, i, None], sorted_cross[:, r, : i + 1]
            product = left * right if r == s else left * right + other * mirror
            at = i * (i + 1) // 2
            block[:, at : at + i + 1] = np.add.reduceat(product, starts, axis=0)
        if r == s:
            within = within - block.sum(axis=0)
    rows = np.hstack([basis.matrix, (coefficients.mean - basis.offset)[:, None]])
    return CollapsedGaussian(
        cells=cells,
        basis=basis,
        coefficients=coefficients,
        sigma_prior=sigma_prior,
        tau_priors=tau_priors,
        shape_of_group=shape_of_group,
        shape_gram=shape_gram,
        shape_count=np.bincount(shape_of_group, minlength=len(shapes)).astype(float),
        shape_spread=spread,
        shape_cross=shape_cross,
        within=within,
        prior_rows=rows[:, tri[0]] * rows[:, tri[1]],
        tri=tri,
    )


def _cholesky(matrices: FloatArray) -> FloatArray:
    """Lower Cholesky factors of (q, q, K); a matrix that is not positive definite gives NaN.

    Up to some fifty columns, all matrices at once, column by column, beats one LAPACK call each.
    """
    q = len(matrices)
    if q > LAPACK_ABOVE:
        return _cholesky_lapack(matrices.transpose(2, 0, 1)).transpose(1, 2, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        for j in range(q):  # left-looking: makes no array larger than a column
            column = matrices[j:, j]  # a view, for what is changed in place is not copied back
            if j:
                column -= np.einsum("ijk,jk->ik", matrices[j:, :j], matrices[j, :j])
            column /= np.sqrt(column[0])
    return matrices


def _cholesky_lapack(matrices: FloatArray) -> FloatArray:
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
        half = len(matrices) // 2
        parts = [_cholesky_lapack(matrices[:half]), _cholesky_lapack(matrices[half:])]
        return np.concatenate(parts)
