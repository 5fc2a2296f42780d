"""Speed, in one run: the paper's data (or their twin's) against other software, and growth.

python benchmarks/run.py [--only a,b] [--quick] [--write]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import paper
from common import HERE, LINE_HEADERS, Line, markdown, say, setting
from growth import growth
from peers import PAPER_PARTS, importing

PARTS: dict[str, Callable[[Path, bool], list[Line]]] = {
    **PAPER_PARTS,
    "e": importing,
    "f": growth,
}
TITLES = {
    "a": f"{paper.whose()}, warm: lme4",
    "b": f"{paper.whose()}, whole processes: lme4",
    "c": f"{paper.whose()}: rstan",
    "d": f"{paper.whose()}: nutpie",
    "e": "importing",
    "f": "growth with rows and groups",
}
RESULTS = HERE / "results.md"
PEERS = ("lme4", "rstan")
LIBRARIES = ("polars", "pandas", "nutpie", "pymc", "numba")


def run_part(letter: str, csv: Path, quick: bool) -> list[Line]:
    """One part; what keeps it from running is a line of its table, not the end of the run."""
    say(f"{letter}. {TITLES[letter]}")
    try:
        return PARTS[letter](csv, quick)
    except Exception as error:  # whatever one part meets, the others still run
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return [Line(letter, TITLES[letter], f"FAILED: {text[:300]}", held=False)]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    listed = ", ".join(f"{letter} ({title})" for letter, title in TITLES.items())
    parser.add_argument("--only", default="".join(PARTS), help=f"parts, such as a,b: {listed}")
    parser.add_argument("--quick", action="store_true", help="few repetitions, small cases")
    parser.add_argument("--write", action="store_true", help=f"also write {RESULTS.name}")
    asked = parser.parse_args(arguments)
    letters = [letter for letter in asked.only if letter not in ", "]
    unknown = [letter for letter in letters if letter not in PARTS]
    if unknown:
        parser.error(f"no part '{unknown[0]}'; parts are {', '.join(PARTS)}")
    asked.letters = letters
    return asked


def main(arguments: Sequence[str]) -> int:
    asked = parse(arguments)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        csv = Path(folder) / "bp.csv"
        paper.write_csv(csv)
        for letter in asked.letters:
            lines += run_part(letter, csv, asked.quick)
    text = markdown(LINE_HEADERS, [line.cells for line in lines])
    command = " ".join(["python", "benchmarks/run.py", *arguments])
    heading = setting(command, PEERS, LIBRARIES)
    if note := paper.note():
        heading += f"\n{note}"
    print(f"{heading}\n\n{text}")
    if asked.write:
        RESULTS.write_text(f"# Benchmark results\n\n{heading}\n\n{text}\n", encoding="utf-8")
    return 1 if any(line.held is False for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
