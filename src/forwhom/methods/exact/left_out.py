"""One row given all others and the scales, in closed form.

Given the scales a row's prediction f = x'phi + r'u is normal with a mean m and a variance v that
all rows tell. Its own share of that is known: with leverage h = v / sigma^2, the row given the
others is normal about m - h / (1 - h) (y - m) with variance sigma^2 / (1 - h), as in ordinary
regression (Cook and Weisberg 1982, Residuals and Influence in Regression, section 2.2). Only the
scales are left to importance weights, which hardly move as a row is left out.

Tests: tests/fitted/test_loo_of_sums.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem
from forwhom.methods.exact.density import CollapsedGaussian
from forwhom.methods.likelihood import basis_of
from forwhom.methods.turn import find_turn

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VALUES = 4_000_000  # rows x columns x draws at once
LEAST = 1e-12  # of one less the leverage


@dataclass(frozen=True, slots=True)
class SingleRows:
    """Some rows, c of them, in the model's coordinates.

    Attributes:
        columns: (c, q), the outcome last; own: (c, R); group: (c,).
    """

    columns: FloatArray
    own: FloatArray
    group: IntArray

    @staticmethod
    def of(problem: Problem, model: CollapsedGaussian, cells: IntArray) -> SingleRows:
        """One row of each of some cells, of a problem that has them."""
        sums, rows = problem.cells, problem.cells.likelihood
        y = (rows.outcome.y[cells] - sums.outcome_center) / sums.outcome_scale
        columns = np.column_stack([rows.columns[cells], y])
        basis = basis_of(problem, sums.outcome_center, sums.outcome_scale)
        turn = find_turn(basis, model.coefficients)
        if turn is not None:
            columns = columns @ turn.bordered()
        return SingleRows(columns, rows.own[cells], rows.group[cells])


def left_out(
    model: CollapsedGaussian, rows: SingleRows, tau: FloatArray, sigma: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log density of a row given the others and the scales, and given all rows and the scales.

    Up to the family's constant, per unit of the data.

    Args:
        model: its coefficients' priors all normal or flat.
        rows: c of them; tau: (D, R); sigma: (D,), internal units.

    Returns:
        (c, D) each.
    """
    c, q = rows.columns.shape
    first, second = np.empty((c, len(sigma))), np.empty((c, len(sigma)))
    step = max(VALUES // (c * q), 1)
    for low in range(0, len(sigma), step):
        part = slice(low, low + step)
        residual, leverage = _moments(model, rows, tau[part], sigma[part])
        square = 0.5 * (residual / sigma[part]) ** 2
        rest = np.maximum(1 - leverage, LEAST)
        log_unit = np.log(sigma[part] * model.basis.outcome_scale)
        first[:, part] = 0.5 * np.log(rest) - square / rest - log_unit
        second[:, part] = -0.5 * np.log1p(leverage) - square / (1 + leverage) - log_unit
    return first, second


def _moments(
    model: CollapsedGaussian, rows: SingleRows, tau: FloatArray, sigma: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """y - m and v / sigma^2 of rows, (c, K) each."""
    p = rows.columns.shape[1] - 1
    factor = model.factor(tau, np.log(sigma)[:, None])
    moved = np.repeat(rows.columns.T[:, :, None], len(sigma), axis=2)  # (q, c, K)
    leverage = np.zeros((len(rows.group), len(sigma)))
    if model.n_tau:
        # what is left of a row when its group's own parameters follow from the others
        shapes, of_row = np.unique(model.shape_of_group[rows.group], return_inverse=True)
        gain = model.group_gain(shapes, tau, sigma)[of_row.reshape(-1)]  # (c, R, R, K)
        pull = np.einsum("cr,crsk->csk", rows.own, gain)
        leverage += np.einsum("csk,cs->ck", pull, rows.own)
        moved -= np.einsum("csk,csq->qck", pull, model.cells.group_cross[rows.group])
    residual = moved[p]
    for j in range(p):  # forward substitution, all rows and points at once
        column = moved[j]
        column -= np.einsum("ik,ick->ck", factor[j, :j], moved[:j])
        column /= factor[j, j]
        residual -= column * factor[p, j]
        leverage += (column / sigma) ** 2
    return residual, leverage
