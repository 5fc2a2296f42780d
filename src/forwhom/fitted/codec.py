"""Frozen dataclasses to JSON and back, arrays kept apart; reading runs no code from the file."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import DataError
from forwhom.fitted.field_types import as_declared, fields_of, is_of

Arrays = dict[str, NDArray[Any]]

MOST_DEPTH = 40  # of tuples and classes inside one another; a fit has about twelve


def encode(value: Any, arrays: Arrays) -> Any:
    """A JSON-ready tree; arrays go into ``arrays`` and are replaced by their key.

    Raises:
        TypeError: a value that cannot be stored, or is not of the kind its field declares.

    >>> store = {}
    >>> encode((1, np.arange(2)), store), list(store)
    ({'tuple': [1, {'array': 'a0'}]}, ['a0'])
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {}
        for name, hint in fields_of(type(value)).items():
            own = _plain(as_declared(getattr(value, name), hint))
            if not is_of(own, hint):
                raise TypeError(f"{type(value).__name__}.{name} holds {own!r:.80}, not {hint}")
            fields[name] = encode(own, arrays)
        return {"class": type(value).__name__, "fields": fields}
    value = _plain(value)
    if isinstance(value, np.ndarray):
        key = f"a{len(arrays)}"
        arrays[key] = value
        return {"array": key}
    if isinstance(value, tuple):
        return {"tuple": [encode(item, arrays) for item in value]}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"cannot store a {type(value).__name__}")


def decode(tree: Any, arrays: Mapping[str, NDArray[Any]], classes: Mapping[str, type]) -> Any:
    """The value back; only the classes given can be made, each of the kinds its fields declare.

    Raises:
        DataError: a class that is not known, so that the file is not ours or of another version;
            parts that no version writes.
    """
    unused = dict(arrays)
    value = _decode(tree, unused, classes, MOST_DEPTH)
    if unused:
        raise DataError(f"the file holds numbers that belong to nothing ({len(unused)} arrays).")
    return value


def _decode(tree: Any, arrays: Arrays, classes: Mapping[str, type], depth: int) -> Any:
    if not isinstance(tree, dict):
        if isinstance(tree, list):
            raise DataError("the file holds a list where none belongs.")
        return tree
    if not depth:
        raise DataError("the file's parts are nested too deep.")
    depth -= 1
    if tree.keys() == {"class", "fields"}:
        return _instance(tree["class"], tree["fields"], arrays, classes, depth)
    if len(tree) != 1:
        raise DataError("the file holds a part without a kind.")
    ((kind, held),) = tree.items()
    if kind == "array" and isinstance(held, str) and held in arrays:
        return arrays.pop(held)  # each stands in one place
    if kind == "tuple" and isinstance(held, list):
        return tuple(_decode(item, arrays, classes, depth) for item in held)
    if kind == "slice" and isinstance(held, list) and len(held) == 2:
        found = slice(*held)
        if is_of(found, slice):
            return found
    if kind == "float" and held in ("nan", "inf", "-inf"):
        return float(held)
    raise DataError(f"the file holds a part that cannot be read: '{str(kind)[:40]}'.")


def _instance(
    name: Any, fields: Any, arrays: Arrays, classes: Mapping[str, type], depth: int
) -> Any:
    made = classes.get(name) if isinstance(name, str) else None
    if made is None:
        raise DataError(
            f"the file holds a '{str(name)[:60]}', which this version does not know; it was "
            "written by another version of forwhom."
        )
    hints = fields_of(made)
    if not isinstance(fields, dict) or set(hints) != set(fields):
        raise DataError(
            f"the file's '{made.__name__}' has other parts than this version's; it was written by "
            "another version of forwhom."
        )
    values = {key: _decode(item, arrays, classes, depth) for key, item in fields.items()}
    for key, hint in hints.items():
        if not is_of(values[key], hint):
            raise DataError(f"the file's '{made.__name__}' has a '{key}' of the wrong kind.")
    return made(**values)


def _plain(value: Any) -> Any:
    """A numpy scalar, or a tuple of them, as Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) is tuple and any(isinstance(item, np.generic | tuple) for item in value):
        return tuple(_plain(item) for item in value)
    return value
