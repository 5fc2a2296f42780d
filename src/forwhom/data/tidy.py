"""The tidy table that every result comes in, and its way back to the user's library."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forwhom.data.keys import KeyType, plain_keys, to_arrow, to_pandas, to_polars

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
DATA_FRAMES = ("pandas", "polars", "pyarrow")  # libraries a table can go back to

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|-?inf|-", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tidy:
    """One row per thing: columns of equal length with a title, an interval level and notes.

    ``headers`` are readable names of columns, for printing only. ``types`` are those that key
    columns have in the user's data, so that a frame of her own library joins back to it.

    >>> Tidy({"term": ["a", "b"], "estimate": np.array([0.5, 1.0])}, "Effects", level=0.95)
    <Tidy 'Effects': 2 rows x 2 columns>
    """

    columns: Mapping[str, Any]
    title: str
    level: float | None = None
    notes: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, KeyType] = field(default_factory=dict)
    interval: str = "equal-tailed"

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns of different lengths: {lengths}")

    def __repr__(self) -> str:
        return f"<Tidy {self.title!r}: {self.n_rows} rows x {len(self.columns)} columns>"

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return next((len(values) for values in self.columns.values()), 0)

    @property
    def metadata(self) -> dict[str, Any]:
        """The title, and the level and kind of interval where the table has intervals."""
        interval = {} if self.level is None else {"level": self.level, "interval": self.interval}
        return {**interval, "title": self.title}

    def row(self, i: int) -> dict[str, Any]:
        """Row ``i`` (from 0) as plain Python values.

        >>> Tidy({"n": np.array([3, 4])}, "Counts").row(1)
        {'n': 4}
        """
        return {name: _plain(values[i]) for name, values in self.columns.items()}

    def to_dict(self) -> dict[str, list[Any]]:
        """Columns as lists of plain Python values."""
        return {name: [_plain(v) for v in values] for name, values in self.columns.items()}

    def to_csv(self) -> str:
        """Comma-separated text: full precision, empty where missing.

        Spreadsheets run a text that begins with =, +, - or @ as a formula. Such texts, headers
        among them, get an apostrophe in front; numbers stay as they are, written as text too.

        >>> print(Tidy({"g": ["=1+1", "-5"]}, "t").to_csv(), end="")
        g
        '=1+1
        -5
        >>> print(Tidy({"x": np.array([0.1, np.nan])}, "t").to_csv(), end="")
        x
        0.1
        ""
        """
        columns = [
            ["" if _gone(v) else _harmless(v) for v in column] for column in self.to_dict().values()
        ]
        rows = zip(*columns, strict=True)
        return "".join(map(_line, [[_harmless(name) for name in self.columns], *rows]))

    def to_native(self, engine: str) -> Any:
        """The table in ``engine``'s library ("pandas", "polars", "pyarrow"); else itself."""
        writers = dict(
            zip(DATA_FRAMES, (self.to_pandas, self.to_polars, self.to_arrow), strict=True)
        )
        return writers[engine]() if engine in writers else self

    def to_pandas(self) -> Any:
        """A pandas DataFrame, its ``attrs`` holding level, interval and title."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                name: to_pandas(values, self.types[name], self.columns)
                if name in self.types
                else plain_keys(values)
                for name, values in self.columns.items()
            }
        )
        frame.attrs = self.metadata
        return frame

    def to_polars(self) -> Any:
        """A polars DataFrame."""
        import polars as pl

        return pl.DataFrame(
            [
                to_polars(name, values, self.types.get(name, KeyType()))
                for name, values in self.columns.items()
            ]
        )

    def to_arrow(self) -> Any:
        """A pyarrow Table, its schema metadata holding level, interval and title."""
        import pyarrow as pa

        table = pa.table(
            {
                name: to_arrow(values, self.types.get(name, KeyType()))
                for name, values in self.columns.items()
            }
        )
        return table.replace_schema_metadata({k: str(v) for k, v in self.metadata.items()})


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _gone(value: Any) -> bool:
    return value is None or value != value


def _line(cells: Iterable[Any]) -> str:
    """One line of CSV. Some Pythons quote a cell for the characters that end a line, no others."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n") + "\n"


def _harmless(value: Any) -> Any:
    """A cell that no spreadsheet runs; a null, which ends a text in many programs, shown."""
    if not isinstance(value, str):
        return value
    value = value.replace("\0", "␀")
    formula = value.lstrip(" ")[:1] in FORMULA and not _NUMBER.fullmatch(value)
    return f"'{value}" if formula else value
