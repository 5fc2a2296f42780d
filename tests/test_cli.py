import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from forwhom import __version__, api, cli
from forwhom.cli import app

KINDS = (".png", ".svg", ".html")
DRAWN = ("who", "differences", "modifiers", "effects", "parameters", "pooling", "outcomes")
FIGURES = {f"{name}{kind}" for name in DRAWN for kind in KINDS}
TABLES = {
    f"{name}.csv"
    for name in (
        *("modifiers", "effects", "average", "parameters"),
        *("groups", "rows", "priors", "diagnostics", "pooling", "outcomes"),
        *("who", "differences"),
    )
}
FILES = {"plan.toml", "summary.txt", "fit.nc"} | FIGURES | TABLES


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """400 rows with 18 groups, one binary column's name holding a space."""
    rng = np.random.default_rng(3)
    path = tmp_path_factory.mktemp("data") / "data.csv"
    woman, region, age = rng.integers(0, 2, 400), rng.integers(0, 3, 400), rng.integers(0, 3, 400)
    arm = rng.integers(0, 2, 400)
    y = 1 + woman + arm * (0.5 - 0.4 * woman) + rng.normal(0, 1, 400)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["y", "t", "is woman", "région", "age", "arm", "x"])
        names = ("nord", "süd", "ouest")
        for row in zip(y, arm, woman, region, age, arm + 1, rng.normal(0, 1, 400), strict=True):
            values = [*row]
            values[3] = names[row[3]]
            writer.writerow(values)
    return path


BASE = ("--outcome", "y", "--treatment", "t", "--draws", "200")
MODIFIERS = ("--modifiers", "`is woman` + région + age")


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)


def fit(data, *args):
    return run("fit", data, *BASE, *args)


@pytest.fixture(scope="module")
def written(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("written") / "deep" / "results"
    return out, fit(data, *MODIFIERS, "--out", out)


def process(*args, **more):
    return subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, timeout=120, check=False, **more
    )


def refused(code, *args):
    """The one line on stderr; the same error as JSON with --json."""
    plain = run(*args)
    assert (plain.exit_code, plain.stdout) == (code, "")
    line = plain.stderr
    assert line.startswith("forwhom: ")
    assert line.count("\n") == 1
    assert "Traceback" not in line
    as_json = run(*args, "--json")
    assert as_json.exit_code == code
    error = json.loads(as_json.stdout)["error"]
    assert (f"forwhom: {error['message']}\n", error["exit_code"]) == (line, code)
    return line


# Help and version


def test_version_and_help():
    assert run("--version").stdout == f"forwhom {__version__}\n"
    top = run("--help")
    assert top.exit_code == 0
    assert "For whom does a treatment work, and why?" in top.stdout
    assert run().stdout == top.stdout
    for line in (
        "fit          Estimate for whom a treatment works.",
        "demo         Run the embedded example.",
    ):
        assert line in top.stdout


@pytest.mark.parametrize("command", ["fit", "demo"])
def test_help_of_a_command_fits_a_terminal_and_has_no_markup(command):
    help_text = run(command, "--help").stdout
    assert max(map(len, help_text.splitlines())) <= 100
    assert "\b" not in help_text
    assert "[bold" not in help_text
    assert "--out DIR" in help_text
    assert "--json" in help_text


def test_flags_may_be_written_with_underscores(data):
    found = fit(data, *MODIFIERS, "--treatment_type", "binary", "--json")
    assert json.loads(found.stdout)["question"]["treatment_type"] == "binary"


# Without --out


def test_prints_summary_tables_and_how_to_save(data):
    found = fit(data, *MODIFIERS)
    assert (found.exit_code, found.stderr) == (0, "")
    places = [
        found.stdout.index(words)
        for words in (
            "Question: what does t (1 against 0) do to y",
            "Modifier coefficients (lambda)",
            "Average effect of t (1 against 0) on y (95 % equal-tailed intervals)",
            "Group effects (theta)",
            "Priors\n",
            "To save tables, figures, plan and draws, add: --out results",
        )
    ]
    assert places == sorted(places)


def test_effects_are_cut_at_40_rows(data):
    found = fit(data, "--modifiers", "`is woman` + région + age + x")
    assert "more rows" in found.stdout
    effects = found.stdout.split("Group effects")[1].split("more rows")[0]
    assert effects.count("\nt ") == 40


def test_every_flag_arrives_in_the_plan(data):
    found = run(
        *("fit", "--data", data, "--outcome", "y", "--treatment", "arm", "--reference", "2"),
        *("--modifiers", "is woman", "--modifiers", "age", "--controls", "scale(x)"),
        *("--groups", "is woman", "--groups", "age", "--bins", "age=1,2"),
        *("--baseline", "modifiers", "--spread", "normal", "--method", "exact"),
        *("--family", "gaussian", "--seed", "7"),
        *("--draws", "150", "--level", "0.8", "--treatment-type", "binary"),
        *("--priors", "lambda[is woman]=normal(0, 0.2)", "--priors", "sigma=half_normal(2)"),
        "--json",
    )  # fmt: skip
    assert found.exit_code == 0
    assert json.loads(found.stdout)["question"] == {
        "outcome": "y",
        "treatment": "arm",
        "modifiers": "`is woman` + age",
        "controls": "scale(x)",
        "groups": ["is woman", "age"],
        "weights_kind": "sampling",
        "reference": 2,
        "treatment_type": "binary",
        "bins": {"age": [1.0, 2.0]},
        "family": "gaussian",
        "link": "identity",
        "baseline": "modifiers",
        "spread": "normal",
        "priors": {"sigma": "half_normal(2)", "lambda": {"is woman": "normal(0, 0.2)"}},
        "method": "exact",
        "draws": 150,
        "seed": 7,
        "level": 0.8,
        "data": str(data),
    }


@pytest.fixture
def planned(data, monkeypatch):
    """The keywords of the plan that flags make; nothing is run."""
    tasks = []
    monkeypatch.setattr(cli, "_run", lambda task: tasks.append(task) or 0)

    def keywords(*args):
        assert run("fit", data, "--outcome", "y", *args).exit_code == 0
        return tasks.pop().plan.keywords()

    return keywords


def test_flags_of_several_treatments_and_clusters_arrive(planned):
    found = planned(
        *("--treatment", "t=age*x", "--treatment", "arm=age", "--reference", "arm=1"),
        *("--treatment-type", "arm=arms", "--treatment_type", "t=binary"),
        *("--clusters", "région", "--clusters", "is woman", "--cluster-effects", "`is woman`"),
        *("--correlated", "--sigma-by", "arm", "--method", "nuts"),
        *("--priors", "lambda_t[age]=flat", "--priors", "sigma_is woman=half_normal(1)"),
    )
    expected = {
        "treatment": {"t": "age + x + age:x", "arm": "age"},
        "reference": {"arm": 1},
        "treatment_type": {"t": "binary", "arm": "arms"},
        "clusters": ["région", "is woman"],
        "cluster_effects": ["is woman"],
        "correlated": True,
        "sigma_by": "arm",
        "method": "nuts",
        "priors": {"sigma_is woman": "half_normal(1)", "lambda_t": {"age": "flat"}},
    }
    assert expected.items() <= found.items()
    assert "modifiers" not in found


def test_flags_of_treatments_that_share_modifiers_arrive(planned):
    found = planned("--treatment", "t", "--treatment", "arm", "--modifiers", "age + x")
    assert (found["treatment"], found["modifiers"]) == (["t", "arm"], "age + x")
    assert "correlated" not in found


def test_flags_of_estimates_arrive(planned):
    found = planned("--std-error", "x", "--modifiers", "age", "--spread", "student")
    assert (found["std_error"], found["spread"]) == ("x", "student")
    assert "treatment" not in found


def test_json_is_one_object_and_nothing_else(data):
    found = fit(data, *MODIFIERS, "--json")
    assert (found.exit_code, found.stderr) == (0, "")
    record = json.loads(found.stdout)
    assert set(record) == {
        *("question", "source", "fingerprint", "rows", "tables", "notes", "warnings"),
        *("diagnostics", "passed", "versions", "files"),
    }
    assert record["rows"]["used"] == 400
    assert {f"{name}.csv" for name in record["tables"]} == TABLES
    assert record["tables"]["modifiers"][0]["term"] == "Intercept"
    assert len(record["tables"]["effects"]) == 18
    assert record["passed"] is record["diagnostics"]["passed"] is True
    assert record["versions"]["forwhom"] == __version__
    assert record["files"] == []
    assert all(set(warning) == {"code", "text"} for warning in record["warnings"])


def test_numbers_that_are_not_finite_are_null(data, monkeypatch):
    made = api.Fit.tables

    def with_nan(self):
        tables = made(self)
        tables["average"].columns["estimate"][:] = np.nan
        return tables

    monkeypatch.setattr(api.Fit, "tables", with_nan)
    record = json.loads(fit(data, *MODIFIERS, "--json").stdout)
    assert record["tables"]["average"][0]["estimate"] is None


# With --out


def test_out_writes_everything_and_lists_it(written):
    out, found = written
    assert found.exit_code == 0
    assert {path.name for path in out.iterdir()} == FILES
    assert {path.name for path in out.parent.iterdir()} == {"results"}
    for name in FILES:
        assert f"  {out / name}" in found.stdout
    summary = (out / "summary.txt").read_text()
    assert found.stdout.startswith(summary)
    assert "Group effects (theta)" not in found.stdout
    assert (out / "effects.png").read_bytes().startswith(b"\x89PNG")


def test_facets_are_picked_or_chosen(data, written, tmp_path):
    svg = (written[0] / "effects.svg").read_text()
    assert "is woman = 1" in svg
    assert "nord" in svg
    found = fit(data, *MODIFIERS, "--out", tmp_path / "r", "--column", "age", "--json")
    svg = (tmp_path / "r" / "effects.svg").read_text()
    assert "age = 2" in svg
    files = json.loads(found.stdout)["files"]
    assert {Path(file).name for file in files} == FILES


def test_the_plan_written_gives_the_same_tables_again(written, tmp_path):
    out, _ = written
    assert run("fit", out / "plan.toml", "--out", tmp_path).exit_code == 0
    for name in sorted(TABLES | {"plan.toml"}):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()
    assert 'family = "gaussian"' in (out / "plan.toml").read_text(encoding="utf-8")
    first, again = (
        (folder / "summary.txt").read_text(encoding="utf-8") for folder in (out, tmp_path)
    )
    why = "  * Family gaussian, because 'y' holds numbers.\n"  # the plan written names the family
    assert first.count(why) == 1
    assert again in (first.replace(why, ""), first.replace(f"Notes\n{why}\n", ""))


def test_the_saved_draws_give_the_same_tables(written):
    out, _ = written
    effects = api.load_fit(out / "fit.nc").tables()["effects"].to_csv()
    assert (out / "effects.csv").read_text(encoding="utf-8") == effects


def test_plan_file_with_other_data(data, written, tmp_path):
    out, _ = written
    other = tmp_path / "other.csv"
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    other.write_text("".join(lines[:300]), encoding="utf-8")
    record = json.loads(run("fit", out / "plan.toml", "--data", other, "--json").stdout)
    assert record["rows"]["used"] == 299
    assert record["question"]["data"] == str(other)


def test_plan_file_finds_data_beside_it(data, tmp_path, monkeypatch):
    (tmp_path / "plan.TOML").write_text(
        'outcome = "y"\ntreatment = "t"\nmodifiers = "age"\ndata = "d.csv"\ndraws = 100\n'
    )
    (tmp_path / "d.csv").write_bytes(data.read_bytes())
    monkeypatch.chdir(data.parent)
    assert run("fit", tmp_path / "plan.TOML").exit_code == 0


# Errors: 2 wrong usage, 3 bad data, 4 failed diagnostics, 130 interrupted


def test_wrong_usage(data, written, tmp_path):
    plan = written[0] / "plan.toml"
    for words, args in (
        ("No such option: --outcom", ["fit", data, "--outcom", "y"]),
        ("got 'many'", ["fit", data, *BASE, *MODIFIERS, "--draws", "many"]),
        ("level is a number between 0 and 1", ["fit", data, *BASE, *MODIFIERS, "--level", "95"]),
        ("No such command 'fti'", ["fti"]),
        ("no data: name a data file or a plan file", ["fit", *BASE, *MODIFIERS]),
        ("a plan needs outcome", ["fit", data, "--treatment", "t"]),
        ("all rows are one group. Leave out spread", ["fit", data, *BASE, "--spread", "normal"]),
        ("Name each treatment's column once", ["fit", data, *BASE, "--treatment", "t"]),
        ("so --correlated cannot stand beside it", ["fit", plan, "--correlated"]),
        ("Did you mean 'group'?", ["fit", data, *BASE, *MODIFIERS, "--baseline", "grup"]),
        ("Did you mean 'normal'?", ["fit", data, *BASE, *MODIFIERS, "--priors", "alpha=norml(1)"]),
        ("'open' is not a function", ["fit", data, *BASE, "--modifiers", "open(x)"]),
        ("so --draws, --seed cannot stand", ["fit", plan, "--draws", "9", "--seed", "2"]),
        ("there is no such plan file", ["fit", tmp_path / "no.toml"]),
        ("Add --out DIR", ["fit", data, *BASE, *MODIFIERS, "--row", "age"]),
        ("Did you mean 'age'?", ["fit", plan, "--out", tmp_path / "o", "--row", "agee"]),
    ):
        assert words.casefold() in refused(2, *args).casefold()
    assert list(tmp_path.iterdir()) == []


def test_bad_data(data, tmp_path):
    out = tmp_path / "out"
    arm = ("--outcome", "y", "--treatment", "arm")
    for words, source, args in (
        ("Did you mean 'y'?", data, [*BASE, "--outcome", "Y"]),
        ("There is no file", tmp_path / "no.csv", BASE),
        ("reference=9 is not a level", data, [*arm, "--reference", "9"]),
        ("which level the others are held against is not guessed", data, arm),
    ):
        assert words in refused(3, "fit", source, *args, *MODIFIERS, "--out", out)
    assert list(tmp_path.iterdir()) == []


def test_failed_diagnostics_still_show_the_results(data, monkeypatch):
    monkeypatch.setattr(api.Fit, "passed", property(lambda self: False))
    found = fit(data, *MODIFIERS)
    assert found.exit_code == 4
    assert "Group effects (theta)" in found.stdout
    assert found.stderr.startswith("forwhom: the diagnostics failed")
    found = fit(data, *MODIFIERS, "--json")
    assert (found.exit_code, json.loads(found.stdout)["passed"]) == (4, False)


def test_a_place_that_cannot_be_written_is_found_before_the_fit(data, tmp_path, monkeypatch):
    def never(**keywords):
        raise AssertionError("the fit ran")

    monkeypatch.setattr(api, "fit", never)
    file = tmp_path / "file"
    file.write_text("mine")
    for out in (file, file / "below"):
        line = refused(2, "fit", data, *BASE, *MODIFIERS, "--out", out)
        assert f"cannot write results to '{out}': '{file}' is not a folder" in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert file.read_text() == "mine"


def test_an_existing_plan_is_not_overwritten_by_its_own_results(data, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(
        f'outcome = "y"\ntreatment = "t"\nmodifiers = "age"\ndata = {json.dumps(str(data))}\n'
    )
    before = plan.read_bytes()
    assert "holds 'plan.toml', which forwhom did not write" in refused(
        2, "fit", plan, "--out", tmp_path
    )
    assert plan.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


def test_an_interrupt_leaves_nothing(data, tmp_path):
    script = (
        "import os, signal, forwhom.api, forwhom.cli as cli\n"
        "forwhom.api.load = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT)\n"
        "cli.main()\n"
    )
    found = process("-c", script, "fit", data, *BASE, *MODIFIERS, "--out", tmp_path / "a" / "b")
    assert found.returncode == 128 + signal.SIGINT
    assert found.stderr == "forwhom: interrupted.\n"
    assert list(tmp_path.iterdir()) == []


# As a process


def test_a_fit_without_out_imports_nothing_heavy(data):
    script = (
        "import sys\nfrom forwhom.cli import app\n"
        "try:\n    app(sys.argv[1:])\nfinally:\n"
        "    print('MODULES', *sorted({m.partition('.')[0] for m in sys.modules}))\n"
    )
    found = process("-c", script, "fit", data, *BASE, *MODIFIERS)
    # a slow machine is told of the stages, and of nothing else
    said = [line for line in found.stderr.splitlines() if not line.endswith(" ...")]
    assert (found.returncode, said) == (0, [])
    modules = set(found.stdout.rpartition("MODULES")[2].split())
    assert {"forwhom", "numpy", "typer"} <= modules
    heavy = {
        *("pandas", "polars", "xarray", "altair", "vl_convert", "pyarrow", "narwhals", "scipy"),
        *("h5netcdf", "h5py", "pyreadstat", "rich"),
    }
    assert not heavy & modules


def test_names_that_a_terminal_cannot_show_are_escaped(data):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    script = "from forwhom.cli import main; main()"
    found = process("-c", script, "fit", data, *BASE, *MODIFIERS, env=environment)
    assert found.returncode == 0
    assert r"r\xe9gion[s\xfcd]" in found.stdout


def test_check_adds_tables_and_a_figure(data, tmp_path):
    flags = ("--method", "quadrature", "--check")
    found = fit(data, *MODIFIERS, *flags)
    assert found.exit_code == 0
    for words in ("Posterior predictive checks", "(PSIS-LOO)", "Sensitivity to priors and data"):
        assert words in found.stdout
    out = tmp_path / "results"
    assert fit(data, *MODIFIERS, *flags, "--out", out).exit_code == 0
    names = {path.name for path in out.iterdir()}
    assert {"check.csv", "loo.csv", "sensitivity.csv", "check.png"} <= names
    tables = json.loads(fit(data, *MODIFIERS, *flags, "--json").stdout)["tables"]
    assert tables["loo"][0]["method"] == "loo"


def test_checks_that_need_rows_are_left_out_by_name(data):
    found = fit(data, *MODIFIERS, "--check")
    assert found.exit_code == 0
    assert "Sensitivity to priors and data" in found.stdout
    assert "Posterior predictive checks" not in found.stdout
    for check in ("check()", "loo()"):
        assert f"a check is left out: {check} needs the rows' outcomes" in found.stderr


def test_prior_only_fits_nothing(data, tmp_path):
    found = fit(data, *MODIFIERS, "--prior-only")
    assert found.exit_code == 0
    assert "Prior predictive simulation: 1,000 draws" in found.stdout
    assert "Method" not in found.stdout
    for extra in (("--out", tmp_path / "o"), ("--json",), ("--check",)):
        again = fit(data, *MODIFIERS, "--prior-only", *extra)
        assert again.exit_code == 2
        assert "leave out --out, --check and --json" in again.stderr
