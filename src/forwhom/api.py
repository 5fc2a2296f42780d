"""The interface: ``fit`` composes the layers and computes nothing itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from forwhom.cells import Needs, Problem, check_columns, reduce_rows, resolve_priors
from forwhom.data import Frame, Table, load
from forwhom.design import Design, Rows, build_design
from forwhom.errors import ForWhomError, PlanError
from forwhom.fitted import Fitted
from forwhom.methods import choose, sample
from forwhom.methods.method import Progress
from forwhom.methods.prior import PRIOR
from forwhom.plan import KEYS, Plan, make_plan, read_plan
from forwhom.result import Fit
from forwhom.simulation import PriorPredictive


def _silent(stage: str) -> None:
    """Say nothing."""


# Long: its docstring is the manual of every keyword.
# Many parameters: a plan's keywords are named one by one, for editors, mypy and help().
def fit(
    data: Any = None,
    outcome: str | None = None,
    treatment: str | Sequence[str] | Mapping[str, Any] | None = None,
    modifiers: str | Sequence[str] | None = None,
    controls: str | Sequence[str] | None = None,
    groups: str | Sequence[str] | None = None,
    clusters: str | Sequence[str] | None = None,
    *,
    cluster_effects: str | Sequence[str] | None = None,
    correlated: bool | None = None,
    plan: Plan | str | os.PathLike[str] | None = None,
    weights: str | None = None,
    weights_kind: str | None = None,
    reference: str | float | bool | Mapping[str, Any] | None = None,
    success: str | float | bool | None = None,
    treatment_type: str | Mapping[str, str] | None = None,
    bins: int | Mapping[str, int | Sequence[float]] | None = None,
    family: str | None = None,
    link: str | None = None,
    trials: str | None = None,
    exposure: str | None = None,
    offset: str | None = None,
    event: str | Mapping[str, Any] | None = None,
    std_error: str | None = None,
    breaks: int | Sequence[float] | None = None,
    reference_category: str | float | bool | None = None,
    baseline: str | None = None,
    preset: str | None = None,
    spread: str | None = None,
    sigma_by: str | None = None,
    priors: Mapping[str, str | Mapping[str, str]] | None = None,
    method: str | None = None,
    draws: int | None = None,
    seed: int | None = None,
    level: float | None = None,
    missing: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    labels: Mapping[str, str] | None = None,
    value_labels: Mapping[str, Mapping[Any, str]] | None = None,
    progress: Progress = _silent,
    **unknown: Any,
) -> Fit:
    """For whom does the treatment work, and why? Fit the hierarchical model.

    The model is that of Alley, "Using Bayesian Hierarchical Models to Estimate Heterogeneous
    Effects": an outcome equation, and a second equation for how the treatment's effect differs
    across groups, with partial pooling.

    Args:
        data: a pandas, polars or pyarrow table, a dict of columns, or the path of a CSV, Parquet,
            Feather, JSON Lines, Stata, SPSS, SAS, Excel or OpenDocument file, also inside a .gz or
            .zip. May be left out where a plan names it.
        outcome: the dependent variable.
        treatment: 0/1, boolean, text (each arm against a reference), or a numeric dose. Several as
            a list, or with their own modifiers: ``{"ad": "age*party", "mailer": "age"}``.
        modifiers: what changes the treatment's effect: a formula such as
            ``"age*woman + C(region, ref='North') + I(educ >= 5)"``, or a list of column names.
        controls: variables of the outcome equation alone, likewise.
        groups: columns that define the groups; default: the modifiers' observed combinations.
            With neither, all rows are one group, which has the average effect.
        clusters: columns of further groupings, crossed or nested, with varying intercepts;
            cluster_effects: those of them across which the treatment's effect varies too.
        correlated: whether a group's baseline and effects are correlated (LKJ prior).
        plan: a plan, or the path of a plan file, instead of all keywords.
        weights, weights_kind: a column of weights, "sampling" (scaled to sum to the number of
            rows; a pseudo-posterior) or "frequency".
        reference: the level that the treatment's others are held against. By default 0 or False,
            or the one level that says absence (control, placebo, none, no ..., not ...,
            untreated, usual care, ...); where nothing tells, it is asked for.
        success: the level of a two-level outcome that counts as 1; told in the same way.
        treatment_type: "auto", "binary", "arms" or "dose". It and reference may be given by
            treatment.
        bins: how continuous modifiers are cut for grouping: a number of quantile bins (4), or per
            column a number or cut points.
        family: "auto" (bernoulli for an outcome of two levels, ordinal for an ordered category,
            gaussian for numbers, and what else the keywords say; the summary gives the reason),
            "gaussian", "student", "lognormal", "gamma", "bernoulli", "binomial", "ordinal",
            "categorical", "poisson", "negative_binomial", "beta", "ordered_beta", "exponential",
            "weibull" or "piecewise_exponential".
        link: of the family's links; the default is the first ("logit" for probabilities).
        trials: column with the numbers of trials (binomial).
        exposure: column with the time or size at risk behind a count; effects are on the rate.
        offset: column added to the linear predictor as it is.
        event: column that is 1 where a time ended in the event, 0 where it was censored; or with
            the level that is the event, ``{"status": "dead"}``.
        std_error: column of known standard errors: the outcome is itself an estimated effect, so
            that there is no treatment and no baseline (a meta-analysis).
        breaks: where a piecewise exponential hazard may change: a number of intervals (4), cut so
            that each holds about as many events, or the times between them.
        reference_category: the category that the others are held against (categorical); default:
            the first.
        baseline: what a group looks like untreated: "group", "modifiers" or "shared".
        preset: "alley2023" (the paper's published program) or "alley2026" (its later form).
        spread: "normal", "student" (heavy tails, for outlying groups), or "none" where modifiers
            are taken to explain every difference.
        sigma_by: "arm" or "group", where the residual sd of a Gaussian outcome differs.
        priors: parameter (alpha, beta, delta, lambda, sigma_theta, sigma_b, sigma) to text such as
            ``"normal(0, 0.5)"``, or for beta, delta and lambda to a mapping of terms.
        method: "auto" (the fastest that fits), "exact" (gaussian, lognormal), "collapse" (these
            with arms, clusters, correlations), "quadrature", "laplace" (other families with arms,
            clusters, correlations or several categories), or "nuts", which does everything and is
            what "auto" falls back on.
        draws: number of posterior draws (4000); independent but for those by NUTS.
        seed: of the random draws; the same seed gives the same draws.
        level: of the intervals (0.95).
        missing: codes that stand for missing values, by column, such as
            ``{"therm": [999], "age": ["?"]}``; an empty list takes a column as it stands.
        encoding: of a text, Stata or SPSS file ("cp1252"); default: found out.
        sheet: of a workbook, its name or number from 1; default: the first.
        labels: readable names of columns, or terms of the modifiers, for sentences, printed tables
            and figures: ``{"age": "Age in years"}``; in Stata, SPSS and SAS files they are there.
        value_labels: readable names of values, ``{"woman": {0: "Man", 1: "Woman"}}``. Tables hold
            the values as the data do and show the names.
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
    call = locals()  # the parameters, before there is any other name
    keywords = {key: call[key] for key in KEYS if key != "data"} | unknown
    made = _plan_of(data, plan, keywords)
    progress("Reading the data")
    table = load(data if data is not None else made.data, made.columns, **made.reading)
    return fit_table(made, table, progress)


def _plan_of(
    data: Any, plan: Plan | str | os.PathLike[str] | None, keywords: Mapping[str, Any]
) -> Plan:
    """The plan given, read, or made from keywords; it or ``data`` names the data."""
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
    if data is None and made.data is None:
        raise PlanError("no data: give a data frame or a path, or name one in the plan's data=.")
    return made


def fit_table(plan: Plan, table: Table, progress: Progress = _silent) -> Fit:
    """Run a plan on loaded data: design, cells, model, draws."""
    with _reading_said(table):
        progress("Forming groups")
        design, rows = build_design(plan, table)
        choice = choose(design)
        progress("Reducing rows to sufficient statistics")
        problem = _problem(design, rows, choice.method.needs)
    progress("Exploring the posterior")
    problem, draws = sample(choice, problem, rows, progress)
    return Fit(Fitted(problem, draws), table.engine, table.source, table.fingerprint)


def _problem(design: Design, rows: Rows, needs: Needs) -> Problem:
    """What the rows say, reduced to what a method needs, and the priors."""
    cells = reduce_rows(design, rows, needs)
    check_columns(design, cells)
    return Problem(design, cells, resolve_priors(design, cells))


@contextmanager
def _reading_said(table: Table) -> Iterator[None]:
    """A refusal that names a column tells, too, what reading made of that column.

    The third arm that a method refuses may be 'treatment' beside 'Treatment'.
    """
    try:
        yield
    except ForWhomError as error:
        said = str(error)
        named = [f"'{name}'" for name in table.columns if f"'{name}'" in said]
        notes = [n for n in table.notes if n not in said and any(name in n for name in named)]
        if notes:
            error.args = (" ".join([said, *notes]),)
        raise


def prior_predictive(
    data: Any = None,
    plan: Plan | str | os.PathLike[str] | None = None,
    *,
    draws: int = 1000,
    seed: int | None = None,
    **keywords: Any,
) -> PriorPredictive:
    """What do the priors say before the data are believed? Simulate from them.

    Every parameter is drawn from its prior, groups from their spread, and outcomes for the
    observed design. Print the result for a summary; it has tables and a figure.

    Args:
        data: as for :func:`fit`.
        plan: a plan, or the path of a plan file, instead of keywords.
        draws: number of simulated data sets.
        seed: of the simulation; default: the plan's.
        **keywords: as for :func:`fit`.

    Raises:
        PlanError: a prior is flat, or the question is not well put.
        DataError: the data do not fit the question.

    >>> import forwhom as fw
    >>> simulated = fw.prior_predictive(
    ...     fw.datasets.path(), outcome="responded", treatment="treat_out",
    ...     modifiers="leg_black", family="bernoulli", draws=100,
    ... )
    >>> simulated.effects().n_rows
    3
    """
    made = _plan_of(data, plan, keywords)
    # Its numbers are checked as a plan's are.
    checked = make_plan(outcome="y", treatment="d", groups="g", draws=draws, seed=seed or made.seed)
    made = replace(made, draws=checked.draws, seed=checked.seed)
    table = load(data if data is not None else made.data, made.columns, **made.reading)
    with _reading_said(table):
        design, rows = build_design(made, table)
        problem = _problem(design, rows, PRIOR.needs)
    drawn = PRIOR.sample(problem, "", _silent)
    return PriorPredictive(Fitted(problem, drawn), table.engine, table.source)


def compare_fits(fits: Mapping[str, Fit], data: Any = None, method: str = "loo") -> Frame:
    """Which of several fits to the same rows predicts rows it has not seen best?

    Args:
        fits: by name, such as ``{"poisson": one, "negative binomial": other}``.
        data: the data frame, where the fits differ in modifiers or controls and came from no file:
            rows are paired to judge differences.
        method: "loo" or "waic".

    Returns:
        a table, the best fit first: elpd, the difference to the best with its standard error,
        stacking weights and, where every fit has it, log evidence and log Bayes factors.

    Raises:
        PlanError: fits that cannot be compared.
        DataError: ``data`` are not what was fitted.
    """
    from forwhom.compare import Contender, check_names, compare

    check_names(fits)
    if method not in ("loo", "waic"):
        raise PlanError(f"method={method!r} is not known: give 'loo' or 'waic'.")
    contenders = [
        Contender(str(name), one.elpd(method, data), one.fitted, one.fingerprint)
        for name, one in fits.items()
    ]
    first = next(iter(fits.values()))
    return compare(contenders, data).to_native(first.engine)


def load_fit(path: str | os.PathLike[str]) -> Fit:
    """Read a fit that :meth:`Fit.save` wrote; its tables and draws are the same as before.

    Raises:
        DataError: not a saved fit, of another version, or changed since it was written.
    """
    from forwhom.fitted.storage import read

    fitted, attributes = read(Path(path))
    parts = (attributes[name] for name in ("engine", "source", "fingerprint"))
    return Fit(fitted, *parts)
