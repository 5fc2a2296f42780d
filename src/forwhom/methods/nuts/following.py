"""Levels laid out by what the data and their sd say of them, whatever the sd is.

With w the information that a level's own rows hold about it, t the value they point to and v / s^2
the precision of what sd s says (v is 1 for normal levels, less for an outlying Student-t one), the
level has mean s^2 w t / (v + w s^2) and variance s^2 / (v + w s^2), roughly. In units of s,

    z = A(s) t + S(s) xi,   A = w s / (v + w s^2),   S = (v + w s^2)^-1/2,

with xi close to standard normal and nearly independent of s: as s falls z turns from what the rows
say to what the prior does. So is t kept from the coefficients, with which it moves, and from the
level's other parameters. For one normal factor with a normal outcome it is exact; otherwise it is
only a change of coordinates.

Tests: tests/methods/nuts/test_density.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Laid:
    """Levels in units of their sd, with what their slopes take.

    Attributes:
        z, target: (..., R, H); pull, root: A and S above.
    """

    z: FloatArray
    target: FloatArray
    pull: FloatArray
    root: FloatArray


@dataclass(frozen=True, eq=False)
class Following:
    """One factor's levels for one linear predictor: R columns, H levels, k free coefficients.

    Attributes:
        information, tightness: (R, H) w and v above.
        target: (R, H) t where nothing has moved from the centre.
        moves: (k, R H) how t falls as the coefficients rise.
        leans: (R, R, H) how t of a column falls as an earlier column's u rises.
        fixed: (R,) the s to take in place of the sd's coordinate, or None.
    """

    information: FloatArray
    tightness: FloatArray
    target: FloatArray
    moves: FloatArray
    leans: FloatArray
    fixed: FloatArray | None

    def lay(self, s: FloatArray, moved: FloatArray, xi: FloatArray) -> Laid:
        """From s (..., R), the coefficients' distance from the centre (..., k), xi (..., R, H)."""
        s = (s if self.fixed is None else self.fixed)[..., None]
        ws = self.information * s
        q = self.tightness + ws * s
        root, pull = 1 / np.sqrt(q), ws / q
        target = self.target - (moved @ self.moves).reshape(xi.shape)
        z = pull * target + root * xi
        for r in range(1, xi.shape[-2]):
            u = s[..., :r, :] * z[..., :r, :]
            target[..., r, :] -= (self.leans[r, :r] * u).sum(axis=-2)
            z[..., r, :] = pull[..., r, :] * target[..., r, :] + root[..., r, :] * xi[..., r, :]
        return Laid(z, target, pull, root)

    def slopes(
        self, laid: Laid, s: FloatArray, xi: FloatArray, d_z: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """In xi (R, H), the coefficients (k,) and s (R,), from those in z (R, H)."""
        s = s if self.fixed is None else self.fixed
        d_z, d_s = d_z.copy(), np.zeros(len(s))
        d_target = laid.pull * d_z
        for r in range(len(s) - 1, 0, -1):
            d_target[r] = laid.pull[r] * d_z[r]
            d_u = -self.leans[r, :r] * d_target[r]
            d_z[:r] += s[:r, None] * d_u
            d_s[:r] += (laid.z[:r] * d_u).sum(axis=1)
        d_target[0] = laid.pull[0] * d_z[0]
        d_moved = -(self.moves @ d_target.ravel())
        d_xi = laid.root * d_z
        if self.fixed is not None:
            return d_xi, d_moved, np.zeros(len(s))
        # of A and of S in s
        square = laid.root**2
        in_pull = self.information * (2 * self.tightness * square - 1) * square
        d_s += (d_z * (in_pull * laid.target - laid.pull * laid.root * xi)).sum(axis=1)
        return d_xi, d_moved, d_s - laid.pull.sum(axis=1)

    def log_volume(self, laid: Laid) -> float:
        """Logarithm of dz / dxi, up to a constant."""
        return 0.0 if self.fixed is not None else float(np.log(laid.root).sum())
