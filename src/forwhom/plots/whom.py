"""Figures for whom: groups sorted by their effect, the effect by each modifier, coefficients.

Tests: tests/test_api.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from forwhom.answers import ANSWERS, Workings

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import ValueLabels


class FiguresForWhom:
    """Methods of ``Plots``."""

    __slots__ = ()
    _workings: Workings

    # Many parameters: a figure's options are named one by one, for editors and help().
    def who(
        self,
        *,
        by: str | Sequence[str] | None = None,
        where: str | None = None,
        above: float | None = None,
        treatment: str | None = None,
        category: str | None = None,
        level: float | None = None,
        labels: Mapping[str, str] | None = None,
        value_labels: ValueLabels | None = None,
        title: str | None = None,
        width: float | None = None,
        height: float | None = None,
    ) -> Figure:
        """Groups sorted by effect: the largest and smallest named, those clear of the bar coloured.

        Args:
            by, where, above: as for :meth:`forwhom.result.Fit.who`.
            level: of the intervals; the rest as for ``modifiers``.

        Raises:
            PlanError: what is asked for is not there.
        """
        return ANSWERS["who"].draw(
            self._workings,
            by=by,
            where=where,
            above=above,
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
    def differences(
        self,
        *,
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
        """How far the average effect differs by each modifier, one row for each pair of values.

        Args:
            where, weights: as for :meth:`forwhom.result.Fit.differences`.
            level: of the intervals; the rest as for ``modifiers``.

        Raises:
            PlanError: what is asked for is not there.
        """
        return ANSWERS["differences"].draw(
            self._workings,
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
    def by(
        self,
        modifier: str | None = None,
        *,
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
        """The average effect at each value of a modifier, the differences beside.

        Args:
            modifier, where, weights: as for :meth:`forwhom.result.Fit.by`.
            level: of the intervals; the rest as for ``modifiers``.

        Raises:
            PlanError: no modifier is named, or it is not there.
        """
        return ANSWERS["by"].draw(
            self._workings,
            modifier=modifier,
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
    def parameters(
        self,
        *,
        treatment: str | None = None,
        category: str | None = None,
        level: float | None = None,
        intercept: Literal["last", "omit"] = "omit",
        labels: Mapping[str, str] | None = None,
        value_labels: ValueLabels | None = None,
        title: str | None = None,
        width: float | None = None,
        height: float | None = None,
    ) -> Figure:
        """Both equations' coefficients, per two standard deviations of what they are of.

        Args:
            level: of the intervals; intercept: "last" or "omit"; the rest as for ``modifiers``.

        Raises:
            OutputError: there is no coefficient but intercepts.
        """
        return ANSWERS["parameters"].draw(
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
