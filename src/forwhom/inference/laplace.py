"""Conditional Laplace fits on a grid over the scales: the shape a proposal is made from.

Zoom: shrink a box in tau until it holds all the mass that matters, by Newton steps in xi from the
best mode so far. On the final grid keep each point's mode, the Cholesky factor of its curvature,
and its height.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import InferenceError

FloatArray = NDArray[np.float64]

Newton = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
LogDensity = Callable[[FloatArray, FloatArray], FloatArray]

DROP = 14.0  # the box ends this many nats below the top
FAR = 1e3  # a tau this large means that nothing holds it back
SLACK = 0.02  # a step may lose this much: the slopes are not quite those of the rule
COARSE, FINAL = {1: 9, 2: 6, 3: 5}, {1: 17, 2: 9, 3: 7}  # grid points per tau


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


def build_surface(
    newton: Newton, log_density: LogDensity, n_tau: int, start: FloatArray, names: tuple[str, ...]
) -> tuple[Surface, int]:
    """Find where the mass is and fit there.

    Args:
        newton, log_density, n_tau, start, names: as for ``surface.explore_surface``; heights of the
            final grid come from ``log_density``, everything else from ``newton``.

    Returns:
        the final grid's fits, and the number of density evaluations.

    Raises:
        InferenceError: the posterior of a tau does not fall off, or is nowhere finite.
    """
    lows, highs, unit = np.zeros(n_tau), np.full(n_tau, 8.0), np.full(n_tau, 0.3)
    spent = 0
    modes: FloatArray = start[None]
    for zoom in range(8):
        nodes = _nodes(lows, highs, unit, COARSE.get(n_tau, 1))
        surface, used = _laplace(newton, None, unit, nodes, modes, 6 if zoom else 30, 0.3)
        spent += used
        modes = surface.mode[int(np.argmax(surface.log_height))][None]
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


def grid_mesh(nodes: tuple[FloatArray, ...]) -> FloatArray:
    """Every point of the tensor grid, (P, R), the last coordinate fastest."""
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
    mesh = grid_mesh(nodes)
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
