"""The laplace method: scales by a proposal that learns, levels and coefficients drawn given them.

Tests: tests/methods/laplace/test_against_nuts.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import InferenceError, plural
from forwhom.methods.diagnostics import Diagnostics, LogMass, WeightCheck, move
from forwhom.methods.importance.adaptive import Adapted, explore_adaptively
from forwhom.methods.importance.pareto import effective_share, pareto_k
from forwhom.methods.importance.peak import LogDensity
from forwhom.methods.importance.resample import systematic
from forwhom.methods.importance.scales import Scales
from forwhom.methods.importance.settle import settle
from forwhom.methods.laplace.centre import Centre, Smoothing, find_centres, spread_of_predictors
from forwhom.methods.laplace.density import LevelModel
from forwhom.methods.laplace.surface import Starts, Surface
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]

WORK = 3e10  # multiplications after which fewer effective points will do
NO_END = (
    "no search for the coefficients' most likely values comes to its end: predictors, groups or "
    "clusters may tell the outcome apart without error, and a flat prior does not hold them. Give "
    "alpha, beta, delta and lambda proper priors, or leave priors= out."
)
UNHELD = 20.0  # units of the link: the sd of a predictor that nothing holds
ENOUGH = 600  # effective points that always are asked for
PROFILE = np.geomspace(1 / 4, 32, 10)  # times an sd at the mode: what tells its width
LOOKS = 400  # draws around the mode that tell how far predictors spread there


@dataclass(frozen=True, slots=True)
class Points:
    """D draws: x (D, n), v (D, N), and the model in whose coordinates they are."""

    model: LevelModel
    x: FloatArray
    v: FloatArray
    diagnostics: Diagnostics


def sample_levels(
    model: LevelModel, draws: int, seed: int, names: tuple[str, ...], why: str
) -> Points:
    """Draw from the posterior of everything.

    Args:
        model: the joint density.
        draws: D; seed: of generators of its own.
        names: of the sds of one predictor, in the order of their coordinates, for messages.
        why: why not a faster method, in words.

    Raises:
        InferenceError: the posterior is improper or nowhere finite.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    with one_blas_thread():
        if model.n_x:
            surface, found = _explore(model, draws, rng, seed, names)
        else:
            surface, found = _no_scales(model, draws, rng, seed)
        v = surface.pick(found.picked, rng)
    model = surface.model
    check = WeightCheck(
        proposals=found.proposals,
        k_hat=found.k_hat,
        effective_share=found.effective_share,
        distinct=found.distinct if move(found.x) else 1,
        evaluations=found.evaluations,
        mass=found.mass.plus(model.log_constant),
    )
    given = f"given {plural(model.n_x, 'scale')}, " if model.n_x else ""
    drawn = "groups, clusters and coefficients" if model.blocks else "coefficients"
    words = f"{why}; {given}{drawn} are drawn from normal laws near theirs and weighed"
    return Points(model, found.x, v, Diagnostics("laplace", words, draws, check))


def _explore(
    model: LevelModel, draws: int, rng: np.random.Generator, seed: int, names: tuple[str, ...]
) -> tuple[Surface, Adapted]:
    """Find the mode roughly, then weigh."""
    surfaces: list[Surface] = []

    def rough(scales: Scales) -> LogDensity:
        known = surfaces[-1].starts.v if surfaces else np.empty((0, model.n_v))
        first = known[-1] if len(known) else model.begin()
        now = replace(model, scales=scales)
        surfaces.append(Surface.of(now, Smoothing.none(now), seed, Starts.of(now, first)))
        return surfaces[-1].rough

    begin = np.concatenate([model.scales.begin(), model.own_start])
    scales, peak = settle(
        model.scales,
        rough,
        begin,
        names * model.predictors,
        None,
        profile=PROFILE,
    )
    model, starts = replace(model, scales=scales), surfaces[-1].starts
    at, start = model.at(peak.mode[None]), starts.predict(peak.mode[None])
    mode = find_centres(model, at, start, Smoothing.none(model))
    noise = rng.standard_normal((1, model.n_v, LOOKS))
    smoothing = spread_of_predictors(model, at, mode, noise)
    _refuse_endless(model, mode, smoothing)
    surface = Surface.of(model, smoothing, seed, starts)
    most = max(ENOUGH, int(WORK / model.cost))
    return surface, explore_adaptively(surface.estimate, peak, draws, rng, most)


def _no_scales(
    model: LevelModel, draws: int, rng: np.random.Generator, seed: int
) -> tuple[Surface, Adapted]:
    """Coefficients alone: weights around one centre."""
    none = np.empty((1, 0))
    start = model.begin()[None]
    mode = find_centres(model, model.at(none), start, Smoothing.none(model))
    noise = rng.standard_normal((1, model.n_v, LOOKS))
    smoothing = spread_of_predictors(model, model.at(none), mode, noise)
    _refuse_endless(model, mode, smoothing)
    surface = Surface.of(model, smoothing, seed, Starts.of(model, mode.v[0]))
    weight = surface.estimate(np.empty((max(draws, ENOUGH), 0)))
    picked = systematic(weight, draws, rng)
    found = Adapted(
        x=np.empty((draws, 0)),
        picked=picked,
        k_hat=pareto_k(weight),
        effective_share=effective_share(weight),
        proposals=len(weight),
        distinct=len(np.unique(picked)),
        evaluations=len(weight),
        mass=LogMass.of(weight),
    )
    return surface, found


def _refuse_endless(model: LevelModel, mode: Centre, smoothing: Smoothing) -> None:
    """Say where flat priors leave the coefficients to data that do not hold them.

    Raises:
        InferenceError: the posterior is improper.
    """
    held = bool(mode.found.all()) and bool(np.abs(smoothing.root).max(initial=0.0) < UNHELD)
    if not held and not np.isfinite(model.coefficients.sd).all():
        raise InferenceError(NO_END)
