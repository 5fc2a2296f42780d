"""What the words of a column say: missing values, numbers, levels. One rule for every source.

Readers hand over columns as they found them; :func:`settle` then

- leaves out blanks around levels, so that ``"North "`` is ``"North"``;
- makes missing what ``missing=`` names;
- reads a column whose words are numbers as numbers, however they are written, the words of
  ``TOKENS`` (other programs' ways to say missing) as missing there;
- refuses a column that is nearly all numbers: at least four fifths of its rows, or of its different
  words where five or more are numbers. Its strangers are shown, by line;
- reads past a second line of headers in a file, and refuses one in a data frame.

All of it is said, one sentence each. ``missing={"x": []}`` takes column x as it stands.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forwhom.data.encode import WHOLE_UP_TO, boolean, numeric
from forwhom.data.keys import KeyType
from forwhom.data.source import Gone, Source
from forwhom.data.table import Column
from forwhom.data.tokens import MAYBE_ZERO, MOST_MAYBE, TOKENS
from forwhom.errors import listing, plural

if TYPE_CHECKING:
    from forwhom.data.stray_words import Stranger

Level = str | float | int | bool
Missing = Mapping[str, Sequence[Level]]

NEARLY = 0.8  # share of numbers from which a column is nearly all numbers
SEVERAL = 5  # different numbers from which their share among the different words counts
HEADERS = 3  # lines under the first that may be headers too
SAMPLE = 512  # levels looked at first, where there are many
MOST_COMPARED = 50_000  # levels up to which those that differ in capitals are looked for


def settle(
    columns: Sequence[Column], missing: Missing, source: Source, gone: Gone | None = None
) -> tuple[list[Column], tuple[str, ...]]:
    """Columns as they are meant, and a sentence for everything that was done.

    ``gone`` are words that the reader took as missing already, with their rows, by column.

    Raises:
        DataError: columns that are nearly all numbers, with their strangers and the way out.
    """
    made: list[Column] = []
    notes: list[str] = []
    strangers: list[Stranger] = []
    for column in columns:
        asked = missing.get(column.name)
        before = (gone or {}).get(column.name, ())
        notes += _gone_notes(column.name, before, asked or ())
        column, said = _trimmed(column)
        notes += said
        if asked:
            column, said = _made_missing(column, asked, {word.strip() for word, _ in before})
            notes += said
        if column.kind == "text" and (asked is None or len(asked)):
            found, said = _judged(column, source)
            notes += said
            if not isinstance(found, Column):
                strangers.append(found)
            elif found.kind == "text" and found.mixed:
                from forwhom.data.stray_words import mixture

                raise mixture(found, missing, source.name)
            else:
                column = found
        notes += _alike(column)
        made.append(column)
    if not strangers:
        return made, tuple(notes)
    from forwhom.data.stray_words import refuse

    count = _header_lines(made, strangers) if source.lines else 0
    if not count:
        raise refuse(
            strangers, missing, source.name, source.at, source.word if source.lines else "row"
        )
    rest = [_from(column, count) for column in columns]
    made, after = settle(rest, missing, _shifted(source, count), gone)
    return made, (_headers_note(strangers, count, source), *after)


def _trimmed(column: Column) -> tuple[Column, list[str]]:
    """Blanks around levels left out; levels that are then the same become one."""
    levels = column.levels or ()
    names = [level.strip() for level in levels]
    if column.kind != "text" or list(levels) == names:
        return column, []
    counts = np.bincount(column.values[column.values >= 0], minlength=len(levels))
    changed = [i for i, name in enumerate(names) if name != levels[i]]
    rows = int(counts[changed].sum())
    merged = (
        [levels[i] for i in changed if names.count(names[i]) > 1][:3] if len(names) < 1000 else []
    )
    shown = listing([levels[i] for i in changed], 3)
    note = f"Blanks around values of '{column.name}' are left out ({shown}; {plural(rows, 'row')})"
    note += (
        f", which makes {listing(names[levels.index(m)] for m in merged)} one level."
        if merged
        else "."
    )
    place = {name: code for code, name in enumerate(dict.fromkeys(names))}
    kept = tuple(place) if column.declared else tuple(sorted(place))
    place = {name: code for code, name in enumerate(kept)}
    recode = np.array([place[name] for name in names] + [-1], dtype=np.int32)
    declared = tuple(dict.fromkeys(name.strip() for name in column.declared))
    labels = tuple((k.strip() if isinstance(k, str) else k, t) for k, t in column.value_labels)
    made = replace(column, values=recode[column.values], levels=kept, declared=declared,
                   value_labels=labels, native=KeyType())  # fmt: skip
    return made, [note]


def _made_missing(
    column: Column, request: Sequence[Level], before: Set[str]
) -> tuple[Column, list[str]]:
    """The codes asked for become missing; each is counted, or said to be absent."""
    notes = []
    gone: NDArray[np.bool_] = np.zeros(len(column.values), dtype=bool)
    for code in request:
        hit = _holds(column, code)
        rows = int((hit & ~gone).sum())
        shown = f"'{code}'" if isinstance(code, str) else f"{code}"
        if rows:
            notes.append(
                f"In '{column.name}' {shown} is missing, as asked ({plural(rows, 'row')})."
            )
        elif not (isinstance(code, str) and code.strip() in TOKENS | before | {""}):
            notes.append(f"missing: '{column.name}' never holds {shown}.")
        gone |= hit
    return (_without(column, gone) if gone.any() else column), notes


def _holds(column: Column, code: Level) -> NDArray[np.bool_]:
    """Which rows hold a code: a number, a level, or the label of either."""
    if column.kind == "text":
        wanted = {_plain(code)} | {str(k) for k, t in column.value_labels if t == code}
        codes = [i for i, level in enumerate(column.levels or ()) if level in wanted]
        return np.isin(column.values, codes)
    numbers = [
        float(k) for k, text in column.value_labels if text == code and not isinstance(k, str)
    ]
    with contextlib.suppress(ValueError):
        numbers.append(float(code))
    hit: NDArray[np.bool_] = np.zeros(len(column.values), dtype=bool)
    for number in numbers:
        hit |= np.abs(column.values - number) <= 1e-12 * abs(number)
    return hit


def _plain(code: Level) -> str:
    """A code as a text column would hold it."""
    if isinstance(code, float) and code.is_integer():
        return str(int(code))
    return str(code).strip()


def _without(column: Column, gone: NDArray[np.bool_]) -> Column:
    """Rows made missing; levels and labels that no longer occur are forgotten."""
    if column.kind != "text":
        values = np.where(gone, np.nan, column.values)
        if np.isnan(values).all() and column.kind == "boolean":
            return replace(numeric(column.name, values), label=column.label)
        labels = tuple((k, t) for k, t in column.value_labels if (values == k).any())
        return replace(column, values=values, value_labels=labels)
    return _releveled(replace(column, values=np.where(gone, -1, column.values)))


def _releveled(column: Column) -> Column:
    """A text column less the levels that no row holds."""
    used = np.unique(column.values[column.values >= 0])
    levels = column.levels or ()
    if not len(used):
        gone = numeric(column.name, np.full(len(column.values), np.nan))
        return replace(gone, label=column.label)
    recode = np.full(len(levels) + 1, -1, dtype=np.int32)
    recode[used] = np.arange(len(used))
    kept = tuple(levels[int(i)] for i in used)
    numbers = tuple(column.numbers[int(i)] for i in used) if column.numbers else ()
    labels = tuple((k, t) for k, t in column.value_labels if k in kept)
    return replace(
        column, values=recode[column.values], levels=kept, numbers=numbers, value_labels=labels
    )


def _judged(column: Column, source: Source) -> tuple[Column | Stranger, list[str]]:
    """A text column, or what its words are: numbers, true and false, or nearly all numbers."""
    levels = column.levels or ()
    if len(levels) > SAMPLE and not _promising(levels):
        return column, []
    counts = np.bincount(column.values[column.values >= 0], minlength=len(levels)).tolist()
    tokens = [level in TOKENS or level in MAYBE_ZERO for level in levels]
    rest = [i for i, token in enumerate(tokens) if not token]
    if not rest:
        return column, []
    words, rows = [levels[i] for i in rest], [counts[i] for i in rest]
    declared = bool(column.declared)
    truth = {word.casefold() for word in words}
    if truth <= {"true", "false"}:
        values = {i: float(levels[i].casefold() == "true") for i in rest}
        return _replaced(column, values, boolean), _notes_of(
            column, tokens, counts, source, "true and false"
        )
    from forwhom.data.numbers import read_numbers  # patterns take a while to compile
    from forwhom.data.stray_words import Stranger

    written = read_numbers(words, rows, source.decimal_comma)
    if written.codes:
        first = next(word for word in words if word[0] == "0" and len(word) > 1)
        return column, [
            f"'{column.name}' holds codes with leading zeros ('{first}'): they are levels, not "
            "numbers."
        ]
    numbers = [value is not None for value in written.values]
    if all(numbers):
        if declared:
            return column, []
        maybe = [i for i, level in enumerate(levels) if level in MAYBE_ZERO]
        if sum(counts[i] for i in maybe) > MOST_MAYBE * sum(counts):
            return Stranger.of(column, maybe, counts), []
        values = {i: v for i, v in zip(rest, written.values, strict=True) if v is not None}
        return _numbered(column, values), _notes_of(
            column, tokens, counts, source, "numbers", written.ways
        )
    if not (written.unit or _nearly(numbers, rows)):
        return column, []
    strange = [i for i, number in zip(rest, numbers, strict=True) if not number]
    from forwhom.data.refusals import says_missing

    if declared and not any(says_missing(levels[i]) for i in strange):
        return column, []
    return Stranger.of(column, strange, counts, written.unit), []


def _promising(levels: Sequence[str]) -> bool:
    """Whether some of a sample of the levels could be numbers."""
    sample = levels[:: len(levels) // SAMPLE + 1]
    return sum(any(c.isdigit() for c in level) for level in sample) > 0.4 * len(sample)


def _nearly(numbers: Sequence[bool], rows: Sequence[int]) -> bool:
    held = sum(n for n, number in zip(rows, numbers, strict=True) if number)
    several = sum(numbers)
    by_words = several >= SEVERAL and several >= NEARLY * len(numbers)
    return held >= NEARLY * sum(rows) or by_words


def _numbered(column: Column, values: Mapping[int, Any]) -> Column:
    """Numbers in place of a column's levels; long whole numbers keep every digit."""
    whole = all(isinstance(value, int) for value in values.values())
    if not whole or max(map(abs, values.values())) < WHOLE_UP_TO:
        return _replaced(column, values, lambda name, held: numeric(name, held, integer=whole))
    table = np.array([values.get(i, 0) for i in range(len(column.levels or ()))] + [0], object)
    gone = ~np.isin(column.values, list(values))
    return _relabelled(numeric(column.name, table[column.values], gone, True), column, values)


def _replaced(
    column: Column, values: Mapping[int, Any], make: Callable[[str, Any], Column]
) -> Column:
    table = np.full(len(column.levels or ()) + 1, np.nan)
    table[list(values)] = [float(value) for value in values.values()]
    return _relabelled(make(column.name, table[column.values]), column, values)


def _relabelled(made: Column, column: Column, values: Mapping[int, Any]) -> Column:
    """The labels of codes that were text go with the numbers."""
    by_word = {str(k): text for k, text in column.value_labels}
    levels = column.levels or ()
    labels = sorted(
        (float(v), by_word[levels[i]]) for i, v in values.items() if levels[i] in by_word
    )
    return replace(made, label=column.label, value_labels=tuple(labels))


def _gone_notes(name: str, gone: Sequence[tuple[str, int]], request: Sequence[Level]) -> list[str]:
    """What is said of words taken as missing, of those asked for apart."""
    notes = []
    for as_asked in (True, False):
        held = [(word, n) for word, n in gone if (word.strip() in request) == as_asked]
        if held:
            shown = ", ".join(f"'{word}' ({plural(n, 'row')})" for word, n in held)
            verb = "is" if len(held) == 1 else "are"
            how = "missing, as asked" if as_asked else "taken as missing"
            notes.append(f"In '{name}' {shown} {verb} {how}.")
    return notes


def _notes_of(
    column: Column,
    tokens: Sequence[bool],
    counts: Sequence[int],
    source: Source,
    kind: str,
    ways: Sequence[str] = (),
) -> list[str]:
    levels = column.levels or ()
    gone = [(levels[i], counts[i]) for i, token in enumerate(tokens) if token]
    notes = _gone_notes(column.name, gone, ())
    if ways:
        notes.append(f"'{column.name}' is written with {' and '.join(ways)}.")
    elif not gone and source.lines is None:  # text files hold nothing but text
        notes.append(
            f"'{column.name}' holds {kind} written as text and is read as {kind}. Say "
            f"missing={{'{column.name}': []}} to keep texts."
        )
    return notes


def _alike(column: Column) -> list[str]:
    """Levels that differ in capitals or inner blanks only: named, never merged."""
    levels = column.levels or ()
    if column.kind != "text" or not 1 < len(levels) <= MOST_COMPARED:
        return []
    from unicodedata import normalize

    found: dict[str, list[int]] = {}
    for i, level in enumerate(levels):
        key = " ".join(normalize("NFKC", level).casefold().split())
        found.setdefault(key, []).append(i)
    same = [places for places in found.values() if len(places) > 1]
    if not same:
        return []
    counts = np.bincount(column.values[column.values >= 0], minlength=len(levels))
    sets = [
        " and ".join(f"'{levels[i]}' ({plural(int(counts[i]), 'row')})" for i in places)
        for places in same[:3]
    ]
    more = f"; and {len(same) - 3} more such sets" if len(same) > 3 else ""
    return [
        f"Levels of '{column.name}' that differ in capitals or blanks only are kept apart: "
        f"{'; '.join(sets)}{more}."
    ]


def _header_lines(columns: Sequence[Column], strangers: Sequence[Stranger]) -> int:
    """How many first rows are headers: text there, and nowhere else, in every column of numbers.

    With fewer than two columns of numbers to tell it by there are none: a stray word is likelier.
    """
    rows = [stranger.rows for stranger in strangers]
    count = int(max(held.max() for held in rows)) + 1
    if len(strangers) < 2 or count > HEADERS or not any(len(held) == count for held in rows):
        return 0
    plain = [c.values[:count] for c in columns if c.kind != "text"]
    return count if all(np.isnan(held).all() for held in plain) else 0


def _headers_note(strangers: Sequence[Stranger], count: int, source: Source) -> str:
    at = source.at(range(count))
    lines = f"{source.word.capitalize()} {at[0]}" if count == 1 else (
        f"{source.word.capitalize()}s {at[0]} to {at[-1]}")  # fmt: skip
    return (
        f"{lines} of {source.name} {'holds' if count == 1 else 'hold'} text where the rest of "
        f"{listing([s.column for s in strangers], 4)} are numbers (for instance "
        f"'{strangers[0].words[0][:40]}'): taken as further headers and left out."
    )


def _shifted(source: Source, count: int) -> Source:
    lines = source.lines
    assert lines is not None
    return replace(source, lines=lambda rows: lines([row + count for row in rows]))


def _from(column: Column, start: int) -> Column:
    """A column less its first rows."""
    shorter = column.take(slice(start, None))
    return _releveled(shorter) if column.kind == "text" else shorter
