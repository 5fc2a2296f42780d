"""Chains too short to pass their check, for tests that look at something else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest.mock import patch

import nutpie

from forwhom.methods.nuts import sampler

LENGTHS = ("TUNE", "LONGER_TUNE", "LEAST_DRAWS", "LEAST_SAMPLED")


@contextmanager
def short_chains(steps: int, depth: int, **constants: int) -> Iterator[None]:
    """Each length of a chain is ``steps``, trees are ``depth`` deep; other constants by name."""
    changed = dict.fromkeys(LENGTHS, steps) | constants
    with ExitStack() as stack:
        for name, value in changed.items():
            stack.enter_context(patch.object(sampler, name, value))
        stack.enter_context(patch.object(nutpie, "sample", partial(nutpie.sample, maxdepth=depth)))
        yield
