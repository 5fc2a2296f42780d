"""The groups and their rows.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

import numpy as np

from forwhom.answers.answer import Answer
from forwhom.answers.keys import group_columns
from forwhom.answers.naming import levels_of
from forwhom.answers.tables import arm_counts, group_headers
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.draw.labels import Labels
from forwhom.fitted import Estimand


def groups_table(workings: Workings) -> Tidy:
    """One row per group: its modifiers and its rows by arm; of several effects, with each."""
    estimands = workings.estimands[: len(workings.design.effects)]
    groups = estimands[0].design.groups
    columns: dict[str, object] = {"group_id": np.arange(1, groups.count + 1)}
    keys = group_columns(groups, tuple(columns))
    columns |= keys.columns
    headers = group_headers(groups)
    if len(estimands) == 1:
        columns |= arm_counts(estimands[0])
        return Tidy(
            columns, "Groups", None, _arm_note(estimands[0], workings.labels), headers, keys.types
        )
    columns["n_rows"] = groups.n_rows
    for one in estimands:
        name = one.treatment.name
        columns[f"n_{name}"] = one.effect.n_treated
        headers[f"n_{name}"] = f"Rows with {name}"
    return Tidy(columns, "Groups", None, (), headers, keys.types)


def _arm_note(estimand: Estimand, labels: Labels) -> tuple[str, ...]:
    """Which level is which, where they are not 0 and 1."""
    t = estimand.treatment
    treated, control = levels_of(estimand, labels)
    if t.kind != "binary" or (control, treated) == ("0", "1"):
        return ()
    return (f"Treated: {labels.word(t.column)} is {treated}; control: {control}.",)


GROUPS = Answer("groups", "The groups and their rows by arm.", (), groups_table)
