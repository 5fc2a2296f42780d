"""Every shared parameter beside the heterogeneity equation's coefficients.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from forwhom.answers.answer import Answer
from forwhom.answers.naming import effect_words
from forwhom.answers.options import TELLING
from forwhom.answers.sample import Sample
from forwhom.answers.summarise import SUMMARY_HEADERS
from forwhom.answers.tables import labels_of, stack
from forwhom.answers.telling import Telling
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.design import Design, number_text
from forwhom.fitted import Estimand


def parameters_table(workings: Workings, telling: Telling) -> Tidy:
    """alpha, beta, delta and the standard deviations, by category of an unordered outcome."""
    estimands, count = workings.estimands, len(workings.design.effects)
    by_category = [estimands[i : i + count] for i in range(0, len(estimands), count)]
    tables = [_of_one_predictor(workings, some, telling) for some in by_category]
    return stack(tables, labels_of([some[0] for some in by_category]))


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


PARAMETERS = Answer(
    "parameters", "alpha, beta, delta and the standard deviations.", TELLING, parameters_table
)
