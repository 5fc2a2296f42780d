"""Conditional Laplace fits on a grid over the scales: the shape a proposal is made from.

Zoom: shrink a box in tau until it holds all the mass that matters, by Newton steps in xi from the
best mode so far. On the final grid keep each point's mode, the Cholesky factor of its curvature,
and its height.

Tests: tests/methods/importance/test_proposal.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import InferenceError, UnboundedError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Newton = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
LogDensity = Callable[[FloatArray, FloatArray], FloatArray]

NOWHERE = (
    "the posterior density is nowhere finite; check the priors' scales against the outcome's, or "
    "leave priors= out."
)
ZOOMS = 40  # at most; a few are the rule, more where a prior holds a tau near zero
DROP = 14.0  # the box ends this many nats below the top
FAR = 1e3  # a tau this large means that nothing holds it back
SLACK = 0.02  # a step may lose this much: the slopes are not quite those of the rule
LONG = 1e100  # a step as long as that is as long as any
HOPELESS, PATIENCE = 50.0, 3  # nats below the top at which a point's search ends, after rounds
HALVINGS = 4  # of a step that goes downhill, then the point stays where it is
COARSE, FINAL = {1: 9, 2: 6, 3: 5}, {1: 17, 2: 9, 3: 7}  # grid points per tau


@dataclass(frozen=True, slots=True)
class Search:
    """How long and how closely modes are looked for.

    Attributes:
        rounds: Newton steps at most.
        close: posterior sds; a step shorter than that is a point's last: what it gains is
            computed, not evaluated.
    """

    rounds: int
    close: float


FIRST, LATER, LAST = Search(30, 1.0), Search(6, 1.0), Search(12, 0.4)  # the last is kept


@dataclass(frozen=True, slots=True)
class Target:
    """A density of tau (K, R), R at most 3, and xi (K, n), to be drawn from.

    Attributes:
        newton: value (K,), gradient (K, n), curvature (K, n, n) in xi; may be of a cheaper version.
        log_density: (K,).
        start: (n,) where to begin.
        names: (R) of the tau coordinates, for messages.
        heights: of the final grid, may be cheaper than ``log_density``, its default.
    """

    newton: Newton
    log_density: LogDensity
    start: FloatArray
    names: tuple[str, ...]
    heights: LogDensity | None = None


@dataclass(frozen=True, slots=True)
class Surface:
    """Conditional Laplace fits on a tensor grid in c = asinh(tau / unit); P points.

    Attributes:
        units: (R,); nodes: per coordinate, its grid in c.
        log_height: (P,) log density of c with xi integrated out.
        mode: (P, n); root: (P, n, n) upper triangular, root root' the inverse of the curvature.
    """

    units: FloatArray
    nodes: tuple[FloatArray, ...]
    log_height: FloatArray
    mode: FloatArray
    root: FloatArray

    def tau(self, c: FloatArray) -> FloatArray:
        """(K, R) from c."""
        return np.asarray(self.units * np.sinh(c))

    def log_jacobian(self, c: FloatArray) -> FloatArray:
        """log |d tau / d c|, (K,)."""
        return np.asarray(np.log(self.units * np.cosh(c)).sum(axis=1))

    def corners(self, c: FloatArray) -> Iterator[tuple[IntArray, FloatArray]]:
        """Grid points around each of K points and their shares, (K,) each, linear in each c."""
        return tensor_corners(self.nodes, c)

    def mode_at(self, c: FloatArray) -> FloatArray:
        """Mode between grid points, (K, n); outside the grid that of its edge."""
        ends = [(nodes[0], nodes[-1]) for nodes in self.nodes]
        inside = np.clip(c, [low for low, _ in ends], [high for _, high in ends]) if ends else c
        return np.asarray(sum(share[:, None] * self.mode[at] for at, share in self.corners(inside)))


def tensor_corners(
    nodes: tuple[FloatArray, ...], c: FloatArray
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Numbers of the tensor grid's points around each c (K, R), and their shares, (K,) each."""
    below, part = [], []
    for r, axis in enumerate(nodes):
        position = (c[:, r] - axis[0]) / (axis[1] - axis[0])
        low = np.clip(np.floor(position).astype(np.int64), 0, len(axis) - 2)
        below.append(low)
        part.append(position - low)
    for corner in product((0, 1), repeat=len(nodes)):
        at, share = np.zeros(len(c), dtype=np.int64), np.ones(len(c))
        for axis, low, above, up in zip(nodes, below, part, corner, strict=True):
            at = at * len(axis) + low + up
            share = share * (above if up else 1 - above)
        yield at, share


def build_surface(target: Target) -> tuple[Surface, int]:
    """Find where the mass is and fit there.

    Returns:
        the final grid's fits, and the number of density evaluations.

    Raises:
        InferenceError: the posterior of a tau does not fall off, or is nowhere finite.
    """
    newton, start, n_tau = target.newton, target.start, len(target.names)
    lows, highs, unit = np.zeros(n_tau), np.full(n_tau, 8.0), np.full(n_tau, 0.3)
    spent = 0
    last: Surface | None = None
    for zoom in range(ZOOMS):
        nodes = _nodes(lows, highs, unit, COARSE.get(n_tau, 1))
        begin = _begin(last, unit, nodes, start)
        surface, used = _laplace(newton, None, unit, nodes, begin, LATER if zoom else FIRST)
        spent += used
        last = surface
        if not n_tau:
            break
        new_lows, new_highs, grown = _box(surface, target.names)
        unit = _units(surface, new_highs)
        settled = not grown and bool((new_highs - new_lows > 0.6 * (highs - lows)).all())
        lows, highs = new_lows, new_highs
        if settled:
            break
    nodes = _nodes(lows, highs, unit, FINAL.get(n_tau, 1))
    begin = _begin(last, unit, nodes, start)
    heights = target.heights or target.log_density
    surface, used = _laplace(newton, heights, unit, nodes, begin, LAST)
    return surface, spent + used


def _length(steps: FloatArray) -> FloatArray:
    """Euclidean length of each row, (k,), also where its square is beyond numbers."""
    with np.errstate(over="ignore"):
        square = (steps**2).sum(axis=1)
    if np.isfinite(square).all():
        return np.asarray(np.sqrt(square))
    top = np.maximum(np.abs(steps).max(axis=1, initial=0.0), np.finfo(float).tiny)
    far = top * np.sqrt(((steps / top[:, None]) ** 2).sum(axis=1))
    return np.where(np.isfinite(square), np.sqrt(square), far)


def _begin(
    last: Surface | None, unit: FloatArray, nodes: tuple[FloatArray, ...], start: FloatArray
) -> FloatArray:
    """Where to look for the modes of a new grid, (P, n): at those of the last one."""
    mesh = grid_mesh(nodes)
    if last is None:
        return np.tile(start, (len(mesh), 1))
    far = last.log_height < last.log_height.max() - HOPELESS
    best = last.mode[int(np.argmax(last.log_height))]
    tidy = replace(last, mode=np.where(far[:, None], best, last.mode))
    return tidy.mode_at(np.arcsinh(unit * np.sinh(mesh) / last.units))


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
    if not nodes:
        return np.zeros((1, 0))
    return np.stack(np.meshgrid(*nodes, indexing="ij"), axis=-1).reshape(points, len(nodes))


def _box(surface: Surface, names: tuple[str, ...]) -> tuple[FloatArray, FloatArray, bool]:
    """The nodes that matter and one more each side; whether the box must grow."""
    shape = tuple(len(n) for n in surface.nodes)
    heights = surface.log_height.reshape(shape)
    top = heights.max()
    lows, highs, grown = [], [], False
    for r, nodes in enumerate(surface.nodes):
        others = tuple(k for k in range(len(shape)) if k != r)
        profile = heights.max(axis=others) if others else heights
        kept = np.flatnonzero(profile >= top - DROP)
        taus = surface.units[r] * np.sinh(nodes)
        if not len(kept):
            raise InferenceError(NOWHERE)
        low, high = float(taus[max(kept[0] - 1, 0)]), float(taus[min(kept[-1] + 1, len(taus) - 1)])
        if low > 0 and profile[0] > top - DROP + 2:  # the last look cut off what matters
            grown = True
            low /= 4
        if kept[-1] == len(taus) - 1 and profile[-1] > top - DROP + 2:
            grown = True
            high *= 4
            if high > FAR:
                raise UnboundedError(names[r], "half_normal(1)")
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


@dataclass(frozen=True, slots=True)
class Modes:
    """Of P points, each changed in place by a search.

    Attributes:
        tau: (P, R); mode: (P, n).
        value, gradient, curvature: of the density there, as ``Newton`` gives them.
    """

    tau: FloatArray
    mode: FloatArray
    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray


def _laplace(
    newton: Newton,
    log_density: LogDensity | None,
    unit: FloatArray,
    nodes: tuple[FloatArray, ...],
    begin: FloatArray,
    search: Search,
) -> tuple[Surface, int]:
    """Modes and curvatures in xi at every grid point, and the number of evaluations.

    Heights come from ``log_density``, or where there is none from ``newton``.
    """
    mesh = grid_mesh(nodes)
    points, n = begin.shape
    surface = Surface(unit, nodes, np.zeros(points), np.empty((points, n)), np.empty((0, 0, 0)))
    tau, mode = surface.tau(mesh) if len(nodes) else mesh, begin.copy()
    at = Modes(tau, mode, *newton(tau, mode))
    spent = points + find_modes(newton, at, search)
    factor = factor_of(at.curvature)
    height = at.value if log_density is None else log_density(tau, mode)
    spent += points
    half_log_det = np.log(np.einsum("kii->ki", factor)).sum(axis=1)
    height = height - half_log_det
    if len(nodes):
        height = height + surface.log_jacobian(mesh)
    if not np.isfinite(height).any():
        raise InferenceError(NOWHERE)
    height = np.where(np.isfinite(height), height, -1e6)
    root = np.linalg.inv(factor).transpose(0, 2, 1)
    return replace(surface, log_height=height, mode=mode, root=root), spent


def find_modes(newton: Newton, at: Modes, search: Search) -> int:
    """Damped Newton steps from where the points are, all at once; the number of evaluations."""
    n = at.mode.shape[1]
    spent, active = 0, np.arange(len(at.mode))
    for number in range(search.rounds + 1):
        factor = factor_of(at.curvature[active])
        inner = np.linalg.solve(factor, at.gradient[active][:, :, None])
        step = np.linalg.solve(factor.transpose(0, 2, 1), inner)[:, :, 0]
        length = _length(inner[:, :, 0])
        last = (length < search.close) | (number == search.rounds)
        near = length < 2 * search.close  # one that is out of rounds may still be far off
        done = active[last & near]
        at.mode[done] += step[last & near]
        at.value[done] += 0.5 * length[last & near] ** 2
        going = ~last
        if number >= PATIENCE:
            hoped = at.value[active] + 0.5 * np.minimum(length, LONG) ** 2
            going &= hoped > np.nanmax(at.value) - HOPELESS
        active, step, length = active[going], step[going], length[going]
        if not len(active):
            break
        step *= np.minimum(1.0, (3.0 * np.sqrt(n)) / length)[:, None]
        stuck, used = _go(newton, at, active, step)
        spent += used
        active = active[~stuck]
        if not len(active):
            break
    return spent


def _go(
    newton: Newton, at: Modes, active: IntArray, step: FloatArray
) -> tuple[NDArray[np.bool_], int]:
    """Take the active points' steps, halved where they go downhill.

    Returns:
        which of them no halving helps, and the number of evaluations.
    """
    spent, left, stuck = 0, np.arange(len(active)), np.zeros(len(active), dtype=bool)
    for halving in range(HALVINGS + 1):
        mine = active[left]
        new = newton(at.tau[mine], at.mode[mine] + step[left])
        spent += len(mine)
        better = new[0] >= at.value[mine] - SLACK
        moved = mine[better]
        at.mode[moved] += step[left[better]]
        at.value[moved] = new[0][better]
        at.gradient[moved], at.curvature[moved] = new[1][better], new[2][better]
        left = left[~better]
        if not len(left):
            break
        step[left] *= 0.5
        if halving == HALVINGS:
            stuck[left] = True
    return stuck, spent


def factor_of(curvature: FloatArray) -> FloatArray:
    """Lower Cholesky factors; a curvature that is not positive definite is made so.

    Coordinates are first put on one scale: a tight prior must not decide what counts as flat.
    """
    try:
        return np.linalg.cholesky(curvature)
    except np.linalg.LinAlgError:
        # where the density is nowhere: any curvature, so that the other points go on
        lost = ~np.isfinite(curvature).all(axis=(1, 2))
        curvature = np.where(lost[:, None, None], np.eye(curvature.shape[1]), curvature)
        size = np.sqrt(np.maximum(np.abs(np.einsum("kii->ki", curvature)), 1e-12))
        values, vectors = np.linalg.eigh(curvature / (size[:, :, None] * size[:, None, :]))
        floor = 1e-6 * np.abs(values).max(axis=1, keepdims=True)
        values = np.maximum(np.abs(values), floor)
        near = np.linalg.cholesky(np.einsum("kij,kj,klj->kil", vectors, values, vectors))
        return np.asarray(size[:, :, None] * near)
