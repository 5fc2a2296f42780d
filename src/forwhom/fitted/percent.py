"""Effects in percent, for families whose linear predictor is a logarithm.

Treatment multiplies the mean of every row by exp(theta), whatever else the row holds; for a
lognormal outcome the median too, and for a piecewise hazard the hazard by exp(-theta). So no rows
are needed, and every method tells it: 100 (exp(theta) - 1), in every draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.families import FAMILIES
from forwhom.fitted.local import Block, Locals
from forwhom.fitted.posterior import Posterior, Quantity

FloatArray = NDArray[np.float64]


LARGEST = 500.0  # of a logarithm: beyond it, 1e217 times as much is as large as numbers are told


def percent_of(theta: FloatArray) -> FloatArray:
    """100 (exp(theta) - 1), of any shape."""
    return np.asarray(100 * np.expm1(np.minimum(theta, LARGEST)))


@dataclass(frozen=True, eq=False)
class PercentLocals:
    """Group effects in percent, in the shape of other locals; ``sign`` as in exp(sign theta)."""

    base: Locals
    sign: float

    @property
    def count(self) -> int:
        """Number of groups."""
        return self.base.count

    def map[T](self, work: Callable[[Block], T]) -> Iterator[T]:
        """Apply ``work`` to every block, theta in percent."""
        return self.base.map(
            lambda block: work(replace(block, theta=percent_of(self.sign * block.theta)))
        )

    def theta(self) -> FloatArray:
        """All group effects, (G, D)."""
        return percent_of(self.sign * self.base.theta())

    def eta(self) -> FloatArray:
        """Predicted effects on the link scale, (G, D)."""
        return self.base.eta()

    def baselines(self) -> FloatArray:
        """Group baselines on the link scale, (G, D)."""
        return self.base.baselines()

    def control_theta(self) -> FloatArray:
        """The preset's control group's own theta, (D,), on the link scale."""
        return self.base.control_theta()


def in_percent(posterior: Posterior) -> Posterior:
    """The same posterior with group effects as percent of what is expected without treatment."""
    family = FAMILIES[posterior.design.plan.family]
    hazard = family.response == "restricted time"
    local = PercentLocals(posterior.local, -1.0 if hazard else 1.0)
    quantity = Quantity("", "hazard" if hazard else family.response, 100.0, percent=True)
    return replace(posterior, local=local, quantity=quantity)
