"""Labelled draws, their storage, and diagnostics."""

from forwhom.posterior.local import Block, LocalDraws
from forwhom.posterior.posterior import Posterior, Quantity, link_words, make_posterior
from forwhom.posterior.response import check_scale, quantities, scales, told_on

__all__ = [
    "Block",
    "LocalDraws",
    "Posterior",
    "Quantity",
    "check_scale",
    "link_words",
    "make_posterior",
    "quantities",
    "scales",
    "told_on",
]
