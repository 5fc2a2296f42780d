"""Replicated data sets: every row's outcome drawn again from the posterior, and statistics of them.

Rows that share everything the model sees are drawn together where their number by outcome is all
that matters (binomial, multinomial), else one by one. Gelman, Meng and Stern 1996, Statistica
Sinica 6(4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import PlanError
from forwhom.fitted.predictor import CellPredictor
from forwhom.fitted.refusals import LEVELS, no_replication, no_single_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST, LEAST = 1_000, 100  # replicated data sets
ROWS = 30_000_000  # rows drawn in all
KEPT = 40_000_000  # means of groups by arm kept in all
VALUES = 2_000_000  # rows x data sets at once
BINS = 30
MOST_VALUE = 1e300  # stands for what is beyond numbers
MOST_COUNTS = 25  # bars of a count

ENDS = {"numeric": "both", "positive": "top", "count": "top", "time": "top"}


@dataclass(frozen=True, eq=False)
class Replication:
    """Observed and replicated statistics; A arms, H groups, S statistics, B bins, T data sets.

    Attributes:
        arms: names; n: (A,) rows.
        statistics: names; observed: (S, A); replicated: (S, A, T).
        group_n: (H, A) rows; group_observed: (H, A) means; group_replicated: (H, A, T).
        bins: names of levels, or (B + 1,) edges; share_observed: (A, B) of each arm's rows;
            share_replicated: (A, B, T).
    """

    arms: tuple[str, ...]
    n: FloatArray
    statistics: tuple[str, ...]
    observed: FloatArray
    replicated: FloatArray
    group_n: FloatArray
    group_observed: FloatArray
    group_replicated: FloatArray
    bins: tuple[str, ...] | FloatArray
    share_observed: FloatArray
    share_replicated: FloatArray


@dataclass
class _Tally:
    """Sums over rows that are seen a piece at a time, for T data sets at once."""

    arms: int
    groups: int
    bins: int
    sets: int
    center: float = 0.0  # second moments are taken around it
    weight: FloatArray = field(init=False)
    group_weight: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        a, t = self.arms, self.sets
        self.weight = np.zeros(a)
        self.first, self.second, self.zeros = (np.zeros((a, t)) for _ in range(3))
        self.low, self.top = np.full((a, t), np.inf), np.full((a, t), -np.inf)
        self.share = np.zeros((a, self.bins, t))
        self.group_weight = np.zeros(self.groups * a)
        self.group_first = np.zeros((self.groups * a, t))

    def add_numbers(
        self, y: FloatArray, weight: FloatArray, arm: IntArray, group: IntArray, edges: FloatArray
    ) -> None:
        """Rows (m, T) with their weights (m,)."""
        for a in range(self.arms):
            mine = arm == a
            if not mine.any():
                continue
            some, w = y[mine], weight[mine]
            self.weight[a] += w.sum()
            off = some - self.center
            self.first[a] += w @ off
            self.second[a] += w @ off**2
            self.zeros[a] += w @ (some == 0)
            self.low[a] = np.minimum(self.low[a], some.min(axis=0))
            self.top[a] = np.maximum(self.top[a], some.max(axis=0))
            place = np.searchsorted(edges[1:-1], some, side="right")
            place = place + self.bins * np.arange(self.sets)
            wide = np.broadcast_to(w[:, None], some.shape)
            counts = np.bincount(place.ravel(), wide.ravel(), self.bins * self.sets)
            self.share[a] += counts.reshape(self.sets, self.bins).T
        self._by_group(y * weight[:, None], weight, arm, group)

    def add_levels(
        self, counts: FloatArray, score: FloatArray, arm: IntArray, group: IntArray
    ) -> None:
        """Cells with counts by level, (L, c, T)."""
        weight = counts[:, :, 0].sum(axis=0)
        for a in range(self.arms):
            mine = arm == a
            self.weight[a] += weight[mine].sum()
            self.share[a] += counts[:, mine].sum(axis=1)
        self._by_group(np.tensordot(score, counts, 1), weight, arm, group)

    def _by_group(
        self, total: FloatArray, weight: FloatArray, arm: IntArray, group: IntArray
    ) -> None:
        key = group * self.arms + arm
        self.group_weight += np.bincount(key, weight, len(self.group_weight))
        order = np.argsort(key, kind="stable")
        first = np.flatnonzero(np.r_[True, np.diff(key[order]) > 0][: len(order)])
        self.group_first[key[order][first]] += np.add.reduceat(total[order], first, axis=0)

    def group_means(self) -> FloatArray:
        """(H, A, T), NaN where a group has no rows in an arm."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.group_first / self.group_weight[:, None]
        return np.asarray(mean.reshape(self.groups, self.arms, self.sets))


def replicate(predictor: CellPredictor, what: str) -> Replication:
    """Draw the data again and compare.

    Args:
        predictor: of a fit; what: asks for it, for errors.

    Raises:
        PlanError: there are censored times, or single rows are not known.
    """
    if why := no_replication(predictor, what):
        raise PlanError(why)
    levels = predictor.family.support in LEVELS
    rng = np.random.default_rng(
        np.random.SeedSequence(predictor.fitted.design.plan.seed, spawn_key=(5,))
    )
    with np.errstate(over="ignore", invalid="ignore"):  # wide priors imply what floats cannot hold
        return (_levels if levels else _numbers)(predictor, rng)


def _levels(predictor: CellPredictor, rng: np.random.Generator) -> Replication:
    """Categories: rows of a cell are drawn together."""
    outcome, found, family = predictor.outcome, predictor.cells, predictor.family
    names = predictor.fitted.design.outcome.levels
    if family.support == "binary":
        observed = np.stack([outcome.trials - outcome.y, outcome.y])
    else:
        observed = np.zeros((len(names), len(found.rows)))
        observed[outcome.y.astype(np.int64), np.arange(len(found.rows))] = predictor.weight
    score = np.arange(len(names), dtype=float)
    if family.support == "unordered":  # groups are compared by the commonest level
        score = np.where(score == observed.sum(axis=1).argmax(), 1.0, 0.0)
    arms, arm = predictor.arms
    sets = _sets(predictor, observed.size)
    draws = _spaced(predictor, sets)
    sets = len(range(*draws.indices(predictor.draws)))
    shape = (len(arms), predictor.n_groups, len(names))
    seen, again = _Tally(*shape, 1), _Tally(*shape, sets)
    seen.add_levels(observed[:, :, None], score, arm, found.group)
    n = np.maximum(np.round(found.rows), 1).astype(np.int64)
    for cells, eta in predictor.pieces(draws):
        own = predictor.parameters(draws, cells)
        mean = family.mean(eta, predictor.link, own, outcome.take(cells))
        some = n[cells, None]
        if family.support == "binary":
            ones = rng.binomial(some, mean)
            counts = np.stack([some - ones, ones]).astype(float)
        else:
            chance = np.moveaxis(mean, 0, -1)
            chance = chance / chance.sum(axis=-1, keepdims=True)
            counts = np.moveaxis(rng.multinomial(some, chance), -1, 0).astype(float)
        counts *= (found.rows[cells] / n[cells])[:, None]
        again.add_levels(counts, score, arm[cells], found.group[cells])
    shown = range(1, 2) if len(names) == 2 else range(len(names))

    def statistics(tally: _Tally) -> dict[str, FloatArray]:
        share = tally.share / tally.weight[:, None, None]
        return {f"share {names[k]}": share[:, k] for k in shown}

    return _finish(predictor, (seen, again), names, statistics)


def _numbers(predictor: CellPredictor, rng: np.random.Generator) -> Replication:
    """Counts and numbers: row by row."""
    family, kinds = predictor.family, predictor.kinds
    assert kinds is not None
    arms, arm = predictor.arms
    group = predictor.group
    trials = kinds.outcome.trials
    y = kinds.outcome.y / trials
    edges = _edges(y, kinds.count, family.support)
    copies = np.maximum(np.round(kinds.count), 1).astype(np.int64)
    weight = kinds.count / copies * trials
    draws = _spaced(predictor, _sets(predictor, int(copies.sum())))
    sets = len(range(*draws.indices(predictor.draws)))
    shape = (len(arms), predictor.n_groups, len(edges) - 1)
    center = float(np.average(y, weights=kinds.count))
    seen, again = _Tally(*shape, 1, center), _Tally(*shape, sets, center)
    seen.add_numbers(y[:, None], kinds.count * trials, arm[kinds.cell], group[kinds.cell], edges)
    for cells, eta in predictor.pieces(draws):
        mine, place = kinds.among(cells)
        for row in _rows(copies[mine], max(VALUES // sets, 1)):
            kind, at = mine[row], place[row]
            outcome = kinds.outcome.take(kind)
            cell = cells[at]
            own = predictor.parameters(draws, cell)
            drawn = family.draw(rng, eta[..., at, :], predictor.link, own, outcome)
            again.add_numbers(
                drawn / outcome.trials[:, None], weight[kind], arm[cell], group[cell], edges
            )

    def statistics(tally: _Tally) -> dict[str, FloatArray]:
        mean = tally.first / tally.weight[:, None]
        variance = tally.second / tally.weight[:, None] - mean**2
        sd = np.sqrt(np.where(np.isnan(variance), np.inf, np.maximum(variance, 0.0)))
        out = {"mean": center + mean, "sd": sd}
        if family.support in ("count", "closed unit"):
            out["share of zeros"] = tally.zeros / tally.weight[:, None]
        ends = ENDS.get(family.support, "")
        if ends == "both":
            out["smallest"] = tally.low
        if ends:
            out["largest"] = tally.top
        return out

    return _finish(predictor, (seen, again), edges, statistics)


def _finish(
    predictor: CellPredictor,
    tallies: tuple[_Tally, _Tally],
    bins: tuple[str, ...] | FloatArray,
    statistics: Callable[[_Tally], dict[str, FloatArray]],
) -> Replication:
    seen = tallies[0]
    found = []
    means = [tally.group_means() for tally in tallies]
    several = (seen.group_weight.reshape(seen.groups, -1) > 0).sum(axis=0).min() > 2
    for tally, mean in zip(tallies, means, strict=True):
        own = statistics(tally)
        if several:
            own["sd of group means"] = np.nanstd(mean, axis=0)
        found.append(own)
    for own in found:  # wide priors imply what floats cannot hold
        own |= {name: np.nan_to_num(v, nan=MOST_VALUE, posinf=MOST_VALUE, neginf=-MOST_VALUE)
                for name, v in own.items()}  # fmt: skip
    names = tuple(found[0])
    share = [tally.share / tally.weight[:, None, None] for tally in tallies]
    return Replication(
        arms=predictor.arms[0],
        n=seen.weight,
        statistics=names,
        observed=np.stack([found[0][name][:, 0] for name in names]),
        replicated=np.stack([found[1][name] for name in names]),
        group_n=seen.group_weight.reshape(seen.groups, seen.arms),
        group_observed=means[0][:, :, 0],
        group_replicated=means[1],
        bins=bins,
        share_observed=share[0][:, :, 0],
        share_replicated=share[1],
    )


def _sets(predictor: CellPredictor, rows: int) -> int:
    """How many data sets are worth their time and memory."""
    means = predictor.n_groups * len(predictor.arms[0])
    return int(np.clip(min(ROWS // max(rows, 1), KEPT // means), LEAST, MOST))


def _spaced(predictor: CellPredictor, sets: int) -> slice:
    """About so many draws, evenly spaced."""
    return slice(None, None, max(predictor.draws // sets, 1))


def _rows(copies: IntArray, most: int) -> Iterator[IntArray]:
    """Indices repeated as often as ``copies`` says, a piece at a time."""
    end = np.cumsum(copies)
    total = int(end[-1]) if len(end) else 0
    for low in range(0, total, most):
        yield np.searchsorted(end, np.arange(low, min(low + most, total)), side="right")


def _edges(y: FloatArray, count: FloatArray, support: str) -> FloatArray:
    """Ends of the bins; the first and the last are open."""
    order = np.argsort(y)
    share = np.cumsum(count[order]) / count.sum()
    low, high = (float(y[order][np.searchsorted(share, q)]) for q in (0.001, 0.999))
    if support == "count" and (low == 0 or high - low <= MOST_COUNTS):
        return np.arange(low, min(high, low + MOST_COUNTS) + 2) - 0.5  # zeros keep a bar of theirs
    if support == "count":
        step = np.ceil((high - low + 1) / BINS)
        return np.arange(low, high + step + 1, step) - 0.5
    if support == "successes":  # shares of trials
        return np.linspace(0.0, 1.0, 11)
    different: FloatArray = np.unique(y)
    steps = np.diff(different)
    if len(different) <= MOST_COUNTS and np.allclose(steps, steps[:1]):  # a scale: a bar for each
        return np.asarray(np.r_[different - steps[0] / 2, different[-1] + steps[0] / 2])
    if low == high:
        low, high = float(different[0]), float(different[-1])
    bins = int(np.clip(2 * count.sum() ** (1 / 3), 8, BINS))
    return np.linspace(low, high, bins + 1)


def simulated_rows(predictor: CellPredictor, rows: int, seed: int) -> FloatArray:
    """Outcomes of rows picked at random, drawn again, (rows, D): what one new row may look like.

    Shares of trials where there are trials.
    """
    kinds = predictor.kinds
    if kinds is None:
        raise PlanError(no_single_rows(predictor, "prior_predictive()"))
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(7,)))
    picked = rng.choice(len(kinds.count), rows, p=kinds.count / kinds.count.sum())
    outcome, every = kinds.outcome.take(picked), slice(None)
    cells = kinds.cell[picked]
    eta, own = predictor.eta(every, cells), predictor.parameters(every, cells)
    with np.errstate(over="ignore", invalid="ignore"):
        drawn = predictor.family.draw(rng, eta, predictor.link, own, outcome)
    return np.asarray(drawn / outcome.trials[:, None])
