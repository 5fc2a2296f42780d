"""The linear predictor of every cell in every draw: what predictive checks and LOO are made of.

The groups' own baselines and effects are in it, as drawn: predictions are for further rows of the
same groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Cells, LikelihoodCells, RowKinds
from forwhom.design import Design, number_text
from forwhom.errors import PlanError
from forwhom.families import FAMILIES, KNOWN_GAUSSIAN, Family, Outcome
from forwhom.fitted.joint import JointPredictor
from forwhom.fitted.latent import KEEP, LatentLocals
from forwhom.fitted.posterior import Posterior
from forwhom.methods.exact.sampler import ExactDraws
from forwhom.methods.nuts.sampler import JointDraws

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VALUES = 1_000_000  # cells x draws at once
FEW_DOSES = 4  # different doses that are shown one by one


@dataclass(frozen=True, eq=False)
class CellPredictor:
    """Cells of the likelihood under the draws of a posterior; C cells, H groups, D draws.

    Everything is in the units of the data. ``predictor_of`` makes one, or says why there is none.
    """

    posterior: Posterior
    cells: Cells

    @property
    def found(self) -> LikelihoodCells:
        """The cells."""
        assert self.cells.likelihood is not None
        return self.cells.likelihood

    @cached_property
    def joint(self) -> JointPredictor | None:
        """What predicts where NUTS made the draws."""
        shared = self.posterior.shared
        if not isinstance(shared, JointDraws):
            return None
        return JointPredictor(self.posterior.design, self.cells, shared)

    @property
    def local(self) -> LatentLocals:
        """Draws of the groups' own parameters."""
        assert isinstance(self.posterior.local, LatentLocals)
        return self.posterior.local

    @property
    def family(self) -> Family:
        """The outcome's distribution."""
        design = self.posterior.design
        return KNOWN_GAUSSIAN if design.estimates else FAMILIES[design.plan.family]

    @property
    def link(self) -> str:
        """Its link."""
        return self.posterior.design.plan.link

    @property
    def draws(self) -> int:
        """D."""
        return len(self.posterior.alpha)

    @cached_property
    def outcome(self) -> Outcome:
        """What was observed, on the scale it was measured on."""
        return self._measured(self.found.outcome)

    @property
    def weight(self) -> FloatArray:
        """Rows behind each cell's likelihood, (C,)."""
        return self.found.weight

    @property
    def group(self) -> IntArray:
        """Each cell's group, (C,); the preset's control group is numbered last."""
        return self.found.group

    @property
    def n_groups(self) -> int:
        """H."""
        return len(self.cells.group_gram)

    def group_name(self, group: int) -> str:
        """A group in words."""
        groups = self.posterior.design.groups
        return groups.name(group) if group < groups.count else "the control group"

    @cached_property
    def kinds(self) -> RowKinds | None:
        """The different rows behind the cells; None where sums hide them."""
        kinds = self.found.kinds(self.family)
        return None if kinds is None else replace(kinds, outcome=self._measured(kinds.outcome))

    @cached_property
    def arms(self) -> tuple[tuple[str, ...], IntArray]:
        """What the arms are called, and the arm of each cell, (C,)."""
        design = self.posterior.design
        if len(design.effects) > 1:
            return _several_arms(design, self.found)
        t, d = design.treatment, self.found.d[:, 0]
        if t.kind == "estimate":
            return ("all estimates",), np.zeros(len(d), dtype=np.int64)
        if t.kind == "binary":
            names = tuple(f"{t.column}={value}" for value in (t.control, t.treated))
            return names, (d != 0).astype(np.int64)
        doses = np.unique(d)
        if len(doses) <= FEW_DOSES:
            return tuple(f"{t.column}={number_text(x)}" for x in doses), np.searchsorted(doses, d)
        order = np.argsort(d, kind="stable")  # thirds of the rows, equal doses together
        share = np.cumsum(self.found.rows[order]) / self.found.rows.sum()
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
        if self.joint is not None:
            found = self.joint.eta(draws, cells)
            return found if self.family.several else found[0]
        some, place = np.unique(self.group[cells], return_inverse=True)
        if self.n_groups * self.draws <= KEEP:
            theta, b = (kept[some][:, draws] for kept in self.local._kept)
        else:
            theta, b = (np.empty((len(some), self._count(draws))) for _ in range(2))
            for block in self.local._drawn():
                inside, at = _lookup(block.groups, some)
                theta[at] = block.theta[inside][:, draws]
                b[at] = block.own_b[inside][:, draws]
        return self._combine(cells, draws, theta, b, some, place)

    def parameters(self, draws: slice, cells: IntArray) -> tuple[FloatArray, ...]:
        """The family's own parameters in some draws, (size, k) each.

        A residual sd that differs by arm or group is (1, c, k): that of each of the cells.
        """
        if self.joint is not None:
            return self.joint.parameters(draws, cells)
        return tuple(values[draws].T for _, values in self.posterior.parameters)

    def pieces(self, draws: slice) -> Iterator[tuple[IntArray, FloatArray]]:
        """Every cell once, a piece at a time: cell numbers in ascending order and their eta."""
        step = max(VALUES // max(self._count(draws), 1), 1)
        if self.joint is not None or self.n_groups * self.draws <= KEEP:
            for low in range(0, len(self.group), step):
                cells = np.arange(low, min(low + step, len(self.group)))
                yield cells, self.eta(draws, cells)
            return
        for block in self.local._drawn():  # too many groups to keep: each block is drawn once
            order = np.argsort(block.groups)
            some, theta, b = block.groups[order], block.theta[order], block.own_b[order]
            mine = np.flatnonzero(np.isin(self.group, some))
            for low in range(0, len(mine), step):
                cells = mine[low : low + step]
                place = np.searchsorted(some, self.group[cells])
                yield cells, self._combine(cells, draws, theta[:, draws], b[:, draws], some, place)

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
        if self.posterior.design.plan.family != "lognormal":
            return outcome
        return replace(outcome, y=np.exp(outcome.y))  # its logarithm was taken with the rows

    def _combine(
        self,
        cells: IntArray,
        draws: slice,
        theta: FloatArray,
        b: FloatArray,
        groups: IntArray,
        place: IntArray,
    ) -> FloatArray:
        """eta of cells, given theta and b of their groups (g, k); ``place`` (c,) among them."""
        found, local = self.found, self.local
        lambda_ = local.lambda_[draws]
        eta = np.tile(found.offset[cells, None], (1, len(lambda_)))
        if not self.posterior.design.estimates:
            before = local.shared.coefficients[draws, : self.cells.layout.delta.stop]
            eta += found.baseline_row[cells] @ before.T
        eta += found.d[cells] * (found.effect_rows[0][cells] @ lambda_.T)
        own = theta - local.eta_columns[groups] @ lambda_.T  # beyond the group's prediction
        for r, name in enumerate(local.random):
            # the preset's effect is an intercept of treated groups, and of the control group
            unit = local.model.basis.random_scale[r]
            column = found.own[cells, r] * (unit if name == "theta" else 1.0)
            eta += column[:, None] * (own if name == "theta" else b)[place]
        return np.asarray(eta)


def predictor_of(posterior: Posterior, cells: Cells, what: str) -> CellPredictor:
    """The predictor of a fit.

    Args:
        posterior, cells: the fit; what: it is needed for, to begin an error with.

    Raises:
        PlanError: the fit has cross-products instead of rows.
    """
    if cells.likelihood is None or isinstance(posterior.shared, ExactDraws):
        raise PlanError(
            f"{what} needs the rows' outcomes, and method 'exact' keeps their cross-products only. "
            "Fit again with method='quadrature': the same posterior, from rows."
        )
    return CellPredictor(posterior, cells)


def _several_arms(design: Design, found: LikelihoodCells) -> tuple[tuple[str, ...], IntArray]:
    """Every combination of treatments that occurs, in words, and that of each cell."""
    arm, arms = found.arms
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


def _lookup(values: IntArray, among: IntArray) -> tuple[NDArray[np.bool_], IntArray]:
    """Which values are among some sorted ones, and where those are."""
    at = np.minimum(np.searchsorted(among, values), len(among) - 1)
    inside = among[at] == values
    return inside, at[inside]
