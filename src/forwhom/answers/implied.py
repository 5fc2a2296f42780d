"""What the priors imply before the data are believed, beside what was observed.

Tests: tests/test_prior_predictive.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer
from forwhom.answers.check import above, outcomes_figure
from forwhom.answers.naming import category_words, contrast_words, effect_words, labels_for
from forwhom.answers.priors import PRIORS
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.errors import PlanError
from forwhom.families import FAMILIES
from forwhom.fitted import (
    Block,
    Estimand,
    Replication,
    check_scale,
    no_replication,
    replicate,
    simulated_rows,
)

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure

FloatArray = NDArray[np.float64]

WHAT = "prior_predictive()"
SINGLE = 200  # single rows simulated in each draw
NUMBERS = ("observed", "estimate", "conf_low", "q25", "q75", "conf_high", "prob_positive")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
OUTCOME_HEADERS = {
    "where": "Where",
    "statistic": "Statistic",
    "observed": "Observed",
    "implied": "Implied",
    "conf_low": "Low",
    "conf_high": "High",
    "prob_above": "P(above)",
}
EFFECT_HEADERS = {
    "treatment": "Treatment",
    "outcome": "Outcome",
    "quantity": "Quantity",
    "observed": "Observed",
    "estimate": "Median",
    "conf_low": "Low",
    "q25": "25 %",
    "q75": "75 %",
    "conf_high": "High",
    "prob_positive": "P(>0)",
}


def outcome_table(workings: Workings, level: float) -> Tidy:
    """Statistics of data simulated from the priors; of single rows where the outcome is a number.

    ``level`` is of the interval over data sets.
    """
    found = simulation(workings)
    rows = [*_whole(found, level), *_single(workings, found)]
    numbers = ("observed", "implied", "conf_low", "conf_high", "prob_above")
    columns: dict[str, object] = {"where": [r[0] for r in rows], "statistic": [r[1] for r in rows]}
    columns |= dict(zip(numbers, np.array([r[2] for r in rows]).T, strict=True))
    notes: tuple[str, ...] = (
        "Implied: the median over data sets simulated from the priors, with the interval that "
        "holds so many of them; P(above): share of them above the observed value. One row: "
        "quantiles of a single row's outcome, over rows and draws.",
    )
    if found is None:
        notes += ("Times are simulated whole; observed ones are censored and not compared.",)
    return Tidy(columns, "Outcomes implied by the priors", level, notes, OUTCOME_HEADERS)


def simulation(workings: Workings) -> Replication | None:
    """Whole data sets from the priors; None where observed times are censored."""
    likelihood, plan = workings.fitted.cells.likelihood, workings.plan
    # Sums of times count their events: fewer than rows where some are censored.
    adds_up = FAMILIES[plan.family].sufficient
    limit = likelihood.outcome.trials if adds_up else np.ones(1)
    if plan.event is not None and (likelihood.outcome.event < limit).any():
        return None
    return workings.kept("simulation", lambda: replicate(workings.predictor, WHAT))


def _whole(found: Replication | None, level: float) -> list[tuple[str, str, list[float]]]:
    """Where, which statistic, and: observed, implied, its interval, share above."""
    if found is None:
        return []
    tail, rows = (1 - level) / 2, []
    for a, arm in enumerate(found.arms):
        for s, name in enumerate(found.statistics):
            values, seen = found.replicated[s, a], found.observed[s, a]
            ends = np.quantile(values, [0.5, tail, 1 - tail], method="inverted_cdf")
            share = above(np.array([seen]), values[None])[0]
            rows.append((arm, name, [seen, *ends.tolist(), share]))
    return rows


def _single(workings: Workings, found: Replication | None) -> list[tuple[str, str, list[float]]]:
    """Quantiles of one row's outcome, beside those observed where whole data sets can be."""
    if workings.design.outcome.levels:
        return []
    predictor = workings.predictor
    drawn = simulated_rows(predictor, SINGLE, workings.plan.seed)
    kinds = predictor.kinds
    assert kinds is not None
    y = kinds.outcome.y / kinds.outcome.trials
    order = np.argsort(y)
    share = np.cumsum(kinds.count[order]) / kinds.count.sum()
    rows = []
    for q in QUANTILES:
        at = min(int(np.searchsorted(share, q)), len(y) - 1)
        seen = np.nan if found is None else float(y[order][at])
        implied = float(np.quantile(drawn, q, method="inverted_cdf"))
        words = f"{q:.0%} quantile".replace("%", " %")
        rows.append(("one row", words, [seen, implied, np.nan, np.nan, np.nan]))
    return rows


def implied_effects_table(workings: Workings, level: float) -> Tidy:
    """The average effect, a group's effect and the differences between groups, by the priors."""
    estimands = workings.on_scale(check_scale(workings.fitted, None))
    observed = observed_differences(estimands, simulation(workings))
    several = len(workings.design.effects) > 1
    texts: dict[str, list[str]] = {"treatment": [], "outcome": [], "quantity": []}
    numbers: list[list[float]] = []
    for one, difference in zip(estimands, observed, strict=True):
        for name, seen, values in _quantities(one, difference, workings.plan.seed):
            texts["treatment"].append(one.treatment.name if several else "")
            texts["outcome"].append(one.quantity.label)
            texts["quantity"].append(name)
            positive = np.nan if name.startswith("sd") else (values > 0).mean()
            numbers.append([seen, *_spread_of(values, level), positive])
    columns: dict[str, object] = {
        name: values for name, values in texts.items() if any(values) or name == "quantity"
    }
    columns |= dict(zip(NUMBERS, np.array(numbers, dtype=float).T, strict=True))
    notes = (_effects_note(estimands),)
    return Tidy(columns, "Effects implied by the priors", level, notes, EFFECT_HEADERS)


def _quantities(
    estimand: Estimand, difference: float, seed: int
) -> tuple[tuple[str, float, FloatArray], ...]:
    """Name, what was observed of it, and draws (D,)."""
    average, group, between = _effects(estimand, seed)
    if estimand.design.plan.ungrouped:
        return (("average effect", difference, average),)
    return (
        ("average effect", difference, average),
        ("effect in a group", np.nan, group),
        ("sd of effects between groups", np.nan, between),
    )


def _spread_of(values: FloatArray, level: float) -> list[float]:
    """Median, low end, quartiles, high end, in the order of ``NUMBERS``."""
    tail = (1 - level) / 2
    low, first, middle, last, high = np.quantile(values, [tail, 0.25, 0.5, 0.75, 1 - tail])
    return [middle, low, first, last, high]


def _effects_note(estimands: Sequence[Estimand]) -> str:
    unit = f", in {estimands[0].unit_words}" if estimands[0].unit_words else ""
    labels = labels_for(estimands[0])
    on = effect_words(estimands[0], labels)
    label = category_words(estimands[0], labels)
    if label and not estimands[0].category:
        on = on.replace(f" being {label}", "")
    design = estimands[0].design
    of = f" of {contrast_words(estimands[0], labels)}" if len(design.effects) == 1 else ""
    what, plain = f"Effects{of} on {on}{unit}.", "difference between the arms"
    if estimands[0].quantity.scale == "percent":
        plain = "difference between the arms' means, in percent of the untreated one"
    if design.estimates:
        what, plain = f"Effects as estimated in {on}.", "mean of the estimates"
    said = f"{what} Observed: the plain {plain}."
    if design.plan.ungrouped:
        return said
    return f"{said} A group: one picked at random in each draw, larger ones more often."


def _effects(estimand: Estimand, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Average over rows, one group and sd between groups (by rows), in each draw; (D,) each."""
    share = estimand.group_weight / estimand.group_weight.sum()
    draws = estimand.fitted.count
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(8,)))
    picked = rng.choice(len(share), draws, p=share)
    mean, square, one = np.zeros(draws), np.zeros(draws), np.zeros(draws)

    def work(block: Block) -> tuple[FloatArray, FloatArray, NDArray[np.int64], FloatArray]:
        w = share[block.groups]
        place = np.full(len(share), -1)
        place[block.groups] = np.arange(len(block.groups))
        mine = np.flatnonzero(place[picked] >= 0)
        return w @ block.theta, w @ block.theta**2, mine, block.theta[place[picked[mine]], mine]

    for first, second, mine, values in estimand.map(work):
        mean += first
        square += second
        one[mine] = values
    return mean, one, np.sqrt(np.maximum(square - mean**2, 0.0))


def observed_differences(estimands: Sequence[Estimand], found: Replication | None) -> list[float]:
    """The plain difference between the arms in each quantity that effects are told in.

    NaN for doses, rates and censored times, where there is none, and for a treatment that is
    never given alone. Of estimated effects: their plain mean.
    """
    out = []
    for one in estimands:
        design = one.design
        if design.estimates and found is not None:
            out.append(float(found.observed[found.statistics.index("mean"), 0]))
            continue
        at = _arm_alone(one)
        none = found is None or at is None or design.plan.exposure is not None
        out.append(np.nan if none or found is None or at is None else _difference(one, found, at))
    return out


def _arm_alone(one: Estimand) -> int | None:
    """Where rows with the effect's treatment and no other stand among the arms, None if nowhere."""
    design = one.design
    if one.treatment.kind != "binary" or not design.arms:
        return None
    if len(design.effects) == 1:
        return 1
    name = one.treatment.name
    return design.arms.index(name) if name in design.arms and "untreated" in design.arms else None


def _difference(estimand: Estimand, found: Replication, at: int) -> float:
    q, share = estimand.quantity, found.share_observed
    if q.last:  # of categories
        return float(q.unit * (share[at] - share[0])[q.first : q.last].sum())
    if estimand.category:  # log odds against the reference
        k = estimand.design.outcome.levels.index(estimand.category)
        with np.errstate(divide="ignore"):
            odds = np.log(share[[0, at], k] / share[[0, at], 0])
        return float(odds[1] - odds[0])
    if estimand.design.outcome.levels:
        return float(q.unit * (share[at, 1] - share[0, 1]))
    means = found.observed[found.statistics.index("mean")]
    without, treated = means[0], means[at]
    if q.scale == "percent":
        return float(100 * (treated / without - 1))
    return float(q.unit * (treated - without))


def outcome_figure(
    workings: Workings,
    *,
    level: float = 0.95,
    labels: Mapping[str, str] | None = None,
    title: str | None = None,
) -> Figure:
    """Observed outcomes beside those that the priors imply.

    Raises:
        PlanError: times are censored.
    """
    if why := no_replication(workings.predictor, "plot()"):
        raise PlanError(why)
    found = simulation(workings)
    assert found is not None
    return outcomes_figure(
        workings.estimands[0],
        found,
        labels_for(workings.estimands[0], labels, None),
        title="What do the priors imply, before the data are believed?" if title is None else title,
        level=level,
        source="implied by the priors",
        drawn="data sets simulated from the priors.",
    )


IMPLIED = {
    answer.name: answer
    for answer in (
        Answer(
            "outcome",
            "The outcome's statistics in simulated data, by arm, and quantiles of one row.",
            ("level",),
            outcome_table,
            outcome_figure,
            ("level", "labels", "title"),
        ),
        Answer(
            "effects",
            "The average effect, the effect in a group, and how much effects differ.",
            ("level",),
            implied_effects_table,
        ),
        PRIORS,
    )
}
