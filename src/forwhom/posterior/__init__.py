"""Labelled draws, their storage, and diagnostics."""

from forwhom.posterior.elpd import Elpd, loo, sum_error, waic
from forwhom.posterior.local import Block, LocalDraws
from forwhom.posterior.posterior import LINK_WORDS, Posterior, Quantity, make_posterior
from forwhom.posterior.predictor import CellPredictor, predictor_of
from forwhom.posterior.replicate import Replication, replicate
from forwhom.posterior.response import on_response, quantities
from forwhom.posterior.sensitivity import LogDensities, log_densities, power_sensitivity

__all__ = [
    "LINK_WORDS",
    "Block",
    "CellPredictor",
    "Elpd",
    "LocalDraws",
    "LogDensities",
    "Posterior",
    "Quantity",
    "Replication",
    "log_densities",
    "loo",
    "make_posterior",
    "on_response",
    "power_sensitivity",
    "predictor_of",
    "quantities",
    "replicate",
    "sum_error",
    "waic",
]
