"""What is read off the posterior: effects, averages, tables, warnings."""

from forwhom.estimands.bookkeeping import diagnostics_table, groups_table, rows_table
from forwhom.estimands.caution import Caution
from forwhom.estimands.cautions import cautions
from forwhom.estimands.check import check_table
from forwhom.estimands.coefficients import modifiers_table, parameters_table, priors_table
from forwhom.estimands.effects import (
    GroupPass,
    average_by_table,
    average_draws,
    average_table,
    effects_table,
    pass_over_groups,
    stack,
)
from forwhom.estimands.elpd import elpd_table, pointwise_table
from forwhom.estimands.predict import predictions_table
from forwhom.estimands.prior import (
    observed_differences,
    prior_effects_table,
    prior_outcome_table,
)
from forwhom.estimands.sensitivity import sensitivity_table
from forwhom.estimands.summarise import summarise

__all__ = [
    "Caution",
    "GroupPass",
    "average_by_table",
    "average_draws",
    "average_table",
    "cautions",
    "check_table",
    "diagnostics_table",
    "effects_table",
    "elpd_table",
    "groups_table",
    "modifiers_table",
    "observed_differences",
    "parameters_table",
    "pass_over_groups",
    "pointwise_table",
    "predictions_table",
    "prior_effects_table",
    "prior_outcome_table",
    "priors_table",
    "rows_table",
    "sensitivity_table",
    "stack",
    "summarise",
]
