"""The few names from inside the package that these tests need: a move renames them here alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest.mock import patch

import nutpie

from forwhom.families import FAMILIES
from forwhom.methods.nuts import sampler as nuts
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
    "short_chains",
]

# (where a constant of NUTS stands, its name, what it becomes)
SHORT = (
    *((nuts, name, 5) for name in ("TUNE", "LONGER_TUNE", "LEAST_DRAWS", "LEAST_SAMPLED")),
    *((nuts, name, 2) for name in ("CHAINS", "KEEP_EVERY")),
)


@contextmanager
def short_chains() -> Iterator[None]:
    """Chains too short to pass their check, but made by every step that long ones are made by."""
    with ExitStack() as stack:
        for place, name, value in SHORT:
            stack.enter_context(patch.object(place, name, value))
        stack.enter_context(patch.object(nutpie, "sample", partial(nutpie.sample, maxdepth=2)))
        yield
