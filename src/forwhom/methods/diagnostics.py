"""What every method says of its own draws."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

K_HAT_LIMIT = 0.7  # Vehtari et al. 2024
LEAST_SHARE = 0.05  # of the proposals; with less, k-hat has too few large weights to judge by
R_HAT_LIMIT, LEAST_ESS = 1.01, 400.0  # Vehtari et al. 2021, Bayesian Analysis 16(2)
LEAST_E_BFMI = 0.2  # Betancourt 2016
MOST_DIVERGING = 1e-3  # of the transitions
MOST_RULE_ERROR = 0.5  # nats: beyond it a weight is off by more than half of itself


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What Markov chains say of themselves, the worst over all coordinates.

    Attributes:
        chains: how many; tune: adaptation steps of each, thrown away.
        r_hat: rank-normalised split R-hat; ess_bulk, ess_tail: effective sample sizes.
        divergences: transitions that broke off; e_bfmi: lowest of the chains.
        transitions: in all, of which every so many is kept as a draw; 0 where each is.
    """

    chains: int
    tune: int
    r_hat: float
    ess_bulk: float
    ess_tail: float
    divergences: int
    e_bfmi: float
    transitions: int = 0

    def broken(self, draws: int) -> bool:
        """Whether too many transitions broke off."""
        return self.divergences > MOST_DIVERGING * (self.transitions or draws)

    def failures(self, draws: int) -> tuple[str, ...]:
        """What is wrong, in words with figures; empty where nothing is."""
        found = []
        if not self.r_hat < R_HAT_LIMIT:
            found.append(f"R-hat {self.r_hat:.3f}, should be below {R_HAT_LIMIT}")
        ess = min(self.ess_bulk, self.ess_tail)
        if not ess >= LEAST_ESS:
            found.append(f"effective sample size {ess:,.0f}, should be at least {LEAST_ESS:,.0f}")
        if self.broken(draws):
            steps = f"{self.transitions:,} transitions" if self.transitions else f"{draws:,} draws"
            found.append(f"{self.divergences:,} divergences in {steps}")
        if not self.e_bfmi >= LEAST_E_BFMI:
            found.append(f"E-BFMI {self.e_bfmi:.2f}, should be at least {LEAST_E_BFMI}")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How the draws were made and whether they can be trusted.

    Attributes:
        method: which method ran; why: in words.
        draws: number of draws.
        proposals: importance proposals behind them.
        k_hat: Pareto k of the weights (below 0.7 is reliable).
        effective_share: importance effective sample size over proposals.
        distinct: different scale values among the draws; one where some scale never moves.
        evaluations: density evaluations in all.
        chains: the check of Markov chains, in place of the weights', where NUTS ran.
        rule_error: what finer rules of quadrature change of a log density at most, in nats.
    """

    method: str
    why: str
    draws: int
    proposals: int
    k_hat: float
    effective_share: float
    distinct: int
    evaluations: int
    chains: ChainCheck | None = None
    rule_error: float = 0.0

    @staticmethod
    def of_chains(check: ChainCheck, draws: int, why: str) -> Diagnostics:
        """Of draws by NUTS; what belongs to importance weights is not a number."""
        nan = float("nan")
        return Diagnostics("nuts", why, draws, 0, nan, nan, draws, 0, check)

    @property
    def passed(self) -> bool:
        """Whether the draws are fit for use.

        Weights that are all alike (k-hat of minus infinity) and a scale that never moves are no
        sign of health: such a density was drowned in rounding, or never looked at.
        """
        if self.chains is not None:
            return not self.chains.failures(self.draws)
        if self.method == "prior":  # independent draws from a law that is known
            return True
        moves = self.distinct > 1 or self.draws == 1
        told = isfinite(self.k_hat) and self.k_hat < K_HAT_LIMIT
        return told and self.effective_share > LEAST_SHARE and moves and self.rules_hold

    @property
    def rules_hold(self) -> bool:
        """Whether the rules of quadrature are fine enough for the weights to mean what they say."""
        return self.rule_error <= MOST_RULE_ERROR

    @property
    def weights_in_words(self) -> str:
        """What the importance weights say of themselves, with figures."""
        rules = "" if self.rules_hold else f", quadrature off by {self.rule_error:.1g} nats"
        share = f"effective share {self.effective_share:.1%}"
        return f"Pareto k-hat {self.k_hat:.2f}, {share}{rules}"


def move(*draws: NDArray[np.float64]) -> bool:
    """Whether every coordinate of (D, ...) draws takes more than one value.

    >>> move(np.arange(6.0).reshape(3, 2)), move(np.arange(3.0), np.ones(3))
    (True, False)
    """
    return all(bool((part != part[:1]).any(axis=0).all()) for part in draws)
