"""A problem and draws of its posterior: what every question is put to.

Tests: tests/fitted/test_elpd.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Layout, Priors, Problem, Sums
from forwhom.design import Design
from forwhom.families import FAMILIES, KNOWN_GAUSSIAN, Family
from forwhom.methods import Diagnostics, Draws
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Draws with what they are draws of; D draws, L linear predictors, G groups."""

    problem: Problem
    draws: Draws

    @property
    def design(self) -> Design:
        """What the names and groups mean."""
        return self.problem.design

    @property
    def plan(self) -> Plan:
        """The plan that ran, its family settled."""
        return self.problem.design.plan

    @property
    def cells(self) -> Sums:
        """What the rows were reduced to."""
        return self.problem.cells

    @property
    def priors(self) -> Priors:
        """Every prior used."""
        return self.problem.priors

    @property
    def layout(self) -> Layout:
        """Which coefficient is where."""
        return self.problem.cells.layout

    @property
    def diagnostics(self) -> Diagnostics:
        """How the draws were made."""
        return self.draws.diagnostics

    @property
    def family(self) -> Family:
        """The outcome's distribution."""
        return KNOWN_GAUSSIAN if self.design.estimates else FAMILIES[self.plan.family]

    @property
    def count(self) -> int:
        """D."""
        return len(self.draws.coefficients)

    @property
    def predictors(self) -> int:
        """L: one, or one for each category but the first."""
        return int(self.draws.coefficients.shape[1])

    @property
    def group_weight(self) -> FloatArray:
        """(G,) weight of each group's rows, for averages."""
        return self.cells.group_weight

    @property
    def own(self) -> Sequence[int]:
        """Every own parameter of a group, R of them."""
        return range(len(self.design.random_names))

    def own_effect(self, effect: int) -> list[int]:
        """Which own parameter is a group's part of an effect; none where effects do not vary."""
        names = self.design.random_names
        return [names.index("theta") + effect] if "theta" in names else []

    @cached_property
    def inner_coefficients(self) -> FloatArray:
        """(p, D) of the columns inside, where predictors far from zero are moved."""
        phi = self.draws.coefficients[:, 0].T
        return np.asarray(np.linalg.solve(self.cells.unmove, phi))

    @cached_property
    def modifier_rows(self) -> tuple[FloatArray, ...]:
        """Rows of each effect's heterogeneity equation, (H, k + 1)."""
        groups, found = self.design.groups, []
        for effect in self.cells.effects:
            rows = np.column_stack([np.ones(groups.count), effect.mean])
            if groups.has_control_group:  # its predicted effect is zero
                rows = np.vstack([rows, np.zeros(rows.shape[1])])
            found.append(rows)
        return tuple(found)
