"""Plan files: a plan as TOML, which can be registered before the data exist, and back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from forwhom.errors import PlanError, nearest
from forwhom.plan.make import make_plan
from forwhom.plan.plan import Plan

MAX_BYTES = 5_000_000
MAX_DOTS = 16  # in one key; a plan's own have two, and a reader's work grows as their square
MAX_MESSAGE, HEAD = 660, 150  # characters, and those of them that stand before a cut

# Strings and comments, in which dots mean nothing. Possessive, so that no text takes long.
_STRINGS = re.compile(
    r"""
    \"{3}(?:\\.|[^\\"]|"(?!""))*+(?:"{3}|\\?\Z)
    |\'{3}(?:[^']|'(?!''))*+(?:'{3}|\Z)
    |"(?:\\.|[^\\"\n])*+"?
    |'[^'\n]*+'?
    |\#[^\n]*+
    """,
    re.VERBOSE | re.DOTALL,
)
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_DOTS + 1}}}")

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}


def plan_to_toml(plan: Plan, comments: Iterable[str] = ()) -> str:
    r"""Write a plan, every default included, as TOML; ``comments`` are lines to open it with.

    >>> plan = make_plan(outcome="y", treatment="d", modifiers=["my age"])
    >>> text = plan_to_toml(plan)
    >>> print(text.splitlines()[2])
    modifiers = "`my age`"
    >>> plan_from_toml(text, "plan.toml") == plan
    True
    """
    lines = [f"# {_printable(line)}".rstrip() for text in comments for line in text.splitlines()]
    tables: list[str] = []
    for key, value in plan.keywords().items():
        if isinstance(value, dict):
            tables += _table((key,), value)
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def plan_from_toml(text: str, where: str) -> Plan:
    """Read a plan from TOML; ``where`` is the file's name, which every message starts with.

    Raises :class:`PlanError` for text that is not TOML, an unknown key, or a bad value.
    """
    import tomllib

    if _DEEP_KEY.search(_STRINGS.sub("s", text)):
        raise PlanError(f"{where}: a key has more than {MAX_DOTS} dots, too many for a plan file.")
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise PlanError(f"{where}: it is nested too deep to be a plan file.") from None
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{where}: it is not a valid TOML file: {_short(str(error))}.") from None
    except ValueError:
        raise PlanError(
            f"{where}: it is not a valid TOML file: a number in it has thousands of digits."
        ) from None
    try:
        return make_plan(**table)
    except PlanError as error:
        raise PlanError(f"{where}: {_short(str(error))}") from None


def read_plan(path: str | os.PathLike[str]) -> Plan:
    """Read a plan file. Raises :class:`PlanError` where it cannot be read or is not a plan."""
    where = str(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise PlanError(f"{where}: there is no such plan file.{_beside(Path(path))}") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise PlanError(f"{where}: the plan file cannot be read: {reason}.") from None
    if len(content) > MAX_BYTES:
        raise PlanError(
            f"{where}: it is larger than {MAX_BYTES // 1_000_000} MB, too large for a plan file. "
            "Is it the data? Name the data in the plan's key 'data'."
        )
    try:
        text = content.decode("utf-8-sig")  # editors on Windows start a file with a mark
    except UnicodeDecodeError:
        raise PlanError(f"{where}: it is not a text file in UTF-8. Is it a plan file?") from None
    if not text.strip():
        raise PlanError(f"{where}: the plan file is empty.")
    return plan_from_toml(text, where)


def _beside(path: Path) -> str:
    """The plan files in the same folder, as a hint."""
    try:
        return nearest(path.name, (other.name for other in path.parent.glob("*.toml")))
    except OSError:
        return ""


def _table(path: tuple[str, ...], table: dict[str, object]) -> list[str]:
    """A table's header and values, then the tables inside it; nothing for an empty one."""
    own = [f"{_key(k)} = {_value(v)}" for k, v in table.items() if not isinstance(v, dict)]
    lines = ["", f"[{'.'.join(_key(part) for part in path)}]", *own] if own else []
    for key, value in table.items():
        if isinstance(value, dict):
            lines += _table((*path, key), value)
    return lines


def _short(message: str) -> str:
    """A message in which a value of any length is quoted, cut in the middle: ends say what to do.

    >>> len(_short("family '" + "x" * 10_000 + "' is not known."))
    660
    """
    if len(message) <= MAX_MESSAGE:
        return message
    end = MAX_MESSAGE - len(" ... ") - HEAD
    return f"{message[:HEAD]} ... {message[-end:]}"


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    raise TypeError(f"a plan holds no {type(value).__name__}")


def _string(text: str) -> str:
    """A TOML basic string: quotes, backslashes and control characters escaped, the rest as is."""
    return '"' + "".join(_ESCAPES.get(c) or _control(c) for c in text) + '"'


def _control(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x20 or code == 0x7F else character
