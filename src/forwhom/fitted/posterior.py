"""The fitted posterior: labelled draws of what groups share, and the groups on request."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Cells, Priors
from forwhom.design import Design, number_text
from forwhom.families import FAMILIES
from forwhom.fitted.joint import JointLocals, group_levels, other_parameters
from forwhom.fitted.latent import LatentLocals
from forwhom.fitted.local import LocalDraws, Locals
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.exact.density import CollapsedGaussian
from forwhom.methods.exact.sampler import ExactDraws
from forwhom.methods.nuts.sampler import JointDraws
from forwhom.methods.quadrature.density import LatentModel
from forwhom.methods.quadrature.sampler import LatentDraws
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]

LINK_WORDS = {
    "identity": "",
    "log": "logarithm of the mean",
    "logit": "log odds",
    "probit": "probit",
    "cloglog": "complementary log-log",
}
RESPONSE_WORDS = {
    "probability": "the probability",
    "rate": "the rate",
    "mean": "the mean",
    "time": "the mean time",
    "restricted time": "the mean time",
    "hazard": "the hazard",
}


def link_words(plan: Plan) -> str:
    """What the linear predictor is, in words; empty where it is the mean itself."""
    return FAMILIES[plan.family].predictor or LINK_WORDS[plan.link]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One thing that a treatment can change.

    Attributes:
        label: which category, or empty where the outcome has one mean.
        response: "probability", "rate", "mean" and the like.
        unit: what a value of one is multiplied by: 100 for a probability, in percentage points.
        first, last: the categories whose probabilities are added up, or zeros.
        percent: whether a change is told relative to what it is without treatment.
    """

    label: str
    response: str
    unit: float
    first: int = 0
    last: int = 0
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Posterior:
    """Draws in the units of the data; D draws, G groups.

    Attributes:
        design: what the names and groups mean.
        priors: every prior used.
        diagnostics: how the draws were made.
        alpha: (D,); beta: (D, n_controls); delta: (D, k); lambda_: (D, k + 1).
        parameters: the family's own by name, (D, size) each.
        sigma_b, sigma_theta: (D,), or None where the model has no such spread.
        group_weight: (G,) weight of each group's rows, for averages.
        local: draws of theta and b; shared: the draws they are made from.
        quantity: what theta is told in, where that is not the link scale.
        category: of an unordered outcome, the one whose linear predictor this is.
        others: further shared parameters: name, terms, draws (D, terms).
    """

    design: Design
    priors: Priors
    diagnostics: Diagnostics
    alpha: FloatArray
    beta: FloatArray
    delta: FloatArray
    lambda_: FloatArray
    parameters: tuple[tuple[str, FloatArray], ...]
    sigma_b: FloatArray | None
    sigma_theta: FloatArray | None
    group_weight: FloatArray
    local: Locals
    shared: ExactDraws | LatentDraws | JointDraws
    quantity: Quantity | None = None
    category: str = ""
    others: tuple[tuple[str, tuple[str, ...], FloatArray], ...] = ()

    @property
    def effect_on(self) -> str:
        """What an effect is an effect on, in words: "responded", "the log odds of voted = Yes"."""
        return self.effect_in(self.design.plan.outcome, self.design.measured)

    def effect_in(self, outcome: str, measured: str) -> str:
        """The same with other names: of the outcome, and of it with the level that counts."""
        if self.quantity is None:
            on = link_words(self.design.plan)
            if self.category:
                reference = self.design.outcome.levels[0]
                return f"the log odds of {outcome} being {self.category} rather than {reference}"
            return f"the {on} of {measured}" if on else measured
        words = RESPONSE_WORDS[self.quantity.response]
        what = f"{outcome} being {self.quantity.label}" if self.quantity.label else measured
        if self.quantity.response == "restricted time":
            what += f" up to {number_text(self.design.outcome.ends[-1])}"
        return f"{words} of {what}"

    @property
    def unit_words(self) -> str:
        """The unit of effects in words, where they have one."""
        if self.quantity is None or self.quantity.unit != 100.0:
            return ""
        return "percent" if self.quantity.percent else "percentage points"

    @property
    def sigma(self) -> FloatArray:
        """The residual sd, (D,), of a family that has one."""
        return np.asarray(dict(self.parameters)["sigma"][:, 0])


def make_posterior(
    design: Design,
    cells: Cells,
    priors: Priors,
    model: CollapsedGaussian | LatentModel | None,
    draws: ExactDraws | LatentDraws | JointDraws,
) -> Posterior:
    """Name the draws; of several effects, the first."""
    if isinstance(draws, JointDraws):
        return show_joint(design, cells, priors, draws, 0, 0)
    layout = cells.layout
    random = design.random_names
    spreads = {name: draws.spreads[:, r] for r, name in enumerate(random)}
    lambda_ = draws.coefficients[:, layout.lambda_]
    delta = draws.coefficients[:, layout.delta]
    groups = design.groups
    rows = np.column_stack([np.ones(groups.count), cells.effects[0].mean])
    if groups.has_control_group:  # its predicted effect is zero
        rows = np.vstack([rows, np.zeros(rows.shape[1])])
    has_delta = bool(design.delta_names)
    baseline_rows = cells.modifier_mean if has_delta else np.empty((groups.count, 0))
    local: Locals
    parameters: tuple[FloatArray, ...]
    if isinstance(draws, LatentDraws):
        assert isinstance(model, LatentModel)
        local = LatentLocals(
            model=model,
            shared=draws,
            random=random,
            eta_columns=rows,
            baseline_columns=baseline_rows,
            lambda_=lambda_,
            delta=delta,
            seed=design.plan.seed,
            count=groups.count,
        )
        parameters = draws.parameters
    else:
        assert isinstance(model, CollapsedGaussian)
        local = LocalDraws(
            model=model,
            shared=draws,
            random=random,
            eta_columns=rows,
            baseline_columns=baseline_rows,
            lambda_=lambda_,
            delta=delta,
            contrast=np.vstack([-draws.internal.T, np.ones(len(draws.internal))]),
            seed=design.plan.seed,
            count=groups.count,
        )
        parameters = (draws.residual[:, None],)
    names = (entry.parameter for entry in priors.parameters)
    return Posterior(
        design=design,
        priors=priors,
        diagnostics=draws.diagnostics,
        alpha=draws.coefficients[:, 0],
        beta=draws.coefficients[:, layout.beta],
        delta=delta,
        lambda_=lambda_,
        parameters=tuple(zip(names, parameters, strict=True)),
        sigma_b=spreads.get("b"),
        sigma_theta=spreads.get("theta"),
        group_weight=cells.group_weight,
        local=local,
        shared=draws,
    )


def views(posterior: Posterior, cells: Cells) -> tuple[Posterior, ...]:
    """One posterior for each effect of each linear predictor."""
    draws, design = posterior.shared, posterior.design
    if not isinstance(draws, JointDraws):
        return (posterior,)
    return tuple(
        show_joint(design, cells, posterior.priors, draws, effect, predictor)
        for predictor in range(draws.coefficients.shape[1])
        for effect in range(len(design.effects))
    )


def show_joint(
    design: Design, cells: Cells, priors: Priors, draws: JointDraws, effect: int, predictor: int
) -> Posterior:
    """One effect of one linear predictor."""
    layout, phi = cells.layout, draws.coefficients[:, predictor]
    design = design.show(effect)
    groups = design.groups
    rows = np.column_stack([np.ones(groups.count), cells.effects[effect].mean])
    if groups.has_control_group:  # its predicted effect is zero
        rows = np.vstack([rows, np.zeros(rows.shape[1])])
    own_theta, own_b, sigma_theta, sigma_b = group_levels(design, draws, effect, predictor)
    lambda_, delta = phi[:, layout.lambdas[effect]], phi[:, layout.delta]
    names = (entry.parameter for entry in priors.parameters)
    several = FAMILIES[design.plan.family].several
    return Posterior(
        design=design,
        priors=priors,
        diagnostics=draws.diagnostics,
        alpha=phi[:, 0],
        beta=phi[:, layout.beta],
        delta=delta,
        lambda_=lambda_,
        parameters=tuple(zip(names, draws.parameters, strict=True)),
        sigma_b=sigma_b,
        sigma_theta=sigma_theta,
        group_weight=cells.group_weight,
        local=JointLocals(
            own_theta=own_theta,
            own_b=own_b,
            eta_columns=rows,
            baseline_columns=cells.modifier_mean
            if design.delta_names
            else rows[: groups.count, :0],
            lambda_=lambda_,
            delta=delta,
            count=groups.count,
        ),
        shared=draws,
        category=design.outcome.levels[predictor + 1] if several else "",
        others=other_parameters(design, draws, predictor),
    )
