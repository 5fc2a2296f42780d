"""Labelled draws, their storage, and diagnostics."""

from forwhom.posterior.elpd import Elpd, loo, sum_error, waic
from forwhom.posterior.local import Block, LocalDraws
from forwhom.posterior.posterior import LINK_WORDS, Posterior, Quantity, make_posterior
from forwhom.posterior.predictor import CellPredictor, predictor_of
from forwhom.posterior.prior import draw_prior
from forwhom.posterior.replicate import Replication, replicate, simulated_rows
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
    "draw_prior",
    "log_densities",
    "loo",
    "make_posterior",
    "on_response",
    "power_sensitivity",
    "predictor_of",
    "quantities",
    "replicate",
    "simulated_rows",
    "sum_error",
    "waic",
]
