"""The full joint posterior written out row by row, with its gradient, for NUTS.

Shares no code with forwhom's reduction or collapse: matrices of rows, non-centred group
parameters, log standard deviations. What it and the exact method agree on, both have right.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, log1p

import numpy as np
import nutpie
from nutpie.compiled_pyfunc import from_pyfunc

from tests.reference.densities import compiled


@dataclass(frozen=True)
class Joint:
    """Rows and priors of one model.

    F: (n, p) columns of the coefficients; prior_mean, prior_sd, prior_df: (p,), df infinite for a
    normal prior. own: list of (n,) columns of the group parameters; group: (n,) codes, H groups.
    sigma_scale: half-normal scale of sigma, infinite for a flat prior; tau_scale: (R,) of the
    group parameters' sds.
    """

    F: np.ndarray
    y: np.ndarray
    own: tuple[np.ndarray, ...]
    group: np.ndarray
    prior_mean: np.ndarray
    prior_sd: np.ndarray
    prior_df: np.ndarray
    sigma_scale: float
    tau_scale: tuple[float, ...]

    @property
    def sizes(self) -> tuple[int, int, int]:
        return self.F.shape[1], len(self.own), int(self.group.max()) + 1

    def logp(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Of (phi, z, log sigma, log tau)."""
        return log_density(
            *(x, self.F, self.y, np.array(self.own), self.group, self.prior_mean, self.prior_sd),
            *(self.prior_df, self.sigma_scale, np.array(self.tau_scale)),
        )


@compiled
def log_density(
    x, F, y, own, group, prior_mean, prior_sd, prior_df, sigma_scale, tau_scale
) -> tuple[float, np.ndarray]:
    """The log density and its gradient, row by row; own: (R, n)."""
    p, r = F.shape[1], len(own)
    h = group.max() + 1
    at = p + r * h  # of log sigma
    phi, z = x[:p], x[p:at].reshape(r, h)
    sigma, tau = exp(x[at]), np.exp(x[at + 1 :])
    gradient = np.zeros(len(x))
    value = log(sigma) - 0.5 * (sigma / sigma_scale) ** 2
    gradient[at] = 1 - (sigma / sigma_scale) ** 2
    for i in range(len(y)):
        error = y[i]
        for j in range(p):
            error -= F[i, j] * phi[j]
        for k in range(r):
            error -= own[k, i] * tau[k] * z[k, group[i]]
        scaled = error / sigma**2
        value -= log(sigma) + 0.5 * error * scaled
        gradient[at] += error * scaled - 1
        for j in range(p):
            gradient[j] += F[i, j] * scaled
        for k in range(r):
            pulled = own[k, i] * scaled * tau[k]
            gradient[p + k * h + group[i]] += pulled
            gradient[at + 1 + k] += pulled * z[k, group[i]]
    for j in range(p):
        step, df = (phi[j] - prior_mean[j]) / prior_sd[j], prior_df[j]
        if np.isfinite(df):
            value -= (df + 1) / 2 * log1p(step**2 / df)
            gradient[j] -= (df + 1) * step / (df + step**2) / prior_sd[j]
        else:
            value -= 0.5 * step**2
            gradient[j] -= step / prior_sd[j]
    for k in range(r):
        ratio = tau[k] / tau_scale[k]
        value += log(tau[k]) - 0.5 * ratio**2
        gradient[at + 1 + k] += 1 - ratio**2
        for g in range(h):
            value -= 0.5 * z[k, g] ** 2
            gradient[p + k * h + g] -= z[k, g]
    return value, gradient


def sample(joint: Joint, draws: int, chains: int, seed: int) -> dict[str, np.ndarray]:
    """phi (chain, draw, p), u (chain, draw, R, H), sigma (chain, draw), tau (chain, draw, R)."""
    p, r, h = joint.sizes
    size = p + r * h + 1 + r
    start = np.zeros(size)
    start[:p] = np.linalg.lstsq(joint.F, joint.y, rcond=None)[0]
    start[p + r * h] = np.log(joint.y.std())
    start[p + r * h + 1 :] = np.log(0.2 * joint.y.std())

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
        make_initial_point_fn=lambda _seed: start,
    )
    trace = nutpie.sample(
        model,
        draws=draws,
        tune=1000,
        chains=chains,
        cores=1,  # a density in Python holds the interpreter: more would wait for it
        seed=seed,
        progress_bar=False,
        save_warmup=False,
        adaptation="low_rank",
        target_accept=0.95,
    )
    x = trace.posterior["x"].to_numpy()
    z = x[..., p : p + r * h].reshape(*x.shape[:2], r, h)
    tau = np.exp(x[..., p + r * h + 1 :])
    return {
        "phi": x[..., :p],
        "u": z * tau[..., None],
        "sigma": np.exp(x[..., p + r * h]),
        "tau": tau,
    }
