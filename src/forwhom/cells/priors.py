"""Every prior of the fit, the user's own, a preset's or the default scaled to the data.

Defaults, with s the sd of the outcome (1 where effects are on a logit, log or other link scale,
and the outcome's mean taken to that scale):

- alpha: normal, centred at the outcome's mean, sd 2.5 s, widened by what the coefficients' priors
  imply for the point where every predictor is zero (so that an uncentred year does no harm);
- beta, delta: normal(0, 2.5 s / sd of the column), as rstanarm's defaults;
- lambda: the intercept normal(0, 2.5 s), widened likewise; the others normal(0, s / sd of the
  modifier): a modifier seldom moves an effect by more than the outcome's whole spread;
- sigma_theta, sigma_b: half_normal(s); sigma: half_student_t(3, 2.5 s); other parameters of
  a family: as its file says.

For a dose, everything about the effect is per unit of dose.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.reduce import Cells
from forwhom.design import Design
from forwhom.families import FAMILIES
from forwhom.plan.priors import Prior, parse_prior


@dataclass(frozen=True, slots=True)
class ResolvedPrior:
    """One parameter's prior and where it comes from.

    Attributes:
        parameter: alpha, beta, delta, lambda, sigma_theta, sigma_b or sigma.
        term: the coefficient, or an empty string.
        prior: the distribution.
        source: "default", "yours" or "preset alley2023".
    """

    parameter: str
    term: str
    prior: Prior
    source: str


@dataclass(frozen=True, slots=True)
class Priors:
    """All priors, coefficients in the layout's order.

    Attributes:
        coefficients: (p,) of them.
        parameters: one per parameter of the family's own, such as sigma.
        spreads: one per group parameter, in the design's order.
    """

    coefficients: tuple[ResolvedPrior, ...]
    parameters: tuple[ResolvedPrior, ...]
    spreads: tuple[ResolvedPrior, ...]

    @property
    def all(self) -> tuple[ResolvedPrior, ...]:
        """Every prior, coefficients first."""
        return (*self.coefficients, *self.spreads, *self.parameters)


def resolve_priors(design: Design, cells: Cells) -> Priors:
    """Fill in what the user left open."""
    s = cells.link_scale
    layout = cells.layout
    unit = cells.dose_scale
    column_sd, column_mean = cells.scale, cells.center

    def resolve(parameter: str, term: str, default: Prior) -> ResolvedPrior:
        own = design.plan.prior(parameter, term or None)
        if own is None:
            return ResolvedPrior(parameter, term, default, "default")
        users = _is_users(design, parameter, term)
        source = "yours" if users else f"preset {design.plan.preset}"
        return ResolvedPrior(parameter, term, own, source)

    def slopes(parameter: str, names: tuple[str, ...], where: slice) -> list[ResolvedPrior]:
        sds = 2.5 * s / column_sd[where]
        return [
            resolve(parameter, name, _normal(0.0, float(sd)))
            for name, sd in zip(names, sds, strict=True)
        ]

    beta = slopes("beta", design.controls.names, layout.beta)
    delta = slopes("delta", design.delta_names, layout.delta)
    names = design.lambda_names
    modifier_sd = s / (cells.modifier_scale * unit)
    widened = _widened(2.5 * s / unit, modifier_sd, cells.modifier_center)
    lambda_ = [resolve("lambda", names[0], _normal(0.0, widened))] + [
        resolve("lambda", name, _normal(0.0, float(sd)))
        for name, sd in zip(names[1:], modifier_sd, strict=True)
    ]
    before = slice(1, layout.delta.stop)
    alpha_sd = _widened(2.5 * s, 2.5 * s / column_sd[before], column_mean[before])
    alpha = resolve("alpha", "", _normal(cells.link_center, alpha_sd))
    half = {"b": ("sigma_b", s), "theta": ("sigma_theta", s / unit)}
    spreads = tuple(
        resolve(half[name][0], "", Prior("half_normal", (_rounded(half[name][1]),)))
        for name in design.random_names
    )
    parameters = tuple(
        resolve(
            parameter.name,
            "",
            Prior("half_student_t", (3.0, _rounded(2.5 * s)))
            if parameter.name == "sigma"
            else parse_prior(parameter.prior, parameter.name),
        )
        for parameter in FAMILIES[design.plan.family].parameters
    )
    return Priors((alpha, *beta, *delta, *lambda_), parameters, spreads)


def in_words(priors: Priors) -> list[tuple[str, str, str, str]]:
    """(parameter, terms, prior as text, source), equal neighbours gathered in one row.

    A row that holds every term of its parameter says "all" instead of naming them.
    """
    rows: list[tuple[str, list[str], str, str]] = []
    for entry in priors.all:
        text = entry.prior.text
        if rows and rows[-1][0] == entry.parameter and rows[-1][2:] == (text, entry.source):
            rows[-1][1].append(entry.term)
        else:
            rows.append((entry.parameter, [entry.term], text, entry.source))
    size = Counter(entry.parameter for entry in priors.all)
    return [
        (name, "all" if 1 < size[name] == len(terms) else ", ".join(terms), text, source)
        for name, terms, text, source in rows
    ]


def _is_users(design: Design, parameter: str, term: str) -> bool:
    return any(key == parameter and of in (None, term) for key, of, _ in design.plan.priors)


def _widened(base: float, slope_sds: NDArray[np.float64], centers: NDArray[np.float64]) -> float:
    """Sd of an intercept at zero implied by one at the mean and independent slopes."""
    return float(np.sqrt(base**2 + ((slope_sds * centers) ** 2).sum()))


def _normal(mean: float, sd: float) -> Prior:
    """Normal, its mean rounded to a hundredth of its sd."""
    digits = 2 - int(np.floor(np.log10(sd)))
    return Prior("normal", (round(mean, digits), _rounded(sd)))


def _rounded(x: float) -> float:
    """Three significant digits: the prior printed is the prior used."""
    return float(f"{x:.3g}")
