"""The command line killed, stopped, or with nowhere to print: one whole result, a clear message."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

KILLS = 50
MAIN = "from forwhom.cli import main; main()"
# One process holds everything imported and forks for each run, so that a run takes 0.3 s: drawing
# takes seconds, and is asked for by word.
SERVER = """
import json, os, sys, time
import forwhom.draw.figure
import forwhom.api, forwhom.cli, forwhom.output.folder, forwhom.plots, forwhom.output.summary
import forwhom.data.printed, forwhom.fitted.storage, h5netcdf, xarray, scipy.special
if "drawn" not in sys.argv:
    draw = lambda figure, kind: (kind + json.dumps(figure.spec)).encode()
    forwhom.draw.figure.Figure._bytes = draw
for line in sys.stdin:
    words = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if not child:
        sys.stdin = open(os.devnull)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1), os.dup2(quiet, 2)
        sys.argv = ["forwhom", *words[1:]]
        try:
            forwhom.cli.main()
        finally:
            os._exit(0)
    if float(words[0]):
        time.sleep(float(words[0]))
        os.kill(child, 9)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("data") / "data.csv"
    rows = [
        f"{y},{t},{g}"
        for y, t, g in zip(
            rng.normal(size=120).tolist(),
            rng.integers(0, 2, 120).tolist(),
            rng.choice(["a", "b"], 120).tolist(),
            strict=True,
        )
    ]
    path.write_text("\n".join(["y,t,g", *rows]))
    return path


def asked(data: Path, *more: object) -> list[str]:
    flags = ("--outcome", "y", "--treatment", "t", "--modifiers", "g", "--draws", "50")
    return ["fit", str(data), *flags, *map(str, more)]


def checksums(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def whole(folder: Path, seed: int, known: dict[str, str]) -> bool:
    """Whether a folder holds all of one run's files: those of its seed, byte by byte.

    A saved fit says when it was made; its own checksum says whether it is whole.
    """
    import forwhom as fw

    found = checksums(folder)
    made = fw.load(folder / "fit.nc")
    same = {k: v for k, v in found.items() if k != "fit.nc"} == known
    return same and made.plan.seed == seed and set(found) == {*known, "fit.nc"}


class Server:
    """Runs of the command line, each with the seconds after which it is killed, 0 for never."""

    def __init__(self, figures: str) -> None:
        self.figures = figures

    def __enter__(self) -> Server:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVER, self.figures],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def run(self, words: Sequence[str], after: float = 0.0) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("\t".join([str(after), *words]) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("figures", ["listed", pytest.param("drawn", marks=pytest.mark.slow)])
def test_a_killed_run_leaves_the_old_result_or_the_new(
    figures: str, data: Path, tmp_path: Path
) -> None:
    """50 kills over the whole run, half of them about its end, each over an earlier result."""
    out = tmp_path / "out"
    rng = np.random.default_rng(17)
    with Server(figures) as server:
        known, seconds = {}, []
        for seed in (1, 2):
            begun = time.monotonic()
            assert server.run(asked(data, "--seed", seed, "--out", out)) == 0
            seconds.append(time.monotonic() - begun)
            found = checksums(out)
            known[seed] = {name: mark for name, mark in found.items() if name != "fit.nc"}
        assert known[1] != known[2]
        (out / "mine.txt").write_text("mine")
        for seed in known:
            known[seed]["mine.txt"] = checksums(out)["mine.txt"]
        length, codes, seen, old = min(seconds), [], [], 2
        for kill in range(KILLS):
            new = 3 - old
            low, high = (0.0, 1.0) if kill % 2 else (0.7, 1.1)
            after = max(length * rng.uniform(low, high), 0.001)
            codes.append(server.run(asked(data, "--seed", new, "--out", out), after))
            changed = next(seed for seed in (old, new) if whole(out, seed, known[seed]))
            seen.append(changed == new)
            old = changed
        assert codes.count(-signal.SIGKILL) >= KILLS // 5  # the others ended before
        assert not all(seen) and any(seen)
        assert server.run(asked(data, "--seed", 3 - old, "--out", out)) == 0
    assert whole(out, 3 - old, known[3 - old])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]  # nothing is left behind


def shell(line: str, data: Path, *more: object) -> Any:
    """A line of shell with ``forwhom`` in it."""
    words = " ".join(f"'{word}'" for word in asked(data, *more))
    command = line.replace("forwhom", f"'{sys.executable}' -c '{MAIN}' {words}")
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_request_to_stop_leaves_nothing(data: Path, tmp_path: Path) -> None:
    script = (
        "import os, signal, forwhom.api, forwhom.cli as cli\n"
        "forwhom.api.load = lambda *a, **k: os.kill(os.getpid(), signal.SIGTERM)\n"
        "cli.main()\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, *asked(data, "--out", tmp_path / "a" / "b")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert found.returncode == 128 + signal.SIGTERM
    assert found.stderr == "forwhom: stopped from outside.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves(data: Path) -> None:
    found = shell("forwhom | true; exit ${PIPESTATUS[0]}", data)
    assert found.returncode == 0
    assert found.stderr == "forwhom: standard output was closed before everything was printed.\n"


def test_closed_output(data: Path, tmp_path: Path) -> None:
    found = shell("forwhom >&-", data)
    assert found.returncode == 2
    assert found.stderr == (
        "forwhom: standard output is closed, so that nothing can be printed. Leave it open, or "
        "write the results to a folder: --out results.\n"
    )
    out = tmp_path / "out"
    found = shell("forwhom >&- 2>&-", data, "--out", out)
    assert (found.returncode, found.stderr) == (0, "")
    assert (out / "plan.toml").read_text().startswith("# source: ")  # not what others printed
    found = shell("forwhom 2>&-", data, "--outcome", "nothing")
    assert (found.returncode, found.stdout) == (3, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is full")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_full_output(flags: tuple[str, ...], data: Path) -> None:
    found = shell("forwhom >/dev/full", data, *flags)
    assert found.returncode == 2
    assert found.stderr == "forwhom: cannot print: No space left on device.\n"
