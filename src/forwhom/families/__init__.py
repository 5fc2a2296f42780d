"""Outcome families. A new family is one file in this folder and one row in ``FAMILIES``.

>>> FAMILIES["gaussian"].parameter_names
('sigma',)
"""

from __future__ import annotations

from forwhom.families.bernoulli import BERNOULLI, BINOMIAL
from forwhom.families.beta import BETA
from forwhom.families.categorical import CATEGORICAL
from forwhom.families.counts import NEGATIVE_BINOMIAL, POISSON
from forwhom.families.family import Derivatives, Family, Outcome, Parameter
from forwhom.families.gaussian import GAUSSIAN, KNOWN_GAUSSIAN, LOGNORMAL
from forwhom.families.ordered_beta import ORDERED_BETA
from forwhom.families.ordinal import ORDINAL
from forwhom.families.piecewise import PIECEWISE_EXPONENTIAL, in_interval, lay_out
from forwhom.families.positive import EXPONENTIAL, GAMMA, WEIBULL
from forwhom.families.student import STUDENT

__all__ = [
    "FAMILIES",
    "KNOWN_GAUSSIAN",
    "Derivatives",
    "Family",
    "Outcome",
    "Parameter",
    "in_interval",
    "lay_out",
]

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        *(GAUSSIAN, STUDENT, LOGNORMAL, GAMMA, BERNOULLI, BINOMIAL, ORDINAL, CATEGORICAL, POISSON),
        *(NEGATIVE_BINOMIAL, BETA, ORDERED_BETA, EXPONENTIAL, WEIBULL, PIECEWISE_EXPONENTIAL),
    )
}
