"""Contrasts in words: "germany - russia", "(a - b) - (c - d)", "a / b", read and never evaluated.

    sum     = product (("+" | "-") product)*
    product = piece (("/" | "*") piece)*
    piece   = number | place | "(" sum ")"
    place   = level (":" level)*        "Germany:Clinton" is where both hold

A level is found as it is written in tables, by its label, with its column ("woman = 1") or in
quotes; capitals do not matter. Blanks and hyphens inside need no quotes: the longest level that
fits is taken.

Tests: tests/answers/test_contrast_words.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from forwhom.errors import PlanError, listing, nearest

MAX_CHARACTERS = 10_000
MAX_DEPTH = 50

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_QUOTES = "'\"`"
_GOES_ON = re.compile(r"\w|\.[0-9]")  # behind a letter or digit: the name is longer

Level = tuple[int, int]  # (axis, level): a grouping column and its level, or a treatment
Place = tuple[Level, ...]  # one level of some axes, in the order of the axes


@dataclass(frozen=True, slots=True)
class Sum:
    """Places by their weights, and ratios of sums by theirs."""

    weights: Mapping[Place, float] = field(default_factory=dict)
    ratios: tuple[tuple[float, Sum, Sum], ...] = ()

    def times(self, factor: float) -> Sum:
        """Every weight times a factor."""
        scaled = {place: weight * factor for place, weight in self.weights.items()}
        return Sum(scaled, tuple((weight * factor, n, d) for weight, n, d in self.ratios))

    def plus(self, other: Sum) -> Sum:
        """Added up; what cancels is gone."""
        weights = dict(self.weights)
        for place, weight in other.weights.items():
            weights[place] = weights.get(place, 0.0) + weight
        kept = {place: weight for place, weight in weights.items() if weight != 0.0}
        return Sum(kept, self.ratios + other.ratios)

    @property
    def places(self) -> tuple[Place, ...]:
        """Everything that is named."""
        inside = [p for _, n, d in self.ratios for p in (*n.places, *d.places)]
        return tuple(dict.fromkeys((*self.weights, *inside)))


@dataclass(frozen=True, slots=True)
class Spoken:
    """A contrast that was read: what to compute, and its text in the words of tables."""

    sum: Sum
    text: str

    @property
    def is_ratio(self) -> bool:
        """Whether it is one ratio, so that 1 says that both are alike."""
        return len(self.sum.ratios) == 1 and not self.sum.weights

    @property
    def balanced(self) -> bool:
        """Whether its weights sum to zero, so that equal effects give zero."""
        return bool(self.sum.ratios) or abs(sum(self.sum.weights.values())) < 1e-9


@dataclass(frozen=True, slots=True)
class Names:
    """What levels are called.

    Attributes:
        known: text to the levels it may mean.
        axes: names of the axes, to tell them apart in messages.
        words: how tables write a level.
        chosen: whether the axes were asked for, so that a bare number is a level of them.
    """

    known: Mapping[str, Sequence[Level]]
    axes: Mapping[int, str]
    words: Mapping[Level, str]
    chosen: bool = True

    def find(self, text: str) -> tuple[Level, ...]:
        """Levels of this name: as it is written, else whatever its capitals."""
        if text in self.known:
            return tuple(self.known[text])
        folded = text.casefold()
        found = [v for name, levels in self.known.items() if name.casefold() == folded
                 for v in levels]  # fmt: skip
        return tuple(dict.fromkeys(found))


def read_contrast(text: str, names: Names) -> Spoken:
    """A contrast from its words.

    Raises:
        PlanError: it cannot be read, names no level or holds something against itself.
    """
    if not isinstance(text, str) or not text.strip():
        raise PlanError(f'contrast={text!r} must be words such as "North - South".')
    if len(text) > MAX_CHARACTERS:
        raise PlanError(f"contrast= is longer than {MAX_CHARACTERS:,} characters.")
    return _Reader(text, names).read()


def read_place(text: str, names: Names, option: str) -> Place:
    """One place, such as the level that others are held against.

    Raises:
        PlanError: no level is called that.
    """
    reader = _Reader(text, names, option)
    place, _ = reader.place()
    if reader.skip().at < len(text):
        raise reader.unexpected("where ':' and another level could follow")
    return place


@dataclass(slots=True)
class _Reader:
    """One pass over one contrast."""

    text: str
    names: Names
    option: str = "contrast"
    at: int = 0
    depth: int = 0
    seen: set[int] = field(default_factory=set)  # axes named so far

    def read(self) -> Spoken:
        value, words = self.sum()
        if self.skip().at < len(self.text):
            raise self.unexpected("where '+', '-' or '/' could stand")
        if isinstance(value, float):
            raise PlanError(f"contrast={self.text!r} names no level.")
        if not value.weights and not value.ratios:
            raise PlanError(
                f"contrast={self.text!r} is zero whatever the data say: it contrasts something "
                "with itself."
            )
        if len(value.weights) == 1 and not value.ratios:
            raise PlanError(
                f"contrast={self.text!r} names one level, and a contrast takes two, such as "
                f'"{words} - ..."; average(by=) tells the effect at each.'
            )
        return Spoken(value, words)

    def sum(self) -> tuple[Sum | float, str]:
        value, words = self.product()
        while sign := self.sign("+-"):
            other, more = self.product()
            if isinstance(value, float) or isinstance(other, float):
                raise self.added(value if isinstance(value, float) else other)
            value = value.plus(other.times(1.0 if sign == "+" else -1.0))
            words = f"{words} {sign} {more}"
        return value, words

    def product(self) -> tuple[Sum | float, str]:
        value, words = self.piece()
        while sign := self.sign("/*"):
            some = isinstance(value, Sum)
            single = isinstance(value, Sum) and len(value.weights) == 1 and not value.ratios
            other, more = self.piece(plain=some if sign == "*" else not single)
            words = f"{words} {sign} {more}"
            if sign == "/":
                value = self.divided(value, other)
            elif isinstance(other, float):
                value = value * other if isinstance(value, float) else value.times(other)
            elif isinstance(value, float):
                value = other.times(value)
            else:
                raise PlanError(f"contrast={self.text!r}: effects cannot be multiplied.")
        return value, words

    def divided(self, value: Sum | float, other: Sum | float) -> Sum | float:
        if isinstance(other, float):
            if other == 0:
                raise PlanError(f"contrast={self.text!r} divides by zero.")
            return value / other if isinstance(value, float) else value.times(1 / other)
        if isinstance(value, float) or value.ratios or other.ratios:
            raise PlanError(
                f"contrast={self.text!r}: a ratio has effects above and below the line, no other "
                "ratio and no number alone."
            )
        if not other.weights or value == other:
            raise PlanError(
                f"contrast={self.text!r} contrasts something with itself: "
                f"{'it divides by zero' if not other.weights else 'the ratio is 1'}."
            )
        return Sum({}, ((1.0, value, other),))

    def piece(self, plain: bool = False) -> tuple[Sum | float, str]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise PlanError(f"contrast={self.text!r:.80}: nested more than {MAX_DEPTH} deep.")
        try:
            if self.sign("("):
                value, words = self.sum()
                if not self.sign(")"):
                    raise self.unexpected("where ')' closes what is open")
                return value, words if self.is_place(words) else f"({words})"
            if (number := self.number(plain)) is not None:
                return number, f"{number:g}"
            place, words = self.place()
            return Sum({place: 1.0}), words
        finally:
            self.depth -= 1

    def is_place(self, words: str) -> bool:
        """Whether words in brackets are one place, "(North, men)", and need no more of them."""
        return words.startswith("(") and words.endswith(")") and words.count("(") == 1

    def number(self, plain: bool) -> float | None:
        """A number that multiplies or divides, rather than a level that is written so.

        "1 - 0" and "1 / 0" are levels of the column asked for, or of one that was named before;
        "2 *" and "(a + b) / 2" are plain, and so is "2.0".
        """
        found = _NUMBER.match(self.text, self.skip().at)
        if found is None:
            return None
        levels, end = self.named()
        if levels and end > found.end():  # "18 to 35"
            return None
        known = self.names.chosen or any(axis in self.seen for axis, _ in levels)
        factor = plain or self.text[found.end() :].lstrip().startswith("*")
        if levels and known and not factor:
            return None
        self.at = found.end()
        return float(found.group())

    def added(self, number: Sum | float) -> PlanError:
        """What is wrong with adding a number to effects."""
        levels = self.names.find(f"{number:g}")
        if levels:
            of = [self.names.axes[axis] for axis, _ in levels]
            return PlanError(
                f"contrast={self.text!r}: {number:g} is a value of {listing(of)}. Say which by "
                f'by=, or write it with its column: "{of[0]} = {number:g}".'
            )
        return PlanError(
            f"contrast={self.text!r}: a number cannot be added to effects. above= tells the "
            "probability of more than a number."
        )

    def place(self) -> tuple[Place, str]:
        chosen: dict[int, int] = {}
        while True:
            axis, level = self.level(chosen)
            chosen[axis] = level
            if not self.sign(":,"):
                break
        place = tuple(sorted(chosen.items()))
        words = [self.names.words[one] for one in place]
        return place, words[0] if len(words) == 1 else f"({', '.join(words)})"

    def level(self, chosen: Mapping[int, int]) -> Level:
        start = self.skip().at
        levels, end = self.quoted() if self.text[start : start + 1] in tuple(_QUOTES) else (
            self.named())  # fmt: skip
        if not levels:
            raise self.unknown()
        open_axes = [one for one in levels if one[0] not in chosen]
        if len(open_axes) > 1:  # "woman = 1 - 0": the second is of the same column
            open_axes = [one for one in open_axes if one[0] in self.seen] or open_axes
        if not open_axes:
            raise PlanError(
                f"{self.option}={self.text!r}: {self.text[start:end]!r} is a second value of "
                f"'{self.names.axes[levels[0][0]]}'."
            )
        if len(open_axes) > 1:
            axes = [self.names.axes[axis] for axis, _ in open_axes]
            raise PlanError(
                f"{self.option}={self.text!r}: {self.text[start:end]!r} is a value of "
                f"{listing(axes)}. Say which by by=, or write it with its column: "
                f'"{axes[0]} = {self.text[start:end].strip(_QUOTES)}".'
            )
        self.at = end
        self.seen.add(open_axes[0][0])
        return open_axes[0]

    def quoted(self) -> tuple[tuple[Level, ...], int]:
        close = self.text.find(self.text[self.at], self.at + 1)
        if close < 0:
            raise PlanError(f"{self.option}={self.text!r}: a quote is not closed.")
        return self.names.find(self.text[self.at + 1 : close]), close + 1

    def named(self) -> tuple[tuple[Level, ...], int]:
        """The longest name that the text goes on with, and where it ends."""
        rest, best = self.text[self.skip().at :], ""
        folded = rest.casefold() if len(rest.casefold()) == len(rest) else rest
        for name in self.names.known:
            low = name.casefold() if len(name.casefold()) == len(name) else name
            if len(low) > len(best) and folded.startswith(low):
                if low[-1:].isalnum() and _GOES_ON.match(folded, len(low)):
                    continue
                best = rest[: len(name)]
        return (self.names.find(best), self.at + len(best)) if best else ((), self.at)

    def sign(self, signs: str) -> str:
        here = self.text[self.skip().at : self.at + 1]
        if here and here in signs:
            self.at += 1
            return here
        return ""

    def skip(self) -> _Reader:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self

    def unknown(self) -> PlanError:
        rest = self.text[self.at :]
        if not rest or rest[0] in "+-*/():,":
            return self.unexpected("where a level could stand")
        if rest[0] in _QUOTES:
            word = rest[1 : rest.find(rest[0], 1)]
        else:
            word = re.split(r"\s+[-+/*]|[-+/*():,]\s|[():,]", rest)[0].strip()
        texts = list(self.names.words.values())
        several = len(self.names.axes) > 1
        of = "of " + listing(self.names.axes.values(), 8) if several else (
            f"of '{next(iter(self.names.axes.values()))}', which has {listing(texts)}")  # fmt: skip
        return PlanError(
            f"{self.option}={self.text!r}: {word!r} is not a value {of}."
            f"{nearest(word, self.names.known)}"
        )

    def unexpected(self, place: str) -> PlanError:
        rest = self.text[self.at :]
        what = repr(rest[:20]) if rest else "the end"
        return PlanError(f"{self.option}={self.text!r}: {what} stands {place}.")
