"""The table of predicted effects in new groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.effects import effect_notes, stack, titled
from forwhom.answers.keys import row_columns
from forwhom.answers.summarise import SUMMARY_HEADERS, summarise, summary_notes
from forwhom.data import Table, Tidy
from forwhom.fitted import Estimand

FloatArray = NDArray[np.float64]


def predictions_table(
    estimands: Sequence[Estimand],
    draws: Sequence[FloatArray],
    labels: Sequence[str],
    table: Table,
    spread: bool,
    level: float,
) -> Tidy:
    """One row per new row and effect.

    Args:
        estimands: what each block is told in; draws: (m, D) of each; labels: what tells them apart.
        table: the m new rows; spread: whether the groups' own part is in the draws.
        level: of the intervals.
    """
    whose = (
        "A new group with these modifiers: its own part of the effect is drawn from the effect "
        "spread."
        if spread
        else "The average of groups with these modifiers: the effect spread is left out."
    )
    tables = []
    for one, values in zip(estimands, draws, strict=True):
        columns: dict[str, object] = {
            "treatment": [one.treatment.name] * table.n_rows,
            "row": np.arange(1, table.n_rows + 1),
        }
        keys = row_columns(table, tuple(columns))
        columns |= keys.columns
        summary = summarise(values, level)
        notes = (*summary_notes(summary), whose, *effect_notes(one))
        headers = SUMMARY_HEADERS | {"row": "Row"}
        title, shown = titled("Predicted effects", one), columns | summary
        tables.append(Tidy(shown, title, level, notes, headers, keys.types))
    return stack(tables, labels)
