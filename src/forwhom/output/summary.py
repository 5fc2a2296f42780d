"""The printed summary: question, data, answer, warnings, readable without the manual.

Tests: tests/output/test_summary.py, tests/fitted/test_formats.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forwhom.answers import Caution, Workings, summarise
from forwhom.answers.words import joined
from forwhom.draw.text import bullet, wrapped
from forwhom.errors import plural
from forwhom.fitted import Estimand
from forwhom.output.answer_text import (
    average_lines,
    differences_text,
    interval_words,
    pooling_text,
    who_text,
)
from forwhom.plan import Plan


def format_summary(workings: Workings, cautions: Sequence[Caution], source: str) -> str:
    """The summary as text.

    Args:
        workings: of the fit; cautions: the warnings; source: name of the data.
    """
    estimands, level, estimand = workings.estimands, workings.plan.level, workings.estimands[0]
    blocks = [
        _question(estimand),
        _data(estimand, source),
        average_lines(workings),
        who_text(workings),
        differences_text(workings),
        "\n".join(filter(None, [pooling_text(workings), *_spreads(estimands, level)])),
        *_clusters(estimands, level),
        _method(estimand),
    ]
    if estimand.design.notes:
        blocks.append("Notes\n" + "\n".join(bullet(note) for note in estimand.design.notes))
    if cautions:
        blocks.append("Warnings\n" + "\n".join(bullet(c.text) for c in cautions))
    return "\n\n".join(filter(None, blocks))


def _question(estimand: Estimand) -> str:
    design = estimand.design
    if design.plan.ungrouped:
        by = ""
    elif design.plan.modifiers:
        by = f"differ by {joined(list(design.plan.modifiers.traits))}?"
    else:
        by = f"differ between {joined(list(design.groups.columns))}?"
    if design.estimates:
        return wrapped(
            f"Question: how large are the effects in {design.plan.outcome}, and how do they {by}"
        )
    what = []
    for column in design.plan.treatment_columns:
        arms = [e.treatment for e in design.effects if e.treatment.column == column]
        if len(arms) == 1:
            what.append(arms[0].words)
        else:
            shown = joined([arm.treated for arm in arms])
            what.append(f"{column} ({shown} against {arms[0].control})")
    does = "do" if len(design.effects) > 1 else "does"
    differ = "do their effects" if len(design.effects) > 1 else "does that"
    verb = "does" if len(what) == 1 else does
    if not by:
        return wrapped(f"Question: what {verb} {joined(what)} do to {design.measured}?")
    return wrapped(
        f"Question: what {verb} {joined(what)} do to {design.measured}, and how {differ} {by}"
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
    return wrapped(text)


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
                lines.append(
                    wrapped(f"{name}{of}{which}, {words[name]}: {interval_words(found, level)}.")
                )
    return ["\n".join(lines)] if lines else []


def _of(estimand: Estimand) -> str:
    """Which of several effects."""
    design = estimand.design
    return f" of {estimand.treatment.name}" if len(design.effects) > 1 else ""


def _spreads(estimands: Sequence[Estimand], level: float) -> list[str]:
    """How far groups differ beyond what their modifiers predict."""
    return list(dict.fromkeys(_spread(one, level) for one in estimands))


def _spread(estimand: Estimand, level: float) -> str:
    design = estimand.design
    if estimand.sigma_theta is None:
        modified = any(effect.modifiers.names for effect in design.effects)
        what = "the modifiers are taken to explain every difference"
        return wrapped(f"Effect spread: none; {what if modified else 'one effect for all groups'}.")
    one = {k: v[0] for k, v in summarise(estimand.sigma_theta[None, :], level).items()}
    of = _of(estimand) + (f" for {estimand.category}" if estimand.category else "")
    on = "" if estimand.effect_on == design.measured else f", on {estimand.effect_on}"
    return wrapped(
        f"Effect spread sigma_theta{of} (sd of group effects around their prediction{on}): "
        f"{interval_words(one, level)}."
    )


def _method(estimand: Estimand) -> str:
    d, plan = estimand.diagnostics, estimand.design.plan
    model = f"Model: {model_words(plan)}. Method {d.method}: {d.draws:,} "
    return wrapped(f"{model}{d.sentence}; seed {plan.seed}.")


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
