"""Rows of a table before they are summarised: what each is about, and its draws.

Tests: tests/answers/test_sample.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.summarise import summary_notes
from forwhom.answers.telling import Telling
from forwhom.data import Tidy
from forwhom.data.keys import KeyType
from forwhom.data.tidy import DRAWN
from forwhom.errors import PlanError

FloatArray = NDArray[np.float64]

MOST_VALUES = 25_000_000  # rows x draws that are written out one by one
DRAW_HEADERS = {"chain": "Chain", "draw": "Draw", "value": "Value"}


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What some rows are about, and their draws.

    Attributes:
        columns: of length m, before the summaries.
        draws: (m, D).
        chains: how many chains the draws are of, one after the other; one where independent.
        headers, types: of the columns.
        behind: columns after the summaries.
    """

    columns: Mapping[str, Any]
    draws: FloatArray
    chains: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, KeyType] = field(default_factory=dict)
    behind: Mapping[str, Any] = field(default_factory=dict)

    def table(self, telling: Telling, title: str, notes: Sequence[str] = ()) -> Tidy:
        """Each row with what is told of its draws; or the draws themselves, one row each."""
        headers = {**self.headers, **telling.headers}
        if telling.draws:
            return self._drawn(title, notes, headers)
        told = telling.columns(self.draws)
        columns = {**self.columns, **told, **self.behind}
        said = (*summary_notes(told), *notes)
        return Tidy(columns, title, telling.level, said, headers, self.types, telling.interval)

    def _drawn(self, title: str, notes: Sequence[str], headers: Mapping[str, str]) -> Tidy:
        count, size = self.draws.shape
        if self.draws.size > MOST_VALUES:
            raise PlanError(
                f"draws=True: {count:,} rows of {size:,} draws are more than the "
                f"{MOST_VALUES:,} numbers that are written out. Ask for fewer rows by where= or "
                "by=, or use fit.posterior, which leaves out what is too large."
            )
        index = np.repeat(np.arange(count), size)
        columns = {_beside(name): _repeated(of, index) for name, of in self.columns.items()}
        each = size // self.chains
        columns["chain"] = np.tile(np.repeat(np.arange(self.chains), each), count)
        columns["draw"] = np.tile(np.tile(np.arange(each), self.chains), count)
        columns["value"] = self.draws.ravel()
        types = {_beside(name): kind for name, kind in self.types.items()}
        said = {_beside(name): header for name, header in headers.items()} | DRAW_HEADERS
        return Tidy(columns, f"Draws: {title}", None, tuple(notes), said, types)


def _beside(name: str) -> str:
    """The name of a column beside those of the draws."""
    return f"{name}_" if name in DRAWN else name


def _repeated(values: Any, index: NDArray[np.int64]) -> Any:
    if isinstance(values, np.ndarray):
        return values[index]
    return [values[i] for i in index.tolist()]
