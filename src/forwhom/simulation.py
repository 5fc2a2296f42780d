"""Prior predictive simulation: what the priors imply for the data at hand; composes, as a fit.

Tests: tests/test_prior_predictive.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from forwhom.answers import IMPLIED, Workings
from forwhom.data import Frame
from forwhom.fitted import Estimand, Fitted
from forwhom.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forwhom.draw.figure import Figure


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

    def __dir__(self) -> list[str]:
        return sorted((*IMPLIED, "plan", "plot", "source", "summary"))

    @property
    def plan(self) -> Plan:
        """The plan whose priors they are."""
        return self.fitted.plan

    @property
    def estimands(self) -> tuple[Estimand, ...]:
        """Each effect on the link scale, and for each category of an unordered outcome."""
        return self._workings.estimands

    def summary(self) -> str:
        """What the priors imply, beside what was observed, as text."""
        from forwhom.output.prior_text import format_prior

        outcome, effects = (IMPLIED[n].tell(self._workings) for n in ("outcome", "effects"))
        return format_prior(self.estimands[0], outcome, effects, self.source)

    def outcome(self, level: float | None = None) -> Frame:
        """The outcome's statistics in simulated data, by arm, and quantiles of one row."""
        return self._told("outcome", level=level)

    def effects(self, level: float | None = None) -> Frame:
        """The average effect, the effect in a group, and how much effects differ."""
        return self._told("effects", level=level)

    def priors(self) -> Frame:
        """Every prior used, in words and numbers, and where it comes from."""
        return self._told("priors")

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
        return IMPLIED["outcome"].draw(self._workings, level=level, labels=labels, title=title)

    @cached_property
    def _workings(self) -> Workings:
        return Workings(self.fitted)

    def _told(self, name: str, **options: Any) -> Frame:
        return IMPLIED[name].tell(self._workings, **options).to_native(self.engine)
