"""What is left when everything linear is integrated out: coordinates of sds and correlations.

An sd may pile up at zero, where its density has an edge, and may have a long tail. It is seen as
tau = width sinh(h(x)), h(x) = x Phi(x) + phi(x) the integral of the normal distribution function.
On the left a density that does not vanish at the edge becomes Phi(x), which falls off as a normal
distribution does; in the middle x is a multiple of tau; on the right it is its logarithm, in which
tails like a power of tau are exponential. Correlations are seen as canonical partial correlations
(Lewandowski, Kurowicka and Joe 2009, Journal of Multivariate Analysis 100(9)) by their inverse
hyperbolic tangents. A Student-t prior of a coefficient is a normal whose variance is multiplied by
w ~ InvGamma(df/2, df/2); log w is a coordinate too.

Scales of coefficients that shrinkage priors learn follow (``methods/shrinkage.py``), those with an
edge at zero seen in the same way.

The order of coordinates: residual sds, each factor's sds and then its correlations, log w, those
of shrinkage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.importance.edge import fall, log_cosh, log_sinh, rise
from forwhom.methods.priors import ScalePrior
from forwhom.methods.shrinkage import Shrinkage

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
        log_s: per shrinkage set (S, K), of the coefficients as written.
    """

    log_sigma: FloatArray
    tau: tuple[FloatArray, ...]
    root: tuple[FloatArray | None, ...]
    log_w: FloatArray
    log_prior: FloatArray
    log_jacobian: FloatArray
    log_s: tuple[FloatArray, ...] = ()

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
        shrinkage: sets of coefficients whose scales are learnt.
    """

    classes: int
    known: bool
    sigma_prior: ScalePrior
    sigma_unit: float
    factors: tuple[FactorScales, ...]
    heavy: FloatArray
    widths: FloatArray
    shrinkage: tuple[Shrinkage, ...] = ()

    @property
    def size(self) -> int:
        """Number of coordinates, n."""
        apart = sum(f.pairs for f in self.factors) + sum(one.size for one in self.shrinkage)
        return len(self.sds) + apart + len(self.heavy)

    def begin(self) -> FloatArray:
        """(n,) where a search begins."""
        out = np.zeros(self.size)
        out[self.sds] = 0.5
        for one, part in zip(self.shrinkage, self._sets, strict=True):
            out[part] = np.where(one.powers > 0, 0.5, one.start())
        return out

    @property
    def log_constant(self) -> float:
        """What priors in internal units are beside what ``points`` says of them."""
        out = 0.0 if self.known else self.classes * log(self.sigma_unit)
        for factor in self.factors:
            out += float(np.log(factor.units).sum())
            if factor.pairs:
                out -= log_lkj(factor.columns, factor.lkj)
        out += sum(one.log_constant for one in self.shrinkage)
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

    @cached_property
    def _sets(self) -> list[slice]:
        """Where the coordinates of each shrinkage set are: the last."""
        ends = self.size - np.cumsum([0, *(one.size for one in reversed(self.shrinkage))])
        return [slice(int(a), int(b)) for b, a in pairwise(ends)][::-1]

    @cached_property
    def _edges(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Which of these are of scales with an edge at zero, their powers and middles."""
        where, powers, middles = [np.zeros(0, dtype=np.int64)], [np.zeros(0)], [np.zeros(0)]
        for one, part in zip(self.shrinkage, self._sets, strict=True):
            mine = np.flatnonzero(one.powers)
            where.append(part.start + mine)
            powers.append(one.powers[mine])
            middles.append(one.start()[mine])
        return np.concatenate(where), np.concatenate(powers), np.concatenate(middles)

    def points(self, x: FloatArray) -> ScalePoints:
        """What coordinates (K, n) stand for."""
        found = self.at(self.values(x))
        return replace(found, log_jacobian=found.log_jacobian + self.log_slope(x))

    def values(self, x: FloatArray) -> FloatArray:
        """The same (K, n), sds and the logarithms of scales with an edge at zero in place of what
        they are seen as.
        """
        out = x.copy()
        with np.errstate(over="ignore"):
            out[:, self.sds] = np.sinh(rise(x[:, self.sds])[0]) * self.widths
        where, power, middle = self._edges
        out[:, where] = middle + power * log_sinh(rise(x[:, where])[0])
        return out

    def coordinates(self, values: FloatArray) -> FloatArray:
        """The inverse of ``values``."""
        out = values.copy()
        out[:, self.sds] = fall(np.arcsinh(values[:, self.sds] / self.widths))
        where, power, middle = self._edges
        out[:, where] = fall(np.arcsinh(np.exp((values[:, where] - middle) / power)))
        return out

    def log_slope(self, x: FloatArray) -> FloatArray:
        """log of the slopes of ``values`` in their coordinates, added up, (K,)."""
        height, slope = rise(x[:, self.sds])
        found = (log_cosh(height) + np.log(slope * self.widths)).sum(axis=1)
        where, power, _ = self._edges
        if len(where):
            height, slope = rise(x[:, where])
            steep = log_cosh(height) - log_sinh(height) + np.log(power * slope)
            found = found + steep.sum(axis=1)
        return np.asarray(found)

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
        log_w = values[:, at : at + len(self.heavy)].T
        half = self.heavy[:, None] / 2
        constant = sum(h * log(h) - lgamma(h) for h in (self.heavy / 2).tolist())
        with np.errstate(over="ignore"):
            weights = (-half * log_w - half * np.exp(-log_w)).sum(axis=0)
        log_s = []
        for shrinkage, part in zip(self.shrinkage, self._sets, strict=True):
            own = shrinkage.log_scales(values[:, part]).T
            if shrinkage.uses_sigma and not self.known:
                own = own + (log_sigma[0] + log(self.sigma_unit))
            log_s.append(own)
            prior = prior + shrinkage.log_prior(values[:, part])
            jacobian = jacobian + shrinkage.log_jacobian(values[:, part])
        jacobian = jacobian + weights + constant
        return ScalePoints(
            log_sigma, tuple(taus), tuple(roots), log_w, prior, jacobian, tuple(log_s)
        )


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
