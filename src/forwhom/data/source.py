"""What a reader hands over: columns as it found them, and where they are from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forwhom.data.table import Column

Gone = Mapping[str, Sequence[tuple[str, int]]]
Missing = Mapping[str, Sequence[str | float | int | bool]]


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of where columns came from, to say it of their rows.

    Attributes:
        name: for messages.
        lines: numbers of lines in the file for numbers of rows (from 0); None for a data frame.
        word: what such a number counts, "line" or "row".
        decimal_comma: whether commas are likely decimal marks.
    """

    name: str
    lines: Callable[[Sequence[int]], list[int]] | None = None
    word: str = "line"
    decimal_comma: bool = False

    def at(self, rows: Sequence[int]) -> list[int]:
        """Numbers to show for rows."""
        return self.lines(rows) if self.lines else [row + 1 for row in rows]


@dataclass(frozen=True, slots=True)
class How:
    """How a file is to be read.

    Attributes:
        name: of the file, for messages, also where it was inside another.
        scratch: makes an empty folder that lasts until the columns are settled.
        missing: codes that stand for missing values, by column.
        encoding: of its text; sheet: of a workbook; None where nothing was said.
    """

    name: str
    scratch: Callable[[], Path]
    missing: Missing
    encoding: str | None = None
    sheet: str | int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found: the asked columns, where they are from, and what was done.

    ``gone`` are words that were taken as missing, with their rows, by column.
    """

    columns: list[Column]
    source: Source
    notes: tuple[str, ...] = ()
    gone: Gone = field(default_factory=dict)
