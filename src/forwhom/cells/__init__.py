"""What to reduce the rows to, and the reduction."""

from forwhom.cells.baseline import baseline_difference
from forwhom.cells.checks import check_columns, nearly_collinear, silent
from forwhom.cells.likelihood import LikelihoodCells, RowKinds, kind_of_rows
from forwhom.cells.priors import Priors, ResolvedPrior, in_words, resolve_priors
from forwhom.cells.problem import Problem
from forwhom.cells.reduce import reduce_rows
from forwhom.cells.sums import EffectColumns, Layout, Needs, RowCells, Sums

__all__ = [
    "EffectColumns",
    "Layout",
    "LikelihoodCells",
    "Needs",
    "Priors",
    "Problem",
    "ResolvedPrior",
    "RowCells",
    "RowKinds",
    "Sums",
    "baseline_difference",
    "check_columns",
    "in_words",
    "kind_of_rows",
    "nearly_collinear",
    "reduce_rows",
    "resolve_priors",
    "silent",
]
