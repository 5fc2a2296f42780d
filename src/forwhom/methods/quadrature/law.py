"""What the groups' own parameters follow: normals apart, correlated, or Student-t effects.

The shared parameters of that law are the R sds, and beside them unbounded coordinates: of a
correlation its inverse hyperbolic tangent, of degrees of freedom the logarithm.

Tests: tests/methods/quadrature/test_star.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.importance.scales import log_lkj
from forwhom.methods.priors import ParameterPrior

FloatArray = NDArray[np.float64]

HEAVY = 2.5  # degrees of freedom below which tails are what is hard
NO_PRIOR = ParameterPrior("flat", (), True)


@dataclass(frozen=True, slots=True)
class Law:
    """The law of a group's R own parameters given what all groups share.

    Points are (K, R + extra): the sds and then the other coordinates.

    Attributes:
        columns: R.
        lkj: shape of the prior of the one correlation, or 0 where there is none.
        students: how many of the columns, the last, are Student-t, each with its own degrees of
            freedom; nu_prior: of these.
    """

    columns: int
    lkj: float = 0.0
    students: int = 0
    nu_prior: ParameterPrior = NO_PRIOR

    @property
    def extra(self) -> int:
        """Coordinates beside the sds."""
        return self.students + (1 if self.lkj else 0)

    @property
    def plain(self) -> bool:
        """Whether the columns are normal and apart, with nothing beside the sds."""
        return not self.extra

    def sds(self, tau: FloatArray) -> FloatArray:
        """(K, R)."""
        return tau[:, : self.columns]

    def correlation(self, tau: FloatArray) -> FloatArray:
        """(K,); zero where there is none."""
        return np.tanh(tau[:, self.columns]) if self.lkj else np.zeros(len(tau))

    def nu(self, tau: FloatArray) -> FloatArray:
        """Degrees of freedom, (K, students)."""
        log_nu = tau[:, self.columns : self.columns + self.students]
        return np.exp(np.clip(log_nu, -20.0, 20.0))

    def width(self, tau: FloatArray) -> FloatArray:
        """How hard groups are to integrate by their law, to be sorted by, (K,)."""
        square = (self.sds(tau) ** 2).sum(axis=1)
        if self.students:  # tails like a power ask for many nodes
            square = square * (1 + (HEAVY / self.nu(tau).min(axis=1)) ** 3)
        return np.asarray(square)

    def scaled(self, z: FloatArray, tau: FloatArray) -> FloatArray:
        """u (g, R, K) from standard z of that shape, at the same K points."""
        sds = self.sds(tau).T
        if not self.lkj:
            return np.asarray(z * sds)
        rho = self.correlation(tau)
        second = rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1]
        return np.stack([z[:, 0], second], axis=1) * sds

    def towards(self, known: FloatArray, tau: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Variance (g, K) of known'u, known (g, R, 1), and its covariance with u, (g, R, K).

        Of the normal columns; a Student-t one is not known here.
        """
        square = self.sds(tau).T ** 2
        shared = known * square
        if not self.lkj:
            return (known**2 * square).sum(axis=1), shared
        shared += known[:, ::-1] * self.correlation(tau) * np.sqrt(square[0] * square[1])
        return np.maximum((known * shared).sum(axis=1), 0.0), shared

    def log_prior(self, tau: FloatArray) -> FloatArray:
        """Log density of the coordinates beside the sds, up to a constant; (K,)."""
        out = np.zeros(len(tau))
        if self.lkj:  # (1 - rho^2)^(shape - 1), and the slope of tanh
            out += self.lkj * log_rest(tau[:, self.columns])
        if self.students:
            out += self.nu_prior.log_density(tau[:, self.columns : self.columns + self.students])[0]
        return out

    @property
    def log_constant(self) -> float:
        """What ``log_prior`` leaves out."""
        of_correlation = -log_lkj(self.columns, self.lkj) if self.lkj else 0.0
        return of_correlation + self.students * self.nu_prior.log_constant

    def log_slope(self, tau: FloatArray) -> FloatArray:
        """log of how fast correlation and degrees of freedom move with their coordinates, (K,)."""
        if self.lkj:
            return log_rest(tau[:, self.columns])
        return np.asarray(tau[:, self.columns :].sum(axis=1))


def log_rest(x: FloatArray) -> FloatArray:
    """log(1 - tanh(x)^2), also far out.

    >>> log_rest(np.array([0.0, 400.0])).round(3).tolist()
    [0.0, -798.614]
    """
    far = np.abs(x)
    return np.asarray(2 * (np.log(2) - far - np.log1p(np.exp(-2 * far))))
