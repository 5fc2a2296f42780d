"""Do the parts of a plan agree with one another?"""

from __future__ import annotations

from forwhom.errors import PlanError, listing, nearest
from forwhom.plan.methods import refusal, refusal_of_estimates
from forwhom.plan.parts import COLUMN_KEYS, PARTS
from forwhom.plan.plan import Plan
from forwhom.plan.priors import SHRINKING, cluster_keys, prior_keys, treatment_keys
from forwhom.plan.terms import INTERCEPT


def check_columns(plan: Plan) -> None:
    """Outcome, treatments, clusters and weights have one role each."""
    if plan.outcome in plan.treatment_columns:
        raise PlanError(
            f"'{plan.outcome}' is both the outcome and the treatment. Name two columns."
        )
    for name, _ in plan.missing:
        if name not in plan.columns:
            raise PlanError(
                f"missing: '{name}' is not a column of this plan.{nearest(name, plan.columns)} It "
                f"uses {listing(plan.columns)}."
            )
    _check_single_columns(plan)
    several = (
        ("modifiers", plan.modifiers.columns),
        ("controls", plan.controls.columns),
        ("groups", plan.groups or ()),
        ("clusters", plan.clusters),
    )
    for role, columns in several:
        if plan.outcome in columns:
            raise PlanError(
                f"the outcome '{plan.outcome}' is among the {role}: it cannot explain itself. "
                f"Take it out of {role}."
            )
    for other, formula in plan.treatments:
        for name in plan.treatment_columns:
            if name != other and name in formula.columns:
                raise PlanError(
                    f"'{name}' is both a treatment and a modifier of '{other}'. Take it out of the "
                    f"modifiers of '{other}'; or take it out of treatment, and the effect of "
                    f"'{other}' may still differ by it."
                )
    for role, columns in several:
        for name in plan.treatment_columns:
            if name in columns:
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
    if plan.ungrouped and plan.std_error:
        raise PlanError(
            "a plan needs modifiers, groups or both where the outcome is itself an estimated "
            'effect: the columns that tell the estimates apart, such as groups="study", whose '
            "effects then vary around one."
        )
    _check_key_names(plan)


def _check_single_columns(plan: Plan) -> None:
    """Weights, trials and the like are columns of their own."""
    for key in COLUMN_KEYS:
        name = getattr(plan, key)
        for other, columns in (
            ("outcome", (plan.outcome,)),
            ("treatment", plan.treatment_columns),
            ("clusters", plan.clusters),
        ):
            if name in columns:
                raise PlanError(f"'{name}' is named as {other} and as {key}. Name two columns.")


def _check_key_names(plan: Plan) -> None:
    """No two parameters go by one name, in priors and in results."""
    taken = prior_keys(plan.family)
    for name in plan.treatment_columns:
        taken |= {key.name: key for key in treatment_keys(name)}
    for name in plan.clusters:
        for key in cluster_keys(name):
            if key.name in taken:
                raise PlanError(
                    f"clusters: {key.words} would be called '{key.name}', which is "
                    f"{taken[key.name].words}. Rename the column '{name}', for instance to "
                    f"'{name}_id'."
                )
        taken |= {key.name: key for key in cluster_keys(name)}


def check_agreement(plan: Plan) -> None:
    """No part of the plan asks for what another part takes away."""
    if plan.weights is None and plan.weights_kind != PARTS["weights_kind"].default:
        raise PlanError(
            f"weights_kind '{plan.weights_kind}' needs weights. Name their column in weights."
        )
    _check_estimates(plan)
    if plan.ungrouped:
        _check_ungrouped(plan)
    if plan.preset == "alley2023":
        _check_published(plan)
    _check_references(plan)
    _check_locals(plan)
    _check_method(plan)
    _check_priors(plan)


def _check_estimates(plan: Plan) -> None:
    """An effect that is estimated already has no baseline, and its noise is known."""
    if plan.std_error is None:
        return
    start = f"std_error '{plan.std_error}' says that the outcome is itself an estimated effect"
    if plan.controls:
        raise PlanError(
            f"{start}, which has no baseline for controls '{plan.controls.text}' to explain. Name "
            "them in modifiers."
        )
    if plan.cluster_effects:
        raise PlanError(
            f"{start}, so that clusters {listing(plan.cluster_effects)} vary in it already. Leave "
            "out cluster_effects."
        )
    if words := refusal_of_estimates(plan.method, plan):
        raise PlanError(words)


def _check_ungrouped(plan: Plan) -> None:
    """One group has nothing that differs between groups."""
    beyond = (
        ("preset", plan.preset is not None, f"preset '{plan.preset}' has effects vary by group"),
        (
            "baseline",
            plan.baseline != "shared",
            f"baseline '{plan.baseline}' lets groups differ without treatment",
        ),
        ("spread", plan.spread != "none", f"spread '{plan.spread}' lets effects vary by group"),
        ("correlated", plan.correlated, "correlated is about parameters that vary by group"),
        ("sigma_by", plan.sigma_by == "group", "sigma_by 'group' is a residual sd by group"),
    )
    for key, asked, what in beyond:
        if asked:
            raise PlanError(
                f"{what}, and with no modifiers and no groups all rows are one group. Leave out "
                f'{key}, or name what the effect may differ by, such as modifiers="age + region" '
                'or groups="region".'
            )
    for key, term, prior in plan.priors:
        coefficients = key == "lambda" or key.startswith("lambda_")
        if coefficients and term is None and prior.distribution not in SHRINKING:
            raise PlanError(
                f"priors: '{prior.text}' for {key} is for the modifiers, and there are none. For "
                f'the effect itself say priors={{"{key}": {{"{INTERCEPT}": "{prior.text}"}}}}; or '
                "name modifiers."
            )


def _check_published(plan: Plan) -> None:
    """The paper's program is one model; what is beyond it needs another name."""
    types = {plan.type_of(name) for name in plan.treatment_columns}
    for kind, words in (("dose", "a dose"), ("arms", "several arms")):
        if kind in types:
            raise PlanError(
                f"preset 'alley2023' is for a treatment with two levels, not {words}. "
                "Leave out preset or treatment_type."
            )
    if plan.spread != "normal":
        raise PlanError(
            "preset 'alley2023' lets effects vary normally around their prediction, and spread "
            f"'{plan.spread}' does not. Leave out preset or spread."
        )
    beyond = (
        (len(plan.treatments) > 1, f"treatments {_all(plan.treatment_columns)}"),
        (bool(plan.clusters), f"clusters {_all(plan.clusters)}"),
        (plan.correlated, "correlated group parameters"),
        (plan.sigma_by is not None, f"sigma_by '{plan.sigma_by}'"),
    )
    for holds, what in beyond:
        if holds:
            raise PlanError(
                "preset 'alley2023' is for one treatment, no clusters, no correlations and one "
                f"residual sd; the plan has {what}. Leave out the preset, or these."
            )


def _check_references(plan: Plan) -> None:
    """A control value belongs to a treatment with levels."""
    for name in plan.treatment_columns:
        if plan.type_of(name) == "dose" and plan.reference_of(name) is not None:
            way = "Leave out reference"
            if len(plan.treatments) > 1:
                way = f"Give reference as a table of the other treatments, without '{name}'"
            raise PlanError(
                f"reference {plan.reference_of(name)!r} names a control level, and treatment "
                f"'{name}' is taken as a dose, which has none. {way}, or set treatment_type to "
                "'binary'."
            )


def _check_locals(plan: Plan) -> None:
    """What is asked of the groups' own parameters can be told apart."""
    effects = sum(2 if plan.type_of(name) == "arms" else 1 for name, _ in plan.treatments)
    varying = (plan.baseline == "group") + (plan.spread != "none") * effects
    if plan.correlated and varying < 2:
        only = "baseline" if plan.baseline == "group" else "effect"
        what = f"a group's {only} is the only one" if varying else "there is none"
        way = "."
        if plan.spread == "none":
            way = ", or choose a spread other than 'none'."
        elif not plan.std_error:
            way = ", or say baseline='group' (or treatment_type='arms' where there are several)."
        raise PlanError(
            "correlated asks for the correlation of a group's own parameters that vary, and "
            f"{what}. Leave out correlated{way}"
        )
    if plan.correlated and plan.spread == "student":
        raise PlanError(
            "correlated is for normal group effects, not for spread 'student'. Leave out "
            "correlated, or say spread='normal'."
        )
    if plan.sigma_by is None:
        return
    if plan.family != "gaussian" or plan.std_error:
        why = f"std_error '{plan.std_error}'" if plan.std_error else f"family '{plan.family}'"
        raise PlanError(
            f"sigma_by '{plan.sigma_by}' lets the residual sd of family 'gaussian' differ; it has "
            f"no place with {why}. Leave out sigma_by."
        )
    types = {plan.type_of(name) for name in plan.treatment_columns}
    if plan.sigma_by == "arm" and types == {"dose"}:
        raise PlanError(
            "sigma_by 'arm' gives each arm a residual sd of its own, and a dose has no arms. Leave "
            "out sigma_by, or say sigma_by='group'."
        )


def _check_method(plan: Plan) -> None:
    """A method that is asked for by name can do it."""
    if words := refusal(plan.method, plan):
        raise PlanError(words)


def _check_priors(plan: Plan) -> None:
    """Every prior is for a parameter that the model has."""
    fixed = "spread 'none' fixes it at zero" if plan.spread == "none" else ""
    absent = {
        "beta": "there are no controls" if not plan.controls else "",
        "delta": (
            "baseline 'shared' has no main effects of the modifiers"
            if plan.baseline == "shared"
            else ("there are no modifiers" if not plan.modifiers else "")
        ),
        "sigma_theta": fixed,
        "sigma_b": (
            f"baseline '{plan.baseline}' has no group baselines" if plan.baseline != "group" else ""
        ),
        "nu_theta": "" if plan.spread == "student" else f"spread is '{plan.spread}'",
        "correlation": "" if plan.correlated else "correlated is not asked for",
        "sigma_spread": "" if plan.sigma_by == "group" else "sigma_by is not 'group'",
        "sigma": f"std_error '{plan.std_error}' holds it" if plan.std_error else "",
        "alpha": "an estimated effect has no baseline" if plan.std_error else "",
    }
    absent |= {f"sigma_theta_{name}": fixed for name in plan.treatment_columns}
    for name in plan.clusters:
        if name not in plan.cluster_effects:
            absent[f"sigma_theta_{name}"] = f"'{name}' is not among cluster_effects"
    for key, _, prior in plan.priors:
        if why := absent.get(key):
            raise PlanError(f"priors: '{key}' is not in this model, because {why}. Leave it out.")
        if prior.distribution in SHRINKING:
            _check_shrinks(plan, key, prior.text)


def _check_shrinks(plan: Plan, key: str, text: str) -> None:
    """A prior that shrinks coefficients has some to shrink."""
    own = {f"lambda_{name}": formula for name, formula in plan.treatments}
    if not own.get(key, plan.modifiers):
        raise PlanError(
            f"priors: '{text}' for {key} shrinks the coefficients of modifiers, and there are no "
            "modifiers. Leave it out, or name modifiers."
        )


def _all(names: tuple[str, ...]) -> str:
    return listing(names, most=len(names))
