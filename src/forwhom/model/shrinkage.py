"""Shrinkage priors for many modifiers: each coefficient normal with a scale that is learnt.

Both are written on lambda_k = s_k zeta_k, zeta_k ~ Normal(0, 1); ``log_scales`` gives log s_k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """One set of coefficients of one heterogeneity equation, S of them.

    Attributes:
        kind: "horseshoe" or "r2d2".
        numbers: horseshoe: scale of the global part, scale and degrees of freedom of the slab;
            r2d2: mean and precision of R2's beta prior.
        where: (S,) which coefficients.
    """

    kind: str
    numbers: tuple[float, ...]
    where: IntArray

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return len(self.where) + (2 if self.kind == "horseshoe" else 1)

    @property
    def uses_sigma(self) -> bool:
        """Whether the scales are in units of the residual sd, where there is one."""
        return self.kind == "r2d2"

    def start(self) -> FloatArray:
        """Coordinates in the middle of the prior."""
        out = np.zeros(self.size)
        if self.kind == "horseshoe":
            out[-2], out[-1] = np.log(self.numbers[0]), 2 * np.log(self.numbers[1])
        return out

    def log_scales(self, x: FloatArray) -> FloatArray:
        """log s, (..., S), from coordinates (..., size), without the residual sd."""
        if self.kind == "horseshoe":
            log_t2 = 2 * (x[..., :-2] + x[..., -2:-1])
            log_c2 = x[..., -1:]
            return np.asarray(0.5 * (log_t2 + log_c2 - np.logaddexp(log_t2, log_c2)))
        log_g = x[..., :-1]
        total = np.logaddexp.reduce(log_g, axis=-1, keepdims=True)
        return np.asarray(0.5 * (log_g - total + x[..., -1:]))

    def log_density(self, x: FloatArray, d_log_s: FloatArray) -> tuple[float, FloatArray]:
        """Log prior density of the coordinates, and slopes of it and of what depends on log s.

        Horseshoe: Piironen and Vehtari (2017), EJS 11(2), eq. 2.8. R2D2: Zhang, Naughton, Bondell
        and Reich (2022), JASA 117(538), with Dirichlet concentration 0.5.

        Args:
            x: (size,); d_log_s: (S,) slope of everything else in log s.
        """
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
        concentration = 0.5
        log_g, logit = x[:-1], x[-1]
        a, b = mean * precision, (1 - mean) * precision
        g, r2 = np.exp(log_g), 1 / (1 + np.exp(-logit))
        share = g / g.sum()
        value = (concentration * log_g - g).sum()
        value += -a * np.logaddexp(0, -logit) - b * np.logaddexp(0, logit)
        slope = np.empty(len(x))
        slope[:-1] = 0.5 * (d_log_s - share * d_log_s.sum()) + concentration - g
        slope[-1] = 0.5 * d_log_s.sum() + a * (1 - r2) - b * r2
        return float(value), slope
