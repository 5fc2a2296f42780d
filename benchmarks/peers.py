"""Parts a to e: the paper's data or their twin's against lme4, rstan and nutpie; starting cold."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paper
from common import (
    HERE,
    R_SCRIPTS,
    STAN_PROGRAM,
    Line,
    RProcess,
    python_package,
    r_package,
    ratio_line,
    rscript,
    run_quietly,
    seconds,
    spread,
    timed,
)

DRAWS = 4_000
LMER_BOUND = 2.5
COLD_BOUND = 1.0
RSTAN_BOUND = 300
IMPORT_BOUND = 0.1


def our_fit(frame: Any, table: bool = False) -> Any:
    """The fit that is timed: all draws of 172 thetas, or instead the table of their summaries."""
    import forwhom as fw

    fit = fw.fit(
        frame,
        outcome=paper.OUTCOME,
        treatment=paper.TREATMENT,
        modifiers=paper.MODIFIERS,
        preset="alley2023",
        draws=DRAWS,
    )
    if table:
        fit.effects()
    else:
        fit.estimands[0].theta()  # the 171 treated groups
    fit.estimands[0].control_theta()
    return fit


def frames() -> dict[str, Any]:
    """The rows in each installed data frame library."""
    data = paper.columns()
    made: dict[str, Any] = {}
    if python_package("polars"):
        import polars

        made["polars"] = polars.DataFrame(data)
    if python_package("pandas"):
        import pandas

        made["pandas"] = pandas.DataFrame(data)
    if not made:
        import pyarrow

        made["pyarrow"] = pyarrow.table(data)
    return made


def warm(csv: Path, quick: bool) -> list[Line]:
    """Part a: fits inside one process against lmer inside one R process, in alternating rounds."""
    rounds, each = (2, 2) if quick else (4, 5)
    lmer = RProcess("lmer_server.R", str(R_SCRIPTS), str(csv)) if r_package("lme4") else None
    ours: dict[str, list[float]] = {}
    tables: dict[str, list[float]] = {}
    first: dict[str, float] = {}
    theirs: list[float] = []
    data = frames()
    for name, frame in data.items():
        first[name] = timed(lambda frame=frame: our_fit(frame))
        ours[name], tables[name] = [], []
    try:
        for _ in range(rounds):
            if lmer is not None:
                theirs += lmer.seconds(each)
            for name, frame in data.items():
                for _ in range(each):
                    ours[name].append(timed(lambda frame=frame: our_fit(frame)))
                    tables[name].append(timed(lambda frame=frame: our_fit(frame, table=True)))
    finally:
        if lmer is not None:
            lmer.close()
    count = rounds * each
    peer = spread(theirs) if theirs else "not installed"
    lines = [Line("a", f"lme4 lmer, point estimate, median of {count}", peer)]
    for name, times in ours.items():
        what = f"forwhom, {DRAWS:,} draws of 172 thetas, {name} frame, median of {count}"
        if theirs:
            middle = statistics.median(times)
            found = ratio_line("a", what, middle, statistics.median(theirs), LMER_BOUND, 2)
            lines.append(
                Line("a", what, spread(times), f"{found.ratio} x lmer", found.asked, found.held)
            )
        else:
            lines.append(Line("a", what, spread(times)))
        also = "the same with the table of group effects in place of their draws"
        beside = ""
        if theirs:
            beside = f"{statistics.median(tables[name]) / statistics.median(theirs):.2f} x lmer"
        lines.append(Line("a", also, spread(tables[name]), beside))
        lines.append(Line("a", f"the same, first call, {name} frame", seconds(first[name])))
    return lines


def cold(csv: Path, quick: bool) -> list[Line]:
    """Part b: whole processes, alternating."""
    program = Path(sys.executable).with_name("forwhom")
    if not program.exists():
        return [Line("b", "forwhom fit, whole process", f"not installed: no {program.name}")]
    fit = [str(program), "fit", str(csv), "--outcome", paper.OUTCOME]
    fit += ["--treatment", paper.TREATMENT, "--modifiers", paper.MODIFIERS]
    fit += ["--preset", "alley2023"]
    with_r = rscript() is not None and r_package("lme4") is not None
    peer = [str(rscript()), str(R_SCRIPTS / "cold.R"), str(R_SCRIPTS), str(csv)]
    commands = {"ours": fit} | ({"lme4": peer} if with_r else {})
    times: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():  # compiled files and disk cache, both sides alike
        run_quietly(command)
    count = 3 if quick else 10
    for _ in range(count):
        for name, command in commands.items():
            times[name].append(timed(lambda command=command: run_quietly(command)))
    what = f"forwhom fit FILE.csv, whole process, median of {count}"
    if not with_r:
        return [
            Line("b", "Rscript with lme4, whole process", "not installed"),
            Line("b", what, spread(times["ours"])),
        ]
    middle = {name: statistics.median(values) for name, values in times.items()}
    found = ratio_line("b", what, middle["ours"], middle["lme4"], COLD_BOUND, 2)
    return [
        Line("b", f"Rscript: load lme4, fit, print, median of {count}", spread(times["lme4"])),
        Line("b", what, spread(times["ours"]), f"{found.ratio} x Rscript", found.asked, found.held),
    ]


def against_rstan(csv: Path, quick: bool) -> list[Line]:
    """Part c: 4 x 1,000 kept draws at adapt_delta 0.99 on two cores."""
    what = "rstan, 4 x 1,000 draws, adapt_delta 0.99, 2 cores"
    if r_package("rstan") is None:
        return [Line("c", what, "not installed")]
    command = [str(rscript()), str(R_SCRIPTS / "rstan.R"), str(R_SCRIPTS), str(csv)]
    said = run_quietly([*command, str(STAN_PROGRAM)]).stdout
    found: dict[str, str] = {}
    for line in said.splitlines():
        if line.startswith("RESULT "):
            _, key, value = line.split()
            found[key] = value
    means = {k.partition(":")[2]: float(v) for k, v in found.items() if k.startswith("lambda:")}
    lines = [
        Line("c", "rstan, compiling", seconds(float(found["compile"]))),
        Line("c", f"{what}: sampling", seconds(float(found["sampling"]))),
    ]
    ours, disagreement = _ours_beside(means)
    ratio = float(found["sampling"]) / ours
    asked = f">= {RSTAN_BOUND}"
    note = f"R-hat {float(found['rhat']):.3f}, {found['divergences']} divergences, {disagreement}"
    lines.append(
        Line(
            "c",
            f"forwhom beside it ({note})",
            seconds(ours),
            f"rstan / forwhom = {ratio:.0f}",
            asked,
            ratio >= RSTAN_BOUND,
        )
    )
    return lines


def against_nutpie(csv: Path, quick: bool) -> list[Line]:
    """Part d: nutpie, through PyMC where that is installed."""
    what = "nutpie, 4 x 1,000 draws, its default settings"
    if python_package("nutpie") is None:
        return [Line("d", what, "not installed")]
    done = run_quietly([sys.executable, str(HERE / "nutpie_peer.py"), str(csv)])
    found = json.loads(done.stdout.splitlines()[-1])
    ours, disagreement = _ours_beside(found["lambda"])
    via = found["via"]
    return [
        Line("d", f"nutpie and {via}, importing", seconds(found["importing"])),
        Line("d", f"nutpie through {via}, compiling", seconds(found["compiling"])),
        Line("d", f"{what}: sampling", seconds(found["sampling"])),
        Line(
            "d",
            f"forwhom beside it ({found['divergences']} divergences, {disagreement})",
            seconds(ours),
            f"nutpie / forwhom = {found['sampling'] / ours:.0f}",
        ),
    ]


def importing(csv: Path, quick: bool) -> list[Line]:
    """Part e: what ``import forwhom`` adds to starting Python."""
    programs = {
        "bare": "pass",
        "package": "import forwhom",
        "fit": "import forwhom; forwhom.fit",
    }
    times: dict[str, list[float]] = {name: [] for name in programs}
    count = 3 if quick else 10
    for turn in range(count + 1):
        for name, code in programs.items():
            command = [sys.executable, "-c", code]
            elapsed = timed(lambda command=command: run_quietly(command))
            if turn:  # the first turn only fills the caches
                times[name].append(elapsed)
    bare = statistics.median(times["bare"])
    added = statistics.median(times["package"]) - bare
    further = statistics.median(times["fit"]) - bare
    return [
        Line("e", f"python -c pass, median of {count}", spread(times["bare"])),
        Line(
            "e",
            "import forwhom, added to it",
            seconds(added),
            "",
            f"<= {seconds(IMPORT_BOUND)}",
            added <= IMPORT_BOUND,
        ),
        Line("e", "import forwhom; forwhom.fit, added to it", seconds(further)),
    ]


def _ours_beside(means: dict[str, float]) -> tuple[float, str]:
    """Our median time now, and how far a peer's means of lambda are from ours."""
    frame = next(iter(frames().values()))
    fit = our_fit(frame)
    middle = statistics.median(timed(lambda: our_fit(frame)) for _ in range(10))
    ours = fit.estimands[0].lambda_
    names = fit.fitted.design.effects[0].lambda_names
    if set(names) != set(means):
        raise RuntimeError(f"other terms in the peer's model: {sorted(set(names) ^ set(means))}")
    worst = max(
        abs(ours[:, k].mean() - means[name]) / ours[:, k].std() for k, name in enumerate(names)
    )
    return middle, f"means of lambda within {worst:.2f} sd of ours"


PAPER_PARTS: dict[str, Callable[[Path, bool], list[Line]]] = {
    "a": warm,
    "b": cold,
    "c": against_rstan,
    "d": against_nutpie,
}
