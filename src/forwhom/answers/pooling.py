"""From the raw estimate to the pooled effect of every group, and what decides it.

Tests: tests/answers/test_pooling.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer
from forwhom.answers.effects import keyed
from forwhom.answers.naming import contrast_line, effect_axis, labels_for, treatment_name
from forwhom.answers.passes import group_draws
from forwhom.answers.regroup import advice
from forwhom.answers.selection import Selection
from forwhom.answers.shares import SHARE_HEADERS, pooling_sentence, shares_of
from forwhom.answers.summarise import summary_notes
from forwhom.answers.tables import effect_notes, stack, titled
from forwhom.answers.telling import Telling
from forwhom.answers.which import picked
from forwhom.answers.whom import needs_columns
from forwhom.answers.words import group_words
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.fitted import Alone, Estimand, alone

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import ValueLabels

IntArray = NDArray[np.int64]

HEADERS = {
    **SHARE_HEADERS,
    "raw_estimate": "Raw",
    "raw_std_error": "Raw s.e.",
}


def raw_of(workings: Workings, estimand: Estimand) -> Alone:
    """Estimates from each group's own rows alone."""
    return workings.kept(
        ("alone", estimand.quantity), lambda: alone(workings.fitted, estimand.quantity)
    )


def pooling_table(workings: Workings, scale: str, telling: Telling, selection: Selection) -> Tidy:
    """One row per group: raw and pooled effect, and what decides the pooled one."""
    shown = workings.on_scale(scale)
    tables = [_of_one(workings, one, telling, selection) for one in shown]
    return stack(tables, shown)


def _of_one(workings: Workings, estimand: Estimand, telling: Telling, selection: Selection) -> Tidy:
    telling.check(estimand.quantity)
    kept = selection.groups(estimand.count)
    title = titled("From raw to pooled effects", estimand)
    sample = keyed(workings, estimand, kept)
    notes = (*selection.notes, *_notes(workings, estimand, kept), *effect_notes(estimand))
    if telling.draws:
        return replace(sample, draws=group_draws(estimand, kept)).table(telling, title, notes)
    raw, shares = raw_of(workings, estimand), shares_of(workings, estimand)
    summary = workings.group_pass(estimand, telling).summary
    told = {name: values[kept] for name, values in summary.items()}
    columns = {
        **sample.columns,
        "raw_estimate": raw.estimate[kept],
        "raw_std_error": raw.error[kept],
        **told,
        "data_share": shares.data[kept],
        "modifiers_share": shares.modifiers[kept],
        "prior_share": shares.prior[kept],
    }
    headers = {**sample.headers, **telling.headers, **HEADERS}
    said = (*summary_notes(told), *notes)
    return Tidy(columns, title, telling.level, said, headers, sample.types, telling.interval)


def _notes(workings: Workings, estimand: Estimand, kept: IntArray) -> list[str]:
    """The sentence for the whole fit, what raw is, and how to regroup."""
    shares, raw = shares_of(workings, estimand), raw_of(workings, estimand)
    found = [pooling_sentence(workings, estimand, kept)]
    design = estimand.design
    given = " and the treatment's controls" if design.groups.has_control_group else ""
    controls = ", controls held as in the fit" if design.controls.names else ""
    if not np.isnan(raw.estimate[kept]).all():
        known = "; - where they cannot tell" if np.isnan(raw.estimate[kept]).any() else ""
        found.append(
            f"Raw: from a group's own rows{given} alone, without pooling{controls}{known}."
        )
    else:
        found.append("No raw estimates: no group's own rows are known, or tell an effect.")
    if len(kept) == estimand.count:
        middle = workings.group_pass(estimand, Telling(workings.plan.level)).summary["estimate"]
        found.append(advice(workings.plan, design.groups, shares.data, middle))
    return list(filter(None, found))


def pooling_figure(
    workings: Workings,
    *,
    treatment: str | None = None,
    category: str | None = None,
    level: float | None = None,
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """An arrow from every group's raw estimate to its pooled effect with its interval."""
    from forwhom.draw.arrows import arrows_figure

    estimand = picked(workings, treatment, category)
    found = workings.group_pass(estimand, Telling(workings.plan.level if level is None else level))
    names = labels_for(estimand, labels, value_labels)
    groups = estimand.design.groups
    rows: dict[str, Any] = {
        **{name: found.summary[name] for name in ("estimate", "conf_low", "conf_high")},
        "raw": raw_of(workings, estimand).estimate,
        "share": shares_of(workings, estimand).data,
        "n": estimand.effect.n_treated if groups.has_control_group else groups.n_rows,
        "label": group_words(groups, groups.columns, np.arange(groups.count), names),
    }
    if title is None:
        of = treatment_name(estimand, names, versus=False)
        title = f"The effect of {of} in every group, alone and pooled"
    return arrows_figure(
        rows,
        title=title,
        subtitle=contrast_line(estimand, names),
        x_title=effect_axis("Effect", estimand, names),
        level=found.telling.level,
        counted="treated row" if groups.has_control_group else "row",
        note=pooling_sentence(workings, estimand),
    )


POOLING = Answer(
    "pooling",
    "From raw to pooled effects: what every group's own rows say alone, and what decides.",
    ("level", "scale", "where", "interval", "above", "equivalence", "draws"),
    pooling_table,
    pooling_figure,
    ("treatment", "category", "level", "labels", "value_labels", "title"),
    refuses=needs_columns("pooling", "pool"),
)
