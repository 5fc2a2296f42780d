"""What every question to a fit begins with: its draws by effect and scale, kept once made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from forwhom import answers
from forwhom.answers import GroupPass
from forwhom.data import DATA_FRAMES, Tidy
from forwhom.errors import PlanError
from forwhom.fitted import Estimand, Fitted, Quantity, check_scale, estimands_of
from forwhom.plan import Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Asked:
    """A fit's draws and what has been worked out from them.

    Attributes:
        fitted: the problem and draws of its posterior.
        engine: the library the data came in.
        source: name of the data; fingerprint: SHA-256 of the columns used.
    """

    fitted: Fitted
    engine: str
    source: str
    fingerprint: str

    @property
    def plan(self) -> Plan:
        """The plan that ran."""
        return self.fitted.plan

    @cached_property
    def estimands(self) -> tuple[Estimand, ...]:
        """Each effect on the link scale, and for each category of an unordered outcome."""
        return estimands_of(self.fitted)

    @property
    def passed(self) -> bool:
        """Whether the method's own checks passed."""
        return self.fitted.diagnostics.passed

    def _modifiers_table(self, level: float) -> Tidy:
        tables = [answers.modifiers_table(one, level) for one in self.estimands]
        return answers.stack(tables, labels_of(self.estimands))

    def _parameters_table(self, level: float) -> Tidy:
        count = self._effects
        by_category = [self.estimands[i : i + count] for i in range(0, len(self.estimands), count)]
        tables = [answers.parameters_table(some, level) for some in by_category]
        return answers.stack(tables, labels_of([some[0] for some in by_category]))

    def _groups_table(self) -> Tidy:
        return answers.groups_table(self.estimands[: self._effects])

    def _level(self, level: float | None) -> float:
        if level is None:
            return self.plan.level
        if not isinstance(level, int | float) or not 0 < level < 1:
            raise PlanError(f"level={level!r} must lie between 0 and 1, such as 0.95.")
        return level

    def _estimands(self, scale: str | None) -> tuple[Estimand, ...]:
        """What effects are told in: the outcome where it has a scale of its own, else the link."""
        return estimands_of(self.fitted, check_scale(self.fitted, scale))

    @property
    def _effects(self) -> int:
        """Number of effects; estimands beyond are of further categories."""
        return len(self.fitted.design.effects)

    @cached_property
    def _passes(self) -> dict[Quantity, GroupPass]:
        """Passes over all groups at the plan's level, kept once made, by what they tell."""
        return {}

    def _pass(self, estimand: Estimand, level: float | None) -> GroupPass:
        if self._level(level) != self.plan.level:
            return answers.pass_over_groups(estimand, self._level(level))
        key = estimand.quantity
        if key not in self._passes:
            self._passes[key] = answers.pass_over_groups(estimand, self.plan.level)
        return self._passes[key]

    def _average_table(self, scale: str | None, level: float) -> Tidy:
        estimands = self._estimands(scale)
        tables = []
        for one in estimands:  # from a full pass if that was made, else by one that is lighter
            made = self._passes.get(one.quantity)
            draws = self._average_draws(one) if made is None else made.average
            tables.append(answers.average_table(one, draws, level))
        return answers.stack(tables, labels_of(estimands))

    def _average_draws(self, estimand: Estimand) -> NDArray[np.float64]:
        key = estimand.quantity
        if key not in self._averages:
            self._averages[key] = answers.average_draws(estimand)
        return self._averages[key]

    @cached_property
    def _averages(self) -> dict[Quantity, NDArray[np.float64]]:
        """Draws of average effects, kept once made."""
        return {}

    def native(self, table: Tidy) -> Any:
        """A table in the library the data came in."""
        if self.engine in DATA_FRAMES:
            return table.to_native(self.engine)
        from forwhom.draw.text import PrintedTable

        return PrintedTable.of(table)


def labels_of(estimands: Sequence[Estimand]) -> list[str]:
    """What tells stacked tables of one effect apart."""
    return [one.quantity.label for one in estimands]
