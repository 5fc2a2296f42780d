"""Families by quadrature: seconds for the paper's data and the demo, against brms; cost by rows.

python benchmarks/families.py [--write] [--no-brms]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import HERE, R_SCRIPTS, ROOT, markdown, say, setting

sys.path.insert(0, str(ROOT))

RESULTS = HERE / "families.md"


def timed(work: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Median seconds of some runs, and the last result."""
    found, seconds = None, []
    for _ in range(times):
        began = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), found


def brms_seconds() -> tuple[float, str]:
    """Seconds of brms' sampling, 4 chains of 1,000 draws, compiling not counted."""
    from tests.reference.stan.export import write

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        done = subprocess.run(
            ["Rscript", str(R_SCRIPTS / "brms_logit.R"), f"{folder}/logit.csv"],
            capture_output=True,
            text=True,
            check=True,
        )
    words = done.stdout.split()
    return float(words[words.index("sampling_seconds") + 1]), words[words.index("brms") + 1]


def discrete(n: int) -> dict[str, np.ndarray]:
    """n rows over the same 400 cells: 100 groups, two arms, a yes-or-no outcome."""
    rng = np.random.default_rng(1)
    cell = np.r_[np.arange(200), rng.integers(0, 200, n - 200)]
    group, d = cell // 2, (cell % 2).astype(float)
    eta = 0.2 * rng.normal(size=100)[group] - 0.5 + d * (0.4 + 0.3 * rng.normal(size=100)[group])
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return {"y": y, "d": d, "a": (group // 10).astype(float), "m": (group % 10).astype(float)}


def inference_seconds(data: dict[str, np.ndarray]) -> tuple[float, float]:
    """Seconds from cells to draws, and in all."""
    import forwhom as fw

    stages: list[tuple[str, float]] = []
    began = time.perf_counter()
    fw.fit(
        data,
        "y",
        "d",
        "a + m",
        family="bernoulli",
        progress=lambda stage: stages.append((stage, time.perf_counter())),
    )
    end = time.perf_counter()
    exploring = next(at for stage, at in stages if stage == "Exploring the posterior")
    return end - exploring, end - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--no-brms", action="store_true")
    asked = parser.parse_args()
    import forwhom as fw
    from tests.reference.stan.export import case_rows

    rows: list[list[str]] = []

    def add(what: str, seconds: float, bound: str, held: bool | None) -> None:
        verdict = {None: "", True: "yes", False: "NO"}[held]
        rows.append([what, f"{seconds:.2f} s", bound, verdict])

    data, formula, _ = case_rows("logit")
    logit, _ = timed(lambda: fw.fit(data, "y", "d", formula, family="bernoulli"))
    add("paper's data, bernoulli-logit, 278 groups", logit, "2 s", logit <= 2)
    data, formula, _ = case_rows("ordinal")
    ordinal, _ = timed(lambda: fw.fit(data, "y", "d", formula, family="ordinal"))
    add("paper's data, ordinal", ordinal, "4 s", ordinal <= 4)
    example = fw.datasets.DATASETS["black_politicians"]
    demo, _ = timed(
        lambda: fw.fit(
            fw.datasets.path(),
            example.outcome,
            example.treatment,
            list(example.modifiers),
            family="bernoulli",
        )
    )
    add("demo, 5,593 rows, bernoulli-logit", demo, "1 s", demo <= 1)
    parts = {n: inference_seconds(discrete(n)) for n in (10_000, 10_000_000)}
    for n, (inference, whole) in parts.items():
        add(f"{n:,} rows, 400 cells: inference", inference, "", None)
        add(f"{n:,} rows, 400 cells: in all", whole, "", None)
    r_packages: tuple[str, ...] = ()
    if not asked.no_brms:
        seconds, version = brms_seconds()
        share = logit / seconds
        rows.append(
            [
                f"brms {version}, 4 x 1,000 draws after 1,000: sampling",
                f"{seconds:.2f} s",
                f"ours / brms = {share:.3f}, asked for 1/30 = 0.033",
                "yes" if share <= 1 / 30 else "NO",
            ]
        )
        r_packages = ("brms", "rstan")
    about = setting("python benchmarks/families.py --write", r_packages)
    table = markdown(["what", "seconds", "asked for", "held"], rows)
    text = "\n".join(["# Families by quadrature", "", about, "", table, ""])
    say(text)
    if asked.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
