"""Draws by NUTS: everything is at hand, chain after chain.

Tests: tests/fitted/test_storage.py.
"""

from __future__ import annotations

from forwhom.cells import Problem
from forwhom.errors import DataError
from forwhom.methods.diagnostics import ChainCheck, Diagnostics
from forwhom.methods.joint import JointDraws, name_draws, revive_draws
from forwhom.methods.method import Arrays, Progress
from forwhom.methods.nuts.build import build_joint
from forwhom.methods.nuts.sampler import sample_nuts


def sample(problem: Problem, why: str, progress: Progress) -> JointDraws:
    """Draw from the joint posterior."""
    plan = problem.design.plan
    model = build_joint(problem)
    return name_draws(problem, sample_nuts(model, plan.draws, plan.seed, why, progress))


def revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> JointDraws:
    """The draws again.

    Raises:
        DataError: arrays that do not belong to the problem.
    """
    check = diagnostics.check
    if not isinstance(check, ChainCheck) or check.chains < 1 or diagnostics.draws % check.chains:
        raise DataError("its draws are not whole chains.")
    return revive_draws(problem, arrays, diagnostics)
