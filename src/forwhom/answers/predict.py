"""Predicted effects in new groups.

Tests: tests/fitted/test_predict.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from forwhom.answers.answer import Answer
from forwhom.answers.keys import row_columns
from forwhom.answers.sample import Sample
from forwhom.answers.summarise import SUMMARY_HEADERS
from forwhom.answers.tables import effect_notes, stack, titled
from forwhom.answers.telling import Telling
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.fitted import draw_new_groups, new_effects, new_rows


def predictions_table(
    workings: Workings, new: Any, scale: str, spread: bool, telling: Telling
) -> Tidy:
    """One row per new row and effect; ``spread`` says whether the groups' own part is drawn."""
    table = new_rows(workings.plan, new)
    drawn = draw_new_groups(workings.estimands, table, spread, workings.plan.seed)
    shown = workings.on_scale(scale)
    draws = [new_effects(one, workings.estimands, drawn) for one in shown]
    whose = _whose(workings, spread)
    tables, headers = [], SUMMARY_HEADERS | {"row": "Row"}
    for one, values in zip(shown, draws, strict=True):
        columns: dict[str, object] = {
            "treatment": [one.treatment.name] * table.n_rows,
            "row": np.arange(1, table.n_rows + 1),
        }
        keys = row_columns(table, tuple(columns))
        columns |= keys.columns
        telling.check(one.quantity)
        sample = Sample(columns, values, workings.chains, headers, keys.types)
        notes = (whose, *effect_notes(one))
        tables.append(sample.table(telling, titled("Predicted effects", one), notes))
    return stack(tables, shown)


def _whose(workings: Workings, spread: bool) -> str:
    """Whose effects they are."""
    plan = workings.plan
    if plan.ungrouped and spread and plan.cluster_effects:
        return (
            "With no modifiers and no groups, every new row has the one effect, with a part of its "
            "own drawn from the spread between clusters."
        )
    if plan.ungrouped:
        return (
            "With no modifiers and no groups, every new row has the one effect. Only controls "
            "change it, on the outcome's scale; where the model has none, one row stands for all."
        )
    if spread:
        return (
            "A new group with these modifiers: its own part of the effect is drawn from the effect "
            "spread."
        )
    return "The average of groups with these modifiers: the effect spread is left out."


PREDICT = Answer(
    "predict",
    "Effects in groups that the data do not hold, such as a new site: one tidy row each.",
    ("new", "level", "scale", "spread", "interval", "above", "equivalence", "draws"),
    predictions_table,
    when="asked",
)
