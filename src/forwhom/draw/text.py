"""Tables as plain text: the numbers a reader wants, and no more digits than they carry."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from forwhom.data.tidy import DATA_FRAMES, Tidy
from forwhom.design import number_texts
from forwhom.errors import OutputError

MISSING = "-"
ABOUT = ("outcome", "treatment")  # columns that tell effects apart
INTERVAL_WORDS = {"equal-tailed": "equal-tailed intervals", "hdi": "highest-density intervals"}
# These columns share one unit, so they share one number of decimals.
ESTIMATE_COLUMNS = (
    *("estimate", "std_error", "conf_low", "conf_high"),
    *("raw_estimate", "raw_std_error"),
)
MOST_DECIMALS = 5
SCIENTIFIC_FROM = 1e9
FULL_FROM = 2.0**53  # whole numbers of more digits are names, not amounts


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How the numbers of one or several columns are written.

    >>> NumberStyle(2).text(-0.001), NumberStyle(0).text(12345.6), NumberStyle(1, True).text(3e-12)
    ('0.00', '12,346', '3.0e-12')
    """

    decimals: int
    scientific: bool = False
    separators: bool = True

    def text(self, value: float) -> str:
        """One number as text; NaN is ``-`` and a rounded zero has no sign."""
        if math.isnan(value):
            return MISSING
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        if self.scientific:
            return f"{value:.{self.decimals}e}" if value else "0"
        written = f"{value:{',' if self.separators else ''}.{self.decimals}f}"
        return written.lstrip("-") if not written.strip("-0.,") else written


def number_style(
    values: Sequence[float] | np.ndarray,
    errors: Sequence[float] | np.ndarray | None = None,
    digits: int | None = None,
) -> NumberStyle:
    """The style for numbers in one unit.

    With ``errors`` (standard errors) the typical error keeps two significant digits and the
    smallest keeps one where that costs at most two more decimals; without them the typical value
    keeps three. ``digits`` sets the decimals by hand.

    >>> number_style([0.8712, -0.3345], [0.31, 0.12])
    NumberStyle(decimals=2, scientific=False, separators=True)
    >>> number_style([8.7e-13], [3.1e-13]).text(8.7123e-13)
    '8.7e-13'
    """
    sizes = _sizes(values)
    if digits is not None:
        return NumberStyle(digits)
    if not sizes.size:
        return NumberStyle(0)
    scale = _sizes(errors) if errors is not None else np.empty(0)
    if scale.size:
        needed = 1 - _exponent(float(np.median(scale)))
        needed = max(needed, min(-_exponent(float(scale.min())), needed + 2))
    else:
        needed = 2 - _exponent(float(np.median(sizes)))
    if needed > MOST_DECIMALS or sizes.max() >= SCIENTIFIC_FROM:
        return NumberStyle(min(max(needed + _exponent(float(np.median(sizes))), 1), 3), True)
    return NumberStyle(max(needed, 0))


def format_probability(value: float) -> str:
    """A probability to two decimals, never rounded to certainty.

    >>> format_probability(0.971), format_probability(0.9997), format_probability(0.0)
    ('0.97', '>0.99', '<0.01')
    """
    if math.isnan(value):
        return MISSING
    if value > 0.99:
        return ">0.99"
    return "<0.01" if value < 0.01 else f"{value:.2f}"


def percent(level: float) -> str:
    """A level as a percentage.

    >>> percent(0.95), percent(0.999)
    ('95 %', '99.9 %')
    """
    return f"{round(100 * level, 6):g} %"


def display_width(text: str) -> int:
    """Terminal cells a text takes: wide letters take two, combining marks none.

    >>> display_width("age"), display_width("年齢"), display_width("e\\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_cells(letter) for letter in text)


def one_line(text: str) -> str:
    """A text on one line, without the control characters that upset a terminal or an SVG file.

    >>> one_line("two\\nlines")
    'two lines'
    """
    if text.isprintable():
        return text
    return "".join(
        " " if letter in "\ufffe\uffff" or unicodedata.category(letter) in ("Cc", "Cs") else letter
        for letter in text
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PrintedTable(Tidy):
    """A tidy table that prints itself, as a data frame would."""

    @staticmethod
    def of(table: Tidy) -> PrintedTable:
        """The same table."""
        return PrintedTable(*(getattr(table, one.name) for one in fields(Tidy)))

    def __repr__(self) -> str:
        return format_table(self)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sentences(Tidy):
    """A table of statements that prints the sentences in its column ``text``."""

    @staticmethod
    def of(table: Tidy) -> Sentences:
        """The same table."""
        return Sentences(*(getattr(table, one.name) for one in fields(Tidy)))

    def __repr__(self) -> str:
        return format_sentences(self)


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


def wrapped(text: str, width: int = 88) -> str:
    """A paragraph in lines; long words and hyphens are left whole."""
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def native(table: Tidy, engine: str) -> Any:
    """A table in the library the data came in; one that prints itself where that has no tables."""
    return table.to_native(engine) if engine in DATA_FRAMES else PrintedTable.of(table)


def format_table(tidy: Tidy, digits: int | None = None, max_rows: int | None = 40) -> str:
    """A table as text, without a final newline.

    Numbers are right-aligned, and estimates, standard errors and intervals share their decimals
    (``digits`` sets them by hand). Probabilities beyond 0.01 and 0.99 are written as bounds, counts
    (``n``, ``n_...``) with thousands separators. Only ``max_rows`` rows are written (None: all).

    Raises OutputError for negative ``digits`` or ``max_rows``.
    """
    for name, number in (("digits", digits), ("max_rows", max_rows)):
        if number is not None and number < 0:
            raise OutputError(f"{name}={number} is negative: give 0 or more, or None.")
    total = tidy.n_rows
    shown = total if max_rows is None else min(total, max_rows)
    ends = {bound for kind in tidy.types.values() for bound in kind.bounds}  # the bins' names say
    head = {name: list(values[:shown]) for name, values in tidy.columns.items() if name not in ends}
    style = _estimate_style(head, digits)
    blocks = [
        _column(name, tidy.headers.get(name, name), values, style, name in tidy.types)
        for name, values in head.items()
    ]
    lines = [one_line(line) for line in [_title(tidy)] if line]
    if blocks:
        rows = ["  ".join(cells).rstrip() for cells in zip(*blocks, strict=True)]
        rule = "-" * sum((display_width(block[0]) for block in blocks), 2 * (len(blocks) - 1))
        lines += [rows[0], rule, *rows[1:]]
    if not total:
        lines.append("(no rows)")
    elif total > shown:
        more = total - shown
        lines.append(f"... and {more:,} more row{'s' if more > 1 else ''}")
    return "\n".join([*lines, *map(one_line, tidy.notes)])


def _title(tidy: Tidy) -> str:
    if tidy.level is None:
        return tidy.title
    kind = f"{percent(tidy.level)} {INTERVAL_WORDS[tidy.interval]}"
    return f"{tidy.title} ({kind})" if tidy.title else kind


def _estimate_style(head: dict[str, list[Any]], digits: int | None) -> NumberStyle | None:
    """One style for every column in the unit of the estimates, or None where there is none."""
    present = [name for name in ESTIMATE_COLUMNS if name in head and _is_numeric(head[name])]
    if not present:
        return None
    values = np.concatenate([_floats(head[name]) for name in present])
    errors = _floats(head["std_error"]) if "std_error" in present else None
    return number_style(values, errors, digits)


def _column(
    name: str, header: str, values: list[Any], shared: NumberStyle | None, key: bool = False
) -> list[str]:
    """Header and cells of one column, padded to one width."""
    numeric = _is_numeric(values)
    cells = _numbers(name, values, shared, key) if numeric else [_text(v) for v in values]
    block = [one_line(header), *cells]
    width = max(map(display_width, block))
    gaps = [" " * (width - display_width(cell)) for cell in block]
    return [gap + cell if numeric else cell + gap for gap, cell in zip(gaps, block, strict=True)]


def _numbers(
    name: str, given: list[Any], shared: NumberStyle | None, key: bool = False
) -> list[str]:
    values = _floats(given)
    numbers = [float(value) for value in values]
    if name.startswith("prob_"):
        return [format_probability(number) for number in numbers]
    if shared is not None and name in ESTIMATE_COLUMNS:
        return [shared.text(number) for number in numbers]
    if name.endswith("_share"):
        return [NumberStyle(2).text(number) for number in numbers]
    finite = values[np.isfinite(values)]
    if np.any(np.abs(finite) >= FULL_FROM) and all(isinstance(v, int | np.integer) for v in given):
        return [str(int(value)) for value in given]  # names of many digits, in full
    if np.all(finite == np.round(finite)) and np.all(np.abs(finite) < FULL_FROM):
        # Whole numbers: counts get separators, codes and years do not.
        style = NumberStyle(0, separators=name == "n" or name.startswith("n_"))
    else:
        style = number_style(values)
    cells = [style.text(number) for number in numbers]
    # two different numbers never read alike where the column tells rows apart
    different = list(dict.fromkeys(numbers))
    if key and len({style.text(number) for number in different}) < len(different):
        names = dict(zip(different, number_texts(different), strict=True))
        return [names[number] for number in numbers]
    return cells


def _is_numeric(values: list[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        for value in known
    )


def _floats(values: Sequence[Any]) -> np.ndarray:
    return np.array([math.nan if v is None else v for v in values], dtype=float)


def _sizes(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Absolute values, without zeros and without what is not finite."""
    sizes = np.abs(np.asarray(values, dtype=float).ravel())
    kept: np.ndarray = sizes[np.isfinite(sizes) & (sizes > 0)]
    return kept


def _exponent(value: float) -> int:
    return int(f"{value:.1e}".partition("e")[2])


def _text(value: Any) -> str:
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)):
        return MISSING
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return one_line(str(value))


def _cells(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
