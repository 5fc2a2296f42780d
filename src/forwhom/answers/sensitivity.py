"""What each conclusion owes to priors and data, with a diagnosis in words.

Tests: tests/fitted/test_sensitivity.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.fitted import Estimand, check_scale, log_densities, power_sensitivity

FloatArray = NDArray[np.float64]

LIMIT = 0.05  # Kallioinen et al. 2024, section 4
CONFLICT, STRONG = "prior-data conflict", "strong prior / weak likelihood"
HEADERS = {
    "conclusion": "Conclusion",
    "term": "Term",
    "prior": "Prior",
    "likelihood": "Likelihood",
    "diagnosis": "Diagnosis",
}


@dataclass(frozen=True, slots=True)
class _Power:
    """Each conclusion, its term, and how far it moves with the priors and with the likelihood."""

    names: list[str]
    terms: list[str]
    prior: FloatArray
    likelihood: FloatArray
    given_levels: bool


def sensitivity_table(workings: Workings) -> Tidy:
    """One row per conclusion: the average effects, each lambda and sigma_theta."""
    power = _power(workings)
    moves = zip(power.prior, power.likelihood, strict=True)
    columns = {
        "conclusion": power.names,
        "term": power.terms,
        "prior": power.prior,
        "likelihood": power.likelihood,
        "diagnosis": [diagnose(prior, likelihood) for prior, likelihood in moves],
    }
    given = "as they are in each draw" if power.given_levels else "integrated out"
    notes = [
        "How far a conclusion moves when all priors, or the likelihood, are made a little stronger "
        f"or weaker (power-scaling); {LIMIT} and above is sensitive.",
        f"'{CONFLICT}': sensitive to both, which may pull apart. '{STRONG}': sensitive to the "
        "prior alone, the data say little. Where you did not mean that, look at fit.priors().",
        "Scaled: the priors of all shared parameters, and the likelihood with the groups' own "
        f"parameters {given}; not the spread of groups around their prediction.",
    ]
    if any(entry.prior.distribution == "flat" for entry in workings.fitted.priors.all):
        notes.append("Flat priors have no power to scale and count as they are.")
    return Tidy(columns, "Sensitivity to priors and data", None, tuple(notes), HEADERS)


def _power(workings: Workings) -> _Power:
    return workings.kept("power", lambda: _scaled(workings))


def _scaled(workings: Workings) -> _Power:
    parts = [*_averages(workings), *_shared(workings.estimands)]
    draws = np.stack([values for _, _, values in parts])
    found = log_densities(workings.fitted)
    return _Power(
        [name for name, _, _ in parts],
        [term for _, term, _ in parts],
        power_sensitivity(draws, found.prior),
        power_sensitivity(draws, found.likelihood),
        found.given_levels,
    )


def _averages(workings: Workings) -> list[tuple[str, str, FloatArray]]:
    """The average effects, as they are told."""
    shown = workings.on_scale(check_scale(workings.fitted, None))
    several = len(workings.design.effects) > 1
    of = [(one.treatment.name if several else "", one.quantity.label) for one in shown]
    return [
        ("average effect", ", ".join(filter(None, words)), workings.average(one))
        for words, one in zip(of, shown, strict=True)
    ]


def _shared(estimands: Sequence[Estimand]) -> list[tuple[str, str, FloatArray]]:
    """Each lambda and sigma_theta."""
    parts: list[tuple[str, str, FloatArray]] = []
    for one in estimands:
        of = _which(one)
        parts += [
            ("lambda", f"{name}{', ' if of else ''}{of}", one.lambda_[:, j])
            for j, name in enumerate(one.effect.lambda_names)
        ]
        if one.sigma_theta is not None:
            parts.append(("sigma_theta", of, one.sigma_theta))
    return parts


def _refuses(workings: Workings) -> str:
    """Why draws cannot be reweighted; found by trying, and kept."""
    power = _power(workings)
    if np.isfinite(power.prior).all() and np.isfinite(power.likelihood).all():
        return ""
    return (
        "sensitivity() reweights draws, and these hardly differ in what is scaled: one of them "
        "would take all the weight. fit.diagnostics() tells whether the draws can be used; try "
        "more draws."
    )


def _which(estimand: Estimand) -> str:
    """Which of several effects and categories; nothing where there is one."""
    several = len(estimand.design.effects) > 1
    name = estimand.treatment.name if several else ""
    return ", ".join(part for part in (name, estimand.category) if part)


def diagnose(prior: float, likelihood: float) -> str:
    """In words.

    >>> diagnose(0.2, 0.1), diagnose(0.2, 0.01), diagnose(0.01, 0.1)
    ('prior-data conflict', 'strong prior / weak likelihood', '-')
    """
    if prior < LIMIT:
        return "-"
    return CONFLICT if likelihood >= LIMIT else STRONG


SENSITIVITY = Answer(
    "sensitivity",
    "What the conclusions owe to the priors and to the data: power-scaling.",
    (),
    sensitivity_table,
    refuses=_refuses,
    when="checked",
)
