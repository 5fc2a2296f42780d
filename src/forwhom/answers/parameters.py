"""Every shared parameter beside the heterogeneity equation's coefficients.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from forwhom.answers.answer import Answer
from forwhom.answers.summarise import SUMMARY_HEADERS, summarise, summary_notes
from forwhom.answers.tables import labels_of, stack
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.design import Design, number_text
from forwhom.fitted import Estimand


def parameters_table(workings: Workings, level: float) -> Tidy:
    """alpha, beta, delta and the standard deviations, by category of an unordered outcome."""
    estimands, count = workings.estimands, len(workings.design.effects)
    by_category = [estimands[i : i + count] for i in range(0, len(estimands), count)]
    tables = [_of_one_predictor(some, level) for some in by_category]
    return stack(tables, labels_of([some[0] for some in by_category]))


def _of_one_predictor(estimands: Sequence[Estimand], level: float) -> Tidy:
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


PARAMETERS = Answer(
    "parameters", "alpha, beta, delta and the standard deviations.", ("level",), parameters_table
)
