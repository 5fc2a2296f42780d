"""What stands beside the code says the same as the code."""

from __future__ import annotations

import re
from pathlib import Path

import forwhom as fw

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
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
