"""Tables as plain text and as HTML: the numbers a reader wants, under readable names.

Tests: tests/data/test_text.py, tests/data/test_tidy.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from forwhom.data.digits import number_texts
from forwhom.data.text import (
    MISSING,
    NumberStyle,
    display_width,
    format_probability,
    number_style,
    one_line,
    percent,
)
from forwhom.errors import OutputError

if TYPE_CHECKING:
    from forwhom.data.tidy import Tidy

INTERVAL_WORDS = {"equal-tailed": "equal-tailed intervals", "hdi": "highest-density intervals"}
# These columns share one unit, so they share one number of decimals.
ESTIMATE_COLUMNS = (
    *("estimate", "std_error", "conf_low", "conf_high"),
    *("simultaneous_low", "simultaneous_high", "expected_loss"),
    *("raw_estimate", "raw_std_error"),
)
FULL_FROM = 2.0**53  # whole numbers of more digits are names, not amounts
MOST_ROWS = 40  # that are printed


@dataclass(frozen=True, slots=True)
class _Block:
    """A printed column: its head, its cells, and whether they are numbers."""

    header: str
    cells: list[str]
    numeric: bool

    def padded(self) -> list[str]:
        """Head and cells in one width, numbers to the right."""
        lines = [self.header, *self.cells]
        width = max(map(display_width, lines))
        gaps = [" " * (width - display_width(line)) for line in lines]
        pairs = zip(gaps, lines, strict=True)
        return [gap + line if self.numeric else line + gap for gap, line in pairs]


def format_table(tidy: Tidy, digits: int | None = None, max_rows: int | None = MOST_ROWS) -> str:
    """A table as text, without a final newline.

    Numbers are right-aligned, and estimates, standard errors and intervals share their decimals
    (``digits`` sets them by hand). Probabilities beyond 0.01 and 0.99 are written as bounds, counts
    (``n``, ``n_...``) with thousands separators. Only ``max_rows`` rows are written (None: all).
    Columns and values stand under their readable names, where they have such names.

    Raises OutputError for negative ``digits`` or ``max_rows``.
    """
    blocks, more = _blocks(tidy, digits, max_rows)
    lines = [one_line(line) for line in [_title(tidy)] if line]
    if blocks:
        padded = [block.padded() for block in blocks]
        rows = ["  ".join(cells).rstrip() for cells in zip(*padded, strict=True)]
        rule = "-" * sum((display_width(block[0]) for block in padded), 2 * (len(padded) - 1))
        lines += [rows[0], rule, *rows[1:]]
    return "\n".join([*lines, *([more] if more else []), *map(one_line, tidy.notes)])


def format_html(tidy: Tidy, max_rows: int | None = MOST_ROWS) -> str:
    """The same as an HTML table: title, cells, and the notes at its foot; every text escaped."""
    blocks, more = _blocks(tidy, None, max_rows)
    wide = max(len(blocks), 1)

    def line(cells: Sequence[str], tag: str) -> str:
        sides = ["right" if block.numeric else "left" for block in blocks]
        written = "".join(
            f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )
        return f"<tr>{written}</tr>"

    style = "text-align: left; font-size: smaller"
    foot = "\n".join(
        f'<tr><td colspan="{wide}" style="{style}">{escape(note)}</td></tr>'
        for note in (*([more] if more else []), *map(one_line, tidy.notes))
    )
    rows = zip(*(block.cells for block in blocks), strict=True)
    return "\n".join(
        [
            '<table class="forwhom">',
            f'<caption style="text-align: left">{escape(one_line(_title(tidy)))}</caption>',
            f"<thead>{line([block.header for block in blocks], 'th')}</thead>",
            "<tbody>",
            *(line(row, "td") for row in rows),
            "</tbody>",
            *([f"<tfoot>\n{foot}\n</tfoot>"] if foot else []),
            "</table>",
        ]
    )


def _blocks(tidy: Tidy, digits: int | None, max_rows: int | None) -> tuple[list[_Block], str]:
    """The columns that are printed, and what is said of rows that are not."""
    for name, number in (("digits", digits), ("max_rows", max_rows)):
        if number is not None and number < 0:
            raise OutputError(f"{name}={number} is negative: give 0 or more, or None.")
    total = tidy.n_rows
    shown = total if max_rows is None else min(total, max_rows)
    ends = {bound for kind in tidy.types.values() for bound in kind.bounds}  # the bins' names say
    head = {name: list(values[:shown]) for name, values in tidy.columns.items() if name not in ends}
    style = _estimate_style(head, digits)
    blocks = []
    for name, values in head.items():
        labels = tidy.value_labels.get(name)
        if labels:
            values = _labelled(values, labels)
        numeric = _is_numeric(values)
        key = name in tidy.types
        cells = _numbers(name, values, style, key) if numeric else [_text(v) for v in values]
        blocks.append(_Block(one_line(tidy.headers.get(name, name)), cells, numeric))
    more = total - shown
    said = f"... and {more:,} more row{'s' if more > 1 else ''}" if more else ""
    return blocks, said if total else "(no rows)"


def _labelled(values: list[Any], labels: Mapping[Any, str]) -> list[Any]:
    """Values under their names; beside such names, numbers as texts."""
    if not any(value in labels for value in values):
        return values
    return [
        labels.get(value, number_texts([value])[0] if _is_numeric([value]) else value)
        for value in values
    ]


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


def _text(value: Any) -> str:
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)):
        return MISSING
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return one_line(str(value))
