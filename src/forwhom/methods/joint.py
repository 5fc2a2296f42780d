"""Draws of which everything is at hand, every level of every factor, and their contract.

Tests: tests/fitted/test_storage.py, tests/methods/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem
from forwhom.design import Design
from forwhom.errors import DataError
from forwhom.families import FAMILIES
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.method import Arrays, Levels, Named, Own, check_shape, named_correlations

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BLOCK = 64  # groups
BY_FACTOR = ("spreads", "levels", "nu", "correlation")  # one array for each factor


@dataclass(frozen=True, slots=True)
class JointPoints:
    """D draws of everything, chain after chain, in the units of the data.

    Attributes:
        coefficients: (D, L, p).
        factors: their names, groups first where they have parameters of their own.
        parameters: per family parameter (D, size).
        spreads: per factor (D, L, R); levels: per factor (D, L, R, H).
        nu: per factor (D, L, students), degrees of freedom; correlation: per factor (D, L, R, R),
            empty where there are none.
        residual: (D, groups) residual sds by group, and residual_spread (D, 1) the sd of their
            logarithms; empty where they do not differ by group.
        log_prior: (D,) log prior density of what the levels share.
        chains: number of chains.
        diagnostics: how it went.
    """

    coefficients: FloatArray
    factors: tuple[str, ...]
    parameters: tuple[FloatArray, ...]
    spreads: tuple[FloatArray, ...]
    levels: tuple[FloatArray, ...]
    nu: tuple[FloatArray, ...]
    correlation: tuple[FloatArray, ...]
    residual: FloatArray
    residual_spread: FloatArray
    log_prior: FloatArray
    chains: int
    diagnostics: Diagnostics


@dataclass(frozen=True, eq=False)
class JointDraws:
    """Draws of everything, with the names of the design.

    Attributes:
        design: what the factors are.
        names: of the family's own parameters.
        points: the draws as they were made.
    """

    design: Design
    names: tuple[str, ...]
    points: JointPoints

    @property
    def coefficients(self) -> FloatArray:
        """(D, L, p), in the units of the data."""
        return self.points.coefficients

    @property
    def diagnostics(self) -> Diagnostics:
        """How the chains went."""
        return self.points.diagnostics

    @property
    def spreads(self) -> FloatArray:
        """(D, L, R)."""
        if not self._own:
            return np.empty((*self.coefficients.shape[:2], 0))
        return self.points.spreads[0]

    @property
    def parameters(self) -> Mapping[str, FloatArray]:
        """The family's own, (D, size) each."""
        return dict(zip(self.names, self.points.parameters, strict=True))

    @property
    def residual(self) -> FloatArray:
        """(D, G) residual sds by group, where they differ."""
        return self.points.residual

    @cached_property
    def clusters(self) -> tuple[Levels, ...]:
        """Of each cluster: the factors after the groups."""
        first = int(self._own)
        found = zip(self.points.spreads[first:], self.points.levels[first:], strict=True)
        return tuple(Levels(sds, _side_by_side(u)) for sds, u in found)

    @cached_property
    def further(self) -> tuple[Named, ...]:
        """The spread of residual sds, degrees of freedom, correlations."""
        points, found = self.points, []
        if points.residual_spread.shape[1]:
            found.append(Named("sigma_spread", ("",), points.residual_spread[:, None]))
        if not self._own:
            return tuple(found)
        several = len(self.design.effects) > 1
        effects = tuple(e.treatment.name if several else "" for e in self.design.effects)
        if points.nu[0].shape[-1]:
            found.append(Named("nu_theta", effects, points.nu[0]))
        correlation = points.correlation[0]
        if correlation.shape[-1]:
            found.append(named_correlations(self.design, lambda i, j: correlation[..., i, j]))
        return tuple(found)

    def map[T](self, work: Callable[[Own], T], own: Sequence[int]) -> Iterator[T]:
        """Apply ``work`` to every block of the G groups, in order."""
        count = self.design.groups.count
        for low in range(0, count, BLOCK):
            yield work(self.of(np.arange(low, min(low + BLOCK, count)), own))

    def of(self, groups: IntArray, own: Sequence[int]) -> Own:
        """The draws of some groups."""
        if not own:
            d, lp = self.coefficients.shape[:2]
            return Own(groups, np.empty((lp, 0, len(groups), d)))
        return Own(groups, self._group_levels[:, list(own)][:, :, groups])

    def log_densities(self) -> tuple[FloatArray, None]:
        """The log prior; rows are independent given the levels."""
        return self.points.log_prior, None

    def left_out(self, problem: Problem, cells: IntArray) -> None:
        """A row's density given a whole draw is all that there is."""

    def arrays(self) -> Arrays:
        """What ``revive`` needs: all of it."""
        points = self.points
        out = {
            "coefficients": points.coefficients,
            "residual": points.residual,
            "residual_spread": points.residual_spread,
            "log_prior": points.log_prior,
        }
        for k, values in enumerate(points.parameters):
            out[f"parameters {k}"] = values
        for name in BY_FACTOR:
            out |= {f"{name} {k}": values for k, values in enumerate(getattr(points, name))}
        return out

    @property
    def _own(self) -> bool:
        """Whether groups have parameters of their own, which are the first factor then."""
        return bool(self.design.random_names)

    @cached_property
    def _group_levels(self) -> FloatArray:
        return _side_by_side(self.points.levels[0])


def _side_by_side(levels: FloatArray) -> FloatArray:
    """(D, L, R, H) with the draws of a level side by side: (L, R, H, D)."""
    return np.ascontiguousarray(levels.transpose(1, 2, 3, 0))


def name_draws(problem: Problem, points: JointPoints) -> JointDraws:
    """Draws with the problem's names."""
    names = tuple(entry.parameter for entry in problem.priors.parameters)
    return JointDraws(problem.design, names, points)


def revive_draws(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> JointDraws:
    """The draws again.

    Raises:
        DataError: arrays that do not belong to the problem.
    """
    shapes = _shapes(problem, diagnostics.draws)
    if set(shapes) != set(arrays):
        raise DataError("its draws are not those of its design.")
    for name, shape in shapes.items():
        check_shape(f"'{name}'", arrays[name], *shape)

    def several(field: str) -> tuple[FloatArray, ...]:
        return tuple(values for name, values in arrays.items() if name.split()[0] == field)

    points = JointPoints(
        coefficients=arrays["coefficients"],
        factors=factor_names(problem.design),
        parameters=several("parameters"),
        spreads=several("spreads"),
        levels=several("levels"),
        nu=several("nu"),
        correlation=several("correlation"),
        residual=arrays["residual"],
        residual_spread=arrays["residual_spread"],
        log_prior=arrays["log_prior"],
        chains=diagnostics.chains,
        diagnostics=diagnostics,
    )
    return name_draws(problem, points)


def factor_names(design: Design) -> tuple[str, ...]:
    """Groups first, where they have parameters of their own, then clusters."""
    return tuple(name for name, _, _ in _factors(design))


def _factors(design: Design) -> list[tuple[str, int, int]]:
    """Name, own parameters and levels of each factor, groups first where they have any."""
    own, groups = len(design.random_names), design.groups
    found = [("group", own, groups.count + groups.has_control_group)] if own else []
    for cluster in design.clusters:
        wide = 1 + len(design.effects) if cluster.effects else 1
        found.append((cluster.name, wide, len(cluster.levels)))
    return found


def _shapes(problem: Problem, d: int) -> dict[str, tuple[int, ...]]:
    """What the arrays of d draws measure."""
    design, priors = problem.design, problem.priors
    family = FAMILIES[design.plan.family]
    lp = len(design.outcome.levels) - 1 if family.several else 1
    by_group = design.plan.sigma_by == "group"
    out: dict[str, tuple[int, ...]] = {
        "coefficients": (d, lp, problem.cells.layout.p),
        "residual": (d, design.groups.count if by_group else 0),
        "residual_spread": (d, int(by_group)),
        "log_prior": (d,),
    }
    for k, row in enumerate(() if design.estimates else family.parameters):
        size = row.size(design.outcome.n_levels)
        by_arm = row.name == "sigma" and design.plan.sigma_by == "arm"
        out[f"parameters {k}"] = (d, len(design.arms) if by_arm else size)
    for k, (_, wide, count) in enumerate(_factors(design)):
        of_groups = k == 0 and bool(design.random_names)
        students = len(design.effects) if of_groups and priors.shape("nu_theta") else 0
        r = wide if of_groups and priors.shape("correlation") else 0
        out |= {
            f"spreads {k}": (d, lp, wide),
            f"levels {k}": (d, lp, wide, count),
            f"nu {k}": (d, lp, students),
            f"correlation {k}": (d, lp, r, r),
        }
    return out
