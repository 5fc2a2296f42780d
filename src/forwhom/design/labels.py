"""Readable names of columns and values: those the plan gives, and those the data file has.

Tests: tests/design/test_labels.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from forwhom.data.digits import number_texts
from forwhom.data.table import Column, Table
from forwhom.design.distinct import distinct_codes
from forwhom.design.groups import Groups
from forwhom.design.levels import level_names
from forwhom.design.matrix import MatrixRecipe
from forwhom.errors import PlanError, listing, nearest
from forwhom.plan import Plan

type Pairs = tuple[tuple[str, str], ...]


def file_labels(table: Table) -> Pairs:
    """What a Stata, SPSS or SAS file calls its columns."""
    return tuple(
        (name, column.label)
        for name, column in table.columns.items()
        if column.label and column.label != name
    )


def settle_labels(
    plan: Plan, table: Table, groups: Groups, recipes: Iterable[MatrixRecipe]
) -> Plan:
    """The plan, its labels checked; values that the file has names for are told by these.

    Args:
        table: every row read, not the complete ones alone.
        recipes: of every equation, whose terms may have names, too.

    Raises:
        PlanError: a column, term or value that is not there, with the nearest.
    """
    if not plan.labels and not plan.value_labels:
        return plan
    columns = columns_of(plan, groups)
    check_label_names((name for name, _ in plan.labels), columns, terms_of(recipes))
    check_valued_names((name for name, _ in plan.value_labels), columns)
    settled = ((name, _settled(name, pairs, table, groups)) for name, pairs in plan.value_labels)
    return replace(plan, value_labels=tuple(settled))


def columns_of(plan: Plan, groups: Groups) -> tuple[str, ...]:
    """Every column that may have a readable name, comparisons that define groups among them."""
    return tuple(dict.fromkeys((*plan.columns, *groups.columns)))


def check_valued_names(given: Iterable[str], columns: Sequence[str]) -> None:
    """Refuse values of a column that is not there.

    Raises:
        PlanError: with the nearest.
    """
    for name in given:
        if name not in columns:
            raise PlanError(
                f"value_labels: '{name}' is not a column of this plan."
                f"{nearest(str(name), columns)} It has {listing(columns, most=len(columns))}."
            )


def check_label_names(given: Iterable[str], columns: Iterable[str], terms: Iterable[str]) -> None:
    """Refuse a name that is neither a column's nor a term's.

    Raises:
        PlanError: with the nearest.
    """
    columns, terms = tuple(columns), tuple(terms)
    for name in given:
        if name not in columns and name not in terms:
            raise PlanError(
                f"labels: '{name}' is neither a column of this plan nor a term of its modifiers."
                f"{nearest(str(name), (*columns, *terms))} It has "
                f"{listing(dict.fromkeys((*columns, *terms)), most=30)}."
            )


def terms_of(recipes: Iterable[MatrixRecipe]) -> tuple[str, ...]:
    """Factors as written, and the columns they make, each once."""
    found: dict[str, None] = {}
    for recipe in recipes:
        for term in recipe.terms:
            factors = (encoding.factor.label for encoding in term.encodings)
            found |= dict.fromkeys((*factors, *term.names))
    return tuple(found)


def _settled(name: str, pairs: Pairs, table: Table, groups: Groups) -> Pairs:
    """Labels of one column's values, each under its level's text."""
    known: dict[str, str] = {}
    shown: dict[str, None] = {}
    for written, level in _values(name, table, groups):
        known.setdefault(written, level)
        shown[level] = None
    found = {}
    for key, label in pairs:
        text = known.get(key) or known.get(key.casefold()) or _as_number(key, known)
        if text is None:
            raise PlanError(
                f"value_labels: '{name}' has no value '{key}'.{nearest(key, shown)} "
                f"It has {listing(shown)}."
            )
        found[text] = label
    return tuple(found.items())


def _values(name: str, table: Table, groups: Groups) -> Iterator[tuple[str, str]]:
    """How a value may be written, and the text of its level."""
    if name in groups.columns:
        yield from ((text, text) for text in groups.display[groups.columns.index(name)])
    if name in table.columns:
        yield from _of_column(table.columns[name])


def _of_column(column: Column) -> Iterator[tuple[str, str]]:
    if column.kind == "text":
        own = list(column.levels or ())
        texts = level_names(column)
    else:
        known = column.take(~column.missing)
        values = distinct_codes(known.keys)[0].tolist()
        own, texts = list(number_texts(values)), level_names(column, values)
    yield from ((text, text) for text in texts)
    yield from zip(own, texts, strict=True)
    if column.kind == "boolean":
        yield from ((text.casefold(), text) for text in texts)


def _as_number(key: str, known: Mapping[str, str]) -> str | None:
    """The text of the value that is the same number, written otherwise."""
    try:
        number = float(key)
    except ValueError:
        return None
    for text, level in known.items():
        try:
            if float(text) == number:
                return level
        except ValueError:
            pass
    return None
