"""Sums over rows, a chunk at a time.

Tests: tests/cells/test_reduce.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.coordinates import Coordinates
from forwhom.design import Design, Rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Accumulator:
    """Cross-products over all rows, over the untreated and by group; what varies within groups.

    G groups, H with the preset's control group, R of their own columns, q columns, k modifiers.

    Attributes:
        cross: (q, q); untreated: the same of [1, controls, modifiers, outcome] over the rows
            without any treatment.
        group_cross: (H, R, q); group_gram: (H, R, R).
        weight: (H,) total weight of each group's rows.
        modifier_sums: (H, k) about ``coordinates.about``.
        varies: (k,) whether a modifier varies within some group.
    """

    def __init__(self, design: Design, rows: Rows, coordinates: Coordinates) -> None:
        """Nothing added up yet."""
        self._design, self._rows, self._at = design, rows, coordinates
        q, k, r = len(coordinates.center), len(coordinates.about), len(coordinates.own)
        groups = design.groups.count + design.groups.has_control_group
        self._without_effects = np.r_[: coordinates.modifiers.stop, q - 1]
        self.cross = np.zeros((q, q))
        self.untreated = np.zeros((len(self._without_effects),) * 2)
        self.group_cross = np.zeros((groups, r, q))
        self.group_gram = np.zeros((groups, r, r))
        self.weight = np.zeros(groups)
        self.modifier_sums = np.zeros((groups, k))
        self.varies = np.zeros(k, dtype=bool)
        self._first_seen = np.full((groups, k), np.nan)  # modifiers of each group's first row

    def add(self, part: slice, columns: FloatArray) -> None:
        """The rows of a chunk, whose columns are changed in place."""
        rows, at = self._rows, self._at
        codes, d = rows.groups[part], rows.d[part]
        w = None if rows.weights is None else rows.weights[part]
        z = columns[:, at.modifiers]
        if at.origins.modifiers:
            z = self._design.modifiers.matrix(rows.table, part)
        self._add_modifiers(codes, z, w)
        columns -= at.inner_center
        columns /= at.inner_scale
        weighted = columns if w is None else columns * w[:, None]
        self.cross += columns.T @ weighted
        untreated = (d == 0).all(axis=1)
        some = columns[untreated][:, self._without_effects]
        self.untreated += some.T @ (some if w is None else some * w[untreated, None])
        self.weight += np.bincount(codes, w, minlength=len(self.weight))
        self._add_groups(codes, d, weighted, w)

    def _add_modifiers(self, codes: IntArray, z: FloatArray, w: FloatArray | None) -> None:
        """Their sums by group, and whether they vary within one."""
        off = z - self._at.about
        for j in range(z.shape[1]):
            own = off[:, j] if w is None else off[:, j] * w
            self.modifier_sums[:, j] += np.bincount(codes, own, len(self.weight))
        new = np.isnan(self._first_seen[codes]).any(axis=1)  # groups met for the first time
        self._first_seen[codes[new]] = z[new]
        of_groups = (codes < self._design.groups.count)[:, None]
        self.varies |= ((z != self._first_seen[codes]) & of_groups).any(axis=0)

    def _add_groups(
        self, codes: IntArray, d: FloatArray, weighted: FloatArray, w: FloatArray | None
    ) -> None:
        """Products of the group's own columns with all columns, and with one another."""
        count, scale = len(self.weight), self._at.dose_scale
        own = [None if j is None else d[:, j] / scale[j] for j in self._at.own]
        for r, left in enumerate(own):
            for j in range(weighted.shape[1]):
                product = weighted[:, j] if left is None else left * weighted[:, j]
                self.group_cross[:, r, j] += np.bincount(codes, product, count)
            for s in range(r + 1):
                product = _product(left, own[s], w, len(d))
                self.group_gram[:, r, s] += np.bincount(codes, product, count)
                self.group_gram[:, s, r] = self.group_gram[:, r, s]


def _product(
    left: FloatArray | None, right: FloatArray | None, w: FloatArray | None, count: int
) -> FloatArray:
    out = np.ones(count) if w is None else w
    for factor in (left, right):
        out = out if factor is None else out * factor
    return out
