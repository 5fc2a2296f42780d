"""Files as other programs write them: all of the table is read, what is no part of it is said."""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
import sys
import zipfile
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from forwhom.data import load, packed
from forwhom.errors import DataError

Y = [0.5 * i for i in range(8)]
ARM = ["a", "b"] * 4
NAMES = ["y", "arm", "age"]
LINES = [f"{y},{arm},{20 + i}" for i, (y, arm) in enumerate(zip(Y, ARM, strict=True))]
BODY = "\n".join(LINES) + "\n"
PLAIN = "y,arm,age\n" + BODY


@pytest.fixture
def write(tmp_path):
    def written(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


@pytest.fixture
def plain(write):
    return load(write(PLAIN, "plain.csv"), NAMES).fingerprint


R_LINES = "".join(f'"{i}",{line}\n' for i, line in enumerate(LINES, 1))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('"y","arm","age"\n' + R_LINES, "the first is taken as row names, as R writes them"),
        ('"","y","arm","age"\n' + R_LINES, None),
        (PLAIN.replace("\n", "\r\n"), None),
        (PLAIN.replace("\n", "\r"), None),
        (PLAIN.replace("\n", "\r\n", 3), "mixes kinds of line ends"),
        (PLAIN.replace("\n", "\r", 3), "mixes kinds of line ends"),
        ("\n\n" + PLAIN, None),
        ("Table 1. Votes\n\n" + PLAIN, "Line 1 of t.csv before the column names is left out"),
        ("Votes, by arm and age\n" + PLAIN, "left out ('Votes')"),
        ("My title,,\n,,\n" + PLAIN, "Line 1 of t.csv before the column names"),
        ("# made, by hand\n# 2020\n" + PLAIN, "Lines 1 to 2 of t.csv before the column names"),
        ("sep=,\n" + PLAIN, None),
        (PLAIN + "\nSource: a survey, 2020\n", "Line 11 of t.csv after the data is left out"),
        (PLAIN + "Source: a survey,,\n", "('Source: a survey')"),
        (PLAIN + "Note: weights\nSource: us\n", "Lines 10 to 11 of t.csv after the data"),
        (PLAIN + "# the end\n", "comment"),
        ("y,arm,age\n# a comment\n" + BODY, "Line 2 of t.csv that is a comment is left out"),
        (PLAIN.replace("\n", "\n\n"), None),
        (PLAIN.replace("\n", ",\n"), None),
        ("y,arm,age\n" + BODY.replace("\n", ",\n"), None),
        (PLAIN + "\x1a", None),
        ("\ufeff" + PLAIN, None),
        (PLAIN.replace(",", ", "), "blanks around a name"),
        (PLAIN.replace(",", ";"), None),
        ("sep=|\n" + PLAIN.replace(",", "|"), None),
    ],
)
def test_the_same_table(write, plain, content, said):
    table = load(write(content), NAMES)
    assert table.fingerprint == plain
    if said is None:
        assert table.notes == ()
    else:
        assert said in " ".join(table.notes)


def test_tables_of_r_with_blanks_between(write, plain):
    content = '"y" "arm" "age"\n' + R_LINES.replace(",", " ")
    assert load(write(content, "t.txt"), NAMES).fingerprint == plain


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ('"say ""hi"", you"', 'say "hi", you'),
        ('"say "hi" you"', 'say "hi" you'),
        ('"say "hi", you"', 'say "hi", you'),
        (r'"say \"hi\", you"', 'say "hi", you'),
        ("5'6\"", "5'6\""),
        ('"two\nlines, "quoted" here"', 'two\nlines, "quoted" here'),
        ('""', None),
    ],
)
def test_quotes_inside_quotes(write, field, value):
    content = f"y,s,x\n1,{field},2\n3,b,4\n"
    table = load(write(content), ["y", "s", "x"])
    s = table.columns["s"]
    assert [s.levels[c] if c >= 0 else None for c in s.values] == [value, "b"]
    assert table.columns["x"].values.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PLAIN + "1,a\n2,b,3\n", r"line 10 has 2 fields and there are 3 column names \('1,a'\)"),
        (PLAIN + "1,a", "line 10 has 2 fields and there are 3"),
        (PLAIN + "1,a,2,3\n", "line 10 has 4 fields and there are 3"),
        (PLAIN + '1,"a,2\n', "a quote that opens in line 10 never closes"),
        ("y,arm,age\n", "t.csv has column names but no rows"),
        ("\n \n", "t.csv is empty"),
        (PLAIN.replace("age", "edad"), "There is no column 'age' in t.csv. .*'y', 'arm', 'edad'"),
        (
            "Title\n" + PLAIN.replace("age", "edad"),
            "no column 'age' in t.csv. .*'y', 'arm', 'edad'",
        ),
    ],
)
def test_what_is_no_table_is_refused_by_line(write, content, said):
    with pytest.raises(DataError, match=said) as caught:
        load(write(content), NAMES)
    assert "strict_mode" not in str(caught.value)


def test_a_file_that_is_mended_gives_the_lines_it_had(write):
    content = "Title\n\ny,arm\n" + "".join(f"{i},a\n" for i in range(40)) + "?,b\n"
    with pytest.raises(DataError, match=r"'\?' in 1 row \(line 44\)"):
        load(write(content), ["y", "arm"])


def test_lines_behind_quoted_line_breaks(write):
    content = "y,s\n" + "".join(f'{i},"a\nb"\n' for i in range(40)) + "?,b\n"
    with pytest.raises(DataError, match=r"'\?' in 1 row \(line 82\)"):
        load(write(content), ["y", "s"])
    with pytest.raises(DataError, match=r"'\?' in 1 row \(line 82\)"):
        load(write(gzip.compress(content.encode()), "t.csv.gz"), ["y", "s"])


WORDS = "y,s\n1,Málaga\n2,don’t\n"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("cp1252", "is not UTF-8 text (line 2) and is read as Windows-1252 (encoding='cp1252')"),
    ],
)
def test_encodings_are_found_out_and_said(write, encoding, said):
    table = load(write(WORDS.encode(encoding)), ["y", "s"])
    assert table.columns["s"].levels == ("Málaga", "don’t")
    if said is None:
        assert table.notes == ()
    else:
        assert said in table.notes[0]


@pytest.mark.parametrize("encoding", ["shift_jis", "gb18030", "cp1251", "utf-16-le", "mac_roman"])
def test_encodings_that_are_said(write, encoding):
    word = {"shift_jis": "東京", "gb18030": "北京", "cp1251": "Москва"}.get(encoding, "Málaga")
    path = write(f"y,s\n1,{word}\n2,b\n".encode(encoding))
    table = load(path, ["y", "s"], encoding=encoding)
    assert word in table.columns["s"].levels
    assert table.notes == ()


def test_encodings_that_do_not_fit(write):
    path = write(WORDS.encode("cp1252"))
    with pytest.raises(DataError, match=r"not text in encoding='utf-8': line 2 cannot be read so"):
        load(path, ["y", "s"], encoding="utf-8")
    with pytest.raises(DataError, match=r"it holds control characters.*say encoding="):
        load(write(WORDS.encode("utf-16-le")), ["y", "s"])


class TestPacked:
    @pytest.mark.parametrize("name", ["t.csv", "t.dta", "t.sav", "t.parquet", "t.feather"])
    def test_in_gz_and_zip(self, tmp_path, name):
        frame = pd.DataFrame({"y": [0.5, 1.5, 2.5], "s": ["a", "b", "a"]})
        path = tmp_path / name
        {
            ".csv": lambda: frame.to_csv(path, index=False),
            ".dta": lambda: pyreadstat.write_dta(frame, str(path)),
            ".sav": lambda: pyreadstat.write_sav(frame, str(path)),
            ".parquet": lambda: frame.to_parquet(path),
            ".feather": lambda: frame.to_feather(path),
        }[path.suffix]()
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
            archive.write(path, f"inside/{name}")
            archive.writestr("__MACOSX/._x", "junk")
        expected = load(path, ["y", "s"])
        for packed_name in (f"{name}.gz", "one.zip"):
            table = load(tmp_path / packed_name, ["y", "s"])
            assert table.fingerprint == expected.fingerprint
            assert table.source == packed_name

    def test_what_cannot_be_unpacked(self, tmp_path):
        path = tmp_path / "t.zip"
        for files, said in (
            ({}, "t.zip holds no file"),
            ({"a.csv": PLAIN, "b.csv": PLAIN}, r"t.zip holds 2 files \('a.csv', 'b.csv'\)"),
            ({"a.docx": "x"}, r"what kind of file 'a.docx' is \(.docx, in t.zip\)"),
            ({"a.csv": ""}, "t.zip is empty"),
        ):
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
            with pytest.raises(DataError, match=said):
                load(path, ["y"])
        path.write_bytes(b"PK\x03\x04 not a zip")
        with pytest.raises(DataError, match=r"Cannot read t.zip: it is damaged, or no .zip"):
            load(path, ["y"])

    @pytest.mark.parametrize("name", ["t.csv.gz", "t.zip"])
    def test_a_file_that_unpacks_to_more_than_a_disk_holds(self, tmp_path, monkeypatch, name):
        monkeypatch.setattr(packed, "MOST_BYTES", 10_000)
        path = tmp_path / name
        content = b"y\n" + b"1\n" * 20_000
        path.write_bytes(gzip.compress(content))
        if name == "t.zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("t.csv", content)
            raw = path.read_bytes()  # a size that says less than is there
            path.write_bytes(raw.replace((40_002).to_bytes(4, "little"), (9).to_bytes(4, "little")))
        with pytest.raises(DataError, match=r"unpacks to more than|is damaged"):
            load(path, ["y"])
        assert sorted(p.name for p in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("x.rds", 'x <- readRDS("x.rds"); write.csv(x, "x.csv", row.names = FALSE)'),
        ("x.RData", 'load("x.RData"); write.csv(x, "x.csv", row.names = FALSE)'),
        ("https://host/a/data.csv?raw=1", "Download it and give its path, such as 'data.csv'"),
        ("s3://bucket/data.parquet", "nothing is fetched"),
    ],
)
def test_what_is_not_read_says_the_way(name, way_out):
    with pytest.raises(DataError) as caught:
        load(name, ["y"])
    assert way_out in str(caught.value)


class TestStatisticalFiles:
    """Bytes of another code page, as files get that several programs have passed on."""

    FRAME = pd.DataFrame(
        {"y": [1.0, 2.0, 3.0], "d": [0.0, 1.0, 0.0], "place": ["Malaga", "Leon", "Leon"],
         "note": ["Dont know", "ok", "ok"]}
    )  # fmt: skip
    LABELS: ClassVar[dict[str, Any]] = {
              "variable_value_labels": {"d": {0: "Xno letter", 1: "letter"}},
              "column_labels": {"note": "Xnote", "place": "Xplace"}}  # fmt: skip

    def raw(self, tmp_path, ending, **options):
        path = tmp_path / f"plain.{ending}"
        writer = pyreadstat.write_dta if ending == "dta" else pyreadstat.write_sav
        writer(self.FRAME, str(path), **self.LABELS, **options)
        return path.read_bytes()

    @pytest.mark.parametrize(
        ("ending", "options"), [("sav", {}), ("dta", {"version": 14}), ("dta", {"version": 12})]
    )
    def test_windows_bytes_in_a_used_column(self, tmp_path, ending, options):
        raw = self.raw(tmp_path, ending, **options).replace(b"Malaga", b"M\xe1laga")
        (tmp_path / f"t.{ending}").write_bytes(raw)
        table = load(tmp_path / f"t.{ending}", ["y", "place"])
        assert table.columns["place"].levels == ("Leon", "Málaga")

    @pytest.mark.parametrize("ending", ["sav", "dta"])
    def test_columns_that_are_not_used_do_not_matter(self, tmp_path, ending):
        raw = self.raw(tmp_path, ending).replace(b"Dont know", b"Don\x81\x92 kno")
        (tmp_path / f"t.{ending}").write_bytes(raw)
        table = load(tmp_path / f"t.{ending}", ["y", "place"])
        assert table.columns["place"].levels == ("Leon", "Malaga")
        assert table.notes == ()

    def test_utf8_beside_other_bytes_is_read_as_it_was_meant(self, tmp_path):
        raw = self.raw(tmp_path, "sav").replace(b"Malaga", "Málga".encode())
        raw = raw.replace(b"Xno letter", b"\x93no letter")
        (tmp_path / "t.sav").write_bytes(raw)
        table = load(tmp_path / "t.sav", ["d", "place"])
        assert table.columns["place"].levels == ("Leon", "Málga")
        assert table.columns["d"].value_labels == ((0.0, "“no letter"), (1.0, "letter"))
        assert "are read as Windows-1252 where they are not UTF-8" in table.notes[0]

    def test_an_encoding_that_is_said(self, tmp_path):
        raw = self.raw(tmp_path, "sav").replace(b"Malaga", "Гдыня".encode("cp1251") + b" ")
        (tmp_path / "t.sav").write_bytes(raw)
        table = load(tmp_path / "t.sav", ["place"], encoding="cp1251")
        assert table.columns["place"].levels == ("Leon", "Гдыня")
        with pytest.raises(DataError, match=r"not in the encoding ascii.*encoding='cp1252'"):
            load(tmp_path / "t.sav", ["place"], encoding="ascii")

    def test_labels_of_text_codes(self, tmp_path):
        frame = pd.DataFrame({"s": ["m", "f", "m"]})
        labels = {"s": {"m": "Man", "f": "Woman", "x": "Other"}}
        pyreadstat.write_sav(frame, str(tmp_path / "t.sav"), variable_value_labels=labels)
        column = load(tmp_path / "t.sav", ["s"]).columns["s"]
        assert column.levels == ("f", "m")
        assert column.value_labels == (("f", "Woman"), ("m", "Man"))

    @pytest.mark.parametrize(
        ("said", "raw", "asked", "expected", "noted"),
        [
            ("UTF-8", "Ä ", None, "Ä ".strip(), False),
            ("UTF-8", b"\xc4  ", None, "Ä", True),
            ("CP1251", b"\xc4  ", None, "Д", False),
            ("UTF-8", b"\xc4  ", "cp1251", "Д", False),
        ],
    )
    def test_text_codes_in_any_encoding(self, tmp_path, said, raw, asked, expected, noted):
        frame = pd.DataFrame({"s": ["QQQ", "f", "QQQ"], "y": [1.0, 2.0, 3.0]})
        labels = {"s": {"QQQ": "One", "f": "Two"}}
        pyreadstat.write_sav(frame, str(tmp_path / "t.sav"), variable_value_labels=labels)
        held = (tmp_path / "t.sav").read_bytes()
        code = raw.encode() if isinstance(raw, str) else raw
        held = held.replace(b"QQQ", code)
        mark = struct.pack("<iii", 7, 20, 1)
        at = held.index(mark) + len(mark)
        assert held[at : at + 9] == struct.pack("<i", 5) + b"UTF-8"
        held = held[:at] + struct.pack("<i", len(said)) + said.encode() + held[at + 9 :]
        (tmp_path / "t.sav").write_bytes(held)
        code = (
            "import sys, json; from forwhom.data import load\n"
            f"table = load(sys.argv[1], ['s', 'y'], encoding={asked!r})\n"
            "s = table.columns['s']\n"
            "print(json.dumps([s.levels, s.value_labels, s.values.tolist(), table.notes]))"
        )  # in a process of its own: pyreadstat by itself would take this one down
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "t.sav")], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-500:]
        levels, value_labels, values, notes = json.loads(done.stdout)
        assert levels == ["f", expected]
        assert value_labels == [["f", "Two"], [expected, "One"]]
        assert values == [1, 0, 1]
        assert any("are read as Windows-1252" in note for note in notes) == noted

    def test_labels_of_values_that_do_not_occur_count_for_nothing(self, tmp_path):
        frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, 1.5]})
        labels = {"x": {-9: "Refused", 5: "Five"}}
        pyreadstat.write_dta(frame, str(tmp_path / "t.dta"), variable_value_labels=labels)
        column = load(tmp_path / "t.dta", ["x"]).columns["x"]
        assert column.value_labels == ()
        assert not column.labelled


def test_a_footer_keeps_the_last_row_of_few_values(write):
    table = load(write("y,x,z\n1,2,3\n4,5,6\n7,,\n"), ["y", "x"])
    np.testing.assert_array_equal(table.columns["y"].values, [1, 4, 7])
