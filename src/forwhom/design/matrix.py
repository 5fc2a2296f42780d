"""A formula's design matrix, and the recipe that makes it again for new rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Table
from forwhom.design.encode import Encoding, encode, fit_encoding
from forwhom.errors import DataError
from forwhom.plan.formula import Factor, Formula, Term

FloatArray = NDArray[np.float64]
Span = tuple[frozenset[Factor], frozenset[Factor]]  # numeric factors, reduced categorical ones

MOST_COLUMNS = 2_000  # of one term
NOTHING: Mapping[Factor, float] = {}


@dataclass(frozen=True, slots=True)
class TermRecipe:
    """One term: its factors' encodings and which indicator columns of each are kept.

    Attributes:
        encodings: one per factor.
        reduced: per factor, whether its first level is left out as the reference.
    """

    encodings: tuple[Encoding, ...]
    reduced: tuple[bool, ...]

    @property
    def label(self) -> str:
        """The term as written."""
        return ":".join(encoding.factor.label for encoding in self.encodings)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the term's columns."""
        names: tuple[str, ...] = ()
        for encoding, cut in zip(self.encodings, self.reduced, strict=True):
            own = encoding.names[1:] if cut else encoding.names
            names = tuple(f"{left}:{right}" for right in own for left in names) if names else own
        return names


@dataclass(frozen=True, slots=True)
class MatrixRecipe:
    """All terms of one formula, without the intercept.

    Attributes:
        terms: the terms in order.
    """

    terms: tuple[TermRecipe, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(name for term in self.terms for name in term.names)

    @property
    def main_effect(self) -> tuple[bool, ...]:
        """Which columns come from a single factor."""
        return tuple(len(term.encodings) == 1 for term in self.terms for _ in term.names)

    def matrix(
        self,
        table: Table,
        rows: slice = slice(None),
        less: Mapping[Factor, float] = NOTHING,
    ) -> FloatArray:
        """The columns for some rows of a table; (rows, k).

        Numbers of the factors in ``less`` are taken from there, before products are made.

        Raises:
            DataError: a value the fit cannot place.
        """
        parts = []
        for term in self.terms:
            part: FloatArray | None = None
            for encoding, reduced in zip(term.encodings, term.reduced, strict=True):
                columns = encode(encoding, table.columns[encoding.factor.column], rows)
                columns = columns[:, 1:] if reduced else columns
                if encoding.factor in less:
                    columns = columns - less[encoding.factor]
                if part is None:
                    part = columns
                else:  # the last factor varies slowest, as in R and formulaic
                    product = columns[:, :, None] * part[:, None, :]
                    part = product.reshape(len(part), -1)
            if part is not None:
                parts.append(part)
        if not parts:
            count = len(range(*rows.indices(table.n_rows)))
            return np.empty((count, 0))
        return np.hstack(parts)


def fit_matrix(formula: Formula, table: Table, times: FloatArray | None = None) -> MatrixRecipe:
    """Learn a formula's encodings from the analysis rows.

    Indicator coding keeps what the columns before do not span yet: the first level is left out
    where the margin of the term is in the model, all levels are kept where it is not. Each row
    counts ``times`` times in means, sds and quantiles.

    Raises:
        DataError: a factor with one level only, or more columns than can be estimated.
    """
    cache: dict[Factor, Encoding] = {}
    spanned: set[Span] = {(frozenset(), frozenset())}
    recipes: list[TermRecipe] = []
    for term in formula.terms:
        for factor in term.factors:
            if factor not in cache:
                cache[factor] = fit_encoding(factor, table.columns[factor.column], times)
                _check_levels(factor, cache[factor])
        encodings = [cache[factor] for factor in term.factors]
        _check_width(term, encodings)
        recipes += _fit_term(encodings, spanned)
    return MatrixRecipe(tuple(recipes))


def _fit_term(encodings: list[Encoding], spanned: set[Span]) -> list[TermRecipe]:
    """The blocks of columns that a term adds, one as a rule; ``spanned`` is added to.

    With the first level left out, a product of categorical factors spans one space per set of
    factors; with all levels, also the spaces of the sets without that factor. A block is an
    interval of such sets: factors in its least set are reduced, the others keep all levels.
    """
    numbers = frozenset(e.factor for e in encodings if not e.categorical)
    categorical = [e.factor for e in encodings if e.categorical]
    every = _subsets(categorical)
    left = [s for s in every if (numbers, s) not in spanned]
    spanned.update((numbers, s) for s in left)
    recipes = []
    while left:
        known = set(left)
        least = most = left[0]
        for factor in categorical:
            wider = most | {factor}
            if all(s in known for s in every if least <= s <= wider):
                most = wider
        left = [s for s in left if not least <= s <= most]
        chosen = tuple(e for e in encodings if e.factor in numbers | most)
        reduced = tuple(e.factor in least for e in chosen)
        recipes.append(TermRecipe(chosen, reduced))
    return sorted(recipes, key=lambda recipe: len(recipe.encodings))


def _subsets(factors: list[Factor]) -> list[frozenset[Factor]]:
    """All sets of some factors, small ones first."""
    sizes = range(len(factors) + 1)
    return [frozenset(s) for size in sizes for s in combinations(factors, size)]


def _check_levels(factor: Factor, encoding: Encoding) -> None:
    if encoding.categorical and len(encoding.levels) < 2:
        raise DataError(
            f"'{factor.label}' has one level only ('{encoding.levels[0]}') among the complete "
            "rows, so nothing can differ by it. Leave it out, or check the coding."
        )


def _check_width(term: Term, encodings: list[Encoding]) -> None:
    """Stop before a column of names fills the memory."""
    width = prod(len(encoding.names) for encoding in encodings)
    if width > MOST_COLUMNS:
        widest = max(encodings, key=lambda encoding: len(encoding.names))
        raise DataError(
            f"'{term.label}' makes {width:,} columns ('{widest.factor.label}' has "
            f"{len(widest.names):,} levels); at most {MOST_COLUMNS:,} are possible. Merge levels, "
            f"or say groups='{widest.factor.column}' to let effects vary between them without a "
            "coefficient for each."
        )
