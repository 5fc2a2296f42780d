"""Cells and priors to the latent model, its groups sorted by what their rows can tell.

Tests: tests/methods/quadrature/test_rules.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import LikelihoodCells, Problem
from forwhom.methods.likelihood import likelihood_part, own_start, scale_of
from forwhom.methods.quadrature.density import LatentModel
from forwhom.methods.quadrature.segments import Segment


def build_latent(problem: Problem) -> LatentModel:
    """The model of any family, on rows, with the groups' own parameters still in it."""
    cells, found = problem.cells, problem.cells.likelihood
    part = likelihood_part(problem)
    return LatentModel(
        family=part.family,
        link=problem.design.plan.link,
        outcome=part.outcome,
        weight=found.weight,
        offset=part.offset,
        columns=part.columns,
        own=found.own,
        group=found.group,
        segments=_segments(found, len(cells.group_gram)),
        basis=part.basis,
        coefficients=part.coefficients,
        tau_priors=tuple(
            scale_of(s.prior.distribution, s.prior.parameters) for s in problem.priors.spreads
        ),
        parameter_priors=part.parameter_priors,
        sizes=part.sizes,
        units=part.units,
        start=np.r_[part.start, own_start(part.parameter_priors, part.sizes)],
        n_groups=len(cells.group_gram),
    )


def _segments(rows: LikelihoodCells, n_groups: int) -> tuple[Segment, ...]:
    """Sort the groups by what their rows can tell of the group's own parameters."""
    own, group = rows.own, rows.group
    n_tau = own.shape[1]
    everyone, all_cells = np.arange(n_groups), np.arange(len(group))
    if n_tau == 0:
        return (_segment(0, everyone, all_cells, rows),)
    touched = own[:, -1] != 0  # the only column, or the treatment's beside a one
    if n_tau == 1:
        ranks = (np.bincount(group, touched, n_groups) > 0).astype(int)
        untouched = all_cells[~touched]
        out = [_segment(0, everyone[ranks == 0], untouched, rows)]
        cells = all_cells[touched]
    else:
        low, high = np.full(n_groups, np.inf), np.full(n_groups, -np.inf)
        np.minimum.at(low, group, own[:, 1])
        np.maximum.at(high, group, own[:, 1])
        ranks = np.where(low > high, 0, np.where(low < high, 2, 1))
        out = [_segment(0, everyone[ranks == 0], all_cells[:0], rows)]
        cells = all_cells
    for rank in (1, 2):
        if (ranks == rank).any():
            mine = cells[ranks[group[cells]] == rank]
            if rank == 2:  # the untreated first
                mine = np.r_[mine[own[mine, 1] == 0], mine[own[mine, 1] != 0]]
            out.append(_segment(rank, everyone[ranks == rank], mine, rows))
    return tuple(s for s in out if len(s.cells) or len(s.groups))


def _segment(
    rank: int, groups: NDArray[np.int64], cells: NDArray[np.int64], rows: LikelihoodCells
) -> Segment:
    """Groups with equally many cells are put side by side, which makes their sums fast."""
    untreated = int((rows.own[cells, 1] == 0).sum()) if rank == 2 else 0
    index = np.searchsorted(groups, rows.group[cells]) if rank else np.zeros(0, dtype=np.int64)
    if rank:
        low, high = (
            np.bincount(part, minlength=len(groups))
            for part in (index[:untreated], index[untreated:])
        )
        order = np.lexsort((high, low))
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        groups, index = groups[order], place[index]
        seen = np.arange(len(cells)) >= untreated
        sort = np.lexsort((index, seen))
        cells, index = cells[sort], index[sort]
    own = rows.own[cells]
    direction = np.zeros((len(groups), own.shape[1]))
    if rank:
        direction[index] = own
    return Segment.make(rank, groups, cells, index, own, direction, untreated)
