"""The mode of a density of a few coordinates and its curvature there, without slopes.

All by differences: a round evaluates every point that second derivatives ask for, and a few steps
along the direction found, each as one batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import InferenceError

FloatArray = NDArray[np.float64]
LogDensity = Callable[[FloatArray], FloatArray]

NOWHERE = (
    "the posterior density is nowhere finite; check the priors' scales against the outcome's, or "
    "leave priors= out."
)
LOOKS = 12  # random points per coordinate and one more among which the search begins
ROUNDS = 30
STEPS = np.array([1.0, 0.5, 0.25, 0.06, 0.01, 2.0, 4.0])  # of a Newton step, tried together
LONGEST = 2.0  # of a step in any coordinate
PART = 0.1  # of a posterior sd: the differences' step
FLATTEST = 0.02  # curvature below which a direction counts as flat
CLOSE = 0.02  # nats that another round may still gain


@dataclass(frozen=True, slots=True)
class Peak:
    """The mode (n,), its log density, a covariance (n, n), and density evaluations spent."""

    mode: FloatArray
    value: float
    covariance: FloatArray
    evaluations: int


def find_peak(
    log_density: LogDensity,
    centre: FloatArray,
    rng: np.random.Generator | None = None,
) -> Peak:
    """Search by Newton steps, from the best of some points around the centre.

    Args:
        log_density: (K, n) -> (K,).
        centre: (n,) where to begin.
        rng: random generator; without one the search begins at the centre.

    Raises:
        InferenceError: the density is finite at none of them.
    """
    n = len(centre)
    looks = centre[None]
    if rng is not None:
        looks = np.vstack([looks, centre + rng.standard_normal((LOOKS * (n + 1), n))])
    values = log_density(looks)
    spent = len(looks)
    best = int(np.argmax(values))
    if not np.isfinite(values[best]):
        raise InferenceError(NOWHERE)
    mode, value, scale = looks[best], float(values[best]), np.full(n, PART)
    curvature = np.eye(n)
    for _ in range(ROUNDS):
        gradient, curvature = _differences(log_density, mode, value, PART * scale)
        spent += 2 * n * n
        eigenvalues, vectors = np.linalg.eigh(curvature)
        size = np.maximum(np.abs(eigenvalues), FLATTEST)
        step = vectors @ ((vectors.T @ gradient) / size)
        promised = 0.5 * float(gradient @ step)
        step *= min(1.0, LONGEST / max(float(np.abs(step).max()), 1e-300))
        tried = mode + STEPS[:, None] * step
        values = log_density(tried)
        spent += len(tried)
        best = int(np.argmax(values))
        gain = float(values[best]) - value
        if gain > 0:
            mode, value = tried[best], float(values[best])
        scale = np.minimum(np.sqrt(((vectors / np.sqrt(size)) ** 2).sum(axis=1)), 1.0)
        if promised < CLOSE and gain < CLOSE:
            break
    eigenvalues, vectors = np.linalg.eigh(curvature)
    size = np.maximum(np.abs(eigenvalues), FLATTEST)
    return Peak(mode, value, (vectors / size) @ vectors.T, spent)


def _differences(
    log_density: LogDensity, at: FloatArray, value: float, step: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gradient (n,) and minus the second derivatives (n, n), by 2 n^2 evaluations.

    Where a neighbour's density is not finite it counts as a very small one.
    """
    n = len(at)
    moves = np.diag(step)
    i, j = np.triu_indices(n, 1)
    both, apart = moves[i] + moves[j], moves[i] - moves[j]
    around = np.concatenate([moves, -moves, both, -both, apart, -apart])
    found = log_density(at + around)
    found = np.where(np.isfinite(found), found, value - 1e3)
    up, down = found[:n], found[n : 2 * n]
    gradient = (up - down) / (2 * step)
    curvature = np.diag((2 * value - up - down) / step**2)
    pairs = found[2 * n :].reshape(4, -1)
    mixed = (pairs[0] + pairs[1] - pairs[2] - pairs[3]) / (4 * step[i] * step[j])
    curvature[i, j] = curvature[j, i] = -mixed
    return gradient, curvature
