"""Cells and priors to the latent model, its groups sorted by what their rows can tell.

Tests: tests/methods/quadrature/test_rules.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import LikelihoodCells, Problem
from forwhom.methods.likelihood import likelihood_part, own_start, parameter_prior, scale_of
from forwhom.methods.quadrature.density import LatentModel
from forwhom.methods.quadrature.law import NO_PRIOR, Law
from forwhom.methods.quadrature.segments import Segment, Star


def build_latent(problem: Problem) -> LatentModel:
    """The model of any family, on rows, with the groups' own parameters still in it."""
    cells, found = problem.cells, problem.cells.likelihood
    part, law = likelihood_part(problem), _law(problem)
    centred = "b" in problem.design.random_names
    star = law.students > 0 or law.columns - centred > 1
    sort = _with_stars if star else _segments
    return LatentModel(
        family=part.family,
        link=problem.design.plan.link,
        outcome=part.outcome,
        weight=found.weight,
        offset=part.offset,
        columns=part.columns,
        own=found.own,
        group=found.group,
        segments=sort(found, len(cells.group_gram), centred),
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
        law=law,
    )


def _law(problem: Problem) -> Law:
    names, priors = problem.design.random_names, problem.priors
    nu, lkj = priors.shape("nu_theta"), priors.shape("correlation")
    return Law(
        columns=len(names),
        lkj=0.0 if lkj is None else lkj.parameters[0],
        students=0 if nu is None else names.count("theta"),
        nu_prior=NO_PRIOR if nu is None else parameter_prior(nu),
    )


def _segments(rows: LikelihoodCells, n_groups: int, centred: bool) -> tuple[Segment, ...]:
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


def _with_stars(rows: LikelihoodCells, n_groups: int, centred: bool) -> tuple[Segment, ...]:
    """The same where groups have several arms, or effects that are not normal.

    A group that sees its baseline alone is of rank one; where it has none of its own, it is of rank
    none, and so are all cells without treatment.
    """
    arms = rows.own[:, int(centred) :]
    treated = (arms != 0).any(axis=1)
    leaves = np.bincount(rows.group, treated, n_groups) > 0
    seen = np.bincount(rows.group, minlength=n_groups) > 0
    everyone, cells = np.arange(n_groups), np.arange(len(treated))
    alone = seen & ~leaves if centred else np.zeros(n_groups, dtype=bool)
    none = cells[:0] if centred else cells[~treated]
    out = [_segment(0, everyone[~leaves & ~alone], none, rows)]
    if alone.any():
        out.append(_segment(1, everyone[alone], cells[alone[rows.group]], rows))
    if leaves.any():
        mine = cells[leaves[rows.group] & (treated | centred)]
        out.append(_star(everyone[leaves], mine, rows, centred))
    return tuple(s for s in out if len(s.cells) or len(s.groups))


def _star(
    groups: NDArray[np.int64], cells: NDArray[np.int64], rows: LikelihoodCells, centred: bool
) -> Segment:
    """Groups with equally many leaves and cells side by side."""
    first = int(centred)
    arms = rows.own[cells, first:] != 0
    arm, treated = arms.argmax(axis=1) + first, arms.any(axis=1)
    index = np.searchsorted(groups, rows.group[cells])
    width, count = rows.own.shape[1], len(groups)
    used = np.unique(index[treated] * width + arm[treated])
    sizes = [
        np.bincount(used // width, minlength=count),
        np.bincount(index[treated], minlength=count),
        np.bincount(index[~treated], minlength=count),
    ]
    order = np.lexsort(sizes[::-1])
    place = np.empty_like(order)
    place[order] = np.arange(count)
    groups, index = groups[order], place[index]
    code = np.where(treated, index * width + arm, index)
    sort = np.lexsort((code, treated))
    cells, index, code, treated = cells[sort], index[sort], code[sort], treated[sort]
    used, leaf = np.unique(code[treated], return_inverse=True)
    star = Star.make(centred, used // width, used % width, leaf.reshape(-1), count)
    direction = np.zeros((count, width))
    untreated = len(cells) - int(treated.sum())
    own = rows.own[cells]
    return Segment.make(2, groups, cells, index, own, direction, untreated, star)


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
