"""The printed summary: question, data, answer, warnings, readable without the manual.

Tests: tests/fitted/test_formats.py.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from math import isnan

import numpy as np
from numpy.typing import NDArray

from forwhom.answers import ANSWERS, Caution, Workings, summarise
from forwhom.answers.modifiers import coefficients
from forwhom.answers.telling import Telling
from forwhom.data import Tidy
from forwhom.draw.text import format_probability, number_style, percent
from forwhom.errors import plural
from forwhom.fitted import Estimand, check_scale
from forwhom.plan import Plan

WIDTH = 88
SHOWN_MODIFIERS = 5


def format_summary(workings: Workings, cautions: Sequence[Caution], source: str) -> str:
    """The summary as text.

    Args:
        workings: of the fit; cautions: the warnings; source: name of the data.
    """
    estimands, level = workings.estimands, workings.plan.level
    average, estimand = ANSWERS["average"].tell(workings), estimands[0]
    unit = workings.on_scale(check_scale(workings.fitted, None))[0].unit_words
    blocks = [
        _question(estimand),
        _data(estimand, source),
        _answer(estimand, average, level, unit),
        *(_strongest(one, coefficients(workings, one, Telling(level)), level) for one in estimands),
        "\n".join(dict.fromkeys(_spread(one, level) for one in estimands)),
        *_clusters(estimands, level),
        _method(estimand),
    ]
    if estimand.design.notes:
        blocks.append("Notes\n" + "\n".join(_bullet(note) for note in estimand.design.notes))
    if cautions:
        blocks.append("Warnings\n" + "\n".join(_bullet(c.text) for c in cautions))
    return "\n\n".join(blocks)


def _question(estimand: Estimand) -> str:
    design = estimand.design
    if design.plan.ungrouped:
        by = ""
    elif design.plan.modifiers:
        by = f"differ by {_and(list(design.plan.modifiers.traits))}?"
    else:
        by = f"differ between {_and(list(design.groups.columns))}?"
    if design.estimates:
        return _wrap(
            f"Question: how large are the effects in {design.plan.outcome}, and how do they {by}"
        )
    what = []
    for column in design.plan.treatment_columns:
        arms = [e.treatment for e in design.effects if e.treatment.column == column]
        if len(arms) == 1:
            what.append(arms[0].words)
        else:
            shown = _and([arm.treated for arm in arms])
            what.append(f"{column} ({shown} against {arms[0].control})")
    does = "do" if len(design.effects) > 1 else "does"
    differ = "do their effects" if len(design.effects) > 1 else "does that"
    verb = "does" if len(what) == 1 else does
    if not by:
        return _wrap(f"Question: what {verb} {_and(what)} do to {design.measured}?")
    return _wrap(
        f"Question: what {verb} {_and(what)} do to {design.measured}, and how {differ} {by}"
    )


def _data(estimand: Estimand, source: str) -> str:
    design = estimand.design
    usage, groups = design.usage, design.groups
    dropped = usage.n_read - usage.n_used
    text = f"Data: {source}, {usage.n_used:,} of {usage.n_read:,} rows used"
    if usage.missing:
        worst = sorted(usage.missing, key=lambda pair: -pair[1])
        shown = ", ".join(f"{name} {count:,}" for name, count in worst[:4])
        more = f" and {len(worst) - 4} more columns" if len(worst) > 4 else ""
        text += f" ({dropped:,} dropped; missing: {shown}{more})"
    text += _arm_counts(estimand)
    size = design.effects[0].n_treated if groups.has_control_group else groups.n_rows
    kind = "treated row" if groups.has_control_group else "row"
    text += f" {plural(groups.count, 'group')} of {_range(size, kind)}"
    if size.min() < size.max():
        text += f" (median {np.median(size):g})"
    text += ", and one control group." if groups.has_control_group else "."
    for cluster in design.clusters:
        text += f" {len(cluster.levels):,} clusters by {cluster.name}, of "
        text += f"{_range(cluster.n_rows, 'row')}."
    return _wrap(text)


def _range(size: NDArray[np.int64], kind: str) -> str:
    """How many rows parts have, in words."""
    low, high = int(size.min()), int(size.max())
    if low < high:
        return f"{low:,} to {plural(high, kind)}"
    return plural(low, kind) + (" each" if len(size) > 1 else "")


def _arm_counts(estimand: Estimand) -> str:
    design = estimand.design
    if design.estimates:
        return "."
    if len(design.effects) == 1:
        treated = int(design.effects[0].n_treated.sum())
        control = design.usage.n_used - treated
        if estimand.treatment.kind == "dose":
            return f"; {treated:,} with a dose, {control:,} with a dose of zero."
        return f"; {treated:,} treated, {control:,} control."
    said = []
    for column in design.plan.treatment_columns:
        mine = [effect for effect in design.effects if effect.treatment.column == column]
        arms = [(e.treatment.treated, int(e.n_treated.sum())) for e in mine]
        if mine[0].treatment.kind == "dose":
            arms = [("more", arms[0][1])]
        untreated = plural(int(mine[0].n_control.sum()), "row")
        shown = "".join(f", {arm} ({n:,})" for arm, n in arms)
        said.append(f"{column}: {mine[0].treatment.control} ({untreated}){shown}")
    return "; " + "; ".join(said) + "."


def _clusters(estimands: Sequence[Estimand], level: float) -> list[str]:
    """Spreads between clusters and what else is shared."""
    design = estimands[0].design
    words = {
        "sigma_spread": "sd between groups of the logarithm of the residual sd",
        "nu_theta": "degrees of freedom of the group effects",
        "correlation": "correlation of a group's own parameters",
    }
    for cluster in design.clusters:
        what = "effects" if design.estimates else "baselines"
        words[f"sigma_{cluster.name}"] = f"sd of {what} between clusters by {cluster.name}"
        words[f"sigma_theta_{cluster.name}"] = f"sd of effects between clusters by {cluster.name}"
    lines = []
    for one in estimands:
        if one.quantity.effect:
            continue
        of = f" for {one.category}" if one.category else ""
        for name, terms, draws in one.others:
            for term, values in zip(terms, draws.T, strict=True):
                found = {k: v[0] for k, v in summarise(values[None, :], level).items()}
                which = f" ({term})" if term else ""
                lines.append(_wrap(f"{name}{of}{which}, {words[name]}: {_interval(found, level)}."))
    return ["\n".join(lines)] if lines else []


def _answer(estimand: Estimand, average: Tidy, level: float, unit: str) -> str:
    design = estimand.design
    who = "over the treated rows" if design.groups.has_control_group else "over all rows"
    words = {effect.treatment.name: f" of {effect.treatment.words}" for effect in design.effects}
    lines = []
    for i in range(average.n_rows):
        row = average.row(i)
        of, on = words[row["treatment"]], f" on {design.measured}"
        if "outcome" in row:
            on = f" on {design.plan.outcome} being {row['outcome']}"
        if design.estimates:
            of = on = ""
        lines.append(
            _wrap(
                f"Average effect{of}{on} {who}: {_interval(row, level, unit)}; it is positive with "
                f"probability {format_probability(row['prob_positive'])}."
            )
        )
    return "\n".join(lines)


def _strongest(estimand: Estimand, modifiers: Tidy, level: float) -> str:
    rows = [modifiers.row(i) for i in range(modifiers.n_rows)]
    slopes = [row for row in rows if row["term"] != "Intercept"]
    if not slopes and estimand.sigma_theta is None:
        return "No modifiers: one effect for all groups."
    if not slopes:
        return "No modifiers: group effects vary around one common effect."
    slopes.sort(key=_strength, reverse=True)
    shown = slopes[:SHOWN_MODIFIERS]
    width = max(len(row["term"]) for row in shown)
    cells = []
    for row in shown:  # each in its own decimals: modifiers have units of their own
        style = number_style([row["estimate"]], [row["std_error"]])
        cells.append([style.text(row[k]) for k in ("estimate", "conf_low", "conf_high")])
    pad = [max(len(line[k]) for line in cells) for k in range(3)]
    lines = [
        f"  {row['term']:<{width}}  {e:>{pad[0]}}  ({low:>{pad[1]}} to {high:>{pad[2]}})"
        f"  P(>0) {format_probability(row['prob_positive'])}"
        for row, (e, low, high) in zip(shown, cells, strict=True)
    ]
    title = "Modifiers" if len(slopes) <= len(shown) else "Strongest modifiers"
    design = estimand.design
    of = "" if design.estimates else f" of {estimand.treatment.words} on {estimand.effect_on}"
    told = f"difference for one more; median, {percent(level)} interval"
    head = _wrap(f"{title} of the effect{of} ({told}):")
    return "\n".join([head, *lines])


def _strength(row: dict[str, float]) -> float:
    """Size over error; nothing where the tail is too heavy for an error."""
    error = row["std_error"]
    return 0.0 if isnan(error) else abs(row["estimate"]) / max(error, 1e-300)


def _of(estimand: Estimand) -> str:
    """Which of several effects."""
    design = estimand.design
    return f" of {estimand.treatment.name}" if len(design.effects) > 1 else ""


def _spread(estimand: Estimand, level: float) -> str:
    if estimand.sigma_theta is None:
        return _wrap("Effect spread: none; the modifiers are taken to explain every difference.")
    one = {k: v[0] for k, v in summarise(estimand.sigma_theta[None, :], level).items()}
    of = _of(estimand) + (f" for {estimand.category}" if estimand.category else "")
    return _wrap(
        f"Effect spread sigma_theta{of} (sd of group effects around their prediction): "
        f"{_interval(one, level)}."
    )


def _method(estimand: Estimand) -> str:
    d, plan = estimand.diagnostics, estimand.design.plan
    model = f"Model: {model_words(plan)}. Method {d.method}: {d.draws:,} "
    return _wrap(f"{model}{d.sentence}; seed {plan.seed}.")


def model_words(plan: Plan) -> str:
    """Family, baseline and what else makes the model."""
    if plan.std_error:
        words = f"estimates with known standard errors ({plan.std_error})"
    else:
        link = "" if plan.link == "identity" else f" ({plan.link})"
        words = f"{plan.family}{link}, baseline {plan.baseline}"
    more = (
        ("" if plan.spread == "normal" else f"spread {plan.spread}"),
        ("correlated group parameters" if plan.correlated else ""),
        (f"residual sd by {plan.sigma_by}" if plan.sigma_by else ""),
        (f"preset {plan.preset}" if plan.preset else ""),
    )
    return ", ".join([words, *(part for part in more if part)])


def _interval(row: dict[str, float], level: float, unit: str = "") -> str:
    style = number_style([row["estimate"]], [row["std_error"]])
    low, high = style.text(row["conf_low"]), style.text(row["conf_high"])
    said = f" {unit}" if unit else ""
    return f"{style.text(row['estimate'])}{said} ({percent(level)} interval {low} to {high})"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _bullet(text: str) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False
    )
