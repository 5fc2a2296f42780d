"""The rows' outcomes, and their log likelihood in every draw, in the ArviZ schema.

The fit keeps kinds of rows, not rows; here each kind stands as often as there are such rows, in
the order of the groups, which is not that of the data.

Tests: tests/fitted/test_datatree.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import RowKinds
from forwhom.errors import PlanError
from forwhom.fitted.predictor import CellPredictor
from forwhom.fitted.refusals import no_rows_left_out

if TYPE_CHECKING:
    import xarray

type FloatArray = NDArray[np.float64]

MOST_VALUES = 25_000_000  # numbers that are written out (200 MB)


def observed_data(
    predictor: CellPredictor, name: str, attributes: Mapping[str, Any]
) -> xarray.Dataset | str:
    """What of the outcome is known of every row; or why nothing is, in words.

    Args:
        name: of the outcome as a variable; attributes: of the dataset.
    """
    import xarray as xr

    if why := no_rows_left_out(predictor, "observed_data"):
        return why
    kinds = _kinds(predictor)
    if kinds.count.sum() > MOST_VALUES:
        return f"observed_data leaves out more than {MOST_VALUES:,} rows."
    rows, outcome, design = _rows(kinds), kinds.outcome, predictor.fitted.design
    variables = {name: ("row", outcome.y[rows], _levels(predictor))}
    beside = {"trials": outcome.trials, "event": outcome.event, "std_error": outcome.error}
    told = {
        "trials": design.plan.trials is not None,
        "event": design.plan.event is not None,
        "std_error": design.estimates,
    }
    for key, values in beside.items():
        if told[key]:
            free = key if key != name else f"{key}_"
            variables[free] = ("row", values[rows], {})
    return xr.Dataset(variables, _coords(predictor, kinds, rows), attributes)


def log_likelihood(
    predictor: CellPredictor, name: str, chains: int, attributes: Mapping[str, Any]
) -> xarray.Dataset:
    """The log density of every row in every draw, dims (chain, draw, row).

    Raises:
        PlanError: single rows are not known, or weighted, or they are too many.
    """
    import xarray as xr

    if why := no_rows_left_out(predictor, "log_likelihood=True"):
        raise PlanError(why)
    kinds = _kinds(predictor)
    n = int(kinds.count.sum())
    if n * predictor.draws > MOST_VALUES:
        raise PlanError(
            f"log_likelihood=True: {n:,} rows of {predictor.draws:,} draws are more than the "
            f"{MOST_VALUES:,} numbers that are written out. Fit with fewer draws, or use loo() and "
            "compare_fits(), which need no row twice."
        )
    values = np.empty((predictor.draws, len(kinds.count)))
    for some, found in predictor.log_likelihood(slice(None)):
        values[:, some] = found.T
    rows = _rows(kinds)
    by_chain = values[:, rows].reshape(chains, -1, n)
    coords = {
        "chain": np.arange(chains),
        "draw": np.arange(by_chain.shape[1]),
        **_coords(predictor, kinds, rows),
    }
    return xr.Dataset({name: (("chain", "draw", "row"), by_chain)}, coords, attributes)


def _kinds(predictor: CellPredictor) -> RowKinds:
    kinds = predictor.kinds
    assert kinds is not None  # or rows are refused
    return kinds


def _rows(kinds: RowKinds) -> NDArray[np.int64]:
    """(n,) the kind of each row."""
    return np.repeat(np.arange(len(kinds.count)), np.rint(kinds.count).astype(np.int64))


def _coords(predictor: CellPredictor, kinds: RowKinds, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Rows by number, with the number of each one's group."""
    groups = predictor.group[kinds.cell][rows] + 1
    return {"row": np.arange(1, len(rows) + 1), "group": ("row", groups)}


def _levels(predictor: CellPredictor) -> dict[str, Any]:
    """What the codes of an outcome in categories mean."""
    levels = predictor.fitted.design.outcome.levels
    return {"levels": list(levels)} if levels else {}
