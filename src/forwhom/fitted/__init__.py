"""A problem with its draws: quantities, predictions, checks, storage."""

from forwhom.fitted.alone import Alone, alone
from forwhom.fitted.elpd import Elpd, loo, sum_error, waic
from forwhom.fitted.estimand import Block, Estimand, estimands_of
from forwhom.fitted.evidence import Evidence, evidence, no_evidence
from forwhom.fitted.fitted import Fitted
from forwhom.fitted.outcomes import (
    average_without,
    expected_outcomes,
    no_outcomes,
    no_outcomes_of_groups,
)
from forwhom.fitted.predict import NewGroups, draw_new_groups, new_effects, new_rows
from forwhom.fitted.predictor import CellPredictor, predictor_of
from forwhom.fitted.quantity import Quantity
from forwhom.fitted.refusals import no_replication, no_rows_left_out
from forwhom.fitted.replicate import Replication, replicate, simulated_rows
from forwhom.fitted.rows import fitted_table, with_rows
from forwhom.fitted.scales import check_scale, link_words, quantities, scales
from forwhom.fitted.sensitivity import LogDensities, log_densities, power_sensitivity
from forwhom.fitted.shares import data_shares, prior_shares

__all__ = [
    "Alone",
    "Block",
    "CellPredictor",
    "Elpd",
    "Estimand",
    "Evidence",
    "Fitted",
    "LogDensities",
    "NewGroups",
    "Quantity",
    "Replication",
    "alone",
    "average_without",
    "check_scale",
    "data_shares",
    "draw_new_groups",
    "estimands_of",
    "evidence",
    "expected_outcomes",
    "fitted_table",
    "link_words",
    "log_densities",
    "loo",
    "new_effects",
    "new_rows",
    "no_evidence",
    "no_outcomes",
    "no_outcomes_of_groups",
    "no_replication",
    "no_rows_left_out",
    "power_sensitivity",
    "predictor_of",
    "prior_shares",
    "quantities",
    "replicate",
    "scales",
    "simulated_rows",
    "sum_error",
    "waic",
    "with_rows",
]
