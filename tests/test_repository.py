"""What stands beside the code says the same as the code."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

from packaging.version import Version

import forwhom as fw

ROOT = Path(__file__).parents[1]


def text(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_citation_is_of_this_version() -> None:
    assert re.findall(r"^version: (.*)$", text("CITATION.cff"), re.MULTILINE) == [fw.__version__]


def test_hooks_run_what_make_check_runs() -> None:
    check = re.search(r"^check:.*\n((?:\t.*\n)+)", text("Makefile"), re.MULTILINE)
    assert check is not None
    commands = [line.strip().removeprefix("$(BIN)/") for line in check[1].splitlines()]
    assert re.findall(r"entry: (.*)", text(".pre-commit-config.yaml")) == commands


def test_the_workflow_calls_what_ci_calls() -> None:
    assert "run: .ci/run" in text(".github/workflows/ci.yml")


def test_the_lock_holds_what_pyproject_asks_for() -> None:
    lines = text("requirements.lock").splitlines()
    locked = dict(line.split("==") for line in lines if not line.startswith("#"))
    asked = runpy.run_path(str(ROOT / ".ci" / "versions.py"))["bounds"]("test", "check")
    assert {"numpy", "pytest", "ruff"} <= set(asked)
    for name, bound in asked.items():
        assert name in locked and Version(locked[name]) >= Version(bound), f"{name}: make lock"


def test_what_ci_runs_is_installed_by_the_lock() -> None:
    makefile = text("Makefile")
    for extra in ("test", "check"):
        recipe = re.search(rf"^\$\(VENV\)/\.{extra}: (.*)\n\t(.*)\n", makefile, re.MULTILINE)
        assert recipe is not None
        assert "requirements.lock" in recipe[1]
        assert recipe[2].endswith(f"-c requirements.lock -e '.[{extra}]'")


def covering(module: Path) -> list[Path]:
    """The test files of a module: of its own name, or those that its docstring ends on."""
    inside = module.relative_to(ROOT / "src" / "forwhom")
    own = inside.parent / f"test_{inside.stem}.py"
    beside = [ROOT / "tests" / own] if (ROOT / "tests" / own).exists() else []
    said = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    named = re.findall(r"\btests/[\w/]+\.py", said.rpartition("Tests: ")[2])
    return beside + [ROOT / name for name in named]


def test_every_module_says_which_test_covers_it() -> None:
    """Packages apart, whose `__init__` says what they export."""
    modules = [m for m in (ROOT / "src").rglob("*.py") if m.name != "__init__.py"]
    named = {str(module.relative_to(ROOT / "src")): covering(module) for module in modules}
    assert len(named) > 100
    assert sorted(name for name, files in named.items() if not files) == []
    missing = {str(file) for files in named.values() for file in files if not file.is_file()}
    assert not missing
    without = [file for files in named.values() for file in files if "def test_" not in text(file)]
    assert not without
