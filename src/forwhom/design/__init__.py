"""Plan and schema to recipe; recipe and rows to arrays."""

from forwhom.data.digits import number_text, number_texts
from forwhom.design.build import Design, Effect, Rows, build_design
from forwhom.design.clusters import Clusters
from forwhom.design.encode import Encoding
from forwhom.design.groups import Groups
from forwhom.design.levels import Keys
from forwhom.design.matrix import MatrixRecipe, TermRecipe, fit_matrix
from forwhom.design.traits import row_keys

__all__ = [
    "Clusters",
    "Design",
    "Effect",
    "Encoding",
    "Groups",
    "Keys",
    "MatrixRecipe",
    "Rows",
    "TermRecipe",
    "build_design",
    "fit_matrix",
    "number_text",
    "number_texts",
    "row_keys",
]
