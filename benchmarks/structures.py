"""Arms, treatments, clusters, correlations, heavy tails and shrinkage: seconds, beside lme4.

python benchmarks/structures.py [--only NAME ...] [--write]

Every case is fitted three times (once where it takes long) in this process, all draws of all group
effects included, and by lmer or glmer in an R process of its own, in turn. lme4 gives a point
estimate; ours are 4,000 draws.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import paper
from common import HERE, RProcess, markdown, r_package, say, seconds, setting
from crossed import Case as Crossed

import forwhom as fw
from forwhom.methods import WeightCheck

RESULTS = HERE / "structures.md"
LONG = 2.0  # seconds from which a case is fitted once
type Columns = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A design: its rows, our call and lme4's.

    Attributes:
        name: words: of the table.
        rows: makes the data.
        call: keywords of ``fit`` beside the data.
        lmer: the formula of lme4's model, or empty; family: of lme4.
        bound: seconds asked for; ratio: times lme4's asked for.
    """

    name: str
    words: str
    rows: Callable[[], Columns]
    call: Mapping[str, Any]
    lmer: str = ""
    family: str = "gaussian"
    bound: float | None = None
    ratio: float | None = None
    notes: str = field(default="")


def crossed(n: int, groups: tuple[int, int], clusters: int, logit: bool = False) -> Columns:
    """Groups of two modifiers crossed with clusters."""
    family = "bernoulli" if logit else "gaussian"
    found: Columns = dict(Crossed(family, n, groups, clusters).data())
    return found | {"g": found["a"] * groups[1] + found["m"]}


def arms(n: int, groups: int, logit: bool = False) -> Columns:
    """Three arms beside a control, groups with three modifiers of their own."""
    rng = np.random.default_rng(4)
    traits = rng.normal(size=(groups, 3)).round(2)
    g, arm = rng.integers(0, groups, n), rng.integers(0, 4, n)
    effect = np.array([0.0, 0.3, 0.5, 0.8])[:, None] + 0.2 * traits[:, 0]
    effect = effect + rng.normal(0, 0.2, (4, groups))
    effect[0] = 0
    eta = -0.3 + 0.3 * traits[g, 1] + rng.normal(0, 0.4, groups)[g] + effect[arm, g]
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))) if logit else eta + rng.normal(size=n)
    names = np.array(["control", "letter", "phone", "visit"])
    columns = {f"z{j + 1}": traits[g, j] for j in range(3)}
    dummies = {name: (arm == j).astype(float) for j, name in enumerate(names) if j}
    return {"y": y.astype(float), "arm": names[arm], "g": g, **columns, **dummies}


def treatments(n: int, groups: int) -> Columns:
    """Two treatments given apart from one another, each with modifiers of its own."""
    rng = np.random.default_rng(5)
    traits = rng.normal(size=(groups, 2)).round(2)
    g, d, e = rng.integers(0, groups, n), rng.integers(0, 2, n), rng.integers(0, 2, n)
    u = rng.normal(0, 0.2, (2, groups))
    first, second = 0.4 + 0.2 * traits[:, 0] + u[0], -0.2 + 0.3 * traits[:, 1] + u[1]
    y = rng.normal(0, 0.3, groups)[g] + d * first[g] + e * second[g] + rng.normal(size=n)
    return {"y": y, "d": d, "e": e, "g": g, "z1": traits[g, 0], "z2": traits[g, 1]}


def few_trials() -> Columns:
    """Twelve binomial rows: six groups, both arms."""
    rng = np.random.default_rng(6)
    g, d = np.repeat(np.arange(6), 2), np.tile([0, 1], 6)
    eta = rng.normal(0, 0.5, 6)[g] + d * (0.4 + rng.normal(0, 0.4, 6)[g])
    trials = np.full(12, 40)
    return {"y": rng.binomial(trials, 1 / (1 + np.exp(-eta))), "n": trials, "d": d, "g": g}


def many_modifiers(n: int, count: int, logit: bool = False) -> Columns:
    """Modifiers of which two matter."""
    rng = np.random.default_rng(7)
    z, d = rng.integers(0, 2, (n, count)), rng.integers(0, 2, n)
    eta = 0.2 * z[:, 1] + d * (0.4 + 0.5 * z[:, 0] - 0.3 * z[:, 2])
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))) if logit else eta + rng.normal(size=n)
    return {"y": y.astype(float), "d": d} | {f"z{j}": z[:, j] for j in range(count)}


def choices(n: int, groups: int) -> Columns:
    """An outcome of four unordered categories."""
    rng = np.random.default_rng(8)
    g, d = rng.integers(0, groups, n), rng.integers(0, 2, n)
    z = rng.integers(0, 2, groups)
    eta = rng.normal(0, 0.4, (groups, 4))[g]
    eta = eta + d[:, None] * (np.array([0, 0.5, 0.2, -0.4]) + 0.3 * z[g][:, None])
    y = np.argmax(eta + rng.gumbel(size=(n, 4)), axis=1)
    return {"y": np.array(["car", "bus", "bike", "foot"])[y], "d": d, "g": g, "z": z[g]}


def paper_rows(logit: bool = False) -> Columns:
    """The paper's rows, or their twin's; the outcome above its median for a logit."""
    found: Columns = {name: np.array(v) for name, v in paper.columns().items()}
    if logit:
        y = found[paper.OUTCOME]
        found[paper.OUTCOME] = (y > np.median(y)).astype(int)
    return found


PAPER = {"outcome": paper.OUTCOME, "treatment": paper.TREATMENT, "modifiers": paper.MODIFIERS}
ARMS = {"outcome": "y", "treatment": "arm", "modifiers": "z1 + z2 + z3", "groups": "g"}
ARMS_LMER = (
    "y ~ (letter + phone + visit) * (z1 + z2 + z3)"
    " + (1 | g) + (0 + letter | g) + (0 + phone | g) + (0 + visit | g)"
)
CROSSED = {"outcome": "y", "treatment": "d", "modifiers": "a + m", "groups": ["a", "m"]}
CROSSED_LMER = "y ~ d * (a + m) + (1 | g) + (0 + d | g) + (1 | k)"
LOGIT = {"family": "bernoulli"}
EIGHT = {"outcome": "y", "treatment": "d", "modifiers": [f"z{j}" for j in range(8)]}
THIRTY = {**EIGHT, "modifiers": [f"z{j}" for j in range(30)], "groups": "z0", **LOGIT}


def shrunk(prior: str, call: Mapping[str, Any] = EIGHT) -> dict[str, Any]:
    """The same with a prior of the modifiers' coefficients."""
    return {**call, "priors": {"lambda": prior}}


CASES = (
    Case(
        "crossed-900", "900 rows, 6 groups x 8 clusters", lambda: crossed(900, (2, 3), 8),
        {**CROSSED, "clusters": "k"}, CROSSED_LMER, bound=1, ratio=10,
    ),
    Case(
        "arms", "2,000 rows, three arms, 60 groups, three modifiers", lambda: arms(2_000, 60),
        ARMS, ARMS_LMER, ratio=5,
    ),
    Case(
        "treatments", "two treatments, 100,000 rows, 2,000 groups",
        lambda: treatments(100_000, 2_000),
        {"outcome": "y", "treatment": {"d": "z1", "e": "z2"}, "groups": "g"},
        "y ~ d * z1 + e * z2 + (1 | g) + (0 + d | g) + (0 + e | g)", bound=5,
    ),
    Case(
        "crossed-500", "20,000 rows, 200 groups x 500 clusters",
        lambda: crossed(20_000, (10, 20), 500), {**CROSSED, "clusters": "k"}, CROSSED_LMER, ratio=2,
    ),
    Case(
        "crossed-10000", "100,000 rows, 200 groups x 10,000 clusters",
        lambda: crossed(100_000, (10, 20), 10_000), {**CROSSED, "clusters": "k"}, bound=30,
    ),
    Case(
        "crossed-40", "1,200 rows, 2 groups x 40 clusters", lambda: crossed(1_200, (2, 1), 40),
        {**CROSSED, "modifiers": "a", "groups": "a", "clusters": "k"}, bound=2,
    ),
    Case(
        "correlated", "the paper's rows, correlated baseline and effect", paper_rows,
        {**PAPER, "correlated": True}, bound=1,
    ),
    Case(
        "correlated-few", "12 binomial rows in 6 groups, correlated", few_trials,
        {
            "outcome": "y", "treatment": "d", "groups": "g", "family": "binomial",
            "trials": "n", "correlated": True,
        }, bound=5,
    ),
    Case(
        "clusters-alone", "one cluster column, nothing else by group, 2,000 rows",
        lambda: crossed(2_000, (2, 3), 50),
        {"outcome": "y", "treatment": "d", "clusters": "k"}, "y ~ d + (1 | k)", bound=1,
    ),
    Case(
        "clusters-alone-logit", "the same, logit", lambda: crossed(2_000, (2, 3), 50, True),
        {"outcome": "y", "treatment": "d", "clusters": "k", **LOGIT},
        "y ~ d + (1 | k)", "binomial", bound=1,
    ),
    Case(
        "arms-plain", "three arms, spread none, 2,000 rows", lambda: arms(2_000, 60),
        {**ARMS, "spread": "none", "baseline": "modifiers"},
        bound=0.2,
    ),
    Case(
        "student", "Student-t effects, the paper's rows", paper_rows,
        {**PAPER, "spread": "student", "family": "gaussian"}, bound=3,
    ),
    Case(
        "student-logit", "the same, logit", lambda: paper_rows(True),
        {**PAPER, "spread": "student", **LOGIT}, bound=5,
    ),
    Case(
        "arms-logit", "logit, three arms, 5,000 rows, 60 groups", lambda: arms(5_000, 60, True),
        {**ARMS, **LOGIT}, ARMS_LMER, "binomial", bound=3,
    ),
    Case(
        "crossed-50-logit", "logit, 2,000 rows, 20 groups x 50 clusters",
        lambda: crossed(2_000, (4, 5), 50, True), {**CROSSED, "clusters": "k", **LOGIT},
        CROSSED_LMER, "binomial", bound=4,
    ),
    Case(
        "crossed-500-logit", "logit, 20,000 rows, 200 groups x 500 clusters",
        lambda: crossed(20_000, (10, 20), 500, True), {**CROSSED, "clusters": "k", **LOGIT},
        CROSSED_LMER, "binomial", bound=15,
    ),
    Case(
        "categorical", "four categories, 1,000 rows, 30 groups", lambda: choices(1_000, 30),
        {"outcome": "y", "treatment": "d", "modifiers": "z", "groups": "g",
         "family": "categorical"}, bound=10,
    ),
    Case(
        "horseshoe-logit", "horseshoe, 30 modifiers, logit, 1,000 rows",
        lambda: many_modifiers(1_000, 30, True), shrunk("horseshoe(1, 2, 4)", THIRTY), bound=10,
    ),
    Case(
        "horseshoe", "horseshoe, 8 modifiers, 500 rows", lambda: many_modifiers(500, 8),
        shrunk("horseshoe(1, 2, 4)"), bound=1,
    ),
    Case(
        "r2d2", "R2D2, 8 modifiers, 500 rows", lambda: many_modifiers(500, 8),
        shrunk("r2d2(0.5, 2)"), bound=1,
    ),
    Case(
        "learnt", "learnt scale, 8 modifiers, 500 rows", lambda: many_modifiers(500, 8),
        shrunk("learnt(0.5)"), bound=0.2,
    ),
)  # fmt: skip
HEADERS = ("case", "method", "seconds", "check", "lme4", "ratio", "asked for", "held")


def lmer_of(case: Case, columns: Columns, folder: Path) -> RProcess:
    """lme4 fits one case on request, in a process of its own."""
    file = folder / "rows.csv"
    names = list(columns)
    rows = zip(*(np.asarray(columns[name]).tolist() for name in names), strict=True)
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    file.write_text("\n".join(lines) + "\n")
    return RProcess("lmer_case.R", str(file), case.lmer, case.family)


def measured(case: Case) -> list[str]:
    """One row of the table."""
    columns = case.rows()
    ours: list[float] = []
    theirs: list[float] = []

    def run() -> fw.Fit:
        start = time.perf_counter()
        fit = fw.fit(columns, **case.call)
        for one in fit.estimands:
            one.theta()
        ours.append(time.perf_counter() - start)
        return fit

    with tempfile.TemporaryDirectory() as folder:
        peer = lmer_of(case, columns, Path(folder)) if case.lmer and r_package("lme4") else None
        fit = run()
        for _ in range(3 if ours[0] < LONG else 1):
            if ours[0] < LONG:
                run()
            if peer is not None:
                theirs += peer.seconds(1)
        if peer is not None:
            peer.close()
    return _row(case, fit, statistics.median(ours), theirs)


def _row(case: Case, fit: fw.Fit, wall: float, theirs: list[float]) -> list[str]:
    found = fit.fitted.diagnostics
    check = found.check
    told = f"k-hat {check.k_hat:.2f}" if isinstance(check, WeightCheck) else "chains"
    lme4 = statistics.median(theirs) if theirs else None
    ratio = None if lme4 is None else wall / lme4
    held = [] if case.bound is None else [wall <= case.bound]
    held += [] if case.ratio is None or ratio is None else [ratio <= case.ratio]
    held.append(found.passed)
    bounds = [] if case.bound is None else [f"{case.bound:g} s"]
    bounds += [] if case.ratio is None else [f"{case.ratio:g} x lme4"]
    return [
        case.words,
        found.method,
        seconds(wall),
        told if found.passed else f"{told}, FAILED",
        "" if lme4 is None else seconds(lme4),
        "" if ratio is None else f"{ratio:.2g}",
        ", ".join(bounds),
        "yes" if all(held) else "NO",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="names of cases")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    asked = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}"
    rows = []
    for case in CASES:
        if asked.only and case.name not in asked.only:
            continue
        say(case.name)
        rows.append(measured(case))
        say("  ".join(rows[-1]))
    text = "\n".join(
        [
            "# Arms, treatments, clusters, correlations, heavy tails, shrinkage",
            "",
            "4,000 draws of everything, all group effects included; the median of several fits, or",
            "one where it takes long. lme4: `lmer`, or `glmer` for a logit, in turn with ours, in",
            "a process of its own; a point estimate.",
            "",
            setting("python benchmarks/structures.py --write", r_packages=("lme4",)),
            f"Load of the machine at the start (processes that want a core): {load}.",
            "",
            markdown(HEADERS, rows),
            "",
        ]
    )
    print(text)
    if asked.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
