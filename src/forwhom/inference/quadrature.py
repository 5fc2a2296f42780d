"""The quadrature method: groups integrated out numerically, the rest by importance sampling."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from forwhom.inference.diagnostics import Diagnostics
from forwhom.inference.surface import explore_surface
from forwhom.model.latent import LatentModel
from forwhom.model.threads import one_blas_thread

FloatArray = NDArray[np.float64]

ROUGH = 3  # nodes per coordinate while looking for modes
ORDERS = (5, 7, 9, 11, 15, 21, 31)
ACCURACY = 1e-3  # of the log density of all groups together: far below Monte Carlo error
PARALLEL = 256  # points from which threads pay
ORDER_POINTS = 200  # draws that the number of nodes is chosen at, where draws are at hand


@dataclass(frozen=True, slots=True)
class LatentDraws:
    """D draws of what groups share, by quadrature or NUTS.

    Attributes:
        tau: (D, R) internal sds; xi: (D, n) internal coordinates.
        coefficients: (D, p), spreads: (D, R), parameters: per family parameter (D, size), in the
            units of the data.
        diagnostics: how it went.
    """

    tau: FloatArray
    xi: FloatArray
    coefficients: FloatArray
    spreads: FloatArray
    parameters: tuple[FloatArray, ...]
    diagnostics: Diagnostics


def sample_quadrature(
    model: LatentModel, draws: int, seed: int, spread_names: tuple[str, ...]
) -> LatentDraws:
    """Draw from the posterior of what groups share.

    Args:
        model: with the groups integrated out.
        draws: D.
        seed: of a generator of its own.
        spread_names: of the R spreads, for messages.

    Raises:
        InferenceError: the posterior is improper or nowhere finite.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    chosen: list[int] = []

    def newton(tau: FloatArray, xi: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        parts = _threaded(lambda part: model.marginal(tau[part], xi[part], ROUGH), len(tau), 40)
        return (
            np.concatenate([m.value for m in parts]),
            np.concatenate([m.gradient for m in parts]),
            np.concatenate([m.hessian for m in parts]),
        )

    def log_density(tau: FloatArray, xi: FloatArray) -> FloatArray:
        if not chosen:
            chosen.append(choose_order(model, tau, xi))
        parts = _threaded(
            lambda part: model.log_density(tau[part], xi[part], chosen[0]), len(tau), PARALLEL
        )
        return np.concatenate(parts)

    with one_blas_thread():
        found = explore_surface(
            newton, log_density, model.n_tau, model.start, draws, rng, spread_names
        )
    dimensions = max((s.rank for s in model.segments), default=0)
    why = (
        f"{model.family.name} outcome: each group's own parameters are integrated out by adaptive "
        f"Gauss-Hermite quadrature ({chosen[0]} nodes per dimension, {dimensions} "
        f"dimension{'s' if dimensions != 1 else ''}), leaving {model.size + model.n_tau} shared "
        "parameters to importance sampling"
    )
    return finish(
        model,
        found.tau,
        found.xi,
        Diagnostics(
            method="quadrature",
            why=why,
            draws=draws,
            proposals=found.proposals,
            k_hat=found.k_hat,
            effective_share=found.effective_share,
            distinct=found.distinct,
            evaluations=found.evaluations,
        ),
    )


def finish(
    model: LatentModel, tau: FloatArray, xi: FloatArray, diagnostics: Diagnostics
) -> LatentDraws:
    """Internal draws to those in the units of the data."""
    return LatentDraws(
        tau=tau,
        xi=xi,
        coefficients=model.to_original(xi[:, : model.p]),
        spreads=tau * (model.basis.outcome_scale / model.basis.random_scale),
        parameters=tuple(
            (values * unit).T
            for values, unit in zip(model.parameters(xi), model.units, strict=True)
        ),
        diagnostics=diagnostics,
    )


def log_likelihood(model: LatentModel, draws: LatentDraws) -> FloatArray:
    """Log density of the rows in each draw, the groups integrated out, up to a constant; (D,)."""
    tau, xi = draws.tau, draws.xi
    with one_blas_thread():
        some = slice(None, None, max(len(tau) // ORDER_POINTS, 1))
        order = choose_order(model, tau[some], xi[some])
        parts = _threaded(
            lambda part: model.log_density(tau[part], xi[part], order), len(tau), PARALLEL
        )
    return np.asarray(np.concatenate(parts) - model.log_prior(tau, xi))


def choose_order(model: LatentModel, tau: FloatArray, xi: FloatArray) -> int:
    """The fewest nodes that hold the log density to ``ACCURACY`` where there is mass.

    Args:
        model: the model; tau, xi: points that cover the posterior, (P, R) and (P, n).
    """
    if all(segment.rank == 0 for segment in model.segments):
        return ORDERS[0]
    value = model.log_density(tau, xi, ORDERS[0])
    kept = np.flatnonzero(value > value.max() - 8)
    size = np.log1p(tau[kept]).sum(axis=1)  # the widest group parameters are the hardest
    some = kept[np.unique(np.r_[np.argsort(size)[-3:], np.argmax(value[kept])])]
    values = model.log_density(tau[some], xi[some], ORDERS[0])
    for order, finer in pairwise(ORDERS):
        better = model.log_density(tau[some], xi[some], finer)
        if np.abs(better - values).max() < ACCURACY:
            return order
        values = better
    return ORDERS[-1]


def _threaded[T](work: Callable[[slice], T], points: int, least: int) -> list[T]:
    """Apply ``work`` to slices of the points, on as many threads as there are cores."""
    cores = min(cpu_count() or 1, 8)
    if points < 2 * least or cores == 1:
        return [work(slice(0, points))]
    pieces = min(4 * cores, points // least)
    ends = np.linspace(0, points, pieces + 1).astype(int).tolist()
    parts = [slice(a, b) for a, b in pairwise(ends)]
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(work, parts))
