"""Clusters crossed with groups: seconds, effective draws and their check.

python benchmarks/crossed.py [--write]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from common import HERE, markdown, say, setting

import forwhom as fw
from forwhom.methods import ChainCheck, WeightCheck

RESULTS = HERE / "crossed.md"


@dataclass(frozen=True)
class Case:
    """Rows of one size: groups of two modifiers crossed with clusters."""

    family: str
    rows: int
    groups: tuple[int, int]
    clusters: int
    bound: float | None = None  # seconds

    def data(self) -> dict[str, np.ndarray]:
        """Effects differ by modifiers, groups and not by cluster; levels by both."""
        rng = np.random.default_rng(3)
        n, (left, right) = self.rows, self.groups
        a, m = rng.integers(0, left, n), rng.integers(0, right, n)
        d, k = rng.integers(0, 2, n), rng.integers(0, self.clusters, n)
        g = a * right + m
        b, u = rng.normal(0, 0.4, left * right), rng.normal(0, 0.3, left * right)
        c = rng.normal(0, 0.6, self.clusters)
        eta = -0.5 + 0.05 * a + b[g] + c[k] + d * (0.5 - 0.05 * a + 0.02 * m + u[g])
        if self.family == "bernoulli":
            y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
        else:
            y = eta + rng.normal(size=n)
        return {"y": y} | {
            name: x.astype(float) for name, x in (("a", a), ("m", m), ("d", d), ("k", k))
        }

    def fit(self, data: dict[str, np.ndarray], progress: Callable[[str], None]) -> fw.Fit:
        return fw.fit(
            data,
            "y",
            "d",
            "a + m",
            groups=["a", "m"],
            clusters="k",
            family=self.family,
            progress=progress,
        )


CASES = (
    Case("gaussian", 900, (2, 3), 8),
    Case("bernoulli", 2_000, (4, 5), 50),
    Case("bernoulli", 20_000, (10, 20), 500, 60.0),
)
HEADERS = ("family", "rows", "groups", "clusters", "waited", "processor")
CHECK = ("runs", "effective draws (bulk, tail)", "R-hat", "divergences", "asked for", "held")


def measured(case: Case) -> list[str]:
    """One row of the table: a fit of 4,000 draws."""
    data: dict[str, np.ndarray] = case.data()
    stages: list[str] = []
    began, spent = time.perf_counter(), time.process_time()
    fit = case.fit(data, stages.append)
    wall, processor = time.perf_counter() - began, time.process_time() - spent
    check = fit.fitted.diagnostics.check
    runs = 1 + sum("again" in stage for stage in stages)
    if isinstance(check, WeightCheck):
        effective = f"{check.proposals * check.effective_share:,.0f}, of weights"
        told = [effective, f"k-hat {check.k_hat:.2f}", ""]
    else:
        assert isinstance(check, ChainCheck)
        told = [f"{check.ess_bulk:,.0f}, {check.ess_tail:,.0f}", f"{check.r_hat:.4f}"]
        told.append(str(check.divergences))
    return [
        case.family,
        f"{case.rows:,}",
        str(fit.fitted.design.groups.count),
        str(case.clusters),
        f"{wall:.3g} s",
        f"{processor:.3g} s",
        str(runs),
        *told,
        "" if case.bound is None else f"{case.bound:.0f} s",
        "" if case.bound is None else ("yes" if wall <= case.bound else "NO"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    write = parser.parse_args().write
    load = f"{os.getloadavg()[0]:.1f}"
    rows = []
    for case in CASES:
        say(f"{case.family}, {case.rows:,} rows")
        rows.append(measured(case))
    text = "\n".join(
        [
            "# Crossed clusters",
            "",
            "4,000 draws, one fit each, by the method that auto takes: `collapse` for gaussian,",
            "`laplace` for bernoulli. Effective draws of weights are those of the standard",
            "deviations, of which several draws of everything else may share one.",
            "",
            setting("python benchmarks/crossed.py --write", python=("nutpie",)),
            f"Load of the machine at the start (processes that want a core): {load}.",
            "",
            markdown([*HEADERS, *CHECK], rows),
            "",
        ]
    )
    print(text)
    if write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
