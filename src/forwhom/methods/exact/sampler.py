"""The exact method: scales from the gridded proposal, coefficients drawn given the scales.

Tests: tests/methods/exact/test_draws.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.diagnostics import Diagnostics, complete, move
from forwhom.methods.exact.density import CollapsedGaussian
from forwhom.methods.importance.exploration import Exploration
from forwhom.methods.importance.grid import explore
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]

SMALLEST_SIGMA = 1e-5  # outcome sds; below it rounding in the cross-products drowns the density
GOOD_K_HAT, GOOD_SHARE = 0.4, 0.5  # below or under these a second, finer look is worth its cost


@dataclass(frozen=True, slots=True)
class Points:
    """D independent draws of the parameters that all groups share, in internal units.

    Attributes:
        internal: (D, p) coefficients; tau: (D, R); sigma: (D,).
        diagnostics: how it went.
    """

    internal: FloatArray
    tau: FloatArray
    sigma: FloatArray
    diagnostics: Diagnostics


def _explore(
    model: CollapsedGaussian, draws: int, rng: np.random.Generator, names: tuple[str, ...]
) -> Exploration:
    """Scales by the gridded proposal; once more with sigma on the grid where that went badly.

    log sigma is taken as nearly normal given the spreads. It is not where the data cannot tell
    sigma from a spread, as when every group has one row; a grid over sigma follows any shape.
    """
    mixing = model.n_easy - 1
    found = explore(model.log_density, model.n_tau, model.start, mixing, draws, rng, names)
    first = found.check
    if first.k_hat < GOOD_K_HAT and first.effective_share > GOOD_SHARE:
        return found

    def with_sigma(tau: FloatArray, easy: FloatArray) -> FloatArray:
        log_sigma = _log_sigma(tau)
        value = model.log_density(tau[:, :-1], np.hstack([log_sigma, easy]))
        return np.asarray(value - log_sigma[:, 0])  # a density in sigma, not in its logarithm

    start = model.start[1:]
    again = explore(with_sigma, model.n_tau + 1, start, mixing, draws, rng, (*names, "sigma"))
    second = again.check
    if second.k_hat >= first.k_hat and second.effective_share <= first.effective_share:
        return found
    return Exploration(
        tau=again.tau[:, :-1],
        rest=np.hstack([_log_sigma(again.tau), again.rest]),
        check=replace(second, evaluations=first.evaluations + second.evaluations),
    )


def _log_sigma(tau: FloatArray) -> FloatArray:
    """log sigma, (K, 1), where sigma is the last coordinate of the grid."""
    return np.asarray(np.log(np.maximum(tau[:, -1:], SMALLEST_SIGMA)))


def sample_exact(
    model: CollapsedGaussian, draws: int, seed: int, spread_names: tuple[str, ...]
) -> Points:
    """Draw from the posterior of scales and coefficients.

    Args:
        model: the collapsed model.
        draws: D.
        seed: of a generator of its own; the same seed gives the same draws.
        spread_names: names of the R spreads, for messages.

    Raises:
        InferenceError: the posterior is improper or nowhere finite.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    with one_blas_thread():
        found = _explore(model, draws, rng, spread_names)
        internal = model.draw_coefficients(found.tau, found.rest, rng)
    sigma = np.exp(found.rest[:, 0])
    scales = ("the residual sd", *spread_names)
    why = (
        "gaussian outcome: groups and coefficients integrate out in closed form, leaving "
        f"{len(scales)} {'scale' if len(scales) == 1 else 'scales'} to integrate"
    )
    check = complete(found.check, model.log_constant)
    check = check if move(found.tau, sigma) else replace(check, distinct=1)
    return Points(internal, found.tau, sigma, Diagnostics("exact", why, draws, check))
