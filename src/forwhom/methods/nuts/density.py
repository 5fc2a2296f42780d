"""The whole posterior, nothing integrated out: what NUTS samples where groups do not collapse.

A cell's linear predictor, for each of L predictors (one, or one per category but the first), is

    F phi + offset + sum over factors f of own_f u_f[level of the cell],

with phi the linear coefficients, and factors the groups (baseline and each treatment's effect) and
any clusters. Everything is on cells and in the internal units of ``Basis``; gradients are exact.

Coordinates, in one vector: phi (L, p); the family's parameters, positive ones as logarithms; the
residual spread; shrinkage scales; each factor's ``hyper`` (L, n); then each factor's levels
(L, R, H). All but the last are called global.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forwhom.families import Family, Outcome
from forwhom.methods.nuts.factor import Factor
from forwhom.methods.nuts.linear import LinearMap
from forwhom.methods.priors import CoefficientPriors, ParameterPrior
from forwhom.methods.shrinkage import Shrinkage
from forwhom.methods.units import Basis

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Residual:
    """A residual sd that differs: by arm (each its own) or by group (around a common one).

    Attributes:
        index: (C,) arm or group of each cell; levels: how many.
        spread: prior of the sd of log sigma between groups, or None where every arm has its own.
    """

    index: IntArray
    levels: int
    spread: ParameterPrior | None

    @property
    def size(self) -> int:
        """Coordinates: log of the spread and standard normals, for groups."""
        return 0 if self.spread is None else 1 + self.levels


@dataclass(frozen=True, slots=True)
class Point:
    """One point, taken apart.

    Attributes:
        phi: (L, p) internal coefficients; zeta: those before shrinkage scales.
        log_scales: per shrinkage set (L, S).
        parameters: as the likelihood takes them.
        hyper: per factor (L, n); z, u: per factor (L, R, H).
    """

    phi: FloatArray
    zeta: FloatArray
    log_scales: tuple[FloatArray, ...]
    parameters: list[FloatArray]
    hyper: tuple[FloatArray, ...]
    z: tuple[FloatArray, ...]
    u: tuple[FloatArray, ...]


@dataclass(frozen=True, eq=False)
class JointModel:
    """Log density and gradient of every parameter.

    Attributes:
        family, link: the likelihood; predictors: L.
        outcome: C cells; weight: (C,) rows behind each; offset: (C,).
        columns: (C, p) internal columns.
        factors: groups first, then clusters.
        basis, coefficients: as in ``LatentModel``; coefficients under shrinkage are flat there.
        parameter_priors, sizes, units: one per family parameter.
        shrinkage: sets of coefficients with learnt scales, the same sets for every predictor.
        residual: how the residual sd differs, or None.
        start: (L, p) where phi begins; own_start: where the family's parameters do.
    """

    family: Family
    link: str
    predictors: int
    outcome: Outcome
    weight: FloatArray
    offset: FloatArray
    columns: FloatArray
    factors: tuple[Factor, ...]
    basis: Basis
    coefficients: CoefficientPriors
    parameter_priors: tuple[ParameterPrior, ...]
    sizes: tuple[int, ...]
    units: tuple[float, ...]
    shrinkage: tuple[Shrinkage, ...]
    residual: Residual | None
    start: FloatArray
    own_start: FloatArray

    @property
    def p(self) -> int:
        """Number of coefficients of one predictor."""
        return int(self.columns.shape[1])

    @cached_property
    def ends(self) -> list[int]:
        """Where the parts of the vector begin and end, in the order of the module's docstring."""
        lp = self.predictors
        lengths = [lp * self.p, sum(self.sizes)]
        lengths.append(self.residual.size if self.residual else 0)
        lengths += [lp * s.size for s in self.shrinkage]
        lengths += [lp * f.hyper for f in self.factors]
        lengths += [lp * f.columns * f.levels for f in self.factors]
        return [int(end) for end in np.cumsum([0, *lengths])]

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return self.ends[-1]

    @property
    def n_global(self) -> int:
        """Number of coordinates that belong to no level."""
        return self.ends[len(self.ends) - 1 - len(self.factors)]

    def parts(self, x: FloatArray) -> list[FloatArray]:
        """The vector (..., n) cut at ``ends``."""
        return [x[..., a:b] for a, b in pairwise(self.ends)]

    def point(self, x: FloatArray) -> Point:
        """Take (n,) apart."""
        return self._point(self.parts(x))

    def _point(self, parts: list[FloatArray]) -> Point:
        lp, n = self.predictors, len(self.shrinkage)
        zeta = parts[0].reshape(lp, self.p)
        sets = [part.reshape(lp, -1) for part in parts[3 : 3 + n]]
        hyper = tuple(part.reshape(lp, -1) for part in parts[3 + n : 3 + n + len(self.factors)])
        z = tuple(
            part.reshape(lp, f.columns, f.levels)
            for part, f in zip(parts[3 + n + len(self.factors) :], self.factors, strict=True)
        )
        phi, log_scales = self.coefficients_of(zeta, sets, parts[1])
        return Point(
            phi=phi,
            zeta=zeta,
            log_scales=log_scales,
            parameters=self.likelihood_parameters(parts[1], parts[2]),
            hyper=hyper,
            z=z,
            u=tuple(f.effects(h, v) for f, h, v in zip(self.factors, hyper, z, strict=True)),
        )

    def coefficients_of(
        self, zeta: FloatArray, sets: list[FloatArray], own: FloatArray
    ) -> tuple[FloatArray, tuple[FloatArray, ...]]:
        """Internal coefficients (..., L, p) and log scales, from coordinates (..., L, size)."""
        if not self.shrinkage:
            return zeta, ()
        phi, log_scales = zeta.copy(), []
        for shrinkage, x in zip(self.shrinkage, sets, strict=True):
            log_s = shrinkage.log_scales(x) - np.log(np.diag(self.basis.matrix)[shrinkage.where])
            if shrinkage.uses_sigma and self._has_sigma:
                log_s = log_s + (own[..., 0] + np.log(self.units[0]))[..., None, None]
            phi[..., shrinkage.where] *= np.exp(log_s)
            log_scales.append(log_s)
        return phi, tuple(log_scales)

    @property
    def _has_sigma(self) -> bool:
        return self.family.parameter_names[:1] == ("sigma",)

    def family_parameters(self, own: FloatArray) -> tuple[FloatArray, ...]:
        """The family's parameters (..., size) from their coordinates (..., sum of sizes)."""
        out, at = [], 0
        for prior, size in zip(self.parameter_priors, self.sizes, strict=True):
            part = own[..., at : at + size]
            out.append(np.exp(np.clip(part, -300, 300)) if prior.positive else part)
            at += size
        return tuple(out)

    def residual_factor(self, residual: FloatArray) -> FloatArray:
        """Each group's residual sd over the common one, (..., G), from the coordinates."""
        return np.asarray(np.exp(np.exp(residual[..., :1]) * residual[..., 1:]))

    def likelihood_parameters(self, own: FloatArray, residual: FloatArray) -> list[FloatArray]:
        """The family's parameters as its functions take them, the residual sd cell by cell."""
        out = list(self.family_parameters(own))
        if self.residual is not None:
            sigma = (
                out[0] if self.residual.spread is None else out[0] * self.residual_factor(residual)
            )
            out[0] = sigma[self.residual.index][None]
        return out

    @cached_property
    def linear(self) -> LinearMap:
        """From coefficients and levels to the linear predictor and back."""
        return LinearMap.of(self.columns, self.factors)

    def linear_predictor(self, phi: FloatArray, u: tuple[FloatArray, ...]) -> FloatArray:
        """(L, C) from phi (L, p) and each factor's u (L, R, H)."""
        flat = [phi, *(v.reshape(self.predictors, -1) for v in u)]
        return self.linear.apply(np.concatenate(flat, axis=1)) + self.offset

    def slopes(
        self, eta: FloatArray, parameters: list[FloatArray]
    ) -> tuple[float, FloatArray, FloatArray, list[FloatArray]]:
        """Log likelihood, its slope (L, C) and curvature (L, C) in eta, and in the parameters.

        The last are per family parameter (size, C).
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.family.several:
                found = self.family.derivatives(self.outcome, eta, self.link, parameters)
                first = found.first
                second = np.einsum("llc->lc", found.second)
            else:
                found = self.family.derivatives(self.outcome, eta[0], self.link, parameters)
                first, second = found.first[None], found.second[None]
        if self._plain:
            return float(found.value.sum()), first, second, list(found.parameters)
        weight = self.weight
        return (
            float((weight * found.value).sum()),
            weight * first,
            weight * second,
            [weight * one for one in found.parameters],
        )

    @cached_property
    def _plain(self) -> bool:
        """Whether every cell counts once."""
        return bool((self.weight == 1).all())

    def log_density(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Log density at (n,), up to a constant, and its gradient (n,)."""
        parts = self.parts(x)
        at = self._point(parts)
        eta = self.linear_predictor(at.phi, at.u)
        value, pull, _, in_parameters = self.slopes(eta, at.parameters)
        prior, d_prior = self._coefficient_prior(at.phi)
        value += prior
        pulled = self.linear.pull(pull)
        d_phi = pulled[:, : self.p] + d_prior
        own_value, d_own, d_residual = self.parameter_slopes(parts[1], parts[2], in_parameters)
        value += own_value
        gradient = [d_phi, d_own, d_residual]
        for shrinkage, log_s, part in zip(
            self.shrinkage, at.log_scales, parts[3 : 3 + len(self.shrinkage)], strict=True
        ):
            k, zeta = shrinkage.where, at.zeta[:, shrinkage.where]
            value -= 0.5 * float((zeta**2).sum())
            d_log_s = d_phi[:, k] * at.phi[:, k]
            if shrinkage.uses_sigma and self._has_sigma:
                d_own[0] += float(d_log_s.sum())
            d_phi[:, k] = d_phi[:, k] * np.exp(log_s) - zeta
            slopes = []
            for one, in_log_s in zip(part.reshape(self.predictors, -1), d_log_s, strict=True):
                density, slope = shrinkage.log_density(one, in_log_s)
                value += density
                slopes.append(slope)
            gradient.append(np.concatenate(slopes))
        levels, begin = [], self.p
        for f, hyper, z, u in zip(self.factors, at.hyper, at.z, at.u, strict=True):
            d_hyper = np.empty_like(hyper)
            d_z = np.empty_like(z)
            for i in range(self.predictors):
                d_u = pulled[i, begin : begin + z[i].size].reshape(z[i].shape)
                density, d_hyper[i], d_z[i] = f.log_density(hyper[i], z[i], u[i], d_u)
                value += density
            gradient.append(d_hyper)
            levels.append(d_z)
            begin += d_z[0].size
        return value, np.concatenate([g.ravel() for g in (*gradient, *levels)])

    @cached_property
    def _normal_prior(self) -> tuple[FloatArray, FloatArray] | None:
        """Precision and precision times mean of the internal coefficients, if all are normal."""
        priors, matrix = self.coefficients, self.basis.matrix
        if len(priors.heavy):
            return None
        weighted = priors.precision()[:, None] * matrix
        return matrix.T @ weighted, (priors.mean - self.basis.offset) @ weighted

    def _coefficient_prior(self, phi: FloatArray) -> tuple[float, FloatArray]:
        """Log prior of the internal coefficients (L, p), up to a constant, and its slope."""
        if self._normal_prior is not None:
            precision, pulled = self._normal_prior
            slope = pulled - phi @ precision
            return 0.5 * float(np.vdot(phi, slope + pulled)), slope
        original = self.to_original(phi)
        value = float(self.coefficients.log_density(original).sum())
        return value, self.coefficients.slopes(original)[0] @ self.basis.matrix

    def parameter_slopes(
        self, own: FloatArray, residual: FloatArray, pulled: list[FloatArray]
    ) -> tuple[float, FloatArray, FloatArray]:
        """Priors of the family's parameters and of the residual spread; slopes of everything."""
        value, at = 0.0, 0
        d_own, d_residual = np.zeros(len(own)), np.zeros(len(residual))
        values = self.family_parameters(own)
        for i, (prior, size) in enumerate(zip(self.parameter_priors, self.sizes, strict=True)):
            part = own[at : at + size]
            one, slope, _ = prior.log_density(part[None])
            value += float(one[0])
            if i == 0 and self.residual is not None:
                r = self.residual
                by_level = np.bincount(r.index, pulled[0].reshape(-1), r.levels)
                if r.spread is None:
                    d_own[:size] = by_level * values[0]
                else:
                    z, tau = residual[1:], np.exp(residual[0])
                    in_log = by_level * values[0] * np.exp(tau * z)  # in log sigma of a group
                    d_own[0] = float(in_log.sum())
                    density, spread_slope = r.spread.at(float(residual[0]))
                    value += density - 0.5 * float((z**2).sum())
                    d_residual[0] = spread_slope + tau * float(in_log @ z)
                    d_residual[1:] = tau * in_log - z
            elif size:
                summed = pulled[i].reshape(size, -1).sum(axis=1)
                d_own[at : at + size] = summed * (values[i] if prior.positive else 1.0)
            d_own[at : at + size] += slope[0]
            at += size
        return value, d_own, d_residual

    def to_original(self, internal: FloatArray) -> FloatArray:
        """Coefficients (..., p) in the units of the data."""
        return np.asarray(self.basis.offset + internal @ self.basis.matrix.T)
