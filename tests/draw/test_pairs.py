import numpy as np
import pytest

from forwhom.draw.pairs import pairs_figure
from forwhom.errors import OutputError


def rows(n):
    rng = np.random.default_rng(n)
    found = {"label": [f"row {i}" for i in range(n)]}
    for arm, middle in (("without", 30.0), ("with", 40.0), ("difference", 10.0)):
        estimate = middle + rng.normal(0, 5, n)
        found[f"{arm} estimate"] = estimate
        found[f"{arm} conf_low"], found[f"{arm} conf_high"] = estimate - 4, estimate + 4
    return found


def inner(figure):
    return figure.to_dict()["vconcat"][0]


def labels(figure):
    return list(dict.fromkeys(r["key"].split("\n")[1] for r in inner(figure)["data"]["values"]))


def test_few_rows_stand_as_given_and_many_by_the_difference():
    assert labels(pairs_figure(rows(12))) == [f"row {i}" for i in range(12)]
    many = rows(13)
    order = np.argsort(-many["difference estimate"], kind="stable")
    figure = pairs_figure(many)
    assert labels(figure) == [f"row {i}" for i in order]
    assert "by which rows are sorted" in " ".join(inner(figure)["title"]["text"])


def test_two_dots_with_their_names_and_the_difference_beside(tmp_path):
    figure = pairs_figure(rows(2), arms=("No letter", "Letter"))
    assert [r["mark"] for r in inner(figure)["data"]["values"]] == ["No letter", "Letter"] * 2
    svg = figure.save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert ">No letter<" in svg and ">row 1<" in svg
    beside = inner(figure)["data"]["values"][0]["beside"]
    assert beside.startswith("+") and f">{beside}<" in svg


def test_equal_names_of_both_arms_stay_two():
    figure = pairs_figure(rows(1), arms=("1", "1"))
    assert [r["mark"] for r in inner(figure)["data"]["values"]] == ["Without", "With"]


def test_what_cannot_be_drawn():
    with pytest.raises(OutputError, match="301 rows are too many"):
        pairs_figure(rows(301))
    with pytest.raises(OutputError, match="needs 'with estimate'"):
        pairs_figure({key: value for key, value in rows(2).items() if key != "with estimate"})
    odd = rows(2) | {"with conf_low": [np.nan, 1.0]}
    with pytest.raises(OutputError, match="'with conf_low' of 'row 0' is nan"):
        pairs_figure(odd)
