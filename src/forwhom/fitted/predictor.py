"""The linear predictor of every cell in every draw: what predictions, checks and LOO are made of.

The groups' own baselines and effects are in it, as drawn: predictions are for further rows of the
same groups.

Tests: tests/fitted/test_elpd.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import LikelihoodCells, RowKinds
from forwhom.design import Design, number_text
from forwhom.errors import PlanError
from forwhom.families import Family, Outcome
from forwhom.fitted.fitted import Fitted
from forwhom.methods import KEPT, Own, blocks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VALUES = 1_000_000  # cells x draws at once
FEW_DOSES = 4  # different doses that are shown one by one


def eta(
    fitted: Fitted,
    own: Own,
    place: IntArray,
    draws: slice,
    cells: IntArray,
    d: FloatArray | None = None,
) -> FloatArray:
    """The linear predictor of some cells in some draws, (L, c, k).

    Args:
        fitted: the fit.
        own: what the cells' groups add, in those draws; place: (c,) each cell's group among them.
        draws: k of the D; cells: (c,) their numbers.
        d: (c, J) treatments to give them; default: as observed, exposures included. With
            treatments given, exposures are left out: effects are on rates.
    """
    found = fitted.cells.likelihood
    phi = fitted.draws.coefficients[draws].transpose(1, 2, 0)  # (L, p, k)
    given = found.d[cells] if d is None else d
    offset = found.offset if d is None else found.own_offset
    out = np.tile(offset[cells, None], (phi.shape[0], 1, phi.shape[2]))
    out += found.baseline_row[cells] @ phi[:, : fitted.layout.delta.stop]
    for j in range(given.shape[1]):
        if given[:, j].any():
            rows = found.effect_rows[j][cells]
            out += given[:, [j]] * (rows @ phi[:, fitted.layout.lambdas[j]])
    for k, levels in enumerate(fitted.draws.clusters):
        columns = np.hstack([np.ones((len(cells), 1)), given])[:, : levels.u.shape[1]]
        _add(out, columns, levels.u[..., draws], found.clusters[cells, k])
    _add(out, _own_columns(fitted.design, given, d is not None), own.u, place)
    return out


def with_and_without(
    fitted: Fitted, effect: int, own: Own, place: IntArray, draws: slice, cells: IntArray
) -> tuple[FloatArray, FloatArray]:
    """eta without and with a treatment (a dose: one unit more), the others as observed.

    Arms of one treatment exclude each other. Arguments as for ``eta``.
    """
    found = fitted.cells.likelihood
    without = eta(fitted, own, place, draws, cells, without_it(fitted, effect, cells))
    phi = fitted.draws.coefficients[draws].transpose(1, 2, 0)
    treated = without + found.effect_rows[effect][cells] @ phi[:, fitted.layout.lambdas[effect]]
    for k, levels in enumerate(fitted.draws.clusters):
        if levels.u.shape[1] > 1:
            treated += levels.u[:, 1 + effect, :, draws][:, found.clusters[cells, k]]
    for r in fitted.own_effect(effect):
        treated += own.u[:, r][:, place]
    return without, treated


def without_it(fitted: Fitted, effect: int, cells: IntArray) -> FloatArray:
    """Treatments of some cells without one of them, (c, J); a dose as it was."""
    found, effects = fitted.cells.likelihood, fitted.design.effects
    treatment, d = effects[effect].treatment, found.d[cells].copy()
    if treatment.kind != "dose":
        d[:, [k for k, e in enumerate(effects) if e.treatment.column == treatment.column]] = 0.0
    return d


def _add(out: FloatArray, columns: FloatArray, u: FloatArray, level: IntArray) -> None:
    """Add columns (c, r) times the parameters u (L, r, levels, k) of each cell's level."""
    for r in range(u.shape[1]):
        if columns[:, r].any():
            out += columns[:, [r]] * u[:, r, level]


def _own_columns(design: Design, d: FloatArray, given: bool) -> FloatArray:
    """Columns of the group's own parameters.

    In the preset they are intercepts of treated groups and of the control group; ``given`` to an
    untreated row, such an intercept is the effect.
    """
    one = np.ones((len(d), 1))
    if given and design.groups.has_control_group:
        return d
    if design.groups.has_control_group or design.estimates:
        return one
    parts = [one] if "b" in design.random_names else [one[:, :0]]
    return np.hstack([*parts, *([d] if "theta" in design.random_names else [])])


@dataclass(frozen=True, eq=False)
class CellPredictor:
    """Cells of the likelihood under the draws of a posterior; C cells, H groups, D draws.

    Everything is in the units of the data. ``predictor_of`` makes one, or says why there is none.
    """

    fitted: Fitted

    @property
    def cells(self) -> LikelihoodCells:
        """The cells."""
        return self.fitted.cells.likelihood

    @property
    def family(self) -> Family:
        """The outcome's distribution."""
        return self.fitted.family

    @property
    def link(self) -> str:
        """Its link."""
        return self.fitted.plan.link

    @property
    def draws(self) -> int:
        """D."""
        return self.fitted.count

    @cached_property
    def outcome(self) -> Outcome:
        """What was observed, on the scale it was measured on."""
        return self._measured(self.cells.outcome)

    @property
    def weight(self) -> FloatArray:
        """Rows behind each cell's likelihood, (C,)."""
        return self.cells.weight

    @property
    def group(self) -> IntArray:
        """Each cell's group, (C,); the preset's control group is numbered last."""
        return self.cells.group

    @property
    def n_groups(self) -> int:
        """H."""
        return len(self.fitted.cells.group_gram)

    def group_name(self, group: int) -> str:
        """A group in words."""
        groups = self.fitted.design.groups
        return groups.name(group) if group < groups.count else "the control group"

    @cached_property
    def kinds(self) -> RowKinds | None:
        """The different rows behind the cells; None where sums hide them."""
        kinds = self.cells.kinds(self.family)
        return None if kinds is None else replace(kinds, outcome=self._measured(kinds.outcome))

    @cached_property
    def arms(self) -> tuple[tuple[str, ...], IntArray]:
        """What the arms are called, and the arm of each cell, (C,)."""
        design = self.fitted.design
        if len(design.effects) > 1:
            return _several_arms(design, self.cells)
        t, d = design.effects[0].treatment, self.cells.d[:, 0]
        if t.kind == "estimate":
            return ("all estimates",), np.zeros(len(d), dtype=np.int64)
        if t.kind == "binary":
            names = tuple(f"{t.column}={value}" for value in (t.control, t.treated))
            return names, (d != 0).astype(np.int64)
        doses = np.unique(d)
        if len(doses) <= FEW_DOSES:
            return tuple(f"{t.column}={number_text(x)}" for x in doses), np.searchsorted(doses, d)
        order = np.argsort(d, kind="stable")  # thirds of the rows, equal doses together
        share = np.cumsum(self.cells.rows[order]) / self.cells.rows.sum()
        cuts = np.unique(d[order][np.searchsorted(share, [1 / 3, 2 / 3])])
        arm = np.searchsorted(cuts, d)
        arm = np.unique(arm, return_inverse=True)[1].astype(np.int64)
        ends = [(d[arm == k].min(), d[arm == k].max()) for k in range(arm.max() + 1)]
        names = tuple(f"{t.column} {number_text(a)} to {number_text(b)}" for a, b in ends)
        return names, arm

    def eta(self, draws: slice, cells: IntArray | None = None) -> FloatArray:
        """The linear predictor of some cells (all by default) in some draws, (C, k).

        For several linear predictors (L, C, k).
        """
        cells = np.arange(len(self.group)) if cells is None else cells
        some, place = np.unique(self.group[cells], return_inverse=True)
        own = self.fitted.draws.of(some, self.fitted.own)
        return self._eta(own, place.reshape(-1), draws, cells)

    def parameters(self, draws: slice, cells: IntArray) -> tuple[FloatArray, ...]:
        """The family's own parameters in some draws, (size, k) each.

        A residual sd that differs by arm or group is (1, c, k): that of each of the cells.
        """
        own = [values[draws].T for values in self.fitted.draws.parameters.values()]
        if self.fitted.plan.sigma_by == "arm":
            own[0] = own[0][None, self.cells.arms[0][cells]]
        elif self.fitted.plan.sigma_by == "group":
            own[0] = self.fitted.draws.residual[draws].T[None, self.group[cells]]
        return tuple(own)

    def pieces(self, draws: slice) -> Iterator[tuple[IntArray, FloatArray]]:
        """Every cell once, a piece at a time: cell numbers in ascending order and their eta."""
        step = max(VALUES // max(self._count(draws), 1), 1)
        if self.n_groups * self.draws <= KEPT:
            for low in range(0, len(self.group), step):
                cells = np.arange(low, min(low + step, len(self.group)))
                yield cells, self.eta(draws, cells)
            return
        for own in self._blocks():  # too many groups to keep: each block is drawn once
            order = np.argsort(own.groups)
            own = Own(own.groups[order], own.u[:, :, order])
            mine = np.flatnonzero(np.isin(self.group, own.groups))
            for low in range(0, len(mine), step):
                cells = mine[low : low + step]
                place = np.searchsorted(own.groups, self.group[cells])
                yield cells, self._eta(own, place, draws, cells)

    def _blocks(self) -> Iterator[Own]:
        """Every group once, the preset's control group last."""
        draws, count = self.fitted.draws, self.fitted.design.groups.count
        yield from blocks(draws, self.fitted.own)
        if self.n_groups > count:
            yield draws.of(np.array([count]), self.fitted.own)

    def _eta(self, own: Own, place: IntArray, draws: slice, cells: IntArray) -> FloatArray:
        some = Own(own.groups, own.u[..., draws])
        found = eta(self.fitted, some, place, draws, cells)
        return found if self.family.several else found[0]

    def log_likelihood(self, draws: slice) -> Iterator[tuple[IntArray, FloatArray]]:
        """Log density of one row of each kind: kind numbers (m,) and values (m, k), by pieces."""
        kinds = self.kinds
        assert kinds is not None
        family = self.family
        for cells, eta in self.pieces(draws):
            mine, place = kinds.among(cells)
            step = max(4 * VALUES // max(eta.shape[-1], 1), 1)
            for low in range(0, len(mine), step):
                some, at = mine[low : low + step], place[low : low + step]
                outcome = kinds.outcome.take(some)
                parameters = self.parameters(draws, cells[at])
                value = family.log_likelihood(outcome, eta[..., at, :], self.link, parameters)
                yield some, value + family.constant(outcome)[:, None]

    def _count(self, draws: slice) -> int:
        return len(range(*draws.indices(self.draws)))

    def _measured(self, outcome: Outcome) -> Outcome:
        if self.fitted.plan.family != "lognormal":
            return outcome
        return replace(outcome, y=np.exp(outcome.y))  # its logarithm was taken with the rows


def predictor_of(fitted: Fitted, what: str) -> CellPredictor:
    """The predictor of a fit.

    Args:
        fitted: the fit; what: it is needed for, to begin an error with.

    Raises:
        PlanError: the fit has cross-products instead of rows.
    """
    if why := no_rows(fitted, what):
        raise PlanError(why)
    return CellPredictor(fitted)


def no_rows(fitted: Fitted, what: str) -> str:
    """Why there is none, in words that begin with ``what`` it is needed for; empty if there is."""
    if fitted.cells.content == "rows":
        return ""
    return (
        f"{what} needs the rows' outcomes, and method 'exact' keeps their cross-products only. "
        "Fit again with method='quadrature': the same posterior, from rows."
    )


def _several_arms(design: Design, cells: LikelihoodCells) -> tuple[tuple[str, ...], IntArray]:
    """Every combination of treatments that occurs, in words, and that of each cell."""
    arm, arms = cells.arms
    names = []
    for row in arms:
        given = [
            effect.treatment.name
            + ("" if effect.treatment.kind == "binary" else f"={number_text(d)}")
            for effect, d in zip(design.effects, row, strict=True)
            if d
        ]
        names.append(" and ".join(given) or "untreated")
    return tuple(names), arm
