"""Differences within values of another modifier, by hand from the draws of group effects."""

from __future__ import annotations

import re

import numpy as np
import pytest

import forwhom as fw

NUMBERS = ("estimate", "conf_low", "conf_high")


def simulated(n: int = 1200, crossing: float = 1.0) -> dict[str, np.ndarray]:
    """An effect of a that is opposite in b = 0 and b = 1, so that none is left over both."""
    rng = np.random.default_rng(12)
    a, b, d = (rng.integers(0, 2, n) for _ in range(3))
    m = rng.choice(["x", "y", "z"], n)
    y = rng.normal(size=n) + d * (0.2 + crossing * (a - 0.5) * (2 * b - 1))
    return {"y": y, "d": d, "a": a, "b": b, "m": m}


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(simulated(), "y", "d", "a*b + b*m", draws=400)


def by_hand(fit: fw.Fit, **at: object) -> np.ndarray:
    """(D,) the average effect over the rows of groups with these values, from their draws."""
    groups, drawn = fit.table("groups").columns, fit.table("effects", draws=True)
    count = len(groups["n_treated"])
    theta = np.asarray(drawn.columns["value"]).reshape(count, -1)
    n = np.asarray(groups["n_treated"]) + np.asarray(groups["n_control"])
    for name, value in at.items():
        n = n * (np.asarray(groups[name]) == value)
    return np.asarray(n @ theta / n.sum())


def told(fit: fw.Fit, value: str, where: str) -> list[float]:
    columns = fit.table("differences").columns
    rows = zip(columns["value"], columns["where"], strict=True)
    (at,) = (i for i, row in enumerate(rows) if row == (value, where))
    return [float(columns[name][at]) for name in NUMBERS]


def test_within_values_of_another_the_difference_is_that_of_the_averages(fit: fw.Fit) -> None:
    for b in (0, 1):
        gap = by_hand(fit, a=1, b=b) - by_hand(fit, a=0, b=b)
        expected = [np.median(gap), *np.quantile(gap, (0.025, 0.975))]
        assert told(fit, "a = 1 against a = 0", f"b = {b}") == pytest.approx(expected, rel=1e-9)
    for m in "xyz":
        gap = by_hand(fit, b=1, m=m) - by_hand(fit, b=0, m=m)
        assert told(fit, "b = 1 against b = 0", m)[0] == pytest.approx(np.median(gap), rel=1e-9)


def test_how_far_a_difference_differs_is_the_difference_of_both(fit: fw.Fit) -> None:
    cells = {(a, b): by_hand(fit, a=a, b=b) for a in (0, 1) for b in (0, 1)}
    gap = (cells[1, 1] - cells[0, 1]) - (cells[1, 0] - cells[0, 0])
    expected = [np.median(gap), *np.quantile(gap, (0.025, 0.975))]
    found = told(fit, "a = 1 against a = 0", "b = 1 against b = 0")
    assert found == pytest.approx(expected, rel=1e-9)
    assert found[1] < 2 < found[2]  # the truth
    cells = {(b, m): by_hand(fit, b=b, m=m) for b in (0, 1) for m in "xz"}
    gap = (cells[1, "z"] - cells[0, "z"]) - (cells[1, "x"] - cells[0, "x"])
    found = told(fit, "b = 1 against b = 0", "z against x")
    assert found[0] == pytest.approx(np.median(gap), rel=1e-9)


def test_rows_stand_below_the_modifier_and_are_told_once(fit: fw.Fit) -> None:
    columns = fit.table("differences").columns
    rows = list(zip(columns["modifier"], columns["where"], strict=True))
    assert rows[:4] == [("a", ""), ("a", "b = 0"), ("a", "b = 1"), ("a", "b = 1 against b = 0")]
    between = [row for row in rows if " against " in row[1]]
    assert between == [
        ("a", "b = 1 against b = 0"),
        ("b", "y against x"),
        ("b", "z against x"),
    ]
    assert ("b", "a = 1") in rows and ("m", "b = 0") in rows
    n = np.asarray(columns["n_treated"]) + np.asarray(columns["n_control"])
    assert n[0] == n[3] == n[1] + n[2] == 1200


def test_a_condition_that_leaves_one_value_leaves_no_difference_between(fit: fw.Fit) -> None:
    columns = fit.table("differences", where="b == 1").columns
    rows = list(zip(columns["modifier"], columns["where"], strict=True))
    assert rows[:2] == [("a", ""), ("a", "b = 1")] and "b" not in columns["modifier"]
    assert columns["estimate"][0] == columns["estimate"][1]


def test_without_interactions_no_row_is_within_another() -> None:
    fit = fw.fit(simulated(), "y", "d", "a + b", draws=100)
    table = fit.table("differences")
    assert list(table.columns["where"]) == ["", ""]
    assert not any("where:" in note for note in table.notes)


def test_equal_weights_count_groups_alike(fit: fw.Fit) -> None:
    groups = fit.table("groups").columns
    drawn = fit.table("effects", draws=True).columns["value"]
    theta = np.asarray(drawn).reshape(len(groups["a"]), -1)
    a, b = (np.asarray(groups[name]) for name in "ab")
    gap = theta[(a == 1) & (b == 1)].mean(axis=0) - theta[(a == 0) & (b == 1)].mean(axis=0)
    columns = fit.table("differences", weights="equal").columns
    at = list(zip(columns["modifier"], columns["where"], strict=True)).index(("a", "b = 1"))
    assert columns["estimate"][at] == pytest.approx(np.median(gap), rel=1e-9)


def test_the_summary_and_the_figure_tell_them(fit: fw.Fit) -> None:
    text = str(fit)
    told = text[text.index("What goes with it") :]
    assert re.search(r"\n  a = 1 against a = 0( .*|:)\n    where b = 0 .*\n    where b = 1 ", told)
    assert re.search(r"\n    b = 1 against b = 0 ", told)
    assert "No difference can be told from zero" not in told
    body = fit.plot.differences().to_dict()["vconcat"][0]
    names = [" ".join(row["key"].split("\n")[1:]) for row in body["data"]["values"]]
    assert names[1] == "a: 1 against 0, where b = 0"
    assert names[3] == "a: 1 against 0, b = 1 against b = 0"


@pytest.mark.parametrize(
    ("crossing", "words"),
    [
        (1.0, "alone and in pairs, the clearest difference in the effect is that of a = 1 against"),
        (0.0, "No single modifier tells effects apart either, nor does one where another has"),
    ],
)
def test_small_groups_are_told_apart_by_pairs(crossing: float, words: str) -> None:
    data = simulated(400, crossing)
    data["age"] = np.random.default_rng(1).integers(18, 90, 400)
    fit = fw.fit(data, "y", "d", "a*b", controls="age", groups=["a", "b", "age"], draws=400)
    said = " ".join(fit.table("who").columns["text"])
    assert words in said


def test_a_difference_that_only_differs_is_said() -> None:
    """Weak data: neither difference is clear, what is between them is.

    The noise of each cell averages to nothing, so that estimates are the truth: differences of
    -0.45 and 0.45 of standard error 0.28, which differ by 0.9 with standard error 0.4.
    """
    rng = np.random.default_rng(1)
    a, b, d = (np.tile(v.ravel(), 50) for v in np.meshgrid([0, 1], [0, 1], [0, 1]))
    noise = rng.normal(size=(50, 8))
    y = (noise - noise.mean(axis=0)).ravel() + d * 0.45 * (a - 0.5) * (2 * b - 1)
    data = {"y": y, "d": d, "a": a, "b": b, "age": rng.integers(18, 90, 400)}
    fit = fw.fit(data, "y", "d", "a*b", groups=["a", "b", "age"], draws=400)
    table = fit.table("differences").columns
    clear = (np.asarray(table["conf_low"]) > 0) | (np.asarray(table["conf_high"]) < 0)
    assert [w for w, one in zip(table["where"], clear, strict=True) if one] == [
        "b = 1 against b = 0"
    ]
    said = " ".join(fit.table("who").columns["text"])
    assert "but the difference of a = 1 against a = 0 itself differs, b = 1 against b = 0" in said
