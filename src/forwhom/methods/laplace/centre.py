"""The normal law that stands in for v given a point: its centre and its precision.

At the mode a normal misses how the likelihood leans, and of many levels the weights then vary. With
the slopes and curvatures averaged over the predictor's own spread, the fixed point of Newton's
steps is the centre of the normal nearest to the posterior (Opper and Archambeau 2009, Neural
Computation 21(3)); the spread is that around one reference point, which is near enough: the law
only proposes, and weights make up for it.

Tests: tests/methods/laplace/test_centre.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.laplace.density import At, LevelModel
from forwhom.methods.laplace.precision import Precision, precision_of

FloatArray = NDArray[np.float64]

MOST_ROUNDS = 25
LONGEST = 3.0  # step of a cell's predictor
# squared lengths, in posterior sds of all of v, of a step that is the last, ...
CLOSE, EXACT = 0.05, 1e-3
# ... for each entry of v and at least, of one after which the next is by the same precision, ...
LOOSE, LEAST_LOOSE = 0.01, 0.3
SLOW = 0.3  # ... and that times the last one's: of one after which it is not
STEEPEST = 1e10  # curvature of a cell: where hazards overflow a bound speeds the way back


@dataclass(frozen=True, eq=False)
class Smoothing:
    """Over what slopes are averaged: root (L, L, C) of each cell's predictors' covariance."""

    root: FloatArray

    @staticmethod
    def none(model: LevelModel) -> Smoothing:
        """No spread: the mode."""
        lp = model.predictors
        return Smoothing(np.zeros((lp, lp, 0)))

    def shifts(self) -> tuple[list[FloatArray], list[float]]:
        """What is added to the predictors, (L, C) each, and by what weights averages are taken.

        A rule of degree three (for one predictor, Gauss-Hermite's of three nodes).
        """
        lp = len(self.root)
        if not self.root.shape[2]:
            return [np.zeros((lp, 1))], [1.0]
        middle = max(3 - lp, 0)
        far, share = sqrt(lp + middle), 0.5 / (lp + middle)
        shifts = [sign * far * self.root[:, j] for j in range(lp) for sign in (-1.0, 1.0)]
        shares = [share] * len(shifts)
        if middle:
            shifts.append(np.zeros_like(shifts[0]))
            shares.append(2 * middle * share)
        return shifts, shares


@dataclass(frozen=True, eq=False)
class Centre:
    """At K points: v (K, N), the precision around it, and whether the search came to its end."""

    v: FloatArray
    precision: Precision
    found: NDArray[np.bool_]


def find_centres(
    model: LevelModel, at: At, start: FloatArray, smoothing: Smoothing, exact: bool = False
) -> Centre:
    """Newton's steps from ``start`` (K, N), points that are near going no further.

    Precisions are those of a point some way off, where steps by them are good enough to go on;
    where ``exact``, those of the centres.
    """
    v, count = start.copy(), len(start)
    close = EXACT if exact else CLOSE
    loose = EXACT if exact else max(LOOSE * model.n_v, LEAST_LOOSE)
    eta = model.predictor(v[:, :, None], at.mixes)
    some, now, whole = np.arange(count), at, None
    before, found = np.full(count, np.inf), np.zeros(count, dtype=bool)
    anew = np.ones(count, dtype=bool)
    for _ in range(MOST_ROUNDS):
        every = len(some) == count
        here = eta if every else eta[:, :, some]
        pull, curvature = slopes(model, here, now.parameters, smoothing)
        own, prior = model.prior_slopes(v[some], now)
        gradient = model.pulled(pull, now.mixes) + own
        if whole is None:
            whole = precision_of(model, curvature, prior, now)
        elif anew.any():
            which = np.flatnonzero(anew)
            new = precision_of(model, curvature[..., which], prior[which], now.take(which))
            whole.replaced(some[which], new)
        step = (whole if every else whole.take(some)).solve(gradient)
        length = np.einsum("kn,kn->k", gradient, step)
        _go(model, v, eta, some, step, length, before, now)
        found[some] = length <= close
        far = length > close  # not so where it is no number
        if not far.any():
            break
        anew = ((length > loose) | (length > SLOW * before))[far]
        some, before, now = some[far], length[far], now.take(np.flatnonzero(far))
    assert whole is not None
    return Centre(v, whole, found)


# Many parameters: v and eta are moved in place
def _go(
    model: LevelModel,
    v: FloatArray,
    eta: FloatArray,
    some: NDArray[np.int64],
    step: FloatArray,
    length: FloatArray,
    before: FloatArray,
    now: At,
) -> None:
    """A step of some points, shorter where it is long or leads to and fro."""
    moved = model.moved(step[:, :, None], now.mixes)
    longest = np.abs(moved).max(axis=(0, 1), initial=1e-300)
    with np.errstate(invalid="ignore"):
        part = np.minimum(LONGEST / longest, np.where(length > 0.7 * before, 0.5, 1.0))
    v[some] += part[:, None] * step
    eta[:, :, some] += part * moved


def slopes(
    model: LevelModel, eta: FloatArray, parameters: tuple[FloatArray, ...], smoothing: Smoothing
) -> tuple[FloatArray, FloatArray]:
    """Slopes (L, C, K) of the log likelihood in the predictors, and curvatures (L, L, C, K)."""
    lp = model.predictors
    first, second = np.zeros_like(eta), np.zeros((lp, *eta.shape))
    for shift, share in zip(*smoothing.shifts(), strict=True):
        moved = model.likelihood_arguments(eta + shift[:, :, None])
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            pull, curved = model.family.slopes_of(model.outcome, moved, model.link, parameters)
        first += share * pull
        second -= share * curved
    if lp == 1:
        np.clip(second, 0.0, STEEPEST, out=second)
    if not model.plain:
        first *= model.weight[:, None]
        second *= model.weight[:, None]
    return first, second


def spread_of_predictors(model: LevelModel, at: At, centre: Centre, noise: FloatArray) -> Smoothing:
    """The cells' spread around a centre at one point, by draws: noise (1, N, S)."""
    moved = model.moved(centre.precision.spread(noise), at.mixes)  # (L, C, S)
    covariance = np.einsum("lcs,mcs->clm", moved, moved) / noise.shape[2]
    if not np.isfinite(covariance).all():  # no centre was found
        return Smoothing.none(model)
    diagonal = np.arange(len(moved))
    covariance[:, diagonal, diagonal] += 1e-12
    return Smoothing(np.linalg.cholesky(covariance).transpose(1, 2, 0))
