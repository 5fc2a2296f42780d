import numpy as np
import pytest

from forwhom.draw.densities import GRID, densities_figure, density
from forwhom.errors import OutputError

RNG = np.random.default_rng(7)
DRAWS = {
    "Intercept": RNG.normal(-0.3, 0.3, 2000),
    "Germany × Clinton": RNG.normal(0.87, 0.3, 2000),
    "Woman": RNG.normal(-0.33, 0.15, 2000),
}


def parts(figure):
    """Names from the top, summaries and the points of the outlines."""
    layers = figure.to_dict()["vconcat"][0]["layer"]
    summaries = layers[-1]["data"]["values"]
    return [row["name"] for row in summaries], summaries, layers[0]["data"]["values"]


def test_density_agrees_with_the_sum_over_all_draws():
    draws = RNG.normal(2.0, 3.0, 500)
    grid = np.linspace(-12, 16, GRID)
    direct = np.exp(-0.5 * ((grid[:, None] - draws) / 0.9) ** 2).sum(1)
    direct /= 500 * 0.9 * np.sqrt(2 * np.pi)
    assert np.abs(density(draws, -12.0, 16.0, 0.9) - direct).max() < 2e-3 * direct.max()


def test_density_integrates_to_one_even_for_a_spike():
    for width in (1.0, 0.01):
        heights = density(np.full(10, 0.3), -5.0, 5.0, width)
        assert heights.sum() * 10 / (GRID - 1) == pytest.approx(1, rel=1e-4)


def test_the_intercept_comes_last_or_not_at_all():
    assert parts(densities_figure(DRAWS))[0] == ["Germany × Clinton", "Woman", "Intercept"]
    assert parts(densities_figure(DRAWS, intercept="omit"))[0] == ["Germany × Clinton", "Woman"]


def test_only_the_intercept_is_grey():
    figure = densities_figure(DRAWS)
    _, summaries, _ = parts(figure)
    test = figure.to_dict()["vconcat"][0]["layer"][0]["encoding"]["color"]["condition"]["test"]
    assert test == f"datum.base == {summaries[-1]['base']}"
    figure = densities_figure(DRAWS, intercept="omit")
    test = figure.to_dict()["vconcat"][0]["layer"][0]["encoding"]["color"]["condition"]["test"]
    assert test == "datum.base == -1"


def test_marks_are_the_quantiles_of_the_draws():
    _, summaries, outline = parts(densities_figure(DRAWS, level=0.8))
    draws = DRAWS["Germany × Clinton"]
    top = summaries[0]
    marks = [top["low"], top["median"], top["high"]]
    np.testing.assert_allclose(marks, np.quantile(draws, [0.1, 0.5, 0.9]), rtol=1e-12)
    assert top["positive"] == ">0.99"
    curve = [point for point in outline if point["base"] == top["base"]]
    peak = max(curve, key=lambda point: point["top"])
    assert abs(peak["x"] - 0.87) < 0.12
    assert peak["top"] <= top["ceiling"]


def test_the_caption_names_the_level():
    text = densities_figure(DRAWS, level=0.8).to_dict()["vconcat"][0]["title"]["text"]
    assert " ".join(text).replace("\u00a0", " ") == (
        "Curves: posterior density, all drawn at one height. Shaded: 80 % interval. "
        "White line: median."
    )


def test_curves_do_not_run_into_the_row_above():
    _, summaries, outline = parts(densities_figure({f"c{i}": DRAWS["Woman"] for i in range(40)}))
    bases = sorted(row["base"] for row in summaries)
    assert min(np.diff(bases)) >= 26
    assert max(point["top"] - point["base"] for point in outline) < min(np.diff(bases))


def test_long_names_are_broken_not_cut_and_get_room():
    name = "A very long name of a modifier, as survey codebooks have them, with (units) and all"
    figure = densities_figure({"short": DRAWS["Woman"], name: DRAWS["Woman"]})
    axis = figure.to_dict()["vconcat"][0]["layer"][0]["encoding"]["y"]["axis"]
    assert '"A very long name of a modifier, as survey", "codebooks' in axis["labelExpr"]
    assert axis["labelOverlap"] is False


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_any_scale_is_drawn(scale, tmp_path):
    figure = densities_figure({name: draws * scale for name, draws in DRAWS.items()})
    svg = figure.save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert f"5e{'−' if scale < 1 else '+'}".replace("−", "-") in svg
    assert parts(figure)[1][0]["interval_text"].count("e") == 2


def test_equal_draws_are_a_spike_and_all_zero_draws_too(tmp_path):
    figure = densities_figure({"all 2": np.full(9, 2.0), "all 0": np.zeros(9), "one": [1.0]})
    _, summaries, outline = parts(figure)
    assert [row["median_text"] for row in summaries] == ["2.00", "0", "1.00"]
    assert all(np.isfinite(list(point.values())).all() for point in outline)


def test_heavy_tails_do_not_squeeze_the_other_curves():
    wild = {"wild": RNG.standard_cauchy(4000), "tame": RNG.normal(0, 1, 4000)}
    _, _, outline = parts(densities_figure(wild))
    assert max(abs(point["x"]) for point in outline) < 60 < np.abs(wild["wild"]).max()


def test_names_that_break_other_programs_are_drawn(tmp_path):
    names = ["quote \" ' and \\", "</script><b>", "tab\tand \x01 control", "", "年齢"]
    figure = densities_figure(dict.fromkeys(names, DRAWS["Woman"]))
    svg = figure.save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert "年齢" in svg
    assert "quote &quot;" in svg or 'quote "' in svg
    figure.save(tmp_path / "f.html")


@pytest.mark.parametrize(
    ("draws", "options", "message"),
    [
        ({}, {}, "no modifier coefficient"),
        ({"Intercept": [1.0]}, {"intercept": "omit"}, "no modifier coefficient"),
        ({"a": []}, {}, "'a' has no draws"),
        ({"a": [1.0, np.nan]}, {}, "coefficient 'a' hold 'nan': not finite"),
        ({"a": [1.0, 2.0]}, {"level": 95}, "level=95 must lie between 0 and 1"),
        ({"a": [1.0, 2.0]}, {"intercept": "first"}, "give 'last' or 'omit'"),
    ],
)
def test_bad_input_is_named(draws, options, message):
    with pytest.raises(OutputError, match=message):
        densities_figure(draws, **options)
