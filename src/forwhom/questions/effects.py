"""Questions about effects: for whom, by how much, averaged over what.

Tests: tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forwhom.data import Frame
from forwhom.draw.text import Sentences
from forwhom.questions.base import Questions


class EffectQuestions(Questions):
    """Questions about effects: for whom, by how much, averaged over what."""

    def who(
        self,
        by: str | Sequence[str] | None = None,
        level: float | None = None,
        scale: str | None = None,
        *,
        where: str | None = None,
        above: float | None = None,
    ) -> Sentences:
        """For whom the effect is large, small and clear, in sentences.

        Prints as text, whatever library the data came in; ``to_pandas()`` and the like give one
        row per statement with its numbers. Groups with fewer than 5 rows in an arm are not named.
        Where groups cannot be told apart, it says so.

        Args:
            by: combinations of these grouping columns instead of the groups.
            level: of the intervals; an effect is clear where its interval lies on one side, and
                two are told apart where one exceeds the other with probability (1 + level) / 2.
            scale: as for :meth:`effects`; where: only groups where this holds.
            above: the bar that effects are held against, instead of zero.

        Raises:
            PlanError: as for :meth:`effects`.
        """
        given = {"by": by, "level": level, "scale": scale, "where": where, "above": above}
        return Sentences.of(self.table("who", **given))

    # Many parameters: a question's options are named one by one, for editors and help().
    def by(
        self,
        modifier: str,
        level: float | None = None,
        scale: str | None = None,
        *,
        where: str | None = None,
        weights: str | None = None,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        draws: bool = False,
    ) -> Frame:
        """The average effect at each value of a modifier, and the differences between them.

        Over the groups as they are: what really differs between them, other modifiers along with
        it. A number of more than four values is cut into quarters of the rows.

        Args:
            modifier: a grouping column, or a modifier with one number for each group.
            level, scale, where, weights and others: as for :meth:`effects`.

        Raises:
            PlanError: no such modifier; else as for :meth:`effects`.
        """
        return self._told(
            "by",
            modifier=modifier,
            level=level,
            scale=scale,
            where=where,
            weights=weights,
            interval=interval,
            above=above,
            equivalence=equivalence,
            draws=draws,
        )

    # Many parameters: a question's options are named one by one, for editors and help().
    def differences(
        self,
        level: float | None = None,
        scale: str | None = None,
        *,
        where: str | None = None,
        weights: str | None = None,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        draws: bool = False,
    ) -> Frame:
        """How far the average effect differs by each modifier, among the groups as they are.

        The differences of :meth:`by` for every modifier; options as there. Of two modifiers that
        interact, ``where`` tells the difference by one among the groups with a value of the other,
        and how far that difference itself differs.
        """
        return self._told(
            "differences",
            level=level,
            scale=scale,
            where=where,
            weights=weights,
            interval=interval,
            above=above,
            equivalence=equivalence,
            draws=draws,
        )

    # Many parameters: a question's options are named one by one, for editors and help().
    def effects(
        self,
        by: str | Sequence[str] | None = None,
        level: float | None = None,
        scale: str | None = None,
        *,
        where: str | None = None,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        weights: str | None = None,
        draws: bool = False,
        data: Any = None,
    ) -> Frame:
        """The effect in every group, one tidy row each; or averaged over all groupings but ``by``.

        ``scale="response"``, the default where the link is not the identity: the difference in the
        outcome itself, averaged over the group's own rows within draws; probabilities in
        percentage points, for ordered categories of each level or above; censored times of the
        piecewise exponential up to the longest observed. ``scale="categories"``: the probability
        of each category. ``scale="percent"``, where effects multiply the mean (log links and
        lognormal, whose default it is): 100 (exp(theta) - 1), for the piecewise exponential of
        the hazard. ``scale="link"``: theta.

        Grouping columns have the values and types of the data, so that the table joins back to
        them. One that was binned holds the bins (in pandas as intervals), and columns ``_low`` and
        ``_high`` beside it hold their ends: a row belongs to the bin whose low end is below its
        value and whose high end is not.

        Args:
            by: grouping columns to keep; effects are averaged over all others.
            level: of the intervals; default: the plan's.
            scale: of the effects, as above.
            where: only groups where this holds, such as ``"age > 30 and region in ['North']"``.
            interval: "equal-tailed", or "hdi" for the shortest.
            above: a bar; column ``prob_above`` is the probability of more.
            equivalence: two ends; column ``prob_within`` is the probability of lying between.
            weights: how groups count in averages: "rows", "equal", or a grouping column of numbers.
            draws: the draws themselves, one row each, with columns chain, draw and value.
            data: a table or file, for each of its rows: its group's effect where that was in the
                fit (column ``in_fit``), else a new group's, as :meth:`predict` tells it.

        Raises:
            DataError: ``data`` holds what :meth:`predict` refuses.
            PlanError: a column or level that does not define the groups, another scale, or a bar
                that effects can never reach.
        """
        return self._told(
            "effects",
            by=by,
            level=level,
            scale=scale,
            where=where,
            interval=interval,
            above=above,
            equivalence=equivalence,
            weights=weights,
            draws=draws,
            data=data,
        )

    # Many parameters: a question's options are named one by one, for editors and help().
    def average(
        self,
        by: str | Sequence[str] | None = None,
        level: float | None = None,
        scale: str | None = None,
        *,
        where: str | None = None,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        weights: str | None = None,
        draws: bool = False,
    ) -> Frame:
        """The average effect over rows, overall or for each value of ``by``.

        Averages are taken within draws. Options as for :meth:`effects`.

        Raises:
            PlanError: as for :meth:`effects`.
        """
        return self._told(
            "average",
            by=by,
            level=level,
            scale=scale,
            where=where,
            interval=interval,
            above=above,
            equivalence=equivalence,
            weights=weights,
            draws=draws,
        )

    # Many parameters: a question's options are named one by one, for editors and help().
    def predict(
        self,
        new: Any = None,
        level: float | None = None,
        scale: str | None = None,
        spread: bool = True,
        *,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        draws: bool = False,
    ) -> Frame:
        """Effects in groups that the data do not hold, such as a new site: one tidy row each.

        What the heterogeneity equation predicts for the new rows' modifiers plus a draw from the
        effect spread; on the outcome's scale (the default where the link is not the identity) with
        a new baseline too, at the new rows' own controls, other treatments absent. A dose: one
        unit against none. Groups in the data have :meth:`effects`.

        Args:
            new: a table or file with the modifiers' and controls' columns; nothing where there
                are none.
            level: of the intervals; scale and other options: as for ``effects``.
            spread: False for the average of groups with these modifiers, without their own part.

        Raises:
            DataError: a column that is not there, a missing value, a level not in the data, or a
                column of another type than at the fit whose values cannot be told ("30" is 30).
            PlanError: another scale.
        """
        return self._told(
            "predict",
            new=new,
            level=level,
            scale=scale,
            spread=spread,
            interval=interval,
            above=above,
            equivalence=equivalence,
            draws=draws,
        )
