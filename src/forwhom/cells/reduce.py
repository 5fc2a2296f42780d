"""Rows to Gaussian sufficient statistics; nothing after this depends on the number of rows.

Where a method needs more than that, rows that share everything are gathered beside them
(``likelihood``). The columns are told in ``sums``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.accumulator import Accumulator
from forwhom.cells.columns import chunks, counts
from forwhom.cells.combinations import count_levels
from forwhom.cells.coordinates import Coordinates, find_coordinates
from forwhom.cells.likelihood import reduce_likelihood
from forwhom.cells.origins import Moves, unmove
from forwhom.cells.sums import EffectColumns, Layout, Needs, RowCells, Sums
from forwhom.cells.untreated import within_untreated
from forwhom.design import Design, MatrixRecipe, Rows
from forwhom.families import FAMILIES

FloatArray = NDArray[np.float64]


def reduce_rows(design: Design, rows: Rows, needs: Needs = "sums") -> Sums:
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
    sums = Sums(
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
        control_within=within,
        control_groups=with_untreated,
    )
    return sums if needs == "sums" else RowCells.of(sums, reduce_likelihood(design, rows, at))


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
