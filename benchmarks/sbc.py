"""Simulation-based calibration of families without a closed form.

Parameters are drawn from the priors that the fit is then given, so the truth's rank among the
posterior draws is uniform if the posterior is right (Talts et al. 2018, arXiv:1804.06788). Each
parameter's ranks are judged by the simultaneous ECDF test of Säilynoja, Bürkner and Vehtari (2022,
Statistics and Computing 32(32)): the smallest pointwise binomial tail probability, held against
its own distribution under uniformity.

python benchmarks/sbc.py [--datasets 400] [--family bernoulli] [--seed 1] [--write]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time

import numpy as np
from common import HERE, markdown, say, setting
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]

FAMILIES = ("bernoulli", "poisson", "ordinal")
DRAWS = 999
ROWS, A, M = 240, 4, 8
PRIORS = {
    "alpha": "normal(0, 1)",
    "delta": "normal(0, 0.3)",
    "lambda": "normal(0, 0.3)",
    "sigma_b": "half_normal(0.5)",
    "sigma_theta": "half_normal(0.5)",
}
GAPS = 2  # an ordinal outcome of four levels
RESULTS = HERE / "sbc.md"
LEVEL = 0.05


def simulate(
    rng: np.random.Generator, family: str
) -> tuple[dict[str, FloatArray], dict[str, float]]:
    """One data set and its truth; ordinal data are drawn again until every level occurs."""
    from forwhom.families import FAMILIES as TABLE
    from forwhom.families import Outcome

    while True:
        alpha, delta, lambda_ = rng.normal(), 0.3 * rng.normal(size=2), 0.3 * rng.normal(size=3)
        sigma_b, sigma_theta = np.abs(0.5 * rng.normal(size=2))
        a, m = rng.integers(0, A, ROWS), rng.integers(0, M, ROWS)
        d = rng.integers(0, 2, ROWS).astype(float)
        group = a * M + m
        b = sigma_b * rng.normal(size=A * M)
        z = np.column_stack([np.repeat(np.arange(A), M), np.tile(np.arange(M), A)]) - [1.5, 3.5]
        theta = lambda_[0] + z @ lambda_[1:] + sigma_theta * rng.normal(size=A * M)
        eta = alpha + (z @ delta + b)[group] + d * theta[group]
        gaps = np.abs(rng.normal(size=GAPS)) if family == "ordinal" else np.empty(0)
        own = [gaps[:, None]] if family == "ordinal" else []
        link = TABLE[family].links[0]
        levels = GAPS + 2 if family == "ordinal" else 0
        outcome = Outcome.of(np.zeros(ROWS), levels=levels)
        y = TABLE[family].draw(rng, eta[:, None], link, own, outcome)[:, 0]
        if len(np.unique(y)) >= max(levels, 2):
            break
    truth = {
        "alpha": alpha,
        "delta[a]": delta[0],
        "delta[m]": delta[1],
        "lambda[Intercept]": lambda_[0],
        "lambda[a]": lambda_[1],
        "lambda[m]": lambda_[2],
        "sigma_b": sigma_b,
        "sigma_theta": sigma_theta,
        **{f"gaps[{j + 1}]": float(gap) for j, gap in enumerate(gaps)},
        "theta (a random row's group)": theta[group[0]],
    }
    data = {"y": y, "d": d, "a": a - 1.5, "m": m - 3.5}
    return data, {name: float(value) for name, value in truth.items()}


def one(job: tuple[int, str]) -> tuple[dict[str, float], float, bool]:
    """Ranks as shares in (0, 1), the effective share, and whether the fit's own check passed."""
    import forwhom as fw

    seed, family = job
    rng = np.random.default_rng([seed, FAMILIES.index(family)])
    data, truth = simulate(rng, family)
    priors = PRIORS | ({"gaps": "half_normal(1)"} if family == "ordinal" else {})
    fit = fw.fit(data, "y", "d", "a + m", family=family, priors=priors, draws=DRAWS, seed=seed)
    result = fit.estimands[0]
    groups = result.design.groups
    where = (np.asarray(groups.column_values(0)) == data["a"][0]) & (
        np.asarray(groups.column_values(1)) == data["m"][0]
    )
    draws = {
        "alpha": result.alpha,
        "delta[a]": result.delta[:, 0],
        "delta[m]": result.delta[:, 1],
        "lambda[Intercept]": result.lambda_[:, 0],
        "lambda[a]": result.lambda_[:, 1],
        "lambda[m]": result.lambda_[:, 2],
        "sigma_b": result.sigma_b,
        "sigma_theta": result.sigma_theta,
        "theta (a random row's group)": result.theta()[int(np.flatnonzero(where)[0])],
    }
    for name, values in result.parameters.items():
        draws |= {f"{name}[{j + 1}]": values[:, j] for j in range(values.shape[1])}
    ranks = {k: ((draws[k] < truth[k]).sum() + rng.random()) / (DRAWS + 1) for k in truth}
    return ranks, result.diagnostics.check.effective_share, fit.passed


def ecdf_p_value(ranks: FloatArray, rng: np.random.Generator, simulations: int = 20_000) -> float:
    """P value of uniformity by the smallest pointwise tail probability of the ECDF."""
    n = len(ranks)
    at = np.arange(1, 100) / 100
    counts = np.arange(n + 1)
    below = stats.binom.cdf(counts[:, None], n, at)
    above = stats.binom.sf(counts[:, None] - 1, n, at)
    tail = np.minimum(below, above)  # (n + 1, points)
    points = np.arange(len(at))

    def smallest(u: FloatArray) -> FloatArray:
        inside = (u[:, :, None] <= at).sum(axis=1)
        return tail[inside, points].min(axis=1)

    observed = smallest(ranks[None])[0]
    null = np.concatenate([smallest(rng.random((200, n))) for _ in range(simulations // 200)])
    return float((null <= observed).mean())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--datasets", type=int, default=400)
    parser.add_argument("--family", action="append", choices=FAMILIES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    families = tuple(asked.family or FAMILIES)
    rows, lines = [], []
    for family in families:
        began = time.perf_counter()
        jobs = [(asked.seed * 100_000 + i, family) for i in range(asked.datasets)]
        with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
            found = pool.map(one, jobs, chunksize=5)
        seconds = time.perf_counter() - began
        rng = np.random.default_rng(0)
        for name in found[0][0]:
            ranks = np.array([ranks[name] for ranks, _, _ in found])
            bins = np.histogram(ranks, bins=10, range=(0, 1))[0]
            p = ecdf_p_value(ranks, rng)
            rows.append([family, name, " ".join(str(b) for b in bins), f"{p:.3f}"])
        shares = [share for _, share, _ in found]
        passed = sum(ok for _, _, ok in found)
        lines.append(
            f"- {family}: {asked.datasets} data sets in {seconds:.0f} s; k-hat below 0.7 in "
            f"{passed}; effective share {min(shares):.0%} at least, {np.median(shares):.0%} in the "
            "median."
        )
    worst = min(float(row[-1]) for row in rows)
    limit = 1 - (1 - LEVEL) ** (1 / len(rows))
    verdict = (
        f"Smallest of {len(rows)} p values: {worst:.3f}; for all together to be uniform at the 5 % "
        f"level it must exceed {limit:.4f}: {'it does' if worst > limit else 'IT DOES NOT'}."
    )
    table = markdown(["family", "parameter", "ranks in ten bins", "p (ECDF)"], rows)
    about = setting("python benchmarks/sbc.py --write")
    parts = ["# Simulation-based calibration", "", about, "", *lines, "", verdict, "", table, ""]
    text = "\n".join(parts)
    say(text)
    if asked.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
