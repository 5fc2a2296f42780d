"""What the priors imply before the data are believed, beside what was observed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.check import above
from forwhom.data import Tidy
from forwhom.fitted import Block, CellPredictor, Estimand, Replication

FloatArray = NDArray[np.float64]

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


def prior_outcome_table(
    predictor: CellPredictor, found: Replication | None, rows: FloatArray | None, level: float
) -> Tidy:
    """Statistics of data simulated from the priors; ``found`` is None where times are censored.

    Args:
        predictor: of the prior; found: whole data sets.
        rows: outcomes of single rows, (m, D), where the outcome is a number.
        level: of the interval over data sets.
    """
    tail = (1 - level) / 2
    where: list[str] = []
    statistic: list[str] = []
    numbers: list[list[float]] = []  # observed, implied, its interval, share above
    if found is not None:
        for a, arm in enumerate(found.arms):
            for s, name in enumerate(found.statistics):
                values = found.replicated[s, a]
                where.append(arm)
                statistic.append(name)
                seen = found.observed[s, a]
                ends = np.quantile(values, [0.5, tail, 1 - tail], method="inverted_cdf")
                numbers.append([seen, *ends, above(np.array([seen]), values[None])[0]])
    if rows is not None:
        kinds = predictor.kinds
        assert kinds is not None
        y = kinds.outcome.y / kinds.outcome.trials
        order = np.argsort(y)
        share = np.cumsum(kinds.count[order]) / kinds.count.sum()
        whole = found is not None
        for q in QUANTILES:
            where.append("one row")
            statistic.append(f"{q:.0%} quantile".replace("%", " %"))
            at = min(int(np.searchsorted(share, q)), len(y) - 1)
            seen = float(y[order][at]) if whole else np.nan
            implied = float(np.quantile(rows, q, method="inverted_cdf"))
            numbers.append([seen, implied, np.nan, np.nan, np.nan])
    columns = {
        "where": where,
        "statistic": statistic,
        **dict(
            zip(
                ("observed", "implied", "conf_low", "conf_high", "prob_above"),
                np.array(numbers).T,
                strict=True,
            )
        ),
    }
    notes: tuple[str, ...] = (
        "Implied: the median over data sets simulated from the priors, with the interval that "
        "holds so many of them; P(above): share of them above the observed value. One row: "
        "quantiles of a single row's outcome, over rows and draws.",
    )
    if found is None:
        notes += ("Times are simulated whole; observed ones are censored and not compared.",)
    return Tidy(columns, "Outcomes implied by the priors", level, notes, OUTCOME_HEADERS)


def prior_effects_table(
    estimands: Sequence[Estimand], observed: Sequence[float], level: float, seed: int
) -> Tidy:
    """The average effect, a group's effect and the differences between groups, by the priors.

    Args:
        estimands: the prior in the quantities that effects are told in.
        observed: the difference between arms in each, NaN where there is none.
        level: of the intervals; seed: which group stands for a group in each draw.
    """
    tail = (1 - level) / 2
    rows: list[dict[str, object]] = []
    several = len(estimands[0].design.effects) > 1
    for one, difference in zip(estimands, observed, strict=True):
        average, group, between = _effects(one, seed)
        for name, values, seen in (
            ("average effect", average, difference),
            ("effect in a group", group, np.nan),
            ("sd of effects between groups", between, np.nan),
        ):
            low, first, middle, last, high = np.quantile(values, [tail, 0.25, 0.5, 0.75, 1 - tail])
            rows.append(
                {
                    "treatment": one.treatment.name if several else "",
                    "outcome": one.quantity.label,
                    "quantity": name,
                    "observed": seen,
                    "estimate": middle,
                    "conf_low": low,
                    "q25": first,
                    "q75": last,
                    "conf_high": high,
                    "prob_positive": np.nan if name.startswith("sd") else (values > 0).mean(),
                }
            )
    texts = ("treatment", "outcome", "quantity")
    columns = {
        name: [row[name] for row in rows]
        if name in texts
        else np.array([row[name] for row in rows], dtype=float)
        for name in rows[0]
    }
    for name in texts[:2]:
        if not any(columns[name]):
            columns.pop(name)
    unit = f", in {estimands[0].unit_words}" if estimands[0].unit_words else ""
    on = estimands[0].effect_on
    if estimands[0].quantity.label and not estimands[0].category:
        on = on.replace(f" being {estimands[0].quantity.label}", "")
    design = estimands[0].design
    of = f" of {estimands[0].treatment.words}" if len(design.effects) == 1 else ""
    what, plain = f"Effects{of} on {on}{unit}.", "difference between the arms"
    if estimands[0].quantity.scale == "percent":
        plain = "difference between the arms' means, in percent of the untreated one"
    if design.estimates:
        what, plain = f"Effects as estimated in {on}.", "mean of the estimates"
    notes = (
        f"{what} Observed: the plain {plain}. A group: one picked at random in each draw, larger "
        "ones more often.",
    )
    return Tidy(columns, "Effects implied by the priors", level, notes, EFFECT_HEADERS)


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
