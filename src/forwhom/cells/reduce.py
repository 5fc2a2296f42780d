"""Rows to Gaussian sufficient statistics; nothing after this depends on the number of rows.

The columns, in this order: the intercept alpha; the controls (beta); the modifiers (delta) unless
the baseline is shared; for each effect d and d times its modifiers (lambda); last the outcome. All
but the intercept are centred and scaled, and predictors far from zero are moved before products
are made (``origins``): a change of coordinates that keeps the arithmetic accurate. Where the
outcome is itself an estimated effect there is no baseline, and the intercept is lambda's.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.accumulator import Accumulator
from forwhom.cells.columns import chunks, counts
from forwhom.cells.coordinates import Coordinates, find_coordinates
from forwhom.cells.levels import count_levels
from forwhom.cells.likelihood import LikelihoodCells, reduce_likelihood
from forwhom.cells.origins import Moves, unmove
from forwhom.cells.untreated import within_untreated
from forwhom.design import Design, MatrixRecipe, Rows
from forwhom.families import FAMILIES

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
class Cells:
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
        likelihood: cells for families and methods that need more than cross-products.
    """

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
    likelihood: LikelihoodCells | None
    control_within: FloatArray
    control_groups: int


def reduce_rows(design: Design, rows: Rows, needs: Needs = "sums") -> Cells:
    """One pass for centres and scales, one for the sums.

    Args:
        design: the recipe.
        rows: n complete rows.
        needs: what the method needs beside cross-products: "rows" are the likelihood's cells.
    """
    at = find_coordinates(design, rows)
    total = Accumulator(design, rows, at)
    for part, columns in chunks(design, rows, at.origins):
        total.add(part, columns)
    used, predictors, spanned = at.used, at.predictors, np.r_[0, at.modifiers]
    count, (outcome_center, outcome_scale) = design.groups.count, at.outcome
    modifier_mean = (at.about + total.modifier_sums / total.weight[:, None])[:count]
    link_center, link_scale = _on_link_scale(design, rows, outcome_center, outcome_scale)
    within, with_untreated = within_untreated(design, rows, outcome_center, outcome_scale)
    return Cells(
        layout=Layout.of(design),
        center=at.center[predictors],
        scale=at.scale[predictors],
        inner_center=at.inner_center[predictors],
        inner_scale=at.inner_scale[predictors],
        unmove=unmove(design, at.origins, predictors),
        outcome_center=outcome_center,
        outcome_scale=outcome_scale,
        dose_scale=at.dose_scale,
        n_rows=float(total.weight.sum()),
        cross=total.cross[np.ix_(used, used)],
        group_cross=total.group_cross[:, :, used],
        group_gram=total.group_gram,
        modifier_mean=modifier_mean,
        modifier_cross=total.cross[np.ix_(spanned, spanned)],
        modifier_center=at.center[at.modifiers],
        modifier_scale=at.scale[at.modifiers],
        effects=_effects(design, rows, at, modifier_mean),
        modifier_varies=total.varies,
        control_cross=total.untreated,
        group_weight=total.weight[:count],
        level_rows=count_levels(design, rows),
        within_variation=_within_variation(design, rows),
        link_center=link_center,
        link_scale=link_scale,
        likelihood=reduce_likelihood(design, rows, at) if needs == "rows" else None,
        control_within=within,
        control_groups=with_untreated,
    )


def _effects(
    design: Design, rows: Rows, at: Coordinates, modifier_mean: FloatArray
) -> tuple[EffectColumns, ...]:
    """Modifier columns of each effect, those of the baseline where they are the same."""
    same = EffectColumns(modifier_mean, at.center[at.modifiers], at.scale[at.modifiers])
    return tuple(
        same
        if effect.modifiers == design.modifiers and not moves
        else _effect_columns(effect.modifiers, rows, design.groups.count, moves)
        for effect, moves in zip(design.effects, at.origins.effects, strict=True)
    )


def _on_link_scale(design: Design, rows: Rows, center: float, scale: float) -> tuple[float, float]:
    """Where the linear predictor lies without any effect, and the size of a large effect."""
    family = FAMILIES[design.plan.family]
    if family.links[0] == "identity":
        if rows.offset is None:
            return center, scale
        left = rows.y - rows.offset  # what the offset leaves over has place and unit
        center = float(np.average(left, weights=rows.weights))
        sd = float(np.sqrt(np.average((left - center) ** 2, weights=rows.weights)))
        return center, sd if sd > 1e-12 * abs(center) else scale
    level = 0.0
    for extra in (rows.offset, rows.log_exposure):
        if extra is not None:
            level += float(np.average(extra, weights=rows.weights))
    w = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    over = rows.trials if rows.event is None else rows.event  # successes a trial, time an event
    mean = float(w @ rows.y / (w.sum() if over is None else w @ over))
    return family.start(mean, design.plan.link) - level, 1.0


def _within_variation(design: Design, rows: Rows) -> FloatArray:
    """Share of groups in which each treatment varies, (J,)."""
    count, out = design.groups.count, np.empty(len(design.effects))
    for j, effect in enumerate(design.effects):
        if effect.treatment.kind == "binary":
            out[j] = ((effect.n_treated > 0) & (effect.n_control > 0)).mean()
            continue
        low, high = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(low, rows.groups, rows.d[:, j])
        np.maximum.at(high, rows.groups, rows.d[:, j])
        out[j] = (high > low).mean()
    return out


def _effect_columns(recipe: MatrixRecipe, rows: Rows, count: int, moves: Moves) -> EffectColumns:
    """Of an effect whose modifiers are not those of the baseline, or lie far from zero."""
    z = recipe.matrix(rows.table)
    row = np.ones(len(z)) if rows.weights is None else rows.weights
    # the preset's control group is numbered last, and has no mean that is asked for
    total = np.bincount(rows.groups, row, count)[:count]
    about = z[0] if len(z) else np.zeros(z.shape[1])
    sums = [np.bincount(rows.groups, row * off, count)[:count] / total for off in (z - about).T]
    mean = np.stack(sums, axis=1) + about if sums else np.empty((count, 0))
    if moves:
        z = recipe.matrix(rows.table, less=moves)
    w = counts(rows)
    off = z - z[:1]  # about a row of theirs: a constant column has an sd of zero
    middle = w @ off / w.sum()
    sd = np.sqrt(w @ (off - middle) ** 2 / w.sum())
    center = z[0] + middle
    return EffectColumns(mean, center, np.where(sd > 0, sd, 1.0))
