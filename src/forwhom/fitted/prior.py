"""The prior in the shape of a posterior, so that everything asked of a fit can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from forwhom.cells import Cells, Priors
from forwhom.design import Design
from forwhom.errors import PlanError
from forwhom.fitted.latent import IntArray, LatentLocals
from forwhom.fitted.local import Block
from forwhom.fitted.posterior import Posterior, make_posterior
from forwhom.methods.nuts.density import JointModel
from forwhom.methods.prior import sample_joint_prior, sample_prior
from forwhom.methods.quadrature.density import LatentModel
from forwhom.methods.quadrature.segments import Segment


@dataclass(frozen=True, eq=False)
class PriorLocals(LatentLocals):
    """The groups' own parameters drawn from their spread, whatever their rows say."""

    def _block(
        self, part: Segment, cells: IntArray, whole: Segment, rng: np.random.Generator
    ) -> Block:
        return super()._block(replace(part, rank=0), cells, whole, rng)


def draw_prior(
    design: Design, cells: Cells, priors: Priors, model: LatentModel | JointModel
) -> Posterior:
    """Draws of every parameter from its prior, in as many draws and with the seed of the plan.

    Raises:
        PlanError: a prior is flat.
    """
    flat = [
        f"'{entry.parameter}'" + (f" of {entry.term}" if entry.term else "")
        for entry in priors.all
        if entry.prior.distribution == "flat"
    ]
    if flat:
        first = flat[0].split("'")[1]
        scale = first.startswith("sigma") or first not in ("alpha", "beta", "delta", "lambda")
        example = "half_normal(1)" if scale else "normal(0, 1)"
        raise PlanError(
            f"nothing can be simulated from a flat prior, and that of {', '.join(flat)} is flat. "
            f'Give it one that says what is plausible, such as priors={{"{first}": "{example}"}}, '
            "or leave it out for the default."
        )
    if isinstance(model, JointModel):
        joint = sample_joint_prior(model, design.plan.draws, design.plan.seed)
        return make_posterior(design, cells, priors, None, joint)
    drawn = sample_prior(model, design.plan.draws, design.plan.seed)
    posterior = make_posterior(design, cells, priors, model, drawn)
    local = posterior.local
    assert isinstance(local, LatentLocals)
    own = PriorLocals(**{f.name: getattr(local, f.name) for f in fields(local) if f.init})
    return replace(posterior, local=own)
