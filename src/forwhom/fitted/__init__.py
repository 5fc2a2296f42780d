"""Labelled draws, their storage, and diagnostics."""

from forwhom.fitted.elpd import Elpd, loo, sum_error, waic
from forwhom.fitted.local import Block, LocalDraws
from forwhom.fitted.posterior import Posterior, Quantity, link_words, make_posterior, views
from forwhom.fitted.predict import NewGroups, draw_new_groups, new_effects, new_rows
from forwhom.fitted.predictor import CellPredictor, predictor_of
from forwhom.fitted.prior import draw_prior
from forwhom.fitted.replicate import Replication, replicate, simulated_rows
from forwhom.fitted.response import check_scale, on_response, quantities, scales, told_on
from forwhom.fitted.sensitivity import LogDensities, log_densities, power_sensitivity

__all__ = [
    "Block",
    "CellPredictor",
    "Elpd",
    "LocalDraws",
    "LogDensities",
    "NewGroups",
    "Posterior",
    "Quantity",
    "Replication",
    "check_scale",
    "draw_new_groups",
    "draw_prior",
    "link_words",
    "log_densities",
    "loo",
    "make_posterior",
    "new_effects",
    "new_rows",
    "on_response",
    "power_sensitivity",
    "predictor_of",
    "quantities",
    "replicate",
    "scales",
    "simulated_rows",
    "sum_error",
    "told_on",
    "views",
    "waic",
]
