"""The quadrature method: groups integrated out numerically, the rest by importance sampling.

Tests: tests/methods/quadrature/test_against_nuts.py.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.diagnostics import Diagnostics, complete, move
from forwhom.methods.importance.conditional import explore_conditionally
from forwhom.methods.importance.laplace import Target
from forwhom.methods.importance.proposal import explore_surface
from forwhom.methods.quadrature.density import LatentModel, Rule
from forwhom.methods.quadrature.rules import Rules, apply_rules, choose_rules
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]

ROUGH = 3  # nodes per coordinate while looking for modes
ON_A_GRID = 2  # sds that a grid is laid over, where there is nothing beside them
HEIGHTS = 5  # of the grid that the proposal is made from


@dataclass(frozen=True, slots=True)
class Points:
    """D draws of what groups share, in internal coordinates.

    Attributes:
        tau: (D, R) sds; xi: (D, n) coefficients and the family's parameters.
        diagnostics: how it went.
    """

    tau: FloatArray
    xi: FloatArray
    diagnostics: Diagnostics


def sample_quadrature(
    model: LatentModel, draws: int, seed: int, spread_names: tuple[str, ...]
) -> Points:
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
    rules: list[Rules] = []
    with one_blas_thread():
        target, extra = _target(model, spread_names, rules), model.law.extra
        if extra or model.n_tau > ON_A_GRID:
            found = explore_conditionally(target, extra, draws, rng)
        else:
            found = explore_surface(target, draws, rng)
    check = complete(found.check, model.log_constant)
    if model.law.students:  # tails of next to no degrees of freedom count where they are drawn
        with one_blas_thread():
            rules = [choose_rules(model, found.tau, found.rest)]
    check = replace(check, rule_error=max(rule.error for rule in rules))
    if not move(found.tau, found.rest):
        check = replace(check, distinct=1)
    diagnostics = Diagnostics("quadrature", _why(model, rules), draws, check)
    return Points(found.tau, found.rest, diagnostics)


def _target(model: LatentModel, spread_names: tuple[str, ...], rules: list[Rules]) -> Target:
    """The model's density on several threads; ``rules`` gathers by what it was integrated."""

    def newton(tau: FloatArray, xi: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        parts = _threaded(lambda part: model.marginal(tau[part], xi[part], ROUGH), len(tau), 20)
        return (
            np.concatenate([m.value for m in parts]),
            np.concatenate([m.gradient for m in parts]),
            np.concatenate([m.hessian for m in parts]),
        )

    def heights(tau: FloatArray, xi: FloatArray) -> FloatArray:
        rule = Rule((HEIGHTS,) * len(model.segments), (None,) * len(model.segments))
        return np.concatenate(
            _threaded(lambda part: model.log_density(tau[part], xi[part], rule), len(tau), 20)
        )

    def log_density(tau: FloatArray, xi: FloatArray) -> FloatArray:
        rules.append(choose_rules(model, tau, xi))
        return apply_rules(rules[-1], model, tau, xi, _each)

    return Target(newton, log_density, model.start, spread_names, heights)


def _why(model: LatentModel, rules: list[Rules]) -> str:
    """What was integrated, by how fine a rule, and what is left."""
    dimensions = max((s.dimensions for s in model.segments), default=0)
    low, high = min(r.orders[0] for r in rules), max(r.orders[1] for r in rules)
    nodes = f"{low} to {high}" if high > low else f"{low}"
    worst, points = max(r.error for r in rules), sum(r.points for r in rules)
    shared = model.size + model.n_tau + model.law.extra
    return (
        f"{model.family.name} outcome: each group's own parameters are integrated out by adaptive "
        f"Gauss-Hermite quadrature ({nodes} nodes per dimension, {dimensions} "
        f"dimension{'s' if dimensions != 1 else ''}; finer rules differ by at most {worst:.0e} "
        f"nats at the {points} points checked), leaving {shared} shared "
        "parameters to importance sampling"
    )


def log_likelihood(model: LatentModel, tau: FloatArray, xi: FloatArray) -> FloatArray:
    """Log density of the rows at each point, the groups integrated out, up to a constant; (D,)."""
    with one_blas_thread():
        density = apply_rules(choose_rules(model, tau, xi), model, tau, xi, _each)
    return np.asarray(density - model.log_prior(tau, xi))


def _threaded[T](work: Callable[[slice], T], points: int, least: int) -> list[T]:
    """Apply ``work`` to slices of the points, on as many threads as there are cores."""
    pieces = max(min(_cores(), points // least), 1)
    ends = np.linspace(0, points, pieces + 1).astype(int).tolist()
    return _each(work, [slice(a, b) for a, b in pairwise(ends)])


def _each[S, T](work: Callable[[S], T], parts: list[S]) -> list[T]:
    if len(parts) == 1 or _cores() == 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(_cores()) as pool:
        return list(pool.map(work, parts))


def _cores() -> int:
    return min(cpu_count() or 1, 8)
