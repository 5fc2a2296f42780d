import numpy as np
import pytest

from forwhom.draw.arrows import arrows_figure
from forwhom.errors import OutputError


def groups(n):
    rng = np.random.default_rng(n)
    estimate = rng.normal(0.2, 0.5, n)
    return {
        "raw": estimate + rng.normal(0, 0.3, n),
        "estimate": estimate,
        "conf_low": estimate - 0.5,
        "conf_high": estimate + 0.5,
        "n": np.arange(n) + 1,
        "share": rng.random(n),
        "label": [f"group {i}" for i in range(n)],
    }


def inner(figure):
    return figure.to_dict()["vconcat"][0]


def caption(figure):
    return " ".join(inner(figure)["title"]["text"]).replace("\u00a0", " ")


def test_groups_are_sorted_and_named_up_to_a_hundred():
    for n, named in ((1, True), (100, True), (101, False)):
        figure = arrows_figure(groups(n))
        shown = [record["estimate"] for record in inner(figure)["data"]["values"]]
        assert shown == sorted(shown, reverse=True)
        y = inner(figure)["layer"][-1]["encoding"]["y"]
        assert (y["axis"] is not None) is named
        assert caption(figure).startswith(f"{n} group{'s' if n > 1 else ''}; median")


def test_of_many_groups_some_are_drawn_and_it_says_so():
    figure = arrows_figure(groups(2000))
    assert len(inner(figure)["data"]["values"]) == 300
    assert "300 of them are drawn" in caption(figure)


def test_raw_estimates_that_are_missing_or_far_out():
    rows = groups(5)
    rows["raw"][0], rows["raw"][1] = np.nan, 1e6
    figure = arrows_figure(rows, note="A sentence.")
    shown = {record["key"][7:]: record["raw"] for record in inner(figure)["data"]["values"]}
    assert shown["group 0"] is None
    assert max(value for value in shown.values() if value is not None) < 10
    assert "1 without a dot of their own" in caption(figure)
    assert "1 from own rows alone lies farther out and stands at the edge." in caption(figure)
    assert caption(figure).endswith("A sentence.")


def test_what_a_reader_sees_when_pointing(tmp_path):
    figure = arrows_figure(groups(3))
    tooltip = inner(figure)["layer"][-1]["encoding"]["tooltip"]
    assert [entry["title"] for entry in tooltip] == [
        "group", "own rows alone", "pooled", "95 % interval", "own data", "rows",
    ]  # fmt: skip
    svg = figure.save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert ">group 0<" in svg and ">Pooled<" in svg


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"raw": None}, "needs 'raw'"),
        ({"estimate": [np.nan] * 3}, "'estimate' of 'group 0' is nan"),
        ({"raw": [np.inf] * 3}, "'raw' of 'group 0' is inf"),
        ({"n": [1]}, "'n' has 1 entries for 3 rows"),
    ],
)
def test_what_cannot_be_drawn(change, words):
    rows = {key: value for key, value in (groups(3) | change).items() if value is not None}
    with pytest.raises(OutputError, match=words):
        arrows_figure(rows)
    with pytest.raises(OutputError, match="no row to draw"):
        arrows_figure({key: [] for key in groups(1)})
