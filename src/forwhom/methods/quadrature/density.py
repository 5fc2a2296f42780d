"""Any family: the groups' own parameters integrated out by adaptive Gauss-Hermite quadrature.

A cell's linear predictor is F phi + offset + R u_g, with u_g ~ Normal(0, diag(tau^2)) the group's
baseline and effect. Written in standard normal z, R u = l z with a loading l = R diag(tau). Groups
are of three ranks, by what their own rows can tell apart: none (no own parameter enters), one (all
rows share one direction of u, whose variance is r' diag(tau^2) r) and two. Given phi, tau and the
family's parameters, each group is an integral over as many standard normals as its rank, done
around its own mode and curvature (Naylor and Smith 1982, JRSS C 31(3)). Groups with several arms,
or with Student-t effects, are stars (``star.py``). Where b and theta are correlated, the first z
moves both: the loading alone changes.

Everything is vectorised over K points; arrays of cells are (C, K), of nodes (C, q, K) or
(C, q, q, K).

Tests: tests/methods/quadrature/test_rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.families import Family, Outcome
from forwhom.methods.priors import CoefficientPriors, ParameterPrior, ScalePrior
from forwhom.methods.quadrature.integrals import integrate, shared_curvature, weighted_squares
from forwhom.methods.quadrature.law import Law
from forwhom.methods.quadrature.modes import CLOSE, STEEPEST, find_modes, steepest
from forwhom.methods.quadrature.segments import CellData, Integrand, Segment
from forwhom.methods.quadrature.star import star_curvature, star_of
from forwhom.methods.quadrature.star_integral import integrate_star, leaf_nodes
from forwhom.methods.units import Basis

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MANY, PRECISE = 9, 0.1  # nodes from which a group is hard, and modes are found more closely
VALUES = 200_000  # numbers in one array of nodes: some of them fit the processor's cache


@dataclass(frozen=True, slots=True)
class Marginal:
    """Log density with the locals integrated out, and what a Newton step needs.

    Attributes:
        value: (K,); gradient: (K, n); hessian: (K, n, n), negative curvature, the likelihood's
            part taken as if the locals were normal; both empty where not asked for.
    """

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray


@dataclass(frozen=True, slots=True)
class Rule:
    """How to integrate: per segment the nodes per coordinate, and where to look for modes first.

    Attributes:
        orders: one per segment.
        begin: one per segment, (g, rank, K) or (g, rank, 1), or None for zero.
    """

    orders: tuple[int, ...]
    begin: tuple[FloatArray | None, ...]


@dataclass(frozen=True, slots=True)
class LatentModel:
    """Log density of the shared parameters, and draws of the groups' own given them.

    Coordinates: ``tau`` (K, R), internal sds, and beside them what ``law`` has; ``xi`` (K, n): the
    p internal coefficients, then the family's parameters, positive ones as logarithms.

    Attributes:
        family, link: the likelihood.
        outcome: C cells; weight: (C,) rows behind each; offset: (C,).
        columns: (C, p) internal columns of the coefficients; own: (C, R) columns of the group's own
            parameters; group: (C,) group of each cell.
        segments: the groups by rank.
        basis: internal coefficients to those of the data.
        coefficients, tau_priors, parameter_priors: priors; one of the last per family parameter,
            with its number of entries in ``sizes`` and its unit in ``units``.
        start: (n,) where to begin.
        n_groups: H; n_tau: R.
        law: of the groups' own parameters.
    """

    family: Family
    link: str
    outcome: Outcome
    weight: FloatArray
    offset: FloatArray
    columns: FloatArray
    own: FloatArray
    group: IntArray
    segments: tuple[Segment, ...]
    basis: Basis
    coefficients: CoefficientPriors
    tau_priors: tuple[ScalePrior, ...]
    parameter_priors: tuple[ParameterPrior, ...]
    sizes: tuple[int, ...]
    units: tuple[float, ...]
    start: FloatArray
    n_groups: int
    law: Law

    @property
    def n_tau(self) -> int:
        """Number of group-parameter sds."""
        return int(self.own.shape[1])

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return int(self.columns.shape[1])

    @property
    def size(self) -> int:
        """Length of xi."""
        return self.p + sum(self.sizes)

    def to_original(self, internal: FloatArray) -> FloatArray:
        """Coefficients (K, p) in the units of the data."""
        return np.asarray(self.basis.offset + internal @ self.basis.matrix.T)

    def parameters(self, xi: FloatArray) -> tuple[FloatArray, ...]:
        """The family's parameters at K points, each (size, K)."""
        out, at = [], self.p
        for prior, size in zip(self.parameter_priors, self.sizes, strict=True):
            part = xi[:, at : at + size].T
            out.append(np.exp(np.clip(part, -300, 300)) if prior.positive else part)
            at += size
        return tuple(out)

    def loading(self, segment: Segment, tau: FloatArray) -> FloatArray:
        """What one unit of each z adds to each cell, (c, rank, K)."""
        sds, rho = self.law.sds(tau), self.law.correlation(tau)
        if segment.star is not None:
            return self._star_loading(segment, sds)
        if segment.rank == 1 and self.n_tau > 1:
            variance = segment.direction**2 @ (sds**2).T  # (g, K)
            if self.law.lkj:
                product = segment.direction[:, :1] * segment.direction[:, 1:]
                variance += 2 * product * (rho * sds[:, 0] * sds[:, 1])
            sd = np.sqrt(np.maximum(variance, 0.0))
            return np.asarray(sd[segment.index][:, None, :])
        out = segment.own[:, : segment.rank, None] * sds.T[None, : segment.rank]
        if self.law.lkj and segment.rank == 2:  # u = diag(tau) L z
            out[:, 0] += out[:, 1] * rho
            out[:, 1] *= np.sqrt(1 - rho**2)
        return np.asarray(out)

    def _star_loading(self, segment: Segment, sds: FloatArray) -> FloatArray:
        star, at = star_of(segment), segment.untreated
        out = np.zeros((len(segment.cells), 2, len(sds)))
        if star.centred:
            out[:, 0] = segment.own[:, :1] * sds[:, 0]
        arm = star.arm[star.leaf]
        own = segment.own[np.arange(at, len(segment.cells)), arm]
        out[at:, 1] = own[:, None] * sds.T[arm]
        return out

    def degrees(self, segment: Segment, tau: FloatArray) -> FloatArray | None:
        """Degrees of freedom of a star's leaves, (L, K); None where they are normal."""
        if segment.star is None or not self.law.students:
            return None
        first = self.n_tau - self.law.students  # the leaves' own columns are the last
        return np.asarray(self.law.nu(tau).T[segment.star.arm - first])

    def log_density(self, tau: FloatArray, xi: FloatArray, rule: Rule) -> FloatArray:
        """Log posterior density of (tau, xi), (K, R) and (K, n), up to a constant; (K,)."""
        value = self.log_prior(tau, xi)
        for s, (order, begin) in enumerate(zip(rule.orders, rule.begin, strict=True)):
            value += self.integral(s, tau, xi, order, begin)
        return np.where(np.isfinite(value), value, -np.inf)

    def integral(
        self, number: int, tau: FloatArray, xi: FloatArray, order: int, begin: FloatArray | None
    ) -> FloatArray:
        """Log integral of one segment's groups, (K,), the search for modes begun at ``begin``."""
        segment = self.segments[number]
        data, out = self.data(segment), np.empty(len(tau))
        for k in _cuts(segment, len(tau), order, bool(self.law.students)):
            near = begin if begin is None or begin.shape[-1] == 1 else begin[..., k]
            with np.errstate(over="ignore", invalid="ignore"):
                close = CLOSE if order < MANY else PRECISE
                integrand = self._integrand(segment, data, tau[k], xi[k])
                one = integrate if segment.star is None else integrate_star
                out[k] = one(integrand, order, begin=near, close=close).value
        return out

    def modes(self, tau: FloatArray, xi: FloatArray) -> tuple[FloatArray | None, ...]:
        """Each group's mode at K points, per segment (g, rank, K), None for rank zero."""
        out: list[FloatArray | None] = []
        with np.errstate(over="ignore", invalid="ignore"):
            for segment in self.segments:
                if not segment.rank:
                    out.append(None)
                    continue
                integrand = self._integrand(segment, self.data(segment), tau, xi)
                out.append(np.nan_to_num(find_modes(integrand)[0]))
        return tuple(out)

    def information(self, xi: FloatArray) -> FloatArray:
        """What a cell tells of its linear predictor, averaged over some cells; (K,)."""
        count = len(self.weight)
        some = np.unique(np.linspace(0, count - 1, min(count, 64)).astype(np.int64))
        eta = self.columns[some] @ xi[:, : self.p].T + self.offset[some, None]
        with np.errstate(over="ignore", invalid="ignore"):
            outcome = self.outcome.take(some)
            second = self.family.slopes_of(outcome, eta, self.link, self.parameters(xi))[1]
            bound = steepest(self.family, outcome)
            told = self.weight[some, None] * np.clip(-second, 1e-12, bound)
        return np.nan_to_num(told.mean(axis=0), nan=STEEPEST)

    def marginal(self, tau: FloatArray, xi: FloatArray, order: int) -> Marginal:
        """Value, gradient and curvature in xi."""
        heavy = bool(self.law.students)
        cuts = max((_cuts(s, len(tau), order, heavy) for s in self.segments), key=len, default=[])
        if len(cuts) > 1:
            parts = [self.marginal(tau[c], xi[c], order) for c in cuts]
            return Marginal(
                np.concatenate([m.value for m in parts]),
                np.concatenate([m.gradient for m in parts]),
                np.concatenate([m.hessian for m in parts]),
            )
        with np.errstate(over="ignore", invalid="ignore"):
            value, slope, curvature = self._likelihood_slopes(tau, xi, order)
            m = self.size - self.p
            if m:  # curvature in the family's parameters, by differences of exact slopes
                step = 1e-3  # short enough for a proposal, long enough to drown rounding
                for j in range(self.p, self.size):
                    moved = xi.copy()
                    moved[:, j] += step
                    other = self._likelihood_slopes(tau, moved, order, curved=False)[1]
                    column = -(other - slope) / step
                    curvature[:, :, j] = column
                    curvature[:, j, :] = column
        prior, prior_slope, prior_curvature = self._xi_prior(xi)
        tau_prior = self._tau_prior(tau)
        return Marginal(value + prior + tau_prior, slope + prior_slope, curvature + prior_curvature)

    def log_prior(self, tau: FloatArray, xi: FloatArray) -> FloatArray:
        """Log prior density of (tau, xi); (K,)."""
        phi = self.to_original(xi[:, : self.p])
        value = self._tau_prior(tau) + self.coefficients.log_density(phi)
        at = self.p
        for prior, size in zip(self.parameter_priors, self.sizes, strict=True):
            value = value + prior.log_density(xi[:, at : at + size])[0]
            at += size
        return value

    @property
    def log_constant(self) -> float:
        """What ``log_density`` lacks to integrate to ``LogMass``."""
        of_coefficients = self.coefficients.log_constant + self.basis.log_volume
        of_spreads = np.log(self.basis.outcome_scale / self.basis.random_scale).sum()
        of_parameters = sum(
            size * prior.log_constant
            for prior, size in zip(self.parameter_priors, self.sizes, strict=True)
        )
        of_rows = self.weight.sum() * np.log(self.units).sum()  # densities are per unit of outcome
        of_law = self.law.log_constant
        return float(of_coefficients + of_spreads + of_law + of_parameters - of_rows)

    def log_prior_of_parameters(self, tau: FloatArray, xi: FloatArray) -> FloatArray:
        """The same as a density of the parameters themselves, not of their logarithms; (K,)."""
        value, at = self.log_prior(tau, xi), self.p
        for prior, size in zip(self.parameter_priors, self.sizes, strict=True):
            if prior.positive:
                value = value - xi[:, at : at + size].sum(axis=1)
            at += size
        return value if self.law.plain else value - self.law.log_slope(tau)

    def _tau_prior(self, tau: FloatArray) -> FloatArray:
        value = self.law.log_prior(tau)
        for r, prior in enumerate(self.tau_priors):
            unit = self.basis.outcome_scale / self.basis.random_scale[r]
            value = value + prior.log_density(tau[:, r] * unit)
        return value

    def _xi_prior(self, xi: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        k, p = len(xi), self.p
        phi = self.to_original(xi[:, :p])
        value = self.coefficients.log_density(phi)
        first, second = self.coefficients.slopes(phi)
        matrix = self.basis.matrix
        slope, curvature = np.zeros((k, self.size)), np.zeros((k, self.size, self.size))
        slope[:, :p] = first @ matrix
        curvature[:, :p, :p] = -(matrix.T * second[:, None, :]) @ matrix
        at = p
        for prior, size in zip(self.parameter_priors, self.sizes, strict=True):
            part = slice(at, at + size)
            density, one, two = prior.log_density(xi[:, part])
            value = value + density
            slope[:, part] = one
            curvature[:, range(at, at + size), range(at, at + size)] = -two
            at += size
        return value, slope, curvature

    def _integrand(
        self, segment: Segment, data: CellData, tau: FloatArray, xi: FloatArray
    ) -> Integrand:
        """The likelihood of a segment's groups at K points; ``data`` is the segment's."""
        fixed = self.columns[segment.cells] @ xi[:, : self.p].T
        fixed += self.offset[segment.cells, None]
        loading, nu = self.loading(segment, tau), self.degrees(segment, tau)
        return Integrand(segment, data, fixed, loading, self.parameters(xi), nu)

    def _likelihood_slopes(
        self, tau: FloatArray, xi: FloatArray, order: int, curved: bool = True
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        k, p = len(tau), self.p
        parameters = self.parameters(xi)
        value, slope = np.zeros(k), np.zeros((k, self.size))
        curvature = np.zeros((k, self.size, self.size))
        for segment in self.segments:
            integrand = self._integrand(segment, self.data(segment), tau, xi)
            one = integrate if segment.star is None else integrate_star
            part = one(integrand, order, slopes=True, close=PRECISE)
            columns = self.columns[segment.cells]
            value += part.value
            slope[:, :p] += part.first.T @ columns
            if part.parameters:
                slope[:, p:] += np.concatenate(part.parameters).T
            if curved:
                weight = np.maximum(-part.second, 0.0)  # (c, K)
                curvature[:, :p, :p] += weighted_squares(weight, columns)
                if segment.rank:
                    curvature[:, :p, :p] -= _shared(integrand, weight, columns)
        at = p
        for prior, size, at_values in zip(
            self.parameter_priors, self.sizes, parameters, strict=True
        ):
            if prior.positive:  # the coordinate is the logarithm
                slope[:, at : at + size] *= at_values.T
            at += size
        return value, slope, curvature

    def data(self, segment: Segment) -> CellData:
        """The segment's own share of the likelihood."""
        return CellData(
            self.family,
            self.link,
            self.outcome.take(segment.cells),
            self.weight[segment.cells],
        )


def _shared(integrand: Integrand, weight: FloatArray, columns: FloatArray) -> FloatArray:
    """What integrating the groups' own out takes from the curvature, (K, p, p)."""
    segment, loading = integrand.segment, integrand.loading
    if segment.star is None:
        return shared_curvature(segment, loading, weight, columns)
    return star_curvature(segment, loading, weight, columns, integrand.nu)


def _cuts(segment: Segment, points: int, order: int, heavy: bool) -> list[slice]:
    """Chunks of points that bound the memory of an array of nodes."""
    each = order**segment.rank
    if segment.star is not None:
        each = (order if segment.star.centred else 1) * leaf_nodes(order, heavy)
    nodes = len(segment.cells) * each + 1
    chunk = max(VALUES // nodes, 16)
    return [slice(i, i + chunk) for i in range(0, points, chunk)]
