"""The figures of a fit.

Tests: tests/test_api.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from forwhom.answers import ANSWERS, Workings
from forwhom.plots.whom import FiguresForWhom

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import ValueLabels


@dataclass(frozen=True, slots=True, repr=False)
class Plots(FiguresForWhom):
    """The figures of a fit. ``labels`` name columns or terms, ``value_labels`` their values.

    ``treatment`` picks one of several effects by its name in tables, ``category`` one of several
    categories of an unordered outcome; the first by default.
    """

    _workings: Workings

    def __dir__(self) -> list[str]:
        return sorted(name for name, answer in ANSWERS.items() if answer.figure is not None)

    # Many parameters: a figure's options are named one by one, for editors and help().
    def modifiers(
        self,
        *,
        treatment: str | None = None,
        category: str | None = None,
        level: float | None = None,
        intercept: Literal["last", "omit"] = "last",
        labels: Mapping[str, str] | None = None,
        value_labels: ValueLabels | None = None,
        title: str | None = None,
        width: float | None = None,
        height: float | None = None,
    ) -> Figure:
        """The posterior of each modifier coefficient, its interval shaded (the paper's Figure 1).

        Args:
            level: of the shaded interval, the plan's as in all figures; intercept: "last" or
                "omit".
            labels: readable names, for instance ``{"woman": "Woman"}``.
            value_labels: for instance ``{"woman": {0: "Man", 1: "Woman"}}``.
            title: in place of the one made from the names.
            width, height: of the figure in inches, such as 3.3 or 6.5 for a journal's column.
        """
        return ANSWERS["modifiers"].draw(
            self._workings,
            treatment=treatment,
            category=category,
            level=level,
            intercept=intercept,
            labels=labels,
            value_labels=value_labels,
            title=title,
            width=width,
            height=height,
        )

    # Many parameters: a figure's options are named one by one, for editors and help().
    def effects(
        self,
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
        width: float | None = None,
        height: float | None = None,
    ) -> Figure:
        """Every group's effect with its interval, sorted (the paper's Figure 2).

        Args:
            row, column, color: grouping columns for facets and colour.
            tiles: average effects over ``row`` and ``column`` instead, as tiles with numbers.
            level: of the intervals; the rest as for ``modifiers``.

        Raises:
            OutputError: a facet that does not define the groups.
        """
        return ANSWERS["effects"].draw(
            self._workings,
            row=row,
            column=column,
            color=color,
            tiles=tiles,
            treatment=treatment,
            category=category,
            level=level,
            labels=labels,
            value_labels=value_labels,
            title=title,
            width=width,
            height=height,
        )

    def check(
        self,
        *,
        of: Literal["rows", "groups"] | None = None,
        level: float = 0.95,
        labels: Mapping[str, str] | None = None,
        value_labels: ValueLabels | None = None,
        title: str | None = None,
        width: float | None = None,
        height: float | None = None,
    ) -> Figure:
        """Observed outcomes beside those of replicated data, by arm.

        Args:
            of: "rows", the distribution of the outcome, or "groups", the mean of every group;
                default: "groups" where the outcome happens or not, else "rows".
            level: of the replicated intervals; the rest as for ``modifiers``.

        Raises:
            PlanError: single rows are not known (method "exact"), or times are censored.
        """
        return ANSWERS["check"].draw(
            self._workings,
            of=of,
            level=level,
            labels=labels,
            value_labels=value_labels,
            title=title,
            width=width,
            height=height,
        )

    # Many parameters: a figure's options are named one by one, for editors and help().
    def contrasts(
        self,
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
        width: float | None = None,
        height: float | None = None,
    ) -> Figure:
        """Every contrast with its interval (thick) and the simultaneous one (thin).

        Args:
            contrast, by, within, against, between, ratio: what is contrasted, as for
                :meth:`forwhom.result.Fit.contrasts`.
            level: of the intervals; the rest as for ``modifiers`` and ``Fit.contrasts``.

        Raises:
            PlanError: what is contrasted cannot be.
        """
        return ANSWERS["contrasts"].draw(
            self._workings,
            contrast=contrast,
            by=by,
            within=within,
            against=against,
            between=between,
            ratio=ratio,
            level=level,
            scale=scale,
            where=where,
            weights=weights,
            labels=labels,
            value_labels=value_labels,
            title=title,
            width=width,
            height=height,
        )

    # Many parameters: a figure's options are named one by one, for editors and help().
    def ranking(
        self,
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
        width: float | None = None,
        height: float | None = None,
    ) -> Figure:
        """The rank of every group with its interval, and the probability that it is the best.

        Args:
            by, best, where, weights: as for :meth:`forwhom.result.Fit.ranking`.
            level: of the intervals; the rest as for ``modifiers``.

        Raises:
            PlanError: there is one group only, or too many to rank at once.
        """
        return ANSWERS["ranking"].draw(
            self._workings,
            by=by,
            best=best,
            where=where,
            weights=weights,
            treatment=treatment,
            category=category,
            level=level,
            labels=labels,
            value_labels=value_labels,
            title=title,
            width=width,
            height=height,
        )

    # Many parameters: a figure's options are named one by one, for editors and help().
    def pooling(
        self,
        *,
        treatment: str | None = None,
        category: str | None = None,
        level: float | None = None,
        labels: Mapping[str, str] | None = None,
        value_labels: ValueLabels | None = None,
        title: str | None = None,
        width: float | None = None,
        height: float | None = None,
    ) -> Figure:
        """From every group's raw estimate to its pooled effect, sorted.

        Args:
            level: of the intervals; the rest as for ``modifiers``.
        """
        return ANSWERS["pooling"].draw(
            self._workings,
            treatment=treatment,
            category=category,
            level=level,
            labels=labels,
            value_labels=value_labels,
            title=title,
            width=width,
            height=height,
        )

    def outcomes(
        self,
        *,
        by: str | Sequence[str] | None = None,
        level: float | None = None,
        labels: Mapping[str, str] | None = None,
        value_labels: ValueLabels | None = None,
        title: str | None = None,
        width: float | None = None,
        height: float | None = None,
    ) -> Figure:
        """The expected outcome without and with treatment, two dots in each row.

        Args:
            by: grouping columns, whose combinations are rows; default: all rows in one.
            level: of the intervals; the rest as for ``modifiers``.

        Raises:
            PlanError: as for ``outcomes``.
        """
        return ANSWERS["outcomes"].draw(
            self._workings,
            by=by,
            level=level,
            labels=labels,
            value_labels=value_labels,
            title=title,
            width=width,
            height=height,
        )
