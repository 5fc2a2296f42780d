"""What a number is told of: an effect, of a linear predictor, on a scale.

Tests: tests/test_api.py.
"""

from __future__ import annotations

from dataclasses import dataclass

RESPONSE_WORDS = {
    "probability": "the probability",
    "rate": "the rate",
    "mean": "the mean",
    "time": "the mean time",
    "restricted time": "the mean time",
    "hazard": "the hazard",
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A key for caches and labels.

    Attributes:
        effect: which of the design's effects.
        predictor: which linear predictor, on scale "link"; others need them all.
        scale: "link", "response", "percent" or "categories".
        label: which category, or empty where the outcome has one mean.
        response: "probability", "rate", "mean" and the like; empty on the link scale.
        unit: what a value of one is multiplied by: 100 for a probability, in percentage points.
        first, last: the categories whose probabilities are added up, or zeros.
    """

    effect: int = 0
    predictor: int = 0
    scale: str = "link"
    label: str = ""
    response: str = ""
    unit: float = 1.0
    first: int = 0
    last: int = 0

    @property
    def unit_words(self) -> str:
        """The unit in words, where there is one.

        >>> Quantity(scale="response", unit=100.0).unit_words
        'percentage points'
        """
        if self.unit != 100.0:
            return ""
        return "percent" if self.scale == "percent" else "percentage points"
