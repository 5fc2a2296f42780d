"""A grouping factor: its levels' own parameters, their spreads and how the sampler sees them.

Level h has R own parameters u_h (for groups: the baseline and each treatment's effect), in one of
three laws: independent normals, independent Student-t's, or a multivariate normal with an LKJ prior
on its correlation matrix (Lewandowski, Kurowicka and Joe 2009, Journal of Multivariate Analysis
100(9)).

Coordinates. u = tau z with z ~ Law(0, 1), or u = diag(tau) L z, L the correlations' Cholesky factor
by canonical partial correlations. tau is the exponential of its coordinate or, where it may be
zero, the absolute value: u = s z is smooth in s through zero, while log tau has no end there (Liu
and Wu 1999, JASA 94(448)).

Tests: tests/methods/nuts/test_density.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import lgamma, log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.priors import ParameterPrior

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


TINY = 1e-100  # of a signed sd, where a prior may not be finite
NEVER_ZERO = ("gamma",)  # priors of sds that keep away from zero


@dataclass(frozen=True, eq=False)
class Factor:
    """One grouping factor, the same for every linear predictor; C cells, H levels, R columns.

    Attributes:
        name: "group", or the cluster's.
        index: (C,) level of each cell; own: (C, R) columns, internal units.
        levels: H.
        tau_priors: R priors of the internal sds; units: (R,) data units per internal unit.
        signed: (R,) whether tau is the absolute value of its coordinate.
        student: (R,) whether a column's parameters are Student-t; nu_prior: of the degrees of
            freedom.
        lkj: the LKJ prior's shape, or 0 where the columns are independent.
    """

    name: str
    index: IntArray
    own: FloatArray
    levels: int
    tau_priors: tuple[ParameterPrior, ...]
    units: FloatArray
    signed: NDArray[np.bool_]
    student: NDArray[np.bool_]
    nu_prior: ParameterPrior
    lkj: float

    @property
    def columns(self) -> int:
        """R."""
        return len(self.tau_priors)

    @property
    def pairs(self) -> int:
        """Number of correlations."""
        return self.columns * (self.columns - 1) // 2 if self.lkj else 0

    @property
    def hyper(self) -> int:
        """Coordinates beside the levels': log sds, log degrees of freedom, correlations."""
        return self.columns + self.students + self.pairs

    @cached_property
    def students(self) -> int:
        """Number of columns with Student-t parameters."""
        return int(self.student.sum())

    @cached_property
    def _signs(self) -> int:
        return int(self.signed.sum())

    def split(self, hyper: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """tau's (..., R), log nu (..., students), correlations' coordinates (..., pairs)."""
        r, s = self.columns, self.students
        return hyper[..., :r], hyper[..., r : r + s], hyper[..., r + s :]

    def effects(self, hyper: FloatArray, z: FloatArray) -> FloatArray:
        """u (..., R, H), internal units, from hyper (..., n) and z (..., R, H)."""
        scales = self.scales(hyper)[..., None]
        if self.lkj:
            partial = self.split(hyper)[2]
            return np.asarray((scales * correlation_factor(partial, self.columns)) @ z)
        return np.asarray(scales * z)

    def scales(self, hyper: FloatArray) -> FloatArray:
        """What z is multiplied by, (..., R): tau, or its coordinate with the sign."""
        size = hyper[..., : self.columns]
        if self._signs == 0:
            return np.asarray(np.exp(size))
        if self._signs == self.columns:
            return size
        return np.where(self.signed, size, np.exp(np.where(self.signed, 0.0, size)))

    def spreads(self, hyper: FloatArray) -> FloatArray:
        """tau (..., R), internal units."""
        return np.abs(self.scales(hyper))

    def incidence(self, cells: IntArray) -> Any:
        """(c, R H), sparse: the cells' own columns at their levels."""
        from scipy import sparse

        own, level = self.own[cells], self.index[cells]
        at, shape = np.arange(len(cells)), (len(cells), self.levels)
        return sparse.hstack([sparse.csr_array((one, (at, level)), shape=shape) for one in own.T])

    def log_density(
        self, hyper: FloatArray, z: FloatArray, u: FloatArray, d_u: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Log density of the coordinates, and slopes of it and the likelihood in hyper and z.

        Args:
            hyper: (n,); z, u: (R, H), the latter from ``effects``.
            d_u: (R, H) slope of the log likelihood in u.
        """
        size, log_nu, partial = self.split(hyper)
        value, d_hyper = 0.0, np.zeros(len(hyper))
        r = self.columns
        for j, prior in enumerate(self.tau_priors):
            if self.signed[j]:
                tau = max(abs(float(size[j])), TINY)
                one, slope = prior.at(log(tau))
                value += one - log(tau)  # without the logarithm's Jacobian
                d_hyper[j] = (slope - 1) / tau * (1.0 if size[j] >= 0 else -1.0)
            else:
                one, d_hyper[j] = prior.at(float(size[j]))
                value += one
        if self.lkj:
            return self._correlated(value, d_hyper, (size, partial), z, u, d_u)
        scales = self.scales(hyper)
        d_z = scales[:, None] * d_u
        in_size = np.einsum("rh,rh->r", z, d_u)  # signed: of s itself, else of log tau
        d_hyper[:r] += np.where(self.signed, in_size, scales * in_size)
        if not self.students:
            return value - 0.5 * float(np.vdot(z, z)), d_hyper, d_z - z
        normal = z[~self.student]
        value -= 0.5 * float(np.vdot(normal, normal))
        d_z[~self.student] -= normal
        nu = np.exp(log_nu)
        for k, j in enumerate(np.flatnonzero(self.student).tolist()):
            one, slope = self.nu_prior.at(float(log_nu[k]))
            density, in_z, in_nu = student_log_density(z[j], float(nu[k]))
            value += one + density
            d_z[j] += in_z
            d_hyper[r + k] = slope + in_nu * float(nu[k])
        return value, d_hyper, d_z

    def _correlated(
        self,
        value: float,
        d_hyper: FloatArray,
        split: tuple[FloatArray, FloatArray],
        z: FloatArray,
        u: FloatArray,
        d_u: FloatArray,
    ) -> tuple[float, FloatArray, FloatArray]:
        log_tau, partial = split
        r = self.columns
        chol = correlation_factor(partial, r)
        tanh = np.tanh(partial)
        d_e = np.exp(log_tau)[:, None] * d_u
        value -= 0.5 * float(np.vdot(z, z))
        d_hyper[:r] += (u * d_u).sum(axis=1)
        d_chol = d_e @ z.T
        k = len(d_hyper) - self.pairs
        for m, (i, j) in enumerate((row, col) for row in range(r) for col in range(row)):
            x, rest = tanh[m], 1 - tanh[m] ** 2
            # powers of (1 - x^2): the coordinate's Jacobian, those of the columns after it, LKJ
            power = 1 + 0.5 * (i - 1 - j) + 0.5 * (r - i + 2 * self.lkj - 3)
            value += float(power * np.log(np.maximum(rest, 1e-300)))
            before = np.prod(1 - tanh[i * (i - 1) // 2 :][:j] ** 2)
            slope = float(d_chol[i, j] * np.sqrt(before) * rest)
            slope -= x * float(d_chol[i, j + 1 : i + 1] @ chol[i, j + 1 : i + 1])
            d_hyper[k + m] = slope - 2 * power * x
        return value, d_hyper, chol.T @ d_e - z


def correlation_factor(partial: FloatArray, r: int) -> FloatArray:
    """Cholesky factors (..., r, r) from r (r - 1) / 2 unbounded coordinates (..., pairs).

    >>> correlation_factor(np.array([np.arctanh(0.6)]), 2).round(3).tolist()
    [[1.0, 0.0], [0.6, 0.8]]
    """
    tanh = np.tanh(partial)
    out = np.zeros((*partial.shape[:-1], r, r))
    out[..., 0, 0] = 1.0
    for i in range(1, r):
        rest = np.ones(partial.shape[:-1])
        for j in range(i):
            x = tanh[..., i * (i - 1) // 2 + j]
            out[..., i, j] = x * np.sqrt(rest)
            rest = rest * (1 - x**2)
        out[..., i, i] = np.sqrt(rest)
    return out


def student_log_density(e: FloatArray, nu: float) -> tuple[float, FloatArray, float]:
    """Log density of standard Student-t values (H,), summed; its slopes in e (H,) and in nu."""
    from scipy.special import digamma

    square = e**2
    log_part = np.log1p(square / nu)
    constant = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * log(nu * pi)
    value = len(e) * constant - (nu + 1) / 2 * float(log_part.sum())
    in_e = -(nu + 1) * e / (nu + square)
    per_value = 0.5 * float(digamma((nu + 1) / 2) - digamma(nu / 2)) - 0.5 / nu
    in_nu = len(e) * per_value - 0.5 * float(log_part.sum())
    in_nu += (nu + 1) / (2 * nu) * float((square / (nu + square)).sum())
    return value, in_e, in_nu
