"""Comparisons of a formula, ``I(age >= 65)``, as columns of 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column
from forwhom.design.distinct import distinct_codes
from forwhom.design.known import exact_text, number_in
from forwhom.design.levels import SAME, level_names
from forwhom.errors import DataError, PlanError, listing, nearest
from forwhom.plan.formula import Factor
from forwhom.plan.literals import MEMBERSHIPS, Literal, literal_text

FloatArray = NDArray[np.float64]

MOST_LEVELS = 200  # of numbers whose values are known one by one


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison, fitted.

    Attributes:
        levels: the values known at the fit, as text; empty where any number has its answer.
        codes: for a column of numbers, the number behind each of them; for labelled texts the text.
        holds: 0 or 1 for each of them; without levels, the numbers compared with.
    """

    levels: tuple[str, ...]
    codes: tuple[float | str, ...]
    holds: tuple[float, ...]


def fit_comparison(factor: Factor, column: Column) -> Comparison:
    """What a comparison's value means in the column, and which of its levels fulfil it.

    Raises:
        PlanError: an order asked of text.
        DataError: a value that never occurs, or a comparison that never or always holds.
    """
    operator, asked = factor.arguments
    given = asked if isinstance(asked, tuple) else (asked,)
    if operator not in (*MEMBERSHIPS, "==", "!="):
        return _fit_order(factor, column, given[0])
    values, codes = _levels(column)
    names = level_names(column, values.tolist())
    hit = np.zeros(len(values), dtype=np.bool_)
    for one in given:
        found = _matches(one, column, values, names)
        if not found.any():
            raise _never(factor, one, column, names)
        hit |= found
    holds = hit if operator in ("==", "in") else ~hit
    _check_varies(factor, holds[codes])
    if column.kind != "text" and len(values) > MOST_LEVELS:
        return Comparison((), (), tuple(float(v) for v in values[hit]))
    own: tuple[float | str, ...] = tuple(values.tolist())
    if column.kind == "text":
        own = () if names == column.levels else column.levels or ()
    return Comparison(names, own, tuple(holds.astype(float).tolist()))


def reference_first(factor: Factor, column: Column, shown: tuple[str, ...]) -> list[int]:
    """The places of a categorical factor's levels, the reference asked for first.

    Args:
        shown: the levels' names in tables, in their order.

    Raises:
        DataError: the reference never occurs, or several levels go by its name.
    """
    order = list(range(len(shown)))
    if not factor.arguments:
        return order
    (asked,) = factor.arguments
    assert not isinstance(asked, tuple)
    values, _ = _levels(column)
    hit = np.array([name == asked for name in shown], dtype=np.bool_)
    if not hit.any():
        hit = _matches(asked, column, values, shown)
    if not hit.any():
        raise _never(factor, asked, column, shown)
    places = np.flatnonzero(hit).tolist()
    if len(places) > 1:
        ways = " or ".join(f"ref={literal_text(_code(values[i]))}" for i in places)
        raise DataError(
            f"{factor.label}: {len(places)} levels of column '{column.name}' go by "
            f"{literal_text(asked)}. Say {ways}."
        )
    return [places[0], *(i for i in order if i != places[0])]


def compare(factor: Factor, holds: tuple[float, ...], values: FloatArray) -> NDArray[np.bool_]:
    """Whether numbers fulfil a comparison for which any number has its answer, (n,).

    Fractions that differ beyond twelve significant digits are equal; whole numbers never are.
    """
    operator = str(factor.arguments[0])
    if operator in (*MEMBERSHIPS, "==", "!="):
        hit = np.zeros(len(values), dtype=np.bool_)
        for one in holds:
            hit |= _near(values, one)
        return hit if operator in ("==", "in") else ~hit
    (value,) = holds
    equal = _near(values, value)
    above = values > value
    answers = {
        "<": ~above & ~equal,
        "<=": ~above | equal,
        ">": above & ~equal,
        ">=": above | equal,
    }
    return answers[operator]


def _fit_order(factor: Factor, column: Column, request: Literal) -> Comparison:
    value = number_in(request) if isinstance(request, str) else float(request)
    if column.kind == "text":
        shown = listing(column.levels or ())
        raise PlanError(
            f"{factor.label}: column '{column.name}' holds text ({shown}), which has no order here."
            f" Name the levels, as in I({column.name} in "
            f"[{', '.join(literal_text(level) for level in (column.levels or ())[:2])}])."
        )
    if value is None:
        raise PlanError(
            f"{factor.label}: {request!r} is no number, and '{factor.arguments[0]}' compares "
            f"numbers. Compare its labels by ==, as in I({column.name} == {literal_text(request)})."
        )
    _check_varies(factor, compare(factor, (value,), np.asarray(column.values, dtype=float)))
    return Comparison((), (), (value,))


def _levels(column: Column) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The values that occur, and which of them each row holds."""
    if column.kind == "text":
        return np.arange(len(column.levels or ())), np.asarray(column.values, dtype=np.int64)
    return distinct_codes(column.keys)


def _matches(
    request: Literal, column: Column, values: NDArray[Any], names: tuple[str, ...]
) -> NDArray[np.bool_]:
    """Which values a literal stands for: by label, as written, or as the number it writes."""
    if isinstance(request, str):
        labels: dict[Any, str] = dict(column.value_labels)
        own = list(column.levels or ()) if column.kind == "text" else values.tolist()
        pairs = zip(own, names, strict=True)
        named = [request in (name, labels.get(value)) for value, name in pairs]
        if not any(named) and column.kind == "text":  # a code of labelled texts
            named = [value == request for value in own]
        if any(named) or column.kind == "text":
            return np.array(named, dtype=np.bool_)
        number = number_in(request)
        if column.kind == "boolean" and request.casefold() in ("true", "false"):
            number = float(request.casefold() == "true")
        return np.array(named, dtype=np.bool_) if number is None else _near(values, number)
    if column.kind == "text":
        words = (
            {"true" if request else "false"} if isinstance(request, bool) else {exact_text(request)}
        )
        own = list(column.levels or ())
        return np.array([str(value).casefold() in words for value in own], dtype=np.bool_)
    return _near(values, request)


def _near(values: NDArray[Any], value: float) -> NDArray[np.bool_]:
    """Equality of fractions up to the twelfth digit, of whole numbers in full."""
    if values.dtype.kind != "f":  # whole numbers of any length
        return np.array([one == value for one in values.tolist()], dtype=np.bool_)
    equal = values == value
    close = np.abs(values - value) <= SAME * abs(value)
    whole = (values == np.floor(values)) & float(value).is_integer()
    return np.asarray(equal | (close & ~whole))


def _code(value: Any) -> Literal:
    """A code as Python's own number."""
    number = value.item() if isinstance(value, np.generic) else value
    return int(number) if float(number).is_integer() else float(number)


def _check_varies(factor: Factor, holds: NDArray[np.bool_]) -> None:
    if holds.all() or not holds.any():
        where = "every complete row" if holds.all() else "no complete row"
        raise DataError(
            f"{factor.label} holds in {where}, so nothing can differ by it. Compare with another "
            "value, or leave it out."
        )


def _never(factor: Factor, request: Literal, column: Column, names: tuple[str, ...]) -> DataError:
    labels: dict[str, Any] = {label: value for value, label in column.value_labels}
    codes = [labels.get(name) for name in names]
    shown = [
        f"{exact_text(code)} ({name})" if isinstance(code, float | int) else name
        for name, code in zip(names, codes, strict=True)
    ]
    text = request if isinstance(request, str) else exact_text(request)
    return DataError(
        f"{factor.label}: column '{column.name}' holds no {literal_text(request)} among the "
        f"complete rows.{nearest(text, names)} It holds {listing(shown)}."
    )
