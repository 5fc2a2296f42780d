"""The expected outcome without and with the treatment.

Tests: tests/answers/test_outcomes.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer
from forwhom.answers.average import checked_weight, combinations
from forwhom.answers.keys import group_columns
from forwhom.answers.naming import category_words, contrast_line, effect_on, labels_for
from forwhom.answers.passes import Task
from forwhom.answers.sample import Sample
from forwhom.answers.selection import Selection
from forwhom.answers.tables import (
    arm_totals,
    average_note,
    group_headers,
    stack,
    titled,
)
from forwhom.answers.telling import Telling
from forwhom.answers.words import group_words
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.errors import PlanError
from forwhom.fitted import (
    Estimand,
    average_without,
    expected_outcomes,
    no_outcomes,
    no_outcomes_of_groups,
    scales,
)
from forwhom.methods import Own

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import Labels, ValueLabels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ARMS = ("without", "with", "difference")


def refuses(workings: Workings) -> str:
    """A fit that has no outcomes."""
    return no_outcomes(workings.fitted)


def outcomes_table(
    workings: Workings,
    by: tuple[str, ...] | None,
    scale: str,
    telling: Telling,
    selection: Selection,
) -> Tidy:
    """Three rows for each effect and combination of ``by``: without, with, and the difference."""
    shown = workings.on_scale(_told_on(workings, scale))
    tables = []
    for one in shown:
        telling.check(one.quantity)
        sample = outcomes_of(workings, one, by or (), selection)
        what = f"Expected outcome by {', '.join(by)}," if by else "Expected outcome"
        notes = (average_note(one, selection), *_notes(one))
        tables.append(sample.table(telling, titled(what, one), notes))
    return stack(tables, shown)


def _told_on(workings: Workings, scale: str) -> str:
    """Percent are of a mean, and so both means are told."""
    return "response" if scale == "percent" else scale


def outcomes_of(
    workings: Workings, estimand: Estimand, by: Sequence[str], selection: Selection
) -> Sample:
    """Averages over each combination of some grouping columns, within draws."""
    groups, kept = estimand.design.groups, selection.groups(estimand.count)
    codes, first = combinations(groups, by, kept)
    count = len(first)
    thrice = np.repeat(np.arange(count), len(ARMS))
    columns: dict[str, object] = {
        "treatment": [estimand.treatment.name] * len(thrice),
        "arm": list(ARMS) * count,
    }
    keys = group_columns(
        groups, tuple(columns), [groups.columns.index(n) for n in by], first[thrice]
    )
    columns |= keys.columns
    columns["n_groups"] = np.bincount(codes, minlength=count)[thrice]
    totals = arm_totals(estimand, kept, codes, count)
    columns |= {name: n[thrice] for name, n in totals.items()}
    why = no_outcomes_of_groups(workings.fitted)
    if why and (by or not selection.plain):
        raise PlanError(why)
    weight = checked_weight(estimand, kept, codes, selection)
    key = outcomes_key(estimand, by, selection)
    if why:
        pair = workings.kept(key, lambda: _overall(workings, estimand))
    else:
        task = outcomes_task(estimand, kept, codes, count, weight)
        pair = workings.kept(key, task.done)
    draws = np.stack([pair[0], pair[1], pair[1] - pair[0]], axis=1).reshape(len(thrice), -1)
    headers = (group_headers(groups) if by else {}) | {"arm": "Arm"}
    return Sample(columns, draws, workings.chains, headers, keys.types)


def _overall(workings: Workings, estimand: Estimand) -> FloatArray:
    """Outcomes of all rows, without and with, (2, 1, D), where sums by group are not kept."""
    without = average_without(workings.fitted)
    return np.stack([without, without + workings.average(estimand)])[:, None]


def outcomes_key(estimand: Estimand, by: Sequence[str], selection: Selection) -> Hashable:
    """What averages of outcomes are kept by."""
    return "outcomes", estimand.quantity, tuple(by), selection.where, selection.weights


def outcomes_task(
    estimand: Estimand, groups: IntArray, codes: IntArray, count: int, weight: FloatArray
) -> Task[FloatArray]:
    """Outcomes of the groups that share a code, without and with, (2, count, D)."""
    fitted = estimand.fitted
    place = np.full(estimand.count, -1)
    place[groups] = codes

    def work(own: Own) -> tuple[IntArray, FloatArray]:
        mine = np.flatnonzero(place[own.groups] >= 0)
        present, where = np.unique(place[own.groups[mine]], return_inverse=True)
        share = np.zeros((len(present), len(mine)))
        share[where.reshape(-1), np.arange(len(mine))] = weight[own.groups[mine]]
        some = Own(own.groups[mine], own.u[:, :, mine])
        return present, share @ expected_outcomes(fitted, estimand.quantity, some)

    out = np.zeros((2, count, fitted.count))
    total = np.bincount(codes, weight[groups], count)[:, None]

    def add(part: tuple[IntArray, FloatArray]) -> None:
        out[:, part[0]] += part[1]

    return Task(estimand, work, add, lambda: out / total, own=True)


def _notes(estimand: Estimand) -> tuple[str, ...]:
    """Which arm is which, and the unit."""
    t, unit = estimand.treatment, estimand.unit_words
    what = estimand.effect_on
    percent = f", in percent (differences in {unit})" if unit else ""
    first = "as it is" if t.kind == "dose" else f"{t.column}: {t.control}"
    then = "one unit more" if t.kind == "dose" else t.treated
    control = (
        " Without is the intercept alpha, from which the preset's control group departs by its own "
        "theta."
        if estimand.design.groups.has_control_group
        else ""
    )
    return (f"Of {what}{percent}. Without: {first}; with: {then}.{control}",)


def outcomes_figure(
    workings: Workings,
    *,
    by: str | Sequence[str] | None = None,
    level: float | None = None,
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """Two dots for each row, without and with the treatment, an arrow from one to the other."""
    from forwhom.draw.pairs import pairs_figure

    known = scales(workings.fitted)
    scale = "categories" if "categories" in known else _told_on(workings, known[0])
    shown = workings.on_scale(scale)
    names, groups = labels_for(shown[0], labels, value_labels), workings.design.groups
    chosen = () if by is None else tuple(by)
    level = workings.plan.level if level is None else level
    _, some = combinations(groups, chosen, np.arange(groups.count))
    about = group_words(groups, chosen, some, names) if chosen else [""] * len(some)
    rows: dict[str, list[Any]] = {}
    for one in shown:
        marks = _marks(outcomes_of(workings, one, chosen, Selection()), Telling(level))
        own = _row_name(one, names)
        marks["label"] = [", ".join(filter(None, (own, text))) or "All rows" for text in about]
        for name, values in marks.items():
            rows.setdefault(name, []).extend(values)
    if title is None:
        title = f"{names.column(workings.plan.outcome)} without and with treatment"
    return pairs_figure(
        rows,
        title=title,
        subtitle=_subtitle(shown[0], names),
        x_title=_axis(shown[0], names),
        level=level,
        arms=_arm_words(shown[0], names),
    )


def _subtitle(estimand: Estimand, labels: Labels) -> str:
    """What is held against what; several arms each against the one control."""
    effects = estimand.design.effects
    if len(effects) == 1:
        return contrast_line(estimand, labels)
    if len({one.treatment.column for one in effects}) > 1:
        return ""
    t = estimand.treatment
    return f"{labels.column(t.column)}: each against {t.control}"


def _arm_words(estimand: Estimand, labels: Labels) -> tuple[str, str]:
    """What the two dots are called."""
    t = estimand.treatment
    if t.kind == "dose":
        name = labels.column(t.column)
        return f"{name} as it is", f"One unit more of {name}"
    if len(estimand.design.effects) > 1:
        return "Without", "With"
    values = ((t.control_value, t.control), (t.treated_value, t.treated))
    names = [labels.value(t.column, x, v if isinstance(v, float) else None) for v, x in values]
    return names[0], names[1]


def _marks(sample: Sample, telling: Telling) -> dict[str, list[Any]]:
    """Medians and intervals without and with, and the difference's."""
    told = telling.columns(sample.draws)
    found: dict[str, list[Any]] = {}
    for k, arm in enumerate(ARMS):
        for name in ("estimate", "conf_low", "conf_high"):
            found[f"{arm} {name}"] = told[name][k :: len(ARMS)].tolist()
    return found


def _row_name(estimand: Estimand, labels: Labels) -> str:
    """The effect, where there are several, and the category."""
    several = len(estimand.design.effects) > 1
    arm = estimand.treatment.arm or estimand.treatment.name
    return ", ".join(filter(None, (arm if several else "", category_words(estimand, labels))))


def _axis(estimand: Estimand, labels: Labels) -> str:
    """The outcome, a probability in percent."""
    unit = ", in percent" if estimand.unit_words else ""
    on = effect_on(estimand, labels).removesuffix(f", in {estimand.unit_words}")
    if label := category_words(estimand, labels):
        on = on.replace(f" being {label}", "")
    return f"{on[:1].upper()}{on[1:]}{unit}"


OUTCOMES = Answer(
    "outcomes",
    "The expected outcome without and with treatment, overall or for each value of ``by``.",
    ("by", "level", "scale", "where", "interval", "above", "equivalence", "weights", "draws"),
    outcomes_table,
    outcomes_figure,
    ("by", "level", "labels", "value_labels", "title"),
    refuses,
)
