"""Outcome families. A new family is one file in this folder and one row in ``FAMILIES``.

>>> FAMILIES["gaussian"].parameter_names
('sigma',)
"""

from __future__ import annotations

from forwhom.families.bernoulli import BERNOULLI, BINOMIAL
from forwhom.families.beta import BETA
from forwhom.families.counts import NEGATIVE_BINOMIAL, POISSON
from forwhom.families.family import Derivatives, Family, Outcome, Parameter
from forwhom.families.gaussian import GAUSSIAN, LOGNORMAL
from forwhom.families.ordinal import ORDINAL
from forwhom.families.positive import EXPONENTIAL, GAMMA, WEIBULL
from forwhom.families.student import STUDENT

__all__ = ["FAMILIES", "Derivatives", "Family", "Outcome", "Parameter"]

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        *(GAUSSIAN, STUDENT, LOGNORMAL, GAMMA, BERNOULLI, BINOMIAL, ORDINAL, POISSON),
        *(NEGATIVE_BINOMIAL, BETA, EXPONENTIAL, WEIBULL),
    )
}
