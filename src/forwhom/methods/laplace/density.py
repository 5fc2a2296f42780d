"""The joint log density of rows, levels, coefficients and scales, at many points at once.

A cell's linear predictor, for each of L predictors, is

    F phi + offset + sum over factors f of own_f u_f[level of the cell],   u_f = mix_f z_f,

z standard normal, mix_f the sds times the correlations' Cholesky factor: nothing is divided by an
sd, so an sd of zero is no special case. A point x holds the scales' coordinates (``Scales``, every
predictor's factors one after the other), then those of the family's parameters, positive ones as
logarithms.

The vector v (N,) given x holds z of the factor that is eliminated, level by level, in it predictor
by predictor and own parameter by own parameter; then for each predictor the dense columns: z of the
other factors, own parameter by own parameter and level by level, and the coefficients.

Tests: tests/methods/laplace/test_density.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, pi

import numpy as np
from numpy.typing import NDArray

from forwhom.families import Family, Outcome
from forwhom.methods.importance.scales import ScalePoints, Scales
from forwhom.methods.laplace.columns import Block, Columns
from forwhom.methods.priors import CoefficientPriors, ParameterPrior
from forwhom.methods.units import Basis

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LARGEST = 300.0  # logarithm of a parameter
LEAST = -50.0  # logarithm of a learnt scale: what is held so tightly is zero


@dataclass(frozen=True, eq=False)
class At:
    """K points taken apart.

    Attributes:
        mixes: per factor (L, R, R, K), lower triangular.
        parameters: the family's, (size, K) each.
        value: (K,) log density of the points' own priors, Jacobians of the coordinates included.
        learnt: (K, L, p) precisions of the coefficients whose scales are learnt, else zero; None
            where there are none.
    """

    mixes: tuple[FloatArray, ...]
    parameters: tuple[FloatArray, ...]
    value: FloatArray
    learnt: FloatArray | None = None

    def take(self, points: IntArray) -> At:
        """Some of them."""
        return At(
            tuple(mix[..., points] for mix in self.mixes),
            tuple(one[:, points] for one in self.parameters),
            self.value[points],
            None if self.learnt is None else self.learnt[points],
        )


@dataclass(frozen=True, eq=False)
class LevelModel:
    """Log density of everything, on C cells.

    Attributes:
        family, link: the likelihood; predictors: L.
        outcome: C cells; weight: (C,) rows behind each; offset: (C,).
        columns: what the cells multiply; factors: how many factors one predictor has.
        scales: coordinates of sds and correlations.
        basis, coefficients: as in the other methods.
        parameter_priors, sizes, units: one per family parameter.
        start: (p,) where phi begins; own_start: where the family's parameters do.
    """

    family: Family
    link: str
    predictors: int
    outcome: Outcome
    weight: FloatArray
    offset: FloatArray
    columns: Columns
    factors: int
    scales: Scales
    basis: Basis
    coefficients: CoefficientPriors
    parameter_priors: tuple[ParameterPrior, ...]
    sizes: tuple[int, ...]
    units: tuple[float, ...]
    start: FloatArray
    own_start: FloatArray

    @property
    def n_x(self) -> int:
        """Coordinates of a point."""
        return self.scales.size + sum(self.sizes)

    @property
    def n_own(self) -> int:
        """Entries of v that belong to the factor that is eliminated."""
        return self.predictors * self.columns.own

    @property
    def n_v(self) -> int:
        """N."""
        return self.n_own + self.predictors * self.columns.m

    @property
    def cost(self) -> float:
        """Multiplications that one density takes, about."""
        dense, cells = self.predictors * self.columns.m, len(self.weight) * self.predictors
        return float(dense**3 / 3 + self.n_own * dense**2 / 2 + 200 * cells * self.predictors)

    @property
    def log_constant(self) -> float:
        """What weights lack to average to ``LogMass``.

        The powers of 2 pi of the levels' laws and of the proposals' cancel, and those of normal
        priors of coefficients.
        """
        learnt = sum(len(one.where) for one in self.scales.shrinkage)
        of_each = self.coefficients.log_constant + self.basis.log_volume
        of_each += 0.5 * self.columns.p * log(2 * pi)
        of_parameters = sum(
            size * prior.log_constant
            for prior, size in zip(self.parameter_priors, self.sizes, strict=True)
        )
        of_rows = self.weight.sum() * np.log(self.units).sum()  # densities are per unit of outcome
        out = self.predictors * of_each - 0.5 * learnt * log(2 * pi)
        return float(out + self.scales.log_constant + of_parameters - of_rows)

    @cached_property
    def plain(self) -> bool:
        """Whether every cell counts once."""
        return bool((self.weight == 1).all())

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All factors' places, the one that is eliminated first."""
        first = self.columns.first
        return (() if first is None else (first,)) + self.columns.dense

    def begin(self) -> FloatArray:
        """(N,) where the search for the first centre begins."""
        v = np.zeros(self.n_v)
        self._dense(v[None, :, None])[:, :, self.columns.m - self.columns.p :, :] = self.start[
            None, None, :, None
        ]
        return v

    def at(self, x: FloatArray) -> At:
        """Take points (K, n_x) apart."""
        n = self.scales.size
        found = self.scales.points(x[:, :n])
        value = found.log_prior + found.log_jacobian
        own, at = [], n
        for prior, size in zip(self.parameter_priors, self.sizes, strict=True):
            part = x[:, at : at + size]
            with np.errstate(over="ignore"):
                value = value + prior.log_density(part)[0]
            own.append(self._parameter(prior, part).T)
            at += size
        at_mixes, learnt = self._mixes(found), None
        if self.scales.shrinkage:
            learnt, log_scale = self._learnt(found, own)
            value = value - log_scale
        return At(at_mixes, tuple(own), value, learnt)

    def _learnt(self, found: ScalePoints, own: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Precisions (K, L, p) of coefficients whose scales are learnt, log scales summed (K,)."""
        each = len(self.scales.shrinkage) // self.predictors
        precision = np.zeros((len(found.log_prior), self.predictors, self.columns.p))
        total = np.zeros(len(precision))
        for k, (one, log_s) in enumerate(zip(self.scales.shrinkage, found.log_s, strict=True)):
            if one.uses_sigma and self.family.parameter_names[:1] == ("sigma",):
                log_s = log_s + np.log(own[0] * self.units[0])
            log_s = np.maximum(log_s, LEAST)
            precision[:, k // each, one.where] = np.exp(-2 * log_s.T)
            total += log_s.sum(axis=0)
        return precision, total

    @staticmethod
    def _parameter(prior: ParameterPrior, coordinates: FloatArray) -> FloatArray:
        if not prior.positive:
            return coordinates
        return np.asarray(np.exp(np.clip(coordinates, -LARGEST, LARGEST)))

    def _mixes(self, found: ScalePoints) -> tuple[FloatArray, ...]:
        out = []
        for f in range(self.factors):
            each = []
            for i in range(self.predictors):
                tau, root = found.tau[i * self.factors + f], found.root[i * self.factors + f]
                mix = np.eye(len(tau))[:, :, None] if root is None else root
                each.append(tau[:, None] * mix)
            out.append(np.stack(each))
        return tuple(out)

    def _own(self, v: FloatArray) -> FloatArray:
        """The eliminated factor's part of (K, N, S), a view (K, H, L, R, S)."""
        first = self.columns.first
        assert first is not None
        shape = (len(v), first.levels, self.predictors, first.columns, v.shape[2])
        return v[:, : self.n_own].reshape(shape)

    def _dense(self, v: FloatArray) -> FloatArray:
        """The dense part of (K, N, S), a view (K, L, m, S)."""
        return v[:, self.n_own :].reshape(len(v), self.predictors, -1, v.shape[2])

    def scaled(self, v: FloatArray, by: FloatArray) -> FloatArray:
        """v (K, N) with the z's of every sd times a number, (K, sds) in the order of ``scales``."""
        out = v[:, :, None].copy()
        dense, at = self._dense(out), 0
        for i in range(self.predictors):
            for block in sorted(self.blocks, key=lambda block: block.factor):
                for r in range(block.columns):
                    if block is self.columns.first:
                        self._own(out)[:, :, i, r] *= by[:, at, None, None]
                    else:
                        low = block.start + r * block.levels
                        dense[:, i, low : low + block.levels] *= by[:, at, None, None]
                    at += 1
        return out[:, :, 0]

    def u(self, v: FloatArray, mixes: tuple[FloatArray, ...]) -> FloatArray:
        """What the cells multiply, (n, L, K, S), from v (K, N, S)."""
        count, draws, e = len(v), v.shape[2], self.columns.own
        out = np.empty((e + self.columns.m, self.predictors, count, draws))
        dense = self._dense(v)
        for block in self.blocks:
            mix = mixes[block.factor][..., None]  # (L, R, R, K, 1)
            if block is self.columns.first:
                z = self._own(v).transpose(3, 1, 2, 0, 4)  # (R, H, L, K, S)
                into = out[:e]
            else:
                z = dense[:, :, block.start : block.stop].transpose(2, 1, 0, 3)
                into = out[e + block.start : e + block.stop]
                z = z.reshape(block.columns, block.levels, *z.shape[1:])
            each = into.reshape(block.columns, block.levels, *into.shape[1:])
            for r in range(block.columns):
                np.multiply(mix[:, r, r], z[r], out=each[r])
                for s in range(r):
                    if mix[:, r, s].any():
                        each[r] += mix[:, r, s] * z[s]
        low = self.columns.m - self.columns.p
        out[e + low :] = dense[:, :, low:].transpose(2, 1, 0, 3)
        return out

    def predictor(self, v: FloatArray, mixes: tuple[FloatArray, ...]) -> FloatArray:
        """Linear predictors (L, C, K S) at v (K, N, S)."""
        out = self.moved(v, mixes)
        out += self.offset[:, None]
        return out

    def moved(self, v: FloatArray, mixes: tuple[FloatArray, ...]) -> FloatArray:
        """The same without the offset, linear in v."""
        u = self.u(v, mixes)
        n, lp = u.shape[:2]
        out = self.columns.matrix @ u.reshape(n, -1)
        return np.asarray(out.reshape(len(self.weight), lp, -1).transpose(1, 0, 2))

    def moved_by_own(self, own: FloatArray, mixes: tuple[FloatArray, ...]) -> FloatArray:
        """What the eliminated factor adds to the predictors, (L, C, K S), from (K, n_own, S)."""
        first, (matrix, _) = self.columns.first, self.columns.of_own
        assert first is not None
        z = self._own(own).transpose(3, 1, 2, 0, 4)  # (R, H, L, K, S)
        mix, u = mixes[first.factor][..., None], np.empty(z.shape)
        for r in range(first.columns):
            np.multiply(mix[:, r, r], z[r], out=u[r])
            for s in range(r):
                if mix[:, r, s].any():
                    u[r] += mix[:, r, s] * z[s]
        out = matrix @ u.reshape(first.stop, -1)
        return np.asarray(out.reshape(len(self.weight), self.predictors, -1).transpose(1, 0, 2))

    def pulled(self, slopes: FloatArray, mixes: tuple[FloatArray, ...]) -> FloatArray:
        """Slopes in v (K, N) from those in the linear predictors, (L, C, K)."""
        lp, cells, count = slopes.shape
        flat = np.ascontiguousarray(slopes.transpose(1, 0, 2)).reshape(cells, -1)
        found = (self.columns.turned @ flat).reshape(-1, lp, count)
        out, e = np.empty((count, self.n_v, 1)), self.columns.own
        dense = self._dense(out)
        for block in self.blocks:
            mix = mixes[block.factor]
            own = block is self.columns.first
            begin = block.start if own else e + block.start
            part = found[begin : begin + block.stop - block.start]
            part = part.reshape(block.columns, block.levels, lp, count)
            for s in range(block.columns):
                total = mix[:, s, s] * part[s]
                for r in range(s + 1, block.columns):
                    if mix[:, r, s].any():
                        total += mix[:, r, s] * part[r]
                if own:
                    self._own(out)[:, :, :, s, 0] = total.transpose(2, 0, 1)
                else:
                    low = block.start + s * block.levels
                    dense[:, :, low : low + block.levels, 0] = total.transpose(2, 1, 0)
        low = self.columns.m - self.columns.p
        dense[:, :, low:, 0] = found[e + low :].transpose(2, 1, 0)
        return out[:, :, 0]

    def likelihood_arguments(self, eta: FloatArray) -> FloatArray:
        """(L, C, *S) as the family takes it."""
        return eta if self.family.several else eta[0]

    def log_density(self, v: FloatArray, at: At) -> FloatArray:
        """Log density of the rows and of v (K, N, S) given the points, up to a constant; (K, S)."""
        value = self.rows(self.predictor(v, at.mixes), at).sum(axis=0).reshape(len(v), -1)
        value -= 0.5 * np.einsum("kns,kns->ks", v[:, : self.n_own], v[:, : self.n_own])
        value += self.dense_prior(v, at)
        return np.where(np.isnan(value), -np.inf, value)

    def rows(self, eta: FloatArray, at: At) -> FloatArray:
        """Log likelihood of every cell's rows, (C, K S), at predictors (L, C, K S)."""
        eta = self.likelihood_arguments(eta)
        each = eta.shape[-1] // len(at.value)
        parameters = [np.repeat(one, each, axis=1) for one in at.parameters]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = self.family.log_likelihood(self.outcome, eta, self.link, parameters)
            return np.asarray(found if self.plain else self.weight[:, None] * found)

    def dense_prior(self, v: FloatArray, at: At) -> FloatArray:
        """Log density of the dense part of v (K, N, S) given the points, up to a constant; (K, S).

        Coefficients whose scales are learnt have their normalising constant in ``At.value``.
        """
        dense, low = self._dense(v), self.columns.m - self.columns.p
        value = -0.5 * np.einsum("klms,klms->ks", dense[:, :, :low], dense[:, :, :low])
        original = self.to_original(dense[:, :, low:].transpose(0, 3, 1, 2))
        prior = self.coefficients.log_density(original.reshape(-1, self.columns.p))
        value += prior.reshape(len(v), v.shape[2], -1).sum(axis=2)
        if at.learnt is not None:
            value -= 0.5 * np.einsum("kslp,kslp,klp->ks", original, original, at.learnt)
        return np.asarray(value)

    def prior_slopes(self, v: FloatArray, at: At) -> tuple[FloatArray, FloatArray]:
        """Slopes (K, N) of v's own log density at v (K, N), and coefficients' precisions.

        The latter (K, L, p, p): of a Student-t prior that of the normal below it, which is never
        negative.
        """
        slope = -v
        low = self.columns.m - self.columns.p
        phi = self._dense(v[:, :, None])[:, :, low:, 0]
        original, matrix = self.to_original(phi), self.basis.matrix
        flat = self.coefficients.slopes(original.reshape(-1, self.columns.p))[0].reshape(phi.shape)
        precision = np.broadcast_to(self.coefficients.precision(), phi.shape)
        if at.learnt is not None:
            flat = flat - at.learnt * original
            precision = precision + at.learnt
        self._dense(slope[:, :, None])[:, :, low:, 0] = flat @ matrix
        heavy = self.coefficients.heavy
        if len(heavy):
            df, scale = self.coefficients.df[heavy], self.coefficients.sd[heavy]
            off = (original - self.coefficients.mean)[..., heavy]
            precision = precision.copy()
            precision[..., heavy] = (df + 1) / (df * scale**2 + off**2)
        return slope, matrix.T @ (precision[..., None] * matrix)

    def to_original(self, internal: FloatArray) -> FloatArray:
        """Coefficients (..., p) in the units of the data."""
        return np.asarray(self.basis.offset + internal @ self.basis.matrix.T)
