"""Tables about the analysis itself: groups, rows, diagnostics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forwhom.answers.effects import arm_counts, group_headers
from forwhom.answers.keys import group_columns
from forwhom.data import Tidy
from forwhom.fitted import Estimand


def groups_table(estimands: Sequence[Estimand]) -> Tidy:
    """One row per group: its modifiers and its rows by arm; of several effects, with each.

    Args:
        estimands: one per effect.
    """
    groups = estimands[0].design.groups
    columns: dict[str, object] = {"group_id": np.arange(1, groups.count + 1)}
    keys = group_columns(groups, tuple(columns))
    columns |= keys.columns
    headers = group_headers(groups)
    if len(estimands) == 1:
        columns |= arm_counts(estimands[0])
        return Tidy(columns, "Groups", None, _arm_note(estimands[0]), headers, keys.types)
    columns["n_rows"] = groups.n_rows
    for one in estimands:
        name = one.treatment.name
        columns[f"n_{name}"] = one.effect.n_treated
        headers[f"n_{name}"] = f"Rows with {name}"
    return Tidy(columns, "Groups", None, (), headers, keys.types)


def _arm_note(estimand: Estimand) -> tuple[str, ...]:
    """Which level is which, where they are not 0 and 1."""
    t = estimand.treatment
    if t.kind != "binary" or (t.control, t.treated) == ("0", "1"):
        return ()
    return (f"Treated: {t.column} is {t.treated}; control: {t.control}.",)


def rows_table(estimand: Estimand) -> Tidy:
    """How many rows were read, dropped for each column's missing values, and used."""
    usage = estimand.design.usage
    what = ["read", *(f"missing {name}" for name, _ in usage.missing), "zero weight", "used"]
    n = [usage.n_read, *(count for _, count in usage.missing), usage.zero_weight, usage.n_used]
    headers = {"rows": "Rows", "n": "Number"}
    return Tidy({"rows": what, "n": np.array(n)}, "Rows", None, (), headers)


def diagnostics_table(estimand: Estimand) -> Tidy:
    """How the draws were made and whether they can be trusted."""
    d = estimand.diagnostics
    columns: dict[str, object] = {"method": [d.method], "draws": np.array([d.draws])}
    headers = {"method": "Method", "draws": "Draws"}
    for key, header, value in d.figures:
        columns[key], headers[key] = np.array([value]), header
    columns["passed"], headers["passed"] = [d.passed], "Passed"
    notes = (f"Method {d.method}: {d.why}.", d.meaning)
    return Tidy(columns, "Diagnostics", None, notes, headers)
