"""Questions that hold effects against one another and against the rows they come from.

Tests: tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from forwhom.data import Frame
from forwhom.questions.base import Questions


class ComparingQuestions(Questions):
    """Questions that hold effects against one another and against the rows they come from."""

    # Many parameters: a question's options are named one by one, for editors and help().
    def contrasts(
        self,
        contrast: str | Sequence[str] | None = None,
        by: str | Sequence[str] | None = None,
        within: str | Sequence[str] | None = None,
        against: str | int | None = None,
        between: Literal["levels", "treatments"] = "levels",
        ratio: bool = False,
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
        """Differences or ratios between effects: in pairs, against one of them, or in words.

        Each is taken within draws, of averages over the groups' rows, and told with an interval of
        its own and a simultaneous one: all rows of the table lie in theirs at once with the level's
        probability. Pairs are the later value minus the earlier. In words:
        ``fit.contrasts("germany - russia", where="vote == 'Clinton'")``; ``"germany / russia"`` is
        the ratio, ``"(a - b) - (c - d)"`` a difference of differences, ``"north:men - south:men"``
        names values of two columns, ``"(a + b) / 2 - c"`` takes an average. Names with signs in
        them can stand in quotes; nothing is evaluated.

        Args:
            contrast: in words, one or several.
            by: contrast the averages over these columns' values; default: the groups themselves.
            within: apart for each value of these columns.
            against: hold all against this one instead of all pairs: a value of ``by``
                (``"North"``, of two columns ``"North: men"``), a group's number, or "average".
            between: "treatments" holds several arms or treatments against one another instead.
            ratio: ratios instead of differences; ``prob_above`` is then the probability of more
                than 1.
            level, scale, where, interval, above, equivalence, weights, draws: as for
                :meth:`effects`.

        Raises:
            PlanError: a level that is not there, something held against itself, too many pairs.
        """
        return self._told(
            "contrasts",
            contrast=contrast,
            by=by,
            within=within,
            against=against,
            between=between,
            ratio=ratio,
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
    def ranking(
        self,
        by: str | Sequence[str] | None = None,
        best: Literal["largest", "smallest"] = "largest",
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
        """Which group has the largest effect: probability best and worst, ranks, expected loss.

        Sorted by expected rank; rank 1 is the best. ``expected_loss`` is how much smaller a group's
        effect is than the best one's (larger, where the smallest is best), on average over draws:
        what choosing it would lose.

        Args:
            by: rank the averages over these columns' values instead of groups.
            best: "largest", or "smallest" where less of the outcome is wanted.
            level, scale, where, interval, above, equivalence, weights, draws: as for
                :meth:`effects`.

        Raises:
            PlanError: there is one group only, or too many to rank at once.
        """
        return self._told(
            "ranking",
            by=by,
            best=best,
            level=level,
            scale=scale,
            where=where,
            interval=interval,
            above=above,
            equivalence=equivalence,
            weights=weights,
            draws=draws,
        )

    def pooling(
        self,
        level: float | None = None,
        scale: str | None = None,
        *,
        where: str | None = None,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        draws: bool = False,
    ) -> Frame:
        """From raw to pooled effects: what every group's own rows say alone, and what decides.

        Columns ``raw_estimate`` and ``raw_std_error``: the effect that makes the group's own rows
        most likely, given what all groups share; for a normal outcome without controls the
        difference between the means of its treated and untreated rows. Then the pooled effect, and
        what decides it, three shares that sum to one: ``data_share``, the weight of the group's
        own rows; of the rest, which the prediction by the modifiers decides, ``modifiers_share``,
        what it takes from the rows of all groups, and ``prior_share``, what it takes from the
        priors of its coefficients. Shares are of effects on the link scale, given the spreads
        (Efron and Morris 1975, JASA 70(350); Gelman and Pardoe 2006, Technometrics 48(2)).

        Options as for :meth:`effects`.
        """
        given = {"level": level, "scale": scale, "where": where, "interval": interval}
        return self._told("pooling", **given, above=above, equivalence=equivalence, draws=draws)

    # Many parameters: a question's options are named one by one, for editors and help().
    def outcomes(
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
        """The expected outcome without and with treatment, overall or for each value of ``by``.

        Three rows each, column ``arm``: "without" (a dose: as it is), "with" (a dose: one unit
        more) and the "difference", which is :meth:`average`'s. The outcome of every row is
        computed both ways within draws and averaged. Probabilities are in percent, for ordered
        categories of each level or above; ``scale="categories"`` tells each category,
        ``scale="link"`` the linear predictor. Options as for :meth:`effects`.

        Raises:
            PlanError: the effects were estimated elsewhere, or method "exact" keeps too little.
        """
        return self._told(
            "outcomes",
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
