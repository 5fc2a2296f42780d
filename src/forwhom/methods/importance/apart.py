"""What draws have none of where groups are independent given what they share.

Tests: tests/methods/importance/test_proposal.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.method import Levels, Named


class Apart:
    """Part of ``Draws``: neither clusters, nor a law of the groups' own, nor sds by group."""

    tau: NDArray[np.float64]  # (D, R)

    @property
    def clusters(self) -> tuple[Levels, ...]:
        """There are none."""
        return ()

    @property
    def further(self) -> tuple[Named, ...]:
        """There are none."""
        return ()

    @property
    def residual(self) -> NDArray[np.float64]:
        """A residual sd does not differ by group."""
        return np.empty((len(self.tau), 0))
