"""Simulate the twin and store its posteriors by long Stan runs: make twin [CASES="logit ordinal"].

Stan is run by stanli, which needs no compiler. The programs are those of the paper's references;
nothing of forwhom's computes here.
"""

from __future__ import annotations

import json
import re
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import arviz_stats
import numpy as np

from tests.paper import OUTCOME, TREATMENT
from tests.reference.checksum import checksum
from tests.reference.stan.export import PAPER_COLUMNS, case_rows, columns_of, stan_data
from tests.reference.twin import data as twin
from tests.studies import TWIN

PROJECT = Path(__file__).parents[3]
PROGRAMS = {
    "alley2023": PROJECT / "benchmarks" / "stan" / "alley2023.stan",
    "logit": PROJECT / "tests" / "reference" / "stan" / "logit.stan",
    "ordinal": PROJECT / "tests" / "reference" / "stan" / "ordinal.stan",
}
KEPT = {
    "alley2023": ("alpha", "sigma", "sigma_theta", "lambda", "theta"),
    "logit": ("alpha", "delta", "lambda", "sigma_b", "sigma_theta", "theta"),
    "ordinal": ("alpha", "delta", "lambda", "sigma_b", "sigma_theta", "theta", "gaps"),
}
SETTINGS = {"chains": 4, "warmup": 2000, "samples": 10_000, "delta": 0.99, "seed": 2026}
QUANTILES = {"q2.5": 0.025, "q5": 0.05, "q50": 0.5, "q95": 0.95, "q97.5": 0.975}


def published_data(rows: dict[str, np.ndarray]) -> dict[str, Any]:
    """The paper's program: untreated rows are one group, the first, whose row of Z is zero."""
    z = np.column_stack([np.ones(len(rows[OUTCOME])), columns_of(rows, PAPER_COLUMNS)])
    z[rows[TREATMENT] == 0] = 0.0
    groups, group = np.unique(z, axis=0, return_inverse=True)
    sizes = {"N": len(z), "G": len(groups), "K": z.shape[1]}
    return sizes | {"group": group + 1, "Z": groups, "y": rows[OUTCOME]}


def today(program: str) -> str:
    """A program in the array syntax of Stan 2.33 and later; rstan of Debian needs the old one."""
    return re.sub(
        r"^( *)(int(?:<[^>]*>)?) (\w+)\[(\w+)\];", r"\1array[\4] \2 \3;", program, flags=re.M
    )


def summary(chains: np.ndarray) -> dict[str, float]:
    """Of the draws of one parameter, (chains, draws)."""
    found = {
        "mean": chains.mean(),
        "sd": chains.std(ddof=1),
        "mcse_mean": arviz_stats.mcse(chains, method="mean"),
        "mcse_sd": arviz_stats.mcse(chains, method="sd"),
        "ess": arviz_stats.ess(chains, method="mean"),
        "rhat": arviz_stats.rhat(chains),
    }
    for key in ("q2.5", "q97.5"):
        error = arviz_stats.mcse(chains, method="quantile", prob=QUANTILES[key])
        found[f"mcse_{key}"] = error
    found |= dict(zip(QUANTILES, np.quantile(chains, list(QUANTILES.values())), strict=True))
    return {key: round(float(value), 6) for key, value in found.items()}


def posterior(case: str) -> dict[str, Any]:
    """Run Stan; the summaries of a case's parameters, by Stan's names, and how they came about."""
    import stanli

    if case == "alley2023":
        data = published_data(TWIN.rows())
    else:
        rows, _, names = case_rows(case, TWIN)
        data = stan_data(case, rows, names)
    given = {
        key: value.tolist() if hasattr(value, "tolist") else value for key, value in data.items()
    }
    model = stanli.Model(stan_code=today(PROGRAMS[case].read_text(encoding="utf-8")), data=given)
    began = time.perf_counter()
    fit = model.sample(parallel_chains=2, refresh=0, **SETTINGS)
    made = {
        "date": datetime.now(UTC).date().isoformat(),
        "stan": f"stanli {version('stanli')}",
        "program": PROGRAMS[case].relative_to(PROJECT).as_posix(),
        "numpy": version("numpy"),
        "arviz_stats": version("arviz-stats"),
        **SETTINGS,
        "seconds": round(time.perf_counter() - began, 1),
        "divergences": int(np.sum(fit.divergences)),
    }
    parameters = {}
    for name in KEPT[case]:
        draws = np.asarray(fit.draws(name)).reshape(SETTINGS["chains"], SETTINGS["samples"], -1)
        scalar = draws.shape[2] == 1 and name not in ("delta", "lambda", "gaps")
        for j in range(draws.shape[2]):
            parameters[name if scalar else f"{name}[{j + 1}]"] = summary(draws[:, :, j])
    worst = max(found["rhat"] for found in parameters.values())
    if made["divergences"] or worst > 1.005:
        raise RuntimeError(f"{case}: {made['divergences']} divergences, R-hat up to {worst}")
    return {"made": made, "data": checksum(TWIN.rows()), "parameters": parameters}


def published(found: dict[str, Any]) -> dict[str, Any]:
    """A posterior of the paper's program in the form of the paper's own reference."""
    z = published_data(TWIN.rows())
    parameters = found.pop("parameters")
    terms = ("Intercept", *PAPER_COLUMNS)
    traits = [PAPER_COLUMNS.index(name) + 1 for name in twin.TRAITS]
    for summaries in parameters.values():
        summaries["mcse"] = summaries.pop("mcse_mean")
    theta = [parameters[f"theta[{g + 1}]"] for g in range(z["G"])]
    for g, entry in enumerate(theta):
        entry["n"] = int((z["group"] == g + 1).sum())
        values = z["Z"][g, traits].tolist()
        entry["group"] = dict(zip(twin.TRAITS, values, strict=True)) if g else "control"
    return found | {
        "scalars": {name: parameters[name] for name in ("alpha", "sigma", "sigma_theta")},
        "lambda": {term: parameters[f"lambda[{j + 1}]"] for j, term in enumerate(terms)},
        "theta": theta,
    }


def lines(value: Any, depth: int = 0) -> str:
    """JSON with one parameter a line."""
    if depth == 2 or not isinstance(value, dict | list):
        return json.dumps(value)
    inner, outer = " " * (depth + 1), " " * depth
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {lines(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner + item for item in items) + "\n" + outer + "}"
    items = [inner + lines(item, depth + 1) for item in value]
    return "[\n" + ",\n".join(items) + "\n" + outer + "]"


def main(cases: list[str]) -> None:
    twin.write()
    for case in cases or twin.CASES:
        found = posterior(case)
        print(case, found["made"], flush=True)
        if case == "alley2023":
            found = published(found)
        TWIN.stored[case].write_text(lines(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
