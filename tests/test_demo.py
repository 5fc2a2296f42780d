import json
from pathlib import Path

from typer.testing import CliRunner

from forwhom import datasets
from forwhom.cli import app
from forwhom.plan import read_plan


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)


def test_demo_prints_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run("demo")
    assert found.exit_code == 0
    assert list(tmp_path.iterdir()) == []
    for words in (
        "Example: Do state legislators answer",
        "in percentage points: -10 is 10 answers fewer",
        "Model: bernoulli (logit), baseline group. Method quadrature",
        "Modifier coefficients (lambda)",
        "What to look at",
    ):
        assert words in found.stdout


def test_demo_says_what_its_tables_show():
    record = json.loads(run("demo", "--json").stdout)
    assert record["source"] == datasets.path().name
    assert round(record["tables"]["average"][0]["estimate"]) == -27
    apart = {
        row["term"]: row["estimate"]
        for row in record["tables"]["modifiers"]
        if row["conf_low"] > 0 or row["conf_high"] < 0
    }
    assert set(apart) == {"Intercept", "leg_black"}
    assert apart["leg_black"] > 0 > apart["Intercept"]


def test_demo_writes_the_folder_with_readable_names(tmp_path):
    found = run("demo", "--out", tmp_path / "demo")
    assert found.exit_code == 0
    listed = found.stdout.split("Written:\n")[1].split("\n\n")[0].splitlines()
    names = {Path(line.split()[0]).name for line in listed}
    assert {path.name for path in (tmp_path / "demo").iterdir()} == names
    assert {"modifiers.png", "effects.html", "effects.csv", "fit.nc", "plan.toml"} <= names
    svg = (tmp_path / "demo" / "effects.svg").read_text()
    for words in (
        "Southern state",
        "Not Black",
        "Effect of Out-of-district e-mail against In-district",
    ):
        assert words in svg
    svg = (tmp_path / "demo" / "modifiers.svg").read_text()
    assert "What changes the effect of an out-of-district e-mail?" in svg
    assert str(tmp_path / "demo" / "modifiers.png") in found.stdout.split("What to look at")[1]
    assert read_plan(tmp_path / "demo" / "plan.toml").outcome == "responded"


def test_the_plan_of_its_folder_draws_the_same_figures(tmp_path):
    run("demo", "--out", tmp_path / "demo")
    plan = read_plan(tmp_path / "demo" / "plan.toml")
    assert dict(plan.labels)["leg_black"] == "Black legislator"
    assert dict(plan.value_labels)["south"] == (("0", "Other state"), ("1", "Southern state"))
    run("fit", tmp_path / "demo" / "plan.toml", "--out", tmp_path / "again")
    for figure in ("effects.svg", "modifiers.svg"):
        first, again = (tmp_path / folder / figure for folder in ("demo", "again"))
        assert first.read_text() == again.read_text()
    printed = run("groups", tmp_path / "demo").stdout
    assert "Black legislator" in printed and "Not a Democrat" in printed


def test_labels_on_the_command_line(tmp_path):
    asked = ("--outcome", "responded", "--treatment", "treat_out", "--modifiers", "leg_black")
    named = ("--labels", "leg_black=Black legislator", "--value-labels", "leg_black:1=Black")
    found = run("fit", datasets.path(), *asked, *named, "--draws", "100")
    assert found.exit_code == 0
    assert "Black legislator" in found.stdout and "Black  " in found.stdout
    wrong = run("fit", datasets.path(), *asked, "--labels", "leg_blak=Black", "--draws", "100")
    assert wrong.exit_code == 2
    assert "Did you mean 'leg_black'?" in wrong.output
