"""Where groups are too small: which coarser groups would say more, and how large they would be.

Tests: tests/answers/test_pooling.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.design import Groups
from forwhom.draw.text import share_text
from forwhom.errors import listing
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
        for words, codes in (*_cut(plan, groups), *_left(plan, groups, share, estimate))
    ]
    found = [one for one in found if one.rows > median and one.count > 1]
    if not found:
        return ""
    enough = [one for one in found if one.rows >= max(SMALL, 2 * median)]
    best = max(enough, key=lambda one: one.kept) if enough else max(found, key=lambda o: o.rows)
    return (
        f"Groups are small (median {_rows(median)}). {best.words} would make {best.count} of them "
        f"instead of {groups.count}, median {_rows(best.rows)}, of whose effects about "
        f"{share_text(best.share)} would be their own data, not {share_text(float(share.mean()))}."
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


def _left(
    plan: Plan, groups: Groups, share: FloatArray, estimate: FloatArray
) -> Iterator[tuple[str, IntArray]]:
    """Groups by fewer columns: each time without the one that tells effects apart the least."""
    left = list(range(len(groups.columns)))
    while len(left) > 1:
        rest = [[k for k in left if k != j] for j in left]
        kept = [
            _regrouped("", _codes(groups, some), groups.n_rows, share, estimate).kept
            for some in rest
        ]
        left = rest[int(np.argmax(kept))]
        yield _by(plan, groups, left), _codes(groups, left)


def _by(plan: Plan, groups: Groups, left: list[int]) -> str:
    """How to ask for groups by some of their columns."""
    names = [groups.columns[k] for k in left]
    known = set(plan.groups or plan.modifiers.columns)
    if set(names) <= known and not set(names) & set(dict(groups.binned)):
        return "groups=[" + ", ".join(f'"{name}"' for name in names) + "]"
    out = [name for name in groups.columns if name not in names]
    return f"Leaving {listing(out)} out of the modifiers"


def _cut(plan: Plan, groups: Groups) -> Iterator[tuple[str, IntArray]]:
    """Groups with fewer bins of one column."""
    for j, name in enumerate(groups.columns):
        levels = len(groups.display[j])
        ordered = groups.numbers[j] is not None or bool(groups.keys[j].low)
        if levels <= 3 or not ordered or plan.groups:
            continue
        bins = max(levels // 2, 2)
        rows = np.bincount(groups.values[j], groups.n_rows, levels)
        middle = (np.cumsum(rows) - rows / 2) / rows.sum()
        coarse = np.minimum((middle * bins).astype(np.int64), bins - 1)[groups.values[j]]
        asked = f'bins={{"{name}": {bins}}}'
        if name not in dict(groups.binned):
            asked = f"bin({name}, {bins}) for {name} in the modifiers"
        rest = [k for k in range(len(groups.columns)) if k != j]
        yield asked, _codes(groups, rest) * bins + coarse


def _codes(groups: Groups, columns: list[int]) -> IntArray:
    out = np.zeros(groups.count, dtype=np.int64)
    for k in columns:
        out = out * len(groups.display[k]) + groups.values[k]
    return out
