"""A proposal for many scales: conditional Laplace fits wherever scales are looked at.

The target is a density of ``tau`` (sds, perhaps piled up at zero, and beside them coordinates
without bounds) and ``xi`` (a vector that is nearly normal given tau), as in ``proposal.py``, where
tau has more coordinates than a grid can hold.

1. At any tau the mode of xi is a Newton step or two from the nearest that is known; with the
   curvature there it gives the density of tau, nearly. Find its peak and draw from it, by
   ``peak.py`` and ``adaptive.py``, in coordinates in which a pile-up is smooth (``edge.py``).
2. What these fits say of mode and curvature is put into polynomials in tau.
3. Propose tau from a mixture learnt from those draws and xi around the polynomials' mode, weigh by
   the density itself over the mixture of all proposals, learn from the weights, and propose again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import UnboundedError
from forwhom.methods.importance.adaptive import explore_adaptively
from forwhom.methods.importance.edge import fall, log_cosh, rise
from forwhom.methods.importance.exploration import Exploration
from forwhom.methods.importance.laplace import Modes, Search, Target, factor_of, find_modes
from forwhom.methods.importance.mixture import StudentMixture, around, mixed
from forwhom.methods.importance.noise import Noise
from forwhom.methods.importance.pareto import effective_share, pareto_k, truncated
from forwhom.methods.importance.peak import Peak, find_peak
from forwhom.methods.importance.polynomial import Polynomial
from forwhom.methods.importance.rounds import Rounds

FloatArray = NDArray[np.float64]

WIDTH = 0.5  # of an sd's coordinate before anything is known
FAR, HELD = 1e3, 8.0  # an sd that far out, and nats by which the density must have fallen there
PROFILE = np.geomspace(1 / 8, 64, 22)  # times an sd at the mode, where its profile is looked at
DROP = 2.0  # nats below the top at which an sd's upper end is read
SMALLEST = 1e-8
FIRST, NEAR = Search(30, 0.5), Search(8, 0.7)
LOOKED_AT, ENOUGH = 2000, 500  # draws from the Laplace fits' density, and effective ones
LEARNT_FROM = 10.0  # nats below the best fit
COMPONENTS = 4
DEFENCE, DF = 0.25, 20.0  # share of what was proposed before; of what is learnt
PILOT = 1200  # points of the first look at the density itself, from which to learn
FEWEST, MORE = 1000, 6  # points of a round; rounds after the two that always are
GOOD_SHARE, GOOD_K = 0.55, 0.5  # effective points over those of a whole round
REPAIRS, REPAIR, CLOSE, REPAIR_DF = 3, 0.2, 0.25, 4.0  # points, their share, and how wide


@dataclass(frozen=True, slots=True)
class Edges:
    """Coordinates x (K, m) of tau: R sds of some widths (R,) first, the others as they are."""

    widths: FloatArray

    def heights(self, x: FloatArray) -> FloatArray:
        """What tau is smooth in: h of an sd width sinh(h), (K, m)."""
        r = len(self.widths)
        return np.hstack([rise(x[:, :r])[0], x[:, r:]])

    def tau(self, x: FloatArray) -> FloatArray:
        """(K, m)."""
        out, r = x.copy(), len(self.widths)
        with np.errstate(over="ignore"):
            out[:, :r] = np.sinh(rise(x[:, :r])[0]) * self.widths
        return out

    def coordinates(self, tau: FloatArray) -> FloatArray:
        """The inverse of ``tau``."""
        out, r = tau.copy(), len(self.widths)
        out[:, :r] = fall(np.arcsinh(tau[:, :r] / self.widths))
        return out

    def log_slope(self, x: FloatArray) -> FloatArray:
        """log |d tau / d x|, (K,)."""
        height, slope = rise(x[:, : len(self.widths)])
        return np.asarray((log_cosh(height) + np.log(slope * self.widths)).sum(axis=1))


@dataclass(slots=True)
class _Fits:
    """Every conditional fit so far; N of them.

    Attributes:
        tau: (N, m); mode: (N, n); root: (N, n, n) upper triangular, root root' the inverse of the
            curvature; height: (N,) log density of tau with xi integrated out.
        spent: density evaluations.
    """

    target: Target
    tau: FloatArray
    mode: FloatArray
    root: FloatArray
    height: FloatArray
    spent: int = 0
    near: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    @staticmethod
    def none(target: Target, m: int) -> _Fits:
        """Nothing is known yet."""
        n = len(target.start)
        return _Fits(target, np.empty((0, m)), np.empty((0, n)), np.empty((0, n, n)), np.empty(0))

    def log_density(self, tau: FloatArray) -> FloatArray:
        """Log density of tau (K, m) with xi integrated out by a Laplace fit, (K,)."""
        search = NEAR if len(self.tau) else FIRST
        with np.errstate(over="ignore", invalid="ignore"):
            begin = self._begin(tau)
            at = Modes(tau, begin, *self.target.newton(tau, begin))
            self.spent += len(tau) + find_modes(self.target.newton, at, search)
            factor = factor_of(at.curvature)
            height = at.value - np.log(np.einsum("kii->ki", factor)).sum(axis=1)
        height = np.where(np.isfinite(height), height, -np.inf)
        known = np.isfinite(height) & np.isfinite(at.mode).all(axis=1)
        root = np.linalg.inv(factor[known]).transpose(0, 2, 1)
        self.tau = np.concatenate([self.tau, tau[known]])
        self.mode = np.concatenate([self.mode, at.mode[known]])
        self.root = np.concatenate([self.root, root])
        self.height = np.concatenate([self.height, height[known]])
        return height

    def _begin(self, tau: FloatArray) -> FloatArray:
        """Where to look for modes, (K, n): at that of the nearest fit, unless it was hopeless."""
        if not len(self.tau):
            return np.tile(self.target.start, (len(tau), 1))
        kept = np.flatnonzero(self.height > self.height.max() - 2 * LEARNT_FROM)
        sds = len(self.target.names)

        def flat(values: FloatArray) -> FloatArray:
            return np.hstack([np.arcsinh(values[:, :sds] / WIDTH), values[:, sds:]])

        known, new = flat(self.tau[kept]), flat(tau)
        square = (known**2).sum(axis=1) - 2 * new @ known.T
        return np.asarray(self.mode[kept[np.argmin(square, axis=1)]])


def explore_conditionally(
    target: Target, extra: int, draws: int, rng: np.random.Generator
) -> Exploration:
    """Draw from ``exp(log_density(tau, xi))``; of the result, ``rest`` is xi.

    Args:
        target: the density; its names are of the sds, the first coordinates of tau.
        extra: how many other coordinates tau has.
        draws: how many.
        rng: random generator.

    Raises:
        InferenceError: the posterior of an sd does not fall off, or is nowhere finite.
    """
    fits = _Fits.none(target, len(target.names) + extra)
    edges, peak = _settle(fits, extra, rng)
    density = _seen(fits, edges)
    found = explore_adaptively(density, peak, LOOKED_AT, rng, ENOUGH)
    shape = _Shape.of(fits, edges)
    even = np.full(len(found.x), 1 / len(found.x))
    assert found.mixture is not None
    proposal = _Proposal(_mixture(found.x, even, found.mixture, rng), Noise.standard(shape.n))
    sample = _Sample.none(target, edges, shape)
    count = max(int(1.3 * draws), FEWEST)
    pilot = min(PILOT, count // 2)
    for number, size in enumerate((pilot, count - pilot, *[max(count // 3, FEWEST)] * MORE)):
        sample.add(proposal, size, rng)
        weight = sample.log_weight
        known, k_hat = effective_share(weight) * len(weight), pareto_k(weight)
        if number == 1 + MORE or (number and k_hat < GOOD_K and known > GOOD_SHARE * count):
            break
        steady = truncated(weight)
        mixture = _mixture(sample.x, steady, found.mixture, rng)
        if k_hat > GOOD_K:
            mixture = _repaired(mixture, sample.x, steady, weight)
        proposal = _Proposal(mixture, proposal.noise.learn(sample.e, steady))
    spent = fits.spent + len(sample.x)
    drawn = Exploration.of(sample.tau, sample.xi, weight, draws, rng, spent)
    return replace(drawn, check=replace(drawn.check, mass=sample.rounds.mass))


def _seen(fits: _Fits, edges: Edges) -> Callable[[FloatArray], FloatArray]:
    def log_density(x: FloatArray) -> FloatArray:
        return fits.log_density(edges.tau(x)) + edges.log_slope(x)

    return log_density


def _settle(fits: _Fits, extra: int, rng: np.random.Generator) -> tuple[Edges, Peak]:
    """The mode, in coordinates whose widths fit the density of each sd."""
    names = fits.target.names
    edges = Edges(np.full(len(names), WIDTH))
    centre = np.r_[np.full(len(names), 0.5), np.zeros(extra)]
    fits.log_density(edges.tau(centre[None]))
    first = find_peak(_seen(fits, edges), centre, rng)
    mode, widths = edges.tau(first.mode[None])[0], edges.widths.copy()
    for k, name in enumerate(names):
        tau = np.repeat(mode[None], len(PROFILE) + 2, axis=0)
        tau[:, k] *= np.r_[1.0, PROFILE, 1.0]
        tau[-1, k] = FAR
        height = fits.log_density(tau)
        held = height[-1] + np.log(FAR) < height[0] + np.log(mode[k]) - HELD
        if not held or mode[k] > FAR / PROFILE[-1]:
            raise UnboundedError(name, "half_normal(1)")
        high = height[:-1] > height[:-1].max() - DROP
        widths[k] = max(float(tau[:-1][high, k].max()), SMALLEST)
    settled = Edges(widths)
    return settled, find_peak(_seen(fits, settled), settled.coordinates(mode[None])[0])


@dataclass(frozen=True, slots=True)
class _Shape:
    """Mode and root of xi given tau.

    Attributes:
        edges: x to tau; n: length of xi.
        values: what the heights of tau say of mode (n,), of the logarithms of the root's diagonal
            (n,), and of the root above it.
    """

    edges: Edges
    n: int
    values: Polynomial

    @staticmethod
    def of(fits: _Fits, edges: Edges) -> _Shape:
        """From the fits that matter."""
        x = edges.coordinates(fits.tau)
        height = fits.height + edges.log_slope(x)
        low = height - height.max()
        kept = low > -LEARNT_FROM
        n = fits.mode.shape[1]
        root = fits.root[kept]
        diagonal = np.log(np.einsum("kii->ki", root))
        above = np.triu_indices(n, 1)
        values = np.hstack([fits.mode[kept], diagonal, root[:, above[0], above[1]]])
        found = Polynomial.fit(edges.heights(x[kept]), values, np.exp(low[kept] / 2))
        return _Shape(edges, n, found)

    def placed(self, x: FloatArray, e: FloatArray) -> tuple[FloatArray, FloatArray]:
        """xi (K, n) from noise e at x, and log |d xi / d e|, (K,)."""
        n = self.n
        values = self.values.at(self.edges.heights(x))
        log_diagonal = values[:, n : 2 * n]
        root = np.zeros((len(x), n, n))
        root[:, range(n), range(n)] = np.exp(log_diagonal)
        above = np.triu_indices(n, 1)
        root[:, above[0], above[1]] = values[:, 2 * n :]
        return values[:, :n] + np.einsum("kij,kj->ki", root, e), log_diagonal.sum(axis=1)


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What x and the noise around xi's mode are drawn from."""

    mixture: StudentMixture
    noise: Noise

    def log_density(self, x: FloatArray, e: FloatArray) -> FloatArray:
        """(K,)."""
        return self.mixture.log_density(x) + self.noise.log_density(e)


@dataclass(slots=True)
class _Sample:
    """All points so far, weighed by the mixture of all proposals they came from.

    Attributes:
        x, e: (N, m) and (N, n) coordinates; tau, xi: what they stand for.
        rounds: log densities of (x, e), the target's and the proposals'.
    """

    target: Target
    edges: Edges
    shape: _Shape
    x: FloatArray
    e: FloatArray
    tau: FloatArray
    xi: FloatArray
    rounds: Rounds = field(default_factory=Rounds)
    proposals: list[_Proposal] = field(default_factory=list)

    @staticmethod
    def none(target: Target, edges: Edges, shape: _Shape) -> _Sample:
        """No points."""
        some, wide = np.empty((0, shape.n)), np.empty((0, len(shape.values.low)))
        return _Sample(target, edges, shape, wide, some, wide, some)

    def add(self, proposal: _Proposal, count: int, rng: np.random.Generator) -> None:
        """More points."""
        x, e = proposal.mixture.draw(count, rng), proposal.noise.draw(count, rng)
        xi, log_volume = self.shape.placed(x, e)
        tau = self.edges.tau(x)
        with np.errstate(invalid="ignore"):
            value = self.target.log_density(tau, xi) + self.edges.log_slope(x) + log_volume
        value = np.where(np.isnan(value), -np.inf, value)
        before = [one.log_density(x, e) for one in self.proposals]
        self.x, self.e = np.concatenate([self.x, x]), np.concatenate([self.e, e])
        self.tau, self.xi = np.concatenate([self.tau, tau]), np.concatenate([self.xi, xi])
        self.rounds.add(value, before, proposal.log_density(self.x, self.e))
        self.proposals.append(proposal)

    @property
    def log_weight(self) -> FloatArray:
        """(N,)."""
        return self.rounds.log_weight


def _mixture(
    x: FloatArray, weight: FloatArray, before: StudentMixture, rng: np.random.Generator
) -> StudentMixture:
    """Learnt from points of some weights, (N,) summing to one; what was proposed before beside it.

    The latter passed a check of its own, on the fits' density: it misses no corner of that.
    """
    mean = weight @ x
    off = x - mean
    covariance = (off * weight[:, None]).T @ off
    some = rng.choice(len(x), COMPONENTS - 1, p=weight)
    centres = [mean, *x[some]]
    parts = [(1 / COMPONENTS, around(at, covariance * 0.7, DF)) for at in centres]
    learnt = mixed(parts).learn(x, weight, rounds=6)
    return mixed([(1 - DEFENCE, learnt), (DEFENCE, before)])


def _repaired(
    mixture: StudentMixture, x: FloatArray, steady: FloatArray, log_weight: FloatArray
) -> StudentMixture:
    """And around the points that weigh most: where too few were proposed."""
    off = x - steady @ x
    covariance = (off * steady[:, None]).T @ off
    top = np.argsort(log_weight)[-REPAIRS:]
    near = [(REPAIR / REPAIRS, around(at, CLOSE * covariance, REPAIR_DF)) for at in x[top]]
    return mixed([(1 - REPAIR, mixture), *near])
