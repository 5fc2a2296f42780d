"""What the rows are reduced to: sums of squares and products, with or without the rows beside.

The columns, in this order: the intercept alpha; the controls (beta); the modifiers (delta) unless
the baseline is shared; for each effect d and d times its modifiers (lambda); last the outcome. All
but the intercept are centred and scaled, and predictors far from zero are moved before products
are made (``origins``): a change of coordinates that keeps the arithmetic accurate. Where the
outcome is itself an estimated effect there is no baseline, and the intercept is lambda's.

Tests: tests/cells/test_reduce.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.likelihood import LikelihoodCells
from forwhom.design import Design

FloatArray = NDArray[np.float64]

Needs = Literal["sums", "rows"]  # what a method asks of the reduction


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns hold which coefficients, p in all."""

    beta: slice
    delta: slice
    lambdas: tuple[slice, ...]
    p: int

    @property
    def lambda_(self) -> slice:
        """Those of the first effect."""
        return self.lambdas[0]

    @staticmethod
    def of(design: Design) -> Layout:
        """Read off the design."""
        if design.estimates:
            p = len(design.effects[0].lambda_names)
            return Layout(slice(0, 0), slice(0, 0), (slice(0, p),), p)
        n_beta, n_delta = len(design.controls.names), len(design.delta_names)
        ends = np.cumsum([1 + n_beta + n_delta, *(len(e.lambda_names) for e in design.effects)])
        lambdas = tuple(slice(int(a), int(b)) for a, b in pairwise(ends))
        return Layout(slice(1, 1 + n_beta), slice(1 + n_beta, int(ends[0])), lambdas, int(ends[-1]))


@dataclass(frozen=True, slots=True)
class EffectColumns:
    """The modifier columns of one effect, k of them.

    Attributes:
        mean: (G, k) over each group's rows, as written.
        center, scale: (k,) of the columns, predictors far from zero moved.
    """

    mean: FloatArray
    center: FloatArray
    scale: FloatArray


@dataclass(frozen=True, slots=True)
class Sums:
    """Sufficient statistics of the Gaussian model, and what describes the groups.

    G groups (plus one for the preset's control group, H in all), R group parameters, p
    coefficients, q = p + 1 columns with the outcome last, k modifier columns.

    Attributes:
        layout: which column is which.
        center, scale: (p,) of the columns as written; 0 and 1 for the intercept.
        inner_center, inner_scale: (p,) of the columns inside, the same where nothing is moved.
        unmove: (p, p) from coefficients of the moved columns to those as written.
        outcome_center, outcome_scale: of the outcome.
        dose_scale: (J,) each treatment's unit inside (1 for a binary one).
        n_rows: total weight.
        cross: (q, q) cross-products of the centred, scaled columns.
        group_cross: (H, R, q); group_gram: (H, R, R).
        modifier_mean: (G, k) mean of the modifier columns over each group's rows.
        modifier_cross: (k + 1, k + 1) cross-products of [1, modifiers], centred and scaled alike.
        modifier_center, modifier_scale: (k,).
        effects: (J) the modifier columns of each effect.
        modifier_varies: (k,) whether a modifier varies within some group.
        control_cross: (1 + n_beta + k + 1,) square: [1, controls, modifiers, outcome] over the
            untreated rows; zeros for a dose.
        control_within: (2, c, c) cross-products of [controls, outcome] over the untreated rows, in
            all and about their groups' means, and control_groups, the number of groups with such
            rows; empty but for a shared baseline without modifiers.
        group_weight: (G,) total weight of each group's rows.
        level_rows: per term of controls and modifiers that holds levels, (1 + 2 J, L): rows with
            each combination of them, then with and without each effect's arm.
        within_variation: (J,) share of groups in which each treatment varies.
        link_center, link_scale: the outcome's place and unit on the link scale, for priors.
    """

    content: ClassVar[Needs] = "sums"  # what there is of the rows

    layout: Layout
    center: FloatArray
    scale: FloatArray
    inner_center: FloatArray
    inner_scale: FloatArray
    unmove: FloatArray
    outcome_center: float
    outcome_scale: float
    dose_scale: FloatArray
    n_rows: float
    cross: FloatArray
    group_cross: FloatArray
    group_gram: FloatArray
    modifier_mean: FloatArray
    modifier_cross: FloatArray
    modifier_center: FloatArray
    modifier_scale: FloatArray
    effects: tuple[EffectColumns, ...]
    modifier_varies: NDArray[np.bool_]
    control_cross: FloatArray
    group_weight: FloatArray
    level_rows: tuple[FloatArray, ...]
    within_variation: FloatArray
    link_center: float
    link_scale: float
    control_within: FloatArray
    control_groups: int

    @property
    def likelihood(self) -> LikelihoodCells:
        """There is none: who asks looks at ``content`` before."""
        raise AssertionError("only sums were kept of the rows")


@dataclass(frozen=True, slots=True)
class RowCells(Sums):
    """The same, and rows that share everything, for families and methods that need the rows."""

    content: ClassVar[Needs] = "rows"
    likelihood: LikelihoodCells = field()  # not the property above, which would be its default

    @staticmethod
    def of(sums: Sums, likelihood: LikelihoodCells) -> RowCells:
        """Sums with the rows beside them."""
        kept = {part.name: getattr(sums, part.name) for part in fields(sums)}
        return RowCells(**kept, likelihood=likelihood)
