"""What a method is given: the recipe, what the rows were reduced to, and the priors."""

from __future__ import annotations

from dataclasses import dataclass

from forwhom.cells.priors import Priors
from forwhom.cells.sums import Sums
from forwhom.design import Design


@dataclass(frozen=True, slots=True)
class Problem:
    """Three things that always travel together.

    Attributes:
        cells: ``RowCells`` where the method needs the rows; ``cells.content`` tells.
    """

    design: Design
    cells: Sums
    priors: Priors
