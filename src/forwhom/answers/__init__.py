"""What is read off the posterior: effects, averages, tables, warnings."""

from forwhom.answers.bookkeeping import diagnostics_table, groups_table, rows_table
from forwhom.answers.caution import Caution
from forwhom.answers.cautions import cautions
from forwhom.answers.check import check_table
from forwhom.answers.coefficients import modifiers_table, parameters_table, priors_table
from forwhom.answers.effects import (
    GroupPass,
    average_by_table,
    average_draws,
    average_table,
    effects_table,
    pass_over_groups,
    stack,
)
from forwhom.answers.elpd import elpd_table, pointwise_table
from forwhom.answers.predict import predictions_table
from forwhom.answers.prior import (
    observed_differences,
    prior_effects_table,
    prior_outcome_table,
)
from forwhom.answers.sensitivity import sensitivity_table
from forwhom.answers.summarise import summarise

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
