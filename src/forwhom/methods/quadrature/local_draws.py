"""Draws of the groups' own standard normals given what groups share.

Tests: tests/methods/quadrature/test_against_nuts.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.quadrature.modes import find_modes, predictor
from forwhom.methods.quadrature.segments import Integrand, group_sums
from forwhom.methods.quadrature.star_draws import DISTANCE, draw_stars

FloatArray = NDArray[np.float64]


def draw_locals(integrand: Integrand, rng: np.random.Generator) -> FloatArray:
    """One draw of each group's standard normals at each point, (g, rank, K).

    A Metropolis chain of independent proposals from a t around the mode, begun with one of them:
    its distance from the target shrinks by (1 - 1 / largest weight) with every step (Mengersen and
    Tweedie 1996, Annals of Statistics 24(1)). The first proposals of all points say how large
    weights get, and with that how many steps bring the distance below ``DISTANCE``.
    """
    segment, data = integrand.segment, integrand.data
    if segment.star is not None:
        return draw_stars(integrand, rng)
    fixed, loading = integrand.fixed, integrand.loading
    count, rank, k = len(segment.groups), segment.rank, fixed.shape[1]
    mode, spread = find_modes(integrand, close=0.1)
    df = 8.0

    def log_weights(z: FloatArray, square: FloatArray) -> FloatArray:
        eta = predictor(segment, fixed, loading, z)
        terms = data.family.log_likelihood(data.outcome, eta, data.link, integrand.parameters)
        value = group_sums(segment, data.weight[:, None] * terms) - 0.5 * (z**2).sum(axis=1)
        return np.asarray(value + (df + rank) / 2 * np.log1p(square / df))

    def propose() -> tuple[FloatArray, FloatArray]:
        noise = rng.standard_normal((count, rank, k))
        noise /= np.sqrt(rng.standard_gamma(df / 2, (count, 1, k)) / (df / 2))
        z = mode + np.einsum("gabk,gbk->gak", spread, noise)
        return z, log_weights(z, (noise**2).sum(axis=1))

    z, log_weight = propose()
    relative = np.exp(np.minimum(log_weight - log_weights(mode, np.zeros((count, k))), 50.0))
    largest = np.nanmax(relative, axis=1) / np.nanmean(relative, axis=1)
    for _ in range(_steps(float(largest.max(initial=1.0)))):
        new, new_weight = propose()
        accept = np.log(rng.random((count, k))) < new_weight - log_weight
        log_weight = np.where(accept, new_weight, log_weight)
        z = np.where(accept[:, None], new, z)
    return z


def _steps(largest: float) -> int:
    """Steps after which the chain is within ``DISTANCE`` of its target.

    >>> _steps(1.1), _steps(2.0), _steps(1e9)
    (4, 14, 60)
    """
    stay = 1.0 - 1.0 / max(largest, 1.05)
    return int(np.clip(np.ceil(np.log(DISTANCE) / np.log(stay)), 4, 60))
