"""Tables of draws as an ``xarray.DataTree`` in the ArviZ schema.

Tests: tests/data/test_tree.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray

    from forwhom.data.tidy import Tidy

DIMS = ("chain", "draw", "row")


def draws_to_tree(table: Tidy) -> xarray.DataTree:
    """Rows of a table, each with all its draws under one another, as an array of them."""
    import xarray as xr

    chain, draw = (np.asarray(table[name]) for name in DIMS[:2])
    chains, each = int(chain.max(initial=0)) + 1, int(draw.max(initial=0)) + 1
    values = np.asarray(table["value"], dtype=float).reshape(-1, chains, each)
    first = np.arange(len(values)) * chains * each
    coords: dict[str, Any] = {
        "chain": np.arange(chains),
        "draw": np.arange(each),
        "row": np.arange(1, len(values) + 1),
    }
    for name, column in table.columns.items():
        if name not in (*DIMS[:2], "value"):
            free = name.replace("/", "_")  # to xarray a slash is a path
            free = f"{free}_" if free in coords else free
            coords[free] = ("row", _picked(column, first))
    attributes = {"title": table.title, "notes": "\n".join(table.notes)}
    posterior = xr.Dataset({"value": (DIMS, values.transpose(1, 2, 0))}, coords, attributes)
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attributes), "/posterior": posterior})


def _picked(column: Any, rows: np.ndarray) -> Any:
    if isinstance(column, np.ndarray):
        return column[rows]
    held = [column[i] for i in rows.tolist()]
    return held if all(isinstance(value, bool | int | float) for value in held) else _texts(held)


def _texts(held: list[Any]) -> list[str]:
    return ["" if value is None else str(value) for value in held]
