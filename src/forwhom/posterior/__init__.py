"""Labelled draws, their storage, and diagnostics."""

from forwhom.posterior.elpd import Elpd, loo, sum_error, waic
from forwhom.posterior.local import Block, LocalDraws
from forwhom.posterior.posterior import LINK_WORDS, Posterior, Quantity, make_posterior
from forwhom.posterior.predictor import CellPredictor, predictor_of
from forwhom.posterior.replicate import Replication, replicate
from forwhom.posterior.response import on_response, quantities

__all__ = [
    "LINK_WORDS",
    "Block",
    "CellPredictor",
    "Elpd",
    "LocalDraws",
    "Posterior",
    "Quantity",
    "Replication",
    "loo",
    "make_posterior",
    "on_response",
    "predictor_of",
    "quantities",
    "replicate",
    "sum_error",
    "waic",
]
