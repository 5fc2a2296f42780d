"""Sufficient statistics and priors to the Gaussian model that integrates out.

Tests: tests/methods/exact/test_density.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forwhom.cells import Problem
from forwhom.methods.exact.density import CollapsedGaussian, GroupCells, collapse
from forwhom.methods.likelihood import basis_of, coefficients_of, scale_of
from forwhom.methods.priors import CoefficientPriors, ScalePrior
from forwhom.methods.turn import Turn, find_turn
from forwhom.methods.units import Basis

NOISE = 1e-11  # share of a column's variation within groups that is rounding


def build_model(problem: Problem) -> CollapsedGaussian:
    """The Gaussian model of DESIGN section 2 with its linear part integrated out."""
    cells, priors = problem.cells, problem.priors
    basis = basis_of(problem, cells.outcome_center, cells.outcome_scale)
    group_cells = GroupCells(cells.n_rows, cells.cross, cells.group_cross, cells.group_gram)
    coefficients = coefficients_of(priors, cells.layout.p)
    scales = (
        scale_of(priors.parameters[0].prior.distribution, priors.parameters[0].prior.parameters),
        tuple(scale_of(s.prior.distribution, s.prior.parameters) for s in priors.spreads),
    )
    turn = find_turn(basis, coefficients)
    if turn is None:
        return collapse(group_cells, basis, coefficients, *scales)
    return collapse_turned(group_cells, turn, basis, coefficients, scales)


def collapse_turned(
    cells: GroupCells,
    turn: Turn,
    basis: Basis,
    coefficients: CoefficientPriors,
    scales: tuple[ScalePrior, tuple[ScalePrior, ...]],
) -> CollapsedGaussian:
    """The collapsed model in these coordinates.

    What varies within groups is told before the turn, from centred columns: where the origin moves
    far it would be a small difference of large sums.

    Args:
        cells, basis, coefficients: as for ``collapse``, internal; scales: priors of sigma and tau.
    """
    by = turn.bordered()
    plain = collapse(cells, basis, coefficients, *scales)
    within = np.zeros_like(cells.cross)
    i, j = plain.tri
    within[i, j] = within[j, i] = plain.within
    none = np.diag(within) <= NOISE * np.diag(cells.cross)  # the group's own columns take it up
    within[none], within[:, none] = 0.0, 0.0
    turned = collapse(
        GroupCells(cells.n_rows, by.T @ cells.cross @ by, cells.group_cross @ by, cells.group_gram),
        turn.basis,
        coefficients,
        *scales,
    )
    return replace(turned, within=(by.T @ within @ by)[plain.tri])
