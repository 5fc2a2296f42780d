"""The figures of a fit: a method for each answer that has one.

``tests/answers/test_contract.py`` holds each to the row of ``ANSWERS`` that it draws.
"""

from forwhom.plots.plots import Plots

__all__ = ["Plots"]
