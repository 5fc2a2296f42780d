"""Every shared parameter beside the heterogeneity equation's coefficients.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer, check_all
from forwhom.answers.naming import (
    contrast_line,
    effect_on,
    effect_words,
    labels_for,
    outcome_name,
    treatment_name,
)
from forwhom.answers.options import TELLING
from forwhom.answers.sample import Sample
from forwhom.answers.summarise import SUMMARY_HEADERS, summarise
from forwhom.answers.tables import stack
from forwhom.answers.telling import Telling
from forwhom.answers.which import picked
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.design import Design, number_text
from forwhom.fitted import Estimand

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import ValueLabels

FloatArray = NDArray[np.float64]

GOES = "goes with the outcome"


def parameters_table(workings: Workings, telling: Telling) -> Tidy:
    """alpha, beta, delta and the standard deviations, by category of an unordered outcome."""
    estimands, count = workings.estimands, len(workings.design.effects)
    by_category = [estimands[i : i + count] for i in range(0, len(estimands), count)]
    tables = [_of_one_predictor(workings, some, telling) for some in by_category]
    return stack(tables, [some[0] for some in by_category])


def _of_one_predictor(workings: Workings, estimands: Sequence[Estimand], telling: Telling) -> Tidy:
    """Of one linear predictor, from its estimands: one per effect."""
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
    columns = {
        "parameter": [name for name, terms, _ in parts for _ in terms],
        "term": [term for _, terms, _ in parts for term in terms],
    }
    draws = np.hstack([values for _, _, values in parts]).T
    on = effect_words(estimand, workings.labels)
    on = f"Of the outcome equation: alpha, beta and delta are in {on}."
    notes = () if design.estimates else (on,)
    sample = Sample(columns, draws, workings.chains, SUMMARY_HEADERS | {"parameter": "Parameter"})
    return sample.table(telling, "Other parameters", notes)


def _entries(design: Design, name: str, size: int) -> tuple[str, ...]:
    """Terms of a parameter: none for one value, else their numbers, or a hazard's intervals."""
    if name == "hazard_ratios":
        edges = [number_text(float(f"{end:.4g}")) for end in design.outcome.ends]
        spans = [f"{low} to {high}" for low, high in pairwise(edges)]
        return (*spans[:-1], f"after {edges[-2]}")
    if name == "sigma" and design.plan.sigma_by == "arm":
        return design.arms
    return ("",) if size == 1 else tuple(str(i + 1) for i in range(size))


# Many parameters: a figure's options are named one by one, as in the method of ``Plots``.
def parameters_figure(
    workings: Workings,
    *,
    treatment: str | None = None,
    category: str | None = None,
    level: float | None = None,
    intercept: Literal["last", "omit"] = "omit",
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """Both equations' coefficients, per two standard deviations of what they are of."""
    from forwhom.draw.coefficients import coefficients_figure
    from forwhom.draw.labels import recipe_labels, term_labels

    estimand = picked(workings, treatment, category)
    level = check_all(workings, ("level",), {"level": level})["level"]
    names, design = labels_for(estimand, labels, value_labels), estimand.design
    sums, layout = workings.fitted.cells, workings.fitted.layout
    controls = recipe_labels(design, design.controls, names)
    modifiers = recipe_labels(design, design.modifiers, names) if design.delta_names else ()
    step = np.r_[1.0, 2 * sums.effects[estimand.quantity.effect].scale]
    terms = term_labels(design, estimand.effect, names)
    if len(terms) == 1 and not controls and not modifiers:  # there is nothing else to draw
        intercept = "last"
    order = [*range(1, len(terms)), *([0] if intercept == "last" else [])]
    of = tuple(terms[k] for k in order)
    effect = [("changes the effect (lambda)", of, estimand.lambda_[:, order], step[order])]
    outcome = [
        (f"{GOES} (delta)", modifiers, estimand.delta, 2 * sums.inner_scale[layout.delta]),
        (f"{GOES}, a control (beta)", controls, estimand.beta, 2 * sums.inner_scale[layout.beta]),
    ]
    if intercept == "last" and not design.estimates:
        outcome.append(("intercept (alpha)", ("Intercept",), estimand.alpha[:, None], np.ones(1)))
    if title is None:
        name = treatment_name(estimand, names, versus=False)
        title = f"What changes the effect of {name}, and what goes with "
        title += outcome_name(estimand, names)
    said = "" if intercept == "omit" else " Intercepts as they are."
    return coefficients_figure(
        {
            "Heterogeneity equation: what changes the effect": _drawn(effect, level),
            "Outcome equation: what goes with the outcome itself": _drawn(outcome, level),
        },
        title=title,
        subtitle=contrast_line(estimand, names),
        x_title=f"On {effect_on(estimand, names, link=True)}, per two standard deviations",
        level=level,
        note="Per two standard deviations of each column, so that units can be compared: for a "
        f"column of two values split evenly the step from one to the other.{said}",
    )


def _drawn(
    parts: Sequence[tuple[str, Sequence[str], FloatArray, FloatArray]], level: float
) -> dict[str, Any]:
    """Coefficients (D, k) for steps (k,) of their columns."""
    draws = np.hstack([values * step for _, _, values, step in parts])
    told = summarise(draws.T, level)
    return {
        **{name: told[name] for name in ("estimate", "conf_low", "conf_high", "prob_positive")},
        "label": [term for _, terms, _, _ in parts for term in terms],
        "mark": [mark for mark, terms, _, _ in parts for _ in terms],
    }


PARAMETERS = Answer(
    "parameters",
    "alpha, beta, delta and the standard deviations.",
    TELLING,
    parameters_table,
    parameters_figure,
    ("treatment", "category", "level", "intercept", "labels", "value_labels", "title"),
)
