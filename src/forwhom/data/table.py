"""What every reader makes: a frozen table of plain numpy columns.

Tests: tests/data/test_engines.py
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from forwhom.data.keys import KeyType

Kind = Literal["numeric", "boolean", "text"]

SHOWN_LEVELS = 12  # how many levels a schema lists


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of ``n`` rows, in one of three kinds.

    ``numeric`` and ``boolean`` (0 and 1) hold float64 ``values`` with NaN where missing; ``text``
    holds int32 codes into ``levels`` with -1 where missing. ``levels`` are sorted, or in category
    order when the source has one; each occurs at least once.

    Attributes:
        value_labels: labels that Stata, SPSS and SAS files attach to values, each a pair of the
            value (a number, or the text of a text column) and its label.
        label: the label of the column itself.
        exact: (n,) the whole numbers themselves where some are too long for a float (int64, uint64
            or Python's own; 0 where missing), so that keys keep their identity; else None.
        integer: whether the numbers are of a type that holds whole numbers only.
        ordered: whether the source declares an order of the levels; declared: the texts of every
            category it declares, whether it occurs or not.
        numbers: the number behind each level, where a text column's categories are numbers.
        native: the type the column has in its own library.
        mixed: whether numbers or true and false stood among the texts of its source.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    levels: tuple[str, ...] | None = None
    value_labels: tuple[tuple[float | str, str], ...] = ()
    label: str | None = None
    exact: NDArray[Any] | None = None
    integer: bool = False
    ordered: bool = False
    declared: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    native: KeyType = field(default_factory=KeyType)
    mixed: bool = False

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows have no value, shape ``(n,)``."""
        missing: NDArray[np.bool_]
        missing = self.values < 0 if self.kind == "text" else np.isnan(self.values)
        return missing

    @property
    def labelled(self) -> bool:
        """Whether every value that occurs has a label: with fewer, the values are numbers."""
        known = [value for value, _ in self.value_labels]
        return bool(known) and bool(np.isin(self.values[~self.missing], known).all())

    @property
    def keys(self) -> NDArray[Any]:
        """What tells the rows apart, ``(n,)``: exact whole numbers where floats cannot."""
        return self.values if self.exact is None else self.exact

    def take(self, rows: NDArray[Any] | slice) -> Column:
        """The same column for some rows; levels stay, whether they still occur or not."""
        exact = None if self.exact is None else self.exact[rows]
        return replace(self, values=self.values[rows], exact=exact)

    def as_numbers(self) -> Column:
        """A text column whose categories are numbers as a numeric one; any other as it is.

        >>> column = Column("x", "text", np.array([1, 0, -1]), ("1", "5"), numbers=(1.0, 5.0))
        >>> column.as_numbers().values.tolist()
        [5.0, 1.0, nan]
        """
        if not self.numbers:
            return self
        values = np.array([*self.numbers, np.nan])[self.values]
        whole = all(number.is_integer() for number in self.numbers)
        return replace(self, kind="numeric", values=values, levels=None, numbers=(), integer=whole)


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """What a plan needs to know of a column without touching its rows.

    ``n_levels`` counts distinct values that are not missing; ``levels`` shows the first few of
    them as text; ``minimum`` and ``maximum`` are None for text and for a column with no value.
    """

    name: str
    kind: Kind
    n_levels: int
    levels: tuple[str, ...]
    n_missing: int
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The loaded columns by name, in the order they were asked for.

    ``source`` names the data for people (a file name, "pandas DataFrame"); ``engine`` is the
    library tables go back to ("pandas", "polars", "pyarrow", "file" or "dict"); ``fingerprint`` is
    a SHA-256 of the columns' content, the same from every engine; ``notes`` say what was done to
    the columns on the way, one sentence each.
    """

    columns: dict[str, Column]
    n_rows: int
    source: str
    engine: str
    fingerprint: str
    notes: tuple[str, ...] = ()

    def schema(self) -> tuple[ColumnSchema, ...]:
        """One row per column: kind, levels, missing count and range."""
        return tuple(_describe(column) for column in self.columns.values())


def make_table(
    columns: Iterable[Column], source: str, engine: str, notes: tuple[str, ...] = ()
) -> Table:
    """Freeze columns of equal length into a table and take its fingerprint."""
    by_name = {column.name: column for column in columns}
    for column in by_name.values():
        column.values.setflags(write=False)
    n_rows = next(iter(by_name.values())).values.shape[0]
    return Table(by_name, n_rows, source, engine, fingerprint(by_name.values()), notes)


def fingerprint(columns: Iterable[Column]) -> str:
    """SHA-256, as hex, of names, kinds, levels and values.

    >>> column = Column("x", "numeric", np.array([1.0, np.nan]))
    >>> len(fingerprint([column]))
    64
    """
    digest = hashlib.sha256()
    for column in columns:
        digest.update(repr((column.name, column.kind, column.levels)).encode())
        digest.update(np.ascontiguousarray(column.values).data)
        if column.exact is not None:
            digest.update(",".join(map(str, column.exact.tolist())).encode())
    return digest.hexdigest()


def _describe(column: Column) -> ColumnSchema:
    n_missing = int(column.missing.sum())
    if column.kind == "text":
        levels = column.levels or ()
        shown = levels[:SHOWN_LEVELS]
        return ColumnSchema(column.name, "text", len(levels), shown, n_missing, None, None)
    distinct = np.unique(column.keys[~column.missing])
    low, high = (float(distinct[0]), float(distinct[-1])) if distinct.size else (None, None)
    shown = tuple(
        f"{value:.12g}" if isinstance(value, float) else str(value)
        for value in distinct[:SHOWN_LEVELS].tolist()
    )
    return ColumnSchema(column.name, column.kind, distinct.size, shown, n_missing, low, high)
