"""The few names from inside the package that these tests need: a move renames them here alone."""

from __future__ import annotations

from forwhom.families import FAMILIES
from forwhom.plan.parts import PARTS
from forwhom.plan.presets import PRESETS
from forwhom.plan.priors import DISTRIBUTIONS

BASELINES, METHODS, SIGMA_BY, SPREADS, WEIGHTS_KINDS = (
    PARTS[name].choices for name in ("baseline", "method", "sigma_by", "spread", "weights_kind")
)

__all__ = [
    "BASELINES",
    "DISTRIBUTIONS",
    "FAMILIES",
    "METHODS",
    "PRESETS",
    "SIGMA_BY",
    "SPREADS",
    "WEIGHTS_KINDS",
]
