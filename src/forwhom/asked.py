"""What every question to a fit begins with: its draws by effect and scale, kept once made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from forwhom import answers
from forwhom.answers import GroupPass
from forwhom.cells import Cells
from forwhom.data import DATA_FRAMES, Tidy
from forwhom.errors import PlanError
from forwhom.fitted import Posterior, Quantity, check_scale, told_on, views
from forwhom.plan import Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Asked:
    """A fit's draws and what has been worked out from them.

    Attributes:
        result: the draws as plain arrays.
        cells: the sufficient statistics.
        engine: the library the data came in.
        source: name of the data; fingerprint: SHA-256 of the columns used.
    """

    result: Posterior
    cells: Cells
    engine: str
    source: str
    fingerprint: str

    @property
    def plan(self) -> Plan:
        """The plan that ran."""
        return self.result.design.plan

    @cached_property
    def views(self) -> tuple[Posterior, ...]:
        """One posterior for each effect, and for each category of an unordered outcome."""
        return views(self.result, self.cells)

    @property
    def passed(self) -> bool:
        """Whether the method's own checks passed."""
        return self.result.diagnostics.passed

    def _modifiers_table(self, level: float) -> Tidy:
        tables = [answers.modifiers_table(one, level) for one in self.views]
        return answers.stack(tables, labels_of(self.views))

    def _parameters_table(self, level: float) -> Tidy:
        count = self._effects
        by_category = [self.views[i : i + count] for i in range(0, len(self.views), count)]
        tables = [answers.parameters_table(some, level) for some in by_category]
        return answers.stack(tables, labels_of([some[0] for some in by_category]))

    def _groups_table(self) -> Tidy:
        return answers.groups_table(self.views[: self._effects])

    def _level(self, level: float | None) -> float:
        if level is None:
            return self.plan.level
        if not isinstance(level, int | float) or not 0 < level < 1:
            raise PlanError(f"level={level!r} must lie between 0 and 1, such as 0.95.")
        return level

    @cached_property
    def _on_scale(self) -> dict[str, tuple[Posterior, ...]]:
        """The posterior by scale, once for each thing that can be told, kept once made."""
        return {}

    def _told(self, scale: str | None) -> tuple[Posterior, ...]:
        """What effects are told in: the outcome where it has a scale of its own, else the link."""
        chosen = check_scale(self.result, scale)
        if chosen not in self._on_scale:
            count = len(self.views) if chosen in ("link", "percent") else self._effects
            found = (told_on(one, self.cells, chosen) for one in self.views[:count])
            self._on_scale[chosen] = tuple(told for tolds in found for told in tolds)
        return self._on_scale[chosen]

    @property
    def _effects(self) -> int:
        """Number of effects; views beyond are of further categories."""
        return len(self.result.design.effects)

    @cached_property
    def _passes(self) -> dict[Told, GroupPass]:
        """Passes over all groups at the plan's level, kept once made, by what they tell."""
        return {}

    def _pass(self, posterior: Posterior, level: float | None) -> GroupPass:
        if self._level(level) != self.plan.level:
            return answers.pass_over_groups(posterior, self._level(level))
        key = _key(posterior)
        if key not in self._passes:
            self._passes[key] = answers.pass_over_groups(posterior, self.plan.level)
        return self._passes[key]

    def _average_table(self, scale: str | None, level: float) -> Tidy:
        told = self._told(scale)
        tables = []
        for one in told:  # from a full pass if that was made, else by one that is lighter
            made = self._passes.get(_key(one))
            draws = self._average_draws(one) if made is None else made.average
            tables.append(answers.average_table(one, draws, level))
        return answers.stack(tables, labels_of(told))

    def _average_draws(self, posterior: Posterior) -> NDArray[np.float64]:
        key = _key(posterior)
        if key not in self._averages:
            self._averages[key] = answers.average_draws(posterior)
        return self._averages[key]

    @cached_property
    def _averages(self) -> dict[Told, NDArray[np.float64]]:
        """Draws of average effects, kept once made."""
        return {}

    def native(self, table: Tidy) -> Any:
        """A table in the library the data came in."""
        if self.engine in DATA_FRAMES:
            return table.to_native(self.engine)
        from forwhom.draw.text import PrintedTable

        return PrintedTable.of(table)


Told = tuple[int, str, "Quantity | None"]


def _key(told: Posterior) -> Told:
    """What tells passes over the groups apart: effect, category and quantity."""
    return told.design.at, told.category, told.quantity


def labels_of(told: Sequence[Posterior]) -> list[str]:
    """What tells stacked tables of one effect apart."""
    return [one.category if one.quantity is None else one.quantity.label for one in told]
