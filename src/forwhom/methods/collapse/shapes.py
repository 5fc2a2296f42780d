"""Little matrices of a factor's levels: what a level's own rows say of its parameters.

A level's rows fall into A classes of one residual variance each. Its own columns, R of them, span
in every class a few directions, E in all classes together; U is an orthonormal basis of them. Two
levels have one shape where their cross-products of own columns are equal in every class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ABSENT = 1e-12  # share of the largest eigenvalue under which a direction has no rows


@dataclass(frozen=True, slots=True)
class Shapes:
    """The S different shapes of H levels.

    Attributes:
        of_level: (H,) each level's shape.
        scaled: (S, E, R) rows of P': U is the own columns of a direction's class times P.
        loading: (S, E, R) U'W of the own columns: what each parameter adds in a direction.
        classes: (E,) the class of each direction.
    """

    of_level: IntArray
    scaled: FloatArray
    loading: FloatArray
    classes: IntArray

    @property
    def count(self) -> int:
        """S."""
        return len(self.loading)

    @property
    def directions(self) -> int:
        """E."""
        return len(self.classes)


def find_shapes(gram: FloatArray) -> Shapes:
    """Shapes of levels from their cross-products of own columns, (A, H, R, R)."""
    classes, levels, r = gram.shape[:3]
    flat = gram.transpose(1, 0, 2, 3).reshape(levels, -1)
    different, of_level = np.unique(flat, axis=0, return_inverse=True)
    each = different.reshape(len(different), classes, r, r)
    values, vectors = np.linalg.eigh(each)
    present = values > ABSENT * values.max(axis=-1, initial=0.0)[..., None]
    root = np.sqrt(np.where(present, values, 0.0))
    with np.errstate(divide="ignore"):
        inverse = np.where(present, 1.0 / root, 0.0)
    scaled = (vectors * inverse[..., None, :]).swapaxes(-1, -2).reshape(len(each), -1, r)
    loading = (vectors * root[..., None, :]).swapaxes(-1, -2).reshape(len(each), -1, r)
    used = np.flatnonzero(present.any(axis=0).ravel())
    return Shapes(
        of_level=of_level.reshape(-1).astype(np.int64),
        scaled=scaled[:, used],
        loading=loading[:, used],
        classes=np.repeat(np.arange(classes), r)[used],
    )


def pairs_of(n: int) -> list[tuple[int, int]]:
    """Index pairs of a lower triangle, by rows."""
    return [(i, j) for i in range(n) for j in range(i + 1)]


def spread_of(loading: FloatArray) -> FloatArray:
    """What each entry of the parameters' covariance T adds to C = L T L'; (pairs E, S, pairs R)."""
    s, e, r = loading.shape
    out = np.empty((e * (e + 1) // 2, s, r * (r + 1) // 2))
    for k, (i, j) in enumerate(pairs_of(e)):
        for m, (a, b) in enumerate(pairs_of(r)):
            out[k, :, m] = loading[:, i, a] * loading[:, j, b]
            if a != b:
                out[k, :, m] += loading[:, i, b] * loading[:, j, a]
    return out


def between(
    spread: FloatArray, covariance: FloatArray, variance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(D + C)^-1 of each shape and point, and log |I + D^-1 C|; D holds residual variances.

    Args:
        spread: (pairs E, S, pairs R) from ``spread_of``.
        covariance: (pairs R, K) of a level's own parameters.
        variance: (E, K) residual variance of each direction.

    Returns:
        (pairs E, S, K) lower triangles, and (S, K).
    """
    directions = len(variance)
    full = spread @ covariance
    at = {pair: k for k, pair in enumerate(pairs_of(directions))}
    for i in range(directions):
        full[at[i, i]] += variance[i]
    if directions == 1:
        log_det = np.log(full[0] / variance[0])
        return np.reciprocal(full, out=full), log_det
    log_det = np.zeros(full.shape[1:])
    # Cholesky factor in place, all shapes and points at once; diagonal entries are inverted
    for j in range(directions):
        for i in range(j, directions):
            for k in range(j):
                full[at[i, j]] -= full[at[i, k]] * full[at[j, k]]
        log_det += np.log(full[at[j, j]] / variance[j])
        root = 1.0 / np.sqrt(full[at[j, j]])
        full[at[j, j]] = root
        for i in range(j + 1, directions):
            full[at[i, j]] *= root
    # its inverse in place, then the product of that with itself
    for j in range(directions):
        for i in range(j + 1, directions):
            total = full[at[i, j]] * full[at[j, j]]
            for k in range(j + 1, i):
                total += full[at[i, k]] * full[at[k, j]]
            full[at[i, j]] = -total * full[at[i, i]]
    for i in range(directions):
        for j in range(i + 1):
            total = full[at[i, i]] * full[at[i, j]]
            for k in range(i + 1, directions):
                total += full[at[k, i]] * full[at[k, j]]
            full[at[i, j]] = total
    return full, log_det
