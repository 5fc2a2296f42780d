"""A warning, and numbers as it words them.

Tests: tests/answers/test_cautions.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from forwhom.design import number_text


@dataclass(frozen=True, slots=True)
class Caution:
    """One warning.

    Attributes:
        code: a short stable name, for programs.
        text: what a reader should know.
    """

    code: str
    text: str


def short(x: float) -> str:
    """Two significant digits.

    >>> short(1234.5), short(0.0625)
    ('1200', '0.062')
    """
    return number_text(float(f"{x:.2g}"))
