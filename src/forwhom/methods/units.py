"""The internal units: what every method computes in, and the way back to the units of the data.

Tests: tests/test_units.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Basis:
    """The internal units: columns centred on the intercept and scaled, outcome standardised.

    Original coefficients are ``offset + matrix @ internal``; a pure change of coordinates, the
    priors are carried along.

    Attributes:
        offset: (p,) zero but for the intercept, which carries the outcome's centre.
        matrix: (p, p) the scales on its diagonal, with the centring in its first row and, where
            predictors were moved or priors are tight, more beside it.
        outcome_scale: the outcome's unit; sigma is internal sigma times this.
        random_scale: (R,) the units of the group's own columns.
    """

    offset: FloatArray
    matrix: FloatArray
    outcome_scale: float
    random_scale: FloatArray

    @property
    def log_volume(self) -> float:
        """Log of the volume of the coefficients as written that a unit of internal ones has."""
        return float(np.linalg.slogdet(self.matrix)[1])

    @staticmethod
    def make(
        center: FloatArray,
        scale: FloatArray,
        unmove: FloatArray,
        outcome: tuple[float, float],
        random_scale: FloatArray,
    ) -> Basis:
        """From column centres and scales; column 0 is the intercept (centre 0, scale 1).

        ``unmove`` takes coefficients of moved columns to those as written; ``outcome`` is its
        centre and scale.
        """
        outcome_center, outcome_scale = outcome
        matrix = np.diag(outcome_scale / scale)
        matrix[0, 1:] = -outcome_scale * center[1:] / scale[1:]
        matrix = unmove @ matrix
        offset = np.zeros(len(scale))
        offset[0] = outcome_center
        return Basis(offset, matrix, outcome_scale, random_scale)
