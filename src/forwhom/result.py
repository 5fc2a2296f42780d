"""A fitted model and everything it can be asked: composes the layers, computes nothing.

Tests: tests/test_api.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwhom.answers import ANSWERS, Caution, Workings, cautions
from forwhom.answers.which import endings
from forwhom.data import Tidy
from forwhom.draw.text import Sentences, native
from forwhom.fitted import Elpd, Estimand, Fitted
from forwhom.plan import Plan, plan_to_toml

if TYPE_CHECKING:
    import xarray

    from forwhom.draw.figure import Figure
    from forwhom.plots import Plots


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A fitted model: print it for a summary, ask it for tables and figures.

    Tables come back in the library the data came in; for files and dicts as a
    :class:`forwhom.data.Tidy` that prints itself and turns into a frame of any library.

    Attributes:
        fitted: the problem and draws of its posterior.
        engine: the library the data came in.
        source: name of the data; fingerprint: SHA-256 of the columns used.
    """

    fitted: Fitted
    engine: str
    source: str
    fingerprint: str

    def __repr__(self) -> str:
        return self.summary()

    @property
    def plan(self) -> Plan:
        """The plan that ran."""
        return self.fitted.plan

    @property
    def passed(self) -> bool:
        """Whether the method's own checks passed."""
        return self.fitted.diagnostics.passed

    @property
    def estimands(self) -> tuple[Estimand, ...]:
        """Each effect on the link scale, and for each category of an unordered outcome."""
        return self._workings.estimands

    def summary(self) -> str:
        """The question, the answer and the warnings, as text."""
        from forwhom.output.summary import format_summary

        return format_summary(self._workings, self.warnings, self.source)

    @cached_property
    def warnings(self) -> tuple[Caution, ...]:
        """What the data cannot say, one :class:`Caution` each."""
        return cautions(self.estimands, ANSWERS["average"].tell(self._workings))

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
    ) -> Any:
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
    ) -> Any:
        """How far the average effect differs by each modifier, among the groups as they are.

        The differences of :meth:`by` for every modifier; options as there.
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

    def modifiers(
        self,
        level: float | None = None,
        *,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        draws: bool = False,
    ) -> Any:
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
    ) -> Any:
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
    ) -> Any:
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
    ) -> Any:
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
    ) -> Any:
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

    def parameters(
        self,
        level: float | None = None,
        *,
        interval: str | None = None,
        above: float | None = None,
        equivalence: tuple[float, float] | None = None,
        draws: bool = False,
    ) -> Any:
        """alpha, beta, delta and the standard deviations.

        Options as for :meth:`modifiers`.
        """
        given = {"level": level, "interval": interval, "above": above}
        return self._told("parameters", **given, equivalence=equivalence, draws=draws)

    def groups(self) -> Any:
        """The groups and their rows by arm."""
        return self._told("groups")

    def rows(self) -> Any:
        """Rows read, dropped (by column) and used."""
        return self._told("rows")

    def priors(self) -> Any:
        """Every prior used, in words and numbers, and where it comes from."""
        return self._told("priors")

    def diagnostics(self) -> Any:
        """How the draws were made and whether they can be trusted."""
        return self._told("diagnostics")

    def check(self, level: float | None = None) -> Any:
        """Posterior predictive checks: statistics of the data among those of replicated data.

        By arm, and the means of the groups that fit worst. ``plot.check()`` draws them.

        Raises:
            PlanError: single rows are not known (method "exact"), or times are censored.
        """
        return self._told("check", level=level)

    def loo(self, pointwise: bool = False) -> Any:
        """How well the fit predicts a row it has not seen: PSIS leave-one-out.

        The row's group keeps its other rows, and its own baseline and effect are conditioned on.

        Args:
            pointwise: one row per kind of row, the worst predicted first, instead of the total.

        Raises:
            PlanError: single rows are not known (method "exact") or carry sampling weights.
        """
        return self._told("loo", pointwise=pointwise)

    def waic(self, pointwise: bool = False) -> Any:
        """The same by WAIC, which cannot say where it fails; prefer :meth:`loo`."""
        return self._told("waic", pointwise=pointwise)

    def sensitivity(self) -> Any:
        """What the conclusions owe to the priors and to the data: power-scaling.

        One row for each average effect, each lambda and sigma_theta, with a diagnosis in words.

        Raises:
            PlanError: the draws hardly differ, so that they cannot be reweighted.
        """
        return self._told("sensitivity")

    def elpd(self, method: str = "loo") -> Elpd:
        """LOO or WAIC for each kind of row as plain arrays."""
        return self._workings.elpd(method)

    def tables(self) -> dict[str, Tidy]:
        """Every table by name, for writing out."""
        every = [one for one in ANSWERS.values() if one.when == "always"]
        told = [one for one in every if not one.refuses(self._workings)]
        return {one.name: one.tell(self._workings) for one in told}

    def checks(self) -> tuple[dict[str, Tidy], tuple[str, ...]]:
        """The tables that check the model, and why one of them is left out."""
        every = [one for one in ANSWERS.values() if one.when == "checked"]
        reasons = {one.name: one.refuses(self._workings) for one in every}
        tables = {one.name: one.tell(self._workings) for one in every if not reasons[one.name]}
        return tables, tuple(filter(None, reasons.values()))

    def figures(self, names: Iterable[str], **options: Any) -> dict[str, Figure]:
        """Figures of the answers named, by the names of their files, for writing out.

        One for each effect and category where there are several; ``options`` reach those figures
        that have them.
        """
        made, every = {}, endings(self._workings)
        for name in names:
            answer = ANSWERS[name]
            mine = {key: value for key, value in options.items() if key in answer.figure_options}
            several = every if "treatment" in answer.figure_options else {"": {}}
            for ending, which in several.items() if answer.figure is not None else ():
                made[f"{name}{ending}"] = answer.draw(self._workings, **which, **mine)
        return made

    def figure(self, name: str, **options: Any) -> Figure:
        """One answer's figure by its name, as ``plot`` draws it."""
        return ANSWERS[name].draw(self._workings, **options)

    def table(self, name: str, **options: Any) -> Tidy:
        """One answer's table by its name, whatever library the data came in."""
        return ANSWERS[name].tell(self._workings, **options)

    @property
    def plot(self) -> Plots:
        """Figures: ``plot.modifiers()``, ``plot.effects(row=, column=)``, ``plot.check()``."""
        from forwhom.plots import Plots

        return Plots(self._workings)

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
        about = self._attributes()
        keys = ("source", "fingerprint", "forwhom", "python", "numpy")
        return plan_to_toml(self.plan, [f"{key}: {about[key]}" for key in keys])

    @cached_property
    def _workings(self) -> Workings:
        return Workings(self.fitted)

    def _told(self, name: str, **options: Any) -> Any:
        """An answer's table, in the library the data came in."""
        return native(ANSWERS[name].tell(self._workings, **options), self.engine)

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
