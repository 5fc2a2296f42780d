"""Checks on a fit's model: replicated data, leave-one-out, sensitivity to priors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from forwhom import answers
from forwhom.asked import Asked, labels_of
from forwhom.data import Tidy
from forwhom.errors import PlanError
from forwhom.fitted import (
    CellPredictor,
    Elpd,
    Replication,
    log_densities,
    loo,
    predictor_of,
    replicate,
    waic,
)


class Checked(Asked):
    """The questions that put the model itself to the test."""

    def check(self, level: float | None = None) -> Any:
        """Posterior predictive checks: statistics of the data among those of replicated data.

        By arm, and the means of the groups that fit worst. ``plot.check()`` draws them.

        Raises:
            PlanError: single rows are not known (method "exact"), or times are censored.
        """
        predictor = self._predictor("check()")
        table = answers.check_table(self._replication, predictor, self._level(level))
        return self.native(table)

    def loo(self, pointwise: bool = False) -> Any:
        """How well the fit predicts a row it has not seen: PSIS leave-one-out.

        The row's group keeps its other rows, and its own baseline and effect are conditioned on.

        Args:
            pointwise: one row per kind of row, the worst predicted first, instead of the total.

        Raises:
            PlanError: single rows are not known (method "exact") or carry sampling weights.
        """
        return self._elpd_table("loo", pointwise)

    def waic(self, pointwise: bool = False) -> Any:
        """The same by WAIC, which cannot say where it fails; prefer :meth:`loo`."""
        return self._elpd_table("waic", pointwise)

    def elpd(self, method: str = "loo") -> Elpd:
        """LOO or WAIC for each kind of row as plain arrays, kept once made."""
        if method not in self._elpds:
            what = f"{method}()"
            self._elpds[method] = (loo if method == "loo" else waic)(self._predictor(what), what)
        return self._elpds[method]

    def sensitivity(self) -> Any:
        """What the conclusions owe to the priors and to the data: power-scaling.

        One row for each average effect, each lambda and sigma_theta, with a diagnosis in words.
        """
        return self.native(self._sensitivity())

    def checks(self) -> tuple[dict[str, Tidy], tuple[str, ...]]:
        """Tables "check", "loo" and "sensitivity", and why one of them is left out."""
        predictor, level = self._predictor, self.plan.level
        made: dict[str, Callable[[], Tidy]] = {
            "check": lambda: answers.check_table(self._replication, predictor("check()"), level),
            "loo": lambda: answers.elpd_table(self.elpd()),
            "sensitivity": self._sensitivity,
        }
        tables, reasons = {}, []
        for name, make in made.items():
            try:
                tables[name] = make()
            except PlanError as error:
                reasons.append(str(error))
        return tables, tuple(reasons)

    def _elpd_table(self, method: str, pointwise: bool) -> Any:
        found = self.elpd(method)
        if not pointwise:
            return self.native(answers.elpd_table(found))
        return self.native(answers.pointwise_table(found, self._predictor(f"{method}()")))

    def _sensitivity(self) -> Tidy:
        shown, several = self._estimands(None), self._effects > 1
        names = [one.treatment.name if several else "" for one in shown]
        averages = [
            (", ".join(part for part in (name, label) if part), self._average_draws(one))
            for name, label, one in zip(names, labels_of(shown), shown, strict=True)
        ]
        found = log_densities(self.fitted)
        return answers.sensitivity_table(self.estimands, averages, found)

    def _predictor(self, what: str) -> CellPredictor:
        return predictor_of(self.fitted, what)

    @cached_property
    def _replication(self) -> Replication:
        """The data drawn again from the posterior, kept once made."""
        return replicate(self._predictor("check()"), "check()")

    @cached_property
    def _elpds(self) -> dict[str, Elpd]:
        """Predictive accuracy, kept once made, by method."""
        return {}
