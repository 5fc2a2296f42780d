"""Numbers as people write them, with as many digits as tell them apart.

Tests: tests/data/test_text.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

FULL_BELOW = 2.0**53  # whole numbers are written in full up to here
SIX = 6  # significant digits of a fraction


def number_text(value: float) -> str:
    """A number as a person writes it: 3, not 3.0; fractions to six significant digits.

    A fraction that six digits would round to a shorter number shows up to twelve.

    >>> number_text(3.0), number_text(1234567.0), number_text(2 / 3)
    ('3', '1234567', '0.666667')
    >>> number_text(0.1 + 0.2), number_text(0.9999999999), number_text(4000123412340017)
    ('0.3', '0.9999999999', '4000123412340017')
    """
    if isinstance(value, int | np.integer):
        return str(int(value))
    if abs(value) < FULL_BELOW and float(value).is_integer():
        return str(int(value))
    text = f"{value:.6g}"
    if float(text) == value:
        return text
    if abs(value) >= FULL_BELOW:
        return f"{value:.17g}"
    short = len(text.partition("e")[0].replace(".", "").strip("-0")) < SIX
    if not short or (abs(value) < 1e38 and float(np.float32(text)) == value):
        return text  # 0.1 in single precision is 0.1
    return f"{value:.12g}"


def number_texts(values: Sequence[float]) -> tuple[str, ...]:
    """Names of different numbers, with as many digits as tell them apart.

    >>> number_texts([0.5, 1234567.25, 1234567.5])
    ('0.5', '1234567.25', '1234567.5')
    >>> number_texts([0.1, 0.10000000149011612, 2.0])
    ('0.1', '0.10000000149', '2')
    """
    texts = [number_text(value) for value in values]
    for digits in (12, 17):
        counts = Counter(texts)
        if len(counts) == len(texts):
            break
        texts = [
            text if counts[text] == 1 or isinstance(value, int) else f"{value:.{digits}g}"
            for value, text in zip(values, texts, strict=True)
        ]
    return tuple(texts)
