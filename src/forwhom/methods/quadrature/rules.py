"""How finely each group is integrated, chosen by where a point lies and checked there.

The wider the groups' own parameters, and the more a row tells of them, the less normal a group's
integrand and the more nodes it takes. The points are therefore cut into pieces by the product of
the two. Within a piece every group's nodes are laid from the same first guess, its mode at the
middle of the piece, and the number of nodes is the smallest that a finer rule confirms at the
piece's widest points and at some others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.quadrature.density import LatentModel, Rule

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ORDERS = (3, 4, 5, 6, 7, 9, 11, 15, 21, 31)  # each is held against the one after the next
HEAVY_ORDERS = (*ORDERS, 45)  # where tails like a power are integrated
ACCURACY = 1e-3  # of the log density of all groups together: far below Monte Carlo error
NATS = 15.0  # below the median of the points checked, from which nothing is asked
MOST_PIECES, LEAST = 12, 50  # pieces, and points in one on average


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the points and the rule that suits them."""

    points: IntArray
    rule: Rule


@dataclass(frozen=True, slots=True)
class Rules:
    """Pieces that hold every point once.

    Attributes:
        pieces: the widest last.
        error: the largest difference from the finer rules at the points looked at, in nats.
        points: how many were.
    """

    pieces: tuple[Piece, ...]
    error: float
    points: int

    @property
    def orders(self) -> tuple[int, int]:
        """The fewest and the most nodes per coordinate."""
        each = [order for piece in self.pieces for order in piece.rule.orders]
        return (min(each), max(each)) if each else (1, 1)


def choose_rules(model: LatentModel, tau: FloatArray, xi: FloatArray) -> Rules:
    """Cut the points and choose each piece's rule.

    Args:
        model: the model; tau, xi: points that cover the posterior, (K, R) and (K, n).
    """
    if all(segment.rank == 0 for segment in model.segments):
        plain = Rule((1,) * len(model.segments), (None,) * len(model.segments))
        return Rules((Piece(np.arange(len(tau)), plain),), 0.0, 0)
    cuts = _cut(model.law.width(tau) * model.information(xi))
    middle = [np.stack([part[points].mean(axis=0) for points in cuts]) for part in (tau, xi)]
    begin = model.modes(middle[0], middle[1])
    some, owner = _some(cuts)
    near = tuple(None if z is None else z[..., owner] for z in begin)
    orders, error = _orders(model, tau[some], xi[some], near, owner, len(cuts))
    pieces = [
        Piece(
            points,
            Rule(
                tuple(int(o) for o in orders[:, i]),
                tuple(None if z is None else z[..., i : i + 1] for z in begin),
            ),
        )
        for i, points in enumerate(cuts)
    ]
    return Rules(tuple(pieces), error, len(some))


def apply_rules(
    rules: Rules,
    model: LatentModel,
    tau: FloatArray,
    xi: FloatArray,
    each: Callable[[Callable[[Piece], FloatArray], list[Piece]], list[FloatArray]],
) -> FloatArray:
    """Log density of all points, (K,); ``each`` maps work over pieces."""
    out = np.empty(len(tau))
    hardest_first = list(reversed(rules.pieces))

    def work(piece: Piece) -> FloatArray:
        return model.log_density(tau[piece.points], xi[piece.points], piece.rule)

    for piece, value in zip(hardest_first, each(work, hardest_first), strict=True):
        out[piece.points] = value
    return out


def _cut(size: FloatArray) -> list[IntArray]:
    """Cut the points by how much there is to integrate, thinner where it is much."""
    count = max(min(MOST_PIECES, len(size) // LEAST), 1)
    order = np.argsort(size, kind="stable")
    ends = np.round((1 - np.linspace(1, 0, count + 1) ** 2) * len(size)).astype(int)
    return [order[a:b] for a, b in pairwise(ends.tolist()) if b > a]


def _some(cuts: list[IntArray]) -> tuple[IntArray, IntArray]:
    """Each piece's three last points and four others, and which piece they are of."""
    some = [
        np.unique(np.r_[points[-3:], points[np.array([1, 3, 5, 7]) * len(points) // 9]])
        for points in cuts
    ]
    return np.concatenate(some), np.repeat(np.arange(len(cuts)), [len(part) for part in some])


def _orders(
    model: LatentModel,
    tau: FloatArray,
    xi: FloatArray,
    begin: tuple[FloatArray | None, ...],
    owner: IntArray,
    pieces: int,
) -> tuple[IntArray, float]:
    """Nodes per coordinate, (segments, pieces), and the largest difference left."""
    ladder = HEAVY_ORDERS if model.law.students else ORDERS
    count = len(model.segments)
    prior = model.log_prior(tau, xi)

    def values(s: int, order: int, points: IntArray) -> FloatArray:
        z = begin[s]
        part = None if z is None else z[..., points]
        return model.integral(s, tau[points], xi[points], order, part)

    everyone = np.arange(len(tau))
    known = [{i: values(s, ladder[i], everyone) for i in (0, 2)} for s in range(count)]
    with np.errstate(invalid="ignore"):
        total = prior + sum(one[2] for one in known)
        total = np.where(np.isfinite(total), total, -np.inf)
        kept = total > np.median(total) - NATS
    share = ACCURACY / max(sum(segment.rank > 0 for segment in model.segments), 1)
    out, worst = np.full((count, pieces), ladder[0]), 0.0
    for s in range(count):
        left = np.flatnonzero(kept) if model.segments[s].rank else everyone[:0]
        for i in range(len(ladder)):
            if not len(left):
                break
            # the finest rule is told by its distance from the last but one, whatever that is
            finer = min(i + 2, len(ladder) - 1) if i < len(ladder) - 1 else i - 1
            for j in (i, finer):
                if j not in known[s]:
                    known[s][j] = np.full(len(tau), np.nan)
                gap = left[np.isnan(known[s][j][left])]
                if len(gap):
                    known[s][j][gap] = values(s, ladder[j], gap)
            out[s, owner[left]] = ladder[i]
            off = np.nan_to_num(np.abs(known[s][i][left] - known[s][finer][left]), nan=np.inf)
            bad = np.unique(owner[left][~(off < share)])
            stay = np.isin(owner[left], bad)
            if i == len(ladder) - 1:
                stay[:] = False
            worst = max(worst, float(off[~stay].max(initial=0.0)))
            left = left[stay]
        if model.segments[s].rank:  # a piece without mass gets what its neighbour has
            empty = np.setdiff1d(np.arange(pieces), owner[kept])
            for i in empty.tolist():
                out[s, i] = out[s, max(i - 1, 0)]
    return out, worst
