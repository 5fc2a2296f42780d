"""The tidy table that every result comes in, and its way back to the user's library."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from forwhom.data.keys import KeyType, plain_keys, to_arrow, to_pandas, to_polars
from forwhom.data.printed import format_html, format_table
from forwhom.errors import OutputError, listing, nearest

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    import xarray

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
DRAWN = ("chain", "draw", "value")  # columns of a table of draws
DATA_FRAMES = ("pandas", "polars", "pyarrow")  # libraries a table can go back to

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|-?inf|-", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tidy:
    """One row per thing: columns of equal length with a title, an interval level and notes.

    It prints itself, and is a table to other libraries: ``len(t)``, ``t["estimate"]``, rows by
    iteration, ``polars.DataFrame(t)``, ``pyarrow.table(t)``, ``pandas.DataFrame(t)`` and DuckDB's
    ``from t`` take it as it is.

    ``headers`` are readable names of columns, and ``value_labels`` of their values, for printing
    only: what stands in the columns is what the data hold. ``types`` are those that key columns
    have in the user's data, so that a frame of her own library joins back to it.

    >>> table = Tidy({"term": ["a", "b"], "estimate": np.array([0.5, 1.0])}, "Effects", level=0.95)
    >>> print(table)
    Effects (95 % equal-tailed intervals)
    term  estimate
    --------------
    a        0.500
    b        1.000
    >>> len(table), table["term"], [row["estimate"] for row in table]
    (2, ['a', 'b'], [0.5, 1.0])
    """

    columns: Mapping[str, Any]
    title: str
    level: float | None = None
    notes: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, KeyType] = field(default_factory=dict)
    interval: str = "equal-tailed"
    value_labels: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns of different lengths: {lengths}")

    def __repr__(self) -> str:
        return format_table(self)

    def _repr_html_(self) -> str:
        """For notebooks: title, table and notes."""
        return format_html(self)

    def __len__(self) -> int:
        return self.n_rows

    def __bool__(self) -> bool:
        return True  # an answer, with rows or without

    def __getitem__(self, name: str) -> Any:
        """A column."""
        if not isinstance(name, str) or name not in self.columns:
            raise KeyError(
                f"{name!r} is not a column.{nearest(str(name), self.columns)} There are "
                f"{listing(self.columns, most=30)}."
            )
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Row by row, as ``row`` has them."""
        return (self.row(i) for i in range(self.n_rows))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table for any library that reads Arrow (the PyCapsule interface)."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return next((len(values) for values in self.columns.values()), 0)

    @property
    def metadata(self) -> dict[str, Any]:
        """The title, the notes, and the level and kind of interval where there are intervals."""
        interval = {} if self.level is None else {"level": self.level, "interval": self.interval}
        return {**interval, "title": self.title, "notes": self.notes}

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

    def to_native(self, engine: str) -> Frame:
        """The table in ``engine``'s library ("pandas", "polars", "pyarrow"); else itself."""
        writers = dict(
            zip(DATA_FRAMES, (self.to_pandas, self.to_polars, self.to_arrow), strict=True)
        )
        return writers[engine]() if engine in writers else self

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas DataFrame, its ``attrs`` holding level, interval, title and notes."""
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

    def to_polars(self) -> polars.DataFrame:
        """A polars DataFrame."""
        import polars as pl

        return pl.DataFrame(
            [
                to_polars(name, values, self.types.get(name, KeyType()))
                for name, values in self.columns.items()
            ]
        )

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow Table, its schema metadata holding level, interval, title and notes."""
        import pyarrow as pa

        table = pa.table(
            {
                name: to_arrow(values, self.types.get(name, KeyType()))
                for name, values in self.columns.items()
            }
        )
        metadata = self.metadata | {"notes": "\n".join(self.notes)}
        return table.replace_schema_metadata({k: str(v) for k, v in metadata.items()})

    def to_datatree(self) -> xarray.DataTree:
        """The draws of a table asked for with ``draws=True``, in the ArviZ schema.

        Group ``posterior`` holds ``value`` in dims (chain, draw, row); what the rows are about are
        coordinates of ``row``, title and notes are attributes.

        Raises:
            OutputError: the table holds no draws.
        """
        from forwhom.data.tree import draws_to_tree

        if not set(DRAWN) <= set(self.columns):
            raise OutputError(
                "this table holds summaries, not draws: ask for it again with draws=True."
            )
        return draws_to_tree(self)


# A table as questions answer with it: in the library the data came in, else itself.
type Frame = Tidy | pandas.DataFrame | polars.DataFrame | pyarrow.Table


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
