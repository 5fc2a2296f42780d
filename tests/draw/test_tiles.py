import pytest

from forwhom.draw.tiles import tiles_figure
from forwhom.errors import OutputError


def rows():
    return {
        "row": ["a", "a", "b"],
        "column": ["y", "x", "x"],
        "label": ["", "", ""],
        "estimate": [1.0, -2.0, 0.1],
        "conf_low": [0.5, -3.0, -1.0],
        "conf_high": [1.5, -1.0, 1.0],
        "n": [10, 1200, 3],
    }


def test_every_combination_is_a_tile_with_its_number():
    body = tiles_figure(rows(), columns=["x", "y"]).to_dict()["vconcat"][0]
    shown = body["data"]["values"]
    assert [(r["row"], r["column"], r["n"]) for r in shown] == [
        ("a", "y", "n = 10"),
        ("a", "x", "n = 1,200"),
        ("b", "x", "n = 3"),
    ]
    encoding = body["layer"][0]["encoding"]
    assert encoding["x"]["sort"] == ["x", "y"]
    assert encoding["color"]["scale"]["domain"] == [-2.0, 0, 2.0]
    assert [r["clear"] for r in shown] == [True, True, False]


def test_too_many_tiles_are_said():
    many = {name: list(values) * 31 for name, values in rows().items()}
    with pytest.raises(OutputError, match="at most 30"):
        tiles_figure(many | {"row": list(range(93))})
