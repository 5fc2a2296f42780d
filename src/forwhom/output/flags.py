"""Texts that tell what to do next, in the words of the command line instead of Python's.

Tests: tests/output/test_flags.py.
"""

from __future__ import annotations

import re

from forwhom.plan import PARTS

_CALL = re.compile(r"\bfit\.(?:plot\.)?(\w+)\(\)")
_KEYWORD = re.compile(r"\b(\w+)=(?:'([^'\n]*)'|\"([^\"\n]*)\"|\[([^\]]*)\]|(\d[\w.]*|True))")


def as_flags(text: str) -> str:
    """A text with commands for methods, and flags for a plan's keywords.

    >>> as_flags("See fit.priors(), or say family='gaussian' and groups=['a', 'b'].")
    'See forwhom priors, or say --family gaussian and --groups a --groups b.'
    """
    return _KEYWORD.sub(_flag, _CALL.sub(lambda found: f"forwhom {found[1]}", text))


def _flag(found: re.Match[str]) -> str:
    name, single, double, several, plain = found.groups()
    if name not in PARTS:
        return found[0]
    flag = f"--{name.replace('_', '-')}"
    if several is not None:
        items = [item.strip().strip("'\"") for item in several.split(",")]
        return " ".join(f"{flag} {_quoted(item)}" for item in items)
    if plain == "True":
        return flag
    return f"{flag} {_quoted(single or double or plain or '')}"


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w.:/-]+", value) else f'"{value}"'
