"""A fitted model and everything it can be asked: composes the layers, computes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwhom import estimands
from forwhom.cells import Cells
from forwhom.data import DATA_FRAMES, Tidy
from forwhom.errors import PlanError
from forwhom.estimands import Caution, GroupPass
from forwhom.plan import Plan, plan_to_toml
from forwhom.posterior import (
    CellPredictor,
    Elpd,
    Posterior,
    Quantity,
    Replication,
    check_scale,
    log_densities,
    loo,
    predictor_of,
    replicate,
    told_on,
    views,
    waic,
)

if TYPE_CHECKING:
    import numpy as np
    import xarray
    from numpy.typing import NDArray

    from forwhom.output.plots import Plots


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A fitted model: print it for a summary, ask it for tables and figures.

    Tables come back in the library the data came in; for files and dicts as a
    :class:`forwhom.data.Tidy` that prints itself and turns into a frame of any library.

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

    def __repr__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """The question, the answer and the warnings, as text."""
        from forwhom.output.summary import format_summary

        average = self._average_table(None, self.plan.level)
        unit = self._told(None)[0].unit_words
        return format_summary(self.views, average, self.warnings, self.source, unit)

    @property
    def plan(self) -> Plan:
        """The plan that ran."""
        return self.result.design.plan

    @cached_property
    def views(self) -> tuple[Posterior, ...]:
        """One posterior for each effect, and for each category of an unordered outcome."""
        return views(self.result, self.cells)

    @cached_property
    def warnings(self) -> tuple[Caution, ...]:
        """What the data cannot say, one :class:`Caution` each."""
        average = self._average_table(None, self.plan.level)
        return estimands.cautions(self.views, self.cells, average)

    @property
    def passed(self) -> bool:
        """Whether the method's own checks passed."""
        return self.result.diagnostics.passed

    def modifiers(self, level: float | None = None) -> Any:
        """lambda, one tidy row per coefficient of the heterogeneity equation."""
        return self.native(self._modifiers_table(self._level(level)))

    def effects(
        self,
        by: str | Sequence[str] | None = None,
        level: float | None = None,
        scale: str | None = None,
    ) -> Any:
        """The effect in every group, one tidy row each; or averaged over all groupings but ``by``.

        ``scale="response"``, the default where the link is not the identity: the difference in the
        outcome itself, averaged over the group's own rows within draws; probabilities in
        percentage points, for ordered categories of each level or above; censored times of the
        piecewise exponential up to the longest observed. ``scale="categories"``: the probability
        of each category. ``scale="percent"``, where effects multiply the mean (log links and
        lognormal, whose default it is): 100 (exp(theta) - 1), for the piecewise exponential of
        the hazard. ``scale="link"``: theta.

        Raises:
            PlanError: ``by`` names a column that does not define the groups, or another scale.
        """
        if by is not None:
            return self.average(by, level, scale)
        told = self._told(scale)
        tables = [estimands.effects_table(one, self._pass(one, level)) for one in told]
        return self.native(estimands.stack(tables, _labels(told)))

    def average(
        self,
        by: str | Sequence[str] | None = None,
        level: float | None = None,
        scale: str | None = None,
    ) -> Any:
        """The average effect over rows, overall or for each value of ``by``; scales as above.

        Raises:
            PlanError: ``by`` names a column that does not define the groups, or another scale.
        """
        if by is None:
            return self.native(self._average_table(scale, self._level(level)))
        if not isinstance(by, str | Sequence):
            raise PlanError(f"by={by!r} must be a column name or a list of them.")
        names = (by,) if isinstance(by, str) else tuple(by)
        told = self._told(scale)
        tables = [estimands.average_by_table(one, names, self._level(level)) for one in told]
        return self.native(estimands.stack(tables, _labels(told)))

    def parameters(self, level: float | None = None) -> Any:
        """alpha, beta, delta and the standard deviations."""
        return self.native(self._parameters_table(self._level(level)))

    def groups(self) -> Any:
        """The groups and their rows by arm."""
        return self.native(self._groups_table())

    def rows(self) -> Any:
        """Rows read, dropped (by column) and used."""
        return self.native(estimands.rows_table(self.result))

    def priors(self) -> Any:
        """Every prior used, in words and numbers, and where it comes from."""
        return self.native(estimands.priors_table(self.result))

    def diagnostics(self) -> Any:
        """How the draws were made and whether they can be trusted."""
        return self.native(estimands.diagnostics_table(self.result))

    def check(self, level: float | None = None) -> Any:
        """Posterior predictive checks: statistics of the data among those of replicated data.

        By arm, and the means of the groups that fit worst. ``plot.check()`` draws them.

        Raises:
            PlanError: single rows are not known (method "exact"), or times are censored.
        """
        predictor = self._predictor("check()")
        table = estimands.check_table(self._replication, predictor, self._level(level))
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

        Raises:
            PlanError: the draws are by NUTS.
        """
        return self.native(self._sensitivity())

    def tables(self) -> dict[str, Tidy]:
        """Every table by name, for writing out."""
        level = self.plan.level
        return {
            "modifiers": self._modifiers_table(level),
            "effects": estimands.stack(
                [estimands.effects_table(one, self._pass(one, None)) for one in self._told(None)],
                _labels(self._told(None)),
            ),
            "average": self._average_table(None, level),
            "parameters": self._parameters_table(level),
            "groups": self._groups_table(),
            "rows": estimands.rows_table(self.result),
            "priors": estimands.priors_table(self.result),
            "diagnostics": estimands.diagnostics_table(self.result),
        }

    def checks(self) -> tuple[dict[str, Tidy], tuple[str, ...]]:
        """Tables "check", "loo" and "sensitivity", and why one of them is left out."""
        predictor, level = self._predictor, self.plan.level
        made: dict[str, Callable[[], Tidy]] = {
            "check": lambda: estimands.check_table(self._replication, predictor("check()"), level),
            "loo": lambda: estimands.elpd_table(self.elpd()),
            "sensitivity": self._sensitivity,
        }
        tables, reasons = {}, []
        for name, make in made.items():
            try:
                tables[name] = make()
            except PlanError as error:
                reasons.append(str(error))
        return tables, tuple(reasons)

    @property
    def plot(self) -> Plots:
        """Figures: ``plot.modifiers()``, ``plot.effects(row=, column=)``, ``plot.check()``."""
        from forwhom.output.plots import Plots

        told = self._told(None)
        one_each = len(told) == len(self.views) == self._effects
        shown = told if one_each else self.views
        return Plots(tuple(shown), self._pass, lambda: self._replication)

    @cached_property
    def posterior(self) -> xarray.DataTree:
        """The draws in the ArviZ schema, dims (chain, draw, ...)."""
        from forwhom.posterior.datatree import to_datatree

        return to_datatree(self.views, self._attributes())

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fit as NetCDF (ArviZ schema), whole or not at all.

        Raises:
            OutputError: the file cannot be written.
        """
        from forwhom.posterior.storage import save

        target = Path(path)
        save(target, self.result, self.cells, self._attributes())
        return target

    def plan_text(self) -> str:
        """The plan that ran as a plan file, with the data's fingerprint and versions above it."""
        found = self._attributes()
        keys = ("source", "fingerprint", "forwhom", "python", "numpy")
        return plan_to_toml(self.plan, [f"{key}: {found[key]}" for key in keys])

    def _attributes(self) -> dict[str, str]:
        import platform

        import numpy as np

        from forwhom.version import __version__

        return {
            "inference_library": "forwhom",
            "forwhom": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "source": self.source,
            "engine": self.engine,
            "fingerprint": self.fingerprint,
            "plan": plan_to_toml(self.plan),
        }

    def _modifiers_table(self, level: float) -> Tidy:
        tables = [estimands.modifiers_table(one, level) for one in self.views]
        return estimands.stack(tables, _labels(self.views))

    def _parameters_table(self, level: float) -> Tidy:
        count = self._effects
        by_category = [self.views[i : i + count] for i in range(0, len(self.views), count)]
        tables = [estimands.parameters_table(some, level) for some in by_category]
        return estimands.stack(tables, _labels([some[0] for some in by_category]))

    def _groups_table(self) -> Tidy:
        return estimands.groups_table(self.views[: self._effects])

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
            return estimands.pass_over_groups(posterior, self._level(level))
        key = _key(posterior)
        if key not in self._passes:
            self._passes[key] = estimands.pass_over_groups(posterior, self.plan.level)
        return self._passes[key]

    def _average_table(self, scale: str | None, level: float) -> Tidy:
        told = self._told(scale)
        tables = []
        for one in told:  # from a full pass if that was made, else by one that is lighter
            made = self._passes.get(_key(one))
            draws = self._average_draws(one) if made is None else made.average
            tables.append(estimands.average_table(one, draws, level))
        return estimands.stack(tables, _labels(told))

    def _average_draws(self, posterior: Posterior) -> NDArray[np.float64]:
        key = _key(posterior)
        if key not in self._averages:
            self._averages[key] = estimands.average_draws(posterior)
        return self._averages[key]

    @cached_property
    def _averages(self) -> dict[Told, NDArray[np.float64]]:
        """Draws of average effects, kept once made."""
        return {}

    def _elpd_table(self, method: str, pointwise: bool) -> Any:
        found = self.elpd(method)
        if not pointwise:
            return self.native(estimands.elpd_table(found))
        return self.native(estimands.pointwise_table(found, self._predictor(f"{method}()")))

    def _sensitivity(self) -> Tidy:
        found = log_densities(self.result)
        told = self._told(None)
        averages = [
            (label, self._average_draws(one))
            for label, one in zip(_labels(told), told, strict=True)
        ]
        return estimands.sensitivity_table(self.result, averages, found)

    def _predictor(self, what: str) -> CellPredictor:
        return predictor_of(self.result, self.cells, what)

    @cached_property
    def _replication(self) -> Replication:
        """The data drawn again from the posterior, kept once made."""
        return replicate(self._predictor("check()"), "check()")

    @cached_property
    def _elpds(self) -> dict[str, Elpd]:
        """Predictive accuracy, kept once made, by method."""
        return {}

    def native(self, table: Tidy) -> Any:
        """A table in the library the data came in."""
        if self.engine in DATA_FRAMES:
            return table.to_native(self.engine)
        from forwhom.output.text import PrintedTable

        return PrintedTable.of(table)


Told = tuple[int, str, "Quantity | None"]


def _key(told: Posterior) -> Told:
    """What tells passes over the groups apart: effect, category and quantity."""
    return told.design.at, told.category, told.quantity


def _labels(told: Sequence[Posterior]) -> list[str]:
    """What tells stacked tables of one effect apart."""
    return [one.category if one.quantity is None else one.quantity.label for one in told]
