"""Values inside a formula: numbers, texts in quotes, true and false.

Tests: tests/plan/test_formula.py
"""

from __future__ import annotations

import math
import re

from forwhom.errors import PlanError

type Literal = str | int | float | bool
type Argument = Literal | tuple[Literal, ...]

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
MEMBERSHIPS = ("in", "not in")
MOST_VALUES = 1_000  # in one list

TRUTH = {"True": True, "False": False}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_WRITTEN = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}
_HEX = re.compile(r"u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})")


def literal_text(value: Literal) -> str:
    r"""A value as a formula writes it.

    >>> literal_text("North"), literal_text(65.0), literal_text(0.5), literal_text(True)
    ('"North"', '65', '0.5', 'True')
    >>> print(literal_text('say "a\\b"'))
    "say \"a\\b\""
    """
    if isinstance(value, str):
        return '"' + "".join(_WRITTEN.get(c) or _visible(c) for c in value) + '"'
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return repr(value)


def condition_text(column: str, arguments: tuple[Argument, ...]) -> str:
    """A comparison in words of the formula language.

    >>> condition_text("age", (">=", 65)), condition_text("region", ("in", ("N", "S")))
    ('age >= 65', 'region in ["N", "S"]')
    """
    operator, value = arguments
    if isinstance(value, tuple):
        return f"{column} {operator} [{', '.join(literal_text(one) for one in value)}]"
    return f"{column} {operator} {literal_text(value)}"


def quoted_text(text: str, start: int) -> tuple[str, int]:
    r"""The text in quotes at ``start``, escapes undone, and where it ends.

    Raises :class:`PlanError` where the quote is not closed.

    >>> quoted_text('"a\\"b" + c', 0)
    ('a"b', 6)
    """
    quote, at = text[start], start + 1
    pieces: list[str] = []
    while at < len(text):
        character = text[at]
        if character == quote:
            return "".join(pieces), at + 1
        if character != "\\":
            pieces.append(character)
            at += 1
        elif match := _HEX.match(text, at + 1):
            code = int(match[1] or match[2] or match[3], 16)
            pieces.append(chr(code) if code < 0x110000 else "\ufffd")
            at = match.end()
        else:  # as in Python, a backslash before any other letter stands for itself
            pieces.append(_ESCAPED.get(text[at + 1 : at + 2], character + text[at + 1 : at + 2]))
            at += 2
    raise PlanError(
        f'a quote ({quote}) is opened and not closed. Text goes in quotes, as in I(x == "a"); a '
        "name with a quote in it goes in back-quotes: `don't know`."
    )


def number(text: str) -> int | float:
    """A number without its sign; whole ones as ``int``, which keeps every digit."""
    if text.isdecimal() and len(text) < 20:  # int() refuses thousands of digits
        return int(text)
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def check_literal(value: object, where: str) -> None:
    """Raise :class:`PlanError` for what is neither text, nor finite, nor true or false."""
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise PlanError(f"{where}: {value!r} is not valid Unicode.")
        return
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise PlanError(
            f"{where}: {value!r} is not a value to compare with. Give a number, or a text in "
            "quotes."
        )


def check_condition(arguments: tuple[object, ...], example: str) -> None:
    """Raise :class:`PlanError` unless an operator and what it compares with are given."""
    operator, value = arguments if len(arguments) == 2 else (None, None)
    if operator in MEMBERSHIPS and isinstance(value, tuple):
        if not 1 <= len(value) <= MOST_VALUES:
            raise PlanError(f"a list holds from 1 to {MOST_VALUES:,} values; got {len(value):,}.")
        for one in value:
            check_literal(one, "I")
        return
    if operator in COMPARISONS and not isinstance(value, tuple):
        check_literal(value, "I")
        return
    raise PlanError(
        f"I takes one column compared with a value or a list of values, as in {example}; the "
        f"comparisons are {', '.join((*COMPARISONS, *MEMBERSHIPS))}."
    )


def _visible(character: str) -> str:
    """The character, or its escape where it cannot be seen in a line."""
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
