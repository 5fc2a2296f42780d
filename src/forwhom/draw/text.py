"""Numbers and tables as text, as figures and sentences write them: what ``data`` prints them by.

Tests: tests/data/test_text.py, tests/answers/test_who.py.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from html import escape

import numpy as np

from forwhom.data.printed import INTERVAL_WORDS, format_table
from forwhom.data.text import (
    MISSING,
    NumberStyle,
    display_width,
    format_probability,
    number_style,
    one_line,
    percent,
    share_text,
)
from forwhom.data.tidy import Tidy

__all__ = [
    "INTERVAL_WORDS",
    "MISSING",
    "NumberStyle",
    "Sentences",
    "bullet",
    "display_width",
    "figure_style",
    "format_probability",
    "format_sentences",
    "format_table",
    "number_style",
    "one_line",
    "percent",
    "share_text",
    "wrapped",
]

MINUS = "\N{MINUS SIGN}"
ABOUT = ("outcome", "treatment")  # columns that tell effects apart


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sentences(Tidy):
    """A table of statements that prints the sentences in its column ``text``."""

    @staticmethod
    def of(table: Tidy) -> Sentences:
        """The same table."""
        return Sentences(*(getattr(table, one.name) for one in fields(Tidy)))

    def __repr__(self) -> str:
        return format_sentences(self)

    def _repr_html_(self) -> str:
        lines = format_sentences(self).splitlines()
        return f"<p>{'<br>'.join(escape(one_line(line)) for line in lines)}</p>"


def format_sentences(table: Tidy, width: int = 88) -> str:
    """The sentences of a table, those of each outcome and effect together."""
    texts = table.columns["text"]
    about = [
        tuple(table.columns[n][i] for n in ABOUT if n in table.columns) for i in range(len(texts))
    ]
    several = len(set(about)) > 1
    blocks = []
    for which in dict.fromkeys(about):
        said = " ".join(text for text, of in zip(texts, about, strict=True) if of == which and text)
        name = f"{', '.join(map(str, which))}: " if several else ""
        blocks.append(wrapped(f"{name}{said}", width))
    return "\n".join(blocks)


def figure_style(
    values: Sequence[float] | np.ndarray, errors: Sequence[float] | np.ndarray | None = None
) -> NumberStyle:
    """How a figure writes numbers: as ``number_style``, with the minus sign of its axes.

    >>> figure_style([-0.331], [0.12]).text(-0.331) == "\N{MINUS SIGN}0.33"
    True
    """
    return replace(number_style(values, errors), minus=MINUS)


def wrapped(text: str, width: int = 88) -> str:
    """A paragraph in lines; long words and hyphens are left whole."""
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def bullet(text: str, width: int = 88) -> str:
    """A paragraph in lines behind a mark."""
    return textwrap.fill(
        text, width, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False
    )
