"""A proposal built on a grid over the scales, with a conditional Laplace fit at each point.

The target is a density of ``tau`` (up to three sds, perhaps piled up at zero) and ``xi`` (a vector
that is nearly normal given tau).

1. Zoom: shrink a box in tau until it holds all the mass that matters, by Newton steps in xi from
   each grid point's nearest mode.
2. On the final grid keep each point's mode, the root of its inverse curvature, and its height.
3. The proposal draws tau from the heights, interpolated by a spline on a fine grid and linearly
   between its points, and xi from a multivariate t around the interpolated mode, with the
   interpolated root.
4. Weigh. Where the weights are uneven, learn from them: the mean and covariance of xi around its
   mode, in units of the root, and a quadratic correction of the heights; then propose again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.importance.exploration import Exploration
from forwhom.methods.importance.laplace import (
    Surface,
    Target,
    build_surface,
    grid_mesh,
    tensor_corners,
)
from forwhom.methods.importance.pareto import effective_share, pareto_k, truncated
from forwhom.methods.importance.resample import spline_matrix, tent_volumes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

T_DF = 30.0  # of the proposal in xi: light tails pay in many dimensions
WIDER = 1.03
GOOD_SHARE, GOOD_K = 0.65, 0.5  # what a first look must reach to be the last
FINE = {1: 400, 2: 80, 3: 30}  # points per tau of the interpolated heights


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to draw from.

    Attributes:
        surface: modes and roots.
        edges: per coordinate the fine grid in c; log_mass: over it, a piecewise linear density.
        shift: (n,) and stretch: (n, n) lower triangular, of xi in units of the root.
    """

    surface: Surface
    edges: tuple[FloatArray, ...]
    log_mass: FloatArray
    shift: FloatArray
    stretch: FloatArray


def explore_surface(target: Target, draws: int, rng: np.random.Generator) -> Exploration:
    """Draw from ``exp(log_density(tau, xi))``; of the result, ``rest`` is xi.

    Args:
        target: the density.
        draws: how many.
        rng: random generator.

    Raises:
        InferenceError: the posterior of a tau does not fall off.
    """
    surface, spent = build_surface(target)
    proposal = _first_proposal(surface)
    count = max(int(1.3 * draws), 1000)
    best: tuple[tuple[bool, float], FloatArray, FloatArray, FloatArray] | None = None
    for attempt in range(4):
        c, xi, e = _propose(proposal, count, rng)
        tau = surface.tau(c)
        log_q = _log_proposal(proposal, c, e)
        log_weight = target.log_density(tau, xi) + surface.log_jacobian(c) - log_q
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
    return Exploration.of(tau, xi, log_weight, draws, rng, spent)


def _first_proposal(surface: Surface) -> Proposal:
    n = surface.mode.shape[1]
    if not surface.nodes:
        return Proposal(surface, (), np.zeros(1), np.zeros(n), np.eye(n))
    shape = tuple(len(nodes) for nodes in surface.nodes)
    fine = FINE[len(shape)]
    edges = tuple(np.linspace(nodes[0], nodes[-1], fine) for nodes in surface.nodes)
    # far below the top the shape does not matter, and a spline would ring
    heights = np.maximum(surface.log_height - surface.log_height.max(), -25.0).reshape(shape)
    for r, (nodes, fine_nodes) in enumerate(zip(surface.nodes, edges, strict=True)):
        along = np.tensordot(spline_matrix(nodes, fine_nodes), heights, (1, r))
        heights = np.moveaxis(along, 0, r)
    return Proposal(surface, edges, heights.ravel(), np.zeros(n), np.eye(n))


def _propose(
    proposal: Proposal, count: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """c (count, R), xi (count, n), and xi in units of the root, e (count, n)."""
    edges, n = proposal.edges, len(proposal.shift)
    c = np.zeros((count, len(edges)))
    if edges:
        mass = np.exp(proposal.log_mass - proposal.log_mass.max()) * tent_volumes(edges)
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
    return c, _placed(proposal.surface, c, e), e


def _placed(surface: Surface, c: FloatArray, e: FloatArray) -> FloatArray:
    """Mode plus root times e, both linear between grid points; (K, n)."""
    k = len(c)
    parts = list(surface.corners(c))
    at = np.concatenate([one for one, _ in parts])
    share = np.concatenate([one for _, one in parts])
    order = np.argsort(at, kind="stable")
    owner = order % k
    ends = np.searchsorted(at[order], np.arange(len(surface.mode) + 1))
    moved = np.empty((len(at), e.shape[1]))
    for point in np.unique(at).tolist():  # a product for each grid point
        rows = slice(ends[point], ends[point + 1])
        moved[order[rows]] = e[owner[rows]] @ surface.root[point].T + surface.mode[point]
    moved *= share[:, None]
    return np.asarray(moved.reshape(len(parts), k, -1).sum(axis=0))


def _log_proposal(proposal: Proposal, c: FloatArray, e: FloatArray) -> FloatArray:
    """Log density of (c, xi), (K,)."""
    n = e.shape[1]
    z = np.linalg.solve(proposal.stretch, (e - proposal.shift).T).T / WIDER
    square = (z**2).sum(axis=1)
    value = -(T_DF + n) / 2 * np.log1p(square / T_DF)
    value += lgamma((T_DF + n) / 2) - lgamma(T_DF / 2) - n / 2 * log(T_DF * pi) - n * log(WIDER)
    value -= np.log(np.abs(np.diag(proposal.stretch))).sum()
    diagonal = np.einsum("kii->ki", proposal.surface.root)
    around = proposal.surface.corners(c)
    value -= np.log(sum(share[:, None] * diagonal[at] for at, share in around)).sum(axis=1)
    edges = proposal.edges
    if not edges:
        return np.asarray(value)
    mass = np.exp(proposal.log_mass - proposal.log_mass.max())
    normaliser = float((mass * tent_volumes(edges)).sum())
    density = sum(share * mass[at] for at, share in tensor_corners(edges, c))
    return np.asarray(value + np.log(np.maximum(density, 1e-300) / normaliser))


def _learn(proposal: Proposal, c: FloatArray, e: FloatArray, log_weight: FloatArray) -> Proposal:
    """Move, stretch and reweigh by what the weights say."""
    weight = truncated(log_weight)
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
        log_mass = log_mass + np.clip(_quadratic(grid_mesh(proposal.edges)) @ found, -3, 3)
    return replace(proposal, shift=shift, stretch=np.linalg.cholesky(covariance), log_mass=log_mass)


def _quadratic(c: FloatArray) -> FloatArray:
    r = c.shape[1]
    pairs = [c[:, i] * c[:, j] for i in range(r) for j in range(i + 1)]
    return np.asarray(np.column_stack([np.ones(len(c)), c, *pairs]))
