"""The interface: ``fit`` composes the layers and computes nothing itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwhom import estimands
from forwhom.cells import Cells, check_columns, reduce_rows, resolve_priors
from forwhom.data import DATA_FRAMES, Table, Tidy, load
from forwhom.design import build_design
from forwhom.errors import PlanError
from forwhom.estimands import Caution, GroupPass
from forwhom.families import FAMILIES
from forwhom.inference import sample_exact, sample_quadrature
from forwhom.model import build_latent, build_model
from forwhom.plan import Plan, make_plan, plan_to_toml, read_plan
from forwhom.posterior import Posterior, Quantity, check_scale, make_posterior, told_on

if TYPE_CHECKING:
    import numpy as np
    import xarray
    from numpy.typing import NDArray

    from forwhom.output.plots import Plots

Progress = Callable[[str], None]


def _silent(stage: str) -> None:
    """Say nothing."""


def fit(
    data: Any = None,
    outcome: str | None = None,
    treatment: str | None = None,
    modifiers: str | Sequence[str] | None = None,
    controls: str | Sequence[str] | None = None,
    groups: str | Sequence[str] | None = None,
    *,
    plan: Plan | str | os.PathLike[str] | None = None,
    weights: str | None = None,
    weights_kind: str | None = None,
    reference: str | float | bool | None = None,
    treatment_type: str | None = None,
    bins: int | Mapping[str, int | Sequence[float]] | None = None,
    family: str | None = None,
    link: str | None = None,
    trials: str | None = None,
    exposure: str | None = None,
    offset: str | None = None,
    event: str | None = None,
    breaks: int | Sequence[float] | None = None,
    reference_category: str | float | bool | None = None,
    baseline: str | None = None,
    preset: str | None = None,
    spread: str | None = None,
    priors: Mapping[str, str | Mapping[str, str]] | None = None,
    method: str | None = None,
    draws: int | None = None,
    seed: int | None = None,
    level: float | None = None,
    progress: Progress = _silent,
    **unknown: Any,
) -> Fit:
    """For whom does the treatment work, and why? Fit the hierarchical model.

    The model is that of Alley, "Using Bayesian Hierarchical Models to Estimate Heterogeneous
    Effects": an outcome equation, and a second equation for how the treatment's effect differs
    across groups, with partial pooling.

    Args:
        data: a pandas, polars or pyarrow table, a dict of columns, or the path of a CSV, Parquet,
            Feather, JSON Lines, Stata, SPSS or SAS file. May be left out where a plan names it.
        outcome: the dependent variable.
        treatment: 0/1, boolean, two-level text, or a numeric dose.
        modifiers: what changes the treatment's effect: a formula such as
            ``"age*woman + C(region)"``, or a list of column names.
        controls: variables of the outcome equation alone, likewise.
        groups: columns that define the groups; default: the modifiers' observed combinations.
        plan: a plan, or the path of a plan file, instead of all keywords.
        weights, weights_kind: a column of weights, "sampling" (scaled to sum to the number of
            rows; a pseudo-posterior) or "frequency".
        reference: the treatment's control value where it is not 0, False or the first level.
        treatment_type: "auto", "binary" or "dose".
        bins: how continuous modifiers are cut for grouping: a number of quantile bins (4), or per
            column a number or cut points.
        family: "gaussian", "student", "lognormal", "gamma", "bernoulli", "binomial", "ordinal",
            "categorical", "poisson", "negative_binomial", "beta", "ordered_beta", "exponential",
            "weibull" or "piecewise_exponential".
        link: of the family's links; the default is the first ("logit" for probabilities).
        trials: column with the numbers of trials (binomial).
        exposure: column with the time or size at risk behind a count; effects are on the rate.
        offset: column added to the linear predictor as it is.
        event: column that is 1 where a time ended in the event, 0 where it was censored.
        breaks: where a piecewise exponential hazard may change: a number of intervals (4), cut so
            that each holds about as many events, or the times between them.
        reference_category: the category that the others are held against (categorical); default:
            the first.
        baseline: what a group looks like untreated: "group", "modifiers" or "shared".
        preset: "alley2023" (the paper's published program) or "alley2026" (its later form).
        spread: "normal", or "none" where modifiers are taken to explain every difference.
        priors: parameter (alpha, beta, delta, lambda, sigma_theta, sigma_b, sigma) to text such as
            ``"normal(0, 0.5)"``, or for beta, delta and lambda to a mapping of terms.
        method: "auto" (the fastest that is exact for the family), "exact" (gaussian, lognormal)
            or "quadrature".
        draws: number of independent posterior draws (4000).
        seed: of the random draws; the same seed gives the same draws.
        level: of the intervals (0.95).
        progress: called with the name of each stage as it starts.

    Returns:
        a :class:`Fit`.

    Raises:
        PlanError: the question is not well put.
        DataError: the data cannot answer it.
        InferenceError: the posterior is improper.

    >>> import forwhom as fw
    >>> result = fw.fit(
    ...     fw.datasets.path(), outcome="responded", treatment="treat_out",
    ...     modifiers="leg_black + leg_democrat", draws=500,
    ... )
    >>> result.effects().n_rows
    4
    """
    keywords = {
        "outcome": outcome,
        "treatment": treatment,
        "modifiers": modifiers,
        "controls": controls,
        "groups": groups,
        "weights": weights,
        "weights_kind": weights_kind,
        "reference": reference,
        "treatment_type": treatment_type,
        "bins": bins,
        "family": family,
        "link": link,
        "trials": trials,
        "exposure": exposure,
        "offset": offset,
        "event": event,
        "breaks": breaks,
        "reference_category": reference_category,
        "baseline": baseline,
        "preset": preset,
        "spread": spread,
        "priors": priors,
        "method": method,
        "draws": draws,
        "seed": seed,
        "level": level,
        **unknown,
    }
    given = {key: value for key, value in keywords.items() if value is not None}
    if plan is not None:
        if given:
            raise PlanError(
                f"a plan was given and so was {next(iter(given))}=; put everything in the plan."
            )
        made = plan if isinstance(plan, Plan) else read_plan(Path(plan))
    else:
        if isinstance(data, str | os.PathLike):
            given["data"] = os.fspath(data)
        made = make_plan(**given)
    source = data if data is not None else made.data
    if source is None:
        raise PlanError("no data: give a data frame or a path, or name one in the plan's data=.")
    progress("Reading the data")
    table = load(source, made.columns)
    return fit_table(made, table, progress)


def fit_table(plan: Plan, table: Table, progress: Progress = _silent) -> Fit:
    """Run a plan on loaded data: design, cells, model, draws."""
    progress("Forming groups")
    design, rows = build_design(plan, table)
    progress("Reducing rows to sufficient statistics")
    cells = reduce_rows(design, rows)
    check_columns(design, cells)
    if FAMILIES[plan.family].several:
        raise PlanError(
            f"family '{plan.family}' can be planned and its outcome is read, but this version does "
            "not fit it yet. Fit one category against the others with family 'bernoulli'."
        )
    priors = resolve_priors(design, cells)
    progress("Exploring the posterior")
    names = tuple(entry.parameter for entry in priors.spreads)
    if cells.likelihood is None:
        model = build_model(cells, priors, design.random_names)
        exact = sample_exact(model, plan.draws, plan.seed, names)
        posterior = make_posterior(design, cells, priors, model, exact)
    else:
        latent = build_latent(cells, priors, design.random_names, plan.family, plan.link)
        draws = sample_quadrature(latent, plan.draws, plan.seed, names)
        posterior = make_posterior(design, cells, priors, latent, draws)
    return Fit(posterior, cells, table.engine, table.source, table.fingerprint)


def load_fit(path: str | os.PathLike[str]) -> Fit:
    """Read a fit that :meth:`Fit.save` wrote; its tables and draws are the same as before.

    Raises:
        DataError: not a saved fit, or of another version.
    """
    from forwhom.posterior.storage import read

    design, cells, priors, shared, attributes = read(Path(path))
    if cells.likelihood is None:
        model = build_model(cells, priors, design.random_names)
        posterior = make_posterior(design, cells, priors, model, shared)
    else:
        plan = design.plan
        latent = build_latent(cells, priors, design.random_names, plan.family, plan.link)
        posterior = make_posterior(design, cells, priors, latent, shared)
    return Fit(
        posterior,
        cells,
        str(attributes["engine"]),
        str(attributes["source"]),
        str(attributes["fingerprint"]),
    )


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
        modifiers = estimands.modifiers_table(self.result, self.plan.level)
        unit = self._told(None)[0].unit_words
        return format_summary(self.result, average, modifiers, self.warnings, self.source, unit)

    @property
    def plan(self) -> Plan:
        """The plan that ran."""
        return self.result.design.plan

    @cached_property
    def warnings(self) -> tuple[Caution, ...]:
        """What the data cannot say, one :class:`Caution` each."""
        average = self._average_table(None, self.plan.level)
        return estimands.cautions(self.result, self.cells, average)

    @property
    def passed(self) -> bool:
        """Whether the method's own checks passed."""
        return self.result.diagnostics.passed

    def modifiers(self, level: float | None = None) -> Any:
        """lambda, one tidy row per coefficient of the heterogeneity equation."""
        return self._native(estimands.modifiers_table(self.result, self._level(level)))

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
        return self._native(estimands.stack(tables, _labels(told)))

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
            return self._native(self._average_table(scale, self._level(level)))
        if not isinstance(by, str | Sequence):
            raise PlanError(f"by={by!r} must be a column name or a list of them.")
        names = (by,) if isinstance(by, str) else tuple(by)
        told = self._told(scale)
        tables = [estimands.average_by_table(one, names, self._level(level)) for one in told]
        return self._native(estimands.stack(tables, _labels(told)))

    def parameters(self, level: float | None = None) -> Any:
        """alpha, beta, delta and the standard deviations."""
        return self._native(estimands.parameters_table(self.result, self._level(level)))

    def groups(self) -> Any:
        """The groups and their rows by arm."""
        return self._native(estimands.groups_table(self.result))

    def rows(self) -> Any:
        """Rows read, dropped (by column) and used."""
        return self._native(estimands.rows_table(self.result))

    def priors(self) -> Any:
        """Every prior used, in words and numbers, and where it comes from."""
        return self._native(estimands.priors_table(self.result))

    def diagnostics(self) -> Any:
        """How the draws were made and whether they can be trusted."""
        return self._native(estimands.diagnostics_table(self.result))

    def tables(self) -> dict[str, Tidy]:
        """Every table by name, for writing out."""
        level = self.plan.level
        return {
            "modifiers": estimands.modifiers_table(self.result, level),
            "effects": estimands.stack(
                [estimands.effects_table(one, self._pass(one, None)) for one in self._told(None)],
                _labels(self._told(None)),
            ),
            "average": self._average_table(None, level),
            "parameters": estimands.parameters_table(self.result, level),
            "groups": estimands.groups_table(self.result),
            "rows": estimands.rows_table(self.result),
            "priors": estimands.priors_table(self.result),
            "diagnostics": estimands.diagnostics_table(self.result),
        }

    @property
    def plot(self) -> Plots:
        """Figures: ``fit.plot.modifiers()``, ``fit.plot.effects(row=, column=, color=)``."""
        from forwhom.output.plots import Plots

        told = self._told(None)
        shown = told[0] if len(told) == 1 else self.result
        return Plots(shown, lambda level: self._pass(shown, level))

    @cached_property
    def posterior(self) -> xarray.DataTree:
        """The draws in the ArviZ schema, dims (chain, draw, ...)."""
        from forwhom.posterior.datatree import to_datatree

        return to_datatree(self.result, self._attributes())

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

        from forwhom import __version__

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
            self._on_scale[chosen] = told_on(self.result, self.cells, chosen)
        return self._on_scale[chosen]

    @cached_property
    def _passes(self) -> dict[Quantity | None, GroupPass]:
        """Passes over all groups at the plan's level, kept once made, by what they tell."""
        return {}

    def _pass(self, posterior: Posterior, level: float | None) -> GroupPass:
        if self._level(level) != self.plan.level:
            return estimands.pass_over_groups(posterior, self._level(level))
        key = posterior.quantity
        if key not in self._passes:
            self._passes[key] = estimands.pass_over_groups(posterior, self.plan.level)
        return self._passes[key]

    def _average_table(self, scale: str | None, level: float) -> Tidy:
        told = self._told(scale)
        tables = []
        for one in told:  # from a full pass if that was made, else by one that is lighter
            made = self._passes.get(one.quantity)
            draws = self._average_draws(one) if made is None else made.average
            tables.append(estimands.average_table(one, draws, level))
        return estimands.stack(tables, _labels(told))

    def _average_draws(self, posterior: Posterior) -> NDArray[np.float64]:
        key = posterior.quantity
        if key not in self._averages:
            self._averages[key] = estimands.average_draws(posterior)
        return self._averages[key]

    @cached_property
    def _averages(self) -> dict[Quantity | None, NDArray[np.float64]]:
        """Draws of average effects, kept once made."""
        return {}

    def _native(self, table: Tidy) -> Any:
        if self.engine in DATA_FRAMES:
            return table.to_native(self.engine)
        from forwhom.output.text import PrintedTable

        return PrintedTable.of(table)


def _labels(told: Sequence[Posterior]) -> list[str]:
    """What tells stacked tables apart."""
    return ["" if one.quantity is None else one.quantity.label for one in told]
