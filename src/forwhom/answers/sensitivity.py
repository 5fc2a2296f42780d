"""What each conclusion owes to priors and data, with a diagnosis in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forwhom.data import Tidy
from forwhom.fitted import Estimand, LogDensities, power_sensitivity

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


def sensitivity_table(
    estimands: Sequence[Estimand],
    averages: Sequence[tuple[str, FloatArray]],
    found: LogDensities,
) -> Tidy:
    """One row per conclusion: the average effects, each lambda and sigma_theta.

    Args:
        estimands: one per effect and category; averages: of what, and draws (D,).
        found: log densities of the draws.
    """
    estimand = estimands[0]
    parts = [("average effect", what, draws) for what, draws in averages]
    for one in estimands:
        of = _which(one)
        parts += [
            ("lambda", f"{name}{', ' if of else ''}{of}", one.lambda_[:, j])
            for j, name in enumerate(one.effect.lambda_names)
        ]
        if one.sigma_theta is not None:
            parts.append(("sigma_theta", of, one.sigma_theta))
    draws = np.stack([values for _, _, values in parts])
    prior = power_sensitivity(draws, found.prior)
    likelihood = power_sensitivity(draws, found.likelihood)
    columns = {
        "conclusion": [name for name, _, _ in parts],
        "term": [term for _, term, _ in parts],
        "prior": prior,
        "likelihood": likelihood,
        "diagnosis": [diagnose(a, b) for a, b in zip(prior, likelihood, strict=True)],
    }
    given = "as they are in each draw" if found.given_levels else "integrated out"
    flat = sum(entry.prior.distribution == "flat" for entry in estimand.priors.all)
    notes = [
        "How far a conclusion moves when all priors, or the likelihood, are made a little stronger "
        f"or weaker (power-scaling); {LIMIT} and above is sensitive.",
        f"'{CONFLICT}': sensitive to both, which may pull apart. '{STRONG}': sensitive to the "
        "prior alone, the data say little. Where you did not mean that, look at fit.priors().",
        "Scaled: the priors of all shared parameters, and the likelihood with the groups' own "
        f"parameters {given}; not the spread of groups around their prediction.",
    ]
    if flat:
        notes.append("Flat priors have no power to scale and count as they are.")
    return Tidy(columns, "Sensitivity to priors and data", None, tuple(notes), HEADERS)


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
