"""The summary's answer: the average with its outcomes, for whom, by what, how much is data.

Tests: tests/output/test_summary.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from forwhom.answers import ANSWERS, Workings
from forwhom.answers.shares import pooling_sentence
from forwhom.answers.splits import AGAINST
from forwhom.data import Tidy
from forwhom.draw.text import (
    format_probability,
    format_sentences,
    number_style,
    percent,
    wrapped,
)
from forwhom.fitted import check_scale

SHOWN = 5  # differences
PARAGRAPHS = 3  # of who, where there are several effects or categories

type Row = dict[str, Any]


def average_lines(workings: Workings) -> str:
    """The average effect, with the outcome without and with the treatment."""
    design, level = workings.design, workings.plan.level
    average = ANSWERS["average"].tell(workings)
    unit = workings.on_scale(check_scale(workings.fitted, None))[0].unit_words
    who = "over the treated rows" if design.groups.has_control_group else "over all rows"
    words = {effect.treatment.name: f" of {effect.treatment.words}" for effect in design.effects}
    from_to, lines = _outcomes(workings), []
    for row in average:
        of, on = words[row["treatment"]], f" on {design.measured}"
        if "outcome" in row:
            label = workings.labels.given(design.plan.outcome, str(row["outcome"]), None)
            on = f" on {design.plan.outcome} being {label or row['outcome']}"
        if design.estimates:
            of = on = ""
        lines.append(
            wrapped(
                f"Average effect{of}{on} {who}: {interval_words(row, level, unit)}"
                f"{from_to.get((row['treatment'], row.get('outcome', '')), '')}; it is positive "
                f"with probability {format_probability(row['prob_positive'])}."
            )
        )
    return "\n".join(lines)


def _outcomes(workings: Workings) -> dict[tuple[str, str], str]:
    """From what without to what with it, for each effect and category that has outcomes."""
    answer, scale = ANSWERS["outcomes"], check_scale(workings.fitted, None)
    if answer.refuses(workings) or scale == "percent":
        return {}
    told: dict[tuple[str, str], dict[str, Row]] = {}
    for row in answer.tell(workings):
        told.setdefault((row["treatment"], row.get("outcome", "")), {})[row["arm"]] = row
    shares = workings.on_scale(scale)[0].unit_words == "percentage points"
    doses = {e.treatment.name for e in workings.design.effects if e.treatment.kind == "dose"}
    found = {}
    for key, arms in told.items():
        pair = [arms[name] for name in ("without", "with")]
        style = number_style(
            [row["estimate"] for row in pair], [10 * row["std_error"] for row in pair]
        )
        low, high = (f"{style.text(row['estimate'])}{' %' * shares}" for row in pair)
        ends = ("", " with one unit more") if key[0] in doses else (" without it", " with it")
        found[key] = f", from {low}{ends[0]} to {high}{ends[1]}"
    return found


def who_text(workings: Workings) -> str:
    """For whom, in sentences; the first few of several effects or categories."""
    table = ANSWERS["who"].tell(workings)
    about = [(row["treatment"], row.get("outcome", "")) for row in table]
    shown = list(dict.fromkeys(about))[:PARAGRAPHS]
    kept = [i for i, of in enumerate(about) if of in shown]
    part = Tidy({name: _taken(values, kept) for name, values in table.columns.items()}, table.title)
    more = len(set(about)) - len(shown)
    rest = f"\nfit.who() tells the other {more}." if more > 0 else ""
    return f"For whom\n{format_sentences(part)}{rest}"


def _taken(values: Any, rows: list[int]) -> Any:
    return values[rows] if isinstance(values, np.ndarray) else [values[i] for i in rows]


def differences_text(workings: Workings) -> str:
    """What goes with the effect: the clearest differences by modifier, in the table's order."""
    answer = ANSWERS["differences"]
    if answer.refuses(workings):
        return ""
    rows = list(answer.tell(workings))
    if not rows:
        return ""
    apart = [row for row in rows if not row["conf_low"] <= 0 <= row["conf_high"]]
    # within values of another modifier only what is told apart; the rest stand in the table
    plain = [row for row in rows if not row["where"] or row in apart]
    clearest = sorted(plain, key=_strength, reverse=True)[:SHOWN]
    shown = [row for row in rows if row in clearest]
    several = len({row["treatment"] for row in rows}) > 1
    lines = _aligned(_named(shown, several))
    unit = workings.on_scale(check_scale(workings.fitted, None))[0].unit_words
    kind = f"median, {percent(workings.plan.level)} interval, probability that it is positive"
    head = wrapped(
        "What goes with it: differences in the effect between groups as they are"
        f"{f', in {unit}' if unit else ''} ({kind}):"
    )
    left = len(rows) - len(shown)
    more = f"  and {left} more (fit.differences())" if left else ""
    none = "" if apart else "  No difference can be told from zero."
    return "\n".join(filter(None, [head, *lines, more, none]))


def _strength(row: Row) -> float:
    """How many sds a difference is away from zero."""
    return float(abs(row["estimate"]) / max(row["std_error"], 1e-300))


def _named(rows: list[Row], several: bool) -> list[tuple[str, Row | None]]:
    """Each row with its name; those within values of another modifier below what is compared."""
    found: list[tuple[str, Row | None]] = []
    above = ""
    for row in rows:
        name = _name(row, several)
        if row["where"]:
            if name != above:
                found.append((f"{name}:", None))
            between = AGAINST in row["where"]
            found.append((f"  {'' if between else 'where '}{row['where']}", row))
        else:
            found.append((name, row))
        above = name
    return found


def _name(row: Row, several: bool) -> str:
    of = [row["treatment"]] if several else []
    of += [str(row["outcome"])] if "outcome" in row else []
    return f"{', '.join(of)}: {row['value']}" if of else row["value"]


def _aligned(named: list[tuple[str, Row | None]]) -> list[str]:
    """Lines of names and numbers; a heading has no numbers."""
    rows = [row for _, row in named if row is not None]
    style = number_style([r["estimate"] for r in rows], [r["std_error"] for r in rows])
    ends = ("estimate", "conf_low", "conf_high")
    pad = [max(len(style.text(row[end])) for row in rows) for end in ends]
    width = max(len(name) for name, row in named if row is not None)
    lines = []
    for name, row in named:
        if row is None:
            lines.append(f"  {name}")
            continue
        e, low, high = (f"{style.text(row[end]):>{n}}" for end, n in zip(ends, pad, strict=True))
        prob = format_probability(row["prob_positive"])
        lines.append(f"  {name:<{width}}  {e}  ({low} to {high})  {prob}")
    return lines


def pooling_text(workings: Workings) -> str:
    """How much of a group's effect is its own data."""
    if ANSWERS["pooling"].refuses(workings):
        return ""
    shown = workings.on_scale(check_scale(workings.fitted, None))
    said = dict.fromkeys(pooling_sentence(workings, one) for one in shown)
    return wrapped(next(iter(said)))


def interval_words(row: Mapping[str, float], level: float, unit: str = "") -> str:
    """An estimate with its unit and interval, in words."""
    style = number_style([row["estimate"]], [row["std_error"]])
    low, high = style.text(row["conf_low"]), style.text(row["conf_high"])
    said = f" {unit}" if unit else ""
    return f"{style.text(row['estimate'])}{said} ({percent(level)} interval {low} to {high})"
