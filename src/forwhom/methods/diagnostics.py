"""What every method says of its own draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

K_HAT_LIMIT = 0.7  # Vehtari et al. 2024
LEAST_SHARE = 0.05  # of the proposals; with less, k-hat has too few large weights to judge by
R_HAT_LIMIT, LEAST_ESS = 1.01, 400.0  # Vehtari et al. 2021, Bayesian Analysis 16(2)
LEAST_E_BFMI = 0.2  # Betancourt 2016
MOST_DIVERGING = 1e-3  # of the transitions
MOST_RULE_ERROR = 0.5  # nats: beyond it a weight is off by more than half of itself


type Figure = tuple[str, str, float]  # a key, a header, a number


@dataclass(frozen=True, slots=True)
class LogMass:
    """Logarithm of what a density integrates to, and its Monte Carlo standard error.

    Of the rows' density times the prior, parameters in the units of the data and priors with their
    constants; the rows' as their family's ``log_likelihood`` has it, without its ``constant``.
    """

    value: float
    error: float

    @staticmethod
    def of(log_weight: NDArray[np.float64]) -> LogMass:
        """The mean of importance weights (N,), the error by the delta method.

        >>> round(LogMass.of(np.log([1.0, 3.0])).value, 6)
        0.693147
        """
        top = log_weight.max()
        weight = np.exp(log_weight - top)
        mean = weight.mean()
        error = weight.std(ddof=1) / mean / np.sqrt(len(weight))
        return LogMass(float(top + np.log(mean)), float(error))

    @staticmethod
    def pooled(each: Sequence[LogMass], size: NDArray[np.float64]) -> LogMass:
        """The mean of several estimates, by the effective numbers of points behind them."""
        value = np.array([one.value for one in each])
        share = size / size.sum()
        top = value.max()
        part = share * np.exp(value - top)
        error = np.sqrt(((part * [one.error for one in each]) ** 2).sum()) / part.sum()
        return LogMass(float(top + np.log(part.sum())), float(error))

    def plus(self, constant: float) -> LogMass:
        """The same of a density that is exp(constant) times as large."""
        return LogMass(self.value + constant, self.error)


@dataclass(frozen=True, slots=True)
class WeightCheck:
    """What the weights of independent draws say.

    Attributes:
        proposals: importance proposals behind the draws.
        k_hat: Pareto k of the weights (below 0.7 is reliable).
        effective_share: importance effective sample size over proposals.
        distinct: different scale values among the draws; one where some scale never moves.
        evaluations: density evaluations in all.
        rule_error: what finer rules of quadrature change of a log density at most, in nats.
        mass: the density's integral, from the weights; None in fits of before it was kept.
    """

    proposals: int
    k_hat: float
    effective_share: float
    distinct: int
    evaluations: int
    rule_error: float = 0.0
    mass: LogMass | None = None

    @property
    def code(self) -> str:
        """Of the warning where it fails."""
        return "k_hat"

    @property
    def chains(self) -> int:
        """Independent draws are one."""
        return 1

    def passed(self, draws: int) -> bool:
        """Whether the draws are fit for use.

        Weights that are all alike (k-hat of minus infinity) and a scale that never moves are no
        sign of health: such a density was drowned in rounding, or never looked at.
        """
        moves = self.distinct > 1 or draws == 1
        tail = isfinite(self.k_hat) and self.k_hat < K_HAT_LIMIT
        return tail and self.effective_share > LEAST_SHARE and moves and self.rules_hold

    @property
    def rules_hold(self) -> bool:
        """Whether the rules of quadrature are fine enough for the weights to mean what they say."""
        return self.rule_error <= MOST_RULE_ERROR

    def evidence(self, draws: int) -> str:
        """What the weights say, with figures."""
        rules = "" if self.rules_hold else f", quadrature off by {self.rule_error:.1g} nats"
        share = f"effective share {self.effective_share:.1%}"
        return f"Pareto k-hat {self.k_hat:.2f}, {share}{rules}"

    def warning(self, draws: int) -> str:
        """Where it failed: that it did, by what, and what to do."""
        return (
            f"The importance weights fail their check ({self.evidence(draws)}; k-hat should be "
            "below 0.7, the share above 5 %, quadrature off by less than half a nat): do not rely "
            "on these results. Try method='nuts', or more informative priors on the spreads, in "
            "the outcome's units."
        )

    def sentence(self, why: str) -> str:
        """How the draws were made, for a summary."""
        return (
            f"independent draws, Pareto k-hat {self.k_hat:.2f} (good below 0.7), importance "
            f"effective sample size {self.effective_share:.0%} of {self.proposals:,} proposals"
        )

    @property
    def figures(self) -> tuple[Figure, ...]:
        """For a table."""
        return (
            ("proposals", "Proposals", self.proposals),
            ("k_hat", "Pareto k-hat", self.k_hat),
            ("effective_share", "Effective share", self.effective_share),
            ("distinct", "Distinct scales", self.distinct),
        )

    @property
    def meaning(self) -> str:
        """Of the figures, in words."""
        return (
            "Draws are independent. k-hat below 0.7 means that the importance weights can be "
            "trusted."
        )

    @property
    def statistics(self) -> dict[str, float]:
        """For files, by the name that other programs give them."""
        return {
            "k_hat": self.k_hat,
            "effective_share": self.effective_share,
            "proposals": self.proposals,
        }


@dataclass(frozen=True, slots=True)
class SweepCheck:
    """What Markov chains say of themselves, the worst over all coordinates.

    Attributes:
        chains: how many; tune: adaptation steps of each, thrown away.
        r_hat: rank-normalised split R-hat; ess_bulk, ess_tail: effective sample sizes.
    """

    chains: int
    tune: int
    r_hat: float
    ess_bulk: float
    ess_tail: float

    @property
    def code(self) -> str:
        """Of the warning where it fails."""
        return "chains"

    def passed(self, draws: int) -> bool:
        """Whether the draws are fit for use."""
        return not self.failures(draws)

    def failures(self, draws: int) -> tuple[str, ...]:
        """What is wrong, in words with figures; empty where nothing is."""
        found = []
        if not self.r_hat < R_HAT_LIMIT:
            found.append(f"R-hat {self.r_hat:.3f}, should be below {R_HAT_LIMIT}")
        ess = min(self.ess_bulk, self.ess_tail)
        if not ess >= LEAST_ESS:
            found.append(f"effective sample size {ess:,.0f}, should be at least {LEAST_ESS:,.0f}")
        return tuple(found)

    def evidence(self, draws: int) -> str:
        """What the chains fail in, with figures."""
        return "; ".join(self.failures(draws))

    def warning(self, draws: int) -> str:
        """Where it failed: that it did, by what, and what to do."""
        return (
            f"The chains fail their check ({self.evidence(draws)}): do not rely on these results. "
            "Try more informative priors, fewer modifiers or more draws."
        )

    def sentence(self, why: str) -> str:
        """How the draws were made, for a summary."""
        return (
            f"draws of {self.chains} chains, because {why}. R-hat {self.r_hat:.3f} at most "
            f"(good below 1.01), effective sample size {min(self.ess_bulk, self.ess_tail):,.0f} at "
            "least"
        )

    @property
    def figures(self) -> tuple[Figure, ...]:
        """For a table."""
        return (
            ("chains", "Chains", self.chains),
            ("tune", "Adaptation", self.tune),
            ("r_hat", "R-hat", self.r_hat),
            ("ess_bulk", "ESS bulk", _whole(self.ess_bulk)),
            ("ess_tail", "ESS tail", _whole(self.ess_tail)),
        )

    @property
    def meaning(self) -> str:
        """Of the figures, in words."""
        return (
            "Markov chains: the worst of all parameters. R-hat should be below "
            f"{R_HAT_LIMIT}, effective sample sizes (ESS) at least {LEAST_ESS:.0f}."
        )

    @property
    def statistics(self) -> dict[str, float]:
        """For files, by the name that other programs give them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ChainCheck(SweepCheck):
    """The same of chains that follow slopes.

    Attributes:
        divergences: transitions that broke off; e_bfmi: lowest of the chains.
        transitions: in all, of which every so many is kept as a draw; 0 where each is.
    """

    divergences: int
    e_bfmi: float
    transitions: int = 0

    def broken(self, draws: int) -> bool:
        """Whether too many transitions broke off."""
        return self.divergences > MOST_DIVERGING * (self.transitions or draws)

    def failures(self, draws: int) -> tuple[str, ...]:
        """What is wrong, in words with figures; empty where nothing is."""
        found = list(SweepCheck.failures(self, draws))
        if self.broken(draws):
            steps = f"{self.transitions:,} transitions" if self.transitions else f"{draws:,} draws"
            found.append(f"{self.divergences:,} divergences in {steps}")
        if not self.e_bfmi >= LEAST_E_BFMI:
            found.append(f"E-BFMI {self.e_bfmi:.2f}, should be at least {LEAST_E_BFMI}")
        return tuple(found)

    def sentence(self, why: str) -> str:
        """How the draws were made, for a summary."""
        return f"{SweepCheck.sentence(self, why)}, {self.divergences:,} divergences"

    @property
    def figures(self) -> tuple[Figure, ...]:
        """For a table."""
        return (
            *super(ChainCheck, self).figures,
            ("divergences", "Divergences", self.divergences),
            ("e_bfmi", "E-BFMI", self.e_bfmi),
        )

    @property
    def meaning(self) -> str:
        """Of the figures, in words."""
        return (
            "Markov chains: the worst of all parameters. R-hat should be below "
            f"{R_HAT_LIMIT}, effective sample sizes (ESS) at least {LEAST_ESS:.0f}, E-BFMI at "
            f"least {LEAST_E_BFMI}."
        )


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How the draws were made and whether they can be trusted.

    Both checks answer to the same names, so that nobody asks which it is.

    Attributes:
        method: which method ran; why: in words.
        draws: number of draws.
        check: what they say of themselves; None where independent draws are from a law that is
            known.
    """

    method: str
    why: str
    draws: int
    check: WeightCheck | SweepCheck | ChainCheck | None

    @property
    def passed(self) -> bool:
        """Whether the draws are fit for use."""
        return self.check is None or self.check.passed(self.draws)

    @property
    def warning(self) -> tuple[str, str]:
        """A code, and a sentence; both empty where nothing is checked."""
        return ("", "") if self.check is None else (self.check.code, self.check.warning(self.draws))

    @property
    def evidence(self) -> str:
        """By which figures they pass or fail."""
        return "" if self.check is None else self.check.evidence(self.draws)

    @property
    def sentence(self) -> str:
        """How the draws were made, for a summary."""
        return "independent draws" if self.check is None else self.check.sentence(self.why)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """For a table."""
        return () if self.check is None else self.check.figures

    @property
    def meaning(self) -> str:
        """Of the figures, in words."""
        return "" if self.check is None else self.check.meaning

    @property
    def statistics(self) -> dict[str, float]:
        """For files."""
        return {} if self.check is None else self.check.statistics

    @property
    def chains(self) -> int:
        """Number of chains, one after the other; independent draws are one."""
        return 1 if self.check is None else self.check.chains


def complete(check: WeightCheck, constant: float) -> WeightCheck:
    """With the mass of a density that is exp(constant) times the one that was explored."""
    assert check.mass is not None
    return replace(check, mass=check.mass.plus(constant))


def _whole(size: float) -> float:
    """An effective sample size without its fraction; that of chains that stand still is unknown."""
    return round(size) if isfinite(size) else size


def move(*draws: NDArray[np.float64]) -> bool:
    """Whether every coordinate of (D, ...) draws takes more than one value.

    >>> move(np.arange(6.0).reshape(3, 2)), move(np.arange(3.0), np.ones(3))
    (True, False)
    """
    return all(bool((part != part[:1]).any(axis=0).all()) for part in draws)
