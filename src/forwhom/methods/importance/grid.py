"""Independent draws from a smooth, low-dimensional density by a gridded proposal.

The coordinates are of two sorts. ``tau`` (a few sds that may pile up at zero or have long tails)
is laid on a grid. ``easy`` has, at every grid point, a shape known but for place and width: log
sigma is close to normal, and the logarithm of a Student-t prior's mixing weight is close to that of
an inverse gamma; they hardly depend on one another.

1. Zoom: shrink a box in tau until it holds all the mass that matters.
2. At each point of a final grid find the mode of the easy coordinates and the curvature there (a
   conditional Laplace fit), which gives the point's height.
3. The proposal is a mixture of (tent function in tau) x (Student-t in log sigma) x (inverse gammas
   in the mixing weights), one component per grid point. It follows the target closely and is easy
   to draw from and to evaluate.
4. Draw, weight by target / proposal, judge the weights (Pareto k-hat, effective sample size),
   and resample systematically from more proposals than draws, so that hardly any value is used
   twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import InferenceError, UnboundedError
from forwhom.methods.importance.exploration import Exploration
from forwhom.methods.importance.pareto import effective_share
from forwhom.methods.importance.resample import tent_volumes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LogDensity = Callable[[FloatArray, FloatArray], FloatArray]

T_DF = 7.0  # tails of the proposal in log sigma
WIDER = 1.05  # and its width, over the Laplace fit's
LIGHTER = 0.9  # shape of the inverse gammas, under the Laplace fit's, for heavier tails
DELTA = 2e-3  # step of the differences that give slopes and curvatures
NOWHERE = -1e100  # stands for a log density of minus infinity, so that differences stay defined
FAR = 1e4  # a tau this many outcome sds out means that nothing holds it back
ZOOMS = 40  # at most: each makes the box smaller by half an order or more, a few are the rule
DROP = 16.0  # grid edges lie this many nats below the top
POINTS = {0: 1, 1: 41, 2: 21, 3: 17}  # final grid points per tau coordinate


@dataclass(frozen=True, slots=True)
class _Axis:
    """A grid in c = asinh(tau / unit): linear near zero, logarithmic in the tail."""

    unit: float
    nodes: FloatArray

    def tau(self, c: FloatArray) -> FloatArray:
        return np.asarray(self.unit * np.sinh(c))

    def log_jacobian(self, c: FloatArray) -> FloatArray:
        return np.asarray(np.log(self.unit * np.cosh(c)))


@dataclass(frozen=True, slots=True)
class _Grid:
    """Conditional Laplace fits on a tensor grid; P points in all.

    Attributes:
        axes: one per tau coordinate.
        log_height: (P,) log of the density of c, easy integrated out.
        mode: (P, m) of the easy coordinates; sd: (P, m) from their curvature.
        mixing: how many of them, the last, are logarithms of mixing weights.
        evaluations: density evaluations spent.
    """

    axes: tuple[_Axis, ...]
    log_height: FloatArray
    mode: FloatArray
    sd: FloatArray
    mixing: int
    evaluations: int


def explore(
    log_density: LogDensity,
    n_tau: int,
    start: FloatArray,
    mixing: int,
    draws: int,
    rng: np.random.Generator,
    names: tuple[str, ...],
) -> Exploration:
    """Draw from ``exp(log_density(tau, easy))``; of the result, ``rest`` is easy.

    Args:
        log_density: (K, R), (K, m) -> (K,); a density in tau >= 0 and easy.
        n_tau: R, at most 3.
        start: (m,) where to look for the first mode of the easy coordinates.
        mixing: how many of the easy coordinates, the last, are logarithms of mixing weights.
        draws: how many independent draws.
        rng: random generator.
        names: of the tau coordinates, for messages.

    Raises:
        InferenceError: the posterior of a tau does not fall off, so that it is improper.
    """

    def bounded(tau: FloatArray, easy: FloatArray) -> FloatArray:
        return np.maximum(log_density(tau, easy), NOWHERE)

    grid = _build_grid(bounded, n_tau, start, mixing, names)
    evaluations = grid.evaluations
    tau, easy, log_weight = np.empty((0, n_tau)), np.empty((0, len(start))), np.empty(0)
    while True:
        batch = max(int(1.25 * draws), 1000) if not len(log_weight) else len(log_weight)
        c, new_easy = _propose(grid, batch, rng)
        new_tau = (
            np.stack([a.tau(c[:, r]) for r, a in enumerate(grid.axes)], axis=1) if n_tau else c
        )
        jacobian = sum((a.log_jacobian(c[:, r]) for r, a in enumerate(grid.axes)), np.zeros(batch))
        new_weight = bounded(new_tau, new_easy) + jacobian - _log_proposal(grid, c, new_easy)
        evaluations += batch
        tau, easy = np.concatenate([tau, new_tau]), np.concatenate([easy, new_easy])
        log_weight = np.concatenate([log_weight, new_weight])
        share = effective_share(log_weight)
        if share * len(log_weight) >= 1.1 * draws or len(log_weight) >= 10 * draws:
            break
    return Exploration.of(tau, easy, log_weight, draws, rng, evaluations)


def _build_grid(
    log_density: LogDensity, n_tau: int, start: FloatArray, mixing: int, names: tuple[str, ...]
) -> _Grid:
    if n_tau not in POINTS:
        raise InferenceError(f"a grid over {n_tau} spreads is too large.")
    axes = tuple(
        _Axis(0.05, np.linspace(0.0, float(np.arcsinh(FAR / 0.05)), 13)) for _ in range(n_tau)
    )
    spent = 0
    for zoom in range(ZOOMS):
        # the first look finds the easy coordinates' place; the next few need little more
        grid = _laplace(log_density, axes, start, mixing, rounds=4 if zoom else 40)
        spent += grid.evaluations
        best = int(np.argmax(grid.log_height))
        start = grid.mode[best]
        lows, highs = _support(grid, names)
        shrunk = all(
            high - low > 0.5 * (axis.tau(axis.nodes[-1]) - axis.tau(axis.nodes[0]))
            for low, high, axis in zip(lows, highs, axes, strict=True)
        )
        count = POINTS[n_tau] if shrunk else 11 if n_tau < 3 else 9
        axes = tuple(
            _make_axis(low, high, _typical(grid, r), count)
            for r, (low, high) in enumerate(zip(lows, highs, strict=True))
        )
        if shrunk:
            break
    final = _laplace(log_density, axes, start, mixing, rounds=40)
    return replace(final, evaluations=spent + final.evaluations)


def _support(grid: _Grid, names: tuple[str, ...]) -> tuple[list[float], list[float]]:
    """Per coordinate the smallest box around the nodes that matter, one node wider each side."""
    shape = tuple(len(axis.nodes) for axis in grid.axes)
    heights = grid.log_height.reshape(shape)
    top = heights.max(initial=-np.inf)
    if top <= NOWHERE / 2:
        raise InferenceError("the posterior density is nowhere finite; check priors and scaling.")
    lows, highs = [], []
    for r, axis in enumerate(grid.axes):
        others = tuple(k for k in range(len(shape)) if k != r)
        profile = heights.max(axis=others) if others else heights
        kept = np.flatnonzero(profile > top - DROP)
        if axis.tau(axis.nodes[-1]) > 0.9 * FAR and profile[-1] > top - DROP / 2:
            raise UnboundedError(names[r], "half_student_t(3, 2.5)")
        first, last = max(kept[0] - 1, 0), min(kept[-1] + 1, len(axis.nodes) - 1)
        lows.append(float(axis.tau(axis.nodes[first])))
        highs.append(float(axis.tau(axis.nodes[last])))
    return lows, highs


def _typical(grid: _Grid, r: int) -> float:
    """Posterior median of one tau on the grid."""
    shape = tuple(len(axis.nodes) for axis in grid.axes)
    mass = np.exp(grid.log_height - grid.log_height.max()).reshape(shape)
    profile = mass.sum(axis=tuple(k for k in range(len(shape)) if k != r))
    cumulated = np.cumsum(profile) / profile.sum()
    node = int(np.searchsorted(cumulated, 0.5))
    axis = grid.axes[r]
    return float(axis.tau(axis.nodes[max(node, 1)]))


def _make_axis(low: float, high: float, typical: float, count: int) -> _Axis:
    unit = max(min(typical, high) / 2, high * 1e-7)
    ends = np.arcsinh(np.array([low, high]) / unit)
    return _Axis(unit, np.linspace(ends[0], ends[1], count))


def _laplace(
    log_density: LogDensity, axes: tuple[_Axis, ...], start: FloatArray, mixing: int, rounds: int
) -> _Grid:
    """Mode and curvature of the easy coordinates at every grid point, by damped Newton steps.

    One coordinate at a time, as they hardly depend on one another; all points at once.
    """
    points = int(np.prod([len(axis.nodes) for axis in axes]))
    mesh = np.array(list(product(*(axis.nodes for axis in axes)))).reshape(points, len(axes))
    tau = np.stack([a.tau(mesh[:, r]) for r, a in enumerate(axes)], axis=1) if axes else mesh
    m = len(start)
    offsets = DELTA * np.vstack([np.eye(m), -np.eye(m)])
    mode, sd = np.tile(start, (points, 1)), np.ones((points, m))
    value = log_density(tau, mode)
    spent, active = points, np.arange(points)
    for _ in range(rounds):
        if not (len(active) and m):
            break
        at, now = mode[active], value[active]
        around = (at[:, None, :] + offsets).reshape(-1, m)
        beside = log_density(np.repeat(tau[active], 2 * m, axis=0), around).reshape(-1, 2, m)
        spent += len(around)
        gradient = (beside[:, 0] - beside[:, 1]) / (2 * DELTA)
        second = (beside[:, 0] - 2 * now[:, None] + beside[:, 1]) / DELTA**2
        variance = 1.0 / np.maximum(np.abs(second), 0.05)
        sd[active] = np.sqrt(variance)
        step = np.clip(variance * gradient, -1.5, 1.5)
        settled = (np.abs(step) < 0.1 * np.sqrt(variance)).all(axis=1)
        for _ in range(8):  # halve where the step goes downhill
            new = log_density(tau[active], at + step)
            spent += len(new)
            worse = new < now
            if not worse.any():
                break
            step[worse] *= 0.5
        better = new >= now
        mode[active[better]] = (at + step)[better]
        value[active[better]] = new[better]
        active = active[~settled]
    jacobian = sum((a.log_jacobian(mesh[:, r]) for r, a in enumerate(axes)), np.zeros(points))
    return _Grid(axes, value + np.log(sd).sum(axis=1) + jacobian, mode, sd, mixing, spent)


def _propose(grid: _Grid, count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw c (count, R) and easy (count, m) from the mixture."""
    mass = np.exp(grid.log_height - grid.log_height.max()) * tent_volumes(
        tuple(axis.nodes for axis in grid.axes)
    )
    # stratified choice of components: same law for each draw, less noise in the whole
    edges = np.cumsum(mass / mass.sum())
    strata = (np.arange(count) + rng.random(count)) / count
    component = np.searchsorted(edges, strata * edges[-1]).clip(0, len(mass) - 1)
    shape = tuple(len(axis.nodes) for axis in grid.axes)
    c = np.empty((count, len(shape)))
    index = np.unravel_index(component, shape) if shape else ()
    for r, axis in enumerate(grid.axes):
        width = axis.nodes[1] - axis.nodes[0]
        tent = 1 - np.sqrt(rng.random(count))
        sign = np.where(rng.random(count) < 0.5, -1.0, 1.0)
        sign = np.where(index[r] == 0, 1.0, np.where(index[r] == shape[r] - 1, -1.0, sign))
        c[:, r] = axis.nodes[index[r]] + sign * tent * width
    easy = grid.mode[component]
    scales = easy.shape[1] - grid.mixing
    sd = grid.sd[component]
    easy[:, :scales] += WIDER * sd[:, :scales] * rng.standard_t(T_DF, (count, scales))
    if grid.mixing:
        shape = LIGHTER / sd[:, scales:] ** 2
        easy[:, scales:] += np.log(shape) - np.log(rng.standard_gamma(shape))
    return c, easy


def _log_proposal(grid: _Grid, c: FloatArray, easy: FloatArray) -> FloatArray:
    """Log density of the mixture; only the 2^R surrounding components are not zero."""
    log_mass = grid.log_height - grid.log_height.max()
    normaliser = np.log(
        (np.exp(log_mass) * tent_volumes(tuple(axis.nodes for axis in grid.axes))).sum()
    )
    below, fraction = [], []
    for r, axis in enumerate(grid.axes):
        width = axis.nodes[1] - axis.nodes[0]
        position = (c[:, r] - axis.nodes[0]) / width
        low = np.clip(np.floor(position).astype(np.int64), 0, len(axis.nodes) - 2)
        below.append(low)
        fraction.append(position - low)
    terms = []
    for corner in product((0, 1), repeat=len(grid.axes)):
        component = np.zeros(len(c), dtype=np.int64)
        tent = np.ones(len(c))
        for r, (axis, up) in enumerate(zip(grid.axes, corner, strict=True)):
            component = component * len(axis.nodes) + below[r] + up
            tent = tent * (fraction[r] if up else 1 - fraction[r])
        with np.errstate(divide="ignore"):
            terms.append(
                log_mass[component] + np.log(tent) + _log_conditional(grid, component, easy)
            )
    stacked = np.stack(terms)
    top = stacked.max(axis=0)
    return np.asarray(top + np.log(np.exp(stacked - top).sum(axis=0)) - normaliser)


def _log_conditional(grid: _Grid, component: IntArray, easy: FloatArray) -> FloatArray:
    """Log density of the easy coordinates in one component for each point; (K,)."""
    scales = easy.shape[1] - grid.mixing
    off, sd = easy - grid.mode[component], grid.sd[component]
    z = off[:, :scales] / (WIDER * sd[:, :scales])
    constant = lgamma((T_DF + 1) / 2) - lgamma(T_DF / 2) - 0.5 * log(T_DF * pi) - log(WIDER)
    log_t = constant - np.log(sd[:, :scales]) - (T_DF + 1) / 2 * np.log1p(z**2 / T_DF)
    if not grid.mixing:
        return np.asarray(log_t.sum(axis=1))
    shapes = LIGHTER / grid.sd[:, scales:] ** 2
    normaliser = shapes * np.log(shapes) - np.vectorize(lgamma)(shapes)
    y, shape = off[:, scales:], shapes[component]
    log_inverse_gamma = normaliser[component] - shape * (y + np.exp(-y))
    return np.asarray(log_t.sum(axis=1) + log_inverse_gamma.sum(axis=1))
