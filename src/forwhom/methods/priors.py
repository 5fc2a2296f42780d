"""Log densities of the prior distributions, on plain arrays.

Constants are kept, so that a prior is a proper density (``flat`` is zero everywhere).

Tests: tests/methods/nuts/test_density.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log, log1p, pi

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScalePrior:
    """The prior of one standard deviation.

    Attributes:
        distribution: half_normal, half_student_t, half_cauchy, exponential, gamma or flat.
        parameters: the numbers in the prior's text, in its order.
    """

    distribution: str
    parameters: tuple[float, ...]

    def log_density(self, x: FloatArray) -> FloatArray:
        """Log density at x >= 0 (any shape)."""
        if self.distribution == "flat":
            return np.zeros_like(x)
        if self.distribution == "exponential":
            rate = self.parameters[0]
            return np.asarray(log(rate) - rate * x)
        if self.distribution == "gamma":
            shape, rate = self.parameters
            with np.errstate(divide="ignore"):
                kernel = (shape - 1) * np.log(x) - rate * x
            return np.asarray(kernel + shape * log(rate) - lgamma(shape))
        if self.distribution == "half_normal":
            scale = self.parameters[0]
            return np.asarray(0.5 * log(2 / pi) - log(scale) - 0.5 * (x / scale) ** 2)
        df, scale = self.student()
        constant = log(2) + lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * pi) - log(scale)
        return np.asarray(constant - (df + 1) / 2 * np.log1p((x / scale) ** 2 / df))

    def student(self) -> tuple[float, float]:
        """Degrees of freedom and scale; a half-Cauchy is a half-t with one degree."""
        if self.distribution == "half_cauchy":
            return 1.0, self.parameters[0]
        return self.parameters[0], self.parameters[1]


@dataclass(frozen=True, slots=True)
class CoefficientPriors:
    """Independent priors of the linear coefficients, as arrays of shape (p,).

    Attributes:
        mean: prior locations.
        sd: normal sd or Student-t scale; infinite where the prior is flat.
        df: Student-t degrees of freedom; infinite where the prior is normal or flat.
    """

    mean: FloatArray
    sd: FloatArray
    df: FloatArray

    @property
    def heavy(self) -> NDArray[np.int64]:
        """Indices of the coefficients with a Student-t prior."""
        return np.flatnonzero(np.isfinite(self.df))

    def precision(self) -> FloatArray:
        """1 / sd^2, zero where flat."""
        return np.asarray(1.0 / self.sd**2)

    def log_density(self, x: FloatArray) -> FloatArray:
        """Log density of coefficients (K, p), up to a constant; (K,)."""
        step = (x - self.mean) * np.sqrt(self.precision())
        normal = -0.5 * step**2
        heavy = self.heavy
        if len(heavy):
            df = self.df[heavy]
            normal[:, heavy] = -(df + 1) / 2 * np.log1p(step[:, heavy] ** 2 / df)
        return np.asarray(normal.sum(axis=1))

    @property
    def log_scales(self) -> float:
        """Logarithms of the sds and Student-t scales, added up; a flat prior has none."""
        return float(np.log(self.sd[np.isfinite(self.sd)]).sum())

    @property
    def log_constant(self) -> float:
        """What ``log_density`` leaves out."""
        normal = int((np.isfinite(self.sd) & ~np.isfinite(self.df)).sum())
        heavy = sum(_student_constant(df) for df in self.df[self.heavy].tolist())
        return heavy - 0.5 * log(2 * pi) * normal - self.log_scales

    def slopes(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """First and second derivatives of the log density, (K, p) each."""
        precision = self.precision()
        off = x - self.mean
        first, second = -precision * off, np.tile(-precision, (len(x), 1))
        heavy = self.heavy
        if len(heavy):
            df, scale2 = self.df[heavy], self.sd[heavy] ** 2
            off = off[:, heavy]
            base = df * scale2 + off**2
            first[:, heavy] = -(df + 1) * off / base
            second[:, heavy] = -(df + 1) * (df * scale2 - off**2) / base**2
        return first, second


@dataclass(frozen=True, slots=True)
class ParameterPrior:
    """The prior of a family's own parameter, every entry alike.

    Attributes:
        distribution: one that a scale or a coefficient can have, or gamma.
        numbers: in the prior's text, in its order.
        positive: whether the coordinate is the parameter's logarithm.
    """

    distribution: str
    numbers: tuple[float, ...]
    positive: bool

    def log_density(self, coordinate: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Log density of the coordinates (K, size) summed, (K,), and two slopes, (K, size).

        Up to a constant; for a positive parameter with the logarithm's Jacobian.
        """
        x = np.exp(np.clip(coordinate, -300, 300)) if self.positive else coordinate
        numbers = self.numbers
        zero = np.zeros_like(x)
        if self.distribution == "flat":
            value, first, second = zero, zero, zero
        elif self.distribution == "exponential":
            value, first, second = -numbers[0] * x, zero - numbers[0], zero
        elif self.distribution == "gamma":
            shape, rate = numbers
            value = (shape - 1) * np.log(x) - rate * x
            first, second = (shape - 1) / x - rate, -(shape - 1) / x**2
        elif self.distribution in ("normal", "half_normal"):
            mean, sd = numbers if self.distribution == "normal" else (0.0, numbers[0])
            value = -0.5 * ((x - mean) / sd) ** 2
            first, second = -(x - mean) / sd**2, zero - 1 / sd**2
        else:
            df, mean, scale = _student(self.distribution, numbers)
            off, base = x - mean, df * scale**2 + (x - mean) ** 2
            value = -(df + 1) / 2 * np.log1p(off**2 / (df * scale**2))
            first = -(df + 1) * off / base
            second = -(df + 1) / base * ((df * scale**2 - off**2) / base)  # base^2 may overflow
        if self.positive:  # in the logarithm
            second = x**2 * second + x * first
            first = x * first + 1.0
            value = value + coordinate
        return value.sum(axis=1), first, second

    @property
    def log_constant(self) -> float:
        """What ``log_density`` leaves out of one entry's; of a flat prior there is none."""
        numbers = self.numbers
        if self.distribution == "flat":
            return 0.0
        if self.distribution == "exponential":
            return log(numbers[0])
        if self.distribution == "gamma":
            return numbers[0] * log(numbers[1]) - lgamma(numbers[0])
        half = log(2) if self.distribution.startswith("half_") else 0.0
        if self.distribution in ("normal", "half_normal"):
            return half - 0.5 * log(2 * pi) - log(numbers[-1])
        df, _, scale = _student(self.distribution, numbers)
        return half + _student_constant(df) - log(scale)

    def at(self, coordinate: float) -> tuple[float, float]:
        """Log density of one coordinate and its slope; the same as above, without arrays."""
        x = exp(min(max(coordinate, -300.0), 300.0)) if self.positive else coordinate
        numbers = self.numbers
        if self.distribution == "flat":
            value, first = 0.0, 0.0
        elif self.distribution == "exponential":
            value, first = -numbers[0] * x, -numbers[0]
        elif self.distribution == "gamma":
            shape, rate = numbers
            value, first = (shape - 1) * log(x) - rate * x, (shape - 1) / x - rate
        elif self.distribution in ("normal", "half_normal"):
            mean, sd = numbers if self.distribution == "normal" else (0.0, numbers[0])
            value, first = -0.5 * ((x - mean) / sd) ** 2, -(x - mean) / sd**2
        else:
            df, mean, scale = _student(self.distribution, numbers)
            off = x - mean
            value = -(df + 1) / 2 * log1p(off**2 / (df * scale**2))
            first = -(df + 1) * off / (df * scale**2 + off**2)
        return (value + coordinate, x * first + 1.0) if self.positive else (value, first)


def _student(distribution: str, numbers: tuple[float, ...]) -> tuple[float, float, float]:
    if distribution == "student_t":
        return numbers[0], numbers[1], numbers[2]
    if distribution == "half_cauchy":
        return 1.0, 0.0, numbers[0]
    return numbers[0], 0.0, numbers[1]


def _student_constant(df: float) -> float:
    """Log density of a standard Student-t at zero."""
    return lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * pi)
