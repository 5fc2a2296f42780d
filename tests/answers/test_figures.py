"""What figures show is what the tables say."""

from typing import Any

import numpy as np
import pytest

import forwhom as fw


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    rng = np.random.default_rng(3)
    n = 900
    a, m, d = rng.integers(0, 2, n), rng.choice(["x", "y", "z"], n), rng.integers(0, 2, n)
    y = rng.normal(size=n) + d * (1 + a - 2.0 * (m == "z"))
    return fw.fit(
        {"y": y, "d": d, "a": a, "m": m, "c": rng.normal(size=n) * 50},
        "y",
        "d",
        "a + m",
        controls="c",
        draws=200,
    )


def drawn(figure: Any) -> list[dict[str, Any]]:
    body = figure.to_dict()["vconcat"][0]
    panels = body.get("hconcat") or body.get("vconcat") or [body]
    return [row for panel in panels for row in panel["data"]["values"]]


def test_who_names_the_largest_and_the_smallest(fit: fw.Fit) -> None:
    table = fit.table("who")
    said = dict(zip(table.columns["statement"], table.columns["estimate"], strict=True))
    noted = {r["note"].split(":")[0]: r["estimate"] for r in drawn(fit.plot.who()) if r["note"]}
    assert noted == {"highest": said["largest"], "lowest": said["smallest"]}


def test_by_and_differences_are_those_of_the_tables(fit: fw.Fit) -> None:
    for figure, table in (
        (fit.plot.by("m"), fit.table("by", modifier="m")),
        (fit.plot.differences(), fit.table("differences")),
    ):
        assert [r["estimate"] for r in drawn(figure)] == table.columns["estimate"].tolist()
    assert [r["key"].split("\n")[1] for r in drawn(fit.plot.differences())] == [
        "a: 1 against 0",
        "m: y against x",
        "m: z against x",
    ]


def test_coefficients_are_per_two_standard_deviations(fit: fw.Fit) -> None:
    shown = {
        (r["mark"], r["key"].split("\n")[1]): r["estimate"] for r in drawn(fit.plot.parameters())
    }
    table = fit.table("parameters")
    at = list(table.columns["parameter"]).index("beta")
    sd = shown["goes with the outcome, a control (beta)", "C"] / table.columns["estimate"][at] / 2
    assert sd == pytest.approx(50, rel=0.1)
    assert not any("ntercept" in name for _, name in shown)
    assert any("ntercept" in r["key"] for r in drawn(fit.plot.parameters(intercept="last")))


def test_tiles_are_averages(fit: fw.Fit) -> None:
    table = fit.table("average", by=["a", "m"])
    tiles = drawn(fit.plot.effects(row="a", column="m", tiles=True))
    assert sorted(r["estimate"] for r in tiles) == sorted(table.columns["estimate"].tolist())
    with pytest.raises(fw.OutputError, match="row= and column="):
        fit.plot.effects(row="a", tiles=True)


@pytest.mark.parametrize("width", [0, 100, "3.3", True, float("nan")])
def test_a_size_is_a_number_of_inches(fit: fw.Fit, width: Any) -> None:
    with pytest.raises(fw.OutputError, match="number of inches"):
        fit.plot.who(width=width)


def test_coefficients_beside_an_interaction_say_at_what_they_are() -> None:
    rng = np.random.default_rng(4)
    n = 600
    data: dict[str, Any] = {
        "d": rng.integers(0, 2, n),
        "woman": rng.integers(0, 2, n),
        "age": rng.integers(20, 70, n),
        "place": rng.choice(["East", "West"], n),
        "y": rng.normal(size=n),
    }
    fit = fw.fit(data, "y", "d", "woman*age + woman:place + place", draws=50)
    said = (
        "Of terms that interact the coefficient holds at one value. woman: where age is 0 and "
        "place is East; age: where woman is 0; place: where woman is 0."
    )
    assert said in fit.table("modifiers").notes
    lines = fit.plot.modifiers().to_dict()["vconcat"][0]["title"]["text"]
    shown = " ".join(lines).replace("\u00a0", " ")
    assert "Woman: where age is 0 and place is East; Age: where woman is 0" in shown
    assert "95 % interval" in shown  # the plan's level, as in all figures
    plain = fw.fit(data, "y", "d", "woman + age", draws=50, level=0.8)
    assert not any("interact" in note for note in plain.table("modifiers").notes)
    lines = plain.plot.modifiers().to_dict()["vconcat"][0]["title"]["text"]
    assert "80 % interval" in " ".join(lines).replace("\u00a0", " ")


def test_numbers_in_figures_have_the_minus_sign_of_the_axes() -> None:
    rng = np.random.default_rng(8)
    m, d = rng.choice(["x", "y", "z"], 900), rng.integers(0, 2, 900)
    y = rng.normal(size=900) - d * (1.0 + (m == "z"))
    fit = fw.fit({"y": y, "d": d, "m": m}, "y", "d", "m", draws=100)
    notes = [row["note"] for row in drawn(fit.plot.who()) if row["note"]]
    assert all("\N{MINUS SIGN}" in note and " -" not in note for note in notes) and notes
    for figure in (fit.plot.effects(), fit.plot.modifiers(), fit.plot.differences()):
        assert "\N{MINUS SIGN}" in str(figure.to_dict()) and "'-" not in str(figure.to_dict())
    assert "\N{MINUS SIGN}" not in str(fit) + str(fit.who()) + str(fit.effects())
