from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from forwhom.data import Tidy
from forwhom.data.printed import format_table

TIDY = Tidy(
    {
        "term": ["a:b", 'say "x", y', "é"],
        "n": np.array([3, 4, 5]),
        "estimate": np.array([0.1, np.nan, 1 / 3]),
        "low": np.array([True, False, True]),
    },
    title="Effects",
    level=0.95,
    notes=("one note",),
)


def test_it_prints_itself():
    assert repr(TIDY) == str(TIDY) == format_table(TIDY)
    assert str(TIDY).startswith("Effects (95 % equal-tailed intervals)\nterm ")
    assert str(TIDY).endswith("\none note")
    assert Tidy({}, "Nothing").n_rows == 0


def test_it_is_a_table():
    assert len(TIDY) == 3
    assert TIDY["n"] is TIDY.columns["n"]
    assert "estimate" in TIDY and "a:b" not in TIDY
    assert [row["n"] for row in TIDY] == [3, 4, 5]
    assert next(iter(TIDY)) == TIDY.row(0)
    assert bool(Tidy({}, "Nothing"))  # an answer without rows is one
    with pytest.raises(KeyError, match=r"'estimat' is not a column. Did you mean 'estimate'\?"):
        TIDY["estimat"]
    with pytest.raises(KeyError, match="0 is not a column"):
        TIDY[0]


def test_other_libraries_take_it_as_it_is():
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    assert pl.DataFrame(TIDY).equals(TIDY.to_polars())
    taken = pa.table(TIDY)
    assert taken.schema.equals(TIDY.to_arrow().schema, check_metadata=True)
    assert taken["n"].to_pylist() == [3, 4, 5]
    assert list(pd.DataFrame(TIDY)) == list(TIDY.columns)
    pd.testing.assert_frame_equal(pd.DataFrame(TIDY), TIDY.to_pandas())
    if hasattr(pd.DataFrame, "from_arrow"):  # pandas 3
        pd.testing.assert_frame_equal(pd.DataFrame.from_arrow(TIDY), TIDY.to_pandas())
    seen = duckdb.sql("select term, n from TIDY where n > 3 order by n").fetchall()
    assert seen == [('say "x", y', 4), ("é", 5)]


def test_a_notebook_shows_title_table_and_notes_and_runs_no_markup():
    tidy = Tidy(
        {"<b>": ["<script>", "a & b"], "estimate": np.array([1.23456789, 2.0])},
        "Effects <i>",
        level=0.9,
        notes=("a < b",),
    )
    html = tidy._repr_html_()
    for words in (
        "Effects &lt;i&gt; (90 % equal-tailed intervals)</caption>",
        ">&lt;b&gt;</th>",
        ">&lt;script&gt;</td>",
        ">a &amp; b</td>",
        '<td style="text-align: right">1.23</td>',  # no more digits than printed
        ">a &lt; b</td>",
    ):
        assert words in html
    assert "1.2345" not in html and "<script>" not in html
    many = Tidy({"n": np.arange(50)}, "t")._repr_html_()
    assert "... and 10 more rows" in many and many.count('<td style="text-align: right">') == 40
    assert "(no rows)" in Tidy({"n": np.arange(0)}, "t")._repr_html_()


def test_labels_are_for_printing_alone():
    tidy = Tidy(
        {"woman": np.array([0, 1, 2]), "n": np.array([10, 20, 30])},
        "t",
        headers={"woman": "Sex"},
        value_labels={"woman": {0: "Man", 1: "Woman"}},
    )
    assert str(tidy).splitlines()[1:] == [
        "Sex     n",
        "---------",
        "Man    10",
        "Woman  20",
        "2      30",
    ]
    assert ">Sex</th>" in tidy._repr_html_() and ">Woman</td>" in tidy._repr_html_()
    assert tidy["woman"].tolist() == [0, 1, 2]
    assert tidy.to_csv().splitlines()[:2] == ["woman,n", "0,10"]
    assert tidy.to_pandas()["woman"].tolist() == [0, 1, 2]


def test_rows_are_plain_values():
    row = TIDY.row(2)
    assert row == {"term": "é", "n": 5, "estimate": 1 / 3, "low": True}
    assert [type(v) for v in row.values()] == [str, int, float, bool]


def test_csv_has_full_precision_and_quotes():
    assert TIDY.to_csv() == (
        "term,n,estimate,low\n"
        "a:b,3,0.1,True\n"
        '"say ""x"", y",4,,False\n'
        "é,5,0.3333333333333333,True\n"
    )


def test_pandas():
    frame = TIDY.to_native("pandas")
    assert frame.attrs == {
        "level": 0.95,
        "interval": "equal-tailed",
        "title": "Effects",
        "notes": ("one note",),
    }
    assert list(frame.columns) == ["term", "n", "estimate", "low"]
    assert frame["term"].tolist() == ["a:b", 'say "x", y', "é"]
    assert [frame[c].dtype.kind for c in ("n", "estimate", "low")] == ["i", "f", "b"]


def test_polars():
    import polars as pl

    frame = TIDY.to_native("polars")
    assert frame.dtypes == [pl.String, pl.Int64, pl.Float64, pl.Boolean]
    assert frame["n"].to_list() == [3, 4, 5]


def test_arrow_holds_level_and_title_in_its_metadata():
    table = TIDY.to_native("pyarrow")
    assert [str(kind) for kind in table.schema.types] == ["string", "int64", "double", "bool"]
    assert table.schema.metadata == {
        b"level": b"0.95",
        b"interval": b"equal-tailed",
        b"title": b"Effects",
        b"notes": b"one note",
    }


def test_text_arrays_and_gaps_become_text_columns():
    tidy = Tidy({"s": np.array(["a", "b"]), "o": np.array(["x", None], dtype=object)}, "t")
    assert tidy.to_polars().to_dict(as_series=False) == {"s": ["a", "b"], "o": ["x", None]}
    assert tidy.to_arrow().to_pydict() == {"s": ["a", "b"], "o": ["x", None]}
    assert tidy.to_pandas().attrs == {"title": "t", "notes": ()}
    assert tidy.to_csv() == "s,o\na,x\nb,\n"


def test_files_and_dicts_get_the_table_itself():
    assert TIDY.to_native("file") is TIDY
    assert TIDY.to_native("dict") is TIDY
    assert TIDY.to_dict()["n"] == [3, 4, 5]


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"different lengths: \{'a': 1, 'b': 2\}"):
        Tidy({"a": [1], "b": [1, 2]}, "t")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("-5", "-5"),
        ("+0.5e-3", "+0.5e-3"),
        ("-", "-"),
        ("(-1, 2]", "(-1, 2]"),
        ("a=1", "a=1"),
        ("a\rb", "a\rb"),
        ("a\r\n", "a\r\n"),
        ("", ""),
        ("a\0b", "a␀b"),
    ],
)
def test_no_cell_or_header_is_a_formula(text, written):
    tidy = Tidy({text or "x": [text, "b"], "n": np.array([-1.5, 2.0])}, "t")
    header, first, _ = csv.reader(io.StringIO(tidy.to_csv(), newline=""))
    assert header == [written or "x", "n"]
    assert first == [written, "-1.5"]  # a number is a number
