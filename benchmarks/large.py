"""One case of the growth study: make its Parquet file, or fit it in this process and say the cost.

    large.py make FILE --rows 1000000 --groups 100000 --layout column
    large.py fit FILE --layout column [--profile]

Layouts: "combinations", five modifiers of ten levels each, whose combinations are the groups (at
most 100,000); "column", a column of group numbers with five modifiers that describe the groups.
Both have three continuous controls, a gaussian outcome and baseline="group".
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import json
import pstats
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODIFIERS = ("m1", "m2", "m3", "m4", "m5")
CONTROLS = ("x1", "x2", "x3")
LEVELS = 10
SIGMA, SIGMA_B, SIGMA_THETA = 1.0, 0.3, 0.2


def make(path: Path, rows: int, groups: int, layout: str) -> None:
    """Simulate from the model and write a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    group = rng.permutation(np.arange(rows) % groups)
    if layout == "combinations":
        if groups > LEVELS ** len(MODIFIERS):
            raise SystemExit(f"at most {LEVELS ** len(MODIFIERS):,} combinations")
        digits = [(np.arange(groups) // LEVELS**k) % LEVELS for k in range(len(MODIFIERS))]
        traits = np.column_stack(digits)
    else:
        traits = np.column_stack(
            [
                rng.integers(0, 2, groups),
                rng.integers(0, 2, groups),
                rng.integers(1, 6, groups),
                np.round(rng.normal(size=groups), 3),
                np.round(rng.normal(size=groups), 3),
            ]
        )
    centred = (traits - traits.mean(axis=0)) / traits.std(axis=0)
    b = centred @ np.array([0.3, -0.2, 0.1, 0.2, 0.0]) + SIGMA_B * rng.normal(size=groups)
    theta = (
        0.4
        + centred @ np.array([0.2, 0.0, -0.1, 0.1, 0.05])
        + SIGMA_THETA * rng.normal(size=groups)
    )
    d = rng.integers(0, 2, rows)
    x = rng.normal(size=(rows, len(CONTROLS)))
    y = 1.0 + x @ np.array([0.5, -0.3, 0.1]) + b[group] + d * theta[group]
    y += SIGMA * rng.normal(size=rows)
    columns: dict[str, NDArray[Any]] = {"y": y, "d": d.astype(np.int8)}
    whole = np.issubdtype(traits.dtype, np.integer)
    for k, name in enumerate(MODIFIERS):
        trait = traits[:, k]
        integral = whole or bool((trait == np.round(trait)).all())
        columns[name] = (trait.astype(np.int8) if integral else trait)[group]
    if layout == "column":
        columns["site"] = group.astype(np.int32)
    columns |= {name: x[:, k] for k, name in enumerate(CONTROLS)}
    pq.write_table(pa.table(columns), path)


def fit(path: Path, layout: str, profile: bool) -> dict[str, Any]:
    """Fit and ask for the tables; seconds by stage and the process's peak memory."""
    import forwhom as fw

    marks: list[tuple[str, float]] = []

    def mark(stage: str) -> None:
        marks.append((stage, time.perf_counter()))

    def work() -> Any:
        result = fw.fit(
            str(path),
            outcome="y",
            treatment="d",
            modifiers=list(MODIFIERS),
            controls=list(CONTROLS),
            groups="site" if layout == "column" else None,
            family="gaussian",
            baseline="group",
            progress=mark,
        )
        for part in ("summary", "modifiers", "effects"):
            mark(f"{part}()")
            getattr(result, part)()
        return result

    profiler = cProfile.Profile() if profile else None
    start = time.perf_counter()
    result = profiler.runcall(work) if profiler else work()
    mark("end")
    if profiler:
        stats = pstats.Stats(profiler, stream=sys.stderr)
        stats.sort_stats("cumulative").print_stats(45)
        stats.sort_stats("tottime").print_stats(25)
    stages = {a[0]: b[1] - a[1] for a, b in itertools.pairwise(marks)}
    return {
        "seconds": marks[-1][1] - start,
        "peak_gb": peak_bytes() / 1e9,
        "groups": result.fitted.design.groups.count,
        "sigma_theta": float(np.median(result.estimands[0].sigma_theta)),
        "stages": stages,
    }


def peak_bytes() -> int:
    """The most memory this process has held."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=("make", "fit"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--layout", choices=("combinations", "column"), required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true", help="print cProfile's account")
    asked = parser.parse_args()
    if asked.task == "make":
        make(asked.file, asked.rows, asked.groups, asked.layout)
    else:
        print(json.dumps(fit(asked.file, asked.layout, asked.profile)))


if __name__ == "__main__":
    main()
