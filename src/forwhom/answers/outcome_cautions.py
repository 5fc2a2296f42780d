"""Warnings about what the outcome's scale and law can bear.

Tests: tests/answers/test_cautions.py.
"""

from __future__ import annotations

import numpy as np

from forwhom.answers.caution import Caution
from forwhom.answers.dispersion import dispersion
from forwhom.answers.summarise import FLAT_NOTE
from forwhom.data import Tidy
from forwhom.fitted import Estimand, link_words

FAR_UNIT = 30.0  # sds of a dose in one unit of it: about ten times the range of the doses


def overdispersion(estimand: Estimand) -> list[Caution]:
    """Counts more spread out than Poisson's law allows."""
    plan = estimand.design.plan
    if plan.family != "poisson":
        return []
    found = dispersion(estimand)
    if found is None or not found.large:
        return []
    given = f" given '{plan.exposure}'" if plan.exposure else ""
    return [
        Caution(
            "overdispersion",
            f"The counts of '{plan.outcome}' are {_grouped(found.ratio)} times as spread out "
            f"around what is expected{given} as family 'poisson' allows, whose variance is its "
            "mean (variance over mean 1 expected): its intervals are too narrow, by a factor of "
            f"about {_grouped(float(np.sqrt(found.ratio)))}. family='negative_binomial' learns the "
            "spread from the data.",
        )
    ]


def _grouped(x: float) -> str:
    """Two significant digits, thousands set apart."""
    return f"{float(f'{x:.2g}'):,.15g}"


def dose_unit(estimand: Estimand) -> list[Caution]:
    """A dose whose unit lies far outside the doses given, where the link is bent."""
    design = estimand.design
    on = link_words(design.plan)
    if estimand.treatment.kind != "dose" or not on:
        return []
    sds = 1 / float(estimand.fitted.cells.dose_scale[estimand.quantity.effect])
    if sds < FAR_UNIT:
        return []
    name, power = estimand.treatment.column, round(np.log10(sds))
    return [
        Caution(
            "dose_unit",
            f"One unit of '{name}' is {_grouped(sds)} standard deviations of the doses given: an "
            "effect of one unit more is said of doses that nobody had, and may be beyond all "
            f"bounds. Multiply '{name}' by 1e{power} for a unit of the size of its differences; "
            f"effects on the {on} (scale='link') are then those of now divided by 1e{power}.",
        )
    ]


def heavy_tail(estimand: Estimand, average: Tidy) -> list[Caution]:
    """An average effect whose sd cannot be told from draws: a mean time, for instance."""
    low, high = (np.asarray(average.columns[name]) for name in ("conf_low", "conf_high"))
    if (low == high).any():
        return [Caution("no_width", f"The average effect: {FLAT_NOTE}")]
    if not np.isnan(np.asarray(average.columns["std_error"])).any():
        return []
    known = link_words(estimand.design.plan)
    way = f" Effects on the {known} are steadier (scale='link')." if known else ""
    return [
        Caution(
            "heavy_tail",
            f"The posterior of the average effect has so heavy a tail that one of "
            f"{estimand.diagnostics.draws:,} draws makes up more than a quarter of its variance: "
            "no standard error is given, and the ends of the interval lean on the priors "
            f"(fit.priors() shows them).{way}",
        )
    ]
