"""What a reader hands over: columns as it found them, and where they are from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forwhom.data.table import Column


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
class Found:
    """What a reader found: the asked columns, where they are from, and what was done."""

    columns: list[Column]
    source: Source
    notes: tuple[str, ...] = ()
