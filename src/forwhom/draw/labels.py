"""Readable names for terms, columns and values: labels where there are any, tidied names else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forwhom.design import Design, Effect, Groups, MatrixRecipe, number_text
from forwhom.plan import INTERCEPT, Factor
from forwhom.plan.values import level_text

ValueLabels = Mapping[str, Mapping[Any, str]]

OWN_LETTERS = 30  # longer labels of a file are questions rather than names
SAYS_NOTHING = {"yes", "true", "1"}  # value labels that name no value


@dataclass(frozen=True, slots=True)
class Labels:
    """What to call things.

    Attributes:
        columns: column or term -> readable name, as the user gives them.
        values: column -> value (as the tables show it, or its number) -> readable name.
        own: column -> the label the data file gives it, where that is short enough for a figure.
        tidied: whether other names are tidied, as in figures.

    >>> labels = Labels({"age": "Age in years"}, {"south": {1: "South"}})
    >>> labels.column("leg_black"), labels.word("leg_black"), labels.word("age")
    ('Leg black', 'leg_black', 'Age in years')
    >>> labels.value("south", "1", 1.0), Labels().value("south", "1", 1.0)
    ('South', 'South: 1')
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: ValueLabels = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    tidied: bool = True

    @staticmethod
    def of(
        design: Design,
        columns: Mapping[str, str] | None = None,
        values: ValueLabels | None = None,
    ) -> Labels:
        """Names given here, behind them the plan's, and behind these those of the data file."""
        groups, plan = design.groups, design.plan
        pairs = (*design.labels, *zip(groups.columns, groups.labels, strict=True))
        own = {name: label for name, label in pairs if name != label and len(label) <= OWN_LETTERS}
        by_column: dict[str, Mapping[Any, str]] = {name: dict(of) for name, of in plan.value_labels}
        for name, given in (values or {}).items():
            texts = {level_text(key): label for key, label in given.items()}
            by_column[name] = {**by_column.get(name, {}), **texts}
        return Labels({**dict(plan.labels), **(columns or {})}, by_column, own)

    def __bool__(self) -> bool:
        return bool(self.columns or self.values or self.own)

    def named(self, name: str) -> bool:
        """Whether a column has a readable name."""
        return name in self.columns or name in self.own

    def word(self, name: str) -> str:
        """What a sentence or a table's head calls a column: the label, or its name as it is."""
        return self.columns.get(name) or self.own.get(name) or name

    def column(self, name: str) -> str:
        """A column's readable name, in a figure."""
        if name in self.columns or not self.tidied:
            return self.word(name)
        words = self.own.get(name) or name.replace("_", " ").strip() or name
        return words[:1].upper() + words[1:]

    def value(self, column: str, text: str, number: float | None) -> str:
        """A value's readable name: the label given, or its text; numbers with their column."""
        if label := self.given(column, text, number):
            return label
        return text if number is None else f"{self.column(column)}: {number_text(number)}"

    def given(self, column: str, text: str, number: float | None) -> str:
        """The label given to a value, by its text or number; empty where there is none."""
        labels = self.values.get(column, {})
        if text in labels:
            return labels[text]
        for key, label in labels.items():
            if str(key) == text or (number is not None and key in (number, number_text(number))):
                return label
        return ""


def term_labels(design: Design, effect: Effect, labels: Labels) -> tuple[str, ...]:
    """Readable names of the heterogeneity equation's coefficients, of one effect."""
    return (INTERCEPT, *recipe_labels(design, effect.modifiers, labels))


def recipe_labels(design: Design, recipe: MatrixRecipe, labels: Labels) -> tuple[str, ...]:
    """Readable names of the columns of an equation."""
    out = []
    for term in recipe.terms:
        for name in term.names:
            parts = [labels.columns.get(name, "")] if name in labels.columns else []
            if not parts:
                pieces = _split(name, len(term.encodings))
                parts = [
                    _piece(piece, encoding.factor, design.groups, labels)
                    for piece, encoding in zip(pieces, term.encodings, strict=True)
                ]
            out.append(" × ".join(parts))
    return tuple(out)


def _piece(piece: str, factor: Factor, groups: Groups, labels: Labels) -> str:
    """One factor of a column's name, such as "age", "region[South]" or "bin(age, 3)[over 60]"."""
    column = factor.column
    name = labels.columns.get(factor.label) or labels.column(column)
    if factor.condition:
        return f"{name} {factor.condition.removeprefix(column).strip()}"
    if piece == factor.label:
        if factor.function and factor.label not in labels.columns:
            return f"{name} ({factor.function})"
        higher = _higher_value(column, groups)
        told = column in labels.columns or higher.casefold() in {"", name.casefold()}
        return name if told else f"{name}: {higher}"
    level = piece[len(factor.label) + 1 : -1]
    if factor.function not in (None, "C", "bin"):  # a basis column: poly(age, 2)[1]
        return f"{name} ({factor.function}): {level}"
    return f"{name}: {labels.given(column, level, None) or level}"


def _higher_value(column: str, groups: Groups) -> str:
    """What a coefficient on a labelled variable of two values stands for: the higher's label."""
    if column not in groups.columns or column in dict(groups.binned):
        return ""
    j = groups.columns.index(column)
    texts = groups.display[j]
    if groups.numbers[j] is not None or len(texts) != 2 or texts[1].casefold() in SAYS_NOTHING:
        return ""
    return texts[1]


def _split(name: str, count: int) -> list[str]:
    """Parts of an interaction's name; colons inside brackets belong to a level."""
    if count == 1:
        return [name]
    parts, depth, current = [], 0, ""
    for letter in name:
        depth += (letter in "[(") - (letter in ")]")
        if letter == ":" and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += letter
    parts.append(current)
    return parts if len(parts) == count else [name] + [""] * (count - 1)
