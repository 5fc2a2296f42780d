"""Labelled draws, their storage, and diagnostics."""

from forwhom.posterior.local import Block, LocalDraws
from forwhom.posterior.posterior import LINK_WORDS, Posterior, Quantity, make_posterior
from forwhom.posterior.response import on_response, quantities

__all__ = [
    "LINK_WORDS",
    "Block",
    "LocalDraws",
    "Posterior",
    "Quantity",
    "make_posterior",
    "on_response",
    "quantities",
]
