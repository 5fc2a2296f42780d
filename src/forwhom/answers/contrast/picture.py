"""The figure of contrasts, from their table.

Tests: tests/answers/test_contrasts.py, tests/draw/test_contrasts.py.
"""

from __future__ import annotations

from forwhom.answers.contrast.rows import Contrasts
from forwhom.answers.contrast.scene import AVERAGE
from forwhom.answers.contrast.words import effect_word, own_words
from forwhom.answers.naming import category_words, contrast_line, effect_on, treatment_name
from forwhom.answers.telling import Telling
from forwhom.draw.contrasts import NUMBERS, contrasts_figure
from forwhom.draw.figure import Figure
from forwhom.draw.text import one_line

MOST_PANELS = 12  # more, and each row says where it is


def picture(found: Contrasts, telling: Telling, title: str | None) -> Figure:
    """Each contrast with its intervals; apart where effects, categories or places differ."""
    table = found.table(telling)
    labels, panels = list(table.columns["contrast"]), _panels(found)
    subtitle = _subtitle(found)
    if len(set(labels)) == 1 and len(set(panels)) > 1:
        subtitle = f"{labels[0]}. {subtitle}".rstrip(". ")
        labels, panels = panels, [""] * len(labels)
    elif len(set(panels)) > MOST_PANELS:
        labels = [f"{label}, {panel}" for label, panel in zip(labels, panels, strict=True)]
        panels = [""] * len(labels)
    labels, against = _shortened(labels)
    if against:
        subtitle = f"Each against {against}. {subtitle}".rstrip(". ")
    rows = {name: table.columns[name] for name in (*NUMBERS, "prob_positive")}
    one = found.shown[0]
    several = len({e.quantity.effect for e in found.shown}) > 1 or one.treatment.kind == "estimate"
    on = effect_on(one, found.labels)
    if len({e.quantity.label for e in found.shown}) > 1:
        on = on.replace(f" being {category_words(one, found.labels)}", " being in each category")
    if title is None:
        between = found.question.between == "treatments"
        of = "" if several else f" of {treatment_name(one, found.labels, versus=False)}"
        title = (
            f"How do the effects{of} differ?" if not between else "How do the treatments differ?"
        )
    start = "Ratio of effects" if found.ratios else "Difference between effects"
    x_title = f"{start} on {on}"
    if found.ratios:
        x_title = x_title.removesuffix(f", in {one.unit_words}") if one.unit_words else x_title
    return contrasts_figure(
        {**rows, "label": labels, "panel": panels},
        title=title,
        subtitle=one_line(subtitle),
        x_title=x_title,
        level=telling.level,
        line=1.0 if found.ratios else 0.0,
    )


def _shortened(labels: list[str]) -> tuple[list[str], str]:
    """Names without what all are held against, which is said once: "the average"."""
    for sign in (" - ", " / "):
        pieces = [label.partition(sign) for label in labels]
        behind = {end for _, _, end in pieces}
        if len(labels) > 2 and len(behind) == 1 and (end := behind.pop()) and ":" not in labels[0]:
            return [start for start, _, _ in pieces], "the average" if end == AVERAGE else end
    return labels, ""


def _panels(found: Contrasts) -> list[str]:
    """Where, of what effect and category each contrast is, as far as they differ."""
    groups = found.workings.design.groups
    at = [groups.columns.index(name) for name in found.question.within]
    words = {one.treatment.name: effect_word(one) for one in found.shown}
    treatments = [name for part in found.lines for name in part.treatment]
    outcomes = [part.outcome for part in found.lines for _ in part.words]
    cells = [g for part in found.lines for g in part.cell.tolist()]
    panels = []
    for treatment, outcome, cell in zip(treatments, outcomes, cells, strict=True):
        parts = [
            words.get(treatment, treatment) if len(set(treatments)) > 1 else "",
            outcome if len(set(outcomes)) > 1 else "",
            own_words(groups, at, cell, found.labels) if at else "",
        ]
        panels.append(", ".join(filter(None, parts)))
    return panels


def _subtitle(found: Contrasts) -> str:
    """The treatment's contrast, where there is one, and which groups."""
    line = contrast_line(found.shown[0], found.labels) if len(found.shown) == 1 else ""
    where = f"where {found.selection.where}" if found.selection.where else ""
    return ", ".join(filter(None, (line, where)))
