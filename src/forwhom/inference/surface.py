"""A proposal built on a grid over the scales, with a conditional Laplace fit at each point.

The target is a density of ``tau`` (up to three sds, perhaps piled up at zero) and ``xi`` (a vector
that is nearly normal given tau).

1. Zoom: shrink a box in tau until it holds all the mass that matters, by Newton steps in xi from
   each grid point's nearest mode.
2. On the final grid keep each point's mode, the Cholesky factor of its curvature, and its height.
3. The proposal draws tau from the heights, interpolated by a spline on a fine grid and linearly
   between its points, and xi from a multivariate t around the interpolated mode, with the
   interpolated factor.
4. Weigh. Where the weights are uneven, learn from them: the mean and covariance of xi around its
   mode, in units of the factor, and a quadratic correction of the heights; then propose again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import InferenceError
from forwhom.inference.pareto import effective_share, pareto_k

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

COARSE, FINAL, FINE = {1: 9, 2: 6, 3: 5}, {1: 17, 2: 9, 3: 7}, {1: 400, 2: 80, 3: 30}
DROP = 14.0  # the box ends this many nats below the top
FAR = 1e3  # a tau this large means that nothing holds it back
T_DF = 30.0  # of the proposal in xi: light tails pay in many dimensions
WIDER = 1.03
SLACK = 0.02  # a step may lose this much: the slopes are not quite those of the rule
GOOD_SHARE, GOOD_K = 0.65, 0.5  # what a first look must reach to be the last


@dataclass(frozen=True, slots=True)
class Surface:
    """Conditional Laplace fits on a tensor grid in c = asinh(tau / unit); P points.

    Attributes:
        units: (R,); nodes: per coordinate, its grid in c.
        log_height: (P,) log density of c with xi integrated out.
        mode: (P, n); factor: (P, n, n) lower Cholesky factors of the curvature.
    """

    units: FloatArray
    nodes: tuple[FloatArray, ...]
    log_height: FloatArray
    mode: FloatArray
    factor: FloatArray

    def tau(self, c: FloatArray) -> FloatArray:
        """(K, R) from c."""
        return np.asarray(self.units * np.sinh(c))

    def log_jacobian(self, c: FloatArray) -> FloatArray:
        """log |d tau / d c|, (K,)."""
        return np.asarray(np.log(self.units * np.cosh(c)).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to draw from.

    Attributes:
        surface: modes and factors.
        edges: per coordinate the fine grid in c; log_mass: over it, a piecewise linear density.
        shift: (n,) and stretch: (n, n) lower triangular, of xi in units of the factor.
    """

    surface: Surface
    edges: tuple[FloatArray, ...]
    log_mass: FloatArray
    shift: FloatArray
    stretch: FloatArray


@dataclass(frozen=True, slots=True)
class Found:
    """Resampled draws and how good the proposal was.

    Attributes:
        tau: (D, R); xi: (D, n).
        k_hat, effective_share, proposals, distinct, evaluations: as in ``grid.Exploration``.
    """

    tau: FloatArray
    xi: FloatArray
    k_hat: float
    effective_share: float
    proposals: int
    distinct: int
    evaluations: int


Newton = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
LogDensity = Callable[[FloatArray, FloatArray], FloatArray]


def explore_surface(
    newton: Newton,
    log_density: LogDensity,
    n_tau: int,
    start: FloatArray,
    draws: int,
    rng: np.random.Generator,
    names: tuple[str, ...],
) -> Found:
    """Draw from ``exp(log_density(tau, xi))``.

    Args:
        newton: (K, R), (K, n) -> value (K,), gradient (K, n), curvature (K, n, n) in xi; may be
            a cheaper version of the density.
        log_density: (K, R), (K, n) -> (K,).
        n_tau: R, at most 3.
        start: (n,).
        draws: how many.
        rng: random generator.
        names: of the tau coordinates, for messages.

    Raises:
        InferenceError: the posterior of a tau does not fall off.
    """
    surface, spent = _build(newton, log_density, n_tau, start, names)
    proposal = _first_proposal(surface)
    count = max(int(1.3 * draws), 1000)
    best: tuple[tuple[bool, float], FloatArray, FloatArray, FloatArray] | None = None
    for attempt in range(4):
        c, xi, e = _propose(proposal, count, rng)
        tau = surface.tau(c)
        log_q = _log_proposal(proposal, c, e)
        log_weight = log_density(tau, xi) + surface.log_jacobian(c) - log_q
        spent += count
        share, k_hat = effective_share(log_weight), pareto_k(log_weight)
        worth = (k_hat < GOOD_K, share)
        if best is None or worth > best[0]:
            best = (worth, log_weight, tau, xi)
        if (share > GOOD_SHARE and k_hat < GOOD_K) or attempt == 3:
            break
        proposal = _learn(proposal, c, e, log_weight)
    assert best is not None
    _, log_weight, tau, xi = best
    picked = _systematic(log_weight, draws, rng)
    return Found(
        tau[picked],
        xi[picked],
        pareto_k(log_weight),
        effective_share(log_weight),
        len(log_weight),
        len(np.unique(picked)),
        spent,
    )


def _build(
    newton: Newton, log_density: LogDensity, n_tau: int, start: FloatArray, names: tuple[str, ...]
) -> tuple[Surface, int]:
    lows, highs, unit = np.zeros(n_tau), np.full(n_tau, 8.0), np.full(n_tau, 0.3)
    spent = 0
    middle = start
    modes: FloatArray = start[None]
    for zoom in range(8):
        nodes = _nodes(lows, highs, unit, COARSE.get(n_tau, 1))
        surface, used = _laplace(newton, None, unit, nodes, modes, 6 if zoom else 30, 0.3)
        spent += used
        middle = surface.mode[int(np.argmax(surface.log_height))]
        modes = middle[None]
        if not n_tau:
            break
        new_lows, new_highs, grown = _box(surface, names)
        unit = _units(surface, new_highs)
        settled = not grown and bool((new_highs - new_lows > 0.6 * (highs - lows)).all())
        lows, highs = new_lows, new_highs
        if settled:
            break
    nodes = _nodes(lows, highs, unit, FINAL.get(n_tau, 1))
    surface, used = _laplace(newton, log_density, unit, nodes, modes, 12, 0.05)
    return surface, spent + used


def _nodes(
    lows: FloatArray, highs: FloatArray, unit: FloatArray, count: int
) -> tuple[FloatArray, ...]:
    return tuple(
        np.linspace(np.arcsinh(low / u), np.arcsinh(high / u), count)
        for low, high, u in zip(lows, highs, unit, strict=True)
    )


def _mesh(nodes: tuple[FloatArray, ...]) -> FloatArray:
    points = int(np.prod([len(n) for n in nodes]))
    return np.array(list(product(*nodes))).reshape(points, len(nodes))


def _box(surface: Surface, names: tuple[str, ...]) -> tuple[FloatArray, FloatArray, bool]:
    """The nodes that matter and one more each side; whether the box must grow."""
    shape = tuple(len(n) for n in surface.nodes)
    heights = surface.log_height.reshape(shape)
    top = heights.max()
    lows, highs, grown = [], [], False
    for r, nodes in enumerate(surface.nodes):
        others = tuple(k for k in range(len(shape)) if k != r)
        profile = heights.max(axis=others) if others else heights
        kept = np.flatnonzero(profile > top - DROP)
        taus = surface.units[r] * np.sinh(nodes)
        low, high = float(taus[max(kept[0] - 1, 0)]), float(taus[min(kept[-1] + 1, len(taus) - 1)])
        if kept[-1] == len(taus) - 1 and profile[-1] > top - DROP + 2:
            grown = True
            high *= 4
            if high > FAR:
                raise InferenceError(
                    f"the data do not bound {names[r]}: its posterior does not fall off. Give it "
                    f"a proper prior, for instance priors={{'{names[r]}': 'half_normal(1)'}}."
                )
        lows.append(low)
        highs.append(high)
    return np.array(lows), np.array(highs), grown


def _units(surface: Surface, highs: FloatArray) -> FloatArray:
    """Half of each tau's posterior median: the grid is linear below it, logarithmic above."""
    shape = tuple(len(n) for n in surface.nodes)
    mass = np.exp(surface.log_height - surface.log_height.max()).reshape(shape)
    out = []
    for r, nodes in enumerate(surface.nodes):
        profile = mass.sum(axis=tuple(k for k in range(len(shape)) if k != r))
        node = int(np.searchsorted(np.cumsum(profile) / profile.sum(), 0.5))
        typical = float(surface.units[r] * np.sinh(nodes[max(node, 1)]))
        out.append(max(min(typical, highs[r]) / 2, highs[r] * 1e-4))
    return np.array(out)


def _laplace(
    newton: Newton,
    log_density: LogDensity | None,
    unit: FloatArray,
    nodes: tuple[FloatArray, ...],
    start: FloatArray,
    rounds: int,
    close: float,
) -> tuple[Surface, int]:
    """Modes and curvatures in xi at every grid point, by damped Newton steps, all at once.

    A point is done when its step is shorter than ``close`` posterior sds.
    """
    mesh = _mesh(nodes)
    points, n = len(mesh), start.shape[1]
    surface = Surface(unit, nodes, np.zeros(points), np.empty((points, n)), np.empty((0, 0, 0)))
    tau = surface.tau(mesh) if len(nodes) else mesh
    mode = np.broadcast_to(start, (points, n)).copy()
    value, gradient, curvature = newton(tau, mode)
    spent, active = points, np.arange(points)
    for _ in range(rounds):
        factor = _factor(curvature[active])
        inner = np.linalg.solve(factor, gradient[active][:, :, None])
        step = np.linalg.solve(factor.transpose(0, 2, 1), inner)[:, :, 0]
        length = np.sqrt((inner[:, :, 0] ** 2).sum(axis=1))
        going = length > close
        active, step, length = active[going], step[going], length[going]
        if not len(active):
            break
        step *= np.minimum(1.0, (3.0 * np.sqrt(n)) / length)[:, None]
        left = np.arange(len(active))
        for _ in range(10):  # halve where the step goes downhill
            at = active[left]
            new = newton(tau[at], mode[at] + step[left])
            spent += len(at)
            better = new[0] >= value[at] - SLACK
            done = at[better]
            mode[done] += step[left[better]]
            value[done] = new[0][better]
            gradient[done], curvature[done] = new[1][better], new[2][better]
            left = left[~better]
            if not len(left):
                break
            step[left] *= 0.5
    factor = _factor(curvature)
    height = value if log_density is None else log_density(tau, mode)
    spent += points
    half_log_det = np.log(np.einsum("kii->ki", factor)).sum(axis=1)
    height = height - half_log_det
    if len(nodes):
        height = height + surface.log_jacobian(mesh)
    if not np.isfinite(height).any():
        raise InferenceError("the posterior density is nowhere finite; check priors and scaling.")
    height = np.where(np.isfinite(height), height, -1e6)
    return replace(surface, log_height=height, mode=mode, factor=factor), spent


def _factor(curvature: FloatArray) -> FloatArray:
    """Lower Cholesky factors; a curvature that is not positive definite is made so."""
    try:
        return np.linalg.cholesky(curvature)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(curvature)
        floor = 1e-6 * np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12)
        values = np.maximum(np.abs(values), floor)
        return np.linalg.cholesky(np.einsum("kij,kj,klj->kil", vectors, values, vectors))


def _first_proposal(surface: Surface) -> Proposal:
    n = surface.mode.shape[1]
    if not surface.nodes:
        return Proposal(surface, (), np.zeros(1), np.zeros(n), np.eye(n))
    from scipy.interpolate import RegularGridInterpolator

    shape = tuple(len(nodes) for nodes in surface.nodes)
    fine = FINE[len(shape)]
    edges = tuple(np.linspace(nodes[0], nodes[-1], fine) for nodes in surface.nodes)
    # far below the top the shape does not matter, and a spline would ring
    heights = np.maximum(surface.log_height - surface.log_height.max(), -25.0).reshape(shape)
    spline = RegularGridInterpolator(surface.nodes, heights, method="cubic")
    log_mass = spline(_mesh(edges))
    return Proposal(surface, edges, log_mass, np.zeros(n), np.eye(n))


def _widths(edges: tuple[FloatArray, ...]) -> FloatArray:
    """log integral of each fine node's tent function."""
    total = np.ones(1)
    for nodes in edges:
        width = np.full(len(nodes), nodes[1] - nodes[0])
        width[[0, -1]] *= 0.5
        total = np.multiply.outer(total, width).ravel()
    return total


def _propose(
    proposal: Proposal, count: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """c (count, R), xi (count, n), and xi in units of the factor, e (count, n)."""
    edges, n = proposal.edges, len(proposal.shift)
    c = np.zeros((count, len(edges)))
    if edges:
        mass = np.exp(proposal.log_mass - proposal.log_mass.max()) * _widths(edges)
        total = np.cumsum(mass)
        strata = (np.arange(count) + rng.random(count)) / count
        component = np.searchsorted(total, strata * total[-1]).clip(0, len(mass) - 1)
        shape = tuple(len(nodes) for nodes in edges)
        index = np.unravel_index(component, shape)
        for r, nodes in enumerate(edges):
            width = nodes[1] - nodes[0]
            tent = 1 - np.sqrt(rng.random(count))
            sign = np.where(rng.random(count) < 0.5, -1.0, 1.0)
            sign = np.where(index[r] == 0, 1.0, np.where(index[r] == shape[r] - 1, -1.0, sign))
            c[:, r] = nodes[index[r]] + sign * tent * width
    noise = rng.standard_normal((count, n))
    noise *= WIDER / np.sqrt(rng.chisquare(T_DF, count) / T_DF)[:, None]
    e = proposal.shift + noise @ proposal.stretch.T
    mode, factor = _interpolate(proposal.surface, c)
    xi = mode + np.linalg.solve(factor.transpose(0, 2, 1), e[:, :, None])[:, :, 0]
    return c, xi, e


def _interpolate(surface: Surface, c: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mode (K, n) and factor (K, n, n) between grid points, linearly in each coordinate."""
    k, n = len(c), surface.mode.shape[1]
    mode, factor = np.zeros((k, n)), np.zeros((k, n, n))
    below, part = [], []
    for r, nodes in enumerate(surface.nodes):
        position = (c[:, r] - nodes[0]) / (nodes[1] - nodes[0])
        low = np.clip(np.floor(position).astype(np.int64), 0, len(nodes) - 2)
        below.append(low)
        part.append(position - low)
    for corner in product((0, 1), repeat=len(surface.nodes)):
        at, share = np.zeros(k, dtype=np.int64), np.ones(k)
        for r, (nodes, up) in enumerate(zip(surface.nodes, corner, strict=True)):
            at = at * len(nodes) + below[r] + up
            share = share * (part[r] if up else 1 - part[r])
        mode += share[:, None] * surface.mode[at]
        factor += share[:, None, None] * surface.factor[at]
    return mode, factor


def _log_proposal(proposal: Proposal, c: FloatArray, e: FloatArray) -> FloatArray:
    """Log density of (c, xi), (K,)."""
    n = e.shape[1]
    z = np.linalg.solve(proposal.stretch, (e - proposal.shift).T).T / WIDER
    square = (z**2).sum(axis=1)
    value = -(T_DF + n) / 2 * np.log1p(square / T_DF)
    value += lgamma((T_DF + n) / 2) - lgamma(T_DF / 2) - n / 2 * log(T_DF * pi) - n * log(WIDER)
    value -= np.log(np.abs(np.diag(proposal.stretch))).sum()
    _, factor = _interpolate(proposal.surface, c)
    value += np.log(np.einsum("kii->ki", factor)).sum(axis=1)
    edges = proposal.edges
    if not edges:
        return np.asarray(value)
    mass = np.exp(proposal.log_mass - proposal.log_mass.max())
    normaliser = float((mass * _widths(edges)).sum())
    density = np.zeros(len(c))
    positions = [(c[:, r] - nodes[0]) / (nodes[1] - nodes[0]) for r, nodes in enumerate(edges)]
    lows = [
        np.clip(np.floor(x).astype(np.int64), 0, len(nodes) - 2)
        for x, nodes in zip(positions, edges, strict=True)
    ]
    for corner in product((0, 1), repeat=len(edges)):
        at, share = np.zeros(len(c), dtype=np.int64), np.ones(len(c))
        for nodes, x, low, up in zip(edges, positions, lows, corner, strict=True):
            at = at * len(nodes) + low + up
            share = share * (x - low if up else 1 - (x - low))
        density += share * mass[at]
    return np.asarray(value + np.log(np.maximum(density, 1e-300) / normaliser))


def _learn(proposal: Proposal, c: FloatArray, e: FloatArray, log_weight: FloatArray) -> Proposal:
    """Move, stretch and reweigh by what the weights say."""
    # truncated weights (Ionides 2008, JCGS 17(2)): steadier where a few would dominate
    top = log_weight.max()
    weight = np.exp(log_weight - top)
    weight = np.minimum(weight, weight.mean() * np.sqrt(len(weight)))
    weight /= weight.sum()
    shift = weight @ e
    off = e - shift
    covariance = (off * weight[:, None]).T @ off
    n = len(shift)
    known = 1 / (weight**2).sum()
    trust = known / (known + 4 * n)  # towards no change of shape where draws are few
    covariance = trust * covariance + (1 - trust) * proposal.stretch @ proposal.stretch.T
    log_mass = proposal.log_mass
    if c.shape[1]:
        # smooth log weight as a function of c, by a weighted quadratic
        features = _quadratic(c)
        finite = np.isfinite(log_weight)
        centred = np.clip(log_weight[finite] - np.median(log_weight[finite]), -5, 5)
        found = np.linalg.lstsq(features[finite], centred, rcond=None)[0]
        log_mass = log_mass + np.clip(_quadratic(_mesh(proposal.edges)) @ found, -3, 3)
    return replace(proposal, shift=shift, stretch=np.linalg.cholesky(covariance), log_mass=log_mass)


def _quadratic(c: FloatArray) -> FloatArray:
    r = c.shape[1]
    pairs = [c[:, i] * c[:, j] for i in range(r) for j in range(i + 1)]
    return np.asarray(np.column_stack([np.ones(len(c)), c, *pairs]))


def _systematic(log_weight: FloatArray, draws: int, rng: np.random.Generator) -> IntArray:
    """Indices of a systematic resample, in random order (Kitagawa 1996, JCGS 5(1))."""
    order = rng.permutation(len(log_weight))
    weights = np.exp(log_weight[order] - log_weight.max())
    edges = np.cumsum(weights)
    at = (np.arange(draws) + rng.random()) / draws * edges[-1]
    picked = order[np.searchsorted(edges, at).clip(0, len(order) - 1)]
    return np.asarray(rng.permutation(picked))
