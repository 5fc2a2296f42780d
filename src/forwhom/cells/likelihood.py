"""Rows to cells of any family: rows that share everything the model sees are one cell.

For a family whose cells may be added up (Bernoulli, binomial, Poisson, exponential) a cell is a
group, a treatment value and the values of controls and modifiers; for the others its rows share
the outcome too and the cell carries their number. Nothing after this depends on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Table
from forwhom.design import Design, Rows
from forwhom.design.distinct import distinct_codes
from forwhom.design.groups import renumber
from forwhom.families import FAMILIES, Outcome

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LikelihoodCells:
    """C cells in the order of their groups.

    Attributes:
        outcome: what was observed.
        weight: (C,) rows behind each cell's likelihood; rows: (C,) rows in it.
        offset: (C,) added to the linear predictor; own_offset: (C,) the part of it that is not the
            logarithm of an exposure.
        columns: (C, p) internal columns: centred and scaled as in ``Cells``.
        own: (C, R) columns of the group's own parameters.
        d: (C,) treatment; group: (C,).
        baseline_row: (C, 1 + controls + delta) raw columns [1, controls, modifiers of the
            baseline]; effect_row: (C, k + 1) raw columns [1, modifiers] of the effect.
    """

    outcome: Outcome
    weight: FloatArray
    rows: FloatArray
    offset: FloatArray
    own_offset: FloatArray
    columns: FloatArray
    own: FloatArray
    d: FloatArray
    group: IntArray
    baseline_row: FloatArray
    effect_row: FloatArray


def reduce_likelihood(
    design: Design,
    rows: Rows,
    center: FloatArray,
    scale: FloatArray,
    dose_scale: float,
    random: tuple[str, ...],
) -> LikelihoodCells:
    """Find the cells and add up their rows.

    Args:
        design, rows: the analysis.
        center, scale: (p,) of the internal columns; dose_scale: of the treatment.
        random: "one" or "dose" for each of the group's own columns.
    """
    family = FAMILIES[design.plan.family]
    table = rows.table
    names = dict.fromkeys((*design.plan.modifiers.columns, *design.plan.controls.columns))
    keys = [rows.d, *(np.asarray(table.columns[name].values) for name in names)]
    keys += [extra for extra in (rows.offset, rows.log_exposure) if extra is not None]
    if not family.sufficient:
        keys.append(rows.y)
        keys += [extra for extra in (rows.trials, rows.event) if extra is not None]
    code = rows.groups
    first = _first_rows(code)
    for key in keys:
        if (key == key[first][code]).all():
            continue  # told by the others already, as modifiers are by the groups
        distinct, codes = distinct_codes(key)
        code = renumber(code * len(distinct) + codes)
        first = _first_rows(code)
    count = len(first)
    order = np.argsort(rows.groups[first], kind="stable")
    w = rows.weights

    def added(values: FloatArray | None) -> FloatArray:
        if values is not None and w is not None:
            values = values * w
        return np.bincount(code, w if values is None else values, count)[order].astype(float)

    n_rows = added(None)
    first = first[order]
    one = np.ones(count)
    if family.sufficient:
        outcome = Outcome.of(
            added(rows.y),
            n_rows if rows.trials is None else added(rows.trials),
            n_rows if rows.event is None else added(rows.event),
        )
        weight = one
    else:
        outcome = Outcome.of(
            rows.y[first],
            None if rows.trials is None else rows.trials[first],
            None if rows.event is None else rows.event[first],
            design.outcome.n_levels,
        )
        weight = n_rows
    some = _take(table, first)
    controls, z = design.controls.matrix(some), design.modifiers.matrix(some)
    d = rows.d[first]
    before = np.hstack([one[:, None], controls, *([z] if design.delta_names else [])])
    raw = np.hstack([before, d[:, None], d[:, None] * z])
    columns = (raw - center) / scale
    own = [one if name == "one" else d / dose_scale for name in random]
    return LikelihoodCells(
        outcome=outcome,
        weight=weight,
        rows=n_rows,
        offset=_offset(rows.offset, first) + _offset(rows.log_exposure, first),
        own_offset=_offset(rows.offset, first),
        columns=columns,
        own=np.stack(own, axis=1) if own else np.empty((count, 0)),
        d=d,
        group=rows.groups[first],
        baseline_row=before,
        effect_row=np.hstack([one[:, None], z]),
    )


def _offset(values: FloatArray | None, first: IntArray) -> FloatArray:
    return np.zeros(len(first)) if values is None else values[first]


def _take(table: Table, rows: IntArray) -> Table:
    """Some rows, levels kept as they are."""
    columns = {
        name: replace(column, values=column.values[rows]) for name, column in table.columns.items()
    }
    return replace(table, columns=columns, n_rows=len(rows))


def _first_rows(code: IntArray) -> IntArray:
    """The first row of each code, codes having no gaps."""
    first = np.empty(int(code.max(initial=-1)) + 1, dtype=np.int64)
    first[code[::-1]] = np.arange(len(code) - 1, -1, -1)
    return first
