"""The full joint posterior of any family, row by row with its gradient, for NUTS.

Shares nothing with forwhom where ``densities.py`` has the family, else only the family's functions,
which are held to scipy's densities on their own. No cells, no collapse, no quadrature, no internal
units. Group parameters are non-centred, standard deviations and positive parameters are logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import nutpie
from nutpie.compiled_pyfunc import from_pyfunc

from forwhom.families import Family, Outcome
from tests.reference.densities import DENSITIES, compiled


@dataclass(frozen=True)
class FamilyJoint:
    """Rows and priors of one model.

    F: (n, p) columns of the coefficients with normal priors; own: (n,) columns of the group
    parameters; group: (n,) codes. tau_scale: half-normal scales of their sds; sizes: entries of
    the family's parameters, each with a gamma(2, rate) prior, or normal(0, rate) where it may have
    any sign.
    """

    family: Family
    link: str
    outcome: Outcome
    F: np.ndarray
    own: tuple[np.ndarray, ...]
    group: np.ndarray
    prior_mean: np.ndarray
    prior_sd: np.ndarray
    tau_scale: np.ndarray
    sizes: tuple[int, ...]
    rates: tuple[float, ...]

    @cached_property
    def columns(self) -> np.ndarray:
        """(R, n): the columns of the group parameters."""
        return np.array(self.own)

    @cached_property
    def dims(self) -> tuple[int, int, int]:
        return self.F.shape[1], len(self.own), int(self.group.max()) + 1

    def split(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        p, r, h = self.dims
        phi, z = x[:p], x[p : p + r * h].reshape(r, h)
        tau = np.exp(x[p + r * h : p + r * h + r])
        return phi, z, tau, self.natural(x[p + r * h + r :])

    @cached_property
    def positive(self) -> np.ndarray:
        """Of every entry of the family's parameters."""
        return np.repeat([one.positive for one in self.family.parameters], self.sizes).astype(bool)

    def natural(self, own: np.ndarray) -> np.ndarray:
        """The family's parameters from their coordinates, along the last axis."""
        return np.where(self.positive, np.exp(own), own)

    def logp(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        phi, z, tau, own = self.split(x)
        columns, group = self.columns, self.group
        eta = predictor(self.F, columns, group, phi, z, tau)
        value, pull, slopes = self.rows(eta, own)
        prior, gradient = normal_parts(
            *(self.F, columns, group, phi, z, tau, pull),
            *(self.prior_mean, self.prior_sd, self.tau_scale),
        )
        if not len(own):
            return value + prior, gradient
        rate = np.repeat(self.rates, self.sizes)
        # gamma(2, rate) with the Jacobian of its logarithm, or normal(0, rate)
        positive = self.positive
        value += np.where(
            positive, 2 * np.log(np.abs(own)) - rate * own, -0.5 * (own / rate) ** 2
        ).sum()
        d_own = np.where(positive, slopes * own + 2 - rate * own, slopes - own / rate**2)
        return float(value + prior), np.concatenate([gradient, d_own])

    def rows(self, eta: np.ndarray, own: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The rows' log likelihood, its slopes in eta and in the family's parameters."""
        density = DENSITIES.get((self.family.name, self.link))
        if density is not None:
            y = self.outcome
            return density(eta, y.y, y.trials, y.event, own)
        ends = np.cumsum((0, *self.sizes))
        parts = [own[a:b].reshape(-1, 1) for a, b in pairwise(ends)]
        found = self.family.derivatives(self.outcome, eta[:, None], self.link, parts)
        slopes = [one.sum(axis=(1, 2)) for one in found.parameters]
        return (
            float(found.value.sum()),
            found.first[:, 0],
            np.concatenate([*slopes, np.empty(0)]),
        )


@compiled
def predictor(
    F: np.ndarray,
    own: np.ndarray,
    group: np.ndarray,
    phi: np.ndarray,
    z: np.ndarray,
    tau: np.ndarray,
) -> np.ndarray:
    """eta, (n,), row by row."""
    eta = np.zeros(len(F))
    for i in range(len(F)):
        for j in range(len(phi)):
            eta[i] += F[i, j] * phi[j]
        for k in range(len(tau)):
            eta[i] += own[k, i] * tau[k] * z[k, group[i]]
    return eta


@compiled
def normal_parts(
    F: np.ndarray,
    own: np.ndarray,
    group: np.ndarray,
    phi: np.ndarray,
    z: np.ndarray,
    tau: np.ndarray,
    pull: np.ndarray,
    prior_mean: np.ndarray,
    prior_sd: np.ndarray,
    tau_scale: np.ndarray,
) -> tuple[float, np.ndarray]:
    """The log priors of phi, z and log tau, and the gradient in them of priors and rows.

    pull: (n,) slopes of the rows' log likelihoods in eta.
    """
    p, (r, h) = len(phi), z.shape
    gradient = np.zeros(p + r * h + r)
    for i in range(len(F)):
        for j in range(p):
            gradient[j] += F[i, j] * pull[i]
        for k in range(r):
            pulled = own[k, i] * pull[i]
            gradient[p + k * h + group[i]] += tau[k] * pulled
            gradient[p + r * h + k] += tau[k] * z[k, group[i]] * pulled
    value = 0.0
    for j in range(p):
        step = (phi[j] - prior_mean[j]) / prior_sd[j]
        value -= 0.5 * step**2
        gradient[j] -= step / prior_sd[j]
    for k in range(r):
        for g in range(h):
            value -= 0.5 * z[k, g] ** 2
            gradient[p + k * h + g] -= z[k, g]
        ratio = tau[k] / tau_scale[k]
        value += -0.5 * ratio**2 + np.log(tau[k])
        gradient[p + r * h + k] += 1 - ratio**2
    return value, gradient


def sample(
    joint: FamilyJoint, start: float, draws: int, seed: int
) -> tuple[dict[str, np.ndarray], int]:
    """Draws and the number of divergent transitions.

    phi (chain, draw, p), u (chain, draw, R, H), tau (chain, draw, R), own (chain, draw, sizes).
    """
    p, r, h = joint.dims
    size = p + r * h + r + sum(joint.sizes)
    # a gradient of exactly zero, as where a group has no treated row, is refused as a start
    first = 0.1 * np.random.default_rng(seed).standard_normal(size)
    first[0] = start
    first[p + r * h : p + r * h + r] = np.log(0.3)

    def make_logp():
        return lambda x: joint.logp(x)

    def make_expand(*_args):
        return lambda x: {"x": np.asarray(x)}

    model = from_pyfunc(
        size,
        make_logp,
        make_expand,
        [np.dtype("float64")],
        [(size,)],
        ["x"],
        make_initial_point_fn=lambda _seed: first,
    )
    trace = nutpie.sample(
        model,
        draws=draws,
        tune=700,
        chains=4,
        cores=1,  # a density in Python holds the interpreter: more would wait for it
        seed=seed,
        progress_bar=False,
        save_warmup=False,
        adaptation="low_rank",
        target_accept=0.9,
    )
    x = trace.posterior["x"].to_numpy()
    tau = np.exp(x[..., p + r * h : p + r * h + r])
    found = {
        "phi": x[..., :p],
        "u": x[..., p : p + r * h].reshape(*x.shape[:2], r, h) * tau[..., None],
        "tau": tau,
        "own": joint.natural(x[..., p + r * h + r :]),
    }
    return found, int(trace.sample_stats["diverging"].sum())
