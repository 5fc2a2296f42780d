"""Numbers and tables as text, as figures and sentences write them: what ``data`` prints them by."""

from __future__ import annotations

from forwhom.data.printed import INTERVAL_WORDS, format_table
from forwhom.data.text import (
    MISSING,
    NumberStyle,
    display_width,
    format_probability,
    number_style,
    one_line,
    percent,
)

__all__ = [
    "INTERVAL_WORDS",
    "MISSING",
    "NumberStyle",
    "display_width",
    "format_probability",
    "format_table",
    "number_style",
    "one_line",
    "percent",
]
