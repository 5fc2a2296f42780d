"""Whether the parts of a saved fit belong together: sizes by the design, numbers in range.

A file can be whole and still be made by hand. What is checked here is what later code relies on
without looking: arrays of the sizes that the design declares, numbers of groups, cells and levels
that exist.

Tests: tests/fitted/test_storage.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Layout, LikelihoodCells, Priors, Problem, Sums
from forwhom.design import Design
from forwhom.errors import DataError, PlanError
from forwhom.families import Outcome
from forwhom.plan import make_plan

IntArray = NDArray[np.int64]


def check_consistency(problem: Problem) -> None:
    """Compare every array with what the design declares.

    Raises:
        DataError: a part that does not belong to the others, by name.
    """
    design = problem.design
    _plan(design)
    _groups(design)
    _cells(design, problem.cells)
    _priors(design, problem.priors)


def _same(what: str, value: object, expected: object) -> None:
    if value != expected:
        raise DataError(f"{what} is {value!s:.80}, and the rest of the file asks for {expected}.")


def _shape(what: str, array: NDArray[Any], *shape: int) -> None:
    _same(f"the shape of {what}", array.shape, shape)


def _codes(what: str, array: IntArray, count: int) -> None:
    """Numbers of things that exist: from 0, below ``count``."""
    if array.size and not (array.min() >= 0 and array.max() < count):
        raise DataError(f"{what} names something that is not there.")


def _plan(design: Design) -> None:
    try:
        make_plan(**design.plan.keywords())
    except PlanError as error:
        raise DataError(f"its plan is not one: {error}") from None
    _same("the number of effects", bool(design.effects), True)


def _groups(design: Design) -> None:
    groups = design.groups
    g = len(groups.n_rows)
    _same("the number of groups", g > 0, True)
    per_column = (groups.values, groups.display, groups.numbers, groups.labels)
    for parts in per_column:
        _same("the number of grouping columns", len(parts), len(groups.columns))
    for codes, texts, numbers in zip(groups.values, groups.display, groups.numbers, strict=True):
        _shape("the groups' levels", codes, g)
        _codes("a group", codes, len(texts))
        if numbers is not None:
            _same("the number of levels", len(numbers), len(texts))
    counts = [groups.n_rows]
    counts += [n for effect in design.effects for n in (effect.n_treated, effect.n_control)]
    for n in counts:
        _shape("the groups' rows", n, g)
    for cluster in design.clusters:
        _shape(f"the rows of '{cluster.name}'", cluster.n_rows, len(cluster.levels))
    _same("the clusters", tuple(c.name for c in design.clusters), design.plan.clusters)


def _cells(design: Design, cells: Sums) -> None:
    _same("the order of the coefficients", cells.layout, Layout.of(design))
    g, p, k = design.groups.count, cells.layout.p, len(design.modifiers.names)
    h, r = g + design.groups.has_control_group, len(design.random_names)
    j, m = len(design.effects), 2 + len(design.controls.names) + k
    for name, shape in {
        "center": (p,),
        "scale": (p,),
        "inner_center": (p,),
        "inner_scale": (p,),
        "unmove": (p, p),
        "dose_scale": (j,),
        "cross": (p + 1, p + 1),
        "group_cross": (h, r, p + 1),
        "group_gram": (h, r, r),
        "modifier_mean": (g, k),
        "modifier_cross": (k + 1, k + 1),
        "modifier_center": (k,),
        "modifier_scale": (k,),
        "modifier_varies": (k,),
        "control_cross": (m, m),
        "group_weight": (g,),
        "within_variation": (j,),
    }.items():
        _shape(f"'{name}'", getattr(cells, name), *shape)
    wide = len(design.controls.names) + 1 if cells.control_groups else 0
    _shape("'control_within'", cells.control_within, 2, wide, wide)
    for rows in cells.level_rows:
        _shape("the rows of a term's levels", rows, 1 + 2 * j, rows.shape[-1] if rows.ndim else 0)
    _same("the number of effects", len(cells.effects), j)
    for effect, columns in zip(design.effects, cells.effects, strict=True):
        own = len(effect.modifiers.names)
        _shape("an effect's means", columns.mean, g, own)
        _shape("an effect's centres", columns.center, own)
        _shape("an effect's scales", columns.scale, own)
    if cells.content == "rows":
        _likelihood(design, cells.likelihood, p, h, r)


def _likelihood(design: Design, cells: LikelihoodCells, p: int, h: int, r: int) -> None:
    c, j = len(cells.weight), len(design.effects)
    before = 0 if design.estimates else 1 + len(design.controls.names) + len(design.delta_names)
    for name, shape in {
        "weight": (c,),
        "rows": (c,),
        "offset": (c,),
        "own_offset": (c,),
        "columns": (c, p),
        "own": (c, r),
        "d": (c, j),
        "group": (c,),
        "clusters": (c, len(design.clusters)),
        "baseline_row": (c, before),
    }.items():
        _shape(f"the cells' '{name}'", getattr(cells, name), *shape)
    _outcome(design, cells.outcome, c)
    _codes("a cell", cells.group, h)
    for at, cluster in enumerate(design.clusters):
        _codes("a cell", cells.clusters[:, at], len(cluster.levels))
    _same("the number of effects", len(cells.effect_rows), j)
    for effect, rows in zip(design.effects, cells.effect_rows, strict=True):
        _shape("an effect's rows", rows, c, len(effect.lambda_names))
    if cells.summed is not None:
        kinds = len(cells.summed.cell)
        _shape("the kinds of rows", cells.summed.cell, kinds)
        _shape("the kinds of rows", cells.summed.count, kinds)
        _codes("a kind of row", cells.summed.cell, c)
        _outcome(design, cells.summed.outcome, kinds)


def _outcome(design: Design, outcome: Outcome, count: int) -> None:
    ends = len(design.outcome.ends)
    for values in (outcome.y, outcome.trials, outcome.event):
        _shape("the outcome", values, count)
    _shape("the outcome's intervals", outcome.ends, ends)
    for values in (outcome.at_risk, outcome.ended):
        _shape("the outcome's intervals", values, *((count, ends) if ends else (0, 0)))
    _shape("the outcome's errors", outcome.error, count if design.estimates else 0)
    if outcome.levels and design.outcome.levels:
        _same("the number of categories", outcome.levels, len(design.outcome.levels))
        if ((outcome.y < 0) | (outcome.y >= outcome.levels) | (outcome.y % 1 != 0)).any():
            raise DataError("an outcome names a category that is not there.")


def _priors(design: Design, priors: Priors) -> None:
    _same("the number of coefficients", len(priors.coefficients), Layout.of(design).p)
    _same("the number of spreads", len(priors.spreads), len(design.random_names))
    _same("the number of clusters", len(priors.clusters), len(design.clusters))
