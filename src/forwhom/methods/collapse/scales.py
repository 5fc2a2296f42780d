"""What is left when everything linear is integrated out: coordinates of sds and correlations.

An sd may pile up at zero, where its density has an edge, and may have a long tail. It is seen as
tau = width sinh(h(x)), h(x) = x Phi(x) + phi(x) the integral of the normal distribution function.
On the left a density that does not vanish at the edge becomes Phi(x), which falls off as a normal
distribution does; in the middle x is a multiple of tau; on the right it is its logarithm, in which
tails like a power of tau are exponential. Correlations are seen as canonical partial correlations
(Lewandowski, Kurowicka and Joe 2009, Journal of Multivariate Analysis 100(9)) by their inverse
hyperbolic tangents. A Student-t prior of a coefficient is a normal whose variance is multiplied by
w ~ InvGamma(df/2, df/2); log w is a coordinate too.

The order of coordinates: residual sds, each factor's sds and then its correlations, log w.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import erfc, lgamma, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.priors import ScalePrior

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_erfc = np.frompyfunc(erfc, 1, 1)
TINY = 1e-150


@dataclass(frozen=True, slots=True)
class FactorScales:
    """Of one factor: R sds' priors, data units per internal unit, and the LKJ shape or 0."""

    priors: tuple[ScalePrior, ...]
    units: FloatArray
    lkj: float

    @property
    def columns(self) -> int:
        """R."""
        return len(self.priors)

    @property
    def pairs(self) -> int:
        """Number of correlations."""
        return self.columns * (self.columns - 1) // 2 if self.lkj else 0


@dataclass(frozen=True, slots=True)
class ScalePoints:
    """K points, internal units.

    Attributes:
        log_sigma: (A, K), zero where the residual sds are known.
        tau: per factor (R, K); root: per factor (R, R, K), lower Cholesky factors of the
            correlations, None where there are none.
        log_w: (t, K) logarithms of mixing weights.
        log_prior: (K,) of sds and correlations, on their own scale.
        log_jacobian: (K,) of the coordinates, with the density of the mixing weights.
    """

    log_sigma: FloatArray
    tau: tuple[FloatArray, ...]
    root: tuple[FloatArray | None, ...]
    log_w: FloatArray
    log_prior: FloatArray
    log_jacobian: FloatArray

    def covariance(self, factor: int) -> FloatArray:
        """Of a level's own parameters, (R, R, K)."""
        tau, root = self.tau[factor], self.root[factor]
        r = len(tau)
        if root is None:
            out = np.zeros((r, r, tau.shape[1]))
            out[np.arange(r), np.arange(r)] = tau**2
            return out
        scaled = tau[:, None] * root
        return np.asarray(np.einsum("iak,jak->ijk", scaled, scaled))


@dataclass(frozen=True, eq=False)
class Scales:
    """The coordinates.

    Attributes:
        classes: A; known: whether the residual sds are known, and none is a coordinate.
        sigma_prior: of every residual sd; sigma_unit: data units per internal unit.
        factors: as in the model.
        heavy: (t,) degrees of freedom of the coefficients with Student-t priors.
        widths: of the coordinates of all sds, in their order.
    """

    classes: int
    known: bool
    sigma_prior: ScalePrior
    sigma_unit: float
    factors: tuple[FactorScales, ...]
    heavy: FloatArray
    widths: FloatArray

    @property
    def size(self) -> int:
        """Number of coordinates, n."""
        return len(self.sds) + sum(f.pairs for f in self.factors) + len(self.heavy)

    @property
    def log_constant(self) -> float:
        """What priors in internal units are beside what ``points`` says of them."""
        out = 0.0 if self.known else self.classes * log(self.sigma_unit)
        for factor in self.factors:
            out += float(np.log(factor.units).sum())
            if factor.pairs:
                out -= log_lkj(factor.columns, factor.lkj)
        return out

    @cached_property
    def sds(self) -> IntArray:
        """Which coordinates are those of sds, the residual ones first."""
        at = 0 if self.known else self.classes
        found = list(range(at))
        for factor in self.factors:
            found += range(at, at + factor.columns)
            at += factor.columns + factor.pairs
        return np.array(found, dtype=np.int64)

    def points(self, x: FloatArray) -> ScalePoints:
        """What coordinates (K, n) stand for."""
        found = self.at(self.values(x))
        return replace(found, log_jacobian=found.log_jacobian + self.log_slope(x))

    def values(self, x: FloatArray) -> FloatArray:
        """The same (K, n) with every sd itself in place of what it is seen as."""
        out = x.copy()
        with np.errstate(over="ignore"):
            out[:, self.sds] = np.sinh(rise(x[:, self.sds])[0]) * self.widths
        return out

    def coordinates(self, values: FloatArray) -> FloatArray:
        """The inverse of ``values``."""
        out = values.copy()
        out[:, self.sds] = fall(np.arcsinh(values[:, self.sds] / self.widths))
        return out

    def log_slope(self, x: FloatArray) -> FloatArray:
        """log of the sds' slopes in their coordinates, added up, (K,)."""
        height, slope = rise(x[:, self.sds])
        log_cosh = height + np.log1p(np.exp(-2 * height)) - log(2)
        return np.asarray((log_cosh + np.log(slope * self.widths)).sum(axis=1))

    def at(self, values: FloatArray) -> ScalePoints:
        """What ``values`` (K, n) stand for; the Jacobian is that of the other coordinates."""
        count = len(values)
        at = 0 if self.known else self.classes
        sigma = values[:, :at].T if at else np.ones((self.classes, count))
        jacobian = np.zeros(count)
        with np.errstate(over="ignore", divide="ignore"):
            log_sigma = np.log(sigma)
            prior = self.sigma_prior.log_density(sigma * self.sigma_unit).sum(axis=0)
        taus, roots = [], []
        for factor in self.factors:
            tau = values[:, at : at + factor.columns].T
            for r, one in enumerate(factor.priors):
                with np.errstate(over="ignore"):
                    prior = prior + one.log_density(tau[r] * factor.units[r])
            at += factor.columns
            taus.append(tau)
            root = None
            if factor.pairs:
                partial = values[:, at : at + factor.pairs].T
                root, density, own_jacobian = _correlations(partial, factor.columns, factor.lkj)
                prior, jacobian = prior + density, jacobian + own_jacobian
                at += factor.pairs
            roots.append(root)
        log_w = values[:, at:].T
        half = self.heavy[:, None] / 2
        constant = sum(h * log(h) - lgamma(h) for h in (self.heavy / 2).tolist())
        with np.errstate(over="ignore"):
            weights = (-half * log_w - half * np.exp(-log_w)).sum(axis=0)
        return ScalePoints(
            log_sigma, tuple(taus), tuple(roots), log_w, prior, jacobian + weights + constant
        )


def rise(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """h(x) = x Phi(x) + phi(x) and its slope Phi(x), of any shape.

    >>> [round(float(v), 6) for v in (*rise(np.array([0.0]))[0], *rise(np.array([9.0]))[0])]
    [0.398942, 9.0]
    """
    slope = np.maximum(0.5 * np.asarray(_erfc(-x / sqrt(2)), dtype=float), TINY)
    with np.errstate(under="ignore"):
        value = x * slope + np.exp(-0.5 * x**2) / sqrt(2 * pi)
    return np.maximum(value, TINY), slope


def fall(height: FloatArray) -> FloatArray:
    """The x of ``rise`` for heights of any shape, by halving.

    >>> fall(rise(np.array([-1.3, 4.0]))[0]).round(6).tolist()
    [-1.3, 4.0]
    """
    low, high = np.full(np.shape(height), -25.0), np.maximum(height, 0.0) + 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = rise(middle)[0] < height
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))


def log_lkj(r: int, shape: float) -> float:
    """Log of what |correlation matrix|^(shape - 1) integrates to over those of R parameters.

    Lewandowski, Kurowicka and Joe 2009, Journal of Multivariate Analysis 100(9), equation 16.

    >>> log_lkj(2, 1.0) == log(2)  # one correlation, between -1 and 1
    True
    """
    out = 0.0
    for k in range(1, r):
        a = shape + (r - k - 1) / 2
        log_beta = 2 * lgamma(a) - lgamma(2 * a)
        out += (r - k) * ((2 * shape - 2 + r - k) * log(2) + log_beta)
    return out


def _correlations(
    partial: FloatArray, r: int, shape: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cholesky factors (R, R, K), log LKJ density and log Jacobian, both up to a constant (K,).

    Args:
        partial: (pairs, K) unbounded coordinates; r: R; shape: of the LKJ prior.
    """
    tanh = np.tanh(partial)
    rest = np.maximum(1.0 - tanh**2, 1e-300)
    root = np.zeros((r, r, partial.shape[1]))
    root[0, 0] = 1.0
    density, jacobian = np.zeros(partial.shape[1]), np.zeros(partial.shape[1])
    for i in range(1, r):
        left = np.ones(partial.shape[1])
        for j in range(i):
            k = i * (i - 1) // 2 + j
            root[i, j] = tanh[k] * np.sqrt(left)
            left = left * rest[k]
            # the coordinate's own slope, and the partial correlation's in the correlation
            jacobian += (1 + 0.5 * (i - 1 - j)) * np.log(rest[k])
        left = np.maximum(left, 1e-300)
        root[i, i] = np.sqrt(left)
        density += (shape - 1) * np.log(left)
        jacobian += 0.5 * (r - i - 1) * np.log(left)  # of the factor in the correlations
    return root, density, jacobian
