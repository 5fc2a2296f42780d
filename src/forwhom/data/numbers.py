"""Numbers as people write them: 1,234 and 1.234,5 and $5 and 50% and 1 234.

The words of a column are judged together, because one alone can mean two things: ``1,234`` is a
thousand or a bit more than one. What could be read in two ways, or would turn a sign, is not read.

Tests: tests/data/test_words.py
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.IGNORECASE)
_PADDED = re.compile(r"0\d[\d.]*")  # 01: a code, as no number starts so
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}(?:\.\d*)?")  # also India's 1,23,456
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)?,\d+")
_DOT_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_SPACED = re.compile(r"[+-]?[1-9]\d{0,2}(?:[ '’\u00a0\u202f\u2009]\d{3})+(?:[.,]\d*)?")
_UNIT = re.compile(r"([+-]?\d[\d.,]*)\s*([^\W\d_]{1,6}\.?|°[CF]?)")
_MONEY = "$€£¥₹"
_SPACES = re.compile("[ '’\u00a0\u202f\u2009]")
_MANY = 12  # numbers with one unit are levels up to so many of them


@dataclass(frozen=True, slots=True)
class Written:
    """What the words of a column are as numbers.

    Attributes:
        values: the number of each word, None where it is none.
        ways: how they are written where it is not plainly, in words for a note.
        codes: whether the words are codes padded by zeros, which are no numbers.
        unit: what stands beside every number, where it is neither money nor per cent.
    """

    values: tuple[int | float | None, ...]
    ways: tuple[str, ...] = ()
    codes: bool = False
    unit: str = ""


def read_numbers(words: Sequence[str], rows: Sequence[int], decimal_comma: bool) -> Written:
    """Read the distinct words of a column as numbers, as far as they are.

    Args:
        words: without blanks at their ends.
        rows: how many rows hold each.
        decimal_comma: whether the file separates its fields by semicolons, as programs do where
            the comma is the decimal mark.

    >>> read_numbers(["1,234", "950"], [1, 1], False).values
    (1234, 950)
    >>> read_numbers(["1.234,5", "950"], [1, 1], False).values
    (1234.5, 950)
    >>> read_numbers(["01", "02", "10"], [1, 1, 1], False).codes
    True
    """
    padded = [bool(_PADDED.fullmatch(word)) for word in words]
    if _are_codes(words, rows, padded):
        return Written((None,) * len(words), codes=True)
    bare, ways = _without_marks(words, rows)
    comma, dots = _marks_of(bare, decimal_comma)
    values = tuple(
        None if zero or word is None else _value(word, comma, dots)
        for word, zero in zip(bare, padded, strict=True)
    )
    read = [
        (word, plain, value)
        for word, plain, value in zip(words, bare, values, strict=True)
        if value is not None and plain is not None and not _PLAIN.fullmatch(plain)
    ]
    if read:
        kinds = {"," in plain for _, plain, _ in read}
        name = {"thousands": "thousands commas", "decimal": "decimal commas"}.get(comma, "")
        how = name if kinds != {False} and name else "marks between thousands"
        ways = (f"{how} ('{read[0][0]}' is read as {_shown(read[0][2])})", *ways)
    typeset = next((word for word in words if "\u2212" in word), "")
    if typeset and any(v is not None for v in values):
        ways = (f"typeset minus signs ('{typeset}')", *ways)
    unit = "" if any(v is not None for v in values) else _one_unit(words)
    return Written(values, ways, unit=unit)


def _are_codes(words: Sequence[str], rows: Sequence[int], padded: list[bool]) -> bool:
    """Codes such as 01: padded to one width, or more than here and there."""
    if not any(padded):
        return False
    digits = {len(word) for word in words if word.isdigit()}
    share = sum(n for n, zero in zip(rows, padded, strict=True) if zero) / sum(rows)
    return len(digits) == 1 or share >= 0.1


def _without_marks(
    words: Sequence[str], rows: Sequence[int]
) -> tuple[list[str | None], tuple[str, ...]]:
    """Words less a sign of money or per cent, where every number has it or (money) lacks it.

    Where 50% and 50 stand side by side, the rarer of them are no numbers here.
    """
    plain = [word.replace("\u2212", "-") for word in words]
    marks = [_mark(word) for word in plain]
    if not any(marks):
        return list(plain), ()
    weight: dict[str, int] = {}
    for mark, word, n in zip(marks, plain, rows, strict=True):
        if mark or _starts_as_number(word):
            weight[mark] = weight.get(mark, 0) + n
    leading = max(weight, key=lambda mark: weight[mark])
    if leading != "%":
        money = max((m for m in weight if m in _MONEY and m), key=weight.__getitem__, default="")
        allowed = {"", money}
    else:
        allowed = {"%"}
    bare = [
        (_strip(word, mark) if mark else word)
        if mark in allowed or not (mark or _starts_as_number(word))
        else None
        for word, mark in zip(plain, marks, strict=True)
    ]
    first = next((w for w, m in zip(words, marks, strict=True) if m and m in allowed), "")
    if not first:
        return bare, ()
    if leading == "%":
        return bare, (f"per cent signs ('{first}' is read as {first.strip('% ')})",)
    return bare, (f"signs of money ('{first}')",)


def _mark(word: str) -> str:
    if not word:
        return ""
    if word[-1] == "%":
        return "%" if _starts_as_number(word) else ""
    held = [c for c in (word[0], word[1:2], word[-1]) if c and c in _MONEY]
    return held[0] if held and any(c.isdigit() for c in word) else ""


def _strip(word: str, mark: str) -> str:
    return word.replace(mark, "", 1).strip().replace("- ", "-")


def _starts_as_number(word: str) -> bool:
    return bool(word) and (word[0].isdigit() or (word[0] in "+-.," and word[1:2].isdigit()))


def _marks_of(words: Sequence[str | None], decimal_comma: bool) -> tuple[str, bool]:
    """What a comma means ("thousands", "decimal" or nothing), and whether dots make groups."""
    with_comma = [w for w in words if w is not None and "," in w and _starts_as_number(w)]
    numbers = [w for w in with_comma if _THOUSANDS.fullmatch(w) or _DECIMAL_COMMA.fullmatch(w)]
    dotted = [w for w in words if w is not None and "." in w and "," not in w]
    dotted = [w for w in dotted if _PLAIN.fullmatch(w) or _DOT_GROUPS.fullmatch(w)]
    groups = bool(dotted) and all(_DOT_GROUPS.fullmatch(w) for w in dotted)
    if not numbers:
        several = groups and any(w.count(".") > 1 for w in dotted)
        return "", several
    as_decimal = all(_DECIMAL_COMMA.fullmatch(w) for w in numbers) and (groups or not dotted)
    if decimal_comma and as_decimal:
        return "decimal", groups
    if all(_THOUSANDS.fullmatch(w) for w in numbers):
        return "thousands", False
    return ("decimal", groups) if as_decimal else ("", False)


def _value(word: str, comma: str, dots: bool) -> int | float | None:
    if dots and _DOT_GROUPS.fullmatch(word):
        return _number(word.replace(".", ""))
    if _PLAIN.fullmatch(word):
        return _number(word)
    if comma == "thousands" and _THOUSANDS.fullmatch(word):
        return _number(word.replace(",", ""))
    if comma == "decimal" and _DECIMAL_COMMA.fullmatch(word):
        return _number(word.replace(".", "").replace(",", "."))
    if _SPACED.fullmatch(word):
        return _number(_SPACES.sub("", word).replace(",", "."))
    return None


def _number(word: str) -> int | float:
    """Whole numbers stay whole, so that long ids keep every digit."""
    return int(word) if word.lstrip("+-").isdigit() else float(word)


def _shown(value: int | float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _one_unit(words: Sequence[str]) -> str:
    """The unit that every word has behind its number: kg of 10 kg and 12 kg."""
    found = [_UNIT.fullmatch(word) for word in words]
    units = {match[2].casefold() for match in found if match}
    if len(words) > _MANY and len(units) == 1 and all(found):
        return next(match[2] for match in found if match)
    return ""
