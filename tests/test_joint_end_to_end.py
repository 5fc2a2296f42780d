"""Arms, several treatments, clusters, categories and the like: from rows to tables and files."""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy.special import log_softmax
from scipy.stats import norm
from typer.testing import CliRunner

import forwhom as fw
from forwhom.answers import ANSWERS
from forwhom.answers.which import endings
from forwhom.cli import app

DRAWS = 2000
NARROW = {"sigma_theta": "half_normal(0.3)", "sigma_b": "half_normal(0.3)"}
SCHOOLS = {  # Rubin 1981: effects of coaching in eight schools
    "effect": [28, 8, -3, 7, -1, 1, 18, 12],
    "se": [15, 10, 16, 11, 9, 11, 10, 18],
    "school": list("ABCDEFGH"),
}
NONE: dict[str, Any] = {"spread": "none", "baseline": "modifiers"}
LOGIT: dict[str, Any] = {"outcome": "voted", "family": "bernoulli"}
ONE: dict[str, Any] = {"outcome": "y", "treatment": "ad", "modifiers": "woman"}
MANY = ONE | {"modifiers": "woman + party"}

CASES: dict[str, dict[str, Any]] = {
    "arms": NONE
    | {"outcome": "y", "treatment": "arm", "reference": "none", "modifiers": "woman"}
    | {"sigma_by": "arm"},
    "treatments": NONE | LOGIT | {"treatment": {"ad": "woman", "call": "party"}},
    "clusters": NONE
    | LOGIT
    | {"treatment": "ad", "modifiers": "woman", "clusters": "state", "cluster_effects": "state"}
    | {"priors": {"sigma_state": "half_normal(0.3)", "sigma_theta_state": "half_normal(0.3)"}},
    "categories": NONE
    | {"outcome": "choice", "treatment": "ad", "modifiers": "woman", "family": "categorical"},
    "schools": {"outcome": "effect", "std_error": "se", "groups": "school"},
    "sigma by group": NONE | ONE | {"sigma_by": "group", "groups": "state"}
    | {"priors": {"sigma_spread": "half_normal(0.2)"}, "seed": 2},
    "student": ONE | {"groups": "state", "spread": "student", "baseline": "modifiers"}
    | {"priors": {"sigma_theta": "half_normal(0.3)"}},
    "correlated": ONE | {"groups": "state", "correlated": True, "priors": NARROW},
    "horseshoe": NONE | MANY | {"priors": {"lambda": "horseshoe(1, 0.3, 50)"}},
    "r2d2": NONE | MANY | {"priors": {"lambda": "r2d2(0.3, 20)"}},
    "nuts": LOGIT
    | {"treatment": "ad", "modifiers": "woman", "groups": "state", "method": "nuts"}
    | {"priors": NARROW},
    "alley2023": ONE | {"groups": "state", "preset": "alley2023", "method": "nuts", "draws": 2800},
}  # fmt: skip
EFFECTS = {"arms": ["arm[mail]", "arm[visit]"], "treatments": ["ad", "call"], "schools": ["effect"]}
COLLAPSE = ("arms", "schools", "correlated", "horseshoe", "r2d2")
LAPLACE = ("treatments", "clusters", "categories")
BY = (
    dict.fromkeys(COLLAPSE, "collapse")
    | dict.fromkeys(LAPLACE, "laplace")
    | {"student": "quadrature"}
)
GROUPS = {"arms": 2, "treatments": 6, "clusters": 2, "categories": 2, "horseshoe": 6, "r2d2": 6}


def trial(n: int = 240) -> dict[str, np.ndarray]:
    """Rows in eight states; treatments arm, ad and call, given at random."""
    rng = np.random.default_rng(1)
    state = rng.integers(0, 8, n)
    arm, ad, call = rng.integers(0, 3, n), rng.integers(0, 2, n), rng.integers(0, 2, n)
    woman, party = rng.integers(0, 2, n), rng.integers(0, 3, n)
    eta = 0.5 * (arm == 1) + (1 + 0.8 * woman) * (arm == 2) + 0.3 * call
    eta += (0.5 + 0.5 * woman + 0.3 * rng.normal(size=8)[state]) * ad + 0.3 * rng.normal(size=8)[
        state
    ]
    y = np.round(1 + eta + rng.normal(size=n), 1)
    return {
        "y": y,
        "voted": (rng.random(n) < 1 / (1 + np.exp(0.5 - eta))).astype(int),
        "choice": np.array(["left", "mid", "right"])[np.digitize(y + rng.normal(size=n), [1, 2.5])],
        "arm": np.array(["none", "mail", "visit"])[arm],
        "ad": ad,
        "call": call,
        "woman": woman,
        "party": np.array(["dem", "ind", "rep"])[party],
        "state": np.array(list("ABCDEFGH"))[state],
    }


@cache
def fitted(case: str) -> fw.Fit:
    data = SCHOOLS if case == "schools" else trial()
    return fw.fit(data, **{"draws": DRAWS} | CASES[case])


def effects_of(case: str) -> list[str]:
    return EFFECTS.get(case, ["ad"])


def column(table: Any, name: str) -> list[Any]:
    return list(table.columns[name])


@pytest.mark.parametrize("case", CASES)
def test_tables_name_every_effect(case: str) -> None:
    fit, names, groups = fitted(case), effects_of(case), GROUPS.get(case, 8)
    told = ["left", "mid", "right"] if case == "categories" else [""]
    effects = fit.effects()
    labels = column(effects, "outcome") if "outcome" in effects.columns else [""] * effects.n_rows
    shown = list(zip(labels, column(effects, "treatment"), strict=True))
    # a table of each effect in turn, for categories a table of each category
    assert shown == [(label, name) for name in names for label in told for _ in range(groups)]
    assert column(fit.average(), "treatment") == [name for name in names for _ in told]
    by = column(effects, "treatment")
    first = fit.fitted.design.groups.columns[0]
    values = len(set(column(effects, first)))
    assert column(fit.average(by=first), "treatment") == [
        name for name in names for _ in told for _ in range(values)
    ]
    assert set(by) == set(names)
    for table in (effects, fit.average(), fit.modifiers(), fit.parameters()):
        for key in ("estimate", "std_error", "conf_low", "conf_high", "prob_positive"):
            assert np.isfinite(table.columns[key]).all()
        assert (np.asarray(table.columns["conf_low"]) < table.columns["conf_high"]).all()
    found = fit.diagnostics().row(0)
    assert found["method"] == BY.get(case, "nuts")
    assert found["passed"]


@pytest.mark.parametrize(
    ("case", "terms"),
    [
        ("arms", {name: ["Intercept", "woman"] for name in EFFECTS["arms"]}),
        ("treatments", {"ad": ["Intercept", "woman"],
                        "call": ["Intercept", "party[ind]", "party[rep]"]}),
        ("schools", {"effect": ["Intercept"]}),
        ("alley2023", {"ad": ["Intercept", "woman"]}),
    ],
)  # fmt: skip
def test_each_effect_has_its_own_modifiers(case: str, terms: dict[str, list[str]]) -> None:
    found = fitted(case).modifiers()
    shown = list(zip(column(found, "treatment"), column(found, "term"), strict=True))
    assert shown == [(name, term) for name, some in terms.items() for term in some]


@pytest.mark.parametrize(
    ("case", "parameters"),
    [
        ("arms", [("delta", "woman"), ("sigma", "untreated"), ("sigma", "arm[visit]"),
                  ("sigma", "arm[mail]")]),
        ("clusters", [("sigma_state", ""), ("sigma_theta_state", "")]),
        ("schools", [("sigma_theta", "")]),
        ("sigma by group", [("sigma_spread", ""), ("sigma", "")]),
        ("student", [("sigma_theta", ""), ("nu_theta", ""), ("sigma", "")]),
        ("correlated", [("sigma_b", ""), ("sigma_theta", ""), ("correlation", "b, theta")]),
    ],
)  # fmt: skip
def test_other_parameters(case: str, parameters: list[tuple[str, str]]) -> None:
    table = fitted(case).parameters()
    shown = list(zip(column(table, "parameter"), column(table, "term"), strict=True))
    assert [pair for pair in shown if pair in parameters] == parameters
    assert ("alpha", "") in shown or case == "schools"


@pytest.mark.parametrize(
    ("case", "priors"),
    [
        ("arms", {"lambda_arm", "delta", "alpha", "sigma"}),
        ("treatments", {"lambda_ad", "lambda_call", "delta", "alpha"}),
        ("clusters", {"sigma_state", "sigma_theta_state", "lambda", "delta", "alpha"}),
        ("schools", {"lambda", "sigma_theta"}),
        ("sigma by group", {"sigma_spread", "sigma", "lambda", "delta", "alpha"}),
        ("student", {"nu_theta", "sigma_theta", "sigma", "lambda", "delta", "alpha"}),
        ("correlated", {"correlation", "sigma_theta", "sigma_b", "sigma", "lambda", "delta"}
         | {"alpha"}),
    ],
)  # fmt: skip
def test_priors_are_told(case: str, priors: set[str]) -> None:
    assert set(column(fitted(case).priors(), "parameter")) == priors


def test_shrinkage_is_told_in_words() -> None:
    for case in ("horseshoe", "r2d2"):
        table = fitted(case).priors()
        rows = [row for row in (table.row(i) for i in range(table.n_rows)) if case in row["prior"]]
        assert [(row["parameter"], row["source"]) for row in rows] == [("lambda", "yours")]
        assert "Intercept" not in rows[0]["term"]


def test_rows_by_arm() -> None:
    data = trial()
    table = fitted("arms").groups()
    assert list(table.columns) == ["group_id", "woman", "n_rows", "n_arm[mail]", "n_arm[visit]"]
    for i, woman in enumerate((0, 1)):
        mine = data["woman"] == woman
        expected = [mine.sum(), *((mine & (data["arm"] == arm)).sum() for arm in ("mail", "visit"))]
        assert [table.row(i)[name] for name in list(table.columns)[2:]] == expected
    effects = fitted("arms").effects()
    control = [((data["woman"] == w) & (data["arm"] == "none")).sum() for w in (0, 1)]
    assert column(effects, "n_control") == control * 2
    schools = fitted("schools")
    assert list(schools.groups().columns) == ["group_id", "school", "n_rows"]
    assert column(schools.effects(), "n_rows") == [1] * 8
    assert not {"n_treated", "n_control"} & set(schools.average().columns)


@pytest.mark.parametrize("case", CASES)
def test_a_saved_fit_is_the_same(case: str, tmp_path: Path) -> None:
    fit = fitted(case)
    again = fw.load(fit.save(tmp_path / "fit.nc"))
    assert again.tables().keys() == fit.tables().keys()
    for name, table in fit.tables().items():
        assert again.tables()[name].to_csv() == table.to_csv(), name
    assert str(again) == str(fit)
    assert again.plan == fit.plan


@pytest.mark.parametrize("case", CASES)
def test_the_tree_has_labels(case: str) -> None:
    fit = fitted(case)
    posterior = fit.posterior["posterior"]
    assert posterior["treatment"].values.tolist() == effects_of(case)
    assert posterior.sizes["chain"] == (1 if case in BY else 4)
    assert posterior.sizes["chain"] * posterior.sizes["draw"] == fit.plan.draws
    dims = ("category", "treatment") if case == "categories" else ("treatment",)
    assert posterior["theta"].dims == ("chain", "draw", *dims, "group")
    assert posterior["lambda"].dims == ("chain", "draw", *dims, "modifier")
    constant = fit.posterior["constant_data"]
    rows = {"schools": 8, "alley2023": trial()["ad"].sum()}  # whose untreated are one group
    assert constant["n_rows"].sum() == rows.get(case, 240)
    assert ("n_treated" in constant) == (case != "schools")
    if case == "arms":
        assert posterior["sigma"].dims == ("chain", "draw", "sigma_index")
        assert posterior["sigma_index"].values.tolist() == ["untreated", "arm[visit]", "arm[mail]"]
        assert constant["n_treated"].sum("group").values.tolist() == [
            (trial()["arm"] == arm).sum() for arm in ("mail", "visit")
        ]
    if case == "treatments":  # a modifier that an effect does not have
        assert np.isnan(posterior["lambda"].sel(treatment="ad", modifier="party[rep]")).all()
        assert np.isfinite(posterior["lambda"].sel(treatment="call", modifier="party[rep]")).all()


@pytest.mark.parametrize("case", CASES)
def test_the_summary_reads_well(case: str) -> None:
    text = str(fitted(case))
    for line in text.splitlines():
        assert len(line) <= 88
        words = line.strip()
        if not re.search(r"  \( *\S+ to +\S+\)  ", line):  # columns of numbers
            assert "  " not in words
        assert not re.search(r"\b(nan|None|inf)\b|(?<!\w)[\[(][\])]| [,.;:]", words)
    flowing = " ".join(text.split())
    for once in ("Effect spread: none", "Question:", "Data:", "Model:", "sigma_theta may be zero"):
        assert flowing.count(once) <= 1
    assert flowing.count("Average effect") == len(fitted(case).average().columns["estimate"])


def test_what_the_summary_says() -> None:
    def said(case: str) -> str:
        return " ".join(str(fitted(case)).split())

    data = trial()
    none, mail, visit = ((data["arm"] == arm).sum() for arm in ("none", "mail", "visit"))
    arms = said("arms")
    assert arms.startswith(
        "Question: what does arm (mail and visit against none) do to y, and how do their effects "
        "differ by woman?"
    )
    assert f"rows used; arm: none ({none} rows), mail ({mail}), visit ({visit})." in arms
    assert "Model: gaussian, baseline modifiers, spread none, residual sd by arm." in arms
    both = said("treatments")
    assert both.startswith(
        "Question: what do ad (1 against 0) and call (1 against 0) do to voted, and how do their "
        "effects differ by woman and party?"
    )
    assert "Average effect of call (1 against 0) on voted over all rows:" in both
    assert re.search(r" (ad|call): (woman|party)\S* .*against ", both)
    schools = said("schools")
    assert schools.startswith(
        "Question: how large are the effects in effect, and how do they differ between school? "
        "Data: dict of columns, 8 of 8 rows used. 8 groups of 1 row each."
    )
    assert "Model: estimates with known standard errors (se). Method collapse" in schools
    assert "from noise" not in schools  # their noise is known
    clusters = said("clusters")
    assert "8 clusters by state, of " in clusters
    assert "sigma_state, sd of baselines between clusters by state: " in clusters
    assert "sigma_theta_state, sd of effects between clusters by state: " in clusters
    categories = said("categories")
    assert "Average effect of ad (1 against 0) on choice being left over all rows:" in categories
    assert re.search(r" left: (woman|party)\S* .*against ", categories)
    assert "correlation (b, theta), correlation of a group's own parameters: " in said("correlated")
    assert "nu_theta, degrees of freedom of the group effects: " in said("student")


@pytest.mark.parametrize("case", CASES)
def test_figures_of_every_effect(case: str) -> None:
    fit = fitted(case)
    which = endings(fit._workings)
    assert len(which) == len(fit.estimands)
    titles = set()
    for picked in which.values():
        modifiers = fit.plot.modifiers(**picked).to_dict()
        fit.plot.effects(**picked).to_dict()
        titles.add(json.dumps(modifiers["title"]))
    assert len(titles) == len(which)
    with pytest.raises(fw.OutputError, match=r"treatment='nothing' is not in the fit; it has"):
        fit.plot.effects(treatment="nothing")
    own = case == "categories"
    words = "is not in the fit; it has 'mid', 'right'" if own else "has no category"
    with pytest.raises(fw.OutputError, match=words):
        fit.plot.modifiers(category="nothing")


@pytest.mark.parametrize("case", CASES)
def test_models_are_checked(case: str) -> None:
    fit = fitted(case)
    check = fit.check()
    assert np.isfinite(check.columns["replicated"]).all()
    found = fit.elpd()
    assert found.n_rows == (8 if case == "schools" else 240)
    assert np.isfinite(found.total)
    fit.plot.check().to_dict()
    tables, reasons = fit.checks()
    assert (set(tables), reasons) == ({"check", "loo", "sensitivity"}, ())


def test_arms_are_checked_one_by_one() -> None:
    data, check = trial(), fitted("arms").check()
    listed = (check.row(i) for i in range(check.n_rows))
    rows = {(row["where"], row["statistic"]): row for row in listed}
    for name, arm in (("untreated", "none"), ("arm[mail]", "mail"), ("arm[visit]", "visit")):
        y = data["y"][data["arm"] == arm]
        assert rows[name, "mean"]["observed"] == pytest.approx(y.mean())
        assert rows[name, "sd"]["observed"] == pytest.approx(y.std())
        assert abs(rows[name, "sd"]["z"]) < 3  # each arm's own residual sd
    text = json.dumps(fitted("arms").plot.check().to_dict())
    assert all(name in text for name in ("untreated", "arm[mail]", "arm[visit]"))


def test_rows_left_out_by_hand() -> None:
    """From the labelled draws alone: categories, a residual sd by arm, known standard errors."""
    data = trial()

    def draws(case: str, name: str) -> np.ndarray:
        values = fitted(case).posterior["posterior"][name]
        return values.stack(sample=("chain", "draw")).transpose(..., "sample").to_numpy()

    woman, ad = data["woman"][:, None], data["ad"][:, None]
    lam, delta = draws("categories", "lambda")[:, 0], draws("categories", "delta")
    eta = draws("categories", "alpha")[:, None] + woman * delta
    eta = eta + ad * (lam[:, :1] + woman * lam[:, 1:])
    eta = np.concatenate([np.zeros((1, *eta.shape[1:])), eta])
    level = np.unique(data["choice"], return_inverse=True)[1]
    by_hand = {"categories": log_softmax(eta, axis=0)[level, np.arange(240)]}

    lam, delta = draws("arms", "lambda"), draws("arms", "delta")
    given = np.array([data["arm"] == arm for arm in ("mail", "visit")])[..., None]
    mean = draws("arms", "alpha") + woman * delta
    mean = mean + (given * (lam[:, None, 0] + woman * lam[:, None, 1])).sum(axis=0)
    place = np.select([data["arm"] == "none", data["arm"] == "visit"], [0, 1], 2)
    by_hand["arms"] = norm.logpdf(data["y"][:, None], mean, draws("arms", "sigma")[place])

    y, se = (np.array(SCHOOLS[name], dtype=float)[:, None] for name in ("effect", "se"))
    by_hand["schools"] = norm.logpdf(y, draws("schools", "theta")[0], se)
    for case, values in by_hand.items():
        elpd, k, p = array_stats.loo(values[:, None])
        found = fitted(case).elpd()
        assert found.total == pytest.approx(elpd.sum(), abs=1e-8), case
        assert found.p_total == pytest.approx(p.sum(), abs=1e-8), case
        assert found.k.max() == pytest.approx(k.max(), abs=1e-6), case


def test_an_arm_whose_outcome_never_varies() -> None:
    data = trial()
    data["voted"] = np.where(data["arm"] == "visit", 1, data["voted"])
    fit = fw.fit(data, **CASES["arms"] | LOGIT | {"sigma_by": None}, draws=DRAWS)
    assert [caution.text for caution in fit.warnings if caution.code == "separation"] == [
        "'voted' always occurs in the rows with arm[visit] (complete separation): the data bound "
        "the effect on one side only, and the prior does the rest. fit.priors() shows it."
    ]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, data = tmp_path_factory.mktemp("data") / "trial.csv", trial()
    with path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(data)
        writer.writerows(zip(*data.values(), strict=True))
    return path


def test_the_command_line_writes_every_effect(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    flags = ["--outcome", "voted", "--treatment", "ad=woman", "--treatment", "call=party"]
    flags += ["--family", "bernoulli", "--spread", "none", "--baseline", "modifiers"]
    flags += ["--draws", str(DRAWS), "--out", str(out), "--check", "--json"]
    result = CliRunner().invoke(app, ["fit", str(file), *flags], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    told = [row for row in ANSWERS.values() if row.when != "asked"]
    each = [row.name for row in told if "treatment" in row.figure_options]
    figures = [f"{name}_{effect}" for name in each for effect in ("ad", "call")]
    figures += [row.name for row in told if row.figure and row.name not in each]
    assert {"effects_ad", "modifiers_call", "check"} < set(figures)
    expected = {"plan.toml", "summary.txt", "fit.nc"} | {f"{row.name}.csv" for row in told}
    expected |= {f"{name}{kind}" for name in figures for kind in (".png", ".svg", ".html")}
    assert {path.name for path in out.iterdir()} == expected
    assert "a check is left out" not in result.stderr
    record = json.loads(result.stdout)
    assert {Path(name).name for name in record["files"]} == expected
    assert [row["treatment"] for row in record["tables"]["average"]] == ["ad", "call"]
    # the same plan and data, by the command line or not
    fit, again = fitted("treatments"), fw.load(out / "fit.nc")
    assert again.average().to_dict() == fit.average().to_dict()
    assert fw.read_plan(out / "plan.toml").treatments == fit.plan.treatments


def test_priors_are_simulated() -> None:
    asked = {k: v for k, v in CASES["arms"].items() if k != "sigma_by"}
    text = str(fw.prior_predictive(trial(), draws=200, **asked))
    assert "arm[visit]" in text
    text = str(fw.prior_predictive(SCHOOLS, draws=200, **CASES["schools"]))
    assert "Model: estimates with known standard errors (se); seed 1." in " ".join(text.split())
