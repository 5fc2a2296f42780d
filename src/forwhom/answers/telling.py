"""How draws are told: interval, and probabilities of more than a bar or within a range.

Tests: tests/answers/test_telling.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.summarise import SUMMARY_HEADERS, summarise
from forwhom.design import number_text
from forwhom.errors import PlanError
from forwhom.fitted import Quantity

FloatArray = NDArray[np.float64]

INTERVALS = ("equal-tailed", "hdi")


@dataclass(frozen=True, slots=True)
class Telling:
    """What is said of the draws of each row of a table.

    Attributes:
        level: of the intervals; interval: "equal-tailed", or "hdi", the shortest that holds it.
        above: a bar; column ``prob_above`` is the probability of more.
        equivalence: a range; column ``prob_within`` is the probability of lying in it.
        draws: the draws themselves instead.
    """

    level: float
    interval: str = "equal-tailed"
    above: float | None = None
    equivalence: tuple[float, float] | None = None
    draws: bool = False

    def columns(self, draws: FloatArray, precise: bool = True) -> dict[str, FloatArray]:
        """Columns of length m from draws (m, D); see ``summarise``."""
        found = summarise(draws, self.level, precise, hdi=self.interval == "hdi")
        if self.above is not None:
            found["prob_above"] = (draws > self.above).mean(axis=1)
        if self.equivalence is not None:
            low, high = self.equivalence
            found["prob_within"] = ((draws >= low) & (draws <= high)).mean(axis=1)
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        more = (
            *(("prob_above",) if self.above is not None else ()),
            *(("prob_within",) if self.equivalence is not None else ()),
        )
        return ("estimate", "std_error", "conf_low", "conf_high", "prob_positive", *more)

    @property
    def headers(self) -> dict[str, str]:
        """Readable names of the columns."""
        found = dict(SUMMARY_HEADERS)
        if self.above is not None:
            found["prob_above"] = f"P(>{number_text(self.above)})"
        if self.equivalence is not None:
            low, high = map(number_text, self.equivalence)
            found["prob_within"] = f"P({low} to {high})"
        return found

    def check(self, quantity: Quantity) -> None:
        """Refuse a bar or range that effects on a scale can never reach.

        Raises:
            PlanError: with what they can.
        """
        unit = quantity.unit_words
        least, most = {
            "percentage points": (-100.0, 100.0),
            "percent": (-100.0, np.inf),
        }.get(unit, (-np.inf, np.inf))
        bars = [("above", self.above)] if self.above is not None else []
        bars += [("equivalence", end) for end in self.equivalence or ()]
        for name, bar in bars:
            if not least <= bar <= most:
                end = f"{least:g} to {most:g}" if most < np.inf else f"{least:g} or more"
                raise PlanError(
                    f"{name}={bar:g} is beyond the scale: these effects are in {unit}, {end}. "
                    "scale='link' tells them on the scale of the model."
                )
