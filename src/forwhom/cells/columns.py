"""Rows to the model's columns, some rows at a time; their means and spreads.

Tests: tests/cells/test_origins.py
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.origins import Origins
from forwhom.design import Design, Rows

FloatArray = NDArray[np.float64]

CHUNK = 200_000  # rows held as a dense matrix at one time
LARGE = 1e100  # a distance from the first row, or its inverse, whose square may not be a number


def first_columns(design: Design) -> list[int]:
    """Where each effect's own d stands among the columns of ``chunks``."""
    if design.estimates:
        return [0]
    start = 1 + len(design.controls.names) + len(design.modifiers.names)
    widths = [len(effect.lambda_names) for effect in design.effects]
    return [start + sum(widths[:j]) for j in range(len(widths))]


def chunks(
    design: Design, rows: Rows, origins: Origins | None = None
) -> Iterator[tuple[slice, FloatArray]]:
    """Columns [1, controls, modifiers, d, d x modifiers of each effect, outcome] of some rows.

    As written, or with predictors moved. In column order, so that a column is contiguous; the
    caller may change them.
    """
    n_controls, k = len(design.controls.names), len(design.modifiers.names)
    n, at = len(rows.y), 1 + n_controls
    if origins is None:
        origins = Origins({}, {}, ({},) * len(design.effects))
    firsts = [] if design.estimates else first_columns(design)
    width = at + k + sum(len(effect.lambda_names) for effect in design.effects[: len(firsts)]) + 1
    for start in range(0, n, CHUNK):
        part = slice(start, min(start + CHUNK, n))
        out = np.empty((part.stop - start, width), order="F")
        out[:, 0] = 1.0
        out[:, 1:at] = design.controls.matrix(rows.table, part, origins.controls)
        out[:, at : at + k] = design.modifiers.matrix(rows.table, part, origins.modifiers)
        for j, first in enumerate(firsts):
            recipe, d, moves = design.effects[j].modifiers, rows.d[part, j], origins.effects[j]
            same = recipe == design.modifiers and moves == origins.modifiers
            z = out[:, at : at + k] if same else recipe.matrix(rows.table, part, moves)
            out[:, first] = d
            np.multiply(z, d[:, None], out=out[:, first + 1 : first + 1 + z.shape[1]])
        out[:, -1] = rows.y[part]
        yield part, out


def counts(rows: Rows, part: slice = slice(None)) -> FloatArray:
    """How much each row counts: its weight, and a binomial row once for each trial."""
    w = np.ones(len(rows.y[part])) if rows.weights is None else rows.weights[part]
    return w if rows.trials is None else np.asarray(w * rows.trials[part])


def moments(
    design: Design, rows: Rows, origins: Origins | None = None
) -> tuple[FloatArray, FloatArray]:
    """Weighted means and sds of the columns; a constant column has scale 1.

    A column is constant where it never differs from its first row, whatever its size. A binomial
    row counts once for each of its trials, as if they were rows of their own, so that coordinates
    and default priors are those of the same data one trial a row.
    """
    total = 0.0
    first: FloatArray | float = 0.0
    second: FloatArray | float = 0.0
    shift = unit = np.empty(0)
    for part, columns in chunks(design, rows, origins):
        if not len(shift):
            shift = columns[0].copy()
        columns -= shift
        if not len(unit):
            unit = np.abs(columns).max(axis=0)
            odd = (unit > LARGE) | ((unit < 1 / LARGE) & (unit > 0))
            unit = np.where(odd, unit, 1.0)
        if (unit != 1.0).any():
            columns /= unit
        w = counts(rows, part)
        total += float(w.sum())
        first = first + w @ columns
        second = second + w @ columns**2
    mean = first / total
    sd = np.sqrt(np.maximum(second / total - mean**2, 0.0)) * unit
    center = shift + mean * unit
    scale = np.where(sd > 0, sd, 1.0)
    center[0], scale[0] = 0.0, 1.0
    return center, scale
