"""What the words of a column say, the same from every engine and file."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from forwhom.data import load
from forwhom.data.numbers import read_numbers
from forwhom.data.tokens import MAYBE_ZERO, TOKENS
from forwhom.errors import DataError

from .engines import ENGINES, STATISTICAL

PLAIN = [str(age) for age in range(18, 58)]


def column(words, **options):
    return load({"x": words}, ["x"], **options).columns["x"]


def suggested(message):
    """The value of missing= that a message says to copy."""
    return json.loads(re.search(r"missing=(\{.*?\})(?=[ ;.)])", message)[1])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["1,234", "950", "12"], [1234, 950, 12]),
        (["1,234,567", "-2,000"], [1234567, -2000]),
        (["1,234.5", "3.25"], [1234.5, 3.25]),
        (["1,23,456", "9,999"], [123456, 9999]),  # as India groups
        (["1.234,5", "12,75", "3"], [1234.5, 12.75, 3]),
        (["1.234.567", "1.000"], [1234567, 1000]),
        (["12,5", "7,25"], [12.5, 7.25]),
        (["0,123", "1,234"], [0.123, 1.234]),  # no thousands start with a zero
        (["1 234", "56"], [1234, 56]),
        (["1\u202f234,5", "1\u00a0000"], [1234.5, 1000]),
        (["1'234", "8"], [1234, 8]),
        (["$5", "$1,250.50", "-$2"], [5, 1250.5, -2]),
        (["5 €", "7 €"], [5, 7]),
        (["50%", "7.5 %"], [50, 7.5]),
        (["1e3", "-2.5E-2", "+4"], [1000, -0.025, 4]),
        (["\u22125", "6"], [-5, 6]),
    ],
)
def test_numbers_however_they_are_written(words, expected):
    found = read_numbers(words, [1] * len(words), False)
    assert list(found.values) == expected
    made = column(words)
    assert made.kind == "numeric"
    np.testing.assert_array_equal(made.values, expected)


def test_the_way_numbers_are_written_is_said():
    table = load({"x": ["1,234", "950"]}, ["x"])
    assert table.notes == (
        "'x' is written with thousands commas ('1,234' is read as 1234).",
    )  # fmt: skip
    assert "per cent signs ('50%' is read as 50)" in load({"x": ["50%", "7%"]}, ["x"]).notes[0]


def test_commas_are_decimal_where_semicolons_separate(tmp_path):
    (tmp_path / "t.csv").write_text("x;y\n1,234;1\n5,678;2\n")
    table = load(tmp_path / "t.csv", ["x", "y"])
    assert table.columns["x"].values.tolist() == [1.234, 5.678]
    assert "'1,234' is read as 1.234" in table.notes[0]


@pytest.mark.parametrize(
    "words",
    [
        ["50%", "0.5", "60%", "70%", "80%", "90%"],  # half of one, or of a hundred?
        ["(5)", *PLAIN],  # a sign would turn
        ["5-", *PLAIN],
        ["$5", "€5", "6", "7", "8", "9", "10", "11"],
        ["12,5", "13.5", *PLAIN],  # one of the marks is not decimal
        ["1,23.4", *PLAIN],
        ["65+", *PLAIN],
        ["08", "7", *PLAIN],
        [f"{kg} kg" for kg in range(40, 80)],
    ],
)
def test_numbers_that_can_be_read_in_two_ways_are_refused(words):
    with pytest.raises(
        DataError, match=r"column 'x' of the dict of columns holds numbers"
    ) as caught:
        column(words)
    kept = column(
        words, missing=suggested("missing=" + str(caught.value).rpartition("missing=")[2])
    )
    assert kept.kind == "text"
    assert len(kept.levels) == len(set(words))


@pytest.mark.parametrize(
    "words",
    [
        ["2020-01-01", "2021-05-05"],
        ["18-24", "25-34", "35+"],
        ["1st", "2nd", "3rd"],
        ["1", "2", "3 or more", "3 or more"],
        ["North", "-", "None", "NA", "."],
        ["1/2", "10:30", "3"],
        ["A1", "A2", "B1"],
    ],
)
def test_levels_stay_levels(words):
    made = column(words)
    assert (made.kind, set(made.levels)) == ("text", set(words))
    assert load({"x": words}, ["x"]).notes == ()


@pytest.mark.parametrize("words", [["01", "02", "10"], ["01234", "12345", *["90210"] * 40]])
def test_codes_with_leading_zeros_are_levels_and_said(words):
    table = load({"x": words}, ["x"])
    assert table.columns["x"].levels == tuple(sorted(set(words)))
    assert table.notes == (
        f"'x' holds codes with leading zeros ('{words[0]}'): they are levels, not numbers.",
    )


# What the reader of CSV takes as missing by itself, as an empty field.
UNSAID = ("NA", "N/A", "#N/A", "<NA>", "NaN", "null", "NULL", "-nan", "NAN")


@pytest.mark.parametrize("engine", ["pandas", "polars", "dict", "CSV", "Parquet"])
@pytest.mark.parametrize("token", sorted((TOKENS | MAYBE_ZERO) - {"nan"}))
def test_tokens_of_other_programs(token, engine, make):
    table = load(make(engine, {"x": [*PLAIN, token], "y": list(range(41))}), ["x", "y"])
    made = table.columns["x"]
    assert made.kind == "numeric"
    np.testing.assert_array_equal(made.values, [*range(18, 58), np.nan])
    if engine != "CSV" or token not in UNSAID:
        assert f"In 'x' '{token}' (1 row) is taken as missing." in table.notes


def test_every_engine_reads_and_refuses_alike(engine, make):
    age = [*PLAIN, "n/a", "-"]
    content = {"age": age, "s": ["b ", "a"] * 21}
    table = load(make(engine, content), ["age", "s"])
    np.testing.assert_array_equal(table.columns["age"].values, [*range(18, 58), np.nan, np.nan])
    assert table.columns["s"].levels == ("a", "b")
    assert table.fingerprint == load(content, ["age", "s"]).fingerprint
    content["age"] = [*PLAIN, "?", "*"]
    with pytest.raises(DataError) as caught:
        load(make(engine, content), ["age", "s"])
    message = str(caught.value)
    assert "'?' in 1 row" in message
    assert "'*' in 1 row" in message
    assert re.search(r"\((lines 42, 43|rows 41, 42|rows 42, 43)\)", message)
    table = load(make(engine, content), ["age", "s"], missing=suggested(message))
    np.testing.assert_array_equal(table.columns["age"].values, [*range(18, 58), np.nan, np.nan])
    kept = load(make(engine, content), ["age"], missing={"age": []}).columns["age"]
    assert (kept.kind, len(kept.levels)) == ("text", 42)


def test_one_suggestion_solves_all_columns_and_keeps_what_was_said():
    data = {"a": [*PLAIN, "?"], "b": [*PLAIN, "none"], "c": [*range(40), 999]}
    with pytest.raises(DataError) as caught:
        load(data, ["a", "b", "c"], missing={"c": [999]})
    words = suggested(str(caught.value))
    assert words == {"c": [999], "a": ["?"], "b": ["none"]}
    table = load(data, ["a", "b", "c"], missing=words)
    assert [int(c.missing.sum()) for c in table.columns.values()] == [1, 1, 1]


def test_a_word_among_many_numbers_is_refused_however_often_it_stands():
    with pytest.raises(DataError, match=r"'unknown' in 400 rows"):
        column([*PLAIN, *["unknown"] * 400])


def test_none_may_mean_zero_where_it_is_frequent():
    with pytest.raises(DataError, match=r"'None' in 20 rows"):
        column([*["None"] * 20, *["1", "2"] * 10])
    assert column([*["n/a"] * 20, *["1", "2"] * 10]).kind == "numeric"


def test_texts_of_numbers_are_numbers_and_said():
    table = load({"x": ["30", "41"]}, ["x"])
    assert table.columns["x"].values.tolist() == [30.0, 41.0]
    assert table.columns["x"].integer
    assert table.notes == (
        "'x' holds numbers written as text and is read as numbers. Say missing={'x': []} to keep "
        "texts.",
    )
    declared = pd.DataFrame({"x": pd.Categorical(["2", "1", "2"], ["2", "1"])})
    assert load(declared, ["x"]).columns["x"].levels == ("2", "1")


@pytest.mark.parametrize("wrap", [dict, lambda d: pd.DataFrame(d, dtype=object)])
def test_words_among_numbers_of_a_frame(wrap):
    """As pandas reads a sheet: whole numbers, fractions and a word in one column of objects."""
    ages = [*range(18, 40), 30.5, np.float64(31), None, float("nan")]
    made = load(wrap({"x": [*ages, "n/a", "1,200"]}), ["x"]).columns["x"]
    np.testing.assert_array_equal(
        made.values, [*range(18, 40), 30.5, 31, np.nan, np.nan, np.nan, 1200]
    )
    with pytest.raises(DataError, match=r"'refused' in 1 row \(row 27\)"):
        load(wrap({"x": [*ages, "refused"]}), ["x"])
    made = load(wrap({"x": [*ages, "refused"]}), ["x"], {"x": ["refused"]}).columns["x"]
    assert (made.kind, int(made.missing.sum())) == ("numeric", 3)
    made = load(wrap({"x": [True, False, "n/a"]}), ["x"]).columns["x"]
    assert made.kind == "boolean"


def test_a_mixture_is_refused_or_taken_as_levels(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"x": "a"}\n{"x": 3}\n{"x": "b"}\n')
    for source in ({"x": ["a", 3, "b"]}, tmp_path / "t.jsonl"):
        with pytest.raises(DataError, match=r"mixes text with other values.*'a' and 3") as caught:
            load(source, ["x"])
        made = load(source, ["x"], suggested(str(caught.value))).columns["x"]
        np.testing.assert_array_equal(made.values, [np.nan, 3, np.nan])
        assert load(source, ["x"], {"x": []}).columns["x"].levels == ("3", "a", "b")


def test_truth_written_as_text():
    made = column(["True", "false", "n/a"])
    assert made.kind == "boolean"
    np.testing.assert_array_equal(made.values, [1, 0, np.nan])


def test_long_ids_beside_a_token_keep_every_digit(tmp_path):
    ids = [1_580_000_000_000_000_000 + 3 * i for i in range(40)]
    (tmp_path / "t.csv").write_text("x\n" + "".join(f"{i}\n" for i in ids) + "n/a\n")
    for source in (tmp_path / "t.csv", {"x": [*map(str, ids), "n/a"]}):
        made = load(source, ["x"]).columns["x"]
        assert made.keys[:40].tolist() == ids
        assert made.missing.tolist() == [False] * 40 + [True]


def test_blanks_around_levels_are_left_out_and_said():
    table = load({"x": ["North ", "North", " East", "\u00a0North"]}, ["x"])
    assert table.columns["x"].levels == ("East", "North")
    assert table.columns["x"].values.tolist() == [1, 1, 0, 1]
    (note,) = table.notes
    assert "Blanks around values of 'x' are left out" in note
    assert "3 rows" in note
    assert "'North' one level" in note


def test_levels_that_differ_in_capitals_are_named_and_kept():
    table = load({"x": ["North", "NORTH", "South", "New  York", "New York"]}, ["x"])
    assert len(table.columns["x"].levels) == 5
    assert table.notes == (
        "Levels of 'x' that differ in capitals or blanks only are kept apart: 'NORTH' (1 row) and "
        "'North' (1 row); 'New  York' (1 row) and 'New York' (1 row).",
    )


@pytest.mark.parametrize(
    "engine", [name for name in ENGINES if name not in STATISTICAL and "JSON" not in name]
)  # Stata, SPSS and SAS have no such names, and of JSON Lines the names are not known beforehand
def test_blanks_around_names(engine, make):
    source = make(engine, {" d": [1, 2], "y ": [3, 4]})
    table = load(source, ["d", "y"])
    assert [c.values.tolist() for c in table.columns.values()] == [[1, 2], [3, 4]]
    assert "Column 'd' is ' d' in" in table.notes[0]
    assert load(source, [" d"]).columns[" d"].values.tolist() == [1, 2]
    assert load(source, [" d"]).notes == ()


class TestMissing:
    def test_codes_become_missing_and_are_counted(self):
        table = load({"x": [1, 999, 2, 999], "y": ["a", "?", "b", "a"]}, ["x", "y"],
                     {"x": [999, 998], "y": ["?"]})  # fmt: skip
        np.testing.assert_array_equal(table.columns["x"].values, [1, np.nan, 2, np.nan])
        assert table.columns["y"].levels == ("a", "b")
        assert table.notes == (
            "In 'x' 999 is missing, as asked (2 rows).",
            "missing: 'x' never holds 998.",
            "In 'y' '?' is missing, as asked (1 row).",
        )

    def test_a_code_is_the_same_as_text_and_as_a_number(self):
        for code in (999, 999.0, "999"):
            assert load({"x": [1, 999]}, ["x"], {"x": [code]}).columns["x"].missing.tolist() == [
                False,
                True,
            ]
            made = load({"x": ["a", "999", "b"]}, ["x"], {"x": [code]}).columns["x"]
            assert made.levels == ("a", "b")

    def test_every_engine(self, engine, make):
        source = make(engine, {"x": [1, 999, 2], "s": ["a", "dk", "b"]})
        table = load(source, ["x", "s"], {"x": [999], "s": ["dk"]})
        np.testing.assert_array_equal(table.columns["x"].values, [1, np.nan, 2])
        assert table.columns["s"].values.tolist() == [0, -1, 1]

    def test_all_of_a_column(self):
        made = load({"x": ["?", "?"]}, ["x"], {"x": ["?"]}).columns["x"]
        assert (made.kind, np.isnan(made.values).all()) == ("numeric", True)


class TestSecondHeader:
    ROWS = "".join(f"{i % 7 + 1},{i % 2},{20 + i}\n" for i in range(40))

    def test_is_read_past_in_a_file(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_text(
            'y,d,age\n"How much, 1 to 7?",Condition,"Your age?"\n'
            '"{""ImportId"":""Q1""}","{""ImportId"":""Q2""}","{""ImportId"":""Q3""}"\n' + self.ROWS
        )
        table = load(path, ["y", "age"])
        assert table.n_rows == 40
        assert [c.kind for c in table.columns.values()] == ["numeric", "numeric"]
        assert table.columns["age"].values.tolist() == list(range(20, 60))
        assert table.notes[0].startswith(
            "Lines 2 to 3 of t.csv hold text where the rest of 'y', 'age' are numbers"
        )

    def test_lines_of_strangers_are_those_of_the_file(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_text("y,d,age\npoints,code,years\n" + self.ROWS + "1,0,?\n")
        with pytest.raises(DataError, match=r"'years' in 1 row.*lines 2, 43"):
            load(path, ["age"])

    def test_one_column_is_not_enough_to_tell(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_text("y,s\npoints,a\n" + "".join(f"{i},b\n" for i in range(40)))
        with pytest.raises(DataError, match=r"line 2.*second header: delete those lines"):
            load(path, ["y", "s"])

    def test_is_refused_in_a_frame(self):
        frame = pd.DataFrame({"y": ["points", *PLAIN], "age": ["years", *PLAIN]})
        with pytest.raises(DataError, match=r"row 1\).*row 1\).*second header: delete those rows"):
            load(frame, ["y", "age"])
        made = load(frame.iloc[1:], ["y", "age"])
        assert [c.kind for c in made.columns.values()] == ["numeric", "numeric"]
