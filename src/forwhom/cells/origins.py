"""Where predictors are measured from inside, so that arithmetic does not drown far from zero.

A date such as 20160103 differs from the next by 1e-7 of itself: in the products of a treatment and
the date that is all there is to tell effects by, and squares of it are lost to rounding. A
predictor that lies far from zero, relative to its spread, is therefore moved before products are
made. With x = x' + c a product of predictors is a sum of products of moved ones,

    x w = x' w' + c_w x' + c_x w' + c_x c_w,

so that the columns as written are the moved ones times a matrix B of powers of c, and coefficients
as written are B^-1 times those of the moved columns. B^-1 is B with the signs of c turned. It is a
pure change of coordinates: priors are carried along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from forwhom.design import Design, Rows
from forwhom.design.encode import Encoding, encode
from forwhom.design.matrix import TermRecipe
from forwhom.plan.formula import Factor
from forwhom.plan.priors import SHRINKING

FloatArray = NDArray[np.float64]
Moves = Mapping[Factor, float]
Key = tuple[tuple[tuple[Factor, bool], ...], frozenset[Factor]]

FAR = 10.0  # spreads from zero; nearer by, hardly a digit is lost
SAMPLE = 200_000  # rows from which a centre is taken: any point amid the data will do


@dataclass(frozen=True, slots=True)
class Origins:
    """How far each factor is moved, by equation; nothing where every predictor is near zero.

    Attributes:
        controls, modifiers: in the outcome's equation.
        effects: in the heterogeneity equation of each effect.
    """

    controls: Moves
    modifiers: Moves
    effects: tuple[Moves, ...]

    @property
    def moved(self) -> bool:
        """Whether anything is."""
        return any((self.controls, self.modifiers, *self.effects))


def find_origins(design: Design, rows: Rows) -> Origins:
    """Look where the predictors lie: in all rows, and for an effect in the rows it acts in."""
    step = slice(None, None, max(len(rows.y) // SAMPLE, 1))
    controls, modifiers = design.controls.terms, design.modifiers.terms
    plain = {e.factor: e for t in (*controls, *modifiers) for e in t.encodings if _plain(e)}
    values = {
        factor: encode(encoding, rows.table.columns[factor.column], step)[:, 0]
        for factor, encoding in plain.items()
    }
    d = rows.d[step]
    w = np.ones(len(d)) if rows.weights is None else rows.weights[step]
    acting = [w * d[:, j] ** 2 for j in range(len(design.effects))]
    far = _far(values, [w, *acting])
    # one equation, unless the modifiers are not in the outcome's
    together = ((*controls, *modifiers),) * 2 if design.delta_names else (controls, modifiers)
    baseline = [_moves(terms, values, far[0], w, True) for terms in together]
    effects = tuple(
        _moves(effect.modifiers.terms, values, far[1 + j], acting[j], not _shrinks(design))
        for j, effect in enumerate(design.effects)
    )
    if design.estimates:  # the modifiers' own equation is the effect's
        return Origins(baseline[0], effects[0], effects)
    return Origins(baseline[0], baseline[1], effects)


def _far(values: Mapping[Factor, FloatArray], weights: list[FloatArray]) -> list[set[Factor]]:
    """Which factors may lie far from zero, for each set of weights: a first look, generous."""
    if not values:
        return [set() for _ in weights]
    table = np.stack(list(values.values()), axis=1)
    table = table / np.maximum(np.abs(table).max(axis=0), np.finfo(float).tiny)
    found = []
    for w in weights:
        first, second, total = w @ table, w @ table**2, w.sum()
        far = first**2 > (1 - 1 / FAR) * second * total
        found.append({factor for factor, one in zip(values, far.tolist(), strict=True) if one})
    return found


def unmove(design: Design, origins: Origins, used: NDArray[np.int64]) -> FloatArray:
    """From coefficients of the moved columns to those as written, (p, p).

    Args:
        design: the recipe; origins: from ``find_origins``.
        used: which of all columns (see ``columns.chunks``) the model has.
    """
    if not origins.moved:
        return np.eye(len(used))
    controls, modifiers = design.controls.terms, design.modifiers.terms
    if design.delta_names and not design.estimates:
        blocks = [_block((*controls, *modifiers), origins.controls)]
    else:
        first, second = _block(controls, origins.controls), _block(modifiers, origins.modifiers)
        both = np.eye(len(first) + len(second) - 1)
        both[: len(first), : len(first)] = first
        both[len(first) :, len(first) :] = second[1:, 1:]
        both[0, len(first) :] = second[0, 1:]
        blocks = [both]
    if not design.estimates:
        blocks += [
            _block(effect.modifiers.terms, moves)
            for effect, moves in zip(design.effects, origins.effects, strict=True)
        ]
    whole = np.zeros((sum(map(len, blocks)),) * 2)
    at = 0
    for block in blocks:
        whole[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return whole[np.ix_(used, used)]


def _moves(
    terms: tuple[TermRecipe, ...],
    values: Mapping[Factor, FloatArray],
    far: set[Factor],
    w: FloatArray,
    products: bool,
) -> dict[Factor, float]:
    """How far each factor of an equation is moved, of those that lie far and can be."""
    factors = dict.fromkeys(e.factor for t in terms for e in t.encodings if e.factor in far)
    kept = w > 0
    if not factors:
        return {}
    index = _index(terms)
    found, w = {}, w[kept] / w.max()
    for factor in factors:
        middle = _middle(values[factor][kept], w)
        if middle is None:
            continue
        mine = [term for term in terms if any(e.factor == factor for e in term.encodings)]
        if not products and any(len(term.encodings) > 1 for term in mine):
            continue
        if all(_without(term, [factor], index) for term in mine):
            found[factor] = middle
    return found


def _middle(values: FloatArray, w: FloatArray) -> float | None:
    """The mean of some values where it lies far from zero; exactly theirs where they are one."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low if low else None
    start, width = float(values[0]), high - low
    off = (values - start) / width
    mean = float(w @ off / w.sum())
    spread = float(np.sqrt(w @ (off - mean) ** 2 / w.sum()))
    center = start + mean * width
    return center if abs(center) > FAR * spread * width else None


def _block(terms: tuple[TermRecipe, ...], moves: Moves) -> FloatArray:
    """B^-1 of one equation, its intercept first."""
    index = _index(terms)
    out = np.eye(1 + sum(len(term.names) for term in terms))
    for term in terms if moves else ():
        here = index[_key(term)]
        mine = [e.factor for e in term.encodings if e.factor in moves]
        for dropped in _subsets(mine):
            power = float(np.prod([-moves[factor] for factor in dropped]))
            found = _without(term, dropped, index)
            assert found is not None
            for column, parts in zip(range(*here.indices(len(out))), found, strict=True):
                for row, sign in parts:
                    out[row, column] += sign * power
    return out


def _without(
    term: TermRecipe, dropped: Iterable[Factor], index: Mapping[Key, slice]
) -> list[list[tuple[int, float]]] | None:
    """The term's columns with some factors taken out, each as a sum of the equation's columns.

    Returns:
        per column of the term its (column, sign) parts; None where the equation lacks them.
    """
    gone = set(dropped)
    kept = [
        (e, cut)
        for e, cut in zip(term.encodings, term.reduced, strict=True)
        if e.factor not in gone
    ]
    left = TermRecipe(tuple(e for e, _ in kept), tuple(cut for _, cut in kept))
    place = index.get(_key(left))
    if place is not None:
        return [[(i, 1.0)] for i in range(place.start, place.stop)]
    if len(kept) != 1 or not kept[0][0].categorical or kept[0][1]:
        return None
    # every level of a factor whose first is left out elsewhere: one less all others
    place = index.get(_key(TermRecipe(left.encodings, (True,))))
    if place is None:
        return None
    others = range(place.start, place.stop)
    return [[(0, 1.0), *((i, -1.0) for i in others)], *([(i, 1.0)] for i in others)]


def _index(terms: tuple[TermRecipe, ...]) -> dict[Key, slice]:
    """Where each term's columns are, the intercept's (no factor) at 0."""
    out, at = {_key(TermRecipe((), ())): slice(0, 1)}, 1
    for term in terms:
        width = len(term.names)
        out.setdefault(_key(term), slice(at, at + width))
        at += width
    return out


def _key(term: TermRecipe) -> Key:
    """What makes two terms' columns the same; of single columns the order does not matter."""
    pairs = list(zip(term.encodings, term.reduced, strict=True))
    wide = tuple((e.factor, cut) for e, cut in pairs if not _plain(e))
    return wide, frozenset(e.factor for e, _ in pairs if _plain(e))


def _plain(encoding: Encoding) -> bool:
    """Whether the factor is one column of numbers."""
    return encoding.kind in ("numeric", "log")


def _subsets(factors: list[Factor]) -> Iterable[tuple[Factor, ...]]:
    """All but the empty one."""
    sizes = range(1, len(factors) + 1)
    return chain.from_iterable(combinations(factors, size) for size in sizes)


def _shrinks(design: Design) -> bool:
    """Whether modifier coefficients learn their scales, which products would mix."""
    return any(prior.distribution in SHRINKING for _, _, prior in design.plan.priors)
