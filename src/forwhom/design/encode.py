"""Factors of a formula turned into columns of numbers, with what was learnt kept for replay.

An encoding is fitted once on the analysis rows (levels, means, cut points, knots) and then only
applied, so that new data meet the same columns as the fit (STYLE: the matrix carries its recipe).

Tests: tests/design/test_matrix.py
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column
from forwhom.design.comparison import compare, fit_comparison, reference_first
from forwhom.design.counted import mean, quantiles, sd, total
from forwhom.design.known import KnownColumn, know, recall
from forwhom.design.levels import bin_levels, level_names, number_text, number_texts, places_of
from forwhom.errors import DataError, PlanError, listing, nearest
from forwhom.plan.formula import Factor

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Encoding:
    """One factor, fitted: how its column becomes ``width`` numeric columns.

    Attributes:
        factor: the factor as written.
        kind: "numeric", "log", "levels", "bins", "poly", "bs" or "comparison".
        names: names of the columns with full coding for a categorical factor (all its levels).
        constants: fitted numbers; their meaning depends on the kind (see ``encode``).
        levels: for a categorical factor, the levels in order, as text.
        codes: for a categorical factor over numbers, the number behind each level; over labelled
            texts, the text.
        known: the column as the fit met it, which other data are held to.
    """

    factor: Factor
    kind: str
    names: tuple[str, ...]
    constants: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    codes: tuple[float | str, ...] = ()
    known: KnownColumn | None = None

    @property
    def categorical(self) -> bool:
        """Whether the factor stands for levels, coded by indicators."""
        return self.kind in ("levels", "bins")


def fit_encoding(factor: Factor, column: Column, times: FloatArray | None = None) -> Encoding:
    """Learn from the analysis rows what the factor needs, and remember its column.

    Args:
        factor: the factor, for instance ``bin(age, 4)``.
        column: its column, complete rows only.
        times: how many times each row counts, where it is not once.

    Raises:
        PlanError: a numeric function asked of a text column, or arguments that make no sense.
        DataError: values that the function cannot take, such as log(0).
    """
    if factor.function not in (None, "C"):
        column = column.as_numbers()
    return replace(_fit(factor, column, times), known=know(column))


def _fit(factor: Factor, column: Column, times: FloatArray | None) -> Encoding:
    function = factor.function
    if function == "I":
        found = fit_comparison(factor, column)
        return Encoding(
            factor, "comparison", (factor.label,), found.holds, found.levels, found.codes
        )
    if column.kind == "text":
        return _fit_texts(factor, column)
    if function == "C":
        return _fit_codes(factor, column)
    values = np.asarray(column.values, dtype=float)
    if function == "bin":
        cuts = bin_cuts(values, bin_request(factor), factor.label, times)
        levels = bin_levels(cuts)
        return Encoding(
            factor, "bins", _level_names(factor, levels), tuple(cuts.tolist()), levels=levels
        )
    if function == "log":
        if (values <= 0).any():
            raise _no_logarithm(factor, values)
        return Encoding(factor, "log", (factor.label,))
    if function == "poly":
        return _fit_poly(factor, values, whole_argument(factor, 2), times)
    if function == "bs":
        return _fit_bs(factor, values, whole_argument(factor, 4), times)
    return Encoding(factor, "numeric", (factor.label,), _place_and_unit(factor, values, times))


def _fit_texts(factor: Factor, column: Column) -> Encoding:
    """Levels of a text column."""
    if factor.function not in (None, "C"):
        raise PlanError(
            f"{factor.label}: column '{column.name}' holds text; {factor.function}() needs "
            f"numbers. Use '{column.name}' by itself: its levels are compared with the first one."
        )
    levels = level_names(column)
    labelled = levels != column.levels
    order = reference_first(factor, column, levels)
    own = tuple((column.levels or ())[i] for i in order) if labelled else ()
    levels = tuple(levels[i] for i in order)
    return Encoding(factor, "levels", _level_names(factor, levels), levels=levels, codes=own)


def _fit_codes(factor: Factor, column: Column) -> Encoding:
    """Levels of a column of numbers, as ``C`` asks."""
    codes = np.unique(column.keys)
    if len(codes) > 200:
        raise PlanError(
            f"{factor.label}: column '{column.name}' has {len(codes):,} different values, too "
            f"many to be levels. Use it as a number, or cut it with bin({column.name}, 4)."
        )
    # true and false are 1 and 0 here, so that terms have one name whatever holds them
    named = replace(column, kind="numeric")
    levels = level_names(named, codes.tolist())
    order = reference_first(factor, column, levels)
    levels = tuple(levels[i] for i in order)
    return Encoding(
        factor,
        "levels",
        _level_names(factor, levels),
        levels=levels,
        codes=tuple(codes[i].item() for i in order)
        if codes.dtype != object
        else tuple(codes[i] for i in order),
    )


def _place_and_unit(
    factor: Factor, values: FloatArray, times: FloatArray | None
) -> tuple[float, float]:
    """What a number is measured from, and in."""
    if factor.function is None:
        return 0.0, 1.0
    if factor.function == "center":
        return mean(values, times), 1.0
    if factor.function == "scale":
        size = sd(values, times)
        if not size > 0:
            raise DataError(f"{factor.label}: column '{factor.column}' does not vary.")
        return mean(values, times), 2.0 * size
    raise PlanError(f"{factor.label}: unknown function {factor.function!r}.")


def encode(encoding: Encoding, column: Column, rows: slice) -> FloatArray:
    """The factor's columns for some rows, with full indicator coding where it is categorical.

    Returns:
        (rows, width) array; width is the number of levels, of polynomial degrees, or 1.

    Raises:
        DataError: a level that the fit has not seen, or a column of another kind than the fit's
            whose values cannot be told.
    """
    kind = encoding.kind
    if kind != "levels":
        column = column.as_numbers()
    if encoding.known is not None:
        column = recall(encoding.known, column)
    values = column.values[rows]
    if kind == "comparison" and encoding.levels:
        holds = np.asarray(encoding.constants)
        return np.asarray(holds[_level_index(encoding, column, rows)][:, None])
    if kind == "levels":
        index = _level_index(encoding, column, rows)
        return _indicators(index, len(encoding.levels))
    numbers = np.asarray(values, dtype=float)
    if kind == "bins":
        cuts = np.asarray(encoding.constants)
        return _indicators(np.searchsorted(cuts, numbers, side="left"), len(encoding.levels))
    if kind == "comparison":
        fulfilled = compare(encoding.factor, encoding.constants, numbers)
        return np.asarray(fulfilled[:, None], dtype=float)
    if kind == "numeric":
        center, scale = encoding.constants
        return np.asarray(((numbers - center) / scale)[:, None])
    if kind == "log":
        if (numbers <= 0).any():
            raise _no_logarithm(encoding.factor, numbers)
        return np.asarray(np.log(numbers)[:, None])
    if kind == "poly":
        return _poly_columns(numbers, np.asarray(encoding.constants))
    return _bs_columns(numbers, np.asarray(encoding.constants))


def bin_request(factor: Factor) -> int:
    """The number of bins that ``bin(x, 4)`` asks for."""
    return whole_argument(factor, 4)


def bin_cuts(
    values: FloatArray,
    request: int | tuple[float, ...],
    label: str,
    times: FloatArray | None = None,
) -> FloatArray:
    """Interior cut points: quantiles for a number of bins, or the points given.

    Ties may merge quantile bins; the caller says so. Intervals are closed on the right. Each value
    counts ``times`` times.

    >>> bin_cuts(np.arange(9.0), 4, "bin(x, 4)").tolist()
    [2.0, 4.0, 6.0]
    """
    if isinstance(request, int):
        if request < 2:
            raise PlanError(f"{label}: at least 2 bins are needed.")
        cuts = np.unique(quantiles(values, np.arange(1, request) / request, times))
        rows = np.bincount(np.searchsorted(cuts, values, side="left"), minlength=len(cuts) + 1)
        cuts = cuts[rows[:-1] > 0]  # ties can leave a bin between two quantiles empty
    else:
        cuts = np.unique(np.asarray(request, dtype=float))
    inside = cuts[(cuts >= values.min()) & (cuts < values.max())]
    if not len(inside):
        raise DataError(f"{label}: no cut point separates the values; all rows fall in one bin.")
    return inside


def whole_argument(factor: Factor, usual: int) -> int:
    """The whole number that a function was given."""
    given = factor.arguments[0] if factor.arguments else usual
    assert isinstance(given, int)
    return given


def _no_logarithm(factor: Factor, values: FloatArray) -> DataError:
    low = values[values <= 0]
    return DataError(
        f"{factor.label}: column '{factor.column}' holds values of zero or below in {len(low):,} "
        f"rows (smallest {number_text(low.min())}); a logarithm needs values above zero."
    )


def _level_names(factor: Factor, levels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{factor.label}[{level}]" for level in levels)


def _indicators(index: NDArray[np.int64], width: int) -> FloatArray:
    return np.asarray(index[:, None] == np.arange(width)[None, :], dtype=float)


def _level_index(encoding: Encoding, column: Column, rows: slice) -> NDArray[np.int64]:
    values = column.values[rows]
    own = encoding.codes or encoding.levels
    if not isinstance(own[0], str):
        order = np.argsort(np.array(own))  # of the numbers; levels have the reference first
        found = places_of([own[i] for i in order.tolist()], column, rows)
        unseen = found < 0
        index = order[found]
        strangers = set(number_texts(np.unique(column.keys[rows][unseen]).tolist()))
    else:
        names = column.levels or ()
        if names == own:
            return np.asarray(values, dtype=np.int64)
        lookup = {level: i for i, level in enumerate(own)}
        table = np.array([lookup.get(name, -1) for name in names], dtype=np.int64)
        index = table[np.asarray(values, dtype=np.int64)]
        unseen = index < 0
        strangers = {names[int(code)] for code in np.asarray(values)[unseen]}
    if unseen.any():
        raise DataError(
            f"column '{column.name}' holds {listing(sorted(strangers))}, which the fit has not "
            f"seen.{_near_miss(min(strangers), encoding.levels)} Known values: "
            f"{listing(encoding.levels)}."
        )
    return np.asarray(index, dtype=np.int64)


def _near_miss(stranger: str, levels: tuple[str, ...]) -> str:
    """What an unknown level was meant to be, if that can be seen."""
    if stranger.strip() in levels and stranger not in levels:
        return f" '{stranger}' has blanks around it; the fit knows '{stranger.strip()}'."
    return nearest(stranger, levels)


def _distinct(values: FloatArray, enough: int) -> int:
    """Number of different values, exact up to ``enough`` at least."""
    few = len(np.unique(values[:10_000]))
    return few if few > enough else len(np.unique(values))


def _fit_poly(
    factor: Factor, values: FloatArray, degree: int, times: FloatArray | None
) -> Encoding:
    """Orthogonal polynomials by their three-term recurrence (Kennedy & Gentle 1980, p. 343)."""
    distinct = _distinct(values, degree)
    if degree < 1 or degree >= distinct:
        raise PlanError(
            f"{factor.label}: degree {degree} needs more than {degree} different values; column "
            f"'{factor.column}' has {distinct}."
        )
    center = mean(values, times)
    alphas: list[float] = []
    norms: list[float] = [1.0, total(values, times)]
    w = np.ones_like(values) if times is None else times
    x = values - center
    previous, current = np.zeros_like(x), np.ones_like(x)
    for power in range(degree):
        norm = float((w * current) @ current)
        alpha = float((w * x * current) @ current) / norm
        beta = norm / norms[-2] if power else 0.0
        previous, current = current, (x - alpha) * current - beta * previous
        alphas.append(alpha)
        norms.append(float((w * current) @ current))
    names = tuple(f"{factor.label}[{power}]" for power in range(1, degree + 1))
    return Encoding(factor, "poly", names, (center, *alphas, *norms[1:]))


def _poly_columns(values: FloatArray, constants: FloatArray) -> FloatArray:
    degree = (len(constants) - 2) // 2
    center, alphas = constants[0], constants[1 : 1 + degree]
    norms = np.concatenate([[1.0], constants[1 + degree :]])
    x = values - center
    previous, current = np.zeros_like(x), np.ones_like(x)
    out = np.empty((len(x), degree))
    for power in range(degree):
        beta = norms[power + 1] / norms[power] if power else 0.0
        previous, current = current, (x - alphas[power]) * current - beta * previous
        out[:, power] = current / np.sqrt(norms[power + 2])
    return out


def _fit_bs(factor: Factor, values: FloatArray, df: int, times: FloatArray | None) -> Encoding:
    """Cubic B-spline basis without its first column, knots at quantiles, as R's splines::bs."""
    if df < 3:
        raise PlanError(f"{factor.label}: a cubic spline needs df of at least 3.")
    low, high = float(values.min()), float(values.max())
    shares = np.linspace(0, 1, df - 1)[1:-1]
    inner = quantiles(values, shares, times) if df > 3 else np.array([])
    if _distinct(values, df) <= df or (np.diff([low, *inner, high]) <= 0).any():
        raise DataError(
            f"{factor.label}: column '{factor.column}' has too few different values for df={df}; "
            "lower df or use poly()."
        )
    knots = np.concatenate([[low] * 4, inner, [high] * 4])
    names = tuple(f"{factor.label}[{i}]" for i in range(1, df + 1))
    return Encoding(factor, "bs", names, tuple(knots.tolist()))


def _bs_columns(values: FloatArray, knots: FloatArray) -> FloatArray:
    from scipy.interpolate import BSpline

    low, high = knots[0], knots[-1]
    if ((values < low) | (values > high)).any():
        raise DataError(
            f"a spline cannot be continued beyond the fitted range {number_text(low)} to "
            f"{number_text(high)}."
        )
    return np.asarray(BSpline.design_matrix(values, knots, 3).toarray()[:, 1:])
