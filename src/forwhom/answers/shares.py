"""What decides a group's pooled effect: its own rows, the modifiers, the priors.

Tests: tests/answers/test_pooling.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.workings import Workings
from forwhom.draw.text import share_text
from forwhom.fitted import Estimand, data_shares, prior_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SHARE_HEADERS = {
    "data_share": "Own data",
    "modifiers_share": "Modifiers",
    "prior_share": "Prior",
}


@dataclass(frozen=True, slots=True)
class Shares:
    """What decides each group's pooled effect on the link scale, (G,) each; they sum to one.

    The model has two levels, and so have the shares (``fitted/shares.py`` has the formulas):

    - data: the weight of the group's own rows, given what all groups share. What is left, 1 - data,
      goes to the prediction by the modifiers, which
    - prior: is decided by the priors of its coefficients to a part, Var(eta | data) / Var(eta), and
    - modifiers: by the rows of all groups for the rest.

    Given the spreads: what their own priors decide is not told apart. Sources: Efron and Morris
    1975, JASA 70(350); Gelman and Pardoe 2006, Technometrics 48(2).
    """

    data: FloatArray
    modifiers: FloatArray
    prior: FloatArray


def shares_of(workings: Workings, estimand: Estimand) -> Shares:
    """Of one effect; on the outcome's scale the average over its linear predictors."""
    q = estimand.quantity
    linear = q.scale in ("link", "percent")
    parts = [q.predictor] if linear else list(range(workings.fitted.predictors))

    def make() -> Shares:
        data = [data_shares(workings.fitted, q.effect, k) for k in parts]
        prior = [
            (1 - d) * prior_shares(workings.fitted, q.effect, k)
            for d, k in zip(data, parts, strict=True)
        ]
        own, held = np.mean(data, axis=0), np.mean(prior, axis=0)
        return Shares(own, 1 - own - held, held)

    return workings.kept(("shares", q.effect, tuple(parts)), make)


def pooling_sentence(workings: Workings, estimand: Estimand, kept: IntArray | None = None) -> str:
    """How much of a group's effect is data, on average over groups, in words."""
    shares = shares_of(workings, estimand)
    some = slice(None) if kept is None else kept
    if not np.isfinite(shares.data[some]).all():  # of draws that are no numbers
        return "How much of a group's effect is its own data cannot be told from these draws."
    data, prior = (float(of[some].mean()) for of in (shares.data, shares.prior))
    said = {"data": share_text(data), "prior": share_text(prior)}
    rest = 100 - round(100 * data) - round(100 * prior)  # so that whole numbers add up
    said["rest"] = f"{rest} %" if 0 < rest < 100 else share_text(1 - data - prior)
    own = "its own data" if round(100 * data) else "its own data beyond them"
    predicted = (
        "what the modifiers predict from all groups"
        if estimand.effect.modifiers.names
        else "the average of all groups"
    )
    if not round(100 * data) and workings.plan.spread == "none":
        own = "its own data (spread='none')"
    return (
        f"On average {said['data']} of a group's effect is {own}, {said['rest']} {predicted}, "
        f"{said['prior']} the coefficients' priors."
    )
