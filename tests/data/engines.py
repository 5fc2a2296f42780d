"""The same content written for every engine and format that a user may bring.

SAS .sas7bdat files cannot be written by any open library, so they are covered only by the reader
that they share with .xpt and .dta.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pyreadstat

from .sheets import write_ods, write_xlsx

Content = Mapping[str, Sequence[Any]]
Maker = Callable[[Content, Path], Any]


def to_pandas(content: Content, folder: Path) -> Any:
    return pd.DataFrame(dict(content))


def to_pandas_nullable(content: Content, folder: Path) -> Any:
    frame = pd.DataFrame(dict(content))
    with np.errstate(invalid="ignore"):  # pandas before 3.1 casts infinity to a whole number
        return frame.convert_dtypes(dtype_backend="numpy_nullable")


def to_pandas_arrow(content: Content, folder: Path) -> Any:
    return pa.table(dict(content)).to_pandas(types_mapper=pd.ArrowDtype)


def to_pandas_objects(content: Content, folder: Path) -> Any:
    return pd.DataFrame(dict(content), dtype=object)


def to_polars(content: Content, folder: Path) -> Any:
    return pl.DataFrame(dict(content), strict=False)


def to_polars_lazy(content: Content, folder: Path) -> Any:
    return to_polars(content, folder).lazy()


def to_polars_categorical(content: Content, folder: Path) -> Any:
    return to_polars(content, folder).with_columns(pl.col(pl.String).cast(pl.Categorical))


def to_arrow(content: Content, folder: Path) -> Any:
    return pa.table(dict(content))


def to_record_batch(content: Content, folder: Path) -> Any:
    return pa.RecordBatch.from_pydict(dict(content))


def to_duckdb(content: Content, folder: Path) -> Any:
    import duckdb

    return duckdb.connect().from_arrow(to_arrow(content, folder))


def to_dict(content: Content, folder: Path) -> Any:
    return dict(content)


def to_dict_of_series(content: Content, folder: Path) -> Any:
    makers = (pl.Series, pd.Series, pa.array)
    return {name: makers[i % 3](list(v)) for i, (name, v) in enumerate(content.items())}


def _write(folder: Path, name: str, write: Callable[[Path], object]) -> Path:
    write(folder / name)
    return folder / name


def to_csv(content: Content, folder: Path) -> Any:
    return _write(folder, "t.csv", lambda p: to_pandas_objects(content, p).to_csv(p, index=False))


def to_csv_gz(content: Content, folder: Path) -> Any:
    frame = to_pandas_objects(content, folder)
    return _write(folder, "t.csv.gz", lambda p: frame.to_csv(p, index=False))


def to_tsv(content: Content, folder: Path) -> Any:
    frame = to_pandas_objects(content, folder)
    return _write(folder, "t.tsv", lambda p: frame.to_csv(p, index=False, sep="\t"))


def to_csv_semicolon(content: Content, folder: Path) -> Any:
    frame = to_pandas_objects(content, folder)
    return _write(
        folder, "t.csv", lambda p: frame.to_csv(p, index=False, sep=";", encoding="utf-8-sig")
    )


def _lines(content: Content) -> str:
    rows = [dict(zip(content, row, strict=True)) for row in zip(*content.values(), strict=True)]
    return "".join(json.dumps(row) + "\n" for row in rows)


def to_json_lines(content: Content, folder: Path) -> Any:
    return _write(folder, "t.jsonl", lambda p: p.write_text(_lines(content), encoding="utf-8"))


def to_json_lines_gz(content: Content, folder: Path) -> Any:
    packed = gzip.compress(_lines(content).encode())
    return _write(folder, "t.ndjson.gz", lambda p: p.write_bytes(packed))


def to_parquet(content: Content, folder: Path) -> Any:
    return _write(folder, "t.parquet", lambda p: pq.write_table(pa.table(dict(content)), p))


def to_parquet_polars(content: Content, folder: Path) -> Any:
    frame = to_polars_categorical(content, folder)
    return _write(folder, "t.parquet", frame.write_parquet)


def to_feather(content: Content, folder: Path) -> Any:
    table = pa.table(dict(content))
    return _write(folder, "t.feather", lambda p: feather.write_feather(table, str(p)))


def to_arrow_file(content: Content, folder: Path) -> Any:
    return _write(folder, "t.arrow", to_polars_categorical(content, folder).write_ipc)


def _statistical(content: Content) -> pd.DataFrame:
    """These formats know numbers and text only; a missing text is an empty one."""
    made = {}
    for name, values in content.items():
        if any(isinstance(v, str) for v in values):
            made[name] = pd.Series(["" if v is None else v for v in values], dtype=object)
        else:
            made[name] = np.array([np.nan if v is None else float(v) for v in values])
    return pd.DataFrame(made)


def to_stata(content: Content, folder: Path) -> Any:
    frame = _statistical(content)
    return _write(folder, "t.dta", lambda p: pyreadstat.write_dta(frame, str(p)))


def to_spss(content: Content, folder: Path) -> Any:
    frame = _statistical(content)
    return _write(folder, "t.sav", lambda p: pyreadstat.write_sav(frame, str(p)))


def to_spss_compressed(content: Content, folder: Path) -> Any:
    frame = _statistical(content)
    return _write(folder, "t.zsav", lambda p: pyreadstat.write_sav(frame, str(p), compress=True))


def to_sas_transport(content: Content, folder: Path) -> Any:
    frame = _statistical(content)
    return _write(folder, "t.xpt", lambda p: pyreadstat.write_xport(frame, str(p)))


STATISTICAL: dict[str, Maker] = {
    "Stata": to_stata,
    "SPSS": to_spss,
    "SPSS compressed": to_spss_compressed,
    "SAS transport": to_sas_transport,
}

TYPED: dict[str, Maker] = {
    "pandas": to_pandas,
    "pandas nullable": to_pandas_nullable,
    "pandas arrow": to_pandas_arrow,
    "pandas objects": to_pandas_objects,
    "polars": to_polars,
    "polars lazy": to_polars_lazy,
    "polars categorical": to_polars_categorical,
    "pyarrow": to_arrow,
    "record batch": to_record_batch,
    "DuckDB relation": to_duckdb,
    "dict": to_dict,
    "dict of series": to_dict_of_series,
    "CSV": to_csv,
    "CSV gz": to_csv_gz,
    "CSV semicolon": to_csv_semicolon,
    "TSV": to_tsv,
    "JSON Lines": to_json_lines,
    "JSON Lines gz": to_json_lines_gz,
    "Parquet": to_parquet,
    "Parquet polars": to_parquet_polars,
    "Feather": to_feather,
    "Arrow file": to_arrow_file,
}


def to_csv_zip(content: Content, folder: Path) -> Any:
    inside = to_csv(content, folder)
    with zipfile.ZipFile(folder / "t.zip", "w") as archive:
        archive.write(inside, "inside/t.csv")
    return folder / "t.zip"


def _sheet(content: Content) -> dict[str, list[list[Any]]]:
    rows = zip(*content.values(), strict=True)
    return {"Data": [list(content), *([None if v is None else v for v in row] for row in rows)]}


def to_excel(content: Content, folder: Path) -> Any:
    return write_xlsx(folder / "t.xlsx", _sheet(content))


def to_open_document(content: Content, folder: Path) -> Any:
    return write_ods(folder / "t.ods", _sheet(content))


PACKED: dict[str, Maker] = {
    "CSV zip": to_csv_zip,
    "Excel": to_excel,
    "OpenDocument": to_open_document,
}

ENGINES: dict[str, Maker] = TYPED | STATISTICAL | PACKED
