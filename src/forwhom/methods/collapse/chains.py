"""Chains where shrinkage priors have more scales than independent proposals can explore.

One sweep of every chain, all chains side by side:

1. sds, correlations and what a set of coefficients shares, by random walks on the density with
   everything linear integrated out;
2. levels and coefficients given these, from their normal law;
3. the scales given the coefficients (``given.py``).

A partially collapsed Gibbs sampler (van Dyk and Park 2008, JASA 103(482)): what 1 leaves out 2
draws anew before anything asks for it.

Tests: tests/methods/collapse/test_chains.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.collapse.density import CollapsedModel
from forwhom.methods.collapse.given import move_scales
from forwhom.methods.diagnostics import SweepCheck
from forwhom.methods.importance.scales import ScalePoints, Scales
from forwhom.methods.importance.settle import settle

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CHAINS = 16
TUNE, LEARN = 400, 50  # sweeps that are thrown away; after each so many the walks are fitted
FIRST, LONGEST = 1000, 8000  # sweeps that are kept: at first, and at most where they do not pass
WALKS = 2  # a sweep
ACCEPT = 0.3  # share of a walk's steps that a good length accepts
LEAST_DRAWS = 50  # of a chain


@dataclass(frozen=True, slots=True)
class ChainDraws:
    """D draws, chain by chain: ``values`` (D, n) and ``dense`` (D, m - 1) as in ``Points``."""

    values: FloatArray
    dense: FloatArray
    check: SweepCheck


@dataclass(frozen=True, eq=False)
class Target:
    """The density that chains walk on: coordinates of sds, and the scales that are learnt.

    Attributes:
        model: with everything linear integrated out.
        plain: its coordinates but those of shrinkage sets.
    """

    model: CollapsedModel
    plain: Scales

    @cached_property
    def sets(self) -> list[slice]:
        """Where each set's coordinates are, after those of ``plain``."""
        ends = np.cumsum([self.plain.size, *(one.size for one in self.model.scales.shrinkage)])
        return [slice(int(a), int(b)) for a, b in pairwise(ends)]

    @cached_property
    def walking(self) -> IntArray:
        """Coordinates that walk: those of sds, and of each set the one for all its scales."""
        shared = [
            part.start + one.shared
            for one, part in zip(self.model.scales.shrinkage, self.sets, strict=True)
        ]
        return np.r_[np.arange(self.plain.size), np.array(shared, dtype=np.int64)]

    def values(self, x: FloatArray) -> FloatArray:
        """As ``Scales.at`` takes them, from (K, n)."""
        n = self.plain.size
        return np.hstack([self.plain.values(x[:, :n]), x[:, n:]])

    def at(self, x: FloatArray) -> ScalePoints:
        """What (K, n) stand for."""
        found = self.model.scales.at(self.values(x))
        slope = self.plain.log_slope(x[:, : self.plain.size])
        return replace(found, log_jacobian=found.log_jacobian + slope)

    def log_density(self, x: FloatArray) -> FloatArray:
        """(K,) of (K, n)."""
        return self.model.log_density_at(self.at(x))


def sample_chains(
    model: CollapsedModel,
    draws: int,
    names: tuple[str, ...],
    rng: np.random.Generator,
    progress: Callable[[str], None],
) -> tuple[CollapsedModel, ChainDraws]:
    """Draw by chains, longer ones where they do not pass their check.

    Args:
        model: with everything linear integrated out.
        draws: how many in all, at least; every chain has as many.
        names: of the sds, in the order of coordinates, for messages.
        rng: random generator.
        progress: told a line of words now and then.

    Returns:
        the model, in coordinates that fit, and the draws.

    Raises:
        InferenceError: the posterior is improper or nowhere finite.
    """
    target, x, covariance = _begin(model, names, rng)
    walk = Walk.of(covariance)
    for step in range(TUNE // LEARN):
        x, kept, taken = _sweeps(target, x, walk, LEARN, rng)
        walk = walk.learn(kept[0][LEARN // 2 :][..., target.walking] if step else None, taken)
        progress(f"Chains: {(step + 1) * LEARN} of {TUNE} sweeps to adapt")
    each = max(-(-draws // CHAINS), LEAST_DRAWS)
    parts: list[tuple[FloatArray, FloatArray]] = []
    length = max(FIRST, each)
    while True:
        x, kept, _ = _sweeps(target, x, walk, length, rng)
        parts.append(kept)
        every = [np.concatenate(part) for part in zip(*parts, strict=True)]
        made = len(every[0])
        some = np.linspace(made / each, made, each).astype(int) - 1
        found = [part[some].swapaxes(0, 1) for part in every]
        check = check_sweeps(np.concatenate(found, axis=2))
        progress(f"Chains: {made:,} sweeps, R-hat {check.r_hat:.3f}")
        if check.passed(0) or made >= LONGEST:
            break
        length = made
    flat = [part.reshape(CHAINS * each, -1) for part in found]
    return target.model, ChainDraws(target.values(flat[0]), flat[1], check)


def _begin(
    model: CollapsedModel, names: tuple[str, ...], rng: np.random.Generator
) -> tuple[Target, FloatArray, FloatArray]:
    """Where chains begin, (K, n), and a covariance of what walks.

    The sds' mode is found with the learnt scales held in the middle of their priors.
    """
    held = model.coefficients.sd.copy()
    middles = []
    for one in model.scales.shrinkage:
        middle = one.start()
        held[one.where] = np.exp(one.log_scales(middle))
        held[one.where] *= model.scales.sigma_unit if one.uses_sigma else 1.0
        middles.append(middle)
    plain = replace(model.scales, shrinkage=())
    fixed = replace(model, scales=plain, coefficients=replace(model.coefficients, sd=held))
    n = plain.size
    if n:
        plain, peak = settle(
            plain,
            lambda scales: replace(fixed, scales=scales).log_density,
            plain.begin(),
            names,
            rng,
            residual=0 if plain.known else plain.classes,
        )
        mode, first = peak.mode, peak.covariance
    else:
        mode, first = np.zeros(0), np.zeros((0, 0))
    settled = replace(model, scales=replace(model.scales, widths=plain.widths))
    target = Target(settled, plain)
    noise = rng.standard_normal((CHAINS, n))
    root = np.linalg.cholesky(first) if n else first
    sets = [middle + rng.standard_normal((CHAINS, len(middle))) for middle in middles]
    x = np.hstack([mode + noise @ root.T, *sets])
    covariance = np.eye(len(target.walking))
    covariance[:n, :n] = first
    return target, x, covariance


@dataclass(frozen=True, slots=True)
class Walk:
    """Steps of a random walk: lower factor (w, w) of their covariance but for their length."""

    root: FloatArray
    log_length: float

    @classmethod
    def of(cls, covariance: FloatArray) -> Walk:
        """By the usual length for so many coordinates."""
        w = len(covariance)
        return cls(np.linalg.cholesky(covariance), float(np.log(2.4 / np.sqrt(max(w, 1)))))

    def learn(self, seen: FloatArray | None, taken: float) -> Walk:
        """Nearer to what chains (T, K, w) have seen, and to the share of steps to be taken."""
        length = self.log_length + 1.5 * (taken - ACCEPT)
        if seen is None or not seen.shape[-1]:
            return replace(self, log_length=length)
        flat = seen.reshape(-1, seen.shape[-1])
        covariance = np.cov(flat.T).reshape(flat.shape[1], -1)
        covariance = 0.7 * covariance + 0.3 * self.root @ self.root.T
        return Walk(np.linalg.cholesky(covariance + 1e-10 * np.eye(len(covariance))), length)


def _sweeps(
    target: Target, x: FloatArray, walk: Walk, count: int, rng: np.random.Generator
) -> tuple[FloatArray, tuple[FloatArray, FloatArray], float]:
    """Sweeps of all chains from (K, n).

    Returns:
        where they end; coordinates (T, K, n) and dense parts (T, K, m - 1) of every sweep; and the
        share of the walks' steps that were taken.
    """
    model, taken = target.model, 0.0
    walking, length = target.walking, np.exp(walk.log_length)
    kept_x = np.empty((count, *x.shape))
    kept_dense = np.empty((count, len(x), model.columns - 1))
    owner = np.arange(len(x))
    for t in range(count):
        value = target.log_density(x)
        for _ in range(WALKS):
            tried = x.copy()
            tried[:, walking] += length * rng.standard_normal((len(x), len(walking))) @ walk.root.T
            at_tried = target.log_density(tried)
            yes = np.log(rng.random(len(x))) < at_tried - value
            x, value = np.where(yes[:, None], tried, x), np.where(yes, at_tried, value)
            taken += yes.mean() / (WALKS * count)
        at = target.at(x)
        noise = rng.standard_normal((len(x), model.columns - 1))
        dense = model.draw_dense_at(at, owner, noise)
        kept_x[t], kept_dense[t] = x, dense  # both given one another
        x = x.copy()
        coefficients = model.to_original(dense[:, model.others :])
        for one, part in zip(model.scales.shrinkage, target.sets, strict=True):
            log_unit = np.zeros(len(x))
            if one.uses_sigma and not target.plain.known:
                log_unit = at.log_sigma[0] + np.log(target.plain.sigma_unit)
            x[:, part] = move_scales(one, x[:, part], coefficients[:, one.where], log_unit, rng)
    return x, (kept_x, kept_dense), taken


def check_sweeps(draws: FloatArray) -> SweepCheck:
    """R-hat and effective sample sizes (Vehtari et al. 2021), the worst of (chains, draws, n)."""
    from arviz_stats.base import array_stats

    with np.errstate(invalid="ignore", divide="ignore"):  # of what never moves: no number
        r_hat = array_stats.rhat(draws, chain_axis=0, draw_axis=1)
        bulk = array_stats.ess(draws, chain_axis=0, draw_axis=1, method="bulk")
        tail = array_stats.ess(draws, chain_axis=0, draw_axis=1, method="tail", prob=(0.05, 0.95))
    return SweepCheck(
        chains=draws.shape[0],
        tune=TUNE,
        r_hat=float(np.max(r_hat)),
        ess_bulk=float(np.min(bulk)),
        ess_tail=float(np.min(tail)),
    )
