"""Questions about the model, its draws and the rows behind it.

Tests: tests/answers/test_contract.py.
"""

from __future__ import annotations

from forwhom.data import Frame
from forwhom.questions.base import Questions


class ModelQuestions(Questions):
    """Questions about the model, its draws and the rows behind it."""

    def modifiers(
        self,
        level: float | None = None,
        *,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        draws: bool = False,
    ) -> Frame:
        """lambda, one tidy row per coefficient of the heterogeneity equation.

        Args:
            level: of the intervals; default: the plan's.
            interval: "equal-tailed", or "hdi" for the shortest.
            above: a bar; column ``prob_above`` is the probability of more.
            equivalence: two ends; column ``prob_within`` is the probability of lying between.
            draws: the draws themselves, one row each, with columns chain, draw and value.
        """
        given = {"level": level, "interval": interval, "above": above}
        return self._told("modifiers", **given, equivalence=equivalence, draws=draws)

    def parameters(
        self,
        level: float | None = None,
        *,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        draws: bool = False,
    ) -> Frame:
        """alpha, beta, delta and the standard deviations.

        Options as for :meth:`modifiers`.
        """
        given = {"level": level, "interval": interval, "above": above}
        return self._told("parameters", **given, equivalence=equivalence, draws=draws)

    def groups(self) -> Frame:
        """The groups and their rows by arm."""
        return self._told("groups")

    def rows(self) -> Frame:
        """Rows read, dropped (by column) and used."""
        return self._told("rows")

    def priors(self) -> Frame:
        """Every prior used, in words and numbers, and where it comes from."""
        return self._told("priors")

    def diagnostics(self) -> Frame:
        """How the draws were made and whether they can be trusted."""
        return self._told("diagnostics")

    def check(self, level: float | None = None) -> Frame:
        """Posterior predictive checks: statistics of the data among those of replicated data.

        By arm, and the means of the groups that fit worst. ``plot.check()`` draws them.

        Raises:
            PlanError: single rows are not known (method "exact"), or times are censored.
        """
        return self._told("check", level=level)

    def loo(self, pointwise: bool = False, data: object = None) -> Frame:
        """How well the fit predicts a row it has not seen: PSIS leave-one-out.

        The row's group keeps its other rows, and its own baseline and effect are conditioned on.

        Args:
            pointwise: one row per kind of row, the worst predicted first, instead of the total.
            data: the table that was fitted, or its path, where the fit keeps only sums of its rows
                (method "exact").

        Raises:
            PlanError: single rows are not known and ``data`` is not given, or they carry sampling
                weights.
            DataError: the data are not those that were fitted.
        """
        return self._told("loo", pointwise=pointwise, data=data)

    def waic(self, pointwise: bool = False, data: object = None) -> Frame:
        """The same by WAIC, which cannot say where it fails; prefer :meth:`loo`.

        Options as for :meth:`loo`.
        """
        return self._told("waic", pointwise=pointwise, data=data)

    def evidence(self) -> Frame:
        """The log marginal likelihood: how probable model and priors held the rows to be.

        The mean of the importance weights (Robert and Casella 2004, section 3.3), with its Monte
        Carlo error. All constants are kept, and the density is that of single rows, so fits of the
        same rows and outcome compare whatever their modifiers, groups, spreads, priors, families
        and methods: the difference of two is their log Bayes factor.

        Raises:
            PlanError: a prior is flat, the draws are of chains, or rows carry sampling weights.

        >>> import forwhom as fw
        >>> asked = {"outcome": "responded", "treatment": "treat_out", "draws": 1000}
        >>> with_it, without = (
        ...     fw.fit(fw.datasets.path(), modifiers="leg_black", spread=spread, **asked)
        ...     for spread in ("normal", "none")
        ... )
        >>> table = with_it.evidence()
        >>> list(table.columns)
        ['method', 'log_evidence', 'std_error', 'n', 'reliable']
        >>> log_bayes_factor = table["log_evidence"][0] - without.evidence()["log_evidence"][0]
        """
        return self._told("evidence")

    def sensitivity(self) -> Frame:
        """What the conclusions owe to the priors and to the data: power-scaling.

        One row for each average effect, each lambda and sigma_theta, with a diagnosis in words.

        Raises:
            PlanError: the draws hardly differ, so that they cannot be reweighted.
        """
        return self._told("sensitivity")
