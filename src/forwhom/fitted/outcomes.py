"""The expected outcome without and with a treatment, averaged over each group's rows.

The two halves of the g-computation in ``scales``: the difference between them is the effect. Where
the linear predictor is the mean they are linear in the columns, so that sums by group are enough.

Tests: tests/answers/test_outcomes.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.fitted.fitted import Fitted
from forwhom.fitted.predictor import no_rows, with_and_without
from forwhom.fitted.quantity import Quantity
from forwhom.fitted.scales import VALUES, mean_of, values
from forwhom.methods import Own

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def no_outcomes(fitted: Fitted) -> str:
    """Why a fit has none, in words; empty where it has."""
    if fitted.design.estimates:
        return (
            "outcomes() needs the rows' own outcomes, and these are effects that were estimated "
            "elsewhere. effects() and average() tell them."
        )
    if fitted.plan.family != "gaussian":
        return no_rows(fitted, "outcomes()")
    return ""


def no_outcomes_of_groups(fitted: Fitted) -> str:
    """Why a fit has none of some groups, but the average over all rows, in words."""
    if not no_rows(fitted, "") or _sums_by_group(fitted):
        return ""
    return (
        "outcomes() of some groups needs their own sums of controls and treatment, which method "
        f"'exact' keeps for baseline='group' alone, and here it is '{fitted.plan.baseline}'. Fit "
        "again with method='quadrature', the same posterior from rows, or ask for the average "
        "over all rows."
    )


def average_without(fitted: Fitted) -> FloatArray:
    """The linear predictor without the treatment (a dose: as it is) averaged over all rows, (D,).

    From sums over all rows, where groups have no baseline of their own.
    """
    cells, part = fitted.cells, fitted.layout.lambdas[0]
    mean = cells.inner_center + cells.inner_scale * cells.cross[0, :-1] / cells.n_rows
    moved, before = fitted.inner_coefficients, slice(0, fitted.layout.delta.stop)
    out = mean[before] @ moved[before]
    if fitted.design.effects[0].treatment.kind != "dose":
        return np.asarray(out)
    share = cells.group_cross[:, :, 0] * cells.dose_scale[0] / cells.n_rows  # (G, R) sums of doses
    own = fitted.draws.map(lambda own: share[own.groups, 0] @ own.u[0, 0], fitted.own)
    return np.asarray(out + mean[part] @ moved[part] + (sum(own) if share.shape[1] else 0.0))


def expected_outcomes(fitted: Fitted, quantity: Quantity, own: Own) -> FloatArray:
    """Without and with an effect (a dose: as it is, and one unit more), (2, g, D).

    On the link scale the linear predictor itself.

    Args:
        own: all own parameters of the groups.
    """
    if no_rows(fitted, ""):
        effect = fitted.own_effect(quantity.effect)
        without = _linear(fitted, own)
        return np.stack(
            [without, without + values(fitted, quantity, Own(own.groups, own.u[:, effect]))]
        )
    found = fitted.cells.likelihood
    cells = np.flatnonzero(np.isin(found.group, own.groups))
    place = np.empty(int(found.group.max()) + 1, dtype=np.int64)
    place[own.groups] = np.arange(len(own.groups))
    index, outcome = place[found.group[cells]], found.outcome.take(cells)
    share = np.zeros((len(own.groups), len(cells)))
    share[index, np.arange(len(cells))] = found.rows[cells]
    share /= share.sum(axis=1, keepdims=True)
    out = np.empty((2, len(own.groups), fitted.count))
    step = max(VALUES // max(len(cells), 1), 1)
    for low in range(0, fitted.count, step):
        k = slice(low, low + step)
        some = Own(own.groups, own.u[..., k])
        parameters = tuple(p[k].T for p in fitted.draws.parameters.values())
        pair = with_and_without(fitted, quantity.effect, some, index, k, cells)
        for arm, eta in enumerate(pair):
            if quantity.scale == "link":
                out[arm, :, k] = share @ eta[quantity.predictor]
            else:
                out[arm, :, k] = share @ mean_of(fitted, quantity, eta, parameters, outcome)
    return out


def _sums_by_group(fitted: Fitted) -> bool:
    """Whether the columns' sums are known by group, or nothing but the group matters."""
    if _has_intercepts(fitted):
        return True
    return not fitted.design.controls.names and fitted.design.effects[0].treatment.kind == "binary"


def _has_intercepts(fitted: Fitted) -> bool:
    """Whether the first of a group's own columns is ones, so that sums of all columns are kept."""
    names = fitted.design.random_names
    return "b" in names or (fitted.design.groups.has_control_group and bool(names))


def _linear(fitted: Fitted, own: Own) -> FloatArray:
    """The linear predictor without the treatment at the groups' means, (g, D), from sums."""
    design, cells, layout = fitted.design, fitted.cells, fitted.layout
    names, groups = design.random_names, own.groups
    if not _has_intercepts(fitted):
        phi = fitted.draws.coefficients[:, 0].T
        out = np.tile(phi[0], (len(groups), 1))
        return out + cells.modifier_mean[groups] @ phi[layout.delta] if design.delta_names else out
    # means of the columns inside, where predictors far from zero are moved: coefficients as well
    mean = (
        np.ascontiguousarray(cells.group_cross[groups, 0, :-1])
        / cells.group_gram[groups, 0, 0][:, None]
    )
    mean = cells.inner_center + cells.inner_scale * mean
    moved, before = fitted.inner_coefficients, slice(0, layout.delta.stop)
    out = mean[:, before] @ moved[before]
    if "b" in names:
        out += own.u[0, 0]
    if design.effects[0].treatment.kind == "dose":
        part = layout.lambdas[0]
        out += mean[:, part] @ moved[part]
        if "theta" in names:
            out += mean[:, [part.start]] * own.u[0, names.index("theta")]
    return np.asarray(out)
