"""Do the parts of a plan agree with one another?"""

from __future__ import annotations

from forwhom.errors import PlanError, listing
from forwhom.families import FAMILIES
from forwhom.plan.plan import EXACT_FAMILIES, WEIGHTS_KINDS, Plan

BESIDE = {  # a column beside the outcome, and the families it belongs to
    "trials": ("successes",),
    "exposure": ("count",),
    "event": ("time",),
    "offset": (
        *("count", "binary", "successes", "time", "positive", "unit", "closed unit", "ordered"),
        "numeric",
    ),
}


def check_columns(plan: Plan) -> None:
    """Outcome, treatments, clusters and weights have one role each."""
    if plan.outcome in plan.treatment_columns:
        raise PlanError(
            f"'{plan.outcome}' is both the outcome and the treatment. Name two columns."
        )
    roles = (
        ("modifiers", plan.modifiers.columns),
        ("controls", plan.controls.columns),
        ("groups", plan.groups or ()),
        ("clusters", plan.clusters),
        *(
            (key, () if getattr(plan, key) is None else (getattr(plan, key),))
            for key in ("weights", "std_error", *BESIDE)
        ),
    )
    for role, columns in roles:
        if plan.outcome in columns:
            raise PlanError(
                f"the outcome '{plan.outcome}' is among the {role}: it cannot explain itself. "
                f"Take it out of {role}."
            )
        for name in set(plan.treatment_columns) & set(columns):
            raise PlanError(
                f"the treatment '{name}' is among the {role}: its effect, and how that "
                f"differs by the modifiers, is always in the model. Take it out of {role}."
            )
    for name in plan.clusters:
        if plan.groups == (name,):
            raise PlanError(
                f"'{name}' is both the groups and a cluster: the same grouping twice, whose parts "
                "cannot be told apart. Take it out of clusters; groups have varying baselines "
                "already."
            )
    if not plan.modifiers and plan.groups is None:
        raise PlanError(
            "a plan needs modifiers, groups or both: the columns that the treatment's effect may "
            'vary with, such as modifiers="age + region".'
        )


def check_agreement(plan: Plan) -> None:
    """No part of the plan asks for what another part takes away."""
    if plan.weights is None and plan.weights_kind != WEIGHTS_KINDS[0]:
        raise PlanError(
            f"weights_kind '{plan.weights_kind}' needs weights. Name their column in weights."
        )
    _check_locals(plan)
    for name in plan.treatment_columns:
        if plan.type_of(name) == "dose" and plan.reference_of(name) is not None:
            raise PlanError(
                "reference names the control level of a two-level treatment, and a dose has none. "
                "Leave out reference, or set treatment_type to 'binary'."
            )
    if FAMILIES[plan.family].several and plan.method not in ("auto", "nuts"):
        raise PlanError(
            f"method '{plan.method}' takes one linear predictor, and family '{plan.family}' has "
            "one for every category but the reference. Leave method to 'auto'."
        )
    reason = beyond_collapse(plan)
    if reason and plan.method not in ("auto", "nuts"):
        raise PlanError(
            f"method '{plan.method}' integrates groups out one by one, and {reason}. Leave method "
            "to 'auto', which takes NUTS."
        )
    if plan.method == "exact" and plan.family not in EXACT_FAMILIES:
        raise PlanError(
            f"method 'exact' is for families {listing(EXACT_FAMILIES)}, whose groups integrate out "
            f"in closed form; family '{plan.family}' has no such form. Say method='quadrature', or "
            "leave it to 'auto'."
        )
    if plan.preset == "alley2023":
        if "dose" in {plan.type_of(name) for name in plan.treatment_columns}:
            raise PlanError(
                "preset 'alley2023' is for a treatment with two levels, not a dose. "
                "Leave out preset or treatment_type."
            )
        if plan.spread != "normal":
            raise PlanError(
                "preset 'alley2023' lets effects vary normally around their prediction, and spread "
                f"'{plan.spread}' does not. Leave out preset or spread."
            )
        if len(plan.treatments) > 1 or plan.clusters:
            what = "clusters" if plan.clusters else f"treatments {listing(plan.treatment_columns)}"
            raise PlanError(
                f"preset 'alley2023' is for one treatment and no clusters; the plan has {what}. "
                "Leave out the preset."
            )
    absent = {
        "beta": "there are no controls" if not plan.controls else "",
        "delta": (
            "baseline 'shared' has no main effects of the modifiers"
            if plan.baseline == "shared"
            else ("there are no modifiers" if not plan.modifiers else "")
        ),
        "sigma_theta": "spread 'none' fixes it at zero" if plan.spread == "none" else "",
        "sigma_b": (
            f"baseline '{plan.baseline}' has no group baselines" if plan.baseline != "group" else ""
        ),
        "nu_theta": "" if plan.spread == "student" else f"spread is '{plan.spread}'",
        "correlation": "" if plan.correlated else "correlated is not asked for",
        "sigma_spread": "" if plan.sigma_by == "group" else "sigma_by is not 'group'",
        "sigma": "the outcome's standard errors are known" if plan.std_error else "",
        "alpha": "an estimated effect has no baseline" if plan.std_error else "",
    }
    for name in plan.clusters:
        if name not in plan.cluster_effects:
            absent[f"sigma_theta_{name}"] = f"'{name}' is not among cluster_effects"
    for key, _, _ in plan.priors:
        if why := absent.get(key):
            raise PlanError(f"priors: '{key}' is not in this model, because {why}. Leave it out.")


def _check_locals(plan: Plan) -> None:
    """What is asked of the groups' own parameters can be told apart."""
    varying = (plan.baseline == "group") + (plan.spread != "none") * len(plan.treatments)
    if plan.correlated and varying < 2:
        only = "baseline" if plan.baseline == "group" else "effect"
        what = f"a group's {only} is the only one" if varying else "there is none"
        raise PlanError(
            f"correlated asks for the correlation of a group's own parameters, and {what}: it "
            "takes baseline 'group' and a spread other than 'none'. Leave out correlated."
        )
    if plan.correlated and plan.spread == "student":
        raise PlanError(
            "correlated is for normal group effects, not for spread 'student'. Leave out one."
        )
    if plan.sigma_by is not None and (plan.family != "gaussian" or plan.std_error):
        why = "known standard errors" if plan.std_error else f"family '{plan.family}'"
        raise PlanError(
            f"sigma_by lets the residual sd of family 'gaussian' differ; it has no place with "
            f"{why}. Leave it out."
        )


def beyond_collapse(plan: Plan) -> str:
    """Why groups cannot be integrated out one by one, as far as the plan tells; empty if not."""
    shrunk = [k for k, _, prior in plan.priors if prior.distribution in ("horseshoe", "r2d2")]
    reasons = (
        (len(plan.treatments) > 1, "several treatments vary together in every group"),
        (bool(plan.clusters), f"clusters {listing(plan.clusters)} tie the groups together"),
        (plan.correlated, "a group's baseline and effects are correlated"),
        (plan.spread == "student", "group effects are Student-t"),
        (plan.sigma_by is not None, f"the residual sd differs by {plan.sigma_by}"),
        (bool(shrunk), f"the prior of {listing(shrunk)} learns its own scales"),
        (FAMILIES[plan.family].several, "each category has a linear predictor of its own"),
    )
    return next((words for holds, words in reasons if holds), "")
