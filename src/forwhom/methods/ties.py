"""What ties groups together, so that they do not integrate out one by one.

Tests: tests/design/test_clusters.py.
"""

from __future__ import annotations

from forwhom.design import Design
from forwhom.plan import beyond_collapse


def tied(design: Design) -> str:
    """Why groups do not integrate out one by one, in words; empty where they do."""
    several = "the arms of the treatment vary together in every group"
    return beyond_collapse(design.plan) or (several if len(design.effects) > 1 else "")
