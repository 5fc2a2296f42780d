"""Distinct values of a long column, and of several, without sorting where there are few of them."""

from __future__ import annotations

from collections.abc import Iterable
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
        low, high = values.min().item(), values.max().item()
        if high - low < RANGE and low == np.floor(low):
            above = values - values.dtype.type(low)  # whole numbers of any length stay exact
            places = above.astype(np.int64)
            if bool((places == above).all()):
                used = np.zeros(int(high - low) + 1, dtype=np.bool_)
                used[places] = True
                distinct = np.flatnonzero(used).astype(values.dtype) + values.dtype.type(low)
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


def renumber(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Codes without gaps, in order."""
    top = int(codes.max(initial=0)) + 1
    if top <= max(4 * len(codes), 1024):  # a lookup table beats a sort
        used = np.zeros(top, dtype=np.bool_)
        used[codes] = True
        if used.all():
            return codes
        return np.asarray((np.cumsum(used) - 1)[codes])
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def first_rows(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first row of each code, codes having no gaps."""
    first = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first


def combined_codes(codes: NDArray[np.int64], keys: Iterable[NDArray[Any]]) -> NDArray[np.int64]:
    """One number for each combination, in the order of the codes (no gaps), then of the keys."""
    for key in keys:
        if (key == key[first_rows(codes)][codes]).all():
            continue  # told by the others already, as modifiers are by the groups
        distinct, of_key = distinct_codes(key)
        codes = renumber(codes * len(distinct) + of_key)
    return codes
