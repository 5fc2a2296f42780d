"""Workbooks: the rules of a CSV file, the sheet that is meant, and files that are none."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from forwhom.data import load, sheets
from forwhom.errors import DataError

from .sheets import place, write_ods, write_xlsx

ROWS = [["y", "arm", "code"], *[[1.5 * i, "ab"[i % 2], f"0{i}"] for i in range(9)]]
NOTES = [["These are notes"], [None], ["y", "arm"], [7, "z"]]


@pytest.fixture(params=["xlsx", "ods"])
def write(request, tmp_path):
    writer = write_xlsx if request.param == "xlsx" else write_ods
    return lambda sheets: writer(tmp_path / f"t.{request.param}", sheets)


def test_the_same_table_as_from_a_dict(write):
    table = load(write({"Data": ROWS}), ["y", "arm", "code"])
    held = {name: [row[i] for row in ROWS[1:]] for i, name in enumerate(ROWS[0])}
    expected = load(held, ["y", "arm", "code"])
    assert table.fingerprint == expected.fingerprint
    assert table.schema() == expected.schema()
    assert table.columns["code"].levels[0] == "00"


def test_missing_cells_errors_and_tokens(write):
    rows = [["y", "x"], [1, None], [2, "n/a"], [3, 4], *[[i, i] for i in range(30)]]
    table = load(write({"Data": rows}), ["y", "x"])
    np.testing.assert_array_equal(table.columns["x"].values[:3], [np.nan, np.nan, 4])


def test_errors_of_formulas_are_missing(tmp_path):
    rows = [["x", "y"], ["#DIV/0!", 1], *[[i, i] for i in range(30)], ["#N/A", 1]]
    made = load(write_xlsx(tmp_path / "t.xlsx", {"Data": rows}), ["x"]).columns["x"]
    np.testing.assert_array_equal(made.values, [np.nan, *range(30), np.nan])


def test_truth_and_long_numbers(tmp_path):
    rows = [["x", "id"], [True, 123456789012345], [False, 5], [None, 6]]
    table = load(write_xlsx(tmp_path / "t.xlsx", {"Data": rows}), ["x", "id"])
    assert table.columns["x"].kind == "boolean"
    assert table.columns["id"].values.tolist() == [123456789012345.0, 5.0, 6.0]


def test_titles_above_and_sources_below(write):
    path = write({"Data": [["Survey of 2020"], [None], *ROWS, [None], ["Source: own data"]]})
    table = load(path, ["y", "arm"])
    assert table.n_rows == 9
    assert "Row 1 of sheet 'Data' of t." in table.notes[0]
    assert "before the column names is left out ('Survey of 2020')" in table.notes[0]
    assert "after the data is left out ('Source: own data')" in table.notes[1]


def test_strangers_are_shown_by_the_rows_of_the_sheet(write):
    rows = [["title"], ["y", "x"], *[[i, i] for i in range(30)], [1, "?"]]
    with pytest.raises(DataError, match=r"column 'x' of sheet 'Data' of t\..*\(row 33\)"):
        load(write({"Data": rows}), ["y", "x"])


def test_which_sheet(write):
    path = write({"Data": ROWS, "Notes": NOTES, "2": [["y"], [5]]})
    table = load(path, ["y"])
    assert table.n_rows == 9
    assert "Sheet 'Data' of " in table.notes[0]
    assert "the first of 3 ('Data', 'Notes', '2')" in table.notes[0]
    for sheet, expected in (("Notes", [7]), (1, ROWS[1][:1]), (2, [5]), ("2", [5]), (3, [5])):
        found = load(path, ["y"], sheet=sheet).columns["y"].values[:1].tolist()
        assert found == expected, sheet
    with pytest.raises(DataError, match=r"no sheet 'Dta' in .*Did you mean 'Data'\?"):
        load(path, ["y"], sheet="Dta")
    with pytest.raises(DataError, match=r"no sheet 4 in .*a number counts from 1"):
        load(path, ["y"], sheet=4)


def test_a_hidden_sheet_is_not_the_first(tmp_path):
    path = write_xlsx(tmp_path / "t.xlsx", {"Lists": NOTES, "Data": ROWS}, hidden=["Lists"])
    assert load(path, ["y"]).n_rows == 9


def test_a_column_that_is_not_there(write):
    with pytest.raises(DataError, match=r"no column 'yy' in sheet 'Data' of .*Did you mean 'y'"):
        load(write({"Data": ROWS}), ["yy"])
    with pytest.raises(DataError, match=r"sheet 'Data' of t.* is empty"):
        load(write({"Data": []}), ["y"])
    with pytest.raises(DataError, match="has column names but no rows"):
        load(write({"Data": ROWS[:1]}), ["y"])


def test_other_files_have_no_sheets(tmp_path):
    (tmp_path / "t.csv").write_text("y\n1\n")
    with pytest.raises(DataError, match=r"sheet= is for workbooks .*t.csv has no sheets"):
        load(tmp_path / "t.csv", ["y"], sheet=1)
    with pytest.raises(DataError, match="sheet= is for files, and the data are in memory"):
        load({"y": [1]}, ["y"], sheet=1)
    with pytest.raises(DataError, match=r"encoding= is for text.*t.xlsx says its own"):
        load(write_xlsx(tmp_path / "t.xlsx", {"D": ROWS}), ["y"], encoding="utf-8")


class TestBounds:
    def test_a_cell_far_below_and_beside(self, tmp_path):
        path = write_xlsx(tmp_path / "t.xlsx", {"Data": ROWS})
        with zipfile.ZipFile(path) as held:
            parts = {name: held.read(name) for name in held.namelist()}
        sheet = parts["xl/worksheets/s1.xml"].decode()
        far = f'<row r="1048576"><c r="{place(16383, 1048575)}"><v>1</v></c></row></sheetData>'
        parts["xl/worksheets/s1.xml"] = sheet.replace("</sheetData>", far).encode()
        with zipfile.ZipFile(path, "w") as out:
            for name, held in parts.items():
                out.writestr(name, held)
        with pytest.raises(DataError, match="reaches over more cells than a sheet of data does"):
            load(path, ["y"])

    def test_a_cell_repeated_without_end(self, tmp_path):
        path = write_ods(tmp_path / "t.ods", {"Data": ROWS})
        with zipfile.ZipFile(path) as held:
            parts = {name: held.read(name) for name in held.namelist()}
        content = parts["content.xml"].decode()
        many = '<table:table-cell table:number-columns-repeated="2000000000"'
        parts["content.xml"] = content.replace("<table:table-cell", many, 1).encode()
        with zipfile.ZipFile(path, "w") as out:
            for name, held in parts.items():
                out.writestr(name, held)
        with pytest.raises(DataError, match="reaches over more cells"):
            load(path, ["y"])

    def test_more_than_the_limit_once_unpacked(self, tmp_path, monkeypatch):
        monkeypatch.setattr(sheets, "MOST_BYTES", 100)
        with pytest.raises(DataError, match="reaches over more cells"):
            load(write_xlsx(tmp_path / "t.xlsx", {"Data": ROWS}), ["y"])
