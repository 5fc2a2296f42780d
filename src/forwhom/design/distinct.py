"""Distinct values of a long column, without sorting it where there are few of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE, FEW = 4096, 256  # rows looked at first, and distinct values up to which that pays
RANGE = 100_000  # of whole numbers that are looked up in a table


def distinct_codes(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Sorted distinct values, and which of them each row holds; as ``np.unique`` with its inverse.

    Whole numbers are looked up in a table. Others are looked for among the values met so far; the
    rows that hold another add theirs, and the search is repeated.

    >>> distinct, codes = distinct_codes(np.array([0.5, 2.0, 0.5]))
    >>> distinct.tolist(), codes.tolist()
    ([0.5, 2.0], [0, 1, 0])
    """
    if len(values) > SAMPLE and values.dtype.kind in "iuf":
        low, high = float(values.min()), float(values.max())
        if high - low < RANGE and low.is_integer():
            above = values.astype(float) - low
            places = above.astype(np.int64)
            if bool((places == above).all()):
                used = np.zeros(int(high - low) + 1, dtype=np.bool_)
                used[places] = True
                distinct = (low + np.flatnonzero(used)).astype(values.dtype)
                return distinct, places if used.all() else (np.cumsum(used) - 1)[places]
    known = np.unique(values[:: max(len(values) // SAMPLE, 1)])
    for _ in range(3):
        if not 0 < len(known) <= FEW:
            break
        codes = np.searchsorted(known, values).astype(np.int64, copy=False)
        np.minimum(codes, len(known) - 1, out=codes)
        new = known[codes] != values
        if not new.any():
            return known, codes
        known = np.union1d(known, values[new])
    distinct, codes = np.unique(values, return_inverse=True)
    return distinct, codes.astype(np.int64, copy=False)
