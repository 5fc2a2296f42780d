"""Pieces of formulas as other programs write them, one by one.

Tests: tests/plan/test_agreement.py
"""

from __future__ import annotations

import re

from forwhom.plan.grammar import Token
from forwhom.plan.literals import Literal, number
from forwhom.plan.terms import Factor, Term

_DENIED = {
    **{"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="},
    **{"in": "not in", "not in": "in"},
}
_STATA = re.compile(r"(?:i|ib(?P<ref>\d+)|ibn|b(?P<base>\d+)|c)\.(?P<name>.+)")


class Untranslatable(Exception):
    """It cannot be said in forwhom's words, or it is not known how."""


def stata_factor(name: str) -> Factor:
    """``i.reg`` is C(reg), ``ib2.reg`` C(reg, ref=2), ``c.age`` age; another name is a column.

    >>> stata_factor("ib2.reg").text, stata_factor("c.age").text, stata_factor("a.b").text
    ('C(reg, ref=2)', 'age', 'a.b')
    """
    match = _STATA.fullmatch(name)
    if match is None:
        return Factor(None, name)
    base = match["ref"] or match["base"]
    if name.startswith("c."):
        return Factor(None, match["name"])
    return Factor("C", match["name"], (int(base),) if base else ())


def reference_level(parts: list[list[Token]]) -> tuple[Literal, ...]:
    """The reference level among the arguments of C, factor or relevel."""
    for part in parts:
        words = [token.text for token in part if token.kind == "name"]
        values = [token for token in part if token.kind in ("text", "number")]
        named = {"Treatment", "contr.treatment", "ref", "reference", "base", "levels"} & set(words)
        if named and values and "contr.treatment" not in named:
            value = values[0]
            return (value.text if value.kind == "text" else number(value.text),)
        if len(part) == 1 and values and values[0].kind == "text":  # relevel(x, "b")
            return (values[0].text,)
    return ()


def texts_of(parts: list[list[Token]]) -> set[str]:
    """The texts in quotes among some arguments."""
    return {token.text for part in parts for token in part if token.kind == "text"}


def column_of(terms: list[Term]) -> str:
    """The one column that the terms are."""
    if len(terms) != 1 or len(terms[0].factors) != 1:
        raise Untranslatable
    factor = terms[0].factors[0]
    if factor.function not in (None, "C"):
        raise Untranslatable
    return factor.column


def denied(terms: list[Term]) -> list[Term]:
    """A comparison that does not hold."""
    if len(terms) != 1 or len(terms[0].factors) != 1 or terms[0].factors[0].function != "I":
        raise Untranslatable
    factor = terms[0].factors[0]
    operator, value = factor.arguments
    return [Term((Factor("I", factor.column, (_DENIED[str(operator)], value)),))]


def crossed(left: list[Term], right: list[Term]) -> list[Term]:
    """Every term of one list with every term of another."""
    if len(left) * len(right) > 200:
        raise Untranslatable
    return [Term(tuple(dict.fromkeys(a.factors + b.factors))) for a in left for b in right]


def without_copies(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Less the straight lines that curves hold already, as in ``age + I(age^2)``."""
    curves = {f for term in terms for f in term.factors if f.function in ("poly", "bs")}
    known = {frozenset(term.factors) for term in terms}

    def copied(term: Term) -> bool:
        return any(
            frozenset(curve if f == Factor(None, curve.column) else f for f in term.factors)
            in known - {frozenset(term.factors)}
            for curve in curves
        )

    return tuple(term for term in terms if not copied(term))


def compares(terms: list[Term]) -> bool:
    """Whether the terms are one comparison."""
    return len(terms) == 1 and len(terms[0].factors) == 1 and terms[0].factors[0].function == "I"
