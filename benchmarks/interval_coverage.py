"""Do the intervals cover? 1,000 simulated data sets for each baseline.

Every data set's parameters are drawn from the priors that the fit is then given, so an exact
posterior's 95 % intervals hold the truth exactly 95 % of the time, and the truth's rank among the
posterior draws is uniform (simulation-based calibration).

python benchmarks/interval_coverage.py [--datasets 1000] [--baseline group] [--seed 1] [--write]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from common import HERE, markdown, say, setting
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BASELINES = ("group", "modifiers", "shared")
DRAWS = 2_000
LOW, HIGH = 93.5, 96.5  # per cent; what coverage of lambda and theta must lie in
RANK_BINS = 20
RESULTS = HERE / "interval_coverage.md"

# The same numbers draw the truth and go to the fit.
COEFFICIENT_SD = {"alpha": 1.0, "beta": 0.5, "delta": 0.5, "lambda": 0.5}
SCALE_SD = {"sigma_theta": 0.5, "sigma_b": 0.5, "sigma": 1.0}
FAMILIES = ("lambda", "theta", "alpha", "beta", "delta", *SCALE_SD)
REGIONS = ("north", "east", "south", "west")
TERMS = ("woman", "region[north]", "region[south]", "region[west]", "score")


@dataclass(frozen=True)
class Truth:
    """Simulated rows and what made them.

    Attributes:
        rows: columns of data.
        values: parameter name to its true value or values; "theta" per group.
        groups: the modifiers' values to the group's place in theta.
    """

    rows: dict[str, Any]
    values: dict[str, FloatArray]
    groups: dict[tuple[Any, ...], int]


@dataclass(frozen=True)
class Outcome:
    """One data set's reckoning, by parameter.

    Attributes:
        covered: how many intervals held the truth; counted: of how many.
        ranks: share of posterior draws below the truth, a random entry of theta's.
        passed: whether the fit's own diagnostics passed.
    """

    covered: dict[str, int]
    counted: dict[str, int]
    ranks: dict[str, float]
    passed: bool


def simulate(rng: np.random.Generator, baseline: str) -> Truth:
    """600 to 1,500 rows in 40 to 80 groups: 2 x 4 regions x 5 to 10 scores."""
    scores = np.linspace(-1, 1, int(rng.integers(5, 11)))
    woman, region, score = (
        part.ravel() for part in np.meshgrid([0, 1], np.arange(4), scores, indexing="ij")
    )
    indicators = [region == REGIONS.index(name) for name in ("north", "south", "west")]
    z = np.column_stack([woman, *indicators, score]).astype(float)
    count = len(z)
    n = int(rng.integers(600, 1_501))
    values: dict[str, FloatArray] = {
        "alpha": rng.normal(0, COEFFICIENT_SD["alpha"], 1),
        "beta": rng.normal(0, COEFFICIENT_SD["beta"], 1),
        "lambda": rng.normal(0, COEFFICIENT_SD["lambda"], 1 + len(TERMS)),
        "sigma_theta": np.abs(rng.normal(0, SCALE_SD["sigma_theta"], 1)),
        "sigma": np.abs(rng.normal(0, SCALE_SD["sigma"], 1)),
    }
    b = np.zeros(count)
    if baseline != "shared":
        values["delta"] = rng.normal(0, COEFFICIENT_SD["delta"], len(TERMS))
        b = z @ values["delta"]
    if baseline == "group":
        values["sigma_b"] = np.abs(rng.normal(0, SCALE_SD["sigma_b"], 1))
        b = b + values["sigma_b"] * rng.normal(size=count)
    lam = values["lambda"]
    theta = lam[0] + z @ lam[1:] + values["sigma_theta"] * rng.normal(size=count)
    # Uneven groups; every group has a row, so that all have a theta in the result.
    uneven = rng.dirichlet(np.full(count, 2.0))
    group = np.r_[np.arange(count), rng.choice(count, n - count, p=uneven)]
    d = rng.integers(0, 2, n)
    x = rng.normal(1.0, 1.0, n)
    y = values["alpha"] + x * values["beta"] + b[group] + d * theta[group]
    y = y + values["sigma"] * rng.normal(size=n)
    names = np.array(REGIONS)
    rows = {
        "y": y,
        "d": d,
        "x": x,
        "woman": woman[group],
        "region": names[region[group]].tolist(),
        "score": score[group],
    }
    keys = zip(woman.tolist(), names[region].tolist(), score.round(6).tolist(), strict=True)
    values["theta"] = theta
    return Truth(rows, values, {key: g for g, key in enumerate(keys)})


def priors(baseline: str) -> dict[str, str]:
    """The priors that the truth was drawn from, as the fit takes them."""
    given = {name: f"normal(0, {sd})" for name, sd in COEFFICIENT_SD.items()}
    given |= {name: f"half_normal({sd})" for name, sd in SCALE_SD.items()}
    unused = {"group": (), "modifiers": ("sigma_b",), "shared": ("sigma_b", "delta")}
    return {name: text for name, text in given.items() if name not in unused[baseline]}


def reckon(task: tuple[str, int, int]) -> Outcome:
    """Simulate, fit and compare one data set."""
    import forwhom as fw

    baseline, seed, number = task
    rng = np.random.default_rng([seed, BASELINES.index(baseline), number])
    truth = simulate(rng, baseline)
    fit = fw.fit(
        truth.rows,
        outcome="y",
        treatment="d",
        modifiers="woman + region + score",
        controls="x",
        baseline=baseline,
        priors=priors(baseline),
        draws=DRAWS,
        seed=number + 1,
    )
    if fit.fitted.design.effects[0].lambda_names != ("Intercept", *TERMS):
        raise RuntimeError(f"terms in another order: {fit.fitted.design.effects[0].lambda_names}")
    tables = fit.tables()
    effects = tables["effects"].columns
    keys = zip(effects["woman"], effects["region"], effects["score"], strict=True)
    order = [truth.groups[(int(w), str(r), round(float(s), 6))] for w, r, s in keys]
    if sorted(order) != list(range(len(truth.groups))):
        raise RuntimeError("the fit's groups are not the simulated ones")
    true_theta = truth.values["theta"][order]

    covered, counted = dict.fromkeys(FAMILIES, 0), dict.fromkeys(FAMILIES, 0)
    for name, table, true in (
        ("lambda", tables["modifiers"].columns, truth.values["lambda"]),
        ("theta", effects, true_theta),
    ):
        inside = (np.asarray(table["conf_low"]) <= true) & (true <= np.asarray(table["conf_high"]))
        covered[name], counted[name] = int(inside.sum()), len(inside)

    truths = {**truth.values, "theta": true_theta}
    ranks: dict[str, float] = {}
    for (family, index), values in _draws(fit, int(rng.integers(len(order)))).items():
        true = truths[family][index]
        # A theta is one of many, picked blindly: ranks of different data sets are independent.
        ranks[family if family == "theta" else f"{family}[{index}]"] = float((values < true).mean())
        if family not in ("lambda", "theta"):
            low, high = np.quantile(values, [0.025, 0.975])
            covered[family] += int(low <= true <= high)
            counted[family] += 1
    return Outcome(covered, counted, ranks, fit.passed)


def _draws(fit: Any, some_group: int) -> dict[tuple[str, int], FloatArray]:
    """Draws of every shared parameter and of one group's theta, by name and place."""
    result = fit.estimands[0]
    found = {("alpha", 0): result.alpha, ("theta", some_group): result.theta()[some_group]}
    for name, values in (("beta", result.beta), ("delta", result.delta)):
        found |= {(name, k): values[:, k] for k in range(values.shape[1])}
    found |= {("lambda", k): values for k, values in enumerate(result.lambda_.T)}
    for name in ("sigma_theta", "sigma_b", "sigma"):
        values = getattr(result, name)
        if values is not None:
            found[name, 0] = values
    return found


def coverage(outcomes: Sequence[Outcome], name: str) -> tuple[float, float, int]:
    """Coverage in per cent, its standard error with data sets as clusters, and the count."""
    inside = np.array([outcome.covered[name] for outcome in outcomes], dtype=float)
    counted = np.array([outcome.counted[name] for outcome in outcomes], dtype=float)
    share = inside.sum() / counted.sum()
    size = len(outcomes)
    error = np.sqrt(((inside - share * counted) ** 2).sum() * size / (size - 1)) / counted.sum()
    return 100 * float(share), 100 * float(error), int(counted.sum())


def uniformity(outcomes: Sequence[Outcome], name: str) -> tuple[float, float]:
    """Chi-square of the ranks against uniform, and its p value."""
    from scipy.stats import chi2

    ranks = np.array([outcome.ranks[name] for outcome in outcomes])
    bins = _bins(len(ranks))
    # A rank is one of 0..DRAWS; splitting those values evenly is exact up to one in DRAWS.
    place = np.minimum((ranks * DRAWS * bins / (DRAWS + 1)).astype(int), bins - 1)
    seen = np.bincount(place, minlength=bins)
    expected = len(ranks) / bins
    statistic = float(((seen - expected) ** 2 / expected).sum())
    return statistic, float(chi2.sf(statistic, bins - 1))


def _bins(count: int) -> int:
    """Bins for the ranks of some data sets, five or more in each."""
    return min(RANK_BINS, max(2, count // 5))


def report(found: Mapping[str, Sequence[Outcome]]) -> tuple[str, bool]:
    """The printed table, and whether lambda and theta are within the bounds throughout."""
    rows, lowest, held = [], [], True
    for baseline, outcomes in found.items():
        for name in FAMILIES:
            if not outcomes[0].counted[name]:
                continue
            share, error, count = coverage(outcomes, name)
            verdict = ""
            if name in ("lambda", "theta"):
                within = LOW <= share <= HIGH
                held &= within
                verdict = "yes" if within else "NO"
            members = [key for key in outcomes[0].ranks if key.partition("[")[0] == name]
            tests = [uniformity(outcomes, key) for key in members]
            statistic, p = max(tests)
            lowest += [p for _, p in tests]
            worst = f"{statistic:.1f}" + (f" (worst of {len(tests)})" if len(tests) > 1 else "")
            adjusted = 1 - (1 - p) ** len(tests)
            measured = (f"{count:,}", f"{share:.2f} %", f"{error:.2f}", verdict)
            rows.append((baseline, name, *measured, worst, f"{adjusted:.3f}"))
    size = len(next(iter(found.values())))
    bins = _bins(size)
    headers = ("baseline", "parameter", "intervals", "covered", "std. error")
    headers += (f"{LOW} to {HIGH} %", f"rank chi-square, {bins - 1} df", "p")
    failed = sum(not outcome.passed for outcomes in found.values() for outcome in outcomes)
    overall = 1 - (1 - min(lowest)) ** len(lowest)
    text = (
        f"{markdown(headers, rows)}\n\n"
        "Standard errors take the data sets as clusters. Chi-squares hold the truth's rank among "
        "the draws to uniform\n(theta: one group of each data set, picked blindly); p is corrected "
        f"for the number of terms in its row. Over all\n{len(lowest)} tests, the lowest p is "
        f"{min(lowest):.4f}; the chance of one as low is about {overall:.2f}. Fits whose own "
        f"diagnostics\nfailed: {failed} of {size * len(found)}."
    )
    return text, held


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", type=int, default=1_000, help="for each baseline (1000)")
    parser.add_argument("--baseline", choices=BASELINES, action="append", help="only this one")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"also write {RESULTS.name}")
    asked = parser.parse_args(arguments)
    if asked.datasets < 2 or asked.processes < 1:
        parser.error("at least two data sets and one process are needed")
    found: dict[str, list[Outcome]] = {}
    # The processes share the cores already; linear algebra in each keeps to one.
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
        for baseline in asked.baseline or BASELINES:
            start = time.perf_counter()
            tasks = [(baseline, asked.seed, number) for number in range(asked.datasets)]
            found[baseline] = pool.map(reckon, tasks, chunksize=5)
            say(f"baseline {baseline}: {time.perf_counter() - start:.0f} s")
    text, held = report(found)
    command = " ".join(["python", "benchmarks/interval_coverage.py", *arguments])
    heading = (
        f"{setting(command)}\n\n{asked.datasets} data sets for each baseline, {DRAWS:,} draws "
        "each, 600 to 1,500 rows, 40 to 80 groups, 95 % intervals."
    )
    print(f"{heading}\n\n{text}")
    if asked.write:
        RESULTS.write_text(f"# Coverage of the intervals\n\n{heading}\n\n{text}\n", "utf-8")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
