"""Damaged copies of every kind of file: each gives a table or a DataError, and no crash."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyreadstat
import pytest

from .sheets import write_ods, write_xlsx

COPIES = 300
COLUMNS = ["Y", "D", "S", "G"]

# The copies of one kind are read in one process of its own, as a reader in C could take it down;
# the last name that it wrote says at which.
READ = """
import json, sys, warnings
from forwhom.data import load
from forwhom.errors import DataError
warnings.simplefilter("error", RuntimeWarning)
folder, ending, columns = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
found = {}
for k in range(int(sys.argv[4])):
    print(k, flush=True)
    try:
        table = load(f"{folder}/{k}{ending}", columns)
        assert all(len(c.values) == table.n_rows for c in table.columns.values())
        said = "table"
    except DataError as error:
        said = "refused" if "\\n" not in str(error) and str(error).endswith(".") else repr(error)
    except BaseException as error:
        said = repr(error)[:200]
    found[said] = found.get(said, 0) + 1
print(json.dumps(found))
"""


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 120
    return pd.DataFrame(
        {
            "Y": rng.normal(size=n),
            "D": rng.integers(0, 2, n).astype(float),
            "S": rng.choice(["North", "South", "Málaga"], n),
            "G": rng.integers(0, 5, n).astype(float),
        }
    )


def damaged(raw: bytes, k: int) -> bytes:
    """One copy: bits turned over, cut short, or bytes put in."""
    rng = random.Random(k)
    held = bytearray(raw)
    if k % 3 == 0:
        for _ in range(rng.choice([1, 1, 3, 10, 50])):
            held[rng.randrange(len(held))] ^= 1 << rng.randrange(8)
    elif k % 3 == 1:
        del held[rng.randrange(len(held)) :]
    else:
        for _ in range(rng.choice([1, 3, 10])):
            at = rng.randrange(len(held))
            held[at:at] = rng.randbytes(rng.choice([1, 2, 8, 100]))
    return bytes(held)


def _labels(held: pd.DataFrame) -> dict[str, object]:
    return {"column_labels": {"Y": "Outcome"}, "variable_value_labels": {"D": {0: "no", 1: "yes"}}}


def _rows(held: pd.DataFrame) -> list[list[object]]:
    return [list(held.columns), *held.to_numpy(dtype=object).tolist()]


def _arrow(held: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(held.astype({"S": "category"}))
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)  # not compressed, so that damage reaches the values


WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    ".csv": lambda held, path: held.to_csv(path, index=False),
    ".csv.gz": lambda held, path: held.to_csv(path, index=False),
    ".jsonl": lambda held, path: held.to_json(path, orient="records", lines=True),
    ".parquet": lambda held, path: held.astype({"S": "category"}).to_parquet(path),
    ".feather": lambda held, path: held.astype({"S": "category"}).to_feather(path),
    ".arrow": _arrow,
    ".polars.arrow": lambda held, path: pl.from_pandas(held).write_ipc(path),
    ".dta": lambda held, path: pyreadstat.write_dta(held, str(path), **_labels(held)),
    ".sav": lambda held, path: pyreadstat.write_sav(held, str(path), **_labels(held)),
    ".zsav": lambda held, path: pyreadstat.write_sav(held, str(path), compress=True),
    ".xpt": lambda held, path: pyreadstat.write_xport(held, str(path)),
    ".por": lambda held, path: pyreadstat.write_por(held.replace("Málaga", "Malaga"), str(path)),
    ".xlsx": lambda held, path: write_xlsx(path, {"Data": _rows(held)}),
    ".ods": lambda held, path: write_ods(path, {"Data": _rows(held)}),
}


def test_labels_of_no_column_in_an_spss_file(tmp_path: Path) -> None:
    """They are taken as labels of text codes, which pyreadstat cannot stand in UTF-8."""
    WRITERS[".sav"](frame(), tmp_path / "whole.sav")
    raw = (tmp_path / "whole.sav").read_bytes()
    record = struct.pack("<iii", 4, 1, 2)  # labels of one column, the second
    assert raw.count(record) == 1
    nowhere = struct.pack("<iii", 4, 1, 2**19 + 2)
    (tmp_path / "0.sav").write_bytes(raw.replace(record, nowhere))
    arguments = [str(tmp_path), ".sav", json.dumps(COLUMNS), "1"]
    done = subprocess.run(
        [sys.executable, "-c", READ, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"table": 1}


@pytest.mark.parametrize("ending", WRITERS)
def test_damaged_copies(tmp_path: Path, ending: str) -> None:
    whole = tmp_path / f"whole{ending}"
    WRITERS[ending](frame(), whole)
    raw = whole.read_bytes()
    for k in range(COPIES):
        (tmp_path / f"{k}{ending}").write_bytes(damaged(raw, k))
    arguments = [str(tmp_path), ending, json.dumps(COLUMNS), str(COPIES)]
    done = subprocess.run(
        [sys.executable, "-c", READ, *arguments], capture_output=True, text=True, timeout=120
    )
    last = done.stdout.splitlines()[-1] if done.stdout else "nothing"
    assert done.returncode == 0, f"the reader went down at copy {last}: {done.stderr[-500:]}"
    found = json.loads(last)
    assert set(found) <= {"table", "refused"}, found
    assert sum(found.values()) == COPIES
    assert found["refused"] > 20  # damage was done
