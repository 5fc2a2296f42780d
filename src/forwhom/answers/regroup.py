"""Where groups are too small: which coarser groups would say more, and how large they would be.

Tests: tests/answers/test_pooling.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.design import Groups
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SMALL = 10  # rows of a median group that say little alone
MOSTLY = 0.5  # data share from which groups speak for themselves


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Coarser groups.

    Attributes:
        words: how to ask for them; count: how many there would be; rows: of the median one.
        share: the data share that they would have on average, about.
        kept: how much of the difference between the effects of the groups they would keep.
    """

    words: str
    count: int
    rows: float
    share: float
    kept: float


def advice(plan: Plan, groups: Groups, share: FloatArray, estimate: FloatArray) -> str:
    """A sentence with coarser groups where those of the fit are small; empty where they are not.

    Args:
        share: (G,) data shares; estimate: (G,) pooled effects.
    """
    median = float(np.median(groups.n_rows))
    if median >= SMALL or float(share.mean()) >= MOSTLY or not share.any():
        return ""
    found = [
        _regrouped(words, codes, groups.n_rows, share, estimate)
        for words, codes in _coarser(plan, groups)
    ]
    found = [one for one in found if one.rows > median and one.count > 1]
    if not found:
        return ""
    enough = [one for one in found if one.rows >= max(SMALL, 2 * median)]
    best = max(enough, key=lambda one: one.kept) if enough else max(found, key=lambda o: o.rows)
    return (
        f"Groups are small (median {_rows(median)}). {best.words} would make {best.count} of them "
        f"instead of {groups.count}, median {_rows(best.rows)}, of whose effects about "
        f"{100 * best.share:.0f} % would be their own data, not {100 * share.mean():.0f} %."
    )


def _rows(count: float) -> str:
    return f"{count:g} row{'' if count == 1 else 's'}"


def _regrouped(
    words: str, codes: IntArray, n: IntArray, share: FloatArray, estimate: FloatArray
) -> Regrouping:
    """How groups would be that hold those of the same code, (G,).

    Rows put together add their information: share / (1 - share) is that of the rows in units of
    the effect spread.
    """
    _, codes = np.unique(codes, return_inverse=True)
    codes = codes.reshape(-1)
    rows = np.bincount(codes, n)
    information = np.bincount(codes, share / np.maximum(1 - share, 1e-12))
    mean = np.average(estimate, weights=n)
    between = np.bincount(codes, n * estimate) / rows
    total = float(n @ (estimate - mean) ** 2)
    kept = float(rows @ (between - mean) ** 2) / total if total > 0 else 1.0
    joint = float(np.mean(information / (1 + information)))
    return Regrouping(words, len(rows), float(np.median(rows)), joint, kept)


def _coarser(plan: Plan, groups: Groups) -> Iterator[tuple[str, IntArray]]:
    """Ways to ask for coarser groups, and the code that each group would have."""
    for j, name in enumerate(groups.columns):
        rest = [k for k in range(len(groups.columns)) if k != j]
        if rest:
            yield _without(plan, groups, j), _codes(groups, rest)
        levels = len(groups.display[j])
        ordered = groups.numbers[j] is not None or bool(groups.keys[j].low)
        if levels > 3 and ordered:
            bins = max(levels // 2, 2)
            rows = np.bincount(groups.values[j], groups.n_rows, levels)
            middle = (np.cumsum(rows) - rows / 2) / rows.sum()
            coarse = np.minimum((middle * bins).astype(np.int64), bins - 1)[groups.values[j]]
            if name in dict(groups.binned) or plan.groups:
                words = f'bins={{"{name}": {bins}}}'
            else:
                words = f"bin({name}, {bins}) for {name} in the modifiers"
            if not plan.groups:
                yield words, _codes(groups, rest) * bins + coarse


def _without(plan: Plan, groups: Groups, left_out: int) -> str:
    """How to ask for groups without a column."""
    rest = [name for k, name in enumerate(groups.columns) if k != left_out]
    known = set(plan.groups or plan.modifiers.columns)
    if not set(rest) <= known or dict(groups.binned):
        return f"Leaving {groups.columns[left_out]} out of the modifiers"
    return "groups=[" + ", ".join(f'"{name}"' for name in rest) + "]"


def _codes(groups: Groups, columns: list[int]) -> IntArray:
    out = np.zeros(groups.count, dtype=np.int64)
    for k in columns:
        out = out * len(groups.display[k]) + groups.values[k]
    return out
