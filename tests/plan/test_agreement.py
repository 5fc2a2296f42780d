"""Clusters, correlations, known standard errors and the rest: what goes together."""

from __future__ import annotations

import pytest

from forwhom.errors import PlanError
from forwhom.plan import Plan, beyond_collapse, make_plan

SMALL: dict[str, object] = {"outcome": "y", "treatment": "d", "modifiers": "a"}
SEVERAL = SMALL | {"treatment": ["ad", "mailer"]}
ESTIMATES: dict[str, object] = {"outcome": "y", "std_error": "se", "modifiers": "a"}
PUBLISHED = SMALL | {"preset": "alley2023"}
SHRUNK = {"lambda": "r2d2(0.5, 2)"}


def made(start: dict[str, object], **keywords: object) -> Plan:
    """A plan from a start and some keywords of its own."""
    return make_plan(**(start | keywords))


@pytest.mark.parametrize(
    ("start", "keywords"),
    [
        (SMALL, {"clusters": ["state"], "cluster_effects": ["state"], "spread": "none"}),
        (SMALL, {"clusters": ["state"], "groups": ["state", "g"]}),  # groups nested in clusters
        (SMALL, {"clusters": ["a"], "modifiers": "a + b"}),
        (SMALL, {"clusters": ["theta_d_id", "b_id"]}),
        (SMALL, {"correlated": True}),
        (SMALL, {"correlated": True, "baseline": "shared", "treatment_type": "arms"}),
        (SEVERAL, {"correlated": True, "baseline": "shared"}),
        (SEVERAL, {"sigma_by": "arm", "treatment_type": {"ad": "dose"}}),
        (SMALL, {"sigma_by": "group", "treatment_type": "dose"}),
        (SMALL, {"method": "nuts", "family": "categorical"}),
        (ESTIMATES, {"baseline": "shared", "treatment_type": "auto", "controls": ""}),
        (ESTIMATES, {"spread": "student", "weights": "w", "clusters": "lab"}),
        (ESTIMATES, {"modifiers": "a + se"}),  # do small studies find more?
        (ESTIMATES, {"priors": SHRUNK, "method": "nuts"}),
        (SEVERAL, {"preset": "alley2026", "clusters": "state"}),
        (SMALL | {"treatment": {"ad": "", "mailer": "a"}, "modifiers": None}, {"priors": SHRUNK}),
    ],
)
def test_allowed(start: dict[str, object], keywords: dict[str, object]) -> None:
    plan = made(start, **keywords)
    assert make_plan(**plan.keywords()) == plan


@pytest.mark.parametrize(
    ("start", "keywords", "message"),
    [
        # clusters
        (SMALL, {"clusters": "y"}, "the outcome 'y' is among the clusters: it cannot explain "
         "itself. Take it out of clusters."),
        (SMALL, {"clusters": ["s", "d"]}, "the treatment 'd' is among the clusters"),
        (SMALL, {"clusters": "w", "weights": "w"}, "'w' is named as clusters and as weights. Name "
         "two columns."),
        (SMALL, {"clusters": "s", "groups": "s"}, "'s' is both the groups and a cluster: the same "
         "grouping twice, whose parts cannot be told apart. Take it out of clusters"),
        (SMALL, {"clusters": "s*t"}, "clusters names columns only, and 's:t' is more than a "
         "column"),
        (SMALL, {"clusters": True}, "clusters is text such as"),
        (SMALL, {"cluster_effects": "s"}, "cluster_effects: 's' is not among the clusters, so "
         "effects cannot vary across it. Name it in clusters too."),
        (SMALL, {"clusters": ["state"], "cluster_effects": ["stat"]}, "cluster_effects: 'stat' is "
         "not among the clusters, so effects cannot vary across it. Did you mean 'state'?"),
        # names that two parameters would share
        (SMALL, {"clusters": "b"}, "clusters: the spread between clusters of 'b' would be called "
         "'sigma_b', which is the spread of the group baselines. Rename the column 'b', for "
         "instance to 'b_id'."),
        (SMALL, {"clusters": "theta"}, "would be called 'sigma_theta', which is the effect "
         "spread."),
        (SMALL, {"clusters": "spread"}, "called 'sigma_spread', which is the sd of the groups' "
         "log"),
        (SEVERAL, {"clusters": "theta_ad"}, "would be called 'sigma_theta_ad', which is the effect "
         "spread of 'ad'. Rename the column 'theta_ad'"),
        (SMALL, {"clusters": "theta_d"}, "which is the effect spread of 'd'."),
        (SMALL, {"clusters": ["x", "theta_x"]}, "the spread between clusters of 'theta_x' would be "
         "called 'sigma_theta_x', which is the spread of effects across 'x'."),
        (SMALL, {"clusters": ["theta_x", "x"]}, "the spread of effects across 'x' would be called "
         "'sigma_theta_x', which is the spread between clusters of 'theta_x'. Rename the column "
         "'x', for instance to 'x_id'."),
        # correlated
        (SMALL, {"correlated": "yes"}, "correlated is true or false; got 'yes'."),
        (SMALL, {"correlated": 1}, "correlated is true or false; got 1."),
        (SMALL, {"correlated": True, "baseline": "modifiers"}, "a group's effect is the only one. "
         "Leave out correlated, or say baseline='group' (or treatment_type='arms' where there are "
         "several)."),
        (SMALL, {"correlated": True, "spread": "none"}, "a group's baseline is the only one. Leave "
         "out correlated, or choose a spread other than 'none'."),
        (SMALL, {"correlated": True, "spread": "none", "baseline": "shared"}, "and there is none."),
        (ESTIMATES, {"correlated": True}, "a group's effect is the only one. Leave out "
         "correlated."),
        (SMALL, {"correlated": True, "spread": "student"}, "correlated is for normal group "
         "effects, "
         "not for spread 'student'. Leave out correlated, or say spread='normal'."),
        # sigma_by
        (SMALL, {"sigma_by": "arms"}, "sigma_by 'arms' is not known. Did you mean 'arm'? Known: "
         "'arm', 'group'."),
        (SMALL, {"sigma_by": "arm", "family": "student"}, "sigma_by 'arm' lets the residual sd of "
         "family 'gaussian' differ; it has no place with family 'student'. Leave out sigma_by."),
        (ESTIMATES, {"sigma_by": "group"}, "it has no place with std_error 'se'. Leave out"),
        (SEVERAL, {"sigma_by": "arm", "treatment_type": "dose"}, "sigma_by 'arm' gives each arm a "
         "residual sd of its own, and a dose has no arms. Leave out sigma_by, or say "
         "sigma_by='group'."),
        # std_error
        (ESTIMATES, {"treatment": "d"}, "std_error says that the outcome is itself an estimated "
         "effect, which has no treatment to name. Leave out treatment 'd', or std_error."),
        (ESTIMATES, {"treatment": {"d": "b"}}, "Leave out treatment {'d': 'b'}, or std_error."),
        (ESTIMATES, {"reference": 0}, "which has no treatment to name. Leave out reference 0, or"),
        (ESTIMATES, {"reference": {"effect": 0}}, "Leave out reference {'effect': 0}, or"),
        (ESTIMATES, {"treatment_type": "dose"}, "Leave out treatment_type 'dose', or std_error."),
        (ESTIMATES, {"baseline": "group"}, "which has no baseline. Leave out baseline 'group', or "
         "std_error."),
        (ESTIMATES, {"preset": "alley2026"}, "which has no baseline. Leave out preset 'alley2026'"),
        (ESTIMATES, {"controls": "c"}, "std_error 'se' says that the outcome is itself an "
         "estimated "
         "effect, which has no baseline for controls 'c' to explain. Name them in modifiers."),
        (ESTIMATES, {"clusters": ["s", "t"], "cluster_effects": ["t"]}, "an estimated effect, so "
         "that clusters 't' vary in it already. Leave out cluster_effects."),
        (ESTIMATES, {"method": "exact"}, "an estimated effect, whose noise is known, and method "
         "'exact' is for a residual sd that is learnt. Leave method to 'auto'."),
        (ESTIMATES, {"family": "poisson"}, "std_error (the known standard error of an estimated "
         "effect) belongs to family 'gaussian', not to 'poisson'. Leave out std_error or family."),
        (ESTIMATES, {"std_error": "y"}, "'y' is named as outcome and as std_error. Name two"),
        (ESTIMATES, {"std_error": 0.1}, "std_error (the known standard error of an estimated "
         "effect): a column name is text, not 0.1"),
        (ESTIMATES, {"modifiers": None}, "a plan needs modifiers, groups or both"),
        # presets
        (PUBLISHED, {"treatment": ["d", "e"]}, "preset 'alley2023' is for one treatment, no "
         "clusters, no correlations and one residual sd; the plan has treatments 'd', 'e'. Leave "
         "out the preset, or these."),
        (PUBLISHED, {"clusters": "s"}, "the plan has clusters 's'."),
        (PUBLISHED, {"correlated": True}, "the plan has correlated group parameters."),
        (PUBLISHED, {"sigma_by": "arm"}, "the plan has sigma_by 'arm'."),
        (PUBLISHED, {"spread": "student"}, "and spread 'student' does not. Leave out preset or"),
        (PUBLISHED, {"treatment_type": "arms"}, "preset 'alley2023' is for a treatment with two "
         "levels, not several arms. Leave out preset or treatment_type."),
        # methods
        (SEVERAL, {"method": "quadrature"}, "method 'quadrature' integrates groups out one by one, "
         "and several treatments vary together in every group. Leave method to 'auto'."),
        (SMALL, {"method": "exact", "clusters": ["s", "t"]}, "clusters 's', 't' tie the groups"),
        (SMALL, {"method": "exact", "correlated": True}, "a group's baseline and effects are corr"),
        (SMALL, {"method": "exact", "spread": "student"}, "group effects are Student-t"),
        (SMALL, {"method": "collapse", "sigma_by": "group"}, "method 'collapse' integrates out "
         "what is normal given the sds, and the residual sd differs by group. Leave method to "
         "'auto'."),
        (SMALL, {"method": "collapse", "spread": "student"}, "and group effects are Student-t."),
        (SMALL, {"method": "collapse", "family": "poisson"}, "method 'collapse' is for families "
         "'gaussian', 'lognormal', whose groups integrate out in closed form; family 'poisson'"),
        (SMALL, {"method": "exact", "sigma_by": "arm"}, "the residual sd differs by arm"),
        (SMALL, {"method": "exact", "priors": SHRUNK}, "the prior of 'lambda' learns its own"),
        # priors of what is not there
        (SMALL, {"priors": {"nu_theta": "flat"}}, "priors: 'nu_theta' is not in this model, "
         "because "
         "spread is 'normal'. Leave it out."),
        (SMALL, {"priors": {"correlation": "lkj(1)"}}, "because correlated is not asked for."),
        (SMALL, {"priors": {"sigma_spread": "flat"}, "sigma_by": "arm"}, "because sigma_by is not "
         "'group'."),
        (SMALL, {"priors": {"sigma_s": "flat"}}, "priors: 'sigma_s' is not a parameter that takes"),
        (SMALL, {"priors": {"sigma_theta_s": "flat"}, "clusters": "s"}, "priors: 'sigma_theta_s' "
         "is "
         "not in this model, because 's' is not among cluster_effects. Leave it out."),
        (SEVERAL, {"priors": {"sigma_theta_ad": "flat"}, "spread": "none"}, "priors: "
         "'sigma_theta_ad' is not in this model, because spread 'none' fixes it at zero."),
        (ESTIMATES, {"priors": {"sigma": "flat"}}, "because std_error 'se' holds it."),
        (ESTIMATES, {"priors": {"alpha": "flat"}}, "because an estimated effect has no baseline."),
        (ESTIMATES, {"priors": {"lambda_effect": "flat"}}, "Did you mean 'lambda'?"),
        (SMALL, {"modifiers": None, "groups": "g", "priors": SHRUNK}, "priors: 'r2d2(0.5, 2)' for "
         "lambda shrinks the coefficients of modifiers, and there are no modifiers. Leave it out, "
         "or name modifiers."),
        (SMALL | {"treatment": {"ad": "", "mailer": "a"}, "modifiers": None},
         {"priors": {"lambda_ad": "horseshoe(1, 2, 4)"}}, "priors: 'horseshoe(1, 2, 4)' for "
         "lambda_ad shrinks the coefficients of modifiers, and there are no modifiers."),
    ],
)  # fmt: skip
def test_refused(start: dict[str, object], keywords: dict[str, object], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        made(start, **keywords)
    assert message in str(caught.value)


def test_which_treatment_is_named_first_does_not_depend_on_chance() -> None:
    with pytest.raises(PlanError, match="'ad' is among the groups"):
        made(SEVERAL, groups=["mailer", "ad"])


@pytest.mark.parametrize(
    ("start", "keywords", "words"),
    [
        (SMALL, {}, ""),
        (ESTIMATES, {}, ""),
        (SMALL, {"spread": "none", "family": "poisson", "treatment_type": "arms"}, ""),
        (SMALL, {"priors": {"lambda": "flat"}}, ""),
        (SEVERAL, {}, "several treatments"),
        (SMALL, {"clusters": "s"}, "clusters 's'"),
        (SMALL, {"correlated": True}, "correlated"),
        (SMALL, {"spread": "student"}, "Student-t"),
        (SMALL, {"sigma_by": "group"}, "differs by group"),
        (SMALL, {"priors": {"lambda": "horseshoe(1, 2, 4)"}}, "the prior of 'lambda'"),
        (SMALL, {"family": "categorical"}, "each category"),
    ],
)
def test_what_does_not_collapse(
    start: dict[str, object], keywords: dict[str, object], words: str
) -> None:
    found = beyond_collapse(made(start, **keywords))
    assert words in found
    assert bool(words) == bool(found)
