"""For whom, in sentences: exact text at values set by hand, and what is never said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import forwhom as fw
from forwhom.answers.statements import FEWEST


def one_way(effects: dict[str, float], sizes: dict[str, int], seed: int = 1) -> dict[str, Any]:
    """Rows of groups with the effects given and hardly any noise."""
    rng = np.random.default_rng(seed)
    place = np.repeat(list(sizes), list(sizes.values()))
    d = np.tile([0, 1], len(place) // 2 + 1)[: len(place)]
    y = d * np.array([effects[p] for p in place]) + rng.normal(0, 0.01, len(place))
    return {"y": y, "d": d, "place": place}


@pytest.fixture(scope="module")
def told() -> fw.Fit:
    data = one_way({"A": 1, "B": 2, "C": 3, "D": 9}, {"A": 40, "B": 60, "C": 80, "D": 6})
    return fw.fit(data, "y", "d", groups="place", draws=500)


def test_sentences_at_known_values(told: fw.Fit) -> None:
    said = str(told.who()).replace("\n", " ")
    assert said.startswith("The effect is largest for C (3.0")
    assert "95 % interval 2.99" in said or "95 % interval 3.0" in said
    assert "80 rows) and smallest for A (1.0" in said
    assert "in this direction with probability >0.99." in said
    assert "It is clearly above zero in all 4 groups." in said
    assert "1 of 4 groups has fewer than 5 rows in an arm and is not named" in said
    assert " D" not in said


def test_a_bar_other_than_zero(told: fw.Fit) -> None:
    said = str(told.who(above=1.5)).replace("\n", " ")
    assert "clearly above 1.5 in 3 of 4 groups with 78 % of the rows (not A)" in said
    assert "clearly below 1.5 in 1 of 4 groups with 22 % of the rows (A)" in said


@pytest.mark.parametrize(
    ("effects", "first", "second"),
    [
        ({"A": 1.0, "B": 2.0}, "largest for B", "smallest for A"),
        ({"A": -1.0, "B": -2.0}, "strongest for B", "weakest for A"),
        ({"A": -1.0, "B": 2.0}, "highest for B", "lowest for A"),
    ],
)
def test_words_go_with_the_sign(effects: dict[str, float], first: str, second: str) -> None:
    fit = fw.fit(one_way(effects, {"A": 60, "B": 60}), "y", "d", groups="place", draws=300)
    said = str(fit.who())
    assert f"The effect is {first} (" in said and f" and {second} (" in said.replace("\n", " ")


def test_where_there_is_nothing_to_tell_it_says_so() -> None:
    rng = np.random.default_rng(8)
    n = 600
    place = rng.choice(["A", "B", "C", "D", "E", "F"], n)
    data = {"y": rng.normal(size=n), "d": rng.integers(0, 2, n), "place": place}
    said = str(fw.fit(data, "y", "d", groups="place", draws=500).who()).replace("\n", " ")
    assert said.startswith("No two groups can be told apart with confidence.")
    assert "In no group is it clearly above or below zero." in said


def test_a_group_of_few_rows_is_never_named() -> None:
    """However extreme: the smallest arm decides."""
    rng = np.random.default_rng(3)
    for trial in range(5):
        sizes = {f"P{i}": int(rng.integers(2, 40)) for i in range(12)}
        effects = {name: float(rng.normal(0, 3)) for name in sizes}
        fit = fw.fit(one_way(effects, sizes, trial), "y", "d", groups="place", draws=200)
        table = fit.who()
        groups = fit.groups()
        arms = np.minimum(groups.columns["n_treated"], groups.columns["n_control"])
        small = {p for p, n in zip(groups.columns["place"], arms, strict=True) if n < FEWEST}
        assert small
        words = " ".join([str(table), *table.columns["who"]])
        tokens = set(words.replace("(", " ").replace(")", " ").replace(";", " ").split())
        assert not tokens & small


def test_numbers_behind_the_sentences(told: fw.Fit) -> None:
    frame = told.who().to_pandas().set_index("statement")
    theta = told.estimands[0].theta()
    gap = theta[2] - theta[0]
    assert frame.loc["apart", "estimate"] == pytest.approx(np.median(gap), rel=1e-9)
    assert frame.loc["largest", "who"] == "C"
    assert frame.loc["largest", "estimate"] == pytest.approx(np.median(theta[2]), rel=1e-9)
    assert frame.loc["smallest", "who"] == "A"


def test_combinations_and_conditions(told: fw.Fit) -> None:
    rng = np.random.default_rng(6)
    n = 3000
    frame = pd.DataFrame({"d": rng.integers(0, 2, n), "woman": rng.integers(0, 2, n)})
    frame["region"] = rng.choice(["North", "South"], n)
    frame["y"] = rng.normal(0, 0.1, n) + frame["d"] * (1 + frame["woman"])
    fit = fw.fit(frame, "y", "d", "woman + region", draws=300)
    assert "largest for woman = 1 (" in str(fit.who(by="woman")).replace("\n", " ")
    said = str(fit.who(where="woman == 1")).replace("\n", " ")
    assert "woman = 0" not in said
    assert "in all 2 combinations" in str(fit.who(by="region"))
    with pytest.raises(fw.PlanError, match="Did you mean 'woman'"):
        fit.who(by="womn")


def test_several_effects_each_have_their_paragraph() -> None:
    rng = np.random.default_rng(6)
    n = 600
    data = {
        "y": rng.normal(size=n),
        "d": rng.choice(["control", "mail", "visit"], n),
        "woman": rng.integers(0, 2, n),
    }
    said = str(fw.fit(data, "y", "d", "woman", spread="none", draws=200).who())
    assert said.count("\nd[visit]: ") == 1 and said.startswith("d[mail]: ")


def test_where_most_groups_are_small_it_speaks_of_modifiers() -> None:
    """Two groups of five rows in an arm stand for nobody among seventy."""
    rng = np.random.default_rng(4)
    n = 240
    frame = pd.DataFrame({f"x{k}": rng.integers(0, 2, n) for k in range(7)})
    frame["d"] = rng.integers(0, 2, n)
    frame["y"] = rng.normal(0, 0.3, n) + frame["d"] * frame["x0"]
    fit = fw.fit(frame, "y", "d", [f"x{k}" for k in range(7)], draws=400)
    said = str(fit.who()).replace("\n", " ")
    assert said.startswith("Most groups are too small to be compared one by one. By single mod")
    assert "the clearest difference in the effect is that of x0 = 1 against x0 = 0: " in said
    row = fit.who().to_pandas().set_index("statement").loc["by"]
    table = fit.differences().set_index("modifier").loc["x0"]
    assert row["estimate"] == pytest.approx(table["estimate"], rel=1e-9)


def test_a_small_share_of_the_rows_is_not_called_none() -> None:
    effects, sizes = {"A": 1.0, "B": 1.0, "C": -1.0}, {"A": 4000, "B": 4000, "C": 20}
    said = str(fw.fit(one_way(effects, sizes), "y", "d", groups="place", draws=200).who())
    said = said.replace("\n", " ")
    assert "above zero in 2 of 3 groups with >99 % of the rows" in said
    assert "below zero in 1 of 3 groups with <1 % of the rows (C)" in said
