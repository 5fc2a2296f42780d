"""Words that other programs write for a missing value.

Tests: tests/data/test_words.py
"""

from __future__ import annotations

# Read as missing in columns of numbers and of true and false; in one of text each may be a level.
TOKENS = frozenset(
    ("NA", "N/A", "n/a", "na", "n.a.", "N.A.", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "NaT",
     "null", "NULL", "Null", "<null>", "(null)", "\\N", ".", "..", "...", "#DIV/0!", "#VALUE!",
     "#REF!", "#NAME?", "#NUM!", "#NULL!", "1.#QNAN", "-1.#IND", "1.#IND", "._",
     *(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"))
)  # fmt: skip
# Likewise, where they are at most a fifth of the rows: they can also stand for none at all, zero.
MAYBE_ZERO = frozenset(("None", "-", "--", "---", "\u2013", "\u2014"))
MOST_MAYBE = 0.2
