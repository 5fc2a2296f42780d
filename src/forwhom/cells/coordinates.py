"""The coordinates inside: where each column is measured from and in which unit.

Tests: tests/cells/test_reduce.py, tests/cells/test_origins.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.columns import first_columns, moments
from forwhom.cells.origins import Origins, find_origins
from forwhom.design import Design, Rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Of all columns that ``columns.chunks`` makes, the outcome last; J effects, k modifiers.

    Attributes:
        origins: how far predictors are moved before products are made.
        center, scale: of the columns as written; 0 and 1 for the intercept.
        inner_center, inner_scale: of the columns inside, the same where nothing is moved.
        modifiers: which columns are the modifiers'.
        own: the group's own columns, R of them: None for ones, a number for that effect's d.
        dose_scale: (J,) each treatment's unit inside (1 for a binary one).
        used: which columns the model has: a shared baseline leaves the modifiers' own out.
    """

    origins: Origins
    center: FloatArray
    scale: FloatArray
    inner_center: FloatArray
    inner_scale: FloatArray
    modifiers: slice
    own: tuple[int | None, ...]
    dose_scale: FloatArray
    used: IntArray

    @property
    def predictors(self) -> IntArray:
        """The columns that the model has, without the outcome."""
        return self.used[:-1]

    @property
    def outcome(self) -> tuple[float, float]:
        """Centre and scale of the outcome."""
        return float(self.center[-1]), float(self.scale[-1])

    @property
    def about(self) -> FloatArray:
        """What sums of modifiers are taken about, (k,).

        The mean of a far predictor, so that a group's mean keeps its digits.
        """
        middle = self.center[self.modifiers]
        return middle if self.origins.moved else np.zeros(len(middle))


def find_coordinates(design: Design, rows: Rows) -> Coordinates:
    """One look at the rows."""
    origins = find_origins(design, rows)
    center, scale = moments(design, rows)
    inner = moments(design, rows, origins) if origins.moved else (center, scale)
    start = 1 + len(design.controls.names)
    modifiers = slice(start, start + len(design.modifiers.names))
    dose_scale = [
        float(scale[at]) if effect.treatment.kind == "dose" else 1.0
        for at, effect in zip(first_columns(design), design.effects, strict=True)
    ]
    used = np.arange(len(center))
    if not design.delta_names and not design.estimates:
        used = np.delete(used, modifiers)
    return Coordinates(
        origins, center, scale, *inner, modifiers, _own(design), np.array(dose_scale), used
    )


def _own(design: Design) -> tuple[int | None, ...]:
    if design.groups.has_control_group or design.estimates:  # treated rows as varying intercepts
        return (None,) if "theta" in design.random_names else ()
    baseline: tuple[int | None, ...] = (None,) if "b" in design.random_names else ()
    return baseline + (tuple(range(len(design.effects))) if "theta" in design.random_names else ())
