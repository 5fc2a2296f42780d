"""Clusters: further groupings of the rows, crossed with the groups or nested in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Table
from forwhom.design.distinct import renumber
from forwhom.design.levels import levels_of
from forwhom.errors import DataError
from forwhom.plan import Plan

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clusters:
    """One clustering of the rows, H clusters.

    Attributes:
        name: its column; label: the column's own label, or its name.
        levels: (H,) texts.
        n_rows: (H,) rows in each.
        effects: whether the treatment's effect varies across them, beside the intercept.
    """

    name: str
    label: str
    levels: tuple[str, ...]
    n_rows: IntArray
    effects: bool


def form_clusters(
    plan: Plan, table: Table, groups: IntArray, times: FloatArray | None
) -> tuple[tuple[Clusters, ...], IntArray]:
    """Number the clusters of every clustering.

    Args:
        plan: names them; table: complete rows.
        groups: (n,) group of each row; times: (n,) how often each row counts, or None for once.

    Returns:
        the clusterings, and the cluster of each row in each, (n, K).

    Raises:
        DataError: a clustering with one cluster, or the same as the groups or as another.
    """
    found, codes = [], np.empty((table.n_rows, len(plan.clusters)), dtype=np.int64)
    seen = {"the groups": groups}
    for k, name in enumerate(plan.clusters):
        column = table.columns[name]
        levels_found = levels_of(column, None)
        used, codes[:, k] = np.unique(levels_found.codes, return_inverse=True)
        levels = tuple(levels_found.texts[int(code)] for code in used)
        if len(levels) < 2:
            raise DataError(
                f"cluster '{name}' is '{levels[0]}' in every complete row, so nothing varies "
                "between its clusters. Leave it out of clusters."
            )
        for other, theirs in seen.items():
            if _same(codes[:, k], theirs):
                raise DataError(
                    f"cluster '{name}' divides the rows exactly as {other} "
                    f"{'do' if other == 'the groups' else 'does'} ({len(levels):,} parts): two "
                    "varying intercepts for the same rows cannot be told apart. Leave it out of "
                    "clusters."
                )
        seen[f"cluster '{name}'"] = codes[:, k]
        n_rows = np.bincount(codes[:, k], times, len(levels)).astype(np.int64)
        found.append(
            Clusters(name, column.label or name, levels, n_rows, name in plan.cluster_effects)
        )
    return tuple(found), codes


def _same(one: IntArray, other: IntArray) -> bool:
    """Whether two numberings divide the rows alike."""
    count = len(np.unique(one))
    if len(np.unique(other)) != count:
        return False
    pairs = renumber(one * (int(other.max()) + 1) + other)
    return int(pairs.max()) + 1 == count
