"""Draws of v around its centre and their weights, level by level where levels are independent.

Given the dense part the levels of the factor that is eliminated are independent of each other. So
the dense part is drawn from its law near the posterior, in pairs on either side of the centre, so
that what is odd around there cancels. Given it each level is drawn several times on its own, from
as many equal shares of its law, and its weights are averaged: the product of the averages is right
on average, since levels are drawn apart, and one of a level's draws is picked in proportion to its
weight. Of thousands of levels that each lean a little, weights of all levels together would vary
by their number; averages level by level do not.

Tests: tests/methods/laplace/test_surface.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.laplace.centre import Centre
from forwhom.methods.laplace.density import At, LevelModel

FloatArray = NDArray[np.float64]

EACH = 4  # draws of a level


def weigh(
    model: LevelModel, at: At, centre: Centre, pairs: int, copies: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draws v (K, N, S) and their log weights (K, S); ``copies`` of them share a dense part.

    The average of the weights is the density of the points, right on average.
    """
    precision, e = centre.precision, model.n_own
    half = rng.standard_normal((len(centre.v), model.n_v - e, pairs))
    noise = np.concatenate([half, -half], axis=2)
    rest = precision.rest.backward(noise)
    v = np.repeat(centre.v[:, :, None], noise.shape[2], axis=2)
    v[:, e:] += rest
    value = model.dense_prior(v, at) + at.value[:, None] - precision.rest.log_diagonal[:, None]
    value += 0.5 * np.einsum("kns,kns->ks", noise, noise)
    if model.columns.first is None:
        value += model.rows(model.predictor(v, at.mixes), at).sum(axis=0).reshape(value.shape)
        return value, v
    v[:, :e] += precision.own_back(-(precision.across @ rest))
    log_weight, own = _levels(model, at, centre, v, rng)
    top = log_weight.max(axis=3, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore", under="ignore"):
        shares = np.cumsum(np.exp(log_weight - top), axis=3)
        value += (np.log(shares[..., -1] / EACH) + top[..., 0]).sum(axis=1)
    picked = np.repeat(v, copies, axis=2)
    level = rng.random((*shares.shape[:3], copies)) * shares[..., -1:]
    which = (level[..., None] >= shares[..., None, :]).sum(axis=4).clip(0, EACH - 1)
    h, b = precision.own.shape[1:3]
    own = own.reshape(len(v), h, b, -1, EACH)
    chosen = np.take_along_axis(own, which[:, :, None], axis=4)
    picked[:, :e] = chosen.reshape(len(v), e, -1)
    return np.repeat(value, copies, axis=1), picked


def _levels(
    model: LevelModel, at: At, centre: Centre, v: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draws of each level given the dense part, (K, n_own, S EACH), and weights (K, H, S, EACH)."""
    from scipy.special import ndtri

    own, e, draws = centre.precision.own, model.n_own, v.shape[2]
    count, h, b = own.shape[:3]
    shape = (count, h, b, draws, EACH)
    share = np.broadcast_to(np.arange(EACH), shape)
    if b > 1:  # equal shares in every direction, together by chance
        share = rng.permuted(share, axis=4)
    normal = ndtri((share + rng.random((*shape[:4], 1))) / EACH)
    z = centre.precision.own_back(normal.reshape(count, h * b, -1).copy())
    z += np.repeat(v[:, :e], EACH, axis=2)
    base = v.copy()
    base[:, :e] = 0.0
    eta = np.repeat(model.predictor(base, at.mixes), EACH, axis=2)
    eta += model.moved_by_own(z, at.mixes)
    _, levels = model.columns.of_own
    value = (levels @ model.rows(eta, at)).reshape(h, count, draws, EACH).transpose(1, 0, 2, 3)
    each = z.reshape(shape)
    value = value - 0.5 * np.einsum("khbsm,khbsm->khsm", each, each)
    value += 0.5 * np.einsum("khbsm,khbsm->khsm", normal, normal)
    value -= np.log(np.einsum("khbb->khb", own)).sum(axis=2)[:, :, None, None]
    return np.where(np.isfinite(value), value, -np.inf), z
