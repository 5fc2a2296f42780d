"""Every question put to a fit without modifiers and groups: it answers, or says what to name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import forwhom as fw
from forwhom.answers import ANSWERS, IMPLIED
from forwhom.answers.whom import NAME_THEM
from forwhom.cli import app
from forwhom.data import Tidy
from forwhom.families import FAMILIES
from tests.reference.nuts.cases import SINGLE, usual

NAMES = list(ANSWERS)
REFUSED = {"differences", "by", "contrasts", "ranking", "pooling"}  # nothing to compare
ASKED_WITH: dict[str, dict[str, Any]] = {"by": {"modifier": "m"}}
PLAIN = {"outcome": "y", "treatment": "d"}
ROOM = 200  # rows, and draws


def table_of() -> dict[str, Any]:
    rng = np.random.default_rng(6)
    d, x = np.arange(ROOM) % 2, rng.normal(size=ROOM)
    c = rng.normal(size=ROOM)
    arm = np.array(["control", "ad", "mail"])[np.arange(ROOM) % 3]
    y = (rng.random(ROOM) < 0.3 + 0.3 * d).astype(int)
    return {"y": y, "d": d, "arm": arm, "x": x + d, "c": c, "s": rng.integers(0, 9, ROOM)}


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(table_of(), "y", "d", draws=ROOM)


@pytest.fixture(scope="module")
def arms() -> fw.Fit:
    return fw.fit(table_of(), "x", "arm", controls="c", draws=ROOM)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    place = tmp_path_factory.mktemp("plain")
    data = place / "data.csv"
    held = table_of()
    lines = [",".join(held), *(",".join(map(str, row)) for row in zip(*held.values(), strict=True))]
    data.write_text("\n".join(lines) + "\n")
    plan = place / "plan.toml"
    plan.write_text(f'data = "{data}"\noutcome = "y"\ntreatment = "d"\ndraws = {ROOM}\n')
    given = ["fit", str(plan), "--out", str(place / "results"), "--check", "--json"]
    return place / "results", CliRunner().invoke(app, given)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", ["fit", "arms"])
def test_every_question_is_answered_or_refused_in_words(
    which: str, name: str, request: pytest.FixtureRequest
) -> None:
    asked: fw.Fit = request.getfixturevalue(which)
    given = ASKED_WITH.get(name, {})
    if name == "predict" and which == "arms":
        given = {"new": {"c": [0.0, 1.0]}}
    if name == "contrasts" and which == "arms":
        given = {"between": "treatments"}
    answer = ANSWERS[name]
    if why := answer.refuses(asked._workings):
        with pytest.raises(fw.PlanError) as caught:
            getattr(asked, name)(**given)
        assert str(caught.value) == why
        assert (name in REFUSED) == why.endswith(NAME_THEM)
        assert why.startswith(f"{name}(): no columns were named") or "rows' outcomes" in why
        return
    assert name not in REFUSED or which == "arms"
    told = getattr(asked, name)(**given)
    assert isinstance(told, Tidy) and told.n_rows and told.title
    text = str(told)
    for stray in ("modifiers=()", " , ", "by .", "None", "nan"):
        assert stray not in text
    if answer.figure is not None:
        drawn = {key: value for key, value in given.items() if key in answer.figure_options}
        assert answer.draw(asked._workings, **drawn).to_dict()


def test_who_says_one_sentence(fit: fw.Fit, arms: fw.Fit) -> None:
    told = fit.who()
    assert told.to_dict()["text"] == [
        f"No columns were named that the effect may differ by. {NAME_THEM}"
    ]
    assert told.row(0)["who"] == "all rows"
    assert arms.who().n_rows == 2  # of each arm


def test_the_average_is_the_effect_and_the_difference_of_its_outcomes(fit: fw.Fit) -> None:
    average, outcomes = fit.average().row(0), fit.outcomes()
    difference = next(outcomes.row(i) for i in range(3) if outcomes.row(i)["arm"] == "difference")
    for table in (fit.effects(), fit.predict()):
        row = table.row(0)
        for key in ("estimate", "conf_low", "conf_high"):
            assert row[key] == pytest.approx(average[key], rel=1e-9)
            assert difference[key] == pytest.approx(average[key], rel=1e-9)
    assert fit.effects().to_dict() == fit.average().to_dict()
    assert "data_share" not in fit.effects().columns
    held = table_of()
    plain = 100 * (held["y"][held["d"] == 1].mean() - held["y"][held["d"] == 0].mean())
    assert average["estimate"] == pytest.approx(plain, abs=1.5 * average["std_error"])


def test_modifiers_hold_the_intercept_alone(fit: fw.Fit) -> None:
    told = fit.modifiers()
    assert told.to_dict()["term"] == ["Intercept"]
    assert told.notes[-1].endswith(f"Intercept: the effect, one for all rows. {NAME_THEM}")
    with pytest.raises(fw.OutputError, match="no modifier coefficient to draw"):
        fit.plot.modifiers(intercept="omit")


def test_the_effect_is_that_of_least_squares() -> None:
    data = table_of()
    priors = {"alpha": "flat", "beta": "flat", "sigma": "flat", "lambda": {"Intercept": "flat"}}
    found = fw.fit(data, "x", "d", controls="c", draws=20_000, priors=priors).average().row(0)
    columns = np.column_stack([np.ones(ROOM), data["d"], data["c"]])
    solved, rest, *_ = np.linalg.lstsq(columns, data["x"])
    error = np.sqrt(rest[0] / (ROOM - 3) * np.linalg.inv(columns.T @ columns)[1, 1])
    # 20,000 independent draws: Monte Carlo errors of a median and an sd are below 1 % of the sd
    assert found["estimate"] == pytest.approx(solved[1], abs=0.04 * error)
    assert found["std_error"] == pytest.approx(error, rel=0.04)


def test_treatments_can_be_compared(arms: fw.Fit) -> None:
    draws = arms.estimands[0].theta()[0] - arms.estimands[1].theta()[0]
    told = arms.contrasts(between="treatments")
    assert abs(told.row(0)["estimate"]) == pytest.approx(abs(np.median(draws)))
    names = [one.treatment.arm for one in arms.estimands]
    in_words = arms.contrasts(f"{names[0]} - {names[1]}")
    assert in_words.row(0)["estimate"] == pytest.approx(np.median(draws))
    for given in ({}, {"against": "average"}):
        with pytest.raises(fw.PlanError, match="only treatments can be compared: say between="):
            arms.contrasts(**given)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("average", {"by": "m"}),
        ("average", {"where": "m > 1"}),
        ("average", {"weights": "m"}),
        ("effects", {"by": "m"}),
        ("effects", {"where": "m == 1"}),
        ("effects", {"data": {"m": [1]}}),
        ("outcomes", {"by": ["m"]}),
        ("who", {"by": "m"}),
    ],
)
def test_options_that_name_columns_say_that_there_are_none(
    name: str, given: dict[str, Any], fit: fw.Fit
) -> None:
    with pytest.raises(fw.PlanError) as caught:
        getattr(fit, name)(**given)
    assert "no columns were named that the effect may differ by" in str(caught.value)
    assert str(caught.value).endswith(NAME_THEM)


def test_a_figure_is_not_split(fit: fw.Fit, arms: fw.Fit) -> None:
    with pytest.raises(fw.OutputError, match="row=: no columns were named"):
        fit.plot.effects(row="m")
    with pytest.raises(fw.PlanError, match="within=: no columns were named"):
        arms.contrasts(between="treatments", within="m")


def test_predict_takes_controls(arms: fw.Fit) -> None:
    told = arms.predict({"c": [0.0, 1.0, 2.0]})
    assert told.n_rows == 6  # of each arm
    assert "every new row has the one effect" in told.notes[0]
    held = fw.fit(table_of(), "x", "d", clusters="s", cluster_effects="s", draws=ROOM)
    assert "spread between clusters" in held.predict().notes[0]
    one, apart = held.predict(spread=False).row(0), held.predict().row(0)
    assert one["std_error"] < apart["std_error"]


def test_the_summary_asks_about_the_effect_alone(fit: fw.Fit, arms: fw.Fit) -> None:
    assert fit.summary().startswith("Question: what does d (1 against 0) do to y?\n")
    assert "differ by" not in arms.summary().split("\n\n")[0]
    assert fit.warnings == ()


@pytest.mark.parametrize("name", [*SINGLE, "categorical"])
def test_every_family(name: str, tmp_path: Path) -> None:
    data = usual(name) if name in SINGLE else usual("ordinal")
    given = {key: key for key in ("trials", "event") if key in data}
    if name == "categorical":
        given |= {"reference_category": 0}
    found = fw.fit(data, "y", "d", family=name, draws=ROOM, **given)
    assert found.passed
    tables = found.tables()
    always = [n for n in NAMES if ANSWERS[n].when == "always"]
    assert set(always) - set(tables) <= {*REFUSED, "outcomes"}
    again = fw.load(found.save(tmp_path / "fit.nc"))
    assert again.summary() == found.summary()
    assert list(again.tables()) == list(tables)
    assert found.posterior["posterior"]["theta"].sizes["group"] == 1
    assert found.posterior["posterior"]["group_name"].values.tolist() == ["all rows"]
    for parameter in FAMILIES[name].parameter_names:
        assert parameter in found.posterior["posterior"]


@pytest.mark.parametrize("method", ["exact", "collapse", "quadrature", "laplace", "nuts"])
def test_methods_agree(method: str) -> None:
    data = table_of()
    one = fw.fit(data, "x", "d", draws=4000).average().row(0)
    other = fw.fit(data, "x", "d", draws=4000, method=method, seed=3).average().row(0)
    # medians of 4,000 draws, by nuts a quarter of them effective: 1.25 sd / sqrt(1,000), 4 times
    assert other["estimate"] == pytest.approx(one["estimate"], abs=0.16 * one["std_error"])
    assert other["std_error"] == pytest.approx(one["std_error"], rel=0.12)


@pytest.mark.parametrize(
    "keywords",
    [
        {"weights": "c2"},
        {"weights": "n", "weights_kind": "frequency"},
        {"controls": "c"},
        {"clusters": "s"},
        {"treatment": ["d", "e"]},
    ],
)
def test_with_what_else_a_plan_has(keywords: dict[str, Any]) -> None:
    data = table_of()
    data |= {"c2": np.exp(data["c"] / 4), "n": 1 + data["s"] % 3, "e": (data["c"] > 0) * 1}
    found = fw.fit(data, **{**PLAIN, "outcome": "x", **keywords}, draws=ROOM)
    assert found.passed
    assert found.average().n_rows == (2 if "treatment" in keywords else 1)
    assert set(found.tables()) >= {"who", "average", "outcomes", "effects", "modifiers"}


def test_a_results_folder(folder: tuple[Path, Any]) -> None:
    place, run = folder
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    always = {n for n in NAMES if ANSWERS[n].when in ("always", "checked")}
    written = {path.stem for path in place.glob("*.csv")}
    assert written == set(told["tables"]) == always - REFUSED
    for name in ("effects", "modifiers", "outcomes", "check"):
        assert (place / f"{name}.png").stat().st_size
    assert "differ by" not in (place / "summary.txt").read_text().split("\n\n")[0]
    again = CliRunner().invoke(app, ["fit", str(place / "plan.toml")])
    assert again.exit_code == 0, again.output


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_commands_refuse_in_one_line(name: str, folder: tuple[Path, Any], tmp_path: Path) -> None:
    figures = [["--out", str(tmp_path / "x.png")]] if ANSWERS[name].figure else []
    for more in ([], *figures):
        run = CliRunner().invoke(app, [name, str(folder[0]), *more])
        assert run.exit_code == 2
        assert (
            run.stderr
            == f"forwhom: {ANSWERS[name].refuses(fw.load(folder[0] / 'fit.nc')._workings)}\n"
        )
    assert not list(tmp_path.iterdir())


def test_what_priors_imply() -> None:
    found = fw.prior_predictive(table_of(), outcome="y", treatment="d", draws=ROOM)
    assert found.effects().to_dict()["quantity"] == ["average effect"]
    assert "group" not in found.effects().notes[0]
    for name in IMPLIED:
        assert getattr(found, name)().n_rows
    assert found.plot().to_dict()
    assert "average effect" in str(found)
    assert 'priors={"lambda": {"Intercept": "normal(0, 0.5)"}}' in " ".join(str(found).split())


def test_fits_compare() -> None:
    data = table_of()
    one = fw.fit(data, "y", "d", draws=ROOM)
    other = fw.fit(data, "y", "d", groups="s", draws=ROOM)
    assert fw.compare_fits({"one": one, "by s": other}, data).n_rows == 2
