"""Differences between effects: of groups, of averages, of treatments, in pairs or in words.

Tests: tests/answers/test_contrasts.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from forwhom.answers.answer import Answer, check_all
from forwhom.answers.contrast.rows import contrasts_of
from forwhom.answers.contrast.scene import Question
from forwhom.answers.naming import labels_for
from forwhom.answers.selection import Selection, select
from forwhom.answers.telling import Telling
from forwhom.answers.whom import needs_columns
from forwhom.answers.workings import Workings
from forwhom.data import Tidy

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import ValueLabels


# Many parameters: a question's options, one by one.
def contrasts_table(
    workings: Workings,
    contrast: tuple[str, ...],
    by: tuple[str, ...] | None,
    within: tuple[str, ...],
    against: str,
    between: str,
    ratio: bool,
    scale: str,
    telling: Telling,
    selection: Selection,
) -> Tidy:
    """One row for each contrast, with its own interval and one that holds for all rows at once."""
    question = Question(contrast, by, within, against, between, ratio)
    found = contrasts_of(workings, question, scale, telling, selection, workings.labels)
    return found.table(telling)


# Many parameters: a figure's options are named one by one, as in the method of ``Plots``.
def contrasts_figure(
    workings: Workings,
    *,
    contrast: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    within: str | Sequence[str] | None = None,
    against: str | int | None = None,
    between: Literal["levels", "treatments"] = "levels",
    ratio: bool = False,
    level: float | None = None,
    scale: str | None = None,
    where: str | None = None,
    weights: str | None = None,
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """Every contrast with its interval, and the one that holds for all at once."""
    from forwhom.answers.contrast.picture import picture

    names = {"contrast": contrast, "by": by, "within": within, "against": against}
    given = check_all(
        workings, (*names, "level", "scale"), {**names, "level": level, "scale": scale}
    )
    telling, scale = Telling(given.pop("level")), given.pop("scale")
    question = Question(**given, between=between, ratio=ratio)
    called = labels_for(workings.estimands[0], labels, value_labels)
    selection = select(workings.fitted, where, weights)
    return picture(
        contrasts_of(workings, question, str(scale), telling, selection, called), telling, title
    )


CONTRASTS = Answer(
    "contrasts",
    "Differences or ratios between effects: in pairs, against one of them, or in words.",
    (
        *("contrast", "by", "within", "against", "between", "ratio", "level", "scale"),
        *("where", "interval", "above", "equivalence", "weights", "draws"),
    ),
    contrasts_table,
    contrasts_figure,
    (
        *("contrast", "by", "within", "against", "between", "ratio", "level", "scale"),
        *("where", "weights", "labels", "value_labels", "title"),
    ),
    refuses=needs_columns("contrasts", "compare", "treatments"),
    when="asked",
)
