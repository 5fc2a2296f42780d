"""Labelled draws, their storage, and diagnostics."""

from forwhom.posterior.elpd import Elpd, loo, sum_error, waic
from forwhom.posterior.local import Block, LocalDraws
from forwhom.posterior.posterior import Posterior, Quantity, link_words, make_posterior
from forwhom.posterior.predictor import CellPredictor, predictor_of
from forwhom.posterior.replicate import Replication, replicate
from forwhom.posterior.response import check_scale, on_response, quantities, scales, told_on

__all__ = [
    "Block",
    "CellPredictor",
    "Elpd",
    "LocalDraws",
    "Posterior",
    "Quantity",
    "Replication",
    "check_scale",
    "link_words",
    "loo",
    "make_posterior",
    "on_response",
    "predictor_of",
    "quantities",
    "replicate",
    "scales",
    "sum_error",
    "told_on",
    "waic",
]
