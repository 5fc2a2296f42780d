"""What the benchmark scripts share: the machine, versions, timing and printed tables."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
R_SCRIPTS = HERE / "r"
STAN_PROGRAM = HERE / "stan" / "alley2023.stan"


@dataclass(frozen=True)
class Line:
    """One line of the results table.

    Attributes:
        part: letter of the part; what: what was measured; result: the measurement in words.
        ratio: against its peer, or empty; asked: the bound on it, or empty.
        held: whether the bound held, or None where there is none.
    """

    part: str
    what: str
    result: str
    ratio: str = ""
    asked: str = ""
    held: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {None: "", True: "yes", False: "NO"}[self.held]
        return (self.part, self.what, self.result, self.ratio, self.asked, verdict)


LINE_HEADERS = ("part", "what", "result", "ratio", "asked for", "held")


def ratio_line(part: str, what: str, ours: float, peer: float, bound: float, digits: int) -> Line:
    """A line whose result is ours over a peer's, asked to be at most ``bound``."""
    ratio = ours / peer
    return Line(
        part, what, seconds(ours), f"{ratio:.{digits}f}", f"<= {bound:.{digits}f}", ratio <= bound
    )


def seconds(value: float) -> str:
    """A time as a person writes it: 24.1 ms, 3.20 s.

    >>> seconds(0.0241), seconds(3.2)
    ('24.1 ms', '3.20 s')
    """
    return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"


def spread(values: Sequence[float]) -> str:
    """The median and the range."""
    low, high = seconds(min(values)), seconds(max(values))
    return f"{seconds(statistics.median(values))} ({low} to {high})"


def markdown(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that reads well both printed and rendered."""
    table = [tuple(headers), *(tuple(row) for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(headers))]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([line(table[0]), rule, *(line(row) for row in table[1:])])


def timed(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run_quietly(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A whole process, its output read as text.

    Raises:
        RuntimeError: it failed; the message holds the end of what it said.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-600:]
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}: {said}")
    return done


def rscript() -> str | None:
    """Rscript's path, or None."""
    return shutil.which("Rscript")


class RProcess:
    """A long-lived R process that answers a line with a line."""

    def __init__(self, script: str, *arguments: str) -> None:
        program = rscript()
        assert program is not None
        command = [program, str(R_SCRIPTS / script), *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._line("ready")

    def seconds(self, times: int) -> list[float]:
        """What each of some runs took."""
        assert self._process.stdin is not None
        print(times, file=self._process.stdin, flush=True)
        return [float(word) for word in self._line("times").split()]

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def _line(self, awaited: str) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"R ended while {awaited} was awaited")
        return line


def r_package(name: str) -> str | None:
    """The version of an installed R package, or None."""
    program = rscript()
    if program is None:
        return None
    code = f'cat(tryCatch(as.character(packageVersion("{name}")), error = function(e) ""))'
    done = subprocess.run([program, "-e", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def python_package(name: str) -> str | None:
    """The version of an installed Python package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def setting(command: str, r_packages: Sequence[str] = (), python: Sequence[str] = ()) -> str:
    """What a written result says of where it came from: command, date, machine, versions."""
    names = ("forwhom", "numpy", "duckdb", *python)
    pairs = [("Python", platform.python_version()), *((n, python_package(n)) for n in names)]
    pairs += [(name, r_package(name)) for name in r_packages]
    versions = ", ".join(f"{name} {version}" for name, version in pairs if version)
    date = datetime.now(UTC).date().isoformat()
    machine = f"{os.cpu_count()} cores ({processor()}), {platform.system()}"
    return f"Command: `{command}`. Date: {date}. Machine: {machine}.\nVersions: {versions}."


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def say(text: str) -> None:
    """Progress, kept apart from the results."""
    print(text, file=sys.stderr, flush=True)
