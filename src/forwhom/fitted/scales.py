"""The scales that effects can be told on, and group effects on each.

On the outcome's scale, the expected outcome of each of the group's rows is computed twice within
every draw, untreated and treated (for a dose: as it is and with one unit more), and the differences
are averaged over the rows: g-computation (Robins 1986, Mathematical Modelling 7), with the rows of
both arms.

In percent, for families whose linear predictor is a logarithm: treatment multiplies the mean of
every row by exp(theta), whatever else the row holds; for a lognormal outcome the median too, and
for a piecewise hazard the hazard by exp(-theta). So no rows are needed, and every method tells it.

Tests: tests/test_prior_predictive.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import PlanError, listing, nearest
from forwhom.families import FAMILIES, Outcome
from forwhom.fitted.fitted import Fitted
from forwhom.fitted.predictor import with_and_without
from forwhom.fitted.quantity import Quantity
from forwhom.methods import Own
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]

VALUES = 2_000_000  # cells x draws at once
LARGEST = 500.0  # of a logarithm: beyond it, 1e217 times as much is as large as numbers are told
LINK_WORDS = {
    "identity": "",
    "log": "logarithm of the mean",
    "logit": "log odds",
    "probit": "probit",
    "cloglog": "complementary log-log",
}


def link_words(plan: Plan) -> str:
    """What the linear predictor is, in words; empty where it is the mean itself."""
    return FAMILIES[plan.family].predictor or LINK_WORDS[plan.link]


def scales(fitted: Fitted) -> tuple[str, ...]:
    """The scales that effects of this fit can be told on, the default first."""
    plan = fitted.plan
    family = FAMILIES[plan.family]
    if plan.family == "lognormal":  # the same default whatever the method
        return ("percent", "response", "link") if _has_rows(fitted) else ("percent", "link")
    extra = (
        *(("categories",) if family.support in ("ordered", "unordered") else ()),
        *(("percent",) if plan.link == "log" else ()),
    )
    return ("response", *extra, "link")


def check_scale(fitted: Fitted, scale: str | None) -> str:
    """The scale asked for, or the default. Raises :class:`PlanError` for one it does not have."""
    known = scales(fitted)
    if scale is None or scale in known:
        return known[0] if scale is None else scale
    if scale == "response":
        raise PlanError(
            f"scale='response', the difference in the mean of '{fitted.plan.outcome}', "
            "needs each group's own rows, which method 'exact' does not keep. Fit with "
            "method='quadrature', or say scale='percent'."
        )
    raise PlanError(
        f"scale={scale!r} is not known for family '{fitted.plan.family}'."
        f"{nearest(str(scale), known)} Known: {listing(known)}."
    )


def quantities(fitted: Fitted, scale: str = "link") -> tuple[Quantity, ...]:
    """Everything that can be told on a scale, one effect after the other.

    On the link scale, of each linear predictor in turn. Ordered categories: the probability of
    each level or above, or by category of each level. Unordered ones: of each level. Where the
    linear predictor is the mean, the response scale is the link scale.
    """
    levels, effects = fitted.design.outcome.levels, range(len(fitted.design.effects))
    if scale == "link":
        several = FAMILIES[fitted.plan.family].several
        return tuple(
            Quantity(effect, k, label=levels[k + 1] if several else "")
            for k in range(fitted.predictors)
            for effect in effects
        )
    if scale == "percent":
        hazard = fitted.family.response == "restricted time"
        response = "hazard" if hazard else fitted.family.response
        return tuple(
            Quantity(effect, k, "percent", "", response, 100.0)
            for k in range(fitted.predictors)
            for effect in effects
        )
    found = _on_response(fitted, scale)
    if not found:
        return quantities(fitted)[: len(effects)]
    return tuple(replace(one, effect=effect) for effect in effects for one in found)


def _on_response(fitted: Fitted, scale: str) -> tuple[Quantity, ...]:
    """What one effect is told in; nothing where the linear predictor is the mean."""
    if not link_words(fitted.plan) or not _has_rows(fitted):
        return ()
    family, levels = FAMILIES[fitted.plan.family], fitted.design.outcome.levels

    def share(label: str, first: int, last: int) -> Quantity:
        return Quantity(0, 0, scale, label, "probability", 100.0, first, last)

    if family.support == "unordered" or (scale == "categories" and family.support == "ordered"):
        return tuple(share(level, k, k + 1) for k, level in enumerate(levels))
    if family.support == "ordered":
        return tuple(
            share(f"{level} or above", k + 1, len(levels)) for k, level in enumerate(levels[1:])
        )
    unit = 100.0 if family.response == "probability" else 1.0
    return (Quantity(0, 0, scale, "", family.response, unit),)


def own_needed(fitted: Fitted, quantity: Quantity) -> Sequence[int]:
    """Which of the groups' own parameters ``values`` asks for."""
    if quantity.scale in ("link", "percent"):
        return fitted.own_effect(quantity.effect)
    return fitted.own


def values(fitted: Fitted, quantity: Quantity, own: Own) -> FloatArray:
    """Effects of some groups in a quantity, (g, D).

    Args:
        own: the groups' own parameters, those of ``own_needed``.
    """
    if quantity.scale not in ("link", "percent"):
        return _difference(fitted, quantity, own)
    part = fitted.layout.lambdas[quantity.effect]
    lambda_ = fitted.draws.coefficients[:, quantity.predictor, part]
    theta = np.asarray(fitted.modifier_rows[quantity.effect][own.groups] @ lambda_.T)
    if own.u.shape[1]:
        theta += own.u[quantity.predictor, 0]
    return theta if quantity.scale == "link" else percent_of(percent_sign(fitted) * theta)


def percent_sign(fitted: Fitted) -> float:
    """exp(sign theta) is what an effect multiplies: a hazard falls as a time grows."""
    return -1.0 if fitted.family.response == "restricted time" else 1.0


def percent_of(theta: FloatArray) -> FloatArray:
    """100 (exp(theta) - 1), of any shape."""
    return np.asarray(100 * np.expm1(np.minimum(theta, LARGEST)))


def mean_of(
    fitted: Fitted,
    quantity: Quantity,
    eta: FloatArray,
    parameters: tuple[FloatArray, ...],
    outcome: Outcome,
) -> FloatArray:
    """The expected outcome in a quantity's unit, (c, D), from linear predictors (L, c, D)."""
    family = FAMILIES[fitted.plan.family]
    eta = eta if family.several else eta[0]
    mean = family.mean(eta, fitted.plan.link, parameters, outcome)
    if family.several or mean.ndim > eta.ndim:
        mean = mean[quantity.first : quantity.last].sum(axis=0)
    return np.asarray(quantity.unit * mean)


def _difference(fitted: Fitted, quantity: Quantity, own: Own) -> FloatArray:
    """Average difference in the expected outcome of each group's rows, (g, D)."""
    found = fitted.cells.likelihood
    # the preset's control group holds every untreated row: its groups keep their treated ones
    cells = np.flatnonzero(np.isin(found.group, own.groups))
    place = np.empty(int(found.group.max()) + 1, dtype=np.int64)
    place[own.groups] = np.arange(len(own.groups))
    index = place[found.group[cells]]
    outcome = found.outcome.take(cells)
    share = np.zeros((len(own.groups), len(cells)))
    share[index, np.arange(len(cells))] = found.rows[cells]
    share /= share.sum(axis=1, keepdims=True)
    out = np.empty((len(own.groups), fitted.count))
    step = max(VALUES // max(len(cells), 1), 1)
    for low in range(0, fitted.count, step):
        k = slice(low, low + step)
        some = Own(own.groups, own.u[..., k])
        without, treated = with_and_without(fitted, quantity.effect, some, index, k, cells)
        parameters = tuple(p[k].T for p in fitted.draws.parameters.values())
        difference = mean_of(fitted, quantity, treated, parameters, outcome)
        difference -= mean_of(fitted, quantity, without, parameters, outcome)
        out[:, k] = share @ difference
    return out


def _has_rows(fitted: Fitted) -> bool:
    return fitted.cells.content == "rows"
