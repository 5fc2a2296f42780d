import numpy as np
import pytest

from forwhom.draw.coefficients import coefficients_figure
from forwhom.draw.differences import differences_figure, values_figure
from forwhom.draw.who import who_figure
from forwhom.errors import OutputError


def rows(n, shift=0.0):
    middle = np.linspace(-2, 2, n) + shift
    return {
        "label": [f"group {i}" for i in range(n)],
        "estimate": middle,
        "conf_low": middle - 0.5,
        "conf_high": middle + 0.5,
    }


def inner(figure):
    return figure.to_dict()["vconcat"][0]


def caption(figure):
    return " ".join(inner(figure)["title"]["text"]).replace("\u00a0", " ")


def shown(figure):
    return inner(figure)["data"]["values"]


def test_who_sorts_groups_and_says_which_are_clear_of_the_bar():
    figure = who_figure(rows(5), bar=1.0, bar_name="1 point")
    assert [r["estimate"] for r in shown(figure)] == [2, 1, 0, -1, -2]
    assert [r["mark"] for r in shown(figure)] == [
        "clearly above 1 point",
        "not clear of 1 point",
        *["clearly below 1 point"] * 3,
    ]


def test_who_has_only_those_marks_in_its_legend_that_occur():
    layer = inner(who_figure(rows(3, 5.0)))["layer"][1]
    assert layer["encoding"]["color"]["scale"]["domain"] == ["clearly above zero"]


def test_who_draws_hollow_what_is_not_heard_and_says_so():
    figure = who_figure(rows(3) | {"hollow": [True, False, False]})
    assert [r["hollow"] for r in shown(figure)] == [False, False, True]
    assert "Hollow: too few rows" in caption(figure)
    assert "Hollow" not in caption(who_figure(rows(3)))


def test_who_of_many_groups_keeps_those_with_a_note():
    notes = [""] * 999
    notes[501] = "largest"
    figure = who_figure(rows(999) | {"note": notes})
    assert [r["note"] for r in shown(figure) if r["note"]] == ["largest"]
    assert "of 999 groups are drawn" in caption(figure)


@pytest.mark.parametrize("n", [1, 100])
def test_up_to_a_hundred_groups_are_named(n):
    axis = inner(who_figure(rows(n)))["layer"][1]["encoding"]["y"]["axis"]
    assert "labelExpr" in axis


def test_averages_stand_beside_their_differences():
    figure = values_figure(rows(3), rows(2), heading="Difference from a")
    left, right = inner(figure)["hconcat"]
    assert [len(side["data"]["values"]) for side in (left, right)] == [3, 2]
    assert right["title"]["text"] == ["Difference from a"]


def test_without_differences_the_averages_stand_alone():
    assert "hconcat" not in inner(values_figure(rows(1), None))


def test_differences_stay_in_their_order():
    figure = differences_figure(rows(4))
    assert [r["estimate"] for r in shown(figure)] == sorted(rows(4)["estimate"])
    assert [r["mark"] for r in shown(figure)] == [
        "clear of zero",
        "clear of zero",
        "clear of zero",
        "clear of zero",
    ]


def test_two_equations_share_an_axis():
    facets = {
        "one": rows(2) | {"mark": ["lambda"] * 2},
        "two": rows(3, 9.0) | {"mark": ["delta", "delta", "beta"]},
        "none": rows(0) | {"mark": []},
    }
    panels = inner(coefficients_figure(facets))["vconcat"]
    ends = [p["layer"][1]["encoding"]["x"]["scale"]["domain"] for p in panels]
    assert len(panels) == 2 and ends[0] == ends[1]


@pytest.mark.parametrize("draw", [who_figure, differences_figure])
def test_what_cannot_be_drawn_is_said(draw):
    with pytest.raises(OutputError, match="no row"):
        draw(rows(0))
    with pytest.raises(OutputError, match="not finite"):
        draw(rows(2) | {"estimate": [1.0, float("nan")]})
    with pytest.raises(OutputError, match="has 1 entries for 2"):
        draw(rows(2) | {"note": [""]})
    with pytest.raises(OutputError, match="level="):
        draw(rows(2), level=95)
