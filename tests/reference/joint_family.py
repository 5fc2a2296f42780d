"""The full joint posterior of any family, row by row with its gradient, for NUTS.

Shares with forwhom only the families' functions, which are held to scipy's densities on their own:
no cells, no collapse, no quadrature, no internal units. Group parameters are non-centred, standard
deviations and positive parameters are logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import nutpie
from nutpie.compiled_pyfunc import from_pyfunc

from forwhom.families import Family, Outcome


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

    @property
    def dims(self) -> tuple[int, int, int]:
        return self.F.shape[1], len(self.own), int(self.group.max()) + 1

    def split(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
        p, r, h = self.dims
        phi, z = x[:p], x[p : p + r * h].reshape(r, h)
        tau = np.exp(x[p + r * h : p + r * h + r])
        ends = p + r * h + r + np.cumsum((0, *self.sizes))
        values = self.natural(x[p + r * h + r :])
        own = [values[a:b].reshape(-1, 1) for a, b in pairwise(ends - ends[0])]
        return phi, z, tau, own

    def natural(self, own: np.ndarray) -> np.ndarray:
        """The family's parameters from their coordinates, along the last axis."""
        positive = [parameter.positive for parameter in self.family.parameters]
        return np.where(np.repeat(positive, self.sizes), np.exp(own), own)

    def logp(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        phi, z, tau, own = self.split(x)
        eta = self.F @ phi
        for k, column in enumerate(self.own):
            eta = eta + column * tau[k] * z[k, self.group]
        found = self.family.derivatives(self.outcome, eta[:, None], self.link, own)
        pull = found.first[:, 0]
        step = (phi - self.prior_mean) / self.prior_sd
        value = float(found.value.sum() - 0.5 * step @ step - 0.5 * (z**2).sum())
        value += float((-0.5 * (tau / self.tau_scale) ** 2 + np.log(tau)).sum())
        d_phi = self.F.T @ pull - step / self.prior_sd
        d_z, d_tau = np.empty_like(z), np.empty(len(tau))
        for k, column in enumerate(self.own):
            pulled = np.bincount(self.group, column * pull, z.shape[1])
            d_z[k] = tau[k] * pulled - z[k]
            d_tau[k] = tau[k] * float(z[k] @ pulled) - (tau[k] / self.tau_scale[k]) ** 2 + 1
        d_own = []
        for parameter, values, slopes, rate in zip(
            self.family.parameters, own, found.parameters, self.rates, strict=True
        ):
            if not parameter.positive:
                value -= 0.5 * float(((values / rate) ** 2).sum())
                d_own.append(slopes.sum(axis=(1, 2)) - values[:, 0] / rate**2)
                continue
            value += float((2 * np.log(values) - rate * values).sum())  # gamma(2, rate), Jacobian
            d_own.append(slopes.sum(axis=(1, 2)) * values[:, 0] + 2 - rate * values[:, 0])
        return value, np.concatenate([d_phi, d_z.ravel(), d_tau, *d_own])


def sample(joint: FamilyJoint, start: float, draws: int, seed: int) -> dict[str, np.ndarray]:
    """phi (chain, draw, p), u (chain, draw, R, H), tau (chain, draw, R), own: list of draws."""
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
        tune=800,
        chains=4,
        cores=2,
        seed=seed,
        progress_bar=False,
        save_warmup=False,
        target_accept=0.95,
    )
    x = trace.posterior["x"].to_numpy()
    tau = np.exp(x[..., p + r * h : p + r * h + r])
    return {
        "phi": x[..., :p],
        "u": x[..., p : p + r * h].reshape(*x.shape[:2], r, h) * tau[..., None],
        "tau": tau,
        "own": joint.natural(x[..., p + r * h + r :]),
    }
