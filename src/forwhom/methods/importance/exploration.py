"""What both proposals come to: weighted points, resampled, and how good the proposal was.

Tests: tests/methods/importance/test_grid.py, tests/methods/importance/test_proposal.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.diagnostics import LogMass, WeightCheck
from forwhom.methods.importance.pareto import effective_share, pareto_k
from forwhom.methods.importance.resample import systematic

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Exploration:
    """D resampled points.

    Attributes:
        tau: (D, R) sds; rest: (D, m) the other coordinates.
        check: of the weights.
    """

    tau: FloatArray
    rest: FloatArray
    check: WeightCheck

    @staticmethod
    def of(
        tau: FloatArray,
        rest: FloatArray,
        log_weight: FloatArray,
        draws: int,
        rng: np.random.Generator,
        evaluations: int,
    ) -> Exploration:
        """Resample N weighted points, (N, R) and (N, m)."""
        picked = systematic(log_weight, draws, rng)
        check = WeightCheck(
            proposals=len(log_weight),
            k_hat=pareto_k(log_weight),
            effective_share=effective_share(log_weight),
            distinct=len(np.unique(picked)),
            evaluations=evaluations,
            mass=LogMass.of(log_weight),
        )
        return Exploration(tau[picked], rest[picked], check)
