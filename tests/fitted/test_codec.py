"""Saved state: every value back as it was, and nothing but our own classes made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from forwhom.errors import DataError
from forwhom.fitted.codec import decode, encode


@dataclass(frozen=True)
class Inner:
    name: str
    values: np.ndarray


@dataclass(frozen=True)
class Outer:
    inner: tuple[Inner, ...]
    part: slice
    bound: float
    maybe: int | None


def test_round_trip() -> None:
    array = np.array([[1.5, np.nan], [np.inf, -0.0]])
    value = Outer((Inner("ä/b", array),), slice(1, 4), float("inf"), None)
    arrays: dict[str, Any] = {}
    tree = json.loads(json.dumps(encode(value, arrays)))
    back = decode(tree, arrays, {"Inner": Inner, "Outer": Outer})
    assert isinstance(back, Outer)
    assert (back.part, back.bound, back.maybe) == (value.part, value.bound, value.maybe)
    assert back.inner[0].name == "ä/b"
    assert np.array_equal(back.inner[0].values, array, equal_nan=True)


def test_unknown_class_is_refused() -> None:
    tree = {"class": "Popen", "fields": {"args": "true"}}
    with pytest.raises(DataError, match="'Popen', which this version does not know"):
        decode(tree, {}, {"Inner": Inner})


def test_other_fields_are_refused() -> None:
    tree = {"class": "Inner", "fields": {"name": "x"}}
    with pytest.raises(DataError, match=r"'Inner' has other parts.*another version"):
        decode(tree, {}, {"Inner": Inner})


def test_what_cannot_be_stored_is_an_error() -> None:
    with pytest.raises(TypeError, match="cannot store a set"):
        encode({1}, {})
