"""How many rows each combination of levels has, in all and by arm; which have none.

Tests: tests/cells/test_checks.py, tests/cases/test_15_empty_combinations.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from forwhom.design import Design, Rows
from forwhom.design.encode import Encoding, encode
from forwhom.design.matrix import TermRecipe
from forwhom.errors import plural

FloatArray = NDArray[np.float64]

CHUNK = 200_000  # rows whose levels are spread out at one time


def level_terms(design: Design) -> tuple[TermRecipe, ...]:
    """The sets of factors with levels that occur together in a term, each once, small ones first.

    Numbers that go with them are left out, and every level is kept.
    """
    found: dict[frozenset[str], TermRecipe] = {}
    for term in (*design.controls.terms, *design.modifiers.terms):
        factors = tuple(e for e in term.encodings if e.categorical)
        if factors:
            found.setdefault(_labels(factors), TermRecipe(factors, (False,) * len(factors)))
    return tuple(sorted(found.values(), key=lambda term: len(term.encodings)))


def count_levels(design: Design, rows: Rows) -> tuple[FloatArray, ...]:
    """Rows of each combination, the first factor fastest, per set of ``level_terms``.

    Returns:
        each (1 + 2 J, L): in all, then with (d is not zero) and without each effect's arm. Rows
        that stand for several count as several; sampling weights do not count.
    """
    terms, columns = level_terms(design), [e.treatment.column for e in design.effects]
    sizes = [[len(e.levels) for e in term.encodings] for term in terms]
    out = [np.zeros((1 + 2 * len(columns), int(np.prod(size)))) for size in sizes]
    weighted = rows.weights is not None and design.plan.weights_kind == "frequency"
    for start in range(0, len(rows.y) if terms else 0, CHUNK):
        part = slice(start, min(start + CHUNK, len(rows.y)))
        w = rows.weights[part] if weighted and rows.weights is not None else None
        given = rows.d[part] != 0
        every = [np.ones(len(given), dtype=bool)]
        for j, name in enumerate(columns):
            same = [i for i, other in enumerate(columns) if other == name]
            every += [given[:, j], ~given[:, same].any(axis=1)]
        level = {
            e.factor: encode(e, rows.table.columns[e.factor.column], part).argmax(axis=1)
            for term in terms
            for e in term.encodings
        }
        for term, size, counts in zip(terms, sizes, out, strict=True):
            index = tuple(level[e.factor] for e in term.encodings)
            code = np.ravel_multi_index(index, size, order="F")
            for row, mine in zip(counts, every, strict=True):
                row += np.bincount(code[mine], None if w is None else w[mine], counts.shape[1])
    return tuple(out)


def gaps(design: Design, counts: tuple[FloatArray, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Combinations of levels that lack rows their coefficients could be learnt from.

    Args:
        design: the recipe; counts: from ``count_levels``.

    Returns:
        each in words ("site=3 (46 rows) has no treated row") with the columns it is about. What a
        smaller combination says already is not said again.
    """
    found: list[tuple[str, tuple[str, ...]]] = []
    said: list[tuple[str, frozenset[tuple[str, str]]]] = []
    for term, table in zip(level_terms(design), counts, strict=True):
        shape = [len(e.levels) for e in term.encodings]
        for lacking, arm in _lacking(design, term, table):
            for code in np.flatnonzero(lacking).tolist():
                at = np.unravel_index(code, shape, order="F")
                pairs = [
                    (_name(e), e.levels[int(i)]) for e, i in zip(term.encodings, at, strict=True)
                ]
                mine = frozenset(pairs)
                if any(other <= mine for same, other in said if same in (arm, "")):
                    continue
                said.append((arm, mine))
                words = " with ".join(f"{name}={level}" for name, level in pairs)
                columns = tuple(e.factor.column for e in term.encodings)
                if arm:
                    rows = plural(int(table[0, code]), "row")
                    found.append((f"{words} ({rows}) has no {arm}", columns))
                else:
                    found.append((f"{words} occurs in no row", columns))
    return found


def _lacking(
    design: Design, term: TermRecipe, table: FloatArray
) -> Iterator[tuple[NDArray[np.bool_], str]]:
    """Which combinations have no row at all, and which lack those of an arm, with its name."""
    any_row = table[0] > 0
    yield ~any_row, ""
    several = len(design.effects) > 1
    for j, effect in enumerate(design.effects):
        t = effect.treatment
        if t.kind == "estimate" or not _holds(effect.modifiers.terms, term):
            continue
        arm = "row with a dose" if t.kind == "dose" else "treated row"
        if several:
            arm = f"row with {t.column}" + (f" '{t.treated}'" if t.kind == "binary" else "")
        yield any_row & (table[1 + 2 * j] == 0), arm
        if design.delta_names and t.kind == "binary" and not several:
            yield any_row & (table[2 + 2 * j] == 0), "control row"


def _holds(terms: tuple[TermRecipe, ...], wanted: TermRecipe) -> bool:
    labels = _labels(wanted.encodings)
    return any(_labels(tuple(e for e in t.encodings if e.categorical)) == labels for t in terms)


def _labels(factors: tuple[Encoding, ...]) -> frozenset[str]:
    return frozenset(e.factor.label for e in factors)


def _name(encoding: Encoding) -> str:
    factor = encoding.factor
    return factor.column if factor.function in (None, "C") else factor.label
