import numpy as np
import pytest

from forwhom.draw.contrasts import contrasts_figure
from forwhom.errors import OutputError


def rows(n, panels=1, scale=1.0):
    rng = np.random.default_rng(n)
    estimate = rng.normal(0.2, 0.5, n) * scale
    return {
        "label": [f"pair {i}" for i in range(n)],
        "panel": [f"panel {i % panels}" if panels > 1 else "" for i in range(n)],
        "estimate": estimate,
        "conf_low": estimate - 0.5 * scale,
        "conf_high": estimate + 0.5 * scale,
        "simultaneous_low": estimate - 0.8 * scale,
        "simultaneous_high": estimate + 0.8 * scale,
        "prob_positive": np.full(n, 0.8),
    }


def inner(figure):
    return figure.to_dict()["vconcat"][0]


def caption(figure):
    return " ".join(inner(figure)["title"]["text"]).replace("\u00a0", " ")


def names_of(panel):
    return [record["key"].partition("\n")[2] for record in panel["data"]["values"]]


def test_few_keep_their_order_and_many_are_sorted():
    assert names_of(inner(contrasts_figure(rows(12)))) == [f"pair {i}" for i in range(12)]
    given = rows(13)
    shown = inner(contrasts_figure(given))["data"]["values"]
    assert [r["estimate"] for r in shown] == sorted(given["estimate"].tolist(), reverse=True)


def test_the_caption_says_what_the_lines_are():
    assert caption(contrasts_figure(rows(3), level=0.9)) == (
        "Points: posterior medians. Thick lines: 90 % intervals, each by itself. Thin lines: "
        "simultaneous intervals, which hold for all 3 contrasts at once with 90 % probability."
    )
    assert "for both contrasts" in caption(contrasts_figure(rows(2)))
    assert caption(contrasts_figure(rows(1))) == "Points: posterior medians. Line: 95 % interval."
    assert "sorted" in caption(contrasts_figure(rows(20)))


def test_panels_come_in_their_order_with_one_axis():
    panels = inner(contrasts_figure(rows(6, panels=3), x_title="Difference"))["vconcat"]
    assert [panel["title"]["text"] for panel in panels] == [[f"panel {i}"] for i in range(3)]
    axes = [panel["layer"][0]["encoding"]["x"]["axis"] for panel in panels]
    assert [axis["title"] for axis in axes] == [None, None, "Difference"]
    domains = {tuple(p["layer"][0]["encoding"]["x"]["scale"]["domain"]) for p in panels}
    assert len(domains) == 1


@pytest.mark.parametrize("n", [1, 60, 100])
def test_up_to_a_hundred_rows_are_named(n, tmp_path):
    svg = contrasts_figure(rows(n)).save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert all(f">pair {i}<" in svg for i in range(n))


def test_of_very_many_the_ends_are_drawn_named_and_said_to_be(tmp_path):
    given = rows(1000)
    figure = contrasts_figure(given)
    shown = [r["estimate"] for r in inner(figure)["data"]["values"]]
    ordered = sorted(given["estimate"].tolist(), reverse=True)
    assert shown == ordered[:50] + ordered[-50:]
    said = " Drawn: the 50 largest and the 50 smallest; 900 of 1,000 are not, the table has them."
    assert caption(figure).endswith(said)
    svg = figure.save(tmp_path / "f.svg").read_text(encoding="utf-8")
    named = [f"pair {i}" for i in np.argsort(-given["estimate"])[:50]]
    assert all(f">{name}<" in svg for name in named)


def test_panels_share_the_room_of_a_page():
    given = rows(1488, panels=3)
    figure = contrasts_figure(given)
    panels = inner(figure)["vconcat"]
    assert [len(panel["data"]["values"]) for panel in panels] == [33, 33, 33]
    for k, panel in enumerate(panels):
        mine = sorted(given["estimate"][k::3].tolist(), reverse=True)
        assert [r["estimate"] for r in panel["data"]["values"]] == mine[:17] + mine[-16:]
    assert "17 largest and the 16 smallest of each panel; 1,389 of 1,488" in caption(figure)
    assert sum(panel["height"] for panel in panels) < 2000


def test_names_of_two_lines_take_the_room_of_two():
    given = rows(200)
    given["label"] = [f"a name too long for one line of the axis of a figure, number {i}"
                      for i in range(200)]  # fmt: skip
    assert len(inner(contrasts_figure(given))["data"]["values"]) == 50


def test_a_wild_interval_is_cut_and_said_to_be():
    given = rows(6)
    given["simultaneous_high"][2] = 1e300
    given["conf_high"][2] = 1e6
    figure = contrasts_figure(given)
    assert "run out of the picture" in caption(figure)
    assert max(r["upper"] for r in inner(figure)["data"]["values"]) < 20
    assert "run out of the picture" not in caption(contrasts_figure(rows(6)))


def test_the_line_stands_where_both_are_alike():
    layer = inner(contrasts_figure(rows(3), line=1.0))["layer"][0]
    assert layer["data"]["values"] == [{"line": 1.0}]


def test_long_names_are_broken_not_cut(tmp_path):
    given = rows(2) | {
        "label": ["a name that is much longer than any line of the axis can be " * 2] * 2
    }
    svg = contrasts_figure(given).save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert svg.replace("</tspan>", " ").count("of the axis can be") >= 4


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_any_scale_is_drawn(scale, tmp_path):
    svg = contrasts_figure(rows(5, scale=scale)).save(tmp_path / "f.svg").read_text("utf-8")
    assert "e-12" in svg or "e-13" in svg or "e+12" in svg or "e+11" in svg


def without(name):
    return {key: value for key, value in rows(3).items() if key != name}


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (without("conf_low"), {}, "needs 'conf_low' for each row"),
        (rows(3) | {"panel": ["a"]}, {}, "'panel' has 1 entries for 3 rows"),
        (rows(0), {}, "no contrast to draw"),
        (rows(3) | {"estimate": [1, np.nan, 2]}, {}, "'estimate' of 'pair 1' is nan"),
        (rows(70, panels=70), {}, "70 panels; at most 60"),
        (rows(3), {"level": 95}, "level=95 must lie between 0 and 1"),
    ],
)
def test_bad_input_is_named(given, options, message):
    with pytest.raises(OutputError, match=message):
        contrasts_figure(given, **options)
