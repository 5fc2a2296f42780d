"""What can be asked along with a question: one row for each option, checked in one place.

Tests: tests/answers/test_options.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np

from forwhom.answers.telling import INTERVALS
from forwhom.answers.whom import without_columns
from forwhom.design.labels import check_label_names, check_valued_names, columns_of
from forwhom.errors import OutputError, PlanError, listing, nearest
from forwhom.fitted import Fitted, check_scale

LEAST_INCHES, MOST_INCHES = 1.5, 60.0

Kind = Literal["text", "texts", "number", "pair", "switch", "data", "mapping"]

TELLING = ("level", "interval", "above", "equivalence", "draws")  # how draws are told
SIZE = ("width", "height")  # of every figure
GROUPS = ("where", "weights")  # which groups, and how they count in averages


def _as_given(fitted: Fitted, value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Option:
    """A keyword of questions.

    Attributes:
        name: of the keyword; ``--name`` is the flag.
        words: for help.
        kind: how it is written on a command line; a "mapping" has no flag.
        check: a fit and the value given, or None, to the value used; raises where it cannot be.
        metavar: what stands for the value in help.
    """

    name: str
    words: str
    kind: Kind = "text"
    check: Callable[[Fitted, Any], Any] = _as_given
    metavar: str = ""


def _level(fitted: Fitted, level: Any) -> float:
    if level is None:
        return fitted.plan.level
    if not isinstance(level, int | float) or not 0 < level < 1:
        raise PlanError(f"level={level!r} must lie between 0 and 1, such as 0.95.")
    return level


def _by(fitted: Fitted, by: Any) -> tuple[str, ...] | None:
    """Grouping columns, by name."""
    if by is None:
        return None
    if not isinstance(by, str | Sequence):
        raise PlanError(f"by={by!r} must be a column name or a list of them.")
    names, columns = (by,) if isinstance(by, str) else tuple(by), fitted.design.groups.columns
    if why := without_columns(fitted.design.groups, "by="):
        raise PlanError(why)
    if not names:
        raise PlanError(
            f"by= names no column. Effects can be averaged by {listing(columns)}; leave by= out "
            "for the average over all rows."
        )
    for name in names:
        if name not in columns:
            raise PlanError(
                f"by={name!r}: effects can be averaged by the columns that define the groups, "
                f"{listing(columns)}.{nearest(name, columns)}"
            )
    return names


def _interval(fitted: Fitted, interval: Any) -> str:
    if interval is None:
        return INTERVALS[0]
    if interval not in INTERVALS:
        known = " or ".join(map(repr, INTERVALS))
        raise PlanError(
            f"interval={interval!r} is not known: give {known}.{nearest(str(interval), INTERVALS)}"
        )
    return str(interval)


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _above(fitted: Fitted, above: Any) -> float | None:
    if above is None:
        return None
    if not _number(above) or not isfinite(above):
        raise PlanError(f"above={above!r} must be a number, in the unit of the effects.")
    return float(above)


def _inches(name: str) -> Callable[[Fitted, Any], float | None]:
    """A side of a figure."""

    def check(fitted: Fitted, value: Any) -> float | None:
        if value is None:
            return None
        if not _number(value) or not LEAST_INCHES <= value <= MOST_INCHES:
            raise OutputError(
                f"{name}={value!r} must be a number of inches from {LEAST_INCHES:g} to "
                f"{MOST_INCHES:g}, such as 3.3 or 6.5."
            )
        return float(value)

    return check


def _equivalence(fitted: Fitted, ends: Any) -> tuple[float, float] | None:
    if ends is None:
        return None
    pair = tuple(ends) if isinstance(ends, Sequence) and not isinstance(ends, str) else ()
    if len(pair) != 2 or not all(map(_number, pair)) or not all(map(isfinite, pair)):
        raise PlanError(f"equivalence={ends!r} must be two numbers, such as (-0.5, 0.5).")
    if not pair[0] < pair[1]:
        raise PlanError(f"equivalence={ends!r}: the first must be the lower.")
    return float(pair[0]), float(pair[1])


def _spread(fitted: Fitted, spread: Any) -> bool:
    return True if spread is None else bool(spread)


def _no(fitted: Fitted, value: Any) -> bool:
    """A switch that is off unless it is asked for."""
    return bool(value)


def _within(fitted: Fitted, within: Any) -> tuple[str, ...]:
    """Grouping columns for whose values something is done apart, none by default."""
    if within is None or within == ():
        return ()
    try:
        return _by(fitted, within) or ()
    except PlanError as error:
        raise PlanError(str(error).replace("by=", "within=")) from None


def _contrast(fitted: Fitted, contrast: Any) -> tuple[str, ...]:
    """Contrasts in words, read where the levels are known."""
    if contrast is None:
        return ()
    texts = (contrast,) if isinstance(contrast, str) else contrast
    if not isinstance(texts, Sequence) or not all(isinstance(t, str) and t for t in texts):
        raise PlanError(
            f'contrast={contrast!r} must be words such as "North - South", or a list of them.'
        )
    return tuple(texts)


def _against(fitted: Fitted, against: Any) -> str:
    """A level, a group's number, or the average; found where it is known what is contrasted."""
    if against is None or against == "":
        return ""
    number = isinstance(against, int | np.integer) and not isinstance(against, bool)
    if not number and not (isinstance(against, str | float | bool) and str(against).strip()):
        raise PlanError(
            f"against={against!r} must be a level, such as 'North', a group's number or 'average'."
        )
    return f"{against:g}" if isinstance(against, float) else str(against)


def _word_of(name: str, words: tuple[str, ...]) -> Callable[[Fitted, Any], str]:
    """One of some words, the first by default."""

    def check(fitted: Fitted, value: Any) -> str:
        if value is None:
            return words[0]
        if value not in words:
            known = " or ".join(map(repr, words))
            raise PlanError(
                f"{name}={value!r} is not known: give {known}.{nearest(str(value), words)}"
            )
        return str(value)

    return check


def _facet(place: str) -> Callable[[Fitted, Any], Any]:
    """Of a figure of groups: a grouping column or None."""

    def check(fitted: Fitted, name: Any) -> Any:
        columns = fitted.design.groups.columns
        if name is not None and (why := without_columns(fitted.design.groups, f"{place}=")):
            raise OutputError(why)
        if name is not None and name not in columns:
            raise OutputError(
                f"{place}={name!r} does not define the groups; {listing(columns)} do."
                f"{nearest(name, columns)}"
            )
        return name

    return check


def _one_of(name: str, words: tuple[str, ...]) -> Callable[[Fitted, Any], Any]:
    def check(fitted: Fitted, value: Any) -> Any:
        if value is not None and value not in words:
            raise OutputError(
                f"{name}={value!r} is not known: give {' or '.join(map(repr, words))}."
            )
        return value

    return check


def _labels(fitted: Fitted, labels: Any) -> Any:
    """Of a figure: readable names of columns and terms that are there."""
    design = fitted.design
    if labels:
        check_label_names(labels, columns_of(design.plan, design.groups), design.terms)
    return labels


def _value_labels(fitted: Fitted, labels: Any) -> Any:
    """Likewise of values; those of columns that define groups are held to their levels."""
    groups = fitted.design.groups
    check_valued_names(labels or (), columns_of(fitted.plan, groups))
    for name, given in (labels or {}).items():
        if name in groups.columns:
            j = groups.columns.index(name)
            texts, numbers = groups.display[j], groups.numbers[j] or ()
            for key in given:
                if str(key) not in texts and key not in numbers:
                    raise PlanError(
                        f"value_labels: '{name}' has no value {key!r}.{nearest(str(key), texts)} "
                        f"It has {listing(texts)}."
                    )
    return labels


_ROWS = (
    Option("level", "Of the intervals.", "number", _level, "LEVEL"),
    Option(
        "scale",
        "link, response, percent or categories; default: the outcome's own.",
        check=check_scale,
        metavar="SCALE",
    ),
    Option("interval", "equal-tailed or hdi (the shortest).", check=_interval, metavar="KIND"),
    Option("above", "Tell the probability of more than this.", "number", _above, "BAR"),
    Option(
        "equivalence",
        "Tell the probability of lying between these two.",
        "pair",
        _equivalence,
        "LOW HIGH",
    ),
    Option("draws", "The draws themselves, one row each.", "switch", _no),
    Option("where", 'Only groups where this holds, such as "age > 30".', metavar="CONDITION"),
    Option("weights", "In averages: rows, equal, or a column.", metavar="BY"),
    Option("by", "Average over all groupings but these columns.", "texts", _by, "COLUMN"),
    Option("modifier", "A modifier or grouping column.", metavar="COLUMN"),
    Option("new", "A file with the rows of new groups.", "data", metavar="DATA"),
    Option(
        "data",
        "A file: each row is told its effect, or the rows that a fit keeps sums of.",
        "data",
        metavar="DATA",
    ),
    Option("spread", "Draw the new groups' own part of the effect.", "switch", _spread),
    Option("pointwise", "One row per kind of row, the worst first.", "switch", _no),
    Option("treatment", "Which of several effects, by its name in tables.", metavar="NAME"),
    Option("category", "Which category of an unordered outcome.", metavar="NAME"),
    Option("row", "Rows of the figure.", check=_facet("row"), metavar="COLUMN"),
    Option("column", "Columns of the figure.", check=_facet("column"), metavar="COLUMN"),
    Option("color", "Colours of the figure.", check=_facet("color"), metavar="COLUMN"),
    Option("tiles", "Averages over row and column, as tiles with numbers.", "switch", _no),
    Option(
        "intercept",
        "last or omit.",
        check=_one_of("intercept", ("last", "omit")),
        metavar="PLACE",
    ),
    Option("of", "rows or groups.", check=_one_of("of", ("rows", "groups")), metavar="WHAT"),
    Option("labels", "Readable names of columns.", "mapping", _labels),
    Option("value_labels", "Readable names of values, by column.", "mapping", _value_labels),
    Option("title", "Of the figure.", metavar="TEXT"),
    Option("width", "Of the figure, in inches, such as 6.5.", "number", _inches("width"), "INCHES"),
    Option("height", "Of the figure, in inches.", "number", _inches("height"), "INCHES"),
    Option(
        "contrast",
        'What is held against what, in words such as "North - South"; may be repeated.',
        "texts",
        _contrast,
        "WORDS",
    ),
    Option("within", "Apart for each value of these columns.", "texts", _within, "COLUMN"),
    Option(
        "against",
        "Hold all against this one: a level, a group's number or average.",
        check=_against,
        metavar="LEVEL",
    ),
    Option(
        "between",
        "levels (of the columns by) or treatments.",
        check=_word_of("between", ("levels", "treatments")),
        metavar="WHAT",
    ),
    Option("ratio", "Ratios instead of differences.", "switch", _no),
    Option(
        "best",
        "largest or smallest: the effect that is wanted.",
        check=_word_of("best", ("largest", "smallest")),
        metavar="WHICH",
    ),
)
OPTIONS = {option.name: option for option in _ROWS}
