"""Simulation-based calibration of arms, crossed clusters and correlated baseline and effect.

As in ``sbc.py``: every parameter is drawn from the very prior that the fit is given, and the ranks
of the truths among the draws must be uniform.

python benchmarks/sbc_structures.py [--datasets 300] [--design logit-arms ...] [--write]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from common import HERE, markdown, say, setting
from numpy.typing import NDArray
from sbc import LEVEL, ecdf_p_value

FloatArray = NDArray[np.float64]

DRAWS = 999
ROWS, A, M = 240, 4, 5
PRIORS = {
    "alpha": "normal(0, 1)",
    "delta": "normal(0, 0.3)",
    "lambda": "normal(0, 0.3)",
    "sigma_b": "half_normal(0.5)",
    "sigma_theta": "half_normal(0.5)",
}
SHAPE = 2.0  # of the LKJ prior; of two, rho = 2 Beta(shape, shape) - 1
RESULTS = HERE / "sbc_structures.md"


@dataclass(frozen=True)
class Design:
    """What is simulated.

    Attributes:
        family: of the outcome; arms: beside the control; clusters: levels crossed with the groups.
        correlated: a group's baseline and effect; student: degrees of freedom are learnt.
    """

    family: str = "gaussian"
    arms: int = 1
    clusters: int = 0
    correlated: bool = False


DESIGNS = {
    "gaussian-arms": Design(arms=3),
    "gaussian-clusters": Design(clusters=12),
    "gaussian-correlated": Design(correlated=True),
    "logit-arms": Design("bernoulli", arms=3),
    "logit-clusters": Design("bernoulli", clusters=12),
    "logit-correlated": Design("bernoulli", correlated=True),
}


def simulate(
    rng: np.random.Generator, design: Design
) -> tuple[dict[str, FloatArray], dict[str, float]]:
    """One data set and its truth."""
    j = design.arms
    alpha, delta, lambda_ = rng.normal(), 0.3 * rng.normal(size=2), 0.3 * rng.normal(size=(j, 3))
    sigma_b, sigma_theta = abs(0.5 * rng.normal()), np.abs(0.5 * rng.normal(size=j))
    sigma, sigma_k = abs(rng.normal()), abs(0.5 * rng.normal())
    rho = 2 * rng.beta(SHAPE, SHAPE) - 1 if design.correlated else 0.0
    z = np.column_stack([np.repeat(np.arange(A), M), np.tile(np.arange(M), A)]) - [1.5, 2.0]
    noise = rng.normal(size=(1 + j, A * M))
    b = sigma_b * noise[0]
    noise[1] = rho * noise[0] + np.sqrt(1 - rho**2) * noise[1]
    theta = lambda_[:, :1] + lambda_[:, 1:] @ z.T + sigma_theta[:, None] * noise[1:]
    group, arm = rng.integers(0, A * M, ROWS), rng.integers(0, 1 + j, ROWS)
    eta = alpha + (z @ delta + b)[group]
    eta += np.vstack([np.zeros(A * M), theta])[arm, group]
    if design.clusters:
        k = rng.integers(0, design.clusters, ROWS)
        eta += (sigma_k * rng.normal(size=design.clusters))[k]
    if design.family == "bernoulli":
        y = (rng.random(ROWS) < 1 / (1 + np.exp(-eta))).astype(float)
    else:
        y = eta + sigma * rng.normal(size=ROWS)
    truth = {"alpha": alpha, "delta[a]": delta[0], "delta[m]": delta[1], "sigma_b": sigma_b}
    for i in range(j):
        truth |= {f"lambda[{i + 1}, {t}]": lambda_[i, t] for t in range(3)}
        truth[f"sigma_theta[{i + 1}]"] = sigma_theta[i]
        truth[f"theta[{i + 1}] (a random row's group)"] = theta[i, group[0]]
    if design.family == "gaussian":
        truth["sigma"] = sigma
    if design.correlated:
        truth["correlation"] = rho
    data = {"y": y, "a": z[group, 0], "m": z[group, 1]}
    data["d"] = np.array(["none", "one", "two", "three"])[arm] if j > 1 else arm.astype(float)
    if design.clusters:
        truth["sigma_k"] = sigma_k
        data["k"] = k
    return data, {name: float(value) for name, value in truth.items()}


def call(design: Design) -> dict[str, Any]:
    """Keywords of the fit."""
    priors = dict(PRIORS)
    if design.family == "gaussian":
        priors["sigma"] = "half_normal(1)"
    if design.clusters:
        priors["sigma_k"] = "half_normal(0.5)"
    if design.correlated:
        priors["correlation"] = f"lkj({SHAPE:g})"
    more: dict[str, Any] = {"clusters": "k"} if design.clusters else {}
    return {
        "outcome": "y",
        "treatment": "d",
        "modifiers": "a + m",
        "family": design.family,
        "priors": priors,
        "correlated": design.correlated,
        **more,
    }


def one(job: tuple[int, str]) -> tuple[dict[str, float], str, float, bool]:
    """Ranks as shares in (0, 1), the method, its effective share, and whether its check passed."""
    import forwhom as fw

    seed, name = job
    design = DESIGNS[name]
    rng = np.random.default_rng([seed, list(DESIGNS).index(name)])
    data, truth = simulate(rng, design)
    fit = fw.fit(data, draws=DRAWS, seed=seed, **call(design))
    first = fit.estimands[0]
    groups = first.design.groups
    where = np.flatnonzero(
        (np.asarray(groups.column_values(0)) == data["a"][0])
        & (np.asarray(groups.column_values(1)) == data["m"][0])
    )[0]
    draws = {"alpha": first.alpha, "sigma_b": first.sigma_b, **first.parameters}
    draws |= {f"delta[{t}]": first.delta[:, i] for i, t in enumerate("am")}
    names = ["one", "two", "three"] if design.arms > 1 else [""]
    arms = {arm.treatment.name: arm for arm in fit.estimands}
    for i, word in enumerate(names):
        arm = next(v for k, v in arms.items() if word in k)
        draws |= {f"lambda[{i + 1}, {t}]": arm.lambda_[:, t] for t in range(3)}
        draws[f"sigma_theta[{i + 1}]"] = arm.sigma_theta
        draws[f"theta[{i + 1}] (a random row's group)"] = arm.theta()[where]
    draws |= {parameter: values for parameter, _, values in first.others}
    ranks = {
        k: float(((np.asarray(draws[k]).reshape(-1) < truth[k]).sum() + rng.random()) / (DRAWS + 1))
        for k in truth
    }
    found = first.diagnostics
    return ranks, found.method, getattr(found.check, "effective_share", np.nan), fit.passed


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--datasets", type=int, default=300)
    parser.add_argument("--design", nargs="*", choices=tuple(DESIGNS), default=list(DESIGNS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    rows, lines = [], []
    for name in asked.design:
        began = time.perf_counter()
        jobs = [(asked.seed * 100_000 + i, name) for i in range(asked.datasets)]
        with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
            found = pool.map(one, jobs, chunksize=5)
        seconds = time.perf_counter() - began
        rng = np.random.default_rng(0)
        for parameter in found[0][0]:
            ranks = np.array([one_of[0][parameter] for one_of in found])
            bins = np.histogram(ranks, bins=10, range=(0, 1))[0]
            p = ecdf_p_value(ranks, rng)
            rows.append([name, parameter, " ".join(str(b) for b in bins), f"{p:.3f}"])
        methods = [one_of[1] for one_of in found]
        ways = ", ".join(f"{methods.count(m)} by {m}" for m in dict.fromkeys(methods))
        shares = [one_of[2] for one_of in found if np.isfinite(one_of[2])]
        passed = sum(one_of[3] for one_of in found)
        lines.append(
            f"- {name}: {asked.datasets} data sets in {seconds:.0f} s ({ways}); the method's check "
            f"passed in {passed}; effective share {min(shares, default=0):.0%} at least, "
            f"{np.median(shares) if shares else 0:.0%} in the median."
        )
        say(lines[-1])
    worst = min(float(row[-1]) for row in rows)
    limit = 1 - (1 - LEVEL) ** (1 / len(rows))
    verdict = (
        f"Smallest of {len(rows)} p values: {worst:.4f}; for all together to be uniform at the 5 % "
        f"level it must exceed {limit:.4f}: {'it does' if worst > limit else 'IT DOES NOT'}."
    )
    table = markdown(["design", "parameter", "ranks in ten bins", "p (ECDF)"], rows)
    about = setting("python benchmarks/sbc_structures.py --write")
    parts = ["# Calibration of arms, clusters and correlations", "", about, "", *lines, ""]
    text = "\n".join([*parts, verdict, "", table, ""])
    say(text)
    if asked.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
