"""Shrinkage priors of modifiers: each coefficient normal with a scale that is learnt.

All are written on lambda_k = s_k zeta_k, zeta_k ~ Normal(0, 1); ``log_scales`` gives log s_k. One
scale for all (learnt), one of each coefficient's own (horseshoe), or shares of the variance that
is explained (r2d2).

Tests: tests/methods/nuts/test_density.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem
from forwhom.design import Design
from forwhom.plan.priors import SHRINKING

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CONCENTRATION = 0.5  # of R2D2's Dirichlet


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """One set of coefficients of one heterogeneity equation, S of them.

    Attributes:
        kind: "learnt", "horseshoe" or "r2d2".
        numbers: learnt: scale of the half-normal prior of the one scale; horseshoe: scale of the
            global part, scale and degrees of freedom of the slab; r2d2: mean and precision of
            R2's beta prior.
        where: (S,) which coefficients.
    """

    kind: str
    numbers: tuple[float, ...]
    where: IntArray

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return size_of(self.kind, len(self.where))

    @property
    def uses_sigma(self) -> bool:
        """Whether the scales are in units of the residual sd, where there is one."""
        return self.kind == "r2d2"

    @property
    def shared(self) -> int:
        """Which coordinate is that of all scales together."""
        return {"learnt": 0, "horseshoe": self.size - 2, "r2d2": self.size - 1}[self.kind]

    @property
    def powers(self) -> FloatArray:
        """(size,) where a coordinate is the logarithm of a power of what is like an sd, its power.

        Such a one has a density that does not vanish at zero: a half-normal or half-Cauchy scale,
        or the root of twice a gamma variable of shape one half. Zero for the others.
        """
        power = 2.0 if self.kind == "r2d2" else 1.0
        return np.r_[np.full(self.size - 1, power), 0.0] if self.kind != "learnt" else np.ones(1)

    def start(self) -> FloatArray:
        """Coordinates in the middle of the prior."""
        out = np.zeros(self.size)
        if self.kind == "learnt":
            out[0] = np.log(self.numbers[0])
        if self.kind == "horseshoe":
            out[-2], out[-1] = np.log(self.numbers[0]), 2 * np.log(self.numbers[1])
        return out

    def log_scales(self, x: FloatArray) -> FloatArray:
        """log s, (..., S), from coordinates (..., size), without the residual sd."""
        if self.kind == "learnt":
            return np.broadcast_to(x, (*x.shape[:-1], len(self.where)))
        if self.kind == "horseshoe":
            log_t2 = 2 * (x[..., :-2] + x[..., -2:-1])
            log_c2 = x[..., -1:]
            return np.asarray(0.5 * (log_t2 + log_c2 - np.logaddexp(log_t2, log_c2)))
        log_g = x[..., :-1]
        total = np.logaddexp.reduce(log_g, axis=-1, keepdims=True)
        return np.asarray(0.5 * (log_g - total + x[..., -1:]))

    def log_prior(self, x: FloatArray) -> FloatArray:
        """Log density of the scales themselves, without the coordinates' Jacobians; (...,)."""
        if self.kind == "learnt":
            return np.asarray(-0.5 * np.exp(2 * (x[..., 0] - np.log(self.numbers[0]))))
        if self.kind == "horseshoe":
            scale_global, slab, df = self.numbers
            value = -np.log1p(np.exp(2 * x[..., :-2])).sum(axis=-1)
            value -= np.log1p(np.exp(2 * (x[..., -2] - np.log(scale_global))))
            value -= (df / 2 + 1) * x[..., -1] + df * slab**2 / 2 * np.exp(-x[..., -1])
            return np.asarray(value)
        mean, precision = self.numbers
        g, logit = x[..., :-1], x[..., -1]
        value = ((CONCENTRATION - 1) * g - np.exp(g)).sum(axis=-1)
        value -= (mean * precision - 1) * np.logaddexp(0, -logit)
        value -= ((1 - mean) * precision - 1) * np.logaddexp(0, logit)
        return np.asarray(value)

    @property
    def log_constant(self) -> float:
        """What ``log_prior`` leaves out."""
        count = len(self.where)
        if self.kind == "learnt":
            return 0.5 * log(2 / pi) - log(self.numbers[0])
        if self.kind == "horseshoe":
            scale_global, slab, df = self.numbers
            of_slab = df / 2 * log(df * slab**2 / 2) - lgamma(df / 2)
            return (count + 1) * log(2 / pi) - log(scale_global) + of_slab
        a, b = self.numbers[0] * self.numbers[1], (1 - self.numbers[0]) * self.numbers[1]
        return lgamma(a + b) - lgamma(a) - lgamma(b) - count * lgamma(CONCENTRATION)

    def log_jacobian(self, x: FloatArray) -> FloatArray:
        """Of the coordinates in the scales themselves, (...,)."""
        if self.kind != "r2d2":
            return np.asarray(x.sum(axis=-1))
        g, logit = x[..., :-1], x[..., -1]
        return np.asarray(g.sum(axis=-1) - np.logaddexp(0, -logit) - np.logaddexp(0, logit))

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Coordinates (*shape, size) from their prior."""
        count = len(self.where)
        if self.kind == "learnt":
            return np.log(self.numbers[0] * np.abs(rng.standard_normal((*shape, 1))))
        if self.kind == "horseshoe":
            scale_global, slab, df = self.numbers
            local = np.log(np.abs(rng.standard_cauchy((*shape, count))))
            glob = np.log(scale_global * np.abs(rng.standard_cauchy((*shape, 1))))
            c2 = np.log(df * slab**2 / 2 / rng.gamma(df / 2, size=(*shape, 1)))
            return np.concatenate([local, glob, c2], axis=-1)
        mean, precision = self.numbers
        g = np.log(np.maximum(rng.gamma(CONCENTRATION, size=(*shape, count)), 1e-300))
        r2 = rng.beta(mean * precision, (1 - mean) * precision, (*shape, 1))
        return np.concatenate([g, np.log(r2) - np.log1p(-r2)], axis=-1)

    def log_density(self, x: FloatArray, d_log_s: FloatArray) -> tuple[float, FloatArray]:
        """Log prior density of the coordinates, and slopes of it and of what depends on log s.

        Horseshoe: Piironen and Vehtari (2017), EJS 11(2), eq. 2.8. R2D2: Zhang, Naughton, Bondell
        and Reich (2022), JASA 117(538), with Dirichlet concentration 0.5.

        Args:
            x: (size,); d_log_s: (S,) slope of everything else in log s.
        """
        if self.kind == "learnt":
            square = float(np.exp(2 * (x[0] - np.log(self.numbers[0]))))
            return float(x[0]) - 0.5 * square, np.array([d_log_s.sum() + 1 - square])
        return self._horseshoe(x, d_log_s) if self.kind == "horseshoe" else self._r2d2(x, d_log_s)

    def _horseshoe(self, x: FloatArray, d_log_s: FloatArray) -> tuple[float, FloatArray]:
        scale_global, slab, df = self.numbers
        log_local, log_tau, log_c2 = x[:-2], x[-2], x[-1]
        log_t2 = 2 * (log_local + log_tau)
        free = np.exp(log_c2 - np.logaddexp(log_t2, log_c2))  # 1 where the slab does not bind
        local2, global2 = np.exp(2 * log_local), np.exp(2 * (log_tau - np.log(scale_global)))
        half, inside = df / 2, df * slab**2 / 2 * np.exp(-log_c2)
        value = (log_local - np.log1p(local2)).sum() + log_tau - np.log1p(global2)
        value += -half * log_c2 - inside
        slope = np.empty(len(x))
        slope[:-2] = d_log_s * free + 1 - 2 * local2 / (1 + local2)
        slope[-2] = float(d_log_s @ free) + 1 - 2 * global2 / (1 + global2)
        slope[-1] = 0.5 * float(d_log_s @ (1 - free)) - half + inside
        return float(value), slope

    def _r2d2(self, x: FloatArray, d_log_s: FloatArray) -> tuple[float, FloatArray]:
        mean, precision = self.numbers
        log_g, logit = x[:-1], x[-1]
        a, b = mean * precision, (1 - mean) * precision
        g, r2 = np.exp(log_g), 1 / (1 + np.exp(-logit))
        share = g / g.sum()
        value = (CONCENTRATION * log_g - g).sum()
        value += -a * np.logaddexp(0, -logit) - b * np.logaddexp(0, logit)
        slope = np.empty(len(x))
        slope[:-1] = 0.5 * (d_log_s - share * d_log_s.sum()) + CONCENTRATION - g
        slope[-1] = 0.5 * d_log_s.sum() + a * (1 - r2) - b * r2
        return float(value), slope


def size_of(kind: str, count: int) -> int:
    """Number of coordinates of a set of so many coefficients."""
    return {"learnt": 1, "horseshoe": count + 2, "r2d2": count + 1}[kind]


def coordinates_of(design: Design) -> int:
    """Number of coordinates of the scales that a design's shrinkage priors learn."""
    plan, found = design.plan, 0
    for effect in design.effects:
        column = effect.treatment.column if len(design.effects) > 1 else None
        priors = [plan.prior("lambda", name, column) for name in effect.lambda_names[1:]]
        shrinking = [p.distribution for p in priors if p and p.distribution in SHRINKING]
        found += size_of(shrinking[0], len(shrinking)) if shrinking else 0
    return found


def shrinkage_of(problem: Problem) -> tuple[Shrinkage, ...]:
    """One set for each effect whose modifier coefficients learn their scales."""
    found, priors = [], problem.priors
    for part in problem.cells.layout.lambdas:
        where = [
            j
            for j in range(part.start, part.stop)
            if priors.coefficients[j].prior.distribution in SHRINKING
        ]
        if where:
            prior = priors.coefficients[where[0]].prior
            found.append(Shrinkage(prior.distribution, prior.parameters, np.array(where)))
    return tuple(found)
