"""What a dataclass says its fields hold, and whether a value is of that kind.

Tests: tests/fitted/test_storage.py.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAliasType, TypeVar, Union, get_args, get_origin

import numpy as np

NUMBERS = {float: (float, int, bool), int: (int,), bool: (bool,), str: (str,)}
MOST = 1 << 64
DTYPES = {"f": "f", "i": "iu", "u": "iu", "b": "b"}  # by the kind declared, the kinds that pass


@cache
def fields_of(made: type) -> Mapping[str, Any]:
    """The fields of a dataclass with what each is declared to hold.

    >>> from forwhom.plan import Prior
    >>> fields_of(Prior)["distribution"]
    <class 'str'>
    """
    hints = typing.get_type_hints(made)
    return {field.name: hints[field.name] for field in dataclasses.fields(made)}


def classes_in(*hints: Any) -> dict[str, type]:
    """Every dataclass that values of these kinds can hold, by name.

    >>> from forwhom.plan import Formula
    >>> sorted(classes_in(Formula))
    ['Factor', 'Formula', 'Term']
    """
    found: dict[str, type] = {}
    waiting = list(hints)
    while waiting:
        hint = _plain(waiting.pop())
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            if hint.__name__ not in found:
                found[hint.__name__] = hint
                waiting += fields_of(hint).values()
        elif not _is_array(hint):
            waiting += [part for part in get_args(hint) if part is not Ellipsis]
    return found


def is_of(value: Any, hint: Any) -> bool:
    """Whether a value is of a declared kind: text, numbers, tuples, arrays, our own dataclasses.

    Whole numbers pass where fractions are declared, never the other way round.

    >>> is_of((1, 2.5), tuple[float, ...]), is_of((1, 2.5), tuple[int, ...])
    (True, False)
    """
    hint = _plain(hint)
    if hint is Any:
        return True
    if hint is None or hint is types.NoneType:
        return value is None
    if hint in NUMBERS:
        return _is_plain(value, NUMBERS[hint])
    if hint is slice:
        return type(value) is slice and all(
            part is None or (type(part) is int and part >= 0)
            for part in (value.start, value.stop, value.step)
        )
    if _is_array(hint):
        return isinstance(value, np.ndarray) and value.dtype.kind in _dtypes(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(is_of(value, part) for part in parts)
    if origin is tuple:
        return type(value) is tuple and _are_of(value, parts)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return type(value) is hint
    raise TypeError(f"fields of kind {hint} cannot be stored")


def as_declared(value: Any, hint: Any) -> Any:
    """An array in the kind of number that is declared, where that loses nothing."""
    hint = _plain(hint)
    if isinstance(value, np.ndarray) and _is_array(hint) and value.dtype.kind not in _dtypes(hint):
        declared = get_args(get_args(hint)[1])[0]
        if np.can_cast(value.dtype, declared):
            return value.astype(declared)
    return value


def _is_plain(value: Any, allowed: tuple[type, ...]) -> bool:
    """Of one of the types; whole numbers of 64 bits, as all that comes from data are."""
    kind = type(value)
    return kind in allowed and (kind is not int or -MOST <= value < MOST)


def _are_of(values: tuple[Any, ...], parts: tuple[Any, ...]) -> bool:
    if len(parts) == 2 and parts[1] is Ellipsis:
        allowed = NUMBERS.get(_plain(parts[0]))
        if allowed:  # the long ones, at once
            return all(_is_plain(value, allowed) for value in values)
        return all(is_of(value, parts[0]) for value in values)
    return len(values) == len(parts) and all(map(is_of, values, parts))


def _plain(hint: Any) -> Any:
    """Named kinds as what they stand for."""
    while True:
        if isinstance(hint, TypeAliasType):
            hint = hint.__value__
        elif isinstance(get_origin(hint), TypeAliasType):
            alias = get_origin(hint)
            hint = _filled(
                alias.__value__, dict(zip(alias.__type_params__, get_args(hint), strict=True))
            )
        else:
            return hint


def _filled(hint: Any, given: Mapping[Any, Any]) -> Any:
    """A kind with its type parameters filled in."""
    if isinstance(hint, TypeVar):
        return given[hint]
    parts = get_args(hint)
    if not parts:
        return hint
    filled = tuple(part if part is Ellipsis else _filled(part, given) for part in parts)
    if get_origin(hint) in (Union, types.UnionType):
        return Union[filled]  # noqa: UP007 - the parts are known only here
    return get_origin(hint)[filled]


def _is_array(hint: Any) -> bool:
    return hint is np.ndarray or get_origin(hint) is np.ndarray


def _dtypes(hint: Any) -> str:
    if hint is np.ndarray:
        return "fiub"
    declared = get_args(get_args(hint)[1])[0]
    return DTYPES[np.dtype(declared).kind]
