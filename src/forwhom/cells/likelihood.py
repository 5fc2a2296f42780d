"""Rows to cells of any family: rows that share everything the model sees are one cell.

For a family whose cells may be added up (Bernoulli, binomial, Poisson, exponential) a cell is a
group, a treatment value and the values of controls and modifiers; for the others its rows share
the outcome too and the cell carries their number. Nothing after this depends on the number of rows.

A sum hides its rows, and leave-one-out and predictive checks ask for them: the distinct outcomes
behind each sum are kept beside it, where they are not too many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.coordinates import Coordinates
from forwhom.cells.origins import Origins
from forwhom.data.table import Table
from forwhom.design import Design, Rows, row_keys
from forwhom.design.distinct import combined_codes, first_rows, renumber
from forwhom.families import FAMILIES, Family, Outcome, in_interval, lay_out

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


MOST_KINDS = 200_000  # different rows kept beside sums (8 MB)


@dataclass(frozen=True, slots=True)
class RowKinds:
    """The different rows behind the cells, M kinds in the order of their cells.

    Attributes:
        cell: (M,) the cell of each.
        outcome: of one such row.
        count: (M,) how many rows are like it, or their weight.
    """

    cell: IntArray
    outcome: Outcome
    count: FloatArray

    def among(self, cells: IntArray) -> tuple[IntArray, IntArray]:
        """The kinds behind some cells, given in ascending order, and the place of each one's cell.

        >>> kinds = RowKinds(np.array([0, 0, 1, 2]), Outcome.of(np.zeros(4)), np.ones(4))
        >>> [found.tolist() for found in kinds.among(np.array([0, 2]))]
        [[0, 1, 3], [0, 0, 1]]
        """
        first = np.searchsorted(self.cell, cells)
        size = np.searchsorted(self.cell, cells, side="right") - first
        place = np.repeat(np.arange(len(cells)), size)
        start = np.cumsum(size) - size
        return first[place] + np.arange(len(place)) - start[place], place


@dataclass(frozen=True, slots=True)
class LikelihoodCells:
    """C cells in the order of their groups.

    Attributes:
        outcome: what was observed.
        weight: (C,) rows behind each cell's likelihood; rows: (C,) rows in it.
        offset: (C,) added to the linear predictor; own_offset: (C,) the part of it that is not the
            logarithm of an exposure.
        columns: (C, p) internal columns: centred and scaled as in ``Sums``.
        own: (C, R) columns of the group's own parameters.
        d: (C, J) treatment; group: (C,); clusters: (C, K).
        baseline_row: (C, 1 + controls + delta) raw columns [1, controls, modifiers of the
            baseline], none where the outcome is itself an estimated effect; effect_rows: per
            effect (C, k + 1) raw columns [1, modifiers] of it.
        summed: the different rows behind sums; None where the cells themselves tell (``kinds``) or
            there were too many to keep.
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
    clusters: IntArray
    baseline_row: FloatArray
    effect_rows: tuple[FloatArray, ...]
    summed: RowKinds | None = None

    @property
    def arms(self) -> tuple[IntArray, FloatArray]:
        """The arm of each cell, (C,), and every arm's treatments (A, J), the untreated first."""
        arms, index = np.unique(self.d, axis=0, return_inverse=True)
        return index.reshape(-1).astype(np.int64), arms

    def kinds(self, family: Family) -> RowKinds | None:
        """The different rows behind the cells; None where sums hide them."""
        every = np.arange(len(self.d))
        if not family.sufficient:
            return RowKinds(every, self.outcome, self.weight)
        if family.support != "binary":
            return self.summed
        # a cell of ones and zeros holds two kinds of rows
        count = np.stack([self.outcome.trials - self.outcome.y, self.outcome.y], axis=1).ravel()
        kept = count > 0
        y = np.tile([0.0, 1.0], len(every))[kept]
        return RowKinds(np.repeat(every, 2)[kept], Outcome.of(y), count[kept])


def reduce_likelihood(design: Design, rows: Rows, coordinates: Coordinates) -> LikelihoodCells:
    """Find the cells and add up their rows.

    Args:
        design, rows: the analysis.
        coordinates: how predictors are moved, centred and scaled.
    """
    family = FAMILIES[design.plan.family]
    code = _cell_of_rows(design, rows)
    first = first_rows(code)
    n_rows = _cell_sums(rows, code, len(first), None)
    if family.sufficient:
        outcome, weight = _summed_outcome(design, rows, code, n_rows), np.ones(len(first))
    else:
        outcome, weight = _outcome_at(rows, first, design.outcome.n_levels), n_rows
    if rows.std_error is not None:
        outcome = replace(outcome, error=rows.std_error[first])
    some, d, origins = _take(rows.table, first), rows.d[first], coordinates.origins
    near = Origins({}, {}, ({},) * len(design.effects))
    before, effect_rows = _equations(design, some, near)
    moved = _equations(design, some, origins) if origins.moved else (before, effect_rows)
    raw = np.hstack([moved[0], *(d[:, [j]] * row for j, row in enumerate(moved[1]))])
    inside = coordinates.predictors
    return LikelihoodCells(
        outcome=outcome,
        weight=weight,
        rows=n_rows,
        offset=_offset(rows.offset, first) + _offset(rows.log_exposure, first),
        own_offset=_offset(rows.offset, first),
        columns=(raw - coordinates.inner_center[inside]) / coordinates.inner_scale[inside],
        own=_own_columns(d, coordinates),
        d=d,
        group=rows.groups[first],
        clusters=rows.clusters[first],
        baseline_row=before,
        effect_rows=effect_rows,
        summed=_summed(design, rows, code) if _hides_rows(family) else None,
    )


def _cell_sums(rows: Rows, code: IntArray, count: int, values: FloatArray | None) -> FloatArray:
    """Sums over each cell's rows, (C,), of some values or of their weights alone."""
    w = rows.weights
    if values is not None and w is not None:
        values = values * w
    return np.bincount(code, w if values is None else values, count).astype(float)


def _summed_outcome(design: Design, rows: Rows, code: IntArray, n_rows: FloatArray) -> Outcome:
    """Outcomes, trials and events added up cell by cell."""

    def added(values: FloatArray) -> FloatArray:
        return _cell_sums(rows, code, len(n_rows), values)

    outcome = Outcome.of(
        added(rows.y),
        n_rows if rows.trials is None else added(rows.trials),
        n_rows if rows.event is None else added(rows.event),
    )
    if not (ends := design.outcome.ends):
        return outcome
    # an interval at a time: rows x intervals may be many
    event = np.ones(len(rows.y)) if rows.event is None else rows.event
    parts = [
        [added(part) for part in in_interval(rows.y, event, low, high)]
        for low, high in pairwise((0.0, *ends))
    ]
    return outcome.in_intervals(np.array(ends), *np.stack(parts, axis=-1))


def _outcome_at(rows: Rows, first: IntArray, n_levels: int = 0) -> Outcome:
    """The outcome of some rows."""
    return Outcome.of(
        rows.y[first],
        None if rows.trials is None else rows.trials[first],
        None if rows.event is None else rows.event[first],
        n_levels,
    )


def _own_columns(d: FloatArray, coordinates: Coordinates) -> FloatArray:
    """Columns of the group's own parameters, (C, R)."""
    own = [
        np.ones(len(d)) if j is None else d[:, j] / coordinates.dose_scale[j]
        for j in coordinates.own
    ]
    return np.stack(own, axis=1) if own else np.empty((len(d), 0))


def _equations(
    design: Design, some: Table, origins: Origins
) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """Columns of the outcome's equation and of each effect's, intercepts first."""
    one = np.ones((some.n_rows, 1))
    parts = [one, design.controls.matrix(some, less=origins.controls)]
    if design.delta_names:
        parts.append(design.modifiers.matrix(some, less=origins.modifiers))
    before = np.hstack(parts)
    if design.estimates:  # nothing lies under an estimated effect
        before = before[:, :0]
    return before, tuple(
        np.hstack([one, effect.modifiers.matrix(some, less=moves)])
        for effect, moves in zip(design.effects, origins.effects, strict=True)
    )


def kind_of_rows(design: Design, rows: Rows) -> IntArray:
    """Which of ``LikelihoodCells.kinds`` each row is, (n,)."""
    family, cell = FAMILIES[design.plan.family], _cell_of_rows(design, rows)
    if not family.sufficient:
        return cell
    if _hides_rows(family):
        return _outcome_codes(rows, cell)
    return renumber(2 * cell + rows.y.astype(np.int64))


def _cell_of_rows(design: Design, rows: Rows) -> IntArray:
    """The cell of each row, (n,), numbered in the order of the groups."""
    keys = [*rows.d.T, *rows.clusters.T, *row_keys(design.plan, rows.table)]
    keys += [extra for extra in (rows.offset, rows.log_exposure) if extra is not None]
    if not FAMILIES[design.plan.family].sufficient:
        keys.append(rows.y)
        beside = (rows.trials, rows.event, rows.std_error)
        keys += [extra for extra in beside if extra is not None]
    return combined_codes(renumber(rows.groups), keys)


def _hides_rows(family: Family) -> bool:
    """Whether a cell's sum does not say what its rows were."""
    return bool(family.sufficient) and family.support != "binary"


def _summed(design: Design, rows: Rows, cell: IntArray) -> RowKinds | None:
    """The different outcomes within each cell, and how often they occur."""
    code = _outcome_codes(rows, cell)
    first = first_rows(code)
    count = len(first)
    if count > MOST_KINDS:
        return None
    outcome = _outcome_at(rows, first)
    if design.outcome.ends:
        ends = np.array(design.outcome.ends)
        outcome = outcome.in_intervals(ends, *lay_out(outcome.y, outcome.event, ends))
    return RowKinds(cell[first], outcome, np.bincount(code, rows.weights, count).astype(float))


def _outcome_codes(rows: Rows, cell: IntArray) -> IntArray:
    given = [values for values in (rows.y, rows.trials, rows.event) if values is not None]
    return combined_codes(cell, given)


def _offset(values: FloatArray | None, first: IntArray) -> FloatArray:
    return np.zeros(len(first)) if values is None else values[first]


def _take(table: Table, rows: IntArray) -> Table:
    """Some rows, levels kept as they are."""
    columns = {name: column.take(rows) for name, column in table.columns.items()}
    return replace(table, columns=columns, n_rows=len(rows))
