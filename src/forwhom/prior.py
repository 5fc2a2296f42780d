"""Prior predictive simulation: what the priors imply for the data at hand; composes, as a fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from forwhom import answers
from forwhom.data import DATA_FRAMES, Tidy
from forwhom.fitted import (
    Estimand,
    Fitted,
    Replication,
    check_scale,
    estimands_of,
    predictor_of,
    replicate,
    simulated_rows,
)
from forwhom.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forwhom.draw.figure import Figure

ROWS = 200  # single rows simulated in each draw
WHAT = "prior_predictive()"


@dataclass(frozen=True, eq=False, repr=False)
class PriorPredictive:
    """Data simulated from the priors for the observed design: print it, ask it for tables.

    Attributes:
        fitted: the observed design and outcome, with draws of every parameter from its prior.
        engine: the library the data came in; source: name of the data.
    """

    fitted: Fitted
    engine: str
    source: str

    def __repr__(self) -> str:
        return self.summary()

    @property
    def plan(self) -> Plan:
        """The plan whose priors they are."""
        return self.fitted.plan

    def summary(self) -> str:
        """What the priors imply, beside what was observed, as text."""
        from forwhom.output.prior_text import format_prior

        return format_prior(self.estimands[0], self._outcome(), self._effects(), self.source)

    def outcome(self) -> Any:
        """The outcome's statistics in simulated data, by arm, and quantiles of one row."""
        return self._native(self._outcome())

    def effects(self) -> Any:
        """The average effect, the effect in a group, and how much effects differ."""
        return self._native(self._effects())

    def priors(self) -> Any:
        """Every prior used, in words and numbers, and where it comes from."""
        return self._native(answers.priors_table(self.estimands[0]))

    def plot(
        self,
        *,
        level: float = 0.95,
        labels: Mapping[str, str] | None = None,
        title: str | None = None,
    ) -> Figure:
        """Observed outcomes beside those that the priors imply, by arm.

        Raises:
            PlanError: times are censored.
        """
        from forwhom.output.plots import plot_prior

        found = self._replication
        if found is None:  # says why
            replicate(predictor_of(self.fitted, WHAT), "plot()")
        assert found is not None
        return plot_prior(self.estimands[0], found, labels, level, title)

    @cached_property
    def _replication(self) -> Replication | None:
        likelihood = self.fitted.cells.likelihood
        # Sums of times count their events: fewer than rows where some are censored.
        limit = likelihood.outcome.trials if self._family_adds_up else np.ones(1)
        if (likelihood.outcome.event < limit).any() and self.plan.event is not None:
            return None
        return replicate(predictor_of(self.fitted, WHAT), WHAT)

    @property
    def _family_adds_up(self) -> bool:
        from forwhom.families import FAMILIES

        return bool(FAMILIES[self.plan.family].sufficient)

    @cached_property
    def estimands(self) -> tuple[Estimand, ...]:
        """Each effect on the link scale, and for each category of an unordered outcome."""
        return estimands_of(self.fitted)

    @cached_property
    def _estimands(self) -> tuple[Estimand, ...]:
        return estimands_of(self.fitted, check_scale(self.fitted, None))

    def _outcome(self) -> Tidy:
        predictor = predictor_of(self.fitted, WHAT)
        rows = None
        if not self.fitted.design.outcome.levels:
            rows = simulated_rows(predictor, ROWS, self.plan.seed)
        found = self._replication
        return answers.prior_outcome_table(predictor, found, rows, self.plan.level)

    def _effects(self) -> Tidy:
        observed = answers.observed_differences(self._estimands, self._replication)
        plan = self.plan
        return answers.prior_effects_table(self._estimands, observed, plan.level, plan.seed)

    def _native(self, table: Tidy) -> Any:
        if self.engine in DATA_FRAMES:
            return table.to_native(self.engine)
        from forwhom.draw.text import PrintedTable

        return PrintedTable.of(table)
