"""What a method is given: the recipe, what the rows were reduced to, and the priors.

Tests: tests/cells/test_reduce.py
"""

from __future__ import annotations

from dataclasses import dataclass

from forwhom.cells.priors import Priors
from forwhom.cells.reduce import Cells
from forwhom.design import Design


@dataclass(frozen=True, slots=True)
class Problem:
    """Three things that always travel together."""

    design: Design
    cells: Cells
    priors: Priors
