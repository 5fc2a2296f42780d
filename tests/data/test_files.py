"""Files: the rules for CSV, what is wrong with a path, and what reading one must not import."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from forwhom.data import load
from forwhom.data.duck import connect
from forwhom.data.files import READERS
from forwhom.errors import DataError


def csv(folder, words, name="t.csv"):
    path = folder / name
    path.write_text(words, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("fields", "kind", "expected"),
    [
        (["1", "NA", "2.5"], "numeric", [1, None, 2.5]),
        (["1", ".", "3"], "numeric", [1, None, 3]),
        (["nan", "null", "-3e2"], "numeric", [None, None, -300]),
        (["inf", "-Infinity", "1"], "numeric", [np.inf, -np.inf, 1]),
        (["0", "0.5", "-0.25"], "numeric", [0, 0.5, -0.25]),
        ([" 1", "2 ", "+3"], "numeric", [1, 2, 3]),
        (["NA", "", "."], "numeric", [None, None, None]),
        (["true", "False", ""], "boolean", [1, 0, None]),
        (["TRUE", "FALSE", "true"], "boolean", [1, 0, 1]),
        (["01", "1", "2"], "text", ["01", "1", "2"]),
        (["1_000", "1", "2"], "text", ["1_000", "1", "2"]),
        (["yes", ".", "no"], "text", ["yes", ".", "no"]),
        (["2020-01-01", "NA", "2021-01-01"], "text", ["2020-01-01", None, "2021-01-01"]),
        (["1/2", "10:30", "3"], "text", ["1/2", "10:30", "3"]),
    ],
)
def test_the_type_of_a_csv_column(tmp_path, fields, kind, expected):
    path = csv(tmp_path, "id,x\n" + "".join(f"{i},{f}\n" for i, f in enumerate(fields)))
    column = load(path, ["x"]).columns["x"]
    assert column.kind == kind
    if kind == "text":
        assert column.levels == tuple(sorted({v for v in expected if v is not None}))
        found = [column.levels[code] if code >= 0 else None for code in column.values]
        assert found == expected
    else:
        wanted = [np.nan if v is None else v for v in expected]
        np.testing.assert_array_equal(column.values, wanted)


def test_the_whole_csv_file_decides_the_type(tmp_path):
    path = csv(tmp_path, "x,y\n" + "1,2\n" * 60_000 + "none of these,2.5\n")
    table = load(path, ["x", "y"], {"x": []})
    assert table.columns["x"].levels == ("1", "none of these")
    assert table.columns["y"].values[-1] == 2.5
    with pytest.raises(DataError, match=r"'none of these' in 1 row \(line 60002\)"):
        load(path, ["x", "y"])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_quotes_newlines_delimiters_and_byte_order_mark(tmp_path, delimiter, newline):
    rows = ['\ufeff"a, b; c\t|"{}x', '"line\nbreak ""q"" é"{}1', '""{}2', "it's{}3"]
    path = csv(tmp_path, newline.join(row.format(delimiter) for row in rows) + newline)
    table = load(path, ["a, b; c\t|", "x"])
    text = table.columns["a, b; c\t|"]
    assert text.levels == ("it's", 'line\nbreak "q" é')
    assert text.values.tolist() == [1, -1, 0]
    assert table.columns["x"].values.tolist() == [1, 2, 3]


def test_many_quoted_line_breaks(tmp_path):
    # Large enough that DuckDB gives up reading in parallel and is asked again.
    path = csv(tmp_path, 'a,"b\nc"\n' + '"x\ny",2\n' * 1_000_000)
    table = load(path, ["a", "b\nc"])
    assert (table.n_rows, table.columns["a"].levels) == (1_000_000, ("x\ny",))


def test_a_tab_separated_file_may_have_commas_in_its_names(tmp_path):
    path = csv(tmp_path, "a, b, c\n1\n2\n", "t.tsv")
    assert load(path, ["a, b, c"]).columns["a, b, c"].values.tolist() == [1.0, 2.0]


def test_blank_lines_are_missing_in_a_file_of_one_column(tmp_path):
    column = load(csv(tmp_path, "x\n1\n\n3\n"), ["x"]).columns["x"]
    np.testing.assert_array_equal(column.values, [1, np.nan, 3])


def test_paths_as_text_with_a_tilde_and_with_pattern_letters(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    csv(tmp_path, "x\n1\n", "a[1]*?.csv")
    assert load("~/a[1]*?.csv", ["x"]).columns["x"].values.tolist() == [1.0]
    (tmp_path / "A.CSV").write_text("x\n2\n")
    assert load(str(tmp_path / "A.CSV"), ["x"]).source == "A.CSV"


def test_duplicate_names_in_a_csv_header(tmp_path):
    path = csv(tmp_path, "age,sex,age\n1,2,3\n")
    with pytest.raises(DataError, match=r"t.csv has 2 columns named 'age' \(columns 1, 3\)"):
        load(path, ["sex", "age"])
    assert load(path, ["sex"]).columns["sex"].values.tolist() == [2.0]


def test_duplicate_names_in_parquet_and_feather(tmp_path):
    table = pa.Table.from_arrays(
        [pa.array([1]), pa.array([[{"q": 1}]]), pa.array([2]), pa.array([3])],
        names=["x", "nested", "X", "x"],
    )
    pq.write_table(table, tmp_path / "t.parquet")
    pa.feather.write_feather(table, str(tmp_path / "t.feather"))
    for name in ("t.parquet", "t.feather"):
        with pytest.raises(DataError, match=rf"{name} has 2 columns named 'x' \(columns 1, 4\)"):
            load(tmp_path / name, ["x"])
        assert load(tmp_path / name, ["X"]).columns["X"].values.tolist() == [2.0]


@pytest.mark.parametrize(
    ("type_", "value", "said"),
    [
        (pa.date32(), 1, "type DATE, which forwhom cannot use. Convert it to a number"),
        (pa.timestamp("us"), 1, "type TIMESTAMP, which forwhom cannot use. Convert it to a number"),
        (pa.list_(pa.int64()), [1], "type list, which forwhom cannot use. Each row must hold one"),
        (pa.struct({"a": pa.int64()}), {"a": 1}, "take it apart into columns first"),
        (pa.binary(), b"a", "type BLOB, which forwhom cannot use. Convert it to numbers"),
    ],
)
def test_parquet_types_that_cannot_be_used(tmp_path, type_, value, said):
    pq.write_table(pa.table({"x": pa.array([value], type_), "y": [1]}), tmp_path / "t.parquet")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "t.parquet", ["y", "x"])
    assert said in str(caught.value)
    assert load(tmp_path / "t.parquet", ["y"]).n_rows == 1


def test_json_lines_kinds_and_absent_fields(tmp_path):
    words = '{"a": 1, "s": "é", "d": "2020-01-01"}\n\n{"a": 2.5, "f": true}\n{"s": null}\n'
    table = load(csv(tmp_path, words, "t.jsonl"), ["a", "s", "f", "d"])
    np.testing.assert_array_equal(table.columns["a"].values, [1, 2.5, np.nan])
    assert table.columns["s"].levels == ("é",)
    assert table.columns["d"].levels == ("2020-01-01",)
    np.testing.assert_array_equal(table.columns["f"].values, [np.nan, 1, np.nan])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('{"x": 1}\n{"x": "a"}\n', "Column 'x' of t.jsonl mixes text with other values"),
        ('{"x": [1]}\n', "Column 'x' of t.jsonl holds values of type list"),
        ('{"x": {"y": 1}}\n', "Column 'x' of t.jsonl holds values of type struct"),
        ("[1, 2]\n", "t.jsonl must hold one JSON object per line"),
        ('{"x": 1\n', "Cannot read t.jsonl: "),
        ('{"y": 1}\n{"z": 1}\n', "There is no column 'x' in t.jsonl. Its columns are 'y', 'z'."),
    ],
)
def test_json_lines_that_cannot_be_used(tmp_path, words, said):
    with pytest.raises(DataError) as caught:
        load(csv(tmp_path, words, "t.jsonl"), ["x"])
    assert said in str(caught.value)


def test_json_lines_of_numbers_and_booleans_are_numbers(tmp_path):
    words = '{"x": true}\n{"x": 2}\n{"x": 3.5}\n{"x": false}\n'
    column = load(csv(tmp_path, words, "t.jsonl"), ["x"]).columns["x"]
    assert (column.kind, column.values.tolist()) == ("numeric", [1.0, 2.0, 3.5, 0.0])


def test_spss_portable_files(tmp_path):
    frame = pd.DataFrame({"VOTE": [1.0, np.nan], "S": ["b", "a"]})
    path = tmp_path / "t.por"
    pyreadstat.write_por(frame, str(path), column_labels={"VOTE": "Vote in 2016"})
    vote, s = load(path, ["VOTE", "S"]).columns.values()
    np.testing.assert_array_equal(vote.values, [1, np.nan])
    assert (vote.label, s.levels) == ("Vote in 2016", ("a", "b"))


def test_values_marked_as_missing_are_missing(tmp_path):
    frame = pd.DataFrame({"vote": [1.0, -9.0, 2.0]})
    labels = {"vote": {1: "Yes", 2: "No", -9: "Refused"}}
    path = tmp_path / "t.sav"
    pyreadstat.write_sav(
        frame, str(path), variable_value_labels=labels, missing_ranges={"vote": [-9]}
    )
    column = load(path, ["vote"]).columns["vote"]
    np.testing.assert_array_equal(column.values, [1, np.nan, 2])
    assert column.value_labels == ((1.0, "Yes"), (2.0, "No"))  # of values that occur


def test_tagged_missing_values_of_stata(tmp_path):
    frame = pd.DataFrame({"vote": pd.Series([1, "a", 2], dtype=object)})
    path = tmp_path / "t.dta"
    labels = {"vote": {1: "Yes", 2: "No", "a": "Refused"}}
    pyreadstat.write_dta(
        frame, str(path), variable_value_labels=labels, missing_user_values={"vote": ["a"]}
    )
    column = load(path, ["vote"]).columns["vote"]
    np.testing.assert_array_equal(column.values, [1, np.nan, 2])
    assert column.value_labels == ((1.0, "Yes"), (2.0, "No"))


def test_dates_in_stata_files(tmp_path):
    pyreadstat.write_dta(
        pd.DataFrame({"day": [pd.Timestamp("2020-01-01").date()]}), str(tmp_path / "t.dta")
    )
    with pytest.raises(DataError, match=r"Column 'day' of t.dta holds values of type date"):
        load(tmp_path / "t.dta", ["day"])


def test_a_missing_file_names_the_nearest(tmp_path):
    csv(tmp_path, "x\n1\n", "survey.csv")
    with pytest.raises(DataError, match=r"There is no file .*survy.csv. Did you mean 'survey.csv'"):
        load(tmp_path / "survy.csv", ["x"])
    with pytest.raises(DataError, match=r"the folder .*nowhere does not exist"):
        load(tmp_path / "nowhere" / "survey.csv", ["x"])


def test_an_unknown_ending_lists_the_known_ones(tmp_path):
    for name in ("t.docx", "noending"):
        with pytest.raises(DataError) as caught:
            load(csv(tmp_path, "x", name), ["x"])
        assert f"Cannot tell what kind of file '{name}' is" in str(caught.value)
        assert all(ending in str(caught.value) for ending in READERS)


@pytest.mark.parametrize("ending", READERS)
def test_empty_and_unreadable_files_and_folders(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"^t\S+ is empty\.$"):
        load(path, ["x"])
    path.write_bytes(b"\x93\x00\xff\xfe not what it says" * 50)
    with pytest.raises(DataError, match=r"^(Cannot read t\S+: .|t\S+ is not UTF-8 text)"):
        load(path, ["x"])
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match=r"is a folder, not a file"):
        load(path, ["x"])


def test_a_gz_file_that_is_cut_short(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"x,y\n" + b"".join(b"%d,2\n" % i for i in range(9999)))[:900])
    with pytest.raises(DataError, match=r"Cannot read t.csv.gz"):
        load(path, ["x"])
    path.write_bytes(gzip.compress(b""))
    with pytest.raises(DataError, match=r"t.csv.gz is empty"):
        load(path, ["x"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("a,b\n1,2\n1,2,3\n", "line 3 has 3 fields and there are 2 column names .'1,2,3'"),
        ("a,b\n1,2\n1\n", "line 3 has 1 field and there are 2 column names .'1'"),
        ('a,b\n1,"2\n', r"a quote that opens in line 2 never closes .'1,.2'"),
        ("a,b\n", "t.csv has column names but no rows"),
        ("\n\n", "t.csv is empty"),
    ],
)
def test_csv_files_that_cannot_be_used(tmp_path, words, said):
    with pytest.raises(DataError, match=said):
        load(csv(tmp_path, words), ["a"])


def test_csv_in_another_encoding(tmp_path):
    path = tmp_path / "t.csv"
    for words in ("a,ü\n1,2\n", "a,b\n1,ü\n"):
        path.write_bytes(words.encode("latin-1"))
        table = load(path, ["a"])
        assert table.columns["a"].values.tolist() == [1.0]
        assert "t.csv is not UTF-8 text (line " in table.notes[0]


def test_a_small_csv_imports_no_data_frame_library(tmp_path):
    path = csv(tmp_path, "x,s\n1,a\n2,b\n")
    code = (
        "import sys; from forwhom.data import load; "
        f"load({str(path)!r}, ['x', 's']); "
        "heavy = {'pandas', 'polars', 'pyarrow', 'narwhals', 'scipy', 'pyreadstat', 'xarray'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_duckdb_fetches_no_extension_and_is_bounded():
    with connect() as con:
        settings = dict(con.execute("select name, value from duckdb_settings()").fetchall())
    assert settings["autoinstall_known_extensions"] == "false"
    assert settings["autoload_known_extensions"] == "false"
    assert 1 <= int(settings["threads"]) <= 4


def test_only_one_module_imports_narwhals():
    root = Path(sys.modules["forwhom.data"].__file__).parent.parent
    found = [p.name for p in root.rglob("*.py") if "import narwhals" in p.read_text("utf-8")]
    assert found == ["frames.py"]
