"""A group's own rows alone: the estimate without pooling.

What all groups share (intercept, controls, residual sd, ...) is taken at its posterior mean. The
group's own baseline, where baselines vary by group, and effect are then those that make its own
rows most likely, whatever other groups say. For a normal outcome without controls that is the
difference between the means of its treated and untreated rows; on the outcome's scale, for a
probability or a mean, likewise. Standard errors are those of the curvature at the maximum; on
another scale by its slope (delta method).

Where the likelihood has no maximum (a group whose rows are all alike), a difference on the link
scale is unknown, and one on the outcome's scale has no standard error.

Tests: tests/answers/test_pooling.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from forwhom.fitted.fitted import Fitted
from forwhom.fitted.predictor import CellPredictor, eta, no_rows, with_and_without, without_it
from forwhom.fitted.quantity import Quantity
from forwhom.fitted.scales import mean_of, percent_of, percent_sign
from forwhom.fitted.shares import own_units
from forwhom.methods import Draws, Levels, Own
from forwhom.methods.units import Basis

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

STEPS, LONGEST = 60, 2.0  # Newton steps, and how far one goes on the scale of the linear predictor
NO_INFORMATION = 1e-9  # share of a group's information below which a direction has none
LOST = 1e-4  # of the information at the start: less, and the maximum lies at infinity
CLOSE = 1e-8  # of that, where they end
TINY = 1e-200
SMALL = 1e-5  # of a standard error: a step for slopes


@dataclass(frozen=True, slots=True)
class Alone:
    """Estimates without pooling, (G,) each; NaN where a group's own rows do not tell.

    Attributes:
        estimate: effects; error: their standard errors.
    """

    estimate: FloatArray
    error: FloatArray


@dataclass(frozen=True, slots=True)
class _Mean:
    """Draws of one: the posterior mean of what groups share, and nothing of their own."""

    coefficients: FloatArray
    parameters: dict[str, FloatArray]
    clusters: tuple[Levels, ...]
    residual: FloatArray


@dataclass(frozen=True, slots=True)
class _Own:
    """What makes a group's own rows most likely, n parameters on the link scale.

    Attributes:
        u: (G, n) beyond the prediction; covariance: (G, n, n).
        told: (G,) whether its rows tell them; bounded: whether the likelihood has a maximum.
        each: own parameters of one linear predictor.
    """

    u: FloatArray
    covariance: FloatArray
    told: Mask
    bounded: Mask
    each: int


def alone(fitted: Fitted, quantity: Quantity) -> Alone:
    """The estimates of one effect in a quantity."""
    if no_rows(fitted, ""):
        return _from_sums(fitted, quantity)
    mean = replace(fitted, draws=_mean_draws(fitted))
    own, j = most_likely(mean), _place(mean, quantity.effect)
    if quantity.scale in ("link", "percent"):
        at = quantity.predictor * own.each + j
        return _told(fitted, quantity, own, at, _predicted(mean, quantity))
    base, u = _without_and_with(mean, quantity.effect), own.u
    estimate, slopes = _difference(mean, quantity, base, u), np.empty(u.shape)
    for k in range(u.shape[1]):
        step = SMALL * np.sqrt(own.covariance[:, k, k])
        moved = u.copy()
        moved[:, k] += step
        slopes[:, k] = (_difference(mean, quantity, base, moved) - estimate) / step
    error = np.sqrt(np.einsum("gj,gjk,gk->g", slopes, own.covariance, slopes))
    return Alone(
        np.where(own.told, estimate, np.nan), np.where(own.told & own.bounded, error, np.nan)
    )


def most_likely(mean: Fitted) -> _Own:
    """By Newton's steps in all groups at once, from the prediction; ``mean`` has one draw."""
    predictor = CellPredictor(mean)
    found, count = predictor.cells, predictor.n_groups
    zero = Own(np.arange(count), np.zeros((mean.predictors, len(mean.own), count, 1)))
    start = eta(mean, zero, found.group, slice(None), np.arange(len(found.group)))[..., 0]
    columns = _columns(mean, found.d)
    each = columns.shape[1]
    first = np.searchsorted(found.group, np.arange(count))  # cells are in order of their groups
    both = columns[:, :, None] * columns[:, None]
    told = _of_full_rank(np.add.reduceat(found.weight[:, None, None] * both, first, axis=0))
    u = np.zeros((count, mean.predictors, each))
    longest = LONGEST * (mean.cells.outcome_scale if mean.plan.link == "identity" else 1.0)
    ridge = begun = np.empty(0)  # variances at the start
    for _ in range(STEPS):
        here = start + np.einsum("cr,clr->lc", columns, u[found.group])
        score, gram = _slopes(predictor, here, columns, first)
        ridge = ridge if begun.size else NO_INFORMATION * np.einsum("gkk->gk", gram) + TINY
        gram = np.where(told[:, None, None], gram, 0.0)
        # where rows far out have no curvature (Student-t), those left may not tell all apart
        least = np.maximum(ridge, NO_INFORMATION * np.einsum("gkk->gk", gram))
        gram += (least + ~told[:, None])[:, :, None] * np.eye(gram.shape[-1])
        begun = begun if begun.size else np.einsum("gkk->gk", np.linalg.inv(gram))
        change = np.where(told[:, None], np.linalg.solve(gram, score[..., None])[..., 0], 0.0)
        size = np.abs(change).max(axis=1)
        change *= np.minimum(1.0, longest / np.maximum(size, TINY))[:, None]
        u += change.reshape(u.shape)
        if (size <= CLOSE * longest).all():
            break
    covariance = np.linalg.inv(gram)
    bounded = (LOST * np.einsum("gkk->gk", covariance) < begun).all(axis=1)
    n = mean.design.groups.count
    return _Own(u.reshape(count, -1)[:n], covariance[:n], told[:n], bounded[:n], each)


def _slopes(
    predictor: CellPredictor, eta: FloatArray, columns: FloatArray, first: IntArray
) -> tuple[FloatArray, FloatArray]:
    """First and minus second derivatives of the groups' log likelihoods, (g, n) and (g, n, n)."""
    family, found = predictor.family, predictor.cells
    cells, several = np.arange(len(found.group)), family.several
    parameters = tuple(p[..., 0] for p in predictor.parameters(slice(None), cells))
    slope, second = family.slopes_of(
        predictor.outcome, eta if several else eta[0], predictor.link, parameters
    )
    slope = found.weight * (slope if several else slope[None])
    second = -found.weight * (second if several else np.minimum(second, 0.0)[None, None])
    score = np.add.reduceat(slope[:, :, None] * columns, first, axis=1)
    both = columns[:, :, None] * columns[:, None]
    gram = np.add.reduceat(second[..., None, None] * both, first, axis=2)
    n, count = len(slope) * columns.shape[1], len(first)
    gram = gram.transpose(2, 0, 3, 1, 4).reshape(count, n, n)
    return score.transpose(1, 0, 2).reshape(count, n), gram


def _from_sums(fitted: Fitted, quantity: Quantity) -> Alone:
    """From cross-products, for normal outcomes; unknown where effects do not vary by group."""
    design, cells, count = fitted.design, fitted.cells, fitted.design.groups.count
    none = np.full(count, np.nan)
    place = fitted.own_effect(quantity.effect)
    if not place:
        return Alone(none, none)
    unit = own_units(fitted)
    basis = Basis.make(
        cells.inner_center,
        cells.inner_scale,
        cells.unmove,
        (cells.outcome_center, cells.outcome_scale),
        unit,
    )
    mean = fitted.draws.coefficients[:, 0].mean(axis=0)
    inner = np.linalg.solve(basis.matrix, mean - basis.offset)
    # in one order of memory, so that a loaded fit sums as the one that was saved
    gram, cross = (np.ascontiguousarray(a[:count]) for a in (cells.group_gram, cells.group_cross))
    told = _of_full_rank(gram)
    gram = np.where(told[:, None, None], gram, np.eye(len(design.random_names)))
    inverse = np.linalg.inv(gram)
    u = np.einsum("grs,gs->gr", inverse, cross[..., -1] - cross[..., :-1] @ inner)
    (sigma,) = fitted.draws.parameters.values()
    own = _Own(
        u * cells.outcome_scale / unit,
        inverse * float(sigma.mean()) ** 2 / np.outer(unit, unit),
        told,
        np.ones(count, dtype=bool),
        len(unit),
    )
    rows = fitted.modifier_rows[quantity.effect][:count]
    return _told(fitted, quantity, own, place[0], rows @ mean[fitted.layout.lambdas[0]])


def _told(fitted: Fitted, quantity: Quantity, own: _Own, at: int, predicted: FloatArray) -> Alone:
    """On the link scale, or in percent."""
    known = own.told & own.bounded
    theta = np.where(known, predicted + own.u[:, at], np.nan)
    error = np.where(known, np.sqrt(own.covariance[:, at, at]), np.nan)
    if quantity.scale == "link":
        return Alone(theta, error)
    percent = percent_of(percent_sign(fitted) * theta)
    return Alone(percent, (100 + percent) * error)


def _predicted(mean: Fitted, quantity: Quantity) -> FloatArray:
    """Predicted effects, (G,)."""
    part = mean.layout.lambdas[quantity.effect]
    lambda_ = mean.draws.coefficients[0, quantity.predictor, part]
    rows = mean.modifier_rows[quantity.effect][: mean.design.groups.count]
    return np.asarray(rows @ lambda_)


@dataclass(frozen=True, slots=True)
class _Arms:
    """Linear predictors of some cells without and with an effect, nothing of the groups' own.

    Attributes:
        cells: (c,) of groups, none of the preset's control group.
        without, treated: (L, c); columns: (2, c, r) the own columns in both.
    """

    cells: IntArray
    without: FloatArray
    treated: FloatArray
    columns: FloatArray


def _without_and_with(mean: Fitted, effect: int) -> _Arms:
    found = CellPredictor(mean).cells
    count = mean.design.groups.count
    cells = np.flatnonzero(found.group < count)
    zero = Own(np.arange(count), np.zeros((mean.predictors, len(mean.own), count, 1)))
    pair = with_and_without(mean, effect, zero, found.group[cells], slice(None), cells)
    d = without_it(mean, effect, cells)
    columns = np.zeros((2, len(cells), 1)) if _one_own(mean) else _columns(mean, d)[None]
    columns = np.concatenate([columns[:1], columns[:1]])
    columns[1, :, _place(mean, effect)] += 1.0
    return _Arms(cells, pair[0][..., 0], pair[1][..., 0], columns)


def _difference(mean: Fitted, quantity: Quantity, arms: _Arms, u: FloatArray) -> FloatArray:
    """In the expected outcome of each group's rows, (G,), with own parameters (G, n)."""
    found, count = CellPredictor(mean).cells, mean.design.groups.count
    group, outcome = found.group[arms.cells], found.outcome.take(arms.cells)
    own = u.reshape(count, mean.predictors, -1)[group]
    parameters = tuple(values.T for values in mean.draws.parameters.values())
    means = []
    for base, columns in zip((arms.without, arms.treated), arms.columns, strict=True):
        here = base + np.einsum("cr,clr->lc", columns, own)
        means.append(mean_of(mean, quantity, here[..., None], parameters, outcome)[:, 0])
    rows = found.rows[arms.cells]
    total = np.bincount(group, rows * (means[1] - means[0]), count)
    return np.asarray(total / np.bincount(group, rows, count))


def _one_own(fitted: Fitted) -> bool:
    """Whether a group has one parameter of its own, its effect."""
    return fitted.design.groups.has_control_group or fitted.design.estimates


def _columns(fitted: Fitted, d: FloatArray) -> FloatArray:
    """Of a group's own parameters, (c, r): its baseline where it varies, and every effect."""
    one = np.ones((len(d), 1))
    if _one_own(fitted):
        return one
    return np.hstack([one, d]) if "b" in fitted.design.random_names else d


def _place(fitted: Fitted, effect: int) -> int:
    """Of an effect among those columns."""
    return 0 if _one_own(fitted) else ("b" in fitted.design.random_names) + effect


def _of_full_rank(gram: FloatArray) -> Mask:
    """Whether rows tell every own parameter apart, from products of their columns (g, r, r)."""
    size = np.sqrt(np.einsum("grr->gr", gram))
    some = (size > 0).all(axis=1)
    size = np.where(size > 0, size, 1.0)
    least = np.linalg.eigvalsh(gram / (size[:, :, None] * size[:, None]))[:, 0]
    return np.asarray(some & (least > NO_INFORMATION))


def _mean_draws(fitted: Fitted) -> Draws:
    draws = fitted.draws
    found = _Mean(
        draws.coefficients.mean(axis=0)[None],
        {name: values.mean(axis=0)[None] for name, values in draws.parameters.items()},
        tuple(
            Levels(one.spreads.mean(axis=0)[None], one.u.mean(axis=-1, keepdims=True))
            for one in draws.clusters
        ),
        draws.residual.mean(axis=0)[None],
    )
    return cast("Draws", found)
