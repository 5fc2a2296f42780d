"""Data files, plan files and folders that are no good, and what is left behind: nothing."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import forwhom as fw
from forwhom.errors import DataError, OutputError, PlanError

from .reference.ballot import DATA, fit, refused

CUT = gzip.compress(b"vote,letter\n" * 999, mtime=0)[:40]


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("empty.csv", b"", "empty.csv is empty"),
            ("empty.dta", b"", "empty.dta is empty"),
            ("head.csv", b"vote,letter,woman,region\n", "head.csv has column names but no rows"),
            ("bytes.csv", bytes(range(256)) * 8, "bytes.csv is not UTF-8 text"),
            ("junk.dta", b"junk" * 50, "Cannot read junk.dta"),
            ("junk.sav", b"junk" * 50, "Cannot read junk.sav"),
            ("junk.parquet", b"junk" * 50, "Cannot read junk.parquet"),
            ("junk.feather", b"junk" * 50, "Cannot read junk.feather"),
            ("junk.csv.gz", b"junk" * 50, "Cannot read junk.csv.gz"),
            (
                "cut.csv.gz",
                gzip.compress(b"vote,letter\n" * 999, mtime=0)[:40],
                "Cannot read cut.csv.gz",
            ),
            ("data.docx", b"PK", "Cannot tell what kind of file 'data.docx' is (.docx)"),
            ("junk.xlsx", b"PK", "Cannot read junk.xlsx"),
        ],
    )
    def test_unreadable(self, name: str, content: bytes, words: str, tmp_path: Path) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        refused(DataError, words, data=path)

    def test_missing(self, tmp_path: Path) -> None:
        (tmp_path / "data.csv").write_text("a\n1\n")
        refused(
            DataError, "There is no file", "Did you mean 'data.csv'?", data=tmp_path / "dat.csv"
        )
        refused(DataError, "the folder", "does not exist", data=tmp_path / "no" / "data.csv")

    @pytest.mark.parametrize("data", [5, [1, 2], np.zeros((3, 3)), pa.array([1])])
    def test_no_table(self, data: Any) -> None:
        refused(DataError, f"Cannot read data of type {type(data).__name__}", data=data)

    def test_columns_of_different_lengths(self) -> None:
        refused(DataError, "differ in their number of rows", "'vote' 3", data={"vote": [1, 2, 3]})

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('outcome = "vote"\ntreatment = "letter"\nmodifers = "woman"\n',
             ("'modifers' is not a part of a plan", "Did you mean 'modifiers'?")),
            ('outcome = "vote"\ntreatment = "letter"\ngroups = "woman"\n[priors]\nlamda = "flat"\n',
             ("'lamda' is not a parameter", "Did you mean 'lambda'?")),
            ("outcome = \n", ("is not a valid TOML file",)),
            ('outcome = "vote"\n', ("a plan needs treatment",)),
        ],
    )  # fmt: skip
    def test_plan_file(self, text: str, words: tuple[str, ...], tmp_path: Path) -> None:
        path = tmp_path / "plan.toml"
        path.write_text(text)
        with pytest.raises(PlanError) as caught:
            fw.fit(DATA, plan=path)
        for part in (str(path), *words):
            assert part in str(caught.value)

    def test_plan_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(PlanError, match=r"no\.toml: there is no such plan file"):
            fw.fit(DATA, plan=tmp_path / "no.toml")

    def test_a_plan_and_keywords(self, tmp_path: Path) -> None:
        plan = fit().plan
        with pytest.raises(PlanError, match="a plan was given and so was outcome="):
            fw.fit(DATA, plan=plan, outcome="vote")

    def test_no_data(self) -> None:
        with pytest.raises(PlanError, match="no data: give a data frame or a path"):
            fw.fit(outcome="vote", treatment="letter", modifiers="woman")


class TestWriting:
    """A fit that cannot be written leaves nothing behind."""

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match=r"cannot write .*fit\.nc: No such file or directory"):
            fit().save(tmp_path / "no" / "fit.nc")
        assert list(tmp_path.iterdir()) == []

    def test_a_file_in_place_of_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("kept")
        with pytest.raises(OutputError, match="Not a directory"):
            fit().save(tmp_path / "file" / "fit.nc")
        assert (tmp_path / "file").read_text() == "kept"

    def test_a_folder_in_place_of_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "fit.nc").mkdir()
        with pytest.raises(OutputError, match="Is a directory"):
            fit().save(tmp_path / "fit.nc")
        assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]

    def test_a_full_disk_keeps_the_file_that_was(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import xarray as xr

        def full(tree: Any, path: str, **_: Any) -> None:
            Path(path).write_bytes(b"half")
            raise OSError(28, "No space left on device")

        path = tmp_path / "fit.nc"
        found = fit()
        found.save(path)
        before = path.read_bytes()
        monkeypatch.setattr(xr.DataTree, "to_netcdf", full)
        with pytest.raises(OutputError, match="No space left on device"):
            found.save(path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    def test_not_a_saved_fit(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"there is no file .*no\.nc"):
            fw.load(tmp_path / "no.nc")
        (tmp_path / "text.nc").write_text("no NetCDF")
        with pytest.raises(DataError, match=r"text\.nc cannot be read as a saved fit"):
            fw.load(tmp_path / "text.nc")
