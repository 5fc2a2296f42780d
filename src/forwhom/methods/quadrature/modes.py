"""Each group's mode and curvature in its own standard normals, many groups and points at once.

Tests: tests/methods/quadrature/test_rules.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.families import Family, Outcome
from forwhom.methods.quadrature.segments import Integrand, Segment, group_sums
from forwhom.methods.quadrature.star import arrow_of, star_predictor, star_step

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STEEPEST = 1e10  # curvature of a cell; far out, where hazards overflow, a bound speeds the way back
FEW_ROUNDS, MOST_ROUNDS = 7, 24  # of the search for a group's mode; the most, while it gets nearer
LONGEST = 1.5  # step of a standard normal
CLOSE = 1.0  # sds: a step shorter than this leaves less than quadrature forgives, which is checked


def steepest(family: Family, outcome: Outcome) -> FloatArray:
    """A bound of each cell's curvature, (C, 1), above what it has at its mode: its events, say."""
    if family.support not in ("count", "successes"):
        return np.full((len(outcome.y), 1), STEEPEST)
    events = np.maximum(outcome.y, outcome.trials)
    return np.asarray(np.maximum(4.0 * events, STEEPEST)[:, None])


def precision_of(segment: Segment, loading: FloatArray, weight: FloatArray) -> FloatArray:
    """I + l'W l of each group, (g, r, r, K); the untreated cells see the first alone."""
    r, at = segment.rank, segment.untreated
    out = np.empty((len(segment.groups), r, r, weight.shape[1]))
    pulled = loading[:, 0] * weight
    out[:, 0, 0] = group_sums(segment, pulled * loading[:, 0])
    out[:, 0, 0] += 1.0
    if r == 2:
        treated, high = segment.runs[1], loading[at:, 1]
        out[:, 1, 0] = treated.sums(pulled[at:] * high)
        out[:, 0, 1] = out[:, 1, 0]
        out[:, 1, 1] = treated.sums(weight[at:] * high**2)
        out[:, 1, 1] += 1.0
    return out


def spread_of(precision: FloatArray) -> FloatArray:
    """Lower-triangular S with S S' = precision^-1; (g, r, r, K)."""
    out = np.zeros_like(precision)
    if precision.shape[1] == 1:
        out[:, 0, 0] = 1.0 / np.sqrt(precision[:, 0, 0])
        return out
    a, b, c = precision[:, 0, 0], precision[:, 1, 0], precision[:, 1, 1]
    # I + M has determinant 1 + trace M + |M|, where |M| may drown in rounding but is not negative
    det = np.maximum(a * c - b * b, a + c - 1)
    out[:, 0, 0] = np.sqrt(c / det)
    out[:, 1, 0] = -b / np.sqrt(c * det)
    out[:, 1, 1] = 1.0 / np.sqrt(c)
    return out


def find_modes(
    integrand: Integrand, begin: FloatArray | None = None, close: float = CLOSE
) -> tuple[FloatArray, FloatArray]:
    """Mode (g, r, K) of each group's standard normals and the spread (g, r, r, K) around it.

    The search begins at ``begin``, (g, r, K) or broadcast to it, zero by default, and ends when no
    group's step was longer than ``close`` sds. Of a star, both are packed as in ``star.py``.
    """
    segment, data, parameters = integrand.segment, integrand.data, integrand.parameters
    fixed, loading, nu = integrand.fixed, integrand.loading, integrand.nu
    k = fixed.shape[1]
    z, spread = _empty(segment, k)
    if begin is not None:
        z += begin
    weight = None if bool((data.weight == 1).all()) else data.weight[:, None]
    bound = steepest(data.family, data.outcome)
    at: slice | IntArray = slice(0, k)  # points whose search goes on
    now, eta = z, predictor(segment, fixed, loading, z) if begin is not None else fixed
    previous = np.full(k, np.inf)
    before = z
    for number in range(MOST_ROUNDS):
        pull, curved = data.family.slopes_of(data.outcome, eta, data.link, parameters)
        if weight is not None:
            pull, curved = weight * pull, weight * curved
        curved = np.negative(curved)
        np.clip(curved, 0.0, bound, out=curved)
        if segment.star is None:
            around = spread_of(precision_of(segment, loading, curved))
            step, longest = _step(segment, loading, pull, around, now)
        else:
            around = arrow_of(segment, loading, curved, now, nu)
            step, longest = star_step(segment, loading, pull, around, now, nu)
            np.clip(step, -LONGEST, LONGEST, out=step)
        far = ~(longest < close)
        slow = far & (longest > 0.7 * previous)
        if slow.any():  # it goes to and fro, unless it is on its way with steps as long as may be
            on = (step * before).sum(axis=(0, 1)) > 0
            slow &= ~(on & (np.abs(step).max(axis=(0, 1), initial=0.0) >= LONGEST))
            step[..., slow] *= 0.5
        if number >= FEW_ROUNDS:
            far &= ~slow
        now = now + step
        z[..., at], spread[..., at] = now, around
        if not far.any():
            break
        previous, before = longest, step
        if far.mean() < 0.7:
            at, previous = np.arange(k)[at][far], longest[far]
            now, before = now[..., far], before[..., far]
            fixed, loading = fixed[:, far], loading[..., far]
            parameters = tuple(p[:, far] for p in parameters)
            nu = None if nu is None else nu[:, far]
        eta = predictor(segment, fixed, loading, now)
    return z, spread


def _empty(segment: Segment, k: int) -> tuple[FloatArray, FloatArray]:
    """Zeros in the shapes of modes and spreads at K points."""
    count, r = len(segment.groups), segment.rank
    if segment.star is None:
        return np.zeros((count, r, k)), np.zeros((count, r, r, k))
    leaves = len(segment.star.owner)
    return np.zeros((count + leaves, 1, k)), np.zeros((count + 2 * leaves, 1, 1, k))


def _step(
    segment: Segment, loading: FloatArray, pull: FloatArray, spread: FloatArray, z: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """A Newton step in z, (g, r, K), and the longest in sds at each point, (K,)."""
    step = np.empty_like(z)
    slope = group_sums(segment, loading[:, 0] * pull) - z[:, 0]
    one = np.multiply(spread[:, 0, 0], slope, out=slope)
    if segment.rank == 1:
        longest = np.abs(one).max(axis=0, initial=0.0)
    else:
        at = segment.untreated
        second = segment.runs[1].sums(loading[at:, 1] * pull[at:]) - z[:, 1]
        one += spread[:, 1, 0] * second
        second *= spread[:, 1, 1]
        longest = np.maximum(np.abs(one).max(axis=0), np.abs(second).max(axis=0))
        step[:, 1] = spread[:, 1, 0] * one + spread[:, 1, 1] * second
    step[:, 0] = spread[:, 0, 0] * one
    np.clip(step, -LONGEST, LONGEST, out=step)
    return step, np.asarray(longest)


def predictor(
    segment: Segment, fixed: FloatArray, loading: FloatArray, z: FloatArray
) -> FloatArray:
    """The cells' linear predictor (c, K) at the groups' z (g, r, K)."""
    if segment.star is not None:
        return star_predictor(segment, fixed, loading, z)
    eta = loading[:, 0] * z[segment.index, 0]
    eta += fixed
    if segment.rank == 2:
        at = segment.untreated
        eta[at:] += loading[at:, 1] * z[segment.index[at:], 1]
    return np.asarray(eta)
