"""Coordinates in which tight priors are exact.

A prior that is tight compared with what the data can tell adds to the precision matrix numbers so
large that rounding loses the data's. It does no harm where the numbers stand alone: with the prior
standard normal in W phi - t, rows sorted by size, W = L Q turns phi into psi = Q phi, in which the
tightest prior holds the first coordinate alone, the next the first two, and so on (the way of
Golub and Van Loan 2013, section 6.2, for least squares with weights of very different size). The
origin is moved to where the tight priors point, so that nothing cancels there either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.priors import CoefficientPriors
from forwhom.methods.units import Basis

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TIGHT = 100.0  # prior precision, where a column of size one and an outcome of spread one count one
OFF = 100.0  # prior sds between a prior's mean and the data's centre


@dataclass(frozen=True, slots=True)
class Turn:
    """internal = move + turn psi.

    Attributes:
        turn: (p, p) orthogonal; move: (p,).
        held: coordinates of psi that tight priors hold around zero.
        basis: from psi to the coefficients as written.
    """

    turn: FloatArray
    move: FloatArray
    held: IntArray
    basis: Basis

    def bordered(self) -> FloatArray:
        """What columns and outcome, side by side, are multiplied by; (p + 1, p + 1)."""
        p = len(self.move)
        out = np.zeros((p + 1, p + 1))
        out[:p, :p], out[:p, p], out[p, p] = self.turn, -self.move, 1.0
        return out

    def begin(self, start: FloatArray) -> FloatArray:
        """psi of an internal start, held coordinates at zero."""
        psi = self.turn.T @ (start - self.move)
        psi[self.held] = 0.0
        return np.asarray(psi)


def find_turn(
    basis: Basis, priors: CoefficientPriors, apart: IntArray | None = None
) -> Turn | None:
    """The coordinates, or None where no prior is tight and the internal ones will do.

    Args:
        basis: from the internal coordinates; priors: of the coefficients as written.
        apart: coefficients that keep their own coordinate, because their scale is learnt.
    """
    p = len(priors.mean)
    proper = np.isfinite(priors.sd)
    width = np.where(proper, priors.sd, 1.0)
    rows = basis.matrix / width[:, None]
    target = (priors.mean - basis.offset) / width
    size = np.sqrt((rows**2).sum(axis=1))
    tight = proper & (size**2 > TIGHT)
    tight |= proper & (np.abs(target) > OFF) & (size > 0)
    if not tight.any():
        return None
    free = np.setdiff1d(np.arange(p), np.zeros(0, dtype=int) if apart is None else apart)
    order = free[np.lexsort((-size[free], ~proper[free]))]
    turned, lower = np.linalg.qr(rows[np.ix_(order, free)].T)
    sign = np.where(np.diag(lower) < 0, -1.0, 1.0)  # one factorisation, wherever it is made
    turned, lower = turned * sign, (lower * sign[:, None]).T
    psi = np.zeros(len(free))
    met = np.flatnonzero(tight[order])
    for k in met.tolist():
        psi[k] = (target[order[k]] - lower[k, :k] @ psi[:k]) / lower[k, k]
    turn, move = np.eye(p), np.zeros(p)
    turn[np.ix_(free, free)] = turned
    move[free] = turned @ psi
    matrix = basis.matrix @ turn
    matrix[np.ix_(order, free)] = lower * width[order, None]
    offset = basis.offset + basis.matrix @ move
    left = priors.mean[order] - width[order] * (target[order] - lower @ psi)
    left = np.where(tight[order], priors.mean[order], left)
    offset[order] = np.where(proper[order], left, offset[order])
    new = Basis(offset, matrix, basis.outcome_scale, basis.random_scale)
    return Turn(turn, move, free[met], new)
