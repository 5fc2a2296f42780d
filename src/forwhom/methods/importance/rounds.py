"""Points of several proposals, each weighed by the mixture of all of them.

Owen and Zhou 2000, JASA 95(449). Tests: tests/methods/importance/test_adaptive.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.diagnostics import LogMass
from forwhom.methods.importance.mixture import log_sum
from forwhom.methods.importance.pareto import effective_share

FloatArray = NDArray[np.float64]


@dataclass(slots=True)
class Rounds:
    """N points so far, of P proposals.

    Attributes:
        value: (N,) log density of the target; logs: (P, N) of each proposal.
        counts: points of each round; shares: effective, of each round's points alone.
        partial: whether some round's proposal covers a part of the target only.
    """

    value: FloatArray = field(default_factory=lambda: np.empty(0))
    logs: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    counts: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    partial: bool = False

    def add(self, value: FloatArray, before: Sequence[FloatArray], own: FloatArray) -> float:
        """A round's points, n of them; the effective share of these alone.

        Args:
            value: (n,); before: log densities of the earlier proposals there, (n,) each.
            own: of the new proposal at all points, (N + n,).
        """
        count = len(value)
        both = np.hstack([self.logs, np.array(before).reshape(-1, count)])
        self.value = np.concatenate([self.value, value])
        self.logs = np.vstack([both, own])
        self.counts.append(count)
        alone = value - own[-count:]
        self.shares.append(effective_share(alone) if np.isfinite(alone).any() else 0.0)
        return self.shares[-1]

    @property
    def log_weight(self) -> FloatArray:
        """Target over the mixture of all proposals, (N,)."""
        shares = np.log(np.array(self.counts) / len(self.value))
        return np.asarray(self.value - log_sum(self.logs + shares[:, None]))

    @property
    def mass(self) -> LogMass:
        """What the target integrates to, each round by its own proposal.

        The mixture of all would tell a little too little: a proposal is learnt from the points of
        the rounds before, and so is high just where these are. A partial one tells nothing alone.
        """
        if self.partial:
            return LogMass.of(self.log_weight)
        each, size, end = [], [], 0
        for k, (count, share) in enumerate(zip(self.counts, self.shares, strict=True)):
            part, end = slice(end, end + count), end + count
            if share > 0:
                each.append(LogMass.of(self.value[part] - self.logs[k, part]))
                size.append(count * share)
        return LogMass.pooled(each, np.array(size))
