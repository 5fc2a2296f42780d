"""Plan and schema to recipe; recipe and rows to arrays."""

from forwhom.design.build import Design, Effect, Rows, build_design
from forwhom.design.clusters import Clusters
from forwhom.design.groups import Groups
from forwhom.design.levels import Keys, number_text, number_texts
from forwhom.design.matrix import MatrixRecipe, fit_matrix

__all__ = [
    "Clusters",
    "Design",
    "Effect",
    "Groups",
    "Keys",
    "MatrixRecipe",
    "Rows",
    "build_design",
    "fit_matrix",
    "number_text",
    "number_texts",
]
