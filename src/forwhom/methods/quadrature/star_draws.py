"""Draws of the standard normals of stars given what groups share.

A Metropolis chain of independent proposals for each group, as in ``local_draws.py``; each leaf is
laid out given the centre. A Student-t leaf may be skewed, have heavy tails and two modes: it is
proposed from a piecewise linear density through its own at the nodes of a rule, the centre at its
mode, and now and then from its law before its rows, which bounds the weights.

Tests: tests/methods/quadrature/test_star.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.quadrature.modes import find_modes, predictor
from forwhom.methods.quadrature.segments import Integrand, group_sums
from forwhom.methods.quadrature.star import Arrow, log_law, split, star_of

FloatArray = NDArray[np.float64]

DISTANCE = 1e-4  # in total variation, of a group's own draw from its law
MOST_STEPS = 60
DF = 8.0  # of the t around a mode
NODES, REACH = 33, 4.5  # of a leaf's piecewise linear density, in t where z = mode + sd sinh(t)
FROM_LAW = 0.05  # of a leaf's proposals


def draw_stars(integrand: Integrand, rng: np.random.Generator) -> FloatArray:
    """One draw of each group's standard values at each point, packed as in ``star.py``."""
    segment, data, nu = integrand.segment, integrand.data, integrand.nu
    star, count, k = star_of(segment), len(segment.groups), integrand.fixed.shape[1]
    mode, spread = find_modes(integrand, close=0.1)
    arrow, (centre, leaf) = Arrow.of(segment, spread), split(segment, mode)
    shape = None if nu is None else _Shape.of(integrand, mode, arrow)
    constant = np.log(arrow.leaf)

    def log_weights(z: FloatArray) -> FloatArray:
        eta = predictor(segment, integrand.fixed, integrand.loading, z)
        terms = data.family.log_likelihood(data.outcome, eta, data.link, integrand.parameters)
        value = group_sums(segment, data.weight[:, None] * terms)
        now, own = split(segment, z)
        step = now - centre if star.centred else np.zeros_like(now)
        noise = (own - leaf - arrow.tilt * step[star.owner]) / arrow.leaf
        law = log_law(own, nu)
        if shape is None:
            near = _log_t(noise) - constant
        else:
            near = np.log1p(-FROM_LAW) + shape.log_density(noise) - constant
            near = np.logaddexp(near, np.log(FROM_LAW) + law)
        value = value + star.leaves.sums(law - near)
        if star.centred:
            value += -0.5 * now**2 - _log_t(step / arrow.centre)
        return np.asarray(value)

    def propose() -> tuple[FloatArray, FloatArray]:
        z = _t_noise(rng, (count + len(star.owner), 1, k))
        now, own = split(segment, z)
        now *= arrow.centre * star.centred
        if shape is not None:
            own[:] = shape.draw(rng)
        own *= arrow.leaf
        own += leaf + arrow.tilt * now[star.owner]
        now += centre
        if nu is not None:
            law = rng.standard_normal(nu.shape)
            law /= np.sqrt(np.maximum(rng.standard_gamma(nu / 2) / (nu / 2), 1e-300))
            own[:] = np.where(rng.random(nu.shape) < FROM_LAW, law, own)
        return z, log_weights(z)

    z, log_weight = propose()
    relative = np.exp(np.minimum(log_weight - log_weights(mode), 50.0))
    for _ in range(_steps_of(relative)):
        new, new_weight = propose()
        accept = np.log(rng.random((count, k))) < new_weight - log_weight
        log_weight = np.where(accept, new_weight, log_weight)
        everyone = np.concatenate([accept, accept[star.owner]])[:, None]
        z = np.where(everyone, new, z)
    return z


def _steps_of(weight: FloatArray) -> int:
    """Steps after which every group's chain is near its target, from weights (g, K) of proposals.

    A chain that stands where the weight is w, one on average, is still there after n steps with
    probability (1 - 1 / w)^n (Smith and Tierney 1996): what is missing, averaged over the target.
    """
    weight = weight / np.nanmean(weight, axis=1, keepdims=True)
    stay = np.maximum(1 - 1 / np.maximum(np.nan_to_num(weight), 1.0), 0.0)
    for steps in (4, 6, 9, 13, 19, 28, 40, MOST_STEPS):
        missing = np.nanmean(weight * stay**steps, axis=1).max(initial=0.0)
        if missing < DISTANCE:
            break
    return steps


@dataclass(frozen=True, slots=True)
class _Shape:
    """Of each leaf's noise sinh(t) a density that is linear in t between nodes.

    Attributes:
        value: (L, n, K) density in t at the nodes; cumulated: (L, n, K) mass of the nodes' tents.
    """

    value: FloatArray
    cumulated: FloatArray

    @staticmethod
    def of(integrand: Integrand, mode: FloatArray, arrow: Arrow) -> _Shape:
        """With the centre at its mode."""
        segment, data = integrand.segment, integrand.data
        star, at = star_of(segment), segment.untreated
        centre, leaf = split(segment, mode)
        t = np.linspace(-REACH, REACH, NODES)
        z = leaf[:, None] + arrow.leaf[:, None] * np.sinh(t)[:, None]
        base = integrand.fixed[at:] + integrand.loading[at:, 0] * centre[segment.index[at:]]
        eta = base[:, None] + integrand.loading[at:, 1, None] * z[star.leaf]
        parameters = [p[:, None] for p in integrand.parameters]
        treated = data.part(slice(at, None))
        terms = data.family.log_likelihood(treated.outcome, eta, data.link, parameters)
        value = star.cells.sums(treated.weight[:, None, None] * terms)
        nu = None if integrand.nu is None else integrand.nu[:, None]
        value = value + log_law(z, nu) + np.log(np.cosh(t))[:, None]
        value = np.exp(value - value.max(axis=1, keepdims=True))
        volume = np.full(NODES, t[1] - t[0])
        volume[[0, -1]] /= 2
        cumulated = np.cumsum(value * volume[:, None], axis=1)
        value /= cumulated[:, -1:]
        cumulated /= cumulated[:, -1:].copy()
        return _Shape(value, cumulated)

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """Noise, (L, K)."""
        shape = self.value[:, 0].shape
        at = (self.cumulated < rng.random(shape)[:, None]).sum(axis=1)
        sign = np.where(rng.random(shape) < 0.5, -1.0, 1.0)
        sign = np.where(at == 0, 1.0, np.where(at == NODES - 1, -1.0, sign))
        step = 2 * REACH / (NODES - 1)
        t = -REACH + step * (at + sign * (1 - np.sqrt(rng.random(shape))))
        return np.asarray(np.sinh(t))

    def log_density(self, noise: FloatArray) -> FloatArray:
        """Of noise (L, K); minus infinity beyond the nodes."""
        place = (np.arcsinh(noise) + REACH) * ((NODES - 1) / (2 * REACH))
        low = np.clip(place, 0, NODES - 2).astype(np.int64)
        ends = [np.take_along_axis(self.value, (low + i)[:, None], 1)[:, 0] for i in (0, 1)]
        part = place - low
        value = (1 - part) * ends[0] + part * ends[1]
        value = np.where((place >= 0) & (place <= NODES - 1), value, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(value / np.sqrt(1 + noise**2)))


def _t_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    noise = rng.standard_normal(shape)
    noise /= np.sqrt(rng.standard_gamma(DF / 2, shape) / (DF / 2))
    return noise


def _log_t(noise: FloatArray) -> FloatArray:
    """Log density of standard t's with ``DF`` degrees of freedom."""
    constant = lgamma((DF + 1) / 2) - lgamma(DF / 2) - 0.5 * log(DF * pi)
    return np.asarray(constant - (DF + 1) / 2 * np.log1p(noise**2 / DF))
