"""Which Python `make` takes, and what it says where it finds none; the Pythons are stand-ins."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"
# a stand-in tells its version, answers a check by it, and makes an environment that holds itself
STAND_IN = """#!/bin/sh
case "$1" in
  --version) echo "Python {version}" ;;
  -c) exit {answer} ;;
  -m) [ "$2" = pip ] || {{ mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; }} ;;
esac
"""
SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def stand_in(version: str) -> str:
    answer = int(tuple(int(part) for part in version.split(".")) < (3, 12))
    return STAND_IN.format(version=version, answer=answer)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder of programs that holds what the recipe needs and no Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("sh", "mkdir", "cp", "rm"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


def make(tmp_path: Path, tools: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program_path = shutil.which("make")
    assert program_path is not None, "these tests need make"
    return subprocess.run(
        [program_path, "-f", str(MAKEFILE), "venv", *words],
        cwd=tmp_path,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
    )


def version(tmp_path: Path) -> str:
    """Of the environment that was made."""
    done = subprocess.run([tmp_path / ".venv" / "bin" / "python", "--version"], capture_output=True)
    return done.stdout.decode().strip()


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3.13": "3.13.1", "python3.12": "3.12.3", "python3": "3.11.2"}, "3.13.1"),
        ({"python3.13": None, "python3.12": "3.12.3", "python3": "3.13.1"}, "3.12.3"),
        ({"python3.13": None, "python3.12": None, "python3": "3.14.0"}, "3.14.0"),
        ({"python3": "3.11.2", "python": "3.12.0"}, "3.12.0"),
    ],
)
def test_the_first_python_that_runs_and_is_recent(
    tmp_path: Path, tools: Path, pythons: dict[str, str | None], chosen: str
) -> None:
    for name, number in pythons.items():
        program(tools / name, SHIM if number is None else stand_in(number))
    done = make(tmp_path, tools)
    assert done.returncode == 0, done.stdout + done.stderr
    assert version(tmp_path) == f"Python {chosen}"
    assert make(tmp_path, tools).stdout == ""  # it is there, and is not made again


def test_no_python_is_told(tmp_path: Path, tools: Path) -> None:
    program(tools / "python3.13", SHIM)
    program(tools / "python3", stand_in("3.11.2"))
    done = make(tmp_path, tools)
    assert done.returncode != 0
    assert done.stdout == (
        "forwhom needs Python 3.12 or later, with its modules venv and ensurepip (Debian: package "
        "python3-venv). Tried: python3.13 python3.12 python3 python. Install one, or name one: "
        "make PYTHON=/path/to/python3.13\n"
    )
    assert not (tmp_path / ".venv").exists()


def test_a_named_python_is_the_only_one_tried(tmp_path: Path, tools: Path) -> None:
    program(tools / "python3.13", stand_in("3.13.1"))
    program(tmp_path / "my tools" / "python", stand_in("3.12.9"))
    old = make(tmp_path, tools, "PYTHON=python3.9")
    assert old.returncode != 0
    assert "Tried: python3.9. Install" in old.stdout
    assert make(tmp_path, tools, f"PYTHON={tmp_path}/my tools/python").returncode == 0
    assert version(tmp_path) == "Python 3.12.9"


@pytest.mark.parametrize("held", ["Python 3.11.2", "no Python that runs"])
def test_an_environment_of_an_old_python_is_told(tmp_path: Path, tools: Path, held: str) -> None:
    program(tools / "python3.13", stand_in("3.13.1"))
    program(tmp_path / ".venv" / "bin" / "python", SHIM if "no" in held else stand_in("3.11.2"))
    done = make(tmp_path, tools)
    assert done.returncode != 0
    assert done.stdout == (
        f".venv holds {held}; forwhom needs Python 3.12 or later, with pip. 'make clean' removes "
        ".venv; then run make again.\n"
    )
