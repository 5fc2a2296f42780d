"""Conditions on columns, as in ``where="age > 30 and region in ['North', 'South']"``.

Parsed by the pieces of formulas, never evaluated as code. ``&``, ``|``, ``!`` and ``%in%`` are
taken for and, or, not and in. Tests: tests/plan/test_where.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forwhom.errors import PlanError
from forwhom.plan.grammar import Token, tokens

MAX_CHARACTERS = 10_000
MAX_DEPTH = 50

Value = str | float | bool
Sign = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
SIGNS: tuple[Sign, ...] = ("==", "!=", "<", "<=", ">", ">=")
TURNED: dict[str, Sign] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_WORDS = {"&": "and", "&&": "and", "|": "or", "||": "or", "!": "not", "~": "not", "%in%": "in"}
_TRUTH = {"true": True, "false": False}
_OPENING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column held against values: one of them, but for "in" and "not in"."""

    column: str
    sign: Sign
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by "and" or "or"; "not" has one."""

    word: Literal["and", "or", "not"]
    parts: tuple[Condition, ...]


Condition = Comparison | Junction


def parse_where(text: str) -> Condition:
    """A condition from its text.

    Raises:
        PlanError: it cannot be read, with the place where.

    >>> parse_where("age > 30 and region in ['North', 'South']").word
    'and'
    >>> parse_where("20 < age <= 40").parts[1]
    Comparison(column='age', sign='<=', values=(40.0,))
    """
    if not isinstance(text, str) or not text.strip():
        raise PlanError(
            f'where={text!r} must be a condition in words, such as "age > 30 and south == 1".'
        )
    if len(text) > MAX_CHARACTERS:
        raise PlanError(f"where= is longer than {MAX_CHARACTERS:,} characters.")
    return _Parser(text).parse()


class _Parser:
    """One pass over one condition."""

    def __init__(self, text: str) -> None:
        self.text, self.next, self.depth = text, 0, 0
        try:
            self.tokens = list(tokens(text))
        except PlanError as error:
            raise PlanError(f"where={text!r}: {error}") from None

    @property
    def here(self) -> Token:
        return self.tokens[self.next]

    def parse(self) -> Condition:
        found = self._either()
        if self.here.kind != "end":
            raise self._unexpected("where 'and' or 'or' could follow")
        return found

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Junction("or", tuple(parts))

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._word("and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Junction("and", tuple(parts))

    def _single(self) -> Condition:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise PlanError(f"where={self.text!r:.80}: nested more than {MAX_DEPTH} deep.")
        try:
            if self._word("not"):
                return Junction("not", (self._single(),))
            if self._sign("("):
                inside = self._either()
                if not self._sign(")"):
                    raise self._unexpected("where ')' closes what is open")
                return inside
            return self._comparison()
        finally:
            self.depth -= 1

    def _comparison(self) -> Condition:
        if self._at_column():
            return self._after_column(self._column())
        low = self._value()
        sign = self._compared()
        if not self._at_column():
            raise self._unexpected("where a column could stand")
        column = self._column()
        first = Comparison(column, TURNED[sign], (low,))
        if not (self.here.kind == "sign" and self.here.text in SIGNS):
            return first
        return Junction("and", (first, Comparison(column, self._compared(), (self._value(),))))

    def _after_column(self, column: str) -> Condition:
        if self._word("in"):
            return Comparison(column, "in", self._values())
        if self._word("not"):
            if not self._word("in"):
                raise self._unexpected("where 'in' could follow")
            return Comparison(column, "not in", self._values())
        sign = self._compared()
        if self.here.kind == "sign" and self.here.text in ("[", "{"):
            raise self._unexpected("where one value could stand; several follow 'in'")
        return Comparison(column, sign, (self._value(),))

    def _values(self) -> tuple[Value, ...]:
        opening = self.here.text if self.here.kind == "sign" else ""
        if opening not in _OPENING:
            raise self._unexpected("where a list such as ['a', 'b'] could follow")
        self.next += 1
        values = [self._value()]
        while self._sign(","):
            if self.here.text == _OPENING[opening]:
                break
            values.append(self._value())
        if not self._sign(_OPENING[opening]):
            raise self._unexpected(f"where ',' or '{_OPENING[opening]}' could follow")
        return tuple(values)

    def _value(self) -> Value:
        token, negative = self.here, False
        if token.kind == "sign" and token.text in ("-", "+"):
            negative = token.text == "-"
            self.next += 1
            token = self.here
        if token.kind == "number":
            try:
                number = float(token.text)
            except ValueError:
                raise self._unexpected("where a number could stand") from None
            self.next += 1
            return -number if negative else number
        if token.kind == "text" and not negative:
            self.next += 1
            return token.text
        if token.kind == "name" and token.text.casefold() in _TRUTH and not negative:
            self.next += 1
            return _TRUTH[token.text.casefold()]
        if token.kind == "name":
            raise PlanError(
                f"where={self.text!r}: {token.text!r} stands where a value could. Put texts in "
                f"quotes: '{token.text}'."
            )
        raise self._unexpected("where a value could stand")

    def _compared(self) -> Sign:
        found = self.here
        if found.kind == "sign" and found.text == "=":
            raise PlanError(f"where={self.text!r}: write == to compare, not =.")
        for sign in SIGNS:
            if found.kind == "sign" and found.text == sign:
                self.next += 1
                return sign
        raise self._unexpected(f"where one of {', '.join(SIGNS)} or 'in' could stand")

    def _at_column(self) -> bool:
        token = self.here
        if token.kind == "quoted":
            return True
        return token.kind == "name" and token.text.casefold() not in _TRUTH

    def _column(self) -> str:
        self.next += 1
        return self.tokens[self.next - 1].text

    def _word(self, word: str) -> bool:
        token = self.here
        named = token.text.casefold() if token.kind == "name" else ""
        meant = _WORDS.get(token.text, "") if token.kind == "sign" else named
        self.next += meant == word
        return meant == word

    def _sign(self, sign: str) -> bool:
        found = self.here.kind == "sign" and self.here.text == sign
        self.next += found
        return found

    def _unexpected(self, place: str) -> PlanError:
        token = self.here
        what = "the end" if token.kind == "end" else repr(token.text)
        return PlanError(f"where={self.text!r}: {what} stands {place}.")
