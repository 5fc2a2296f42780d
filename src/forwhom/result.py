"""A fitted model and everything it can be asked: composes the layers, computes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwhom import answers
from forwhom.answers import Caution
from forwhom.asked import labels_of
from forwhom.checked import Checked
from forwhom.data import Tidy
from forwhom.errors import PlanError
from forwhom.fitted import draw_new_groups, new_effects, new_rows
from forwhom.plan import plan_to_toml

if TYPE_CHECKING:
    import xarray

    from forwhom.output.plots import Plots


class Fit(Checked):
    """A fitted model: print it for a summary, ask it for tables and figures.

    Tables come back in the library the data came in; for files and dicts as a
    :class:`forwhom.data.Tidy` that prints itself and turns into a frame of any library.
    """

    def __repr__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """The question, the answer and the warnings, as text."""
        from forwhom.output.summary import format_summary

        average = self._average_table(None, self.plan.level)
        unit = self._estimands(None)[0].unit_words
        return format_summary(self.estimands, average, self.warnings, self.source, unit)

    @cached_property
    def warnings(self) -> tuple[Caution, ...]:
        """What the data cannot say, one :class:`Caution` each."""
        average = self._average_table(None, self.plan.level)
        return answers.cautions(self.estimands, average)

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

        Grouping columns have the values and types of the data, so that the table joins back to
        them. One that was binned holds the bins (in pandas as intervals), and columns ``_low`` and
        ``_high`` beside it hold their ends: a row belongs to the bin whose low end is below its
        value and whose high end is not.

        Raises:
            PlanError: ``by`` names a column that does not define the groups, or another scale.
        """
        if by is not None:
            return self.average(by, level, scale)
        shown = self._estimands(scale)
        tables = [answers.effects_table(one, self._pass(one, level)) for one in shown]
        return self.native(answers.stack(tables, labels_of(shown)))

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
        shown = self._estimands(scale)
        tables = [answers.average_by_table(one, names, self._level(level)) for one in shown]
        return self.native(answers.stack(tables, labels_of(shown)))

    def predict(
        self,
        new: Any = None,
        level: float | None = None,
        scale: str | None = None,
        spread: bool = True,
    ) -> Any:
        """Effects in groups that the data do not hold, such as a new site: one tidy row each.

        What the heterogeneity equation predicts for the new rows' modifiers plus a draw from the
        effect spread; on the outcome's scale (the default where the link is not the identity) with
        a new baseline too, at the new rows' own controls, other treatments absent. A dose: one
        unit against none. Groups in the data have :meth:`effects`.

        Args:
            new: a table or file with the modifiers' and controls' columns; nothing where there
                are none.
            level: of the intervals; scale: as for ``effects``.
            spread: False for the average of groups with these modifiers, without their own part.

        Raises:
            DataError: a column that is not there, a missing value, a level not in the data, or a
                column of another type than at the fit whose values cannot be told ("30" is 30).
            PlanError: another scale.
        """
        table = new_rows(self.plan, new)
        found = draw_new_groups(self.estimands, table, spread, self.plan.seed)
        shown = self._estimands(scale)
        draws = [new_effects(one, self.estimands, found) for one in shown]
        told = answers.predictions_table(
            shown, draws, labels_of(shown), table, spread, self._level(level)
        )
        return self.native(told)

    def parameters(self, level: float | None = None) -> Any:
        """alpha, beta, delta and the standard deviations."""
        return self.native(self._parameters_table(self._level(level)))

    def groups(self) -> Any:
        """The groups and their rows by arm."""
        return self.native(self._groups_table())

    def rows(self) -> Any:
        """Rows read, dropped (by column) and used."""
        return self.native(answers.rows_table(self.estimands[0]))

    def priors(self) -> Any:
        """Every prior used, in words and numbers, and where it comes from."""
        return self.native(answers.priors_table(self.estimands[0]))

    def diagnostics(self) -> Any:
        """How the draws were made and whether they can be trusted."""
        return self.native(answers.diagnostics_table(self.estimands[0]))

    def tables(self) -> dict[str, Tidy]:
        """Every table by name, for writing out."""
        level, shown = self.plan.level, self._estimands(None)
        return {
            "modifiers": self._modifiers_table(level),
            "effects": answers.stack(
                [answers.effects_table(one, self._pass(one, None)) for one in shown],
                labels_of(shown),
            ),
            "average": self._average_table(None, level),
            "parameters": self._parameters_table(level),
            "groups": self._groups_table(),
            "rows": answers.rows_table(self.estimands[0]),
            "priors": answers.priors_table(self.estimands[0]),
            "diagnostics": answers.diagnostics_table(self.estimands[0]),
        }

    @property
    def plot(self) -> Plots:
        """Figures: ``plot.modifiers()``, ``plot.effects(row=, column=)``, ``plot.check()``."""
        from forwhom.output.plots import Plots

        shown = self._estimands(None)
        one_each = len(shown) == len(self.estimands) == self._effects
        return Plots(shown if one_each else self.estimands, self._pass, lambda: self._replication)

    @cached_property
    def posterior(self) -> xarray.DataTree:
        """The draws in the ArviZ schema, dims (chain, draw, ...)."""
        from forwhom.fitted.datatree import to_datatree

        return to_datatree(self.estimands, self._attributes())

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fit as NetCDF (ArviZ schema), whole or not at all; :func:`load` reads it.

        What ``load`` needs stands behind the NetCDF's own end, with a checksum over every byte:
        a file that another program has changed is still NetCDF, but no saved fit any longer.

        Raises:
            OutputError: the file cannot be written.
        """
        from forwhom.fitted.storage import save

        target = Path(path)
        save(target, self.fitted, self._attributes())
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
