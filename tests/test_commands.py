"""Commands of the questions: results folders, files written, wrong places and wrong options."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import forwhom as fw
from forwhom.cli import app
from tests.answers.test_contract import table_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("commands") / "results"
    place.mkdir()
    fw.fit(table_of(), "y", "d", "a + m", draws=200).save(place / "fit.nc")
    (place / "plan.toml").write_text("outcome = 'y'\n")
    return place


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, done.stderr


def test_a_table_is_printed_and_written(folder: Path, tmp_path: Path) -> None:
    code, out, _ = run("effects", folder, "--by", "a", "--level", "0.8")
    assert code == 0
    assert "Average effects by a" in out and "80 %" in out
    target = tmp_path / "by.csv"
    assert run("effects", folder, "--by", "a", "--by", "m", "--out", target)[0] == 0
    fit = fw.load(folder / "fit.nc")
    assert target.read_text() == fit.effects(by=["a", "m"]).to_csv()


def test_a_figure_is_drawn(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "effects.svg"
    code, out, _ = run("effects", folder, "--color", "a", "--title", "Mine", "--out", target)
    assert (code, out) == (0, f"Written: {target}\n")
    assert "Mine" in target.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["effects", "{folder}", "--by", "b"], 2, "by='b'"),
        (["effects", "{folder}", "--row", "a"], 2, "--row is an option of --out FILE.png"),
        (["effects", "{folder}", "--by", "a", "--out", "x.png"], 2, "--by is an option of the"),
        (["groups", "{folder}", "--out", "x.png"], 2, "'groups' is written as .csv"),
        (["effects", "{folder}", "--out", "x.txt"], 2, "is written as .csv, .png"),
        (["effects", "{folder}/plan.toml"], 3, "forwhom fit"),
        (["effects", "{empty}"], 3, "holds no fit.nc"),
        (["effects", "nowhere"], 3, "there is no file nowhere"),
        (["effects"], 2, "RESULTS"),
        (["efects", "{folder}"], 2, "No such command 'efects'"),
        (["loo", "{folder}", "--pointwis"], 2, "--pointwis"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str], code: int, words: str, folder: Path, tmp_path: Path
) -> None:
    given = [part.format(folder=folder, empty=tmp_path) for part in arguments]
    found, out, err = run(*given)
    assert found == code, err
    assert words in err and out == ""
    assert err.count("\n") == 1


def test_a_switch_has_two_sides(folder: Path, tmp_path: Path) -> None:
    rows = tmp_path / "new.csv"
    rows.write_text("a,m\n0,1\n")
    with_spread = run("predict", folder, "--new", rows)[1]
    without = run("predict", folder, "--new", rows, "--no-spread")[1]
    assert "drawn from the effect" in with_spread and "is left out" in without


def test_results_that_failed_their_checks_are_told_with_a_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forwhom.methods.diagnostics.K_HAT_LIMIT", -9.0)
    code, out, err = run("rows", folder)
    assert code == 4
    assert "used" in out and err.startswith("forwhom: the diagnostics of this fit failed")
