"""The summary answers the question, in few lines, without a symbol that has no word."""

from __future__ import annotations

import numpy as np
import pytest

import forwhom as fw
from tests.answers.test_contract import table_of


def countries(n: int = 62) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    rows = 40 * n
    place = rng.integers(0, n, rows)
    rich, effect = rng.normal(size=n), rng.normal(0.3, 0.2, n)
    d = rng.integers(0, 2, rows)
    y = rng.normal(size=rows) + d * (effect + 0.3 * rich)[place]
    names = np.array([f"country {k}" for k in range(n)])
    return {"y": y, "d": d, "rich": rich[place], "place": names[place]}


@pytest.fixture(scope="module")
def many() -> fw.Fit:
    return fw.fit(countries(), "y", "d", "rich", groups="place", draws=1000)


def test_it_is_short(many: fw.Fit) -> None:
    lines = many.summary().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 88


def test_its_parts_come_in_an_order(many: fw.Fit) -> None:
    said = many.summary()
    parts = [
        "Question: ",
        "Data: ",
        "Average effect of d (1 against 0) on y over all rows: ",
        ", from ",
        " without it to ",
        "For whom\n",
        "What goes with it: ",
        "  rich ",
        "of a group's effect is its own data",
        "Effect spread sigma_theta (sd of group effects",
        "Model: gaussian",
    ]
    places = [said.index(part) for part in parts]
    assert places == sorted(places)
    assert "lambda" not in said and "theta" not in said.replace("sigma_theta", "")


def test_the_outcomes_are_those_of_outcomes() -> None:
    fit = fw.fit(table_of(), "y", "d", "a + m", draws=400)
    rows = {row["arm"]: row for row in fit.outcomes()}
    said = " ".join(fit.summary().split())
    low, high = (f"{rows[k]['estimate']:.0f} %" for k in ("without", "with"))
    assert f", from {low} without it to {high} with it; it is positive" in said


def test_what_is_not_told_apart_is_said() -> None:
    rng = np.random.default_rng(3)
    n = 500
    data = {
        "y": rng.normal(size=n),
        "d": rng.integers(0, 2, n),
        **{f"x{k}": rng.integers(0, 2, n) for k in range(7)},
    }
    fit = fw.fit(data, "y", "d", [f"x{k}" for k in range(7)], draws=400)
    said = fit.summary()
    table = fit.differences()
    apart = [
        not low <= 0 <= high
        for low, high in zip(table.columns["conf_low"], table.columns["conf_high"], strict=True)
    ]
    assert ("No difference can be told from zero." in said) is (not any(apart))
    assert "and 2 more (fit.differences())" in said
    assert "Strongest" not in said


def test_every_kind_of_fit_has_one() -> None:
    rng = np.random.default_rng(5)
    n = 300
    data = {
        "d": rng.integers(0, 2, n),
        "arm": rng.choice(["control", "mail", "visit"], n),
        "dose": rng.uniform(0, 3, n),
        "a": rng.integers(0, 3, n),
        "y": rng.normal(size=n),
        "mood": rng.choice(["bad", "good", "middling"], n),
        "count": rng.poisson(2, n),
        "time": rng.exponential(size=n),
        "se": rng.uniform(0.5, 1, n),
    }
    for keywords, words in (
        ({"outcome": "y", "treatment": "arm"}, "arm[mail]: "),
        ({"outcome": "y", "treatment": "dose"}, " with one unit more; "),
        ({"outcome": "mood", "treatment": "d", "family": "categorical"}, "mood being good"),
        ({"outcome": "count", "treatment": "d", "family": "poisson"}, " without it to "),
        ({"outcome": "time", "treatment": "d", "family": "lognormal"}, "percent"),
        ({"outcome": "y", "std_error": "se"}, "Average effect over all rows"),
    ):
        fit = fw.fit(data, **keywords, modifiers="a", spread="none", draws=100, method="auto")
        assert words in fit.summary(), keywords


def test_of_many_differences_the_clearest_are_shown_in_the_order_of_the_table() -> None:
    """Three arms and three modifiers; each arm's own stand by how many sds they lie from zero."""
    rng = np.random.default_rng(2)
    n = 3000
    arm = rng.choice(["Control", "Letter", "Call", "Visit"], n)
    a, b = rng.integers(0, 2, n), rng.integers(0, 2, n)
    place = rng.choice(["North", "South", "East"], n)
    y = rng.normal(size=n) + (arm == "Call") * (place == "South") - (arm == "Visit") * b
    data = {"y": y, "arm": arm, "a": a, "b": b, "place": place}
    fit = fw.fit(data, "y", "arm", "a + b + place", draws=400)
    rows = list(fit.table("differences"))
    strength = [abs(row["estimate"]) / row["std_error"] for row in rows]
    clearest = sorted(np.argsort(strength)[-5:].tolist())
    names = [f"  {rows[i]['treatment']}: {rows[i]['value']} " for i in clearest]
    lines = fit.summary().splitlines()
    at = lines.index(next(line for line in lines if line.startswith("What goes with it")))
    shown = lines[at + 2 : at + 7]
    assert [line.startswith(name) for line, name in zip(shown, names, strict=True)] == [True] * 5
    assert any("arm[Call]: South against" in line for line in shown)
    assert any("arm[Visit]: b = 1 against b = 0" in line for line in shown)
    assert lines[at + 7] == f"  and {len(rows) - 5} more (fit.differences())"


def test_a_small_share_is_not_called_none(many: fw.Fit) -> None:
    said = " ".join(many.summary().split())
    prior = many.table("pooling").columns["prior_share"].mean()
    assert 0 < prior < 0.005
    assert ", <1 % the coefficients' priors." in said
