"""What every method says of its own draws."""

from __future__ import annotations

from dataclasses import dataclass

K_HAT_LIMIT = 0.7  # Vehtari et al. 2024
LEAST_SHARE = 0.05  # of the proposals; with less, k-hat has too few large weights to judge by


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How the draws were made and whether they can be trusted.

    Attributes:
        method: which method ran; why: in words.
        draws: number of draws.
        proposals: importance proposals behind them.
        k_hat: Pareto k of the weights (below 0.7 is reliable).
        effective_share: importance effective sample size over proposals.
        distinct: different scale values among the draws.
        evaluations: density evaluations in all.
    """

    method: str
    why: str
    draws: int
    proposals: int
    k_hat: float
    effective_share: float
    distinct: int
    evaluations: int

    @property
    def passed(self) -> bool:
        """Whether the importance weights are fit for use."""
        return self.k_hat < K_HAT_LIMIT and self.effective_share > LEAST_SHARE
