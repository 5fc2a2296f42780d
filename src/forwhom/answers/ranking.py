"""Which group is best: probabilities, ranks, and what choosing another would lose.

Tests: tests/answers/test_ranking.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer, check_all
from forwhom.answers.average import averages
from forwhom.answers.effects import keyed
from forwhom.answers.naming import contrast_line, effect_axis, labels_for, treatment_name
from forwhom.answers.passes import group_draws
from forwhom.answers.sample import Sample
from forwhom.answers.selection import Selection, select
from forwhom.answers.tables import (
    arm_counts,
    average_note,
    effect_notes,
    stack,
    titled,
)
from forwhom.answers.telling import Telling
from forwhom.answers.which import picked
from forwhom.answers.whom import needs_columns
from forwhom.answers.words import group_words, joined
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.errors import PlanError, listing
from forwhom.fitted import Estimand

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import ValueLabels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_NUMBERS = 25_000_000  # groups x draws that are ranked at once
FEW_ROWS = 10  # in one arm
HEADERS = {
    "prob_best": "P(best)",
    "prob_worst": "P(worst)",
    "expected_rank": "Exp. rank",
    "rank_low": "Rank low",
    "rank_high": "Rank high",
    "expected_loss": "Exp. loss",
    "rank": "Rank",
}


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """What the draws (m, D) of m things say of their order; rank 1 is the best.

    Attributes:
        ranks: (m, D); things that are equal in a draw share the mean of their ranks.
        best, worst: (m,) probabilities; those that are equal share a draw.
        loss: (m,) how much less than the best, on average over draws.
    """

    ranks: FloatArray
    best: FloatArray
    worst: FloatArray
    loss: FloatArray

    @staticmethod
    def of(draws: FloatArray, best: str = "largest") -> Ranked:
        """From draws, where the largest is best, or the smallest.

        >>> Ranked.of(np.array([[1.0, 3.0], [2.0, 2.0]])).best.tolist()
        [0.5, 0.5]
        """
        values = draws if best == "largest" else -draws
        most, least = values.max(axis=0), values.min(axis=0)
        top, bottom = values == most, values == least
        return Ranked(
            _ranks(values),
            (top / top.sum(axis=0)).mean(axis=1),
            (bottom / bottom.sum(axis=0)).mean(axis=1),
            most.mean() - values.mean(axis=1),
        )

    def columns(self, level: float) -> dict[str, FloatArray]:
        """Of the table."""
        tail = (1 - level) / 2
        low = np.quantile(self.ranks, tail, axis=1, method="inverted_cdf")
        high = np.quantile(self.ranks, 1 - tail, axis=1, method="inverted_cdf")
        return {
            "prob_best": self.best,
            "prob_worst": self.worst,
            "expected_rank": self.ranks.mean(axis=1),
            "rank_low": low,
            "rank_high": high,
            "expected_loss": self.loss,
        }


def _ranks(values: FloatArray) -> FloatArray:
    """(m, D) ranks within draws, 1 for the largest; ties share their mean."""
    order = np.argsort(-values, axis=0, kind="stable")
    place = np.broadcast_to(np.arange(1.0, len(values) + 1)[:, None], values.shape)
    ordered = np.take_along_axis(values, order, axis=0)
    new = np.ones(values.shape, dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    if not new.all():
        first = np.maximum.accumulate(np.where(new, place, 0.0), axis=0)
        ends = np.concatenate([new[1:], np.ones((1, values.shape[1]), dtype=bool)])
        last = np.where(ends, place, np.inf)[::-1]
        place = (first + np.minimum.accumulate(last, axis=0)[::-1]) / 2
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, place, axis=0)
    return ranks


def ranking_table(
    workings: Workings,
    by: tuple[str, ...] | None,
    best: str,
    scale: str,
    telling: Telling,
    selection: Selection,
) -> Tidy:
    """One row per group, or per combination of ``by``, the best first."""
    shown = workings.on_scale(scale)
    tables = [_of_one(workings, one, by, best, telling, selection) for one in shown]
    return stack(tables, shown)


def _of_one(
    workings: Workings,
    estimand: Estimand,
    by: tuple[str, ...] | None,
    best: str,
    telling: Telling,
    selection: Selection,
) -> Tidy:
    telling.check(estimand.quantity)
    sample = sampled(workings, estimand, by, selection)
    ranked = Ranked.of(sample.draws, best)
    columns = ranked.columns(telling.level)
    order = np.lexsort((columns["expected_loss"], columns["expected_rank"]))
    notes = (
        *_order_notes(estimand, best, columns, telling.level),
        *_thin_note(estimand, sample),
        *((average_note(estimand, selection),) if by is not None else selection.notes),
        *effect_notes(estimand),
    )
    title = f"Ranking by {', '.join(by)}" if by else "Ranking of groups"
    title = titled(f"{title}, by the effect", estimand)
    taken = replace(
        sample,
        columns={name: _at(values, order) for name, values in sample.columns.items()},
        draws=sample.draws[order],
        behind={name: values[order] for name, values in columns.items()},
        headers={**sample.headers, **HEADERS},
    )
    table = taken.table(telling, title, notes)
    if not telling.draws:
        return table
    ranks = ranked.ranks[order].ravel()
    return replace(table, columns={**table.columns, "rank": ranks})


def sampled(
    workings: Workings, estimand: Estimand, by: tuple[str, ...] | None, selection: Selection
) -> Sample:
    """What is ranked, and its draws.

    Raises:
        PlanError: one thing only, too many, or weights without an average.
    """
    if by is not None:
        found = averages(workings, estimand, by, selection)
    else:
        if selection.values is not None:
            raise PlanError(
                f"weights={selection.weights!r} says how groups count in an average, and without "
                "by= ranking() ranks groups themselves. Leave it out, or say by=."
            )
        kept = selection.groups(estimand.count)
        if len(kept) * estimand.fitted.count > MOST_NUMBERS:
            raise PlanError(
                f"ranking(): {len(kept):,} groups of {estimand.fitted.count:,} draws do not fit. "
                "Rank fewer by where=, or averages by by=."
            )
        found = replace(keyed(workings, estimand, kept), draws=group_draws(estimand, kept))
    if len(found.draws) < 2:
        where = f" where {selection.where}" if selection.where else ""
        of = f"of {listing(by)} " if by else ""
        raise PlanError(
            f"ranking(): one value {of}is left{where}, and nothing to rank it against. Name other "
            "columns by by=, or widen where=."
        )
    return found


def _order_notes(
    estimand: Estimand, best: str, columns: Mapping[str, FloatArray], level: float
) -> tuple[str, ...]:
    """What best means, and how unsure the first place is."""
    first = float(columns["prob_best"].max())
    unit = f", in {estimand.unit_words}" if estimand.unit_words else ""
    loss = "less" if best == "largest" else "more"
    meaning = (
        f"Best: the {best} effect, rank 1; rank low and high hold {100 * level:g} % of the draws. "
        f"Expected loss: how much {loss} than the best, on average{unit}."
    )
    if first >= 0.5:
        return (meaning,)
    several = len(estimand.design.effects) > 1
    of = f" for {estimand.treatment.name}" if several else ""
    of += f" ({estimand.quantity.label})" if estimand.quantity.label else ""
    return (
        meaning,
        f"None is best with a probability of half or more{of}: the highest is {first:.2f}.",
    )


def thin_rows(estimand: Estimand, sample: Sample) -> NDArray[np.bool_]:
    """(m,) whether the data behind a row can say little of its place."""
    counts = [sample.columns[name] for name in arm_counts(estimand)]
    if estimand.treatment.kind != "binary":
        return np.zeros(len(sample.draws), dtype=bool)
    if estimand.design.groups.has_control_group:  # all untreated rows are one group's
        counts = counts[:1]
    return np.asarray(np.min(np.stack(counts), axis=0) < FEW_ROWS)


def _thin_note(estimand: Estimand, sample: Sample) -> tuple[str, ...]:
    """Which rows those are."""
    thin = np.flatnonzero(thin_rows(estimand, sample))
    if not len(thin):
        return ()
    one_control = estimand.design.groups.has_control_group
    arm = "the treated arm" if one_control else "one of the arms"
    of = f"{len(thin):,} of {len(sample.draws):,} rows of the table"
    if "group_id" in sample.columns and len(thin) <= 5:
        ids = sample.columns["group_id"][thin].tolist()
        of += f" (group {joined([str(i) for i in ids])})"
    return (
        f"{of} {'stands' if len(thin) == 1 else 'stand'} on fewer than {FEW_ROWS} rows of data in "
        f"{arm}: what places them is the modifiers and the prior more than data of their own.",
    )


def _at(values: Any, order: IntArray) -> Any:
    if isinstance(values, np.ndarray):
        return values[order]
    return [values[i] for i in order.tolist()]


# Many parameters: a figure's options are named one by one, as in the method of ``Plots``.
def ranking_figure(
    workings: Workings,
    *,
    by: str | Sequence[str] | None = None,
    best: Literal["largest", "smallest"] = "largest",
    where: str | None = None,
    weights: str | None = None,
    treatment: str | None = None,
    category: str | None = None,
    level: float | None = None,
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """The rank of every group with its interval, and the probability that it is best."""
    from forwhom.draw.ranking import ranking_figure as draw

    estimand = picked(workings, treatment, category)
    given = check_all(workings, ("by", "level"), {"by": by, "level": level})
    columns, selection = given["by"], select(workings.fitted, where, weights)
    sample = sampled(workings, estimand, columns, selection)
    names = labels_for(estimand, labels, value_labels)
    groups, kept = estimand.design.groups, selection.groups(estimand.count)
    if columns is not None:
        from forwhom.answers.average import combinations

        kept = combinations(groups, columns, kept)[1]
    told = Ranked.of(sample.draws, best).columns(given["level"])
    several = [
        n for j, n in enumerate(groups.columns) if len(np.unique(groups.values[j][kept])) > 1
    ]
    shown = columns or several or groups.columns
    line = contrast_line(estimand, names)
    if title is None:
        name = treatment_name(estimand, names, versus=False)
        of = "" if estimand.treatment.kind == "estimate" else f" of {name}"
        title = f"Where is the effect{of} {best}?"
    return draw(
        {
            **told,
            "label": group_words(groups, shown, kept, names),
            "thin": thin_rows(estimand, sample),
        },
        title=title,
        subtitle=", ".join(filter(None, (line, f"where {where}" if where else ""))),
        effect=effect_axis("effect", estimand, names).removesuffix(f", in {estimand.unit_words}"),
        best=best,
        level=given["level"],
        few=FEW_ROWS,
    )


RANKING = Answer(
    "ranking",
    "Which group has the largest effect: probability best and worst, ranks, expected loss.",
    (
        *("by", "best", "level", "scale"),
        *("where", "interval", "above", "equivalence", "weights", "draws"),
    ),
    ranking_table,
    ranking_figure,
    (
        *("by", "best", "where", "weights", "treatment", "category", "level"),
        *("labels", "value_labels", "title"),
    ),
    refuses=needs_columns("ranking", "rank"),
    when="asked",
)
