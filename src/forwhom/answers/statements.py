"""Statements on groups that are ranked by their effects: which are largest, clear, too small.

No group is named whose own rows are too few to speak (``FEWEST`` in an arm); an effect is clear
where its interval lies on one side of the bar; groups are told apart where the probability that one
effect exceeds the other is at least (1 + level) / 2.

Tests: tests/answers/test_who.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.average import averages, combinations
from forwhom.answers.by import joined_of
from forwhom.answers.differences import differences
from forwhom.answers.passes import group_draws
from forwhom.answers.selection import Selection
from forwhom.answers.splits import AGAINST
from forwhom.answers.summarise import summarise
from forwhom.answers.telling import Telling
from forwhom.answers.whom import NAME_THEM, NONE_NAMED
from forwhom.answers.words import group_words, joined
from forwhom.answers.workings import Workings
from forwhom.design import number_text
from forwhom.draw.text import NumberStyle, format_probability, number_style, percent, share_text
from forwhom.errors import plural
from forwhom.fitted import Estimand

if TYPE_CHECKING:
    from forwhom.draw.labels import Labels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

FEWEST = 5  # rows in each arm from which a group is named
ARMS = ("n_treated", "n_control", "n_rows")
MOSTLY = 0.5  # of the rows, in groups that may be named, for these to be compared
NAMED = 4  # groups named in one sentence


@dataclass(frozen=True, slots=True)
class Ranked:
    """Groups, or combinations of some columns, with what is known of their effects.

    Attributes:
        words: what each is called; heard: whether its own rows are enough to name it.
        n: rows of each.
        summary: columns of length m (see ``summarise``).
        draws: (m, D), or None where there are too many groups to hold at once.
        groups: their indices where they are groups.
    """

    words: Sequence[str]
    heard: Mask
    n: IntArray
    summary: dict[str, FloatArray]
    draws: FloatArray | None
    groups: IntArray

    def of(self, estimand: Estimand, some: Sequence[int]) -> FloatArray:
        """Draws of some of them, in their order."""
        if self.draws is not None:
            return self.draws[list(some)]
        wanted = self.groups[list(some)]
        order = np.argsort(wanted)
        out = np.empty((len(wanted), estimand.fitted.count))
        out[order] = group_draws(estimand, wanted[order])
        return out


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, and the numbers in it."""

    statement: str
    who: str
    text: str
    estimate: float = np.nan
    conf_low: float = np.nan
    conf_high: float = np.nan
    prob: float = np.nan


def statements(
    workings: Workings,
    estimand: Estimand,
    by: tuple[str, ...] | None,
    level: float,
    above: float | None,
    selection: Selection,
) -> list[Statement]:
    """What is said of one effect."""
    ranked = ranked_groups(workings, estimand, by, level, selection, workings.labels)
    return statements_on(workings, estimand, ranked, by, level, above, selection)


def statements_on(
    workings: Workings,
    estimand: Estimand,
    ranked: Ranked,
    by: tuple[str, ...] | None,
    level: float,
    above: float | None,
    selection: Selection,
) -> list[Statement]:
    """The same of groups that are ranked already."""
    bar = 0.0 if above is None else above
    unit = estimand.unit_words
    heard = np.flatnonzero(ranked.heard)
    noun = "group" if by is None else "combination"
    if len(ranked.words) == 1:
        return [Statement("one_group", ranked.words[0], _one_group(estimand))]
    found = []
    if ranked.n[heard].sum() < MOSTLY * ranked.n.sum():  # a few small ones stand for nobody
        found.append(_clearest(workings, estimand, level, selection))
    else:
        found += _ends(estimand, ranked, level, unit)
    found.append(_sides(ranked, bar, unit, noun))
    quiet = len(ranked.words) - len(heard)
    if quiet:
        found.append(_quiet(estimand, quiet, len(ranked.words), noun))
    return found


def _one_group(estimand: Estimand) -> str:
    columns = estimand.design.groups.columns
    if not columns:
        return f"{NONE_NAMED[0].upper()}{NONE_NAMED[1:]}. {NAME_THEM}"
    return "There is one group, so there is nothing to compare."


def ranked_groups(
    workings: Workings,
    estimand: Estimand,
    by: tuple[str, ...] | None,
    level: float,
    selection: Selection,
    labels: Labels,
) -> Ranked:
    """Groups, or combinations of ``by``, with what is known of their effects."""
    groups = estimand.design.groups
    if by is None:
        kept = selection.groups(estimand.count)
        made = workings.group_pass(estimand, Telling(level)).summary
        summary = {name: values[kept] for name, values in made.items()}
        words = group_words(groups, groups.columns, kept, labels)
        n = groups.n_rows[kept]
        return Ranked(words, _heard(estimand)[kept], n, summary, None, kept)
    sample = averages(workings, estimand, by, selection)
    first = combinations(groups, by, selection.groups(estimand.count))[1]
    counts = {name: n for name, n in sample.columns.items() if name in ARMS}
    n = np.sum(list(counts.values()), axis=0)
    arms = [counts[name] for name in ARMS[:2] if name in counts]
    heard = np.min(arms, axis=0) >= FEWEST if arms else np.ones(len(sample.draws), dtype=bool)
    words = group_words(groups, by, first, labels)
    return Ranked(words, heard, n, summarise(sample.draws, level), sample.draws, first)


def _heard(estimand: Estimand) -> Mask:
    """(G,) whether a group's own rows are enough to name it."""
    design, effect = estimand.design, estimand.effect
    if design.estimates:  # each is an estimate of its own, with its error
        return np.ones(estimand.count, dtype=bool)
    if design.groups.has_control_group:
        return effect.n_treated >= FEWEST
    if effect.treatment.kind == "dose":
        return design.groups.n_rows >= 2 * FEWEST
    return np.minimum(effect.n_treated, effect.n_control) >= FEWEST


def _ends(estimand: Estimand, ranked: Ranked, level: float, unit: str) -> list[Statement]:
    """The largest and the smallest effect of groups that may be named, and whether they differ."""
    ends, estimate = top_and_bottom(ranked), ranked.summary["estimate"]
    if ends is None:
        return []
    top, bottom = ends
    high, low = ranked.of(estimand, [top, bottom])
    prob = float((high > low).mean())
    gap = summarise((high - low)[None], level)
    difference = {name: float(v[0]) for name, v in gap.items()}
    sure = prob >= (1 + level) / 2
    most, least = extremes(estimate[top], estimate[bottom])
    named = [(most, top), (least, bottom)]
    if estimate[top] <= 0:
        named.reverse()
    style = style_of(ranked, [top, bottom])
    kinds = (f"{percent(level)} interval ", "")  # said once
    words = [
        f"{word} for {ranked.words[k]} ({number_of(ranked, k, style, unit, kind)}, "
        f"{plural(int(ranked.n[k]), 'row')})"
        for (word, k), kind in zip(named, kinds, strict=True)
    ]
    apart = (
        f"The two differ by {_interval(difference, unit)}, in this direction with probability "
        f"{format_probability(prob)}."
    )
    found = [
        Statement(code, ranked.words[k], "", *values_of(ranked, k), prob)  # in the sentence
        for code, k in (("largest", top), ("smallest", bottom))
    ]
    if sure:
        text = f"The effect is {words[0]} and {words[1]}. {apart}"
    else:
        text = (
            "No two groups can be told apart with confidence. The effect is estimated to be "
            f"{words[0]} and {words[1]}. {apart}"
        )
    code = "apart" if sure else "not_apart"
    who = f"{ranked.words[top]} against {ranked.words[bottom]}"
    told = (difference["estimate"], difference["conf_low"], difference["conf_high"])
    return [Statement(code, who, text, *told, prob), *found]


def top_and_bottom(ranked: Ranked) -> tuple[int, int] | None:
    """The largest and the smallest of groups that may be named, where there are two."""
    heard, estimate = np.flatnonzero(ranked.heard), ranked.summary["estimate"]
    if len(heard) < 2:
        return None
    top, bottom = heard[np.argmax(estimate[heard])], heard[np.argmin(estimate[heard])]
    return None if top == bottom else (int(top), int(bottom))


def _clearest(
    workings: Workings, estimand: Estimand, level: float, selection: Selection
) -> Statement:
    """Where most groups are too small to be named: the modifier that tells effects apart best.

    Alone, or among the groups with one value of a modifier that it interacts with; else two
    between whose values a difference differs.
    """
    lead = "Most groups are too small to be compared one by one."
    samples = [one for one in differences(workings, estimand, selection) if len(one.draws)]
    if not samples:
        return Statement("too_small", "", lead)
    sample = joined_of(samples)
    told = summarise(sample.draws, level)
    strength = np.nan_to_num(np.abs(told["estimate"]) / np.maximum(told["std_error"], 1e-300))
    clear = (told["conf_low"] > 0) | (told["conf_high"] < 0)
    where = np.array(sample.columns["where"])
    between = np.array([AGAINST in text for text in where])
    apart = clear & between if not (clear & ~between).any() else clear & ~between
    if not apart.any():
        pairs = ", nor does one where another has some value" if (where != "").any() else ""
        text = f"{lead} No single modifier tells effects apart either{pairs}."
        return Statement("too_small", "", text)
    at = int(np.argmax(np.where(apart, strength, -1.0)))
    gap = {name: float(values[at]) for name, values in told.items()}
    prob = gap["prob_positive"]
    pair, place = sample.columns["value"][at], str(where[at])
    who = f"{pair} where {place}" if place and not between[at] else pair
    which = "modifiers alone and in pairs" if (where != "").any() else "single modifiers"
    says = f"By {which}, the clearest difference in the effect is that of {who}"
    if between[at]:
        who = f"{pair}, {place}"
        says = f"No single modifier tells effects apart, but the difference of {pair} itself "
        says += f"differs, {place}"
    text = (
        f"{lead} {says}: {_interval(gap, estimand.unit_words)}, positive with probability "
        f"{format_probability(prob)}."
    )
    return Statement("by", who, text, gap["estimate"], gap["conf_low"], gap["conf_high"], prob)


def extremes(top: float, bottom: float) -> tuple[str, str]:
    """What the largest and the smallest estimate are called, by their signs."""
    if bottom >= 0:
        return "largest", "smallest"
    if top <= 0:  # the most negative is the strongest
        return "weakest", "strongest"
    return "highest", "lowest"


def _sides(ranked: Ranked, bar: float, unit: str, noun: str) -> Statement:
    """How many lie clearly above or below the bar."""
    over, under = ranked.summary["conf_low"] > bar, ranked.summary["conf_high"] < bar
    n, rows = len(ranked.words), ranked.n / ranked.n.sum()
    at = bar_words(bar, unit)
    said = []
    for side, mask in (("above", over), ("below", under)):
        if mask.any():
            count = int(mask.sum())
            of = f"all {n:,}" if count == n else f"{count:,} of {n:,}"
            share = "" if count == n else f" with {share_text(rows[mask].sum())} of the rows"
            said.append(f"clearly {side} {at} in {of} {noun}s{share}{_names(ranked, mask)}")
    text = f"It is {joined(said)}." if said else f"In no {noun} is it clearly above or below {at}."
    clear = f"{int(over.sum()):,} above, {int(under.sum()):,} below"
    return Statement("sides", clear, text, prob=float(rows[over | under].sum()))


def bar_words(bar: float, unit: str) -> str:
    """The bar in words."""
    return "zero" if bar == 0 else f"{number_text(bar)} {unit}".rstrip()


def _names(ranked: Ranked, mask: Mask) -> str:
    """The groups, where they are few enough to name, or those that are not among them."""
    for which, word in ((mask, ""), (~mask, "not ")):
        some = np.flatnonzero(which & ranked.heard)
        if not mask.all() and 0 < which.sum() <= NAMED and len(some) == which.sum():
            return f" ({word}{'; '.join(ranked.words[k] for k in some.tolist())})"
    return ""


def _quiet(estimand: Estimand, quiet: int, count: int, noun: str) -> Statement:
    one = estimand.design.groups.has_control_group
    rows = f"{FEWEST} treated rows" if one else f"{FEWEST} rows in an arm"
    have, are = ("has", "is") if quiet == 1 else ("have", "are")
    return Statement(
        "quiet",
        f"{quiet:,} of {count:,}",
        f"{quiet:,} of {count:,} {noun}s {have} fewer than {rows} and {are} not named: what is "
        "said of them comes from the others.",
    )


def style_of(ranked: Ranked, some: Sequence[int]) -> NumberStyle:
    """How the numbers of some are written."""
    return number_style(
        ranked.summary["estimate"][list(some)], ranked.summary["std_error"][list(some)]
    )


def values_of(ranked: Ranked, k: int) -> tuple[float, float, float]:
    """Estimate and ends of the interval."""
    s = ranked.summary
    return float(s["estimate"][k]), float(s["conf_low"][k]), float(s["conf_high"][k])


def number_of(ranked: Ranked, k: int, style: NumberStyle, unit: str, kind: str) -> str:
    """An estimate with its unit and interval."""
    estimate, low, high = (style.text(v) for v in values_of(ranked, k))
    return f"{estimate} {unit}".rstrip() + f", {kind}{low} to {high}"


def _interval(found: dict[str, float], unit: str) -> str:
    style = number_style([found["estimate"]], [found["std_error"]])
    low, high = style.text(found["conf_low"]), style.text(found["conf_high"])
    return f"{style.text(found['estimate'])} {unit}".rstrip() + f" ({low} to {high})"
