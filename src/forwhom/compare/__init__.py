"""Fits compared with one another, and later with what else a user would try."""

from forwhom.compare.fits import Contender, check_names, compare, stacking_weights

__all__ = ["Contender", "check_names", "compare", "stacking_weights"]
