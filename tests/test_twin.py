"""The simulated twin of the paper's analysis, and when tests of the paper's data may be skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import paper
from tests.reference.checksum import checksum
from tests.reference.twin import data
from tests.studies import PAPER, TWIN

REASON = "needs the replication data of Bush and Prather (2020, International Organization 74(2))"


def test_the_stored_rows_are_what_the_script_simulates() -> None:
    stored, made = data.rows(), data.simulate()
    assert list(stored) == list(made)
    for name, values in made.items():
        np.testing.assert_array_equal(stored[name], values, err_msg=name)
    assert {name for name in paper.COMPLETE if name in stored} == set(stored)


@pytest.mark.parametrize("case", data.CASES)
def test_the_stored_posteriors_are_of_these_rows(case: str) -> None:
    stored = TWIN.posterior(case)
    assert stored["data"] == checksum(data.rows()), f"make twin CASES={case}"
    assert stored["made"]["divergences"] == 0


def test_both_studies_hold_the_same() -> None:
    assert TWIN.stored.keys() == PAPER.stored.keys()
    assert TWIN.groups == PAPER.groups


def run(
    folder: Path, test: str, *, place: Path, required: bool
) -> subprocess.CompletedProcess[str]:
    """A run of pytest on one file, the paper's data looked for in a place."""
    file = folder / "test_one.py"
    file.write_text(f"import pytest\n\n{test}")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = paper\n")
    root = str(Path(__file__).parents[1])
    given = {"FORWHOM_PAPER_DATA": str(place), "FORWHOM_REQUIRE_PAPER_DATA": str(int(required))}
    command = [sys.executable, "-m", "pytest", "-p", "tests.paper_needed", "-rs", "-p"]
    command += ["no:cacheprovider", "-c", str(folder / "pytest.ini"), str(file)]
    path = os.pathsep.join([root, *sys.path])
    return subprocess.run(
        command, env=os.environ | given | {"PYTHONPATH": path}, capture_output=True, text=True
    )


MARKED = "@pytest.mark.paper\ndef test_one():\n    {}\n"


def test_without_the_data_their_tests_are_skipped_with_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, MARKED.format("assert False"), place=tmp_path, required=False)
    said = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert REASON in said
    assert (
        f"put {paper.FILE.name} and {paper.REFERENCE.name} into {tmp_path}, or name their" in said
    )
    assert "1 skipped" in said


def test_where_the_data_are_required_a_skip_is_an_error(tmp_path: Path) -> None:
    done = run(tmp_path, MARKED.format("pass"), place=tmp_path, required=True)
    assert done.returncode == 1
    assert REASON in " ".join(done.stdout.split())
    assert "1 error" in done.stdout  # at its set-up, where it would have been skipped


def test_where_the_data_are_required_some_test_must_have_run_on_them(tmp_path: Path) -> None:
    for name in (paper.FILE.name, paper.REFERENCE.name):
        (tmp_path / name).touch()
    other = run(tmp_path, "def test_one():\n    pass\n", place=tmp_path, required=True)
    assert other.returncode == 1
    assert "no test on the paper's data passed" in other.stdout
    skipped = run(tmp_path, MARKED.format("pytest.skip('no')"), place=tmp_path, required=True)
    assert skipped.returncode == 1
    done = run(tmp_path, MARKED.format("pass"), place=tmp_path, required=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 tests on the paper's data passed." in done.stdout
