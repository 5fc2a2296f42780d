"""Independent draws from a density of up to some fifteen coordinates, by a proposal that learns.

1. Find the mode and the curvature there; propose from Student-t's around it.
2. Weigh, and learn a mixture of Student-t's from the weighted points; propose from it and, for a
   small part, from a wide one that keeps the weights bounded; again, while that helps.
3. Every point counts, weighed by target over the mixture of all proposals so far ("adaptive
   multiple importance sampling", Cornuet, Marin, Mira and Robert 2012, Scandinavian Journal of
   Statistics 39(4), with the deterministic mixture of Owen and Zhou 2000, JASA 95(449)).
4. Where a few weights stand out, propose around them too (Raftery and Bao 2010).
5. Judge the weights and resample systematically.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.diagnostics import LogMass
from forwhom.methods.importance.mixture import StudentMixture, around, mixed
from forwhom.methods.importance.pareto import effective_share, pareto_k, truncated
from forwhom.methods.importance.peak import LogDensity, Peak
from forwhom.methods.importance.resample import systematic
from forwhom.methods.importance.rounds import Rounds

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FIRST, ROUND = 600, 1000  # points of the first look and of each that learns
GOOD = 0.7  # effective share of a round after which there is nothing to learn
GOOD_K, REPAIRS = 0.4, 8  # Pareto k that is good enough, and rounds spent where it is not
NEAREST = 0.05  # of the points tell the shape of the density around one that weighs too much
HELPS, PATIENCE = 1.1, 3  # rounds that make the best share less than that much better, in a row
DF, WIDE_DF = 6.0, 3.0
WIDE, DEFENCE = 4.0, 0.1  # the wide proposal: covariance over the whole's, and its share
MOST = 6  # components
POINTS = 12.0  # a coordinate, that a component needs
FEWEST, SPARE, LIMIT = 1000, 1.1, 10  # points; effective ones over draws; points over draws


@dataclass(frozen=True, slots=True)
class Adapted:
    """Resampled points and how good the proposals were.

    Attributes:
        x: (D, n) draws; picked: (D,) which of the proposals each is; mixture: all that was proposed
            from, by the number of points from each; None of a point without coordinates.
        k_hat, effective_share, proposals, distinct, evaluations, mass: as in ``WeightCheck``.
    """

    x: FloatArray
    picked: IntArray
    k_hat: float
    effective_share: float
    proposals: int
    distinct: int
    evaluations: int
    mass: LogMass
    mixture: StudentMixture | None = None


class _Sample:
    """All points so far with their densities, and the proposals they came from."""

    def __init__(self, log_density: LogDensity, n: int) -> None:
        self.target = log_density
        self.x, self.rounds = np.empty((0, n)), Rounds()
        self.proposals: list[StudentMixture] = []

    def add(self, proposal: StudentMixture, count: int, rng: np.random.Generator) -> float:
        """More points; the effective share of these alone."""
        new = proposal.draw(count, rng)
        with np.errstate(over="ignore", invalid="ignore"):
            value = self.target(new)
        value = np.where(np.isnan(value), -np.inf, value)
        self.x = np.concatenate([self.x, new])
        before = [one.log_density(new) for one in self.proposals]
        self.proposals.append(proposal)
        return self.rounds.add(value, before, proposal.log_density(self.x))

    @property
    def mixture(self) -> StudentMixture:
        """All proposals so far."""
        pairs = zip(self.rounds.counts, self.proposals, strict=True)
        return mixed([(count / len(self.x), one) for count, one in pairs])

    @property
    def log_weight(self) -> FloatArray:
        """Target over the mixture of all proposals, (N,)."""
        return self.rounds.log_weight

    @property
    def weight(self) -> FloatArray:
        """Weights that sum to one, the largest cut."""
        return truncated(self.log_weight)


def explore_adaptively(
    log_density: LogDensity,
    peak: Peak,
    draws: int,
    rng: np.random.Generator,
    most: int | None = None,
) -> Adapted:
    """Draw from ``exp(log_density(x))``.

    Args:
        log_density: (K, n) -> (K,).
        peak: where to begin.
        draws: D, how many independent draws.
        rng: random generator.
        most: effective points that are enough where each one is dear; default D and a few.
    """
    sample = _Sample(log_density, len(peak.mode))
    wanted = int(min(SPARE * draws, most or np.inf))
    size = max(min(FEWEST, most or FEWEST), wanted)
    each = min(ROUND, size // 3)
    proposal, learnt = _first(peak), None
    share = best = sample.add(proposal, min(FIRST, each), rng)
    idle = repairs = 0  # rounds that did not help, and those after all others
    while True:
        weight = sample.log_weight
        known, made = effective_share(weight) * len(weight), len(weight)
        if made >= LIMIT * size:
            break
        if known >= wanted and made >= min(size, FEWEST):
            if repairs == REPAIRS or pareto_k(weight) < GOOD_K:
                break
            repairs += 1
            sample.add(_repair(sample), each // 2, rng)
            sample.rounds.partial = True
            continue
        left = int(1.1 * max(wanted - known, 0.0) / max(share, 1 / LIMIT)) + 100
        if idle <= PATIENCE:
            learnt = _learnt(sample, learnt, rng)
            proposal = _defended(learnt, sample)
            if idle < PATIENCE:
                left = min(left, max(each, made // 2))
            idle += idle == PATIENCE  # the last to be learnt is kept
        share = sample.add(proposal, min(left, LIMIT * size - made), rng)
        idle = max(idle, PATIENCE) if share > GOOD else 0 if share > HELPS * best else idle + 1
        best = max(best, share)
    picked = systematic(weight, draws, rng)
    return Adapted(
        x=sample.x[picked],
        picked=picked,
        mixture=sample.mixture,
        k_hat=pareto_k(weight),
        effective_share=effective_share(weight),
        proposals=len(weight),
        distinct=len(np.unique(picked)),
        evaluations=peak.evaluations + len(weight),
        mass=sample.rounds.mass,
    )


def _first(peak: Peak) -> StudentMixture:
    """Around the mode: as wide as the curvature there says, wider, and a unit wide."""
    return mixed(
        [
            (0.6, around(peak.mode, peak.covariance, DF)),
            (0.25, around(peak.mode, WIDE * peak.covariance, WIDE_DF)),
            (0.15, around(peak.mode, np.eye(len(peak.mode)), WIDE_DF)),
        ]
    )


def _learnt(
    sample: _Sample, last: StudentMixture | None, rng: np.random.Generator
) -> StudentMixture:
    """What the weighted points look like: the last mixture moved on, or a new one."""
    weight = sample.weight
    known, n = 1 / (weight**2).sum(), sample.x.shape[1]
    count = int(np.clip(known / (POINTS * n), 1, MOST))
    if last is None or len(last.share) < count:
        mean, covariance = _moments(sample.x, weight)
        centres = mean[None]
        if count > 1:  # components begin at points drawn by weight, one shape for all
            centres = sample.x[systematic(np.log(np.maximum(weight, 1e-300)), count, rng)]
        shape = covariance * (1.0 if count == 1 else 0.5)
        last = mixed([(1 / count, around(centre, shape, DF)) for centre in centres])
    return last.learn(sample.x, weight)


def _repair(sample: _Sample) -> StudentMixture:
    """Around the point of most weight, in the shape of its neighbours: where too few were proposed.

    Incremental mixture importance sampling, Raftery and Bao 2010, Biometrics 66(4).
    """
    weight = sample.log_weight
    at = sample.x[int(np.argmax(weight))]
    _, covariance = _moments(sample.x, sample.weight)
    off = sample.x - at
    distance = np.einsum("ki,ij,kj->k", off, np.linalg.inv(covariance), off)
    count = min(max(int(NEAREST * len(weight)), 20 * len(at)), len(weight))
    near = np.argpartition(distance, count - 1)[:count]
    share = np.exp(weight[near] - weight.max())
    share = 0.5 * (share / share.sum() + 1 / count)
    return around(at, off[near].T @ (off[near] * share[:, None]), WIDE_DF)


def _defended(learnt: StudentMixture, sample: _Sample) -> StudentMixture:
    mean, covariance = _moments(sample.x, sample.weight)
    wide = around(mean, WIDE * covariance, WIDE_DF)
    return mixed([(1 - DEFENCE, learnt), (DEFENCE, wide)])


def _moments(x: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance, the latter wider where few points tell it."""
    mean = weight @ x
    off = x - mean
    few = 1 + x.shape[1] * float((weight**2).sum())
    return mean, few * (off.T @ (off * weight[:, None]))
