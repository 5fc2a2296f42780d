"""Draws by the exact method; the groups' own parameters are made in blocks when asked for.

Given the shared parameters, groups are independent and normal. A block of groups is always drawn
from its own random stream, so any pass over the blocks sees the same draws, however many groups
fit in memory at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.exact.build import build_model
from forwhom.methods.exact.density import CollapsedGaussian
from forwhom.methods.exact.left_out import SingleRows, left_out
from forwhom.methods.exact.sampler import sample_exact
from forwhom.methods.importance.apart import Apart
from forwhom.methods.method import Arrays, Own, Pair, Progress, check_shape
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STREAM, LONG_STREAM = 32, 256  # groups drawn from one random stream, the longer for many groups
MANY = 4096  # groups
BLOCK = 16  # groups drawn at once: 16 x 4,000 draws stay in a core's cache
_CONTROL_STREAM = 2**31  # a block number no block of groups reaches


@dataclass(frozen=True, eq=False)
class ExactDraws(Apart):
    """Draws of what groups share, and what is needed to draw any group.

    Attributes:
        model: the collapsed model.
        random: names of the R group parameters, of "b" and "theta".
        parameter: the name of the family's own, the residual sd.
        count: G; the preset's control group is numbered G.
        seed: of the streams.
        internal: (D, p) coefficients, tau: (D, R) and sigma: (D,), in internal units.
        diagnostics: how it went.
    """

    model: CollapsedGaussian
    random: tuple[str, ...]
    parameter: str
    count: int
    seed: int
    internal: FloatArray
    tau: FloatArray
    sigma: FloatArray
    diagnostics: Diagnostics

    @cached_property
    def coefficients(self) -> FloatArray:
        """(D, 1, p), in the units of the data."""
        return self.model.to_original(self.internal)[:, None]

    @cached_property
    def spreads(self) -> FloatArray:
        """(D, 1, R)."""
        units = self.model.basis.outcome_scale / self.model.basis.random_scale
        return np.asarray(self.tau * units)[:, None]

    @cached_property
    def parameters(self) -> Mapping[str, FloatArray]:
        """The residual sd, (D, 1)."""
        return {self.parameter: (self.sigma * self.model.basis.outcome_scale)[:, None]}

    def map[T](self, work: Callable[[Own], T], own: Sequence[int]) -> Iterator[T]:
        """Apply ``work`` to every block of the G groups, on as many threads as there are cores.

        Results come in the order of the blocks, so that sums over them are reproducible.
        """

        from concurrent.futures import ThreadPoolExecutor  # 9 ms that a fit need not wait for

        def run(job: tuple[int, IntArray]) -> list[T]:
            return [work(block) for block in self._blocks(*job, own)]

        with one_blas_thread(), ThreadPoolExecutor(min(cpu_count() or 1, 8)) as pool:
            for results in pool.map(run, self._streams()):
                yield from results

    def of(self, groups: IntArray, own: Sequence[int]) -> Own:
        """The same draws of some groups, from the whole streams that they are in."""
        out = np.empty((1, len(own), len(groups), len(self.sigma)))
        streams = [(_CONTROL_STREAM, np.array([self.count])), *self._streams()]
        with one_blas_thread():
            for number, members in streams:
                if not np.isin(groups, members).any():
                    continue
                for block in self._blocks(number, members, own):
                    at, where = np.nonzero(groups[:, None] == block.groups)
                    out[:, :, at] = block.u[:, :, where]
        return Own(groups, out)

    def log_densities(self) -> tuple[FloatArray, FloatArray]:
        """Log prior and log likelihood, the groups integrated out; (D,) each."""
        model = self.model
        with one_blas_thread():
            likelihood = model.log_likelihood(self.internal, self.tau, self.sigma)
        prior = model.log_prior(
            self.coefficients[:, 0],
            self.spreads[:, 0],
            self.parameters[self.parameter][:, 0],
        )
        return prior, likelihood

    def left_out(self, problem: Problem, cells: IntArray) -> Pair | None:
        """In closed form given the scales; None where a coefficient's prior has a scale, too."""
        if len(self.model.coefficients.heavy):
            return None
        rows = SingleRows.of(problem, self.model, cells)
        with one_blas_thread():
            return left_out(self.model, rows, self.tau, self.sigma)

    def arrays(self) -> Arrays:
        """What ``revive`` needs."""
        return {"internal": self.internal, "tau": self.tau, "sigma": self.sigma}

    def _streams(self) -> list[tuple[int, IntArray]]:
        """The groups of each random stream, those of one shape side by side, and its number."""
        order = np.argsort(self.model.shape_of_group[: self.count], kind="stable")
        stream = LONG_STREAM if self.count > MANY else STREAM
        return list(enumerate(order[i : i + stream] for i in range(0, self.count, stream)))

    def _stream(self, *key: int) -> np.random.Generator:
        # SFC64: the fastest of numpy's generators, and draws are most of the work here
        sequence = np.random.SeedSequence(self.seed, spawn_key=key)
        return np.random.Generator(np.random.SFC64(sequence))

    def _blocks(self, number: int, groups: IntArray, own: Sequence[int]) -> Iterator[Own]:
        """Draw for the groups of one stream, a block at a time."""
        wanted = [self.random[r] for r in own]
        if not wanted or "theta" not in self.random:
            u = np.empty((1, len(own), len(groups), len(self.sigma)))
            for k in range(len(own)):
                u[0, k] = self._baselines(groups)
            yield Own(groups, u)
            return
        rng = self._stream(1, number)
        for part, gain in self._segments(groups):
            some = groups[part]
            residual = self._residual(some)
            theta = self._effects(rng, gain, residual, "b" in wanted)
            u = np.empty((1, len(own), len(some), len(self.sigma)))
            for k, name in enumerate(wanted):
                u[0, k] = theta if name == "theta" else self._given(some, gain, residual, theta)
            yield Own(some, u)

    def _effects(
        self, rng: np.random.Generator, gain: FloatArray, residual: FloatArray, kept: bool
    ) -> FloatArray:
        """Theta beyond its prediction, (g, D) in the units of the data.

        ``kept``: whether the residuals (R, g, D) are needed after it.
        """
        at = self.random.index("theta")
        unit = self.model.basis.outcome_scale / self.model.basis.random_scale[at]
        # in place where it can be: the arrays are large, and new memory costs more than sums
        u = rng.standard_normal(residual.shape[1:])
        u *= unit * self.sigma * np.sqrt(gain[:, at, at])
        for r, one in enumerate(residual):
            u += np.multiply(one, unit * gain[:, at, r], out=None if kept else one)
        return u

    def _given(
        self, groups: IntArray, gain: FloatArray, residual: FloatArray, theta: FloatArray
    ) -> FloatArray:
        """Draw b's own part given theta's, (g, D) in the units of the data."""
        basis, sigma = self.model.basis, self.sigma
        u = self._stream(2, int(groups[0])).standard_normal((len(groups), len(sigma)))
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.nan_to_num(gain[:, 1, 0] / gain[:, 1, 1])
        variance = np.maximum(gain[:, 0, 0] - slope * gain[:, 1, 0], 0.0)
        # in place: see ``_effects``
        part = gain[:, 1, 0] * residual[0]
        part += gain[:, 1, 1] * residual[1]  # the center of theta
        beyond = theta * (basis.random_scale[1] / basis.outcome_scale)
        beyond -= part
        beyond *= slope
        center = np.multiply(gain[:, 0, 0], residual[0], out=part)
        center += gain[:, 1, 0] * residual[1]
        center += beyond
        u *= sigma * np.sqrt(variance)
        u += center
        u *= basis.outcome_scale
        return u

    def _baselines(self, groups: IntArray) -> FloatArray:
        """Draw b's own part where effects do not vary, (g, D) in the units of the data."""
        u = self._stream(2, int(groups[0])).standard_normal((len(groups), len(self.sigma)))
        residual = self._residual(groups)
        for part, gain in self._segments(groups):
            center = gain[:, 0, 0] * residual[0, part]
            u[part] = center + self.sigma * np.sqrt(gain[:, 0, 0]) * u[part]
        return np.asarray(self.model.basis.outcome_scale * u)

    @cached_property
    def _contrast(self) -> FloatArray:
        """(p + 1, D): columns and outcome times it are residuals."""
        return np.vstack([-self.internal.T, np.ones(len(self.internal))])

    def _residual(self, groups: IntArray) -> FloatArray:
        """R'(y - F phi) for each group and draw, internal units; (R, g, D)."""
        cross = self.model.cells.group_cross[groups].transpose(1, 0, 2)
        flat = cross.reshape(-1, cross.shape[-1]) @ self._contrast
        return np.asarray(flat.reshape(*cross.shape[:2], -1))

    def _segments(self, groups: IntArray) -> Iterator[tuple[slice, FloatArray]]:
        """Blocks of the groups with the gain of each: (1, R, R, D) where they share a shape."""
        shapes = self.model.shape_of_group[groups]
        first = np.flatnonzero(np.r_[True, shapes[1:] != shapes[:-1]])
        alone = 4 * len(first) > len(groups)  # hardly any group shares its shape
        ends = np.r_[first[1:], len(groups)]
        runs = [(0, len(groups))] if alone else zip(first.tolist(), ends.tolist(), strict=True)
        for start, end in runs:
            tau, sigma = self.tau, self.sigma
            common = None if alone else self.model.group_gain(shapes[start : start + 1], tau, sigma)
            for low in range(start, end, BLOCK):
                part = slice(low, min(low + BLOCK, end))
                gain = self.model.group_gain(shapes[part], tau, sigma) if common is None else common
                yield part, gain


def sample(problem: Problem, why: str, progress: Progress) -> ExactDraws:
    """Draw from the posterior; what the method is chosen for needs no words."""
    plan, names = problem.design.plan, tuple(s.parameter for s in problem.priors.spreads)
    model = build_model(problem)
    found = sample_exact(model, plan.draws, plan.seed, names)
    return _with_names(problem, model, found.internal, found.tau, found.sigma, found.diagnostics)


def revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> ExactDraws:
    """The draws again.

    Raises:
        DataError: arrays that do not belong to the problem.
    """
    model = build_model(problem)
    internal, tau, sigma = arrays["internal"], arrays["tau"], arrays["sigma"]
    d = diagnostics.draws
    check_shape("the coefficients", internal, d, problem.cells.layout.p)
    check_shape("the spreads", tau, d, len(problem.design.random_names))
    check_shape("the residual sd", sigma, d)
    return _with_names(problem, model, internal, tau, sigma, diagnostics)


def _with_names(
    problem: Problem,
    model: CollapsedGaussian,
    internal: FloatArray,
    tau: FloatArray,
    sigma: FloatArray,
    diagnostics: Diagnostics,
) -> ExactDraws:
    design, priors = problem.design, problem.priors
    (parameter,) = (entry.parameter for entry in priors.parameters)
    return ExactDraws(
        model=model,
        random=design.random_names,
        parameter=parameter,
        count=design.groups.count,
        seed=design.plan.seed,
        internal=internal,
        tau=tau,
        sigma=sigma,
        diagnostics=diagnostics,
    )
