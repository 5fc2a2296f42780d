"""Families: seconds for the paper's data, the demo, crossed clusters; brms beside; cost by rows.

python benchmarks/families.py [--write] [--no-brms]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paper
from common import HERE, R_SCRIPTS, markdown, say, setting
from crossed import CASES

RESULTS = HERE / "families.md"


@dataclass(frozen=True)
class Cost:
    """Seconds waited for and seconds of the processor, medians over some runs."""

    wall: float
    processor: float

    @staticmethod
    def of(runs: list[tuple[float, float]]) -> Cost:
        walls, processors = zip(*runs, strict=True)
        return Cost(statistics.median(walls), statistics.median(processors))


def runs_of(work: Callable[[], Any], times: int = 3) -> list[tuple[float, float]]:
    """Seconds waited for and of the processor, of some runs."""
    out = []
    for _ in range(times):
        began, spent = time.perf_counter(), time.process_time()
        work()
        out.append((time.perf_counter() - began, time.process_time() - spent))
    return out


@dataclass(frozen=True)
class Brms:
    """brms' sampling: 4 chains of 1,000 draws after 1,000 of warm-up, compiling left out.

    Attributes:
        one: one chain after the other, brms' default (cores = 1).
        two: two chains at a time on two cores, starting the two processes included.
        version: of brms.
    """

    one: Cost
    two: Cost
    version: str


def brms_seconds() -> Brms:
    """Run brms in R."""
    from tests.reference.stan.export import write

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), paper.study())
        done = subprocess.run(
            ["Rscript", str(R_SCRIPTS / "brms_logit.R"), f"{folder}/logit.csv"],
            capture_output=True,
            text=True,
            check=True,
        )
    words = done.stdout.split()

    def cost(name: str) -> Cost:
        at = words.index(name)
        return Cost(float(words[at + 1]), float(words[at + 2]))

    return Brms(cost("one_core"), cost("two_cores"), words[words.index("brms") + 1])


def discrete(n: int) -> dict[str, np.ndarray]:
    """n rows over the same 400 cells: 100 groups, two arms, a yes-or-no outcome."""
    rng = np.random.default_rng(1)
    cell = np.r_[np.arange(200), rng.integers(0, 200, n - 200)]
    group, d = cell // 2, (cell % 2).astype(float)
    eta = 0.2 * rng.normal(size=100)[group] - 0.5 + d * (0.4 + 0.3 * rng.normal(size=100)[group])
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return {"y": y, "d": d, "a": (group // 10).astype(float), "m": (group % 10).astype(float)}


def inference_seconds(data: dict[str, np.ndarray]) -> tuple[Cost, Cost]:
    """Seconds from cells to draws, and in all."""
    import forwhom as fw

    def now() -> np.ndarray:
        return np.array([time.perf_counter(), time.process_time()])

    stages: dict[str, np.ndarray] = {}
    began = now()
    fw.fit(
        data,
        "y",
        "d",
        "a + m",
        family="bernoulli",
        progress=lambda stage: stages.update({stage: now()}),
    )
    end = now()
    return Cost(*(end - stages["Exploring the posterior"])), Cost(*(end - began))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--no-brms", action="store_true")
    asked = parser.parse_args()
    import forwhom as fw
    from tests.reference.stan.export import case_rows

    rows: list[list[str]] = []
    load = (
        f"Load of the machine at the start (processes that want a core): {os.getloadavg()[0]:.1f}."
    )

    def add(what: str, cost: Cost, bound: str, held: bool | None) -> None:
        verdict = {None: "", True: "yes", False: "NO"}[held]
        rows.append([what, f"{cost.wall:.2f} s", f"{cost.processor:.2f} s", bound, verdict])

    def at_most(what: str, cost: Cost, bound: float) -> None:
        add(what, cost, f"{bound:g} s", cost.wall <= bound)

    data, formula, _ = case_rows("logit", paper.study())

    def fit_logit() -> fw.Fit:
        return fw.fit(data, "y", "d", formula, family="bernoulli")

    ours = runs_of(fit_logit, 5)
    peer = None if asked.no_brms else brms_seconds()
    ours += runs_of(fit_logit, 5)  # before and after: the machine may have become busier
    logit = Cost.of(ours)
    count = fit_logit().fitted.design.groups.count
    at_most(f"{paper.whose()}, bernoulli-logit, {count} groups", logit, 2)
    tables = Cost.of(runs_of(lambda: fit_logit().effects()))
    add("the same with the draws and the table of group effects", tables, "", None)
    if peer is not None:
        brms = f"brms {peer.version}, 4 x 1,000 draws after 1,000"
        for what, cost, share in (
            ("cores = 1 (its default)", peer.one, logit.wall / peer.one.wall),
            ("cores = 2", peer.two, logit.wall / peer.two.wall),
            ("processor seconds", peer.one, logit.processor / peer.one.processor),
        ):
            bound = f"ours / brms = {share:.4f} = 1/{1 / share:.0f}, asked for 1/30"
            add(f"{brms}: {what}", cost, bound, share <= 1 / 30)
    other, other_formula, _ = case_rows("ordinal", paper.study())
    ordinal = runs_of(lambda: fw.fit(other, "y", "d", other_formula, family="ordinal"))
    at_most(f"{paper.whose()}, ordinal", Cost.of(ordinal), 4)
    example = fw.datasets.DATASETS["black_politicians"]
    demo = runs_of(
        lambda: fw.fit(
            fw.datasets.path(),
            example.outcome,
            example.treatment,
            list(example.modifiers),
            family="bernoulli",
        )
    )
    at_most("demo, 5,593 rows, bernoulli-logit", Cost.of(demo), 1)
    crossed = CASES[-1]
    groups = int(np.prod(crossed.groups))
    what = f"{crossed.rows:,} rows, {groups} groups x {crossed.clusters} clusters, logit: NUTS"
    crossed_rows = crossed.data()
    cost = Cost.of(runs_of(lambda: crossed.fit(crossed_rows, lambda _: None), 1))
    at_most(what, cost, crossed.bound)
    parts = {n: inference_seconds(discrete(n)) for n in (10_000, 10_000_000)}
    for n, (inference, whole) in parts.items():
        add(f"{n:,} rows, 400 cells: inference", inference, "", None)
        add(f"{n:,} rows, 400 cells: in all", whole, "", None)
    r_packages = () if asked.no_brms else ("brms", "rstan")
    about = setting("python benchmarks/families.py --write", r_packages, ("nutpie",))
    table = markdown(["what", "waited", "processor", "asked for", "held"], rows)
    text = "\n".join(["# Families", "", about, load, *filter(None, [paper.note()]), "", table, ""])
    say(text)
    if asked.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
