"""The rows of a fit that keeps sums only, from the data that were fitted.

Tests: tests/fitted/test_loo_of_sums.py, tests/compare/test_fits.py.
"""

from __future__ import annotations

from dataclasses import replace

from forwhom.cells import Problem, reduce_rows
from forwhom.data import Table, load
from forwhom.data.table import fingerprint
from forwhom.design import build_design
from forwhom.design.known import recall
from forwhom.errors import DataError
from forwhom.fitted.fitted import Fitted


def with_rows(fitted: Fitted, data: object, printed: str) -> Fitted:
    """The same fit with its rows beside the sums; the draws are the same.

    Args:
        fitted: the fit; data: the table that was fitted, or its path; printed: its fingerprint.

    Raises:
        DataError: the data are not those that were fitted.
    """
    if fitted.cells.content == "rows":
        return fitted
    table = fitted_table(fitted, load(data, fitted.plan.columns, **fitted.plan.reading), printed)
    design, rows = build_design(fitted.plan, table)
    cells = reduce_rows(design, rows, "rows")
    return Fitted(Problem(fitted.design, cells, fitted.priors), fitted.draws)


def fitted_table(fitted: Fitted, table: Table, printed: str, whose: str = "this fit") -> Table:
    """The data in the kinds that the fit's columns had, where they are told without doubt.

    Args:
        fitted: the fit; table: the data; printed: fingerprint of what was fitted.
        whose: what to call the fit in messages.

    Raises:
        DataError: they are not what was fitted.
    """
    if table.fingerprint != printed:
        known = {column.name: column for column in fitted.design.known}
        try:
            columns = {
                name: recall(known[name], column) if name in known else column
                for name, column in table.columns.items()
            }
        except DataError as error:
            raise DataError(f"the data are not those of {whose}: {error}") from None
        table = replace(table, columns=columns, fingerprint=fingerprint(columns.values()))
    if table.fingerprint != printed:
        raise DataError(
            f"the data are not those of {whose}: their fingerprints differ. Give the table "
            "that was fitted, unchanged."
        )
    return table
