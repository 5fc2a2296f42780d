"""A mixture of multivariate Student-t distributions, learnt from weighted points."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

STEADY = 3.0  # points a coordinate that the whole's covariance counts for in a component's
LEAST_SHARE = 0.02  # a component with less of the weight is left out


@dataclass(frozen=True, slots=True)
class StudentMixture:
    """C components in n dimensions.

    Attributes:
        share: (C,) summing to one; mean: (C, n); root: (C, n, n) lower triangular factors of the
            scale matrices; df: (C,) degrees of freedom.
    """

    share: FloatArray
    mean: FloatArray
    root: FloatArray
    df: FloatArray

    def log_density(self, x: FloatArray) -> FloatArray:
        """(K,) at x (K, n), constants kept."""
        return log_sum(self._parts(x)[0])

    def draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        """(count, n), components stratified."""
        n = self.mean.shape[1]
        strata = (np.arange(count) + rng.random(count)) / count
        part = np.searchsorted(np.cumsum(self.share)[:-1], strata)
        noise = rng.standard_normal((count, n))
        df = self.df[part]
        noise *= np.sqrt(df / rng.chisquare(df))[:, None]
        return np.asarray(self.mean[part] + np.einsum("kij,kj->ki", self.root[part], noise))

    def learn(self, x: FloatArray, weight: FloatArray, rounds: int = 3) -> StudentMixture:
        """Nearer to the law that weighted points come from, by steps of EM.

        Cappe, Douc, Guillin, Marin and Robert 2008, Statistics and Computing 18(4), with every
        component's covariance held near that of the whole where it has few points.

        Args:
            x: (N, n); weight: (N,) summing to one.
        """
        kept = weight > 1e-12 * weight.max()
        if not kept.any():  # weights that are no numbers teach nothing
            return self
        x, weight = x[kept], weight[kept]
        n = x.shape[1]
        mean = weight @ x
        known = 1 / (weight**2).sum()
        whole = (1 + n / known) * ((x - mean).T @ ((x - mean) * weight[:, None]))
        found = self
        for _ in range(rounds):
            logs, square = found._parts(x)
            shares = np.exp(logs - log_sum(logs))
            mass = shares * weight
            pull = mass * ((found.df[:, None] + n) / (found.df[:, None] + square))
            total = mass.sum(axis=1)
            used = total > LEAST_SHARE
            total, pull, mass = total[used], pull[used], mass[used]
            means = (pull @ x) / pull.sum(axis=1, keepdims=True)
            off = x - means[:, None]
            scatter = np.einsum("ck,cki,ckj->cij", pull, off, off) / total[:, None, None]
            points = (known * total)[:, None, None]
            scatter = (points * scatter + STEADY * n * whole) / (points + STEADY * n)
            root = _roots(scatter)
            found = StudentMixture(total / total.sum(), means, root, found.df[used])
        return found

    def _parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Log of share times density of each component, and squared distance; (C, K) each."""
        n = x.shape[1]
        logs = np.empty((len(self.share), len(x)))
        square = np.empty_like(logs)
        for c, (share, df) in enumerate(zip(self.share.tolist(), self.df.tolist(), strict=True)):
            inverse = np.linalg.inv(self.root[c])
            with np.errstate(over="ignore"):  # from far away every component looks the same
                square[c] = (((x - self.mean[c]) @ inverse.T) ** 2).sum(axis=1)
            constant = lgamma((df + n) / 2) - lgamma(df / 2) - n / 2 * log(df * pi) + log(share)
            constant += float(np.log(np.abs(np.diag(inverse))).sum())
            logs[c] = constant - (df + n) / 2 * np.log1p(square[c] / df)
        return logs, square


def around(mean: FloatArray, covariance: FloatArray, df: float) -> StudentMixture:
    """One component."""
    return StudentMixture(np.ones(1), mean[None], _roots(covariance[None]), np.array([df]))


def mixed(parts: list[tuple[float, StudentMixture]]) -> StudentMixture:
    """Several mixtures in one, by their shares, which sum to one."""
    return StudentMixture(
        np.concatenate([share * one.share for share, one in parts]),
        np.concatenate([one.mean for _, one in parts]),
        np.concatenate([one.root for _, one in parts]),
        np.concatenate([one.df for _, one in parts]),
    )


def log_sum(logs: FloatArray) -> FloatArray:
    """log of the summed exponentials over the first axis."""
    top = logs.max(axis=0)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(np.exp(logs - top).sum(axis=0)))


def _roots(covariance: FloatArray) -> FloatArray:
    """Lower Cholesky factors, of matrices that rounding may have spoilt."""
    size = np.sqrt(np.maximum(np.einsum("cii->ci", covariance), 1e-300))
    scaled = covariance / (size[:, :, None] * size[:, None])
    scaled = scaled + 1e-9 * np.eye(covariance.shape[1])
    return np.asarray(size[:, :, None] * np.linalg.cholesky(scaled))
