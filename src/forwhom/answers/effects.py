"""The effect in every group, sorted and drawn with its interval.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer
from forwhom.answers.average import average_table, averages, combinations
from forwhom.answers.effects_of_rows import row_effects
from forwhom.answers.keys import group_columns
from forwhom.answers.naming import contrast_line, effect_axis, labels_for, treatment_name
from forwhom.answers.passes import GroupPass, group_draws
from forwhom.answers.sample import Sample
from forwhom.answers.selection import Selection, select
from forwhom.answers.shares import SHARE_HEADERS, shares_of
from forwhom.answers.summarise import summary_notes
from forwhom.answers.tables import (
    arm_counts,
    average_note,
    effect_notes,
    group_headers,
    stack,
    titled,
)
from forwhom.answers.telling import Telling
from forwhom.answers.which import picked
from forwhom.answers.words import EVERYONE, column_words
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.errors import OutputError, PlanError
from forwhom.fitted import Estimand

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import Labels, ValueLabels

IntArray = NDArray[np.int64]

NUMBERS = ("estimate", "conf_low", "conf_high", "prob_positive")


def effects_table(
    workings: Workings,
    by: tuple[str, ...] | None,
    scale: str,
    telling: Telling,
    selection: Selection,
    data: Any,
) -> Tidy:
    """theta: one row per group and what it is told of; averaged where ``by`` says over what."""
    if data is not None:
        return row_effects(workings, data, by, scale, telling, selection)
    if by is not None or not workings.design.groups.columns:
        return average_table(workings, by, scale, telling, selection)
    if selection.values is not None:
        raise PlanError(
            f"weights={selection.weights!r} says how groups count in an average, and without by= "
            "effects() shows each group on its own. Leave it out, or use average()."
        )
    shown = workings.on_scale(scale)
    tables = [_of_one(workings, one, telling, selection) for one in shown]
    return stack(tables, shown)


def _of_one(workings: Workings, estimand: Estimand, telling: Telling, selection: Selection) -> Tidy:
    """One row per group, with its modifiers and its counts by arm."""
    telling.check(estimand.quantity)
    groups, kept = estimand.design.groups, selection.groups(estimand.count)
    title = titled("Group effects (theta)", estimand)
    notes = (*selection.notes, *effect_notes(estimand))
    sample = keyed(workings, estimand, kept)
    if telling.draws:
        return replace(sample, draws=group_draws(estimand, kept)).table(telling, title, notes)
    told = {
        name: values[kept]
        for name, values in workings.group_pass(estimand, telling).summary.items()
    }
    behind = {"data_share": shares_of(workings, estimand).data[kept]}
    return Tidy(
        {**sample.columns, **told, **behind},
        title,
        telling.level,
        (*summary_notes(told), *notes),
        {**group_headers(groups), **telling.headers, **SHARE_HEADERS},
        sample.types,
        telling.interval,
    )


def keyed(workings: Workings, estimand: Estimand, groups: IntArray) -> Sample:
    """What tells groups (g,) apart and how many rows they have, without draws yet."""
    columns: dict[str, object] = {
        "treatment": [estimand.treatment.name] * len(groups),
        "group_id": groups + 1,
    }
    every = estimand.design.groups
    keys = group_columns(every, tuple(columns), rows=groups)
    columns |= keys.columns
    columns |= {name: n[groups] for name, n in arm_counts(estimand).items()}
    none = np.empty((len(groups), 0))
    return Sample(columns, none, workings.chains, group_headers(every), keys.types)


# Many parameters: a figure's options are named one by one, as in the method of ``Plots``.
def effects_figure(
    workings: Workings,
    *,
    row: str | None = None,
    column: str | None = None,
    color: str | None = None,
    tiles: bool = False,
    treatment: str | None = None,
    category: str | None = None,
    level: float | None = None,
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """Every group's effect with its interval, sorted, faceted and coloured."""
    from forwhom.draw.intervals import intervals_figure

    estimand = picked(workings, treatment, category)
    found = workings.group_pass(estimand, Telling(workings.plan.level if level is None else level))
    names = labels_for(estimand, labels, value_labels)
    facets = {"row": row, "column": column, "color": color}
    groups = estimand.design.groups
    if title is None:
        name = treatment_name(estimand, names, versus=False)
        where = "in every group" if groups.columns else "over all rows"
        title = f"The average effect of {name}" if tiles else f"The effect of {name} {where}"
    if tiles:
        return _tiled(workings, estimand, names, facets, found.telling.level, title)
    return intervals_figure(
        _sorted(_marks(estimand, found, names, facets), estimand, facets),
        title=title,
        subtitle=contrast_line(estimand, names),
        x_title=effect_axis("Effect", estimand, names),
        level=found.telling.level,
        counted="treated row" if groups.has_control_group else "row",
        facet_titles=_facet_titles(estimand, names, facets),
    )


def _tiled(
    workings: Workings,
    estimand: Estimand,
    labels: Labels,
    facets: Mapping[str, str | None],
    level: float,
    title: str,
) -> Figure:
    """Average effects at every combination of two columns, as tiles."""
    from forwhom.draw.tiles import tiles_figure

    sides = (facets["row"], facets["column"])
    if None in sides or sides[0] == sides[1] or facets["color"] is not None:
        raise OutputError(
            "tiles=True shows the average effect over two columns: name both, row= and column=, "
            "and no color=."
        )
    groups, by = estimand.design.groups, (str(sides[0]), str(sides[1]))
    selection = select(workings.fitted, None, None)
    sample = averages(workings, estimand, by, selection)
    first = combinations(groups, by, selection.groups(estimand.count))[1]
    told = Telling(level).columns(sample.draws)
    places = [groups.columns.index(name) for name in by]
    texts = [[column_words(groups, j, labels)[g] for g in first.tolist()] for j in places]
    order = np.lexsort([groups.values[j][first] for j in reversed(places)])
    columns = np.lexsort([groups.values[j][first] for j in places])
    wanted = list(dict.fromkeys(texts[1][k] for k in columns.tolist()))
    counts = [sample.columns[name] for name in arm_counts(estimand)]
    rows: dict[str, Any] = {
        **{name: told[name] for name in ("estimate", "conf_low", "conf_high")},
        "row": texts[0],
        "column": texts[1],
        "label": [f"{a}, {b}" for a, b in zip(*texts, strict=True)],
        "n": np.sum(counts, axis=0),
    }
    return tiles_figure(
        {key: [values[k] for k in order.tolist()] for key, values in rows.items()},
        columns=wanted,
        title=title,
        subtitle=contrast_line(estimand, labels),
        unit=effect_axis("Average effect", estimand, labels),
        level=level,
        note=average_note(estimand, selection),
    )


def _marks(
    estimand: Estimand, found: GroupPass, labels: Labels, facets: Mapping[str, str | None]
) -> dict[str, Any]:
    """What is drawn of each group, and what is shown when a reader points at it."""
    groups = estimand.design.groups
    rows: dict[str, Any] = {name: found.summary[name] for name in NUMBERS}
    texts = {name: column_words(groups, j, labels) for j, name in enumerate(groups.columns)}
    rows |= {facet: texts[name] for facet, name in facets.items() if name is not None}
    used = set(facets.values())
    rest = [name for name in groups.columns if name not in used] or list(groups.columns)
    rows["label"] = [
        ", ".join(texts[name][g] for name in rest) or EVERYONE for g in range(groups.count)
    ]
    rows["n"] = estimand.effect.n_treated if groups.has_control_group else groups.n_rows
    return rows | {labels.column(name): texts[name] for name in groups.columns}


def _sorted(
    rows: Mapping[str, Any], estimand: Estimand, facets: Mapping[str, str | None]
) -> dict[str, list[Any]]:
    """Groups in the order of the facets' levels, for panels come as they first appear."""
    groups = estimand.design.groups
    used = [name for name in facets.values() if name is not None]
    order = np.arange(groups.count)
    if used:
        levels = [groups.values[groups.columns.index(name)] for name in reversed(used)]
        order = np.lexsort(levels)
    return {key: [values[i] for i in order] for key, values in rows.items()}


def _facet_titles(
    estimand: Estimand, labels: Labels, facets: Mapping[str, str | None]
) -> dict[str, str]:
    """A colour's column is named unless its values speak for themselves.

    Labelled values do, and bare numbers, which stand with their column; facets' panels always.
    """
    groups, titles = estimand.design.groups, {}
    for facet, name in facets.items():
        needed = (
            facet == "color"
            and name is not None
            and groups.numbers[groups.columns.index(name)] is None
            and name not in labels.values
        )
        titles[facet] = labels.column(name) if needed and name is not None else ""
    return titles


EFFECTS = Answer(
    "effects",
    "The effect in every group, one tidy row each; or averaged over all groupings but ``by``.",
    (
        *("by", "level", "scale", "where", "interval", "above", "equivalence", "weights", "draws"),
        "data",
    ),
    effects_table,
    effects_figure,
    (
        "row",
        "column",
        "color",
        "tiles",
        "treatment",
        "category",
        "level",
        "labels",
        "value_labels",
        "title",
    ),
)
