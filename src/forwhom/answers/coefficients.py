"""The heterogeneity equation's coefficients, and every other shared parameter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from forwhom.answers.effects import titled
from forwhom.answers.summarise import SUMMARY_HEADERS, summarise, summary_notes
from forwhom.cells import in_words
from forwhom.data import Tidy
from forwhom.design import Design, number_text
from forwhom.fitted import Estimand


def modifiers_table(estimand: Estimand, level: float) -> Tidy:
    """lambda: how the effect differs by each modifier, one row per coefficient."""
    design = estimand.design
    names, t = estimand.effect.lambda_names, estimand.treatment
    summary = summarise(estimand.lambda_.T, level)
    columns = {
        "treatment": [t.name] * len(names),
        "term": list(names),
        **summary,
    }
    unit = " per unit of dose" if t.kind == "dose" else ""
    several = len(design.effects) > 1
    notes = (
        *summary_notes(summary),
        *((f"{t.name}: the effect of {t.words}.",) if several else ()),
        f"In units of {estimand.effect_on}{unit}, modifiers as given: the difference in the "
        "effect for one more of the modifier. Intercept: the effect where every modifier is zero.",
    )
    title = titled("Modifier coefficients (lambda) of the effect", estimand)
    return Tidy(columns, title, level, notes, SUMMARY_HEADERS)


def parameters_table(estimands: Sequence[Estimand], level: float) -> Tidy:
    """alpha, beta, delta and the standard deviations, one row each.

    Args:
        estimands: one per effect, of the same linear predictor.
        level: of the intervals.
    """
    estimand, design = estimands[0], estimands[0].design
    several = len(estimands) > 1
    alpha = () if design.estimates else (("alpha", ("",), estimand.alpha[:, None]),)
    b = estimand.sigma_b
    parts = [
        *alpha,
        ("beta", design.controls.names, estimand.beta),
        ("delta", design.delta_names, estimand.delta),
        *(() if b is None else (("sigma_b", ("",), b[:, None]),)),
        *(
            ("sigma_theta", (one.treatment.name if several else "",), draws[:, None])
            for one in estimands
            if (draws := one.sigma_theta) is not None
        ),
        *estimand.others,
        *(
            (name, _entries(design, name, values.shape[1]), values)
            for name, values in estimand.parameters.items()
            if values.shape[1]
        ),
    ]
    summary = summarise(np.hstack([draws for _, _, draws in parts]).T, level)
    columns = {
        "parameter": [name for name, terms, _ in parts for _ in terms],
        "term": [term for _, terms, _ in parts for term in terms],
        **summary,
    }
    headers = SUMMARY_HEADERS | {"parameter": "Parameter"}
    notes = summary_notes(summary)
    if not design.estimates:
        notes += (f"Of the outcome equation: alpha, beta and delta are in {estimand.effect_on}.",)
    return Tidy(columns, "Other parameters", level, notes, headers)


def _entries(design: Design, name: str, size: int) -> tuple[str, ...]:
    """Terms of a parameter: none for one value, else their numbers, or a hazard's intervals."""
    if name == "hazard_ratios":
        edges = [number_text(float(f"{end:.4g}")) for end in design.outcome.ends]
        spans = [f"{low} to {high}" for low, high in pairwise(edges)]
        return (*spans[:-1], f"after {edges[-2]}")
    if name == "sigma" and design.plan.sigma_by == "arm":
        return design.arms
    return ("",) if size == 1 else tuple(str(i + 1) for i in range(size))


def priors_table(estimand: Estimand) -> Tidy:
    """Every prior used: in the plan's words, in plain words, and where it comes from."""
    rows = in_words(estimand.priors)
    prior_of = {entry.prior.text: entry.prior for entry in estimand.priors.all}
    columns = {
        "parameter": [row[0] for row in rows],
        "term": [row[1] for row in rows],
        "prior": [row[2] for row in rows],
        "in_words": [prior_of[row[2]].words for row in rows],
        "source": [row[3] for row in rows],
    }
    headers = {
        "parameter": "Parameter",
        "term": "Term",
        "prior": "Prior",
        "in_words": "In words",
        "source": "From",
    }
    return Tidy(columns, "Priors", None, (), headers)
