"""The printed summary: question, data, answer, warnings, readable without the manual."""

from __future__ import annotations

import textwrap
from math import isnan

import numpy as np

from forwhom.data import Tidy
from forwhom.estimands import Caution, summarise
from forwhom.output.text import format_probability, number_style, percent
from forwhom.plan import Plan
from forwhom.posterior import Posterior, link_words

WIDTH = 88
SHOWN_MODIFIERS = 5


def format_summary(
    posterior: Posterior,
    average: Tidy,
    modifiers: Tidy,
    cautions: tuple[Caution, ...],
    source: str,
    unit: str = "",
) -> str:
    """The summary as text.

    Args:
        posterior: the fit.
        average, modifiers: their tables at one level.
        cautions: the warnings.
        source: name of the data.
        unit: of the average effect, in words.
    """
    level = modifiers.level or 0.95
    blocks = [
        _question(posterior),
        _data(posterior, source),
        _answer(posterior, average, level, unit),
        _strongest(posterior, modifiers, level),
        _spread(posterior, level),
        _method(posterior),
    ]
    if posterior.design.notes:
        blocks.append("Notes\n" + "\n".join(_bullet(note) for note in posterior.design.notes))
    if cautions:
        blocks.append("Warnings\n" + "\n".join(_bullet(c.text) for c in cautions))
    return "\n\n".join(blocks)


def _question(posterior: Posterior) -> str:
    design = posterior.design
    t = design.treatment
    if t.kind == "dose":
        what = f"one more unit of {t.column}"
    else:
        what = f"{t.column} ({t.treated} against {t.control})"
    if design.plan.modifiers:
        by = f", and how does that differ by {_and(list(design.plan.modifiers.columns))}?"
    else:
        by = f", and how does that differ between {_and(list(design.groups.columns))}?"
    return _wrap(f"Question: what does {what} do to {design.plan.outcome}{by}")


def _data(posterior: Posterior, source: str) -> str:
    design = posterior.design
    usage, groups = design.usage, design.groups
    dropped = usage.n_read - usage.n_used
    text = f"Data: {source}, {usage.n_used:,} of {usage.n_read:,} rows used"
    if usage.missing:
        worst = sorted(usage.missing, key=lambda pair: -pair[1])
        shown = ", ".join(f"{name} {count:,}" for name, count in worst[:4])
        more = f" and {len(worst) - 4} more columns" if len(worst) > 4 else ""
        text += f" ({dropped:,} dropped; missing: {shown}{more})"
    treated, control = int(groups.n_treated.sum()), usage.n_used - int(groups.n_treated.sum())
    if design.treatment.kind == "dose":
        text += f"; {treated:,} with a dose, {control:,} with a dose of zero."
    else:
        text += f"; {treated:,} treated, {control:,} control."
    size = groups.n_treated if groups.has_control_group else groups.n_treated + groups.n_control
    kind = "treated rows" if groups.has_control_group else "rows"
    text += (
        f" {groups.count:,} group{'s' if groups.count != 1 else ''} of {size.min():,} to "
        f"{size.max():,} {kind} (median {np.median(size):g})"
    )
    text += ", and one control group." if groups.has_control_group else "."
    return _wrap(text)


def _answer(posterior: Posterior, average: Tidy, level: float, unit: str) -> str:
    who = "over the treated rows" if posterior.design.groups.has_control_group else "over all rows"
    lines = []
    for i in range(average.n_rows):
        row = average.row(i)
        on = (
            f" on {posterior.design.plan.outcome} being {row['outcome']}"
            if i or "outcome" in row
            else ""
        )
        lines.append(
            _wrap(
                f"Average effect{on} {who}: {_interval(row, level, unit)}; it is positive with "
                f"probability {format_probability(row['prob_positive'])}."
            )
        )
    return "\n".join(lines)


def _strongest(posterior: Posterior, modifiers: Tidy, level: float) -> str:
    rows = [modifiers.row(i) for i in range(modifiers.n_rows)]
    slopes = [row for row in rows if row["term"] != "Intercept"]
    if not slopes and posterior.sigma_theta is None:
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
    on = link_words(posterior.design.plan)
    scale = f" on the {on}" if on else ""
    told = f"difference for one more; median, {percent(level)} interval"
    head = _wrap(f"{title} of the effect{scale} ({told}):")
    return "\n".join([head, *lines])


def _strength(row: dict[str, float]) -> float:
    """Size over error; nothing where the tail is too heavy for an error."""
    error = row["std_error"]
    return 0.0 if isnan(error) else abs(row["estimate"]) / max(error, 1e-300)


def _spread(posterior: Posterior, level: float) -> str:
    if posterior.sigma_theta is None:
        return _wrap("Effect spread: none; the modifiers are taken to explain every difference.")
    one = {k: v[0] for k, v in summarise(posterior.sigma_theta[None, :], level).items()}
    return _wrap(
        f"Effect spread sigma_theta (sd of group effects around their prediction): "
        f"{_interval(one, level)}."
    )


def _method(posterior: Posterior) -> str:
    d, plan = posterior.diagnostics, posterior.design.plan
    preset = f", preset {plan.preset}" if plan.preset else ""
    return _wrap(
        f"Model: {_family(plan)}, baseline {plan.baseline}{preset}. Method {d.method}: {d.draws:,} "
        f"independent draws, Pareto k-hat {d.k_hat:.2f} (good below 0.7), importance effective "
        f"sample size {d.effective_share:.0%} of {d.proposals:,} proposals; seed {plan.seed}."
    )


def _family(plan: Plan) -> str:
    return plan.family if plan.link == "identity" else f"{plan.family} ({plan.link})"


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
