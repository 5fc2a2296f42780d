"""Groups, and cells' linear predictors, of draws that NUTS made: everything is at hand.

A fit by NUTS can have several effects and several linear predictors. Tables show one effect of one
predictor at a time (``show``); predictions need them all (``JointPredictor``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Cells
from forwhom.design import Design
from forwhom.fitted.local import Block
from forwhom.methods.nuts.sampler import JointDraws

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BLOCK = 64  # groups


@dataclass(frozen=True, eq=False)
class JointLocals:
    """Groups' parameters for one effect of one linear predictor; G groups, H levels, D draws.

    Attributes:
        own_theta, own_b: (H, D) beyond what is predicted; the preset's control group comes last.
        eta_columns: (H, k + 1), baseline_columns: (G, k'): rows of the two equations.
        lambda_: (D, k + 1) and delta: (D, k').
        count: G.
    """

    own_theta: FloatArray
    own_b: FloatArray
    eta_columns: FloatArray
    baseline_columns: FloatArray
    lambda_: FloatArray
    delta: FloatArray
    count: int

    def map[T](self, work: Callable[[Block], T]) -> Iterator[T]:
        """Apply ``work`` to every block of the G groups, in order."""
        for low in range(0, self.count, BLOCK):
            groups = np.arange(low, min(low + BLOCK, self.count))
            theta = self.eta_columns[groups] @ self.lambda_.T + self.own_theta[groups]
            yield work(Block(groups, theta, self.own_b[groups]))

    def theta(self) -> FloatArray:
        """All group effects, (G, D)."""
        out = np.empty((self.count, len(self.lambda_)))

        def fill(block: Block) -> None:
            out[block.groups] = block.theta

        deque(self.map(fill), maxlen=0)
        return out

    def eta(self) -> FloatArray:
        """Predicted effects, (G, D)."""
        return np.asarray(self.eta_columns[: self.count] @ self.lambda_.T)

    def baselines(self) -> FloatArray:
        """Group baselines b, (G, D)."""
        return np.asarray(self.baseline_columns @ self.delta.T + self.own_b[: self.count])

    def control_theta(self) -> FloatArray:
        """The preset's control group's own theta, (D,)."""
        return np.asarray(self.own_theta[self.count])


@dataclass(frozen=True, eq=False)
class JointPredictor:
    """Linear predictors of cells, (L, C, k) for k draws, as they are and under other treatments."""

    design: Design
    cells: Cells
    draws: JointDraws

    def eta(self, some: slice, cells: IntArray) -> FloatArray:
        """As observed, offsets and exposures included."""
        found = self.cells.likelihood
        assert found is not None
        d = found.d[cells]
        return self._eta(some, cells, d, found.offset[cells], self._own(d))

    def with_and_without(
        self, effect: int, some: slice, cells: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Without and with a treatment (a dose: one unit more), the others as observed.

        Arms of one treatment exclude each other. Exposures are left out: effects are on rates.
        """
        found = self.cells.likelihood
        assert found is not None
        treatment = self.design.effects[effect].treatment
        d = found.d[cells].copy()
        offset = found.own_offset[cells]
        if treatment.kind != "dose":
            columns = [e.treatment.column for e in self.design.effects]
            d[:, [k for k, name in enumerate(columns) if name == treatment.column]] = 0.0
        without = self._eta(some, cells, d, offset, self._own(d, given=True))
        d[:, effect] += 1.0
        return without, self._eta(some, cells, d, offset, self._own(d, given=True))

    def parameters(self, some: slice, cells: IntArray) -> tuple[FloatArray, ...]:
        """The family's own, (size, k) each; a residual sd that differs as (1, c, k)."""
        found, plan = self.cells.likelihood, self.design.plan
        assert found is not None
        own = [values[some].T for values in self.draws.parameters]
        if plan.sigma_by == "arm":
            own[0] = own[0][None, found.arms[0][cells]]
        elif plan.sigma_by == "group":
            own[0] = self.draws.residual[some].T[None, found.group[cells]]
        return tuple(own)

    def _eta(
        self,
        some: slice,
        cells: IntArray,
        d: FloatArray,
        offset: FloatArray,
        of_group: FloatArray,
    ) -> FloatArray:
        found, layout, draws = self.cells.likelihood, self.cells.layout, self.draws
        assert found is not None
        phi = draws.coefficients[some].transpose(1, 2, 0)  # (L, p, k)
        eta = np.tile(offset[:, None], (phi.shape[0], 1, phi.shape[2]))
        eta += found.baseline_row[cells] @ phi[:, : layout.delta.stop]
        for j, (part, rows) in enumerate(zip(layout.lambdas, found.effect_rows, strict=True)):
            eta += d[:, [j]] * (rows[cells] @ phi[:, part])
        names = [cluster.name for cluster in self.design.clusters]
        for name, levels in zip(draws.factors, draws.levels, strict=True):
            u = levels[some].transpose(1, 2, 3, 0)  # (L, R, H, k)
            if name == "group":
                index, own = found.group[cells], of_group
            else:
                index = found.clusters[cells, names.index(name)]
                own = np.hstack([np.ones((len(cells), 1)), d])[:, : u.shape[1]]
            for r in range(u.shape[1]):
                eta += own[:, [r]] * u[:, r, index]
        return eta

    def _own(self, d: FloatArray, given: bool = False) -> FloatArray:
        """Columns of the group's own parameters.

        In the preset they are intercepts of treated groups and of the control group; ``given`` to
        an untreated row, such an intercept is the effect.
        """
        one = np.ones((len(d), 1))
        if given and self.design.groups.has_control_group:
            return d
        if self.design.groups.has_control_group or self.design.estimates:
            return one
        parts = [one] if "b" in self.design.random_names else [one[:, :0]]
        return np.hstack([*parts, *([d] if "theta" in self.design.random_names else [])])


def group_levels(
    design: Design, draws: JointDraws, effect: int, predictor: int
) -> tuple[FloatArray, FloatArray, FloatArray | None, FloatArray | None]:
    """own_theta and own_b (H, D) and their sds (D,), or None, of one effect of one predictor."""
    count = design.groups.count + design.groups.has_control_group
    empty = np.zeros((count, len(draws.coefficients)))
    if "group" not in draws.factors:
        return empty, empty, None, None
    at = draws.factors.index("group")
    levels, spreads = draws.levels[at][:, predictor], draws.spreads[at][:, predictor]
    names = design.random_names
    first = int("b" in names)
    own_b, sigma_b = (levels[:, 0].T, spreads[:, 0]) if first else (empty, None)
    if "theta" not in names:
        return empty, np.ascontiguousarray(own_b), None, sigma_b
    theta = np.ascontiguousarray(levels[:, first + effect].T)
    return theta, np.ascontiguousarray(own_b), spreads[:, first + effect], sigma_b


def other_parameters(
    design: Design, draws: JointDraws, predictor: int
) -> tuple[tuple[str, tuple[str, ...], FloatArray], ...]:
    """Of clusters and of the group parameters' law: parameter, terms, draws (D, terms)."""
    found: list[tuple[str, tuple[str, ...], FloatArray]] = []
    several = len(design.effects) > 1
    effects = tuple(effect.treatment.name if several else "" for effect in design.effects)
    for cluster in design.clusters:
        spreads = draws.spreads[draws.factors.index(cluster.name)][:, predictor]
        found.append((f"sigma_{cluster.name}", ("",), spreads[:, :1]))
        if cluster.effects:
            found.append((f"sigma_theta_{cluster.name}", effects, spreads[:, 1:]))
    if draws.residual_spread.shape[1]:
        found.append(("sigma_spread", ("",), draws.residual_spread))
    if "group" not in draws.factors:
        return tuple(found)
    at = draws.factors.index("group")
    if draws.nu[at].shape[-1]:
        found.append(("nu_theta", effects, draws.nu[at][:, predictor]))
    correlation = draws.correlation[at][:, predictor]
    r = correlation.shape[-1]
    if r:
        shown = ["b"] if "b" in design.random_names else []
        shown += [f"theta {name}".strip() for name in effects]
        pairs = [(i, j) for i in range(r) for j in range(i)]
        terms = tuple(f"{shown[j]}, {shown[i]}" for i, j in pairs)
        values = np.stack([correlation[:, i, j] for i, j in pairs], axis=1)
        found.append(("correlation", terms, values))
    return tuple(found)
