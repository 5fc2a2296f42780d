"""The examples in docstrings are run."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import forwhom

SOURCE = Path(forwhom.__file__).parent
MODULES = sorted(
    ".".join(["forwhom", *file.relative_to(SOURCE).with_suffix("").parts]).removesuffix(".__init__")
    for file in SOURCE.rglob("*.py")
    if ">>> " in file.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    tried = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried.attempted > 0
    assert tried.failed == 0


def test_there_are_examples() -> None:
    assert len(MODULES) > 50
