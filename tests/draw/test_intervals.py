import numpy as np
import pytest

from forwhom.draw.intervals import intervals_figure
from forwhom.errors import OutputError


def groups(n, facets=True, scale=1.0):
    rng = np.random.default_rng(n)
    estimate = rng.normal(0.2, 0.5, n) * scale
    rows = {
        "estimate": estimate,
        "conf_low": estimate - 0.5 * scale,
        "conf_high": estimate + 0.5 * scale,
        "n": np.maximum(rng.poisson(1, n), 1),
        "label": [f"group {i}" for i in range(n)],
    }
    if facets:
        rows["row"] = [("Trump voter", "Clinton voter")[i % 2] for i in range(n)]
        rows["column"] = [("Trade", "Investment")[i // 2 % 2] for i in range(n)]
        rows["color"] = [("Russia", "Germany")[i // 4 % 2] for i in range(n)]
    return rows


def inner(figure):
    return figure.to_dict()["vconcat"][0]


def records(figure):
    return inner(figure)["data"]["values"]


def caption(figure):
    return " ".join(inner(figure)["title"]["text"]).replace("\u00a0", " ")


def test_groups_are_ranked_within_their_panel():
    shown = records(intervals_figure(groups(171)))
    assert len(shown) == 171
    for row in ("Trump voter", "Clinton voter"):
        for column in ("Trade", "Investment"):
            panel = [r for r in shown if (r["row"], r["column"]) == (row, column)]
            panel.sort(key=lambda r: r["rank"])
            assert [r["rank"] for r in panel] == list(range(len(panel)))
            estimates = [r["estimate"] for r in panel]
            assert estimates == sorted(estimates, reverse=True)


def test_facets_and_colors_come_in_the_order_given():
    chart = inner(intervals_figure(groups(171), facet_titles={"row": "Vote", "color": "Side"}))
    assert chart["facet"]["row"]["sort"] == ["Trump voter", "Clinton voter"]
    assert chart["facet"]["row"]["title"] == "Vote"
    assert chart["facet"]["column"]["title"] is None
    color = chart["spec"]["layer"][-1]["encoding"]["color"]
    assert color["scale"]["domain"] == ["Russia", "Germany"]
    assert color["legend"]["orient"] == "top"  # outside the panels, so over no data


def test_the_caption_counts_honestly():
    rows = groups(171)
    rows["n"] = np.r_[np.ones(129), np.full(41, 2), 5]
    assert caption(intervals_figure(rows, level=0.9)) == (
        "171 groups; median 1 treated row per group (1 to 5). "
        "Points: posterior medians, sorted. Lines: 90 % intervals."
    )
    rows["n"] = np.full(171, 1200)
    assert caption(intervals_figure(rows)).startswith("171 groups, each of 1,200 treated rows.")
    rows = groups(1, facets=False)
    assert caption(intervals_figure(rows, counted="person")).startswith("1 group of 1 person.")


def test_what_a_reader_sees_when_pointing():
    rows = groups(4, facets=False) | {
        "label": ["Woman, 年", "b", "c", "d"],
        "Voted for": ["Clinton", "Trump", None, "Clinton"],
        "age.group [\"'\\]": [1.0, 2.5, float("nan"), 3],
        "member": [True, False, True, True],
        "image": ["a", "b", "c", "d"],  # tooltips would load a picture of this address
        "estimate": [0.871234, 0, -0.1, 1],
        "conf_low": [0.1, -0.3, -0.4, 0.4],
        "conf_high": [1.5, 0.3, 0.2, 1.6],
        "n": [1234, 1, 1, 1],
        "prob_positive": [0.999, 0.5, 0.2, 0.9],
    }
    figure = intervals_figure(rows)
    tooltip = inner(figure)["layer"][-1]["encoding"]["tooltip"]
    first = {entry["title"]: records(figure)[0][entry["field"]] for entry in tooltip}
    assert first == {
        "group": "Woman, 年",
        "Voted for": "Clinton",
        "age.group [\"'∖]": "1",
        "member": "yes",
        "image\u00a0": "a",
        "probability above 0": ">0.99",
        "estimate": "0.87",
        "95 % interval": "0.10 to 1.50",
        "treated rows": "1,234",
    }
    assert records(figure)[2]["about1"] == records(figure)[2]["about2"] == "missing"


@pytest.mark.parametrize(
    ("n", "named", "banded"), [(1, True, False), (400, True, False), (411, False, False)]
)
def test_groups_are_named_while_there_is_room(n, named, banded, tmp_path):
    figure = intervals_figure(groups(n))
    y = inner(figure)["spec"]["layer"][-1]["encoding"]["y"]
    assert (y["field"] == "key") is named
    svg = figure.save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert (">group 0<" in svg) is named
    assert ">Trump" in svg
    assert "_" not in caption(figure)


def test_equal_names_stay_two_groups(tmp_path):
    rows = groups(3, facets=False) | {"label": ["same"] * 3}
    svg = intervals_figure(rows).save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert svg.count(">same<") == 3


def test_many_groups_become_a_band_that_says_so():
    rows = groups(2000)
    figure = intervals_figure(rows)
    assert "2,000 groups" in caption(figure)
    assert "Too many groups to draw one by one." in caption(figure)
    shown = records(figure)
    assert len(shown) < 400
    for panel in ("Trump voter", "Clinton voter"):
        part = [
            r for r in shown if (r["row"], r["column"], r["color"]) == (panel, "Trade", "Russia")
        ]
        estimates = [r["estimate"] for r in part]
        assert estimates == sorted(estimates, reverse=True)
        assert [r["share"] for r in part] == sorted(r["share"] for r in part)
        assert 0 < part[0]["share"] < 0.05 and 0.95 < part[-1]["share"] < 1
        np.testing.assert_allclose([r["high"] - r["low"] for r in part], 1, atol=0.05)


def test_the_band_begins_beyond_300_groups_in_one_panel():
    assert len(records(intervals_figure(groups(300, facets=False)))) == 300
    assert len(records(intervals_figure(groups(301, facets=False)))) < 301


def test_a_hundred_thousand_groups_stay_a_small_file(tmp_path):
    figure = intervals_figure(groups(100_000, facets=False))
    assert figure.save(tmp_path / "f.json").stat().st_size < 60_000


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_any_scale_is_drawn(scale, tmp_path):
    figure = intervals_figure(groups(5, facets=False, scale=scale))
    svg = figure.save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert "e-12" in svg or "e-13" in svg or "e+12" in svg or "e+11" in svg


def test_long_facet_names_are_broken_not_cut(tmp_path):
    rows = groups(8)
    rows["column"] = ["A column name that is longer than any panel of this figure is wide"] * 8
    svg = intervals_figure(rows).save(tmp_path / "f.svg").read_text(encoding="utf-8")
    text = svg.replace("</tspan>", " ")
    assert "of this figure is wide" in text


def test_control_characters_in_labels_are_drawn_as_spaces(tmp_path):
    rows = groups(2, facets=False) | {"label": ["a\x1fb", "c\x00d"]}
    svg = intervals_figure(rows).save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert ">a b<" in svg and ">c d<" in svg


def without(name):
    return {key: value for key, value in groups(4).items() if key != name}


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (without("conf_low"), {}, "needs 'conf_low' for each group"),
        (groups(4) | {"n": [1, 2]}, {}, "'n' has 2 entries for 4 groups"),
        (groups(0, facets=False), {}, "no group to draw"),
        (groups(4) | {"estimate": [1, 2, np.inf, 4]}, {}, "'estimate' of group 'group 2' is inf"),
        (groups(8) | {"color": list("abcdefgh")}, {}, "has 8 values; at most 7"),
        (groups(70) | {"row": list(range(70))}, {}, "70 rows by 2 columns are 140 panels"),
        (groups(4), {"level": 0}, "level=0 must lie between 0 and 1"),
    ],
)
def test_bad_input_is_named(rows, options, message):
    with pytest.raises(OutputError, match=message):
        intervals_figure(rows, **options)
