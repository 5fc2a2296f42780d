"""Draws by quadrature; the groups' own parameters are made in blocks when asked for.

Tests: tests/methods/quadrature/test_against_nuts.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.importance.apart import Apart
from forwhom.methods.method import KEPT, Arrays, Named, Own, Progress, check_shape
from forwhom.methods.quadrature.build import build_latent
from forwhom.methods.quadrature.density import LatentModel
from forwhom.methods.quadrature.local_draws import draw_locals
from forwhom.methods.quadrature.sampler import log_likelihood, sample_quadrature
from forwhom.methods.quadrature.segments import Integrand, Segment, some_groups
from forwhom.methods.quadrature.star import split, star_of
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VALUES = 300_000  # cells x draws worked on at once
HEAVY = 10  # times as much is worked on for a Student-t effect
MOST_GROUPS = 64  # drawn from one random stream


@dataclass(frozen=True, eq=False)
class LatentDraws(Apart):
    """Draws of what groups share, and what is needed to draw any group.

    Attributes:
        model: the latent model.
        names: of the family's own parameters.
        count: G; the preset's control group is numbered G.
        seed: of the streams.
        tau: (D, R) sds, with what the law has beside them, and xi: (D, n) coordinates, internal.
        diagnostics: how it went.
        effects: names of the J effects, one of them without.
        blind: whether groups are drawn from their spread, whatever their rows say.
    """

    model: LatentModel
    names: tuple[str, ...]
    count: int
    seed: int
    tau: FloatArray
    xi: FloatArray
    diagnostics: Diagnostics
    effects: tuple[str, ...]
    blind: bool = False

    @cached_property
    def coefficients(self) -> FloatArray:
        """(D, 1, p), in the units of the data."""
        return self.model.to_original(self.xi[:, : self.model.p])[:, None]

    @cached_property
    def spreads(self) -> FloatArray:
        """(D, 1, R)."""
        return np.asarray(self.model.law.sds(self.tau) * self._unit)[:, None]

    @cached_property
    def parameters(self) -> Mapping[str, FloatArray]:
        """The family's own, (D, size) each."""
        found = zip(self.names, self.model.parameters(self.xi), self.model.units, strict=True)
        return {name: (values * unit).T for name, values, unit in found}

    @property
    def further(self) -> tuple[Named, ...]:
        """The correlation of baseline and effect, degrees of freedom of the effects."""
        law, found = self.model.law, []
        if law.students:
            found.append(Named("nu_theta", self.effects, law.nu(self.tau)[:, None]))
        if law.lkj:
            rho = law.correlation(self.tau)[:, None, None]
            found.append(Named("correlation", (f"b, theta {self.effects[0]}".strip(),), rho))
        return tuple(found)

    def map[T](self, work: Callable[[Own], T], own: Sequence[int]) -> Iterator[T]:
        """Apply ``work`` to every block of the G groups, results in the order of the blocks."""
        some = list(own)
        if self._keeps:
            for low in range(0, self.count, MOST_GROUPS):
                groups = np.arange(low, min(low + MOST_GROUPS, self.count))
                yield work(Own(groups, self._kept[:, some][:, :, groups]))
            return
        for block in self._drawn():
            inside = block.groups < self.count
            yield work(Own(block.groups[inside], block.u[:, some][:, :, inside]))

    def of(self, groups: IntArray, own: Sequence[int]) -> Own:
        """The same draws of some groups."""
        some = list(own)
        if self._keeps:
            return Own(groups, self._kept[:, some][:, :, groups])
        out = np.empty((1, len(some), len(groups), len(self.xi)))
        for block in self._drawn():
            at, where = np.nonzero(groups[:, None] == block.groups)
            out[:, :, at] = block.u[:, some][:, :, where]
        return Own(groups, out)

    def log_densities(self) -> tuple[FloatArray, FloatArray]:
        """Log prior and log likelihood, the groups integrated out; (D,) each."""
        prior = self.model.log_prior_of_parameters(self.tau, self.xi)
        return prior, log_likelihood(self.model, self.tau, self.xi)

    def left_out(self, problem: Problem, cells: IntArray) -> None:
        """A row's density given a whole draw is all that there is."""

    def arrays(self) -> Arrays:
        """What ``revive`` needs."""
        return {"tau": self.tau, "xi": self.xi}

    @property
    def _unit(self) -> FloatArray:
        """(R,) what an internal sd is multiplied by."""
        return np.asarray(self.model.basis.outcome_scale / self.model.basis.random_scale)

    @property
    def _keeps(self) -> bool:
        return self.model.n_groups * len(self.xi) <= KEPT

    @cached_property
    def _kept(self) -> FloatArray:
        """Every group's own parameters, (1, R, H, D)."""
        out = np.empty((1, self.model.n_tau, self.model.n_groups, len(self.xi)))
        for block in self._drawn():
            out[:, :, block.groups] = block.u
        return out

    def _drawn(self) -> Iterator[Own]:
        """Every group, a block at a time, each block from a random stream of its own."""
        jobs = list(enumerate(self._jobs()))

        def run(job: tuple[int, tuple[Segment, slice]]) -> Own:
            number, (segment, groups) = job
            rng = np.random.Generator(
                np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=(3, number)))
            )
            return self._block(*some_groups(segment, groups), segment, rng)

        with one_blas_thread(), ThreadPoolExecutor(min(cpu_count() or 1, 8)) as pool:
            yield from pool.map(run, jobs)

    def _jobs(self) -> Iterator[tuple[Segment, slice]]:
        for segment in self.model.segments:
            per_group = max(len(segment.cells) // max(len(segment.groups), 1), 1)
            size = max(VALUES // (per_group * len(self.xi)), 1)
            size = min(size, MOST_GROUPS)
            for low in range(0, len(segment.groups), size):
                yield segment, slice(low, min(low + size, len(segment.groups)))

    def _block(
        self, part: Segment, cells: IntArray, whole: Segment, rng: np.random.Generator
    ) -> Own:
        law, groups = self.model.law, part.groups
        u = law.scaled(self._blind(len(groups), rng), self.tau)  # from their prior
        if part.rank and not self.blind:
            z = self._standard(part, whole.cells[cells], rng)
            if part.star is not None:
                self._put(part, z, u)
            elif part.rank == 2 or self.model.n_tau == 1:
                u = law.scaled(z, self.tau)
            else:  # the rows know one direction of u: shift the prior's draw to it
                known = part.direction[:, :, None]
                variance, shared = law.towards(known, self.tau)
                off = z[:, 0] * np.sqrt(variance) - (known * u).sum(axis=1)
                with np.errstate(invalid="ignore", divide="ignore"):
                    share = np.nan_to_num(shared / variance[:, None])
                u = u + share * off[:, None]
        return Own(groups, (self._unit[:, None, None] * u.swapaxes(0, 1))[None])

    def _blind(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Standard values of groups of which nothing is known, (count, R, D)."""
        law = self.model.law
        z = rng.standard_normal((count, self.model.n_tau, len(self.tau)))
        if law.students:
            half = law.nu(self.tau).T / 2
            z[:, -law.students :] /= np.sqrt(rng.standard_gamma(half, (count, *half.shape)) / half)
        return z

    def _put(self, part: Segment, z: FloatArray, u: FloatArray) -> None:
        """What a star's rows tell in place of the prior's draws u (g, R, D)."""
        star, (centre, leaf), sds = star_of(part), split(part, z), self.model.law.sds(self.tau).T
        if star.centred:
            u[:, 0] = centre * sds[0]
        u[star.owner, star.arm] = leaf * sds[star.arm]

    def _standard(self, part: Segment, cells: IntArray, rng: np.random.Generator) -> FloatArray:
        """z of the groups, (g, rank, D), or packed where they are a star."""
        model, xi = self.model, self.xi
        fixed = model.columns[cells] @ xi[:, : model.p].T + model.offset[cells][:, None]
        loading, parameters = model.loading(part, self.tau), model.parameters(xi)
        nu = model.degrees(part, self.tau)
        whole = Integrand(part, model.data(part), fixed, loading, parameters, nu)
        with np.errstate(over="ignore", invalid="ignore"):
            each = 1 if nu is None else HEAVY
            size = max(VALUES // max(each * len(cells), 1), 1)
            pieces = []
            for low in range(0, len(xi), size):
                pieces.append(draw_locals(whole.points(slice(low, low + size)), rng))
        return np.concatenate(pieces, axis=2)


def sample(problem: Problem, why: str, progress: Progress) -> LatentDraws:
    """Draw from the posterior; what the method is chosen for needs no words."""
    plan, names = problem.design.plan, tuple(s.parameter for s in problem.priors.spreads)
    model = build_latent(problem)
    found = sample_quadrature(model, plan.draws, plan.seed, names)
    return make_draws(problem, model, found.tau, found.xi, found.diagnostics)


def revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> LatentDraws:
    """The draws again.

    Raises:
        DataError: arrays that do not belong to the problem.
    """
    model, d = build_latent(problem), diagnostics.draws
    check_shape("the spreads", arrays["tau"], d, model.n_tau + model.law.extra)
    check_shape("the coordinates", arrays["xi"], d, model.size)
    return make_draws(problem, model, arrays["tau"], arrays["xi"], diagnostics)


def make_draws(
    problem: Problem,
    model: LatentModel,
    tau: FloatArray,
    xi: FloatArray,
    diagnostics: Diagnostics,
    blind: bool = False,
) -> LatentDraws:
    """Draws of what groups share, with the problem's names; ``blind``: as in ``LatentDraws``."""
    effects, several = problem.design.effects, len(problem.design.effects) > 1
    return LatentDraws(
        model=model,
        names=tuple(entry.parameter for entry in problem.priors.parameters),
        count=problem.design.groups.count,
        seed=problem.design.plan.seed,
        tau=tau,
        xi=xi,
        diagnostics=diagnostics,
        effects=tuple(e.treatment.name if several else "" for e in effects),
        blind=blind,
    )
