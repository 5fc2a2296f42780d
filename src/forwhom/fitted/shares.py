"""How much of a group's effect its own rows decide, and how much of the rest is prior.

A group's effect is its prediction plus a part of its own: theta = eta + u. Given one draw of what
all groups share, let W be the curvature of the log likelihood of the group's rows in its own
parameters (baseline and effects), and S the covariance that their spreads give them. Were every
row of the group to have an effect larger by one, the expectation of theta would be larger by

    [(W + S^-1)^-1 W]_jj = 1 - Var(theta | own rows, all that is shared) / sigma_theta^2,

its data share; the rest, 1 minus it, is left to the prediction. The two sides agree where baselines
and effects are uncorrelated. It is the weight of the raw estimate in a partially pooled one
(Efron and Morris 1975, JASA 70(350)); averaged over draws, one minus it is a pooling factor (Gelman
and Pardoe 2006, Technometrics 48(2)), told for each group. A baseline that is itself partially
pooled is in W and S, so that rows without treatment count for what they tell.

The prediction eta = z'lambda is decided in turn by all rows and by the priors of lambda; its prior
share is Var(eta | all rows) / Var(eta) before them, the same ratio one level up.

Tests: tests/answers/test_pooling.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.fitted.fitted import Fitted
from forwhom.fitted.predictor import CellPredictor, no_rows
from forwhom.plan.priors import SHRINKING, Prior

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VALUES = 4_000_000  # groups (or cells) x draws that are averaged over
FEWEST = 20  # draws


def data_shares(fitted: Fitted, effect: int, predictor: int) -> FloatArray:
    """(G,) how much of each group's effect, on the link scale, is decided by its own rows.

    Averaged over draws; over some of them, evenly spaced, where there are many groups.
    """
    own = fitted.own_effect(effect)
    if not own:
        return np.zeros(fitted.design.groups.count)
    at = predictor * len(fitted.own) + own[0]
    if no_rows(fitted, ""):
        return _from_sums(fitted, at)
    return _from_rows(fitted, at)


def prior_shares(fitted: Fitted, effect: int, predictor: int) -> FloatArray:
    """(G,) how much of each group's predicted effect the priors of lambda decide.

    A Student-t prior counts with the variance of the normal it is a mixture of, given the draw; a
    shrinkage prior, whose scales are learnt, with the coefficient's mean square.
    """
    part = fitted.layout.lambdas[effect]
    lambda_ = fitted.draws.coefficients[:, predictor, part]
    z = fitted.modifier_rows[effect][: fitted.design.groups.count]
    priors = [entry.prior for entry in fitted.priors.coefficients[part]]
    before = np.array([_variance(p, x) for p, x in zip(priors, lambda_.T, strict=True)])
    flat = np.isinf(before)
    variance = z**2 @ np.where(flat, 0.0, before)
    after = np.einsum("gj,jk,gk->g", z, np.atleast_2d(np.cov(lambda_, rowvar=False)), z)
    share = np.divide(after, variance, out=np.ones(len(z)), where=variance > 0)
    return np.asarray(np.where((z[:, flat] != 0).any(axis=1), 0.0, np.clip(share, 0.0, 1.0)))


def _variance(prior: Prior, draws: FloatArray) -> float:
    """Of a coefficient before the data."""
    if prior.distribution == "flat":
        return np.inf
    if prior.distribution in SHRINKING:
        return float(np.mean(draws**2))
    if prior.distribution == "student_t":
        df, middle, scale = prior.parameters
        return float(np.mean((df * scale**2 + (draws - middle) ** 2) / (df + 1)))
    return float(prior.parameters[1] ** 2)


def own_units(fitted: Fitted) -> FloatArray:
    """(R,) what one of each own column inside is in the data: a dose's unit, else one."""
    design, doses = fitted.design, fitted.cells.dose_scale
    if design.groups.has_control_group or design.estimates:
        return np.ones(len(design.random_names))
    effects = iter(doses.tolist())
    return np.array([next(effects) if name == "theta" else 1.0 for name in design.random_names])


def _from_sums(fitted: Fitted, at: int) -> FloatArray:
    """From cross-products: normal outcomes of one residual sd, whose curvature rows do not move."""
    unit = own_units(fitted)
    grams = fitted.cells.group_gram[: fitted.design.groups.count] * np.outer(unit, unit)
    flat, which = np.unique(grams.reshape(len(grams), -1), axis=0, return_inverse=True)
    grams = flat.reshape(-1, 1, len(unit), len(unit))
    (sigma,) = fitted.draws.parameters.values()
    draws = _spaced(fitted, len(flat))
    curvature = grams / sigma[draws, :, None] ** 2
    share = _share(curvature, _covariance(fitted, draws, np.arange(0)), at)
    return np.asarray(share.mean(axis=1)[which.reshape(-1)])


def _from_rows(fitted: Fitted, at: int) -> FloatArray:
    """From the curvature of every cell's log likelihood at the draws."""
    predictor = CellPredictor(fitted)
    found, family = predictor.cells, predictor.family
    draws = _spaced(fitted, max(len(found.group), predictor.n_groups))
    unit = own_units(fitted)
    own = found.own * unit
    lp, r = fitted.predictors, len(unit)
    curvature = np.zeros((predictor.n_groups, len(range(fitted.count)[draws]), lp, r, lp, r))
    for cells, eta in predictor.pieces(draws):
        outcome, parameters = predictor.outcome.take(cells), predictor.parameters(draws, cells)
        second = family.slopes_of(outcome, eta, predictor.link, parameters)[1]
        second = second if family.several else np.minimum(second, 0.0)[None, None]
        weight = -found.weight[cells, None] * second
        groups, first = np.unique(found.group[cells], return_index=True)  # in order of groups
        for i in range(r):
            for j in range(r):
                both = (own[cells, i] * own[cells, j])[:, None]
                curvature[groups, :, :, i, :, j] += np.add.reduceat(
                    weight * both, first, axis=2
                ).transpose(2, 3, 0, 1)
    count = fitted.design.groups.count
    flat = curvature[:count].reshape(count, -1, lp * r, lp * r)
    groups = np.arange(count)
    return np.asarray(_share(flat, _covariance(fitted, draws, groups), at).mean(axis=1))


def _spaced(fitted: Fitted, each: int) -> slice:
    """Every so many draws, so that ``each`` for a draw is not too much."""
    few = min(max(VALUES // max(each, 1), FEWEST), fitted.count)
    return slice(0, None, -(-fitted.count // few))


def _share(curvature: FloatArray, covariance: FloatArray, at: int) -> FloatArray:
    """1 - [(I + S W)^-1] at one place of its diagonal, (g, k), from (g, k, n, n) each."""
    a = np.eye(curvature.shape[-1]) + covariance @ curvature
    if len(a[0, 0]) == 1:
        left = 1 / a[..., 0, 0]
    elif len(a[0, 0]) == 2:
        determinant = a[..., 0, 0] * a[..., 1, 1] - a[..., 0, 1] * a[..., 1, 0]
        left = a[..., 1 - at, 1 - at] / determinant
    else:
        left = np.linalg.inv(a)[..., at, at]
    return np.asarray(np.clip(1 - left, 0.0, 1.0))


def _covariance(fitted: Fitted, draws: slice, groups: IntArray) -> FloatArray:
    """Of a group's own parameters before its rows, (1 or g, k, L R, L R).

    A Student-t spread is that of the normal it is a mixture of, given the draw: it differs between
    ``groups``.
    """
    spreads = fitted.draws.spreads[draws]
    k, lp, r = spreads.shape
    further = {one.name: one.values[draws] for one in fitted.draws.further}
    variance = (spreads**2)[None]
    if "nu_theta" in further:
        u = fitted.draws.of(groups, fitted.own).u[..., draws].transpose(2, 3, 0, 1)
        first = fitted.own_effect(0)[0]
        nu = np.broadcast_to(further["nu_theta"], (k, lp, r - first))
        variance = np.tile(variance, (len(groups), 1, 1, 1))
        thetas = variance[..., first:]
        variance[..., first:] = (nu * thetas + u[..., first:] ** 2) / (nu + 1)
    sd = np.sqrt(variance)
    out = np.zeros((*variance.shape[:3], r, lp, r))
    pairs = [(i, j) for i in range(r) for j in range(i)]
    for p in range(lp):
        for i in range(r):
            out[:, :, p, i, p, i] = variance[:, :, p, i]
        for n, (i, j) in enumerate(pairs if "correlation" in further else ()):
            rho = further["correlation"]
            both = rho[:, min(p, rho.shape[1] - 1), n] * sd[:, :, p, i] * sd[:, :, p, j]
            out[:, :, p, i, p, j] = out[:, :, p, j, p, i] = both
    return out.reshape(*variance.shape[:2], lp * r, lp * r)
