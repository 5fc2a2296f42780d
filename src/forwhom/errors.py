"""One tree of errors: a message says what is wrong, where, and the way out.

Tests: tests/test_bad_input.py.
"""

from __future__ import annotations

from collections.abc import Iterable


class ForWhomError(Exception):
    """Base of every error forwhom raises on purpose."""


class PlanError(ForWhomError):
    """The question is not well put: a bad formula, prior, option or plan file."""


class DataError(ForWhomError):
    """The data cannot be read, or cannot answer the question."""


class InferenceError(ForWhomError):
    """The posterior cannot be computed, for instance because it is improper."""


class UnboundedError(InferenceError):
    """The posterior of a spread reaches further than a grid can: mostly, it is improper."""

    def __init__(self, name: str, example: str) -> None:
        super().__init__(
            f"the data do not bound {name}: its posterior does not fall off. Give it a proper "
            f"prior, or a narrower one, for instance priors={{'{name}': '{example}'}}."
        )


class OutputError(ForWhomError):
    """A result cannot be written or drawn."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint ``" Did you mean 'age'?"`` for a misspelt name, or an empty string.

    >>> nearest("agee", ["age", "region"])
    " Did you mean 'age'?"
    >>> nearest("zzz", ["age", "region"])
    ''
    """
    from difflib import get_close_matches  # only a mistake pays for it

    choices = list(known)
    folded = {choice.casefold(): choice for choice in reversed(choices)}
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f" Did you mean {folded[close[0]]!r}?" if close else ""


def plural(count: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "row"), plural(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listing(names: Iterable[object], most: int = 12) -> str:
    """Names for a message, in quotes, cut after ``most``.

    >>> listing(["a", "b"])
    "'a', 'b'"
    >>> listing(range(20), most=2)
    "'0', '1' and 18 more"
    """
    quoted = [f"'{name}'" for name in names]
    if len(quoted) <= most:
        return ", ".join(quoted)
    return ", ".join(quoted[:most]) + f" and {len(quoted) - most} more"
