"""Tables under readable names: those the plan gives, and those of the data file.

What stands in the columns stays as the data have it; heads, cells and terms are shown otherwise.

Tests: tests/answers/test_labelling.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from forwhom.data import Tidy
from forwhom.design import Design, number_text
from forwhom.draw.labels import Labels, recipe_labels


def labelled(table: Tidy, design: Design, labels: Labels) -> Tidy:
    """The table, shown under readable names where there are any."""
    if not labels:
        return table
    labels = replace(labels, tidied=False)
    headers, shown = dict(table.headers), dict(table.value_labels)
    for name in table.types:
        column = _column_of(name, design)
        if column in labels.columns or name not in headers:
            headers[name] = labels.word(column) if labels.named(column) else name
        if column in labels.values:
            shown[name] = _values(table.columns[name], column, labels)
    whole = {"treatment": _treatments, "term": _terms}
    for name, names_of in whole.items():
        if name in table.columns and name not in table.types:
            shown[name] = names_of(design, labels)
    outcome = design.plan.outcome
    if "outcome" in table.columns and "outcome" not in table.types and outcome in labels.values:
        shown["outcome"] = _values(table.columns["outcome"], outcome, labels)
    return replace(table, headers=headers, value_labels={k: v for k, v in shown.items() if v})


def _column_of(name: str, design: Design) -> str:
    """The data's column behind a table's, which may have got a stroke to be free."""
    known = {*design.plan.columns, *design.groups.columns}
    plain = name
    while plain not in known and plain.endswith("_"):
        plain = plain[:-1]
    return plain if plain in known else name


def _values(column: Iterable[Any], name: str, labels: Labels) -> dict[Any, str]:
    """Readable names of those values that occur and have some."""
    values = np.unique(column).tolist() if isinstance(column, np.ndarray) else column
    found = {}
    for value in dict.fromkeys(values):
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        text = str(value) if number is None else number_text(number)
        if label := labels.given(name, text, number):
            found[value] = label
    return found


def _treatments(design: Design, labels: Labels) -> Mapping[Any, str]:
    """Readable names of effects: the treatment's, with its arm where there are several."""
    found = {}
    for effect in design.effects:
        t = effect.treatment
        arm = labels.given(t.column, t.arm, None) if t.arm else ""
        if labels.named(t.column) or arm:
            word = labels.word(t.column)
            found[t.name] = f"{word}: {arm or t.arm}" if t.arm else word
    return found


def _terms(design: Design, labels: Labels) -> Mapping[Any, str]:
    """Readable names of the terms that have columns with some in them."""
    recipes = (*(effect.modifiers for effect in design.effects), design.modifiers, design.controls)
    found = {}
    for recipe in recipes:
        called = recipe_labels(design, recipe, labels)
        terms = [term for term in recipe.terms for _ in term.names]
        for name, term, label in zip(recipe.names, terms, called, strict=True):
            factors = [encoding.factor for encoding in term.encodings]
            if name in labels.columns or any(
                factor.label in labels.columns
                or labels.named(factor.column)
                or factor.column in labels.values
                for factor in factors
            ):
                found[name] = label
    return found
