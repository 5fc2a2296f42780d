"""Numbers and letters as text: no more digits than they carry, and the room they take.

Tests: tests/data/test_text.py.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

MISSING = "-"
MOST_DECIMALS = 5
SCIENTIFIC_FROM = 1e9
NOTHING = 1e-9  # of a share


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How the numbers of one or several columns are written; ``minus`` stands before those below 0.

    >>> NumberStyle(2).text(-0.001), NumberStyle(0).text(12345.6), NumberStyle(1, True).text(3e-12)
    ('0.00', '12,346', '3.0e-12')
    """

    decimals: int
    scientific: bool = False
    separators: bool = True
    minus: str = field(default="-", repr=False)

    def text(self, value: float) -> str:
        """One number as text; NaN is ``-`` and a rounded zero has no sign."""
        if math.isnan(value):
            return MISSING
        if math.isinf(value):
            return "inf" if value > 0 else f"{self.minus}inf"
        if self.scientific:
            return self._signed(f"{value:.{self.decimals}e}") if value else "0"
        written = f"{value:{',' if self.separators else ''}.{self.decimals}f}"
        return written.lstrip("-") if not written.strip("-0.,") else self._signed(written)

    def _signed(self, written: str) -> str:
        return self.minus + written[1:] if written.startswith("-") else written


def number_style(
    values: Sequence[float] | np.ndarray,
    errors: Sequence[float] | np.ndarray | None = None,
    digits: int | None = None,
) -> NumberStyle:
    """The style for numbers in one unit.

    With ``errors`` (standard errors) the typical error keeps two significant digits and the
    smallest keeps one where that costs at most two more decimals; without them the typical value
    keeps three. ``digits`` sets the decimals by hand.

    >>> number_style([0.8712, -0.3345], [0.31, 0.12])
    NumberStyle(decimals=2, scientific=False, separators=True)
    >>> number_style([8.7e-13], [3.1e-13]).text(8.7123e-13)
    '8.7e-13'
    """
    sizes = _sizes(values)
    if digits is not None:
        return NumberStyle(digits)
    if not sizes.size:
        return NumberStyle(0)
    scale = _sizes(errors) if errors is not None else np.empty(0)
    if scale.size:
        needed = 1 - _exponent(float(np.median(scale)))
        needed = max(needed, min(-_exponent(float(scale.min())), needed + 2))
    else:
        needed = 2 - _exponent(float(np.median(sizes)))
    if needed > MOST_DECIMALS or sizes.max() >= SCIENTIFIC_FROM:
        return NumberStyle(min(max(needed + _exponent(float(np.median(sizes))), 1), 3), True)
    return NumberStyle(max(needed, 0))


def format_probability(value: float) -> str:
    """A probability to two decimals, never rounded to certainty.

    >>> format_probability(0.971), format_probability(0.9997), format_probability(0.0)
    ('0.97', '>0.99', '<0.01')
    """
    if math.isnan(value):
        return MISSING
    if value > 0.99:
        return ">0.99"
    return "<0.01" if value < 0.01 else f"{value:.2f}"


def percent(level: float) -> str:
    """A level as a percentage.

    >>> percent(0.95), percent(0.999)
    ('95 %', '99.9 %')
    """
    return f"{round(100 * level, 6):g} %"


def share_text(share: float) -> str:
    """A share in whole percent; none and all are said only of exactly none and all.

    >>> share_text(0.284), share_text(0.004), share_text(0.0), share_text(0.996), share_text(1.0)
    ('28 %', '<1 %', '0 %', '>99 %', '100 %')
    """
    if abs(share) < NOTHING or abs(share - 1) < NOTHING:  # what rounding leaves of none and all
        return f"{100 * share:.0f} %".removeprefix("-")
    if share < 0.005:
        return "<1 %"
    return ">99 %" if share >= 0.995 else f"{100 * share:.0f} %"


def display_width(text: str) -> int:
    """Terminal cells a text takes: wide letters take two, combining marks none.

    >>> display_width("age"), display_width("年齢"), display_width("e\\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_cells(letter) for letter in text)


def one_line(text: str) -> str:
    """A text on one line, without the control characters that upset a terminal or an SVG file.

    >>> one_line("two\\nlines")
    'two lines'
    """
    if text.isprintable():
        return text
    return "".join(
        " " if letter in "\ufffe\uffff" or unicodedata.category(letter) in ("Cc", "Cs") else letter
        for letter in text
    )


def _sizes(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Absolute values, without zeros and without what is not finite."""
    sizes = np.abs(np.asarray(values, dtype=float).ravel())
    kept: np.ndarray = sizes[np.isfinite(sizes) & (sizes > 0)]
    return kept


def _exponent(value: float) -> int:
    return int(f"{value:.1e}".partition("e")[2])


def _cells(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
