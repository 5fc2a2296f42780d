"""Letters that a terminal, a page or a picture can show; names in data may hold any.

Tests: tests/draw/test_figure.py.
"""

from __future__ import annotations

_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
_PICTURES |= {0x7F: 0x2421, 0x2028: 0x20, 0x2029: 0x20, 0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}
_PICTURES |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def shown(text: str) -> str:
    """Text with its controls as pictures of themselves, so that none of them acts.

    Line separators become spaces, and half letters, as names of files may hold, question marks.

    >>> shown("a\\0b\\u2028c\\x1b[31m")
    'a␀b c␛[31m'
    """
    if text.isprintable():
        return text
    return text.translate(_PICTURES).encode("utf-8", "replace").decode()
