"""Whether the parts of a saved fit belong together: sizes by the design, numbers in range.

A file can be whole and still be made by hand. What is checked here is what later code relies on
without looking: arrays of the sizes that the design declares, numbers of groups, cells and levels
that exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Cells, Layout, LikelihoodCells, Priors
from forwhom.design import Design
from forwhom.errors import DataError, PlanError
from forwhom.families import FAMILIES, Outcome
from forwhom.methods.exact.sampler import ExactDraws
from forwhom.methods.nuts.sampler import JointDraws
from forwhom.methods.quadrature.sampler import LatentDraws
from forwhom.plan import make_plan

Draws = ExactDraws | LatentDraws | JointDraws
IntArray = NDArray[np.int64]


def check_sizes(design: Design, cells: Cells, priors: Priors, draws: Draws) -> None:
    """Compare every array with what the design declares.

    Raises:
        DataError: a part that does not belong to the others, by name.
    """
    _plan(design)
    _groups(design)
    _cells(design, cells)
    _priors(design, priors)
    _draws(design, cells, priors, draws)


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise DataError(f"{what} is {found!s:.80}, and the rest of the file asks for {expected}.")


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
    _codes("the effect at hand", np.array([design.at]), len(design.effects))


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
    counts = [groups.n_rows, groups.n_treated, groups.n_control]
    counts += [n for effect in design.effects for n in (effect.n_treated, effect.n_control)]
    for n in counts:
        _shape("the groups' rows", n, g)
    for cluster in design.clusters:
        _shape(f"the rows of '{cluster.name}'", cluster.n_rows, len(cluster.levels))
    _same("the clusters", tuple(c.name for c in design.clusters), design.plan.clusters)


def _cells(design: Design, cells: Cells) -> None:
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
    if cells.likelihood is not None:
        _likelihood(design, cells.likelihood, p, h, r)


def _likelihood(design: Design, found: LikelihoodCells, p: int, h: int, r: int) -> None:
    c, j = len(found.weight), len(design.effects)
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
        _shape(f"the cells' '{name}'", getattr(found, name), *shape)
    _outcome(design, found.outcome, c)
    _codes("a cell", found.group, h)
    for at, cluster in enumerate(design.clusters):
        _codes("a cell", found.clusters[:, at], len(cluster.levels))
    _same("the number of effects", len(found.effect_rows), j)
    for effect, rows in zip(design.effects, found.effect_rows, strict=True):
        _shape("an effect's rows", rows, c, len(effect.lambda_names))
    if found.summed is not None:
        kinds = len(found.summed.cell)
        _shape("the kinds of rows", found.summed.cell, kinds)
        _shape("the kinds of rows", found.summed.count, kinds)
        _codes("a kind of row", found.summed.cell, c)
        _outcome(design, found.summed.outcome, kinds)


def _outcome(design: Design, found: Outcome, count: int) -> None:
    ends = len(design.outcome.ends)
    for values in (found.y, found.trials, found.event):
        _shape("the outcome", values, count)
    _shape("the outcome's intervals", found.ends, ends)
    for values in (found.at_risk, found.ended):
        _shape("the outcome's intervals", values, *((count, ends) if ends else (0, 0)))
    _shape("the outcome's errors", found.error, count if design.estimates else 0)
    if found.levels and design.outcome.levels:
        _same("the number of categories", found.levels, len(design.outcome.levels))
        if ((found.y < 0) | (found.y >= found.levels) | (found.y % 1 != 0)).any():
            raise DataError("an outcome names a category that is not there.")


def _priors(design: Design, priors: Priors) -> None:
    _same("the number of coefficients", len(priors.coefficients), Layout.of(design).p)
    _same("the number of spreads", len(priors.spreads), len(design.random_names))
    _same("the number of clusters", len(priors.clusters), len(design.clusters))


def _draws(design: Design, cells: Cells, priors: Priors, draws: Draws) -> None:
    d, p = len(draws.coefficients), cells.layout.p
    _same("the number of draws", draws.diagnostics.draws, d)
    _same("the number of draws", d > 0, True)
    if isinstance(draws, JointDraws):
        return _joint(design, priors, draws, d, p)
    r = len(design.random_names)
    _shape("the coefficients", draws.coefficients, d, p)
    _shape("the spreads", draws.spreads, d, r)
    _shape("the spreads inside", draws.tau, d, r)
    if isinstance(draws, ExactDraws):
        _same("the cells", cells.likelihood, None)
        _shape("the coefficients inside", draws.internal, d, p)
        _shape("the residual sd", draws.residual, d)
        _shape("the residual sd inside", draws.sigma, d)
        return None
    _same("the cells", cells.likelihood is not None, True)
    _shape("the coordinates", draws.xi, d, p + _own(design, draws.parameters, d))
    return None


def _own(design: Design, found: Sequence[NDArray[Any]], d: int) -> int:
    """How many entries the family's own parameters have, after a look at their shapes."""
    rows = () if design.estimates else FAMILIES[design.plan.family].parameters
    _same("the number of the family's parameters", len(found), len(rows))
    total = 0
    for row, values in zip(rows, found, strict=True):
        size = row.size(design.outcome.n_levels)
        if row.name == "sigma" and design.plan.sigma_by == "arm":
            size = len(design.arms)
        _shape(f"'{row.name}'", values, d, size)
        total += size
    return total


def _joint(design: Design, priors: Priors, draws: JointDraws, d: int, p: int) -> None:
    family, groups = FAMILIES[design.plan.family], design.groups
    lp = len(design.outcome.levels) - 1 if family.several else 1
    _shape("the coefficients", draws.coefficients, d, lp, p)
    _own(design, draws.parameters, d)
    own = len(design.random_names)
    levels = {"group": (own, groups.count + groups.has_control_group)} if own else {}
    for cluster in design.clusters:
        wide = 1 + len(design.effects) if cluster.effects else 1
        levels[cluster.name] = (wide, len(cluster.levels))
    _same("the factors", draws.factors, tuple(levels))
    for name, parts in {
        "spreads": draws.spreads,
        "levels": draws.levels,
        "nu": draws.nu,
        "correlation": draws.correlation,
    }.items():
        _same(f"the number of '{name}'", len(parts), len(levels))
    for at, (wide, count) in enumerate(levels.values()):
        _shape("a factor's spreads", draws.spreads[at], d, lp, wide)
        _shape("a factor's levels", draws.levels[at], d, lp, wide, count)
        of_groups = at == 0 and bool(own)
        students = len(design.effects) if of_groups and priors.shape("nu_theta") else 0
        _shape("degrees of freedom", draws.nu[at], d, lp, students)
        r = wide if of_groups and priors.shape("correlation") else 0
        _shape("a correlation", draws.correlation[at], d, lp, r, r)
    by_group = design.plan.sigma_by == "group"
    _shape("the residual sds", draws.residual, d, groups.count if by_group else 0)
    _shape("their spread", draws.residual_spread, d, int(by_group))
    _shape("the prior's density", draws.log_prior, d)
    chains = draws.diagnostics.chains
    _same("the chains", chains is not None and chains.chains == draws.chains, True)
    if draws.chains < 1 or d % draws.chains:
        raise DataError("the draws are not whole chains.")
