"""What a plan holds, what it fills in, and what it refuses."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import forwhom.plan
from forwhom.errors import PlanError
from forwhom.plan import KEYS, PRESETS, Plan, Prior, make_plan, parse_formula


def plan(**keywords: object) -> Plan:
    """A small plan with some keywords of its own."""
    return make_plan(**({"outcome": "y", "treatment": "d", "modifiers": "a"} | keywords))


PIECES = {"family": "piecewise_exponential"}


def test_breaks_are_a_number_or_times() -> None:
    assert plan(**PIECES).breaks == 4
    assert plan(**PIECES, breaks=7.0).breaks == 7
    assert plan(**PIECES, breaks=np.array([1, 2.5])).breaks == (1.0, 2.5)
    assert plan(**PIECES, breaks=(3,)).keywords()["breaks"] == [3.0]
    assert plan().breaks is None


def test_defaults() -> None:
    assert plan() == Plan(
        outcome="y",
        treatments=(("d", parse_formula("a", "modifiers")),),
        modifiers=parse_formula("a", "modifiers"),
        controls=parse_formula("", "controls"),
        groups=None,
        clusters=(),
        cluster_effects=(),
        correlated=False,
        weights=None,
        weights_kind="sampling",
        reference=None,
        success=None,
        treatment_type="auto",
        bins=4,
        family="auto",
        link="auto",
        trials=None,
        exposure=None,
        offset=None,
        event=None,
        event_level=None,
        std_error=None,
        breaks=None,
        reference_category=None,
        baseline="group",
        preset=None,
        spread="normal",
        sigma_by=None,
        priors=(),
        method="auto",
        draws=4000,
        seed=1,
        level=0.95,
        data=None,
    )


def test_none_and_empty_mean_not_given() -> None:
    empty: dict[str, object] = {
        key: None for key in KEYS if key not in ("outcome", "treatment", "modifiers")
    }
    assert plan(**empty) == plan()
    empty = {"bins": {}, "priors": {}, "groups": [], "controls": "", "clusters": []}
    empty |= {"cluster_effects": [], "correlated": False, "reference": {}, "treatment_type": {}}
    assert plan(**empty) == plan()


def test_is_frozen_and_hashable() -> None:
    made = plan(bins={"a": [1, 2]}, priors={"lambda": {"a": "flat"}}, groups=["a"])
    assert hash(made) == hash(
        plan(bins={"a": [1.0, 2.0]}, priors={"lambda": {"a": "flat()"}}, groups="a")
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.draws = 5  # type: ignore[misc]


def test_columns_in_order_and_once() -> None:
    made = plan(
        modifiers="b*a", controls=["c c", "a"], groups=["g", "b"], weights="w", outcome="größe"
    )
    assert made.columns == ("größe", "d", "b", "a", "c c", "g", "w")


def test_keywords_make_the_same_plan() -> None:
    made = plan(
        modifiers=["a", "b (x)"],
        controls="log(c)",
        bins={"a": 5, "b (x)": [0, 1]},
        priors={"lambda": {"a": "flat"}, "alpha": "normal(0, 1)", "delta": {"a": "flat"}},
        preset="alley2026",
    )
    assert make_plan(**made.keywords()) == made
    assert made.keywords()["modifiers"] == "a + `b (x)`"
    assert "reference" not in made.keywords()


@pytest.mark.parametrize(
    ("key", "given", "held"),
    [
        ("outcome", ["y"], "y"),
        ("treatment", np.str_("t"), "t"),
        ("reference", np.int64(0), 0),
        ("reference", np.float64(0.5), 0.5),
        ("reference", np.bool_(False), False),
        ("reference", "Placebo é", "Placebo é"),
        ("draws", np.int32(10), 10),
        ("draws", 2000.0, 2000),
        ("seed", 0, 0),
        ("level", 0.9, 0.9),
        ("bins", 10, 10),
        ("bins", {"a": np.array([1, 2])}, (("a", (1.0, 2.0)),)),
        ("bins", {"a": 3}, (("a", 3),)),
        ("groups", "g + h", ("g", "h")),
        ("groups", ["g h"], ("g h",)),
        ("weights", "w", "w"),
        ("data", Path("a") / "b.csv", str(Path("a") / "b.csv")),
        ("spread", "none", "none"),
        ("spread", "student", "student"),
        ("method", "exact", "exact"),
        ("method", "nuts", "nuts"),
        ("sigma_by", "arm", "arm"),
        ("sigma_by", "group", "group"),
        ("clusters", "state + wave", ("state", "wave")),
        ("clusters", np.array(["the state"]), ("the state",)),
        ("correlated", np.bool_(True), True),
        ("treatment_type", "arms", "arms"),
        ("treatment_type", {"d": "arms"}, (("d", "arms"),)),
        ("reference", {"d": np.int64(2)}, (("d", 2),)),
        ("baseline", "modifiers", "modifiers"),
        ("treatment_type", "dose", "dose"),
    ],
)
def test_values_held(key: str, given: object, held: object) -> None:
    found = getattr(plan(**{key: given}), key)
    assert found == held
    assert type(found) is type(held)


def test_bins_of_a_column() -> None:
    made = plan(modifiers="a + b", bins={"a": [1, 2]})
    assert made.bins_of("a") == (1.0, 2.0)
    assert made.bins_of("b") == 4
    assert plan(bins=7).bins_of("a") == 7


def test_modifiers_or_groups_are_enough() -> None:
    assert plan(modifiers=None, groups="county").columns == ("y", "d", "county")


# Presets and priors


def test_preset_alley2023_is_the_published_program() -> None:
    made = plan(preset="alley2023")
    assert made.baseline == "shared"
    texts = {key: prior.text for key, prior in PRESETS["alley2023"].priors}
    assert texts == {
        "alpha": "normal(0, 1)",
        "lambda": "normal(0, 0.5)",
        "sigma_theta": "half_normal(0.5)",
        "sigma": "flat",
    }
    assert made.prior("sigma_theta") == Prior("half_normal", (0.5,))


def test_preset_alley2026() -> None:
    made = plan(preset="alley2026", baseline="group")
    assert made.baseline == "group"
    texts = {key: prior.text for key, prior in PRESETS["alley2026"].priors}
    assert texts == {
        "alpha": "normal(0, 1)",
        "beta": "normal(0, 0.5)",
        "delta": "normal(0, 0.5)",
        "lambda": "normal(0, 0.5)",
        "sigma_theta": "half_normal(1)",
        "sigma_b": "half_normal(1)",
        "sigma": "half_normal(1)",
    }


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_a_plan_that_could_be_written_by_hand(name: str) -> None:
    row = PRESETS[name]
    priors = {key: prior.text for key, prior in row.priors}
    by_hand = plan(controls="c", baseline=row.baseline, priors=priors)
    for key in priors:
        assert plan(controls="c", preset=name).prior(key) == by_hand.prior(key) is not None
    assert row.name == name
    assert row.words


def test_own_priors_go_before_the_presets() -> None:
    made = plan(preset="alley2023", priors={"sigma": "exponential(1)", "lambda": {"a": "flat"}})
    assert made.prior("sigma") == Prior("exponential", (1.0,))
    assert made.prior("lambda", "a") == Prior("flat")
    assert made.prior("lambda", "b") == Prior("normal", (0.0, 0.5))
    assert made.prior("alpha") == Prior("normal", (0.0, 1.0))
    assert made.prior_terms("lambda") == ("a",)
    assert made.prior_terms("delta") == ()


def test_prior_without_preset() -> None:
    made = plan(priors={"lambda": "normal(0, 2)"})
    assert made.prior("lambda") == made.prior("lambda", "a") == Prior("normal", (0.0, 2.0))
    assert made.prior("sigma") is None
    with pytest.raises(PlanError, match=r"'sigm' is not a parameter .* Did you mean 'sigma'"):
        made.prior("sigm")


# Refusals

HAS = "A plan has: 'outcome', 'treatment', 'modifiers', 'controls', 'groups', 'clusters', "


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        # names
        ({"modifier": "a"}, "'modifier' is not a part of a plan. Did you mean 'modifiers'? " + HAS),
        ({"zzz": 1}, "'zzz' is not a part of a plan. " + HAS),
        ({"outcome": None}, "a plan needs outcome: the column that holds what is measured."),
        ({"treatment": None}, "a plan needs treatment: the column that holds what is given."),
        ({"outcome": 3}, "outcome (what is measured): a column name is text, not 3 (int)."),
        ({"outcome": ""}, "outcome (what is measured): a column name is empty."),
        ({"outcome": ["y1", "y2"]}, "outcome is one column; 2 were given: 'y1', 'y2'."),
        ({"weights": 1.0}, "weights (the column of weights): a column name is text, not 1.0"),
        # roles
        ({"treatment": "y"}, "'y' is both the outcome and the treatment. Name two columns."),
        ({"modifiers": "a*d"}, "the treatment 'd' is among the modifiers: its effect, and how that "
         "differs by the modifiers, is always in the model. Take it out of modifiers."),
        ({"modifiers": ["a", "y"]}, "the outcome 'y' is among the modifiers: it cannot explain "
         "itself. Take it out of modifiers."),
        ({"modifiers": "log(y)"}, "the outcome 'y' is among the modifiers"),
        ({"controls": "bin(d, 4)"}, "the treatment 'd' is among the controls"),
        ({"controls": "y"}, "the outcome 'y' is among the controls"),
        ({"groups": "d"}, "the treatment 'd' is among the groups"),
        ({"groups": ["y"]}, "the outcome 'y' is among the groups"),
        ({"weights": "y"}, "'y' is named as outcome and as weights. Name two columns."),
        ({"weights": "d"}, "'d' is named as treatment and as weights. Name two columns."),
        # formulas
        ({"modifiers": "a + lag(b)"}, "'lag' is not a function of the formula language"),
        ({"controls": "a - 1"}, 'controls "a - 1": \'-\' at character 3'),
        ({"modifiers": "(" * 1000 + "a" + ")" * 1000}, "nested more than 50 deep"),
        ({"groups": "a*b"}, "groups names columns only, and 'a:b' is more than a column"),
        # words
        ({"family": "gausian"}, "family 'gausian' is not known. Did you mean 'gaussian'? Known: "
         "'auto', 'gaussian', 'student'"),
        ({"family": "categorical", "method": "quadrature"}, "method 'quadrature' takes one linear "
         "predictor, and family 'categorical' has one for every category but the reference. Leave"),
        ({"family": "categorical", "method": "exact"}, "method 'exact' takes one linear predictor"),
        ({"family": "bernoulli", "link": "logti"}, "family 'bernoulli' has no link 'logti'; its "
         "links are 'logit', 'probit', 'cloglog'. Did you mean 'logit'?"),
        ({"family": "binomial"}, "family 'binomial' needs trials: the column with the numbers"),
        ({"trials": "n", "family": "gaussian"}, "trials (the number of trials) belongs to "
         "'binomial', not to family 'gaussian'. Leave out trials, or choose another family."),
        ({"exposure": "n", "family": "bernoulli"}, "belongs to 'poisson', 'negative_binomial'"),
        ({"event": "y", "family": "weibull"}, "'y' is named as outcome and as event. Name two"),
        ({"method": "exact", "family": "poisson"}, "method 'exact' is for families 'gaussian', "
         "'lognormal', whose groups integrate out in closed form"),
        ({"family": 3}, "family 3 is not known."),
        ({"baseline": "groups"}, "baseline 'groups' is not known. Did you mean 'group'? Known: "
         "'group', 'modifiers', 'shared'."),
        ({"preset": "alley2022"}, "preset 'alley2022' is not known. Did you mean 'alley2026'? "
         "Known: 'alley2023', 'alley2026'."),
        ({"spread": "wide"}, "spread 'wide' is not known. Known: 'normal', 'student', 'none'."),
        ({"method": "exakt"}, "method 'exakt' is not known. Did you mean 'exact'? Known: 'auto', "
         "'exact', 'collapse', 'quadrature', 'laplace', 'nuts'."),
        ({"treatment_type": "Binary"}, "treatment_type 'Binary' is not known. Did you mean 'bina"),
        ({"weights": "w", "weights_kind": "freq"}, "Known: 'sampling', 'frequency'."),
        # numbers
        ({"draws": 0}, "draws is a whole number from 2 to 10,000,000; got 0."),
        ({"draws": 10.5}, "got 10.5."),
        ({"draws": True}, "got True."),
        ({"draws": "many"}, "draws is a whole number from 2 to 10,000,000; got 'many'."),
        ({"seed": -1}, "seed is a whole number from 0 to"),
        ({"seed": 10**5000}, "got a number with thousands of digits."),
        ({"level": 95}, "level is a number between 0 and 1, such as 0.95; got 95. Did you mean "
         "0.95?"),
        ({"level": 0}, "got 0."),
        ({"level": float("nan")}, "got nan."),
        ({"reference": float("inf")}, "reference is one value of the treatment"),
        ({"reference": [0, 1]}, "reference is one value of the treatment, text or a number"),
        ({"reference": "\ud800"}, "reference is not valid Unicode"),
        ({"data": 3}, "data in a plan is the path of a file, as text; got 3."),
        # bins
        ({"bins": 1}, "bins is a whole number from 2 to 1,000; got 1."),
        ({"bins": "four"}, "bins is a whole number from 2 to 1,000; got 'four'."),
        ({"bins": [1, 2]}, "bins names the column that cut points are for"),
        ({"bins": {"aa": 3}}, "bins: 'aa' is not among the modifiers or groups. Did you mean 'a'? "
         "They are: 'a'."),
        ({"bins": {"a": 1}}, "bins for 'a' is a whole number from 2 to 1,000; got 1."),
        ({"bins": {"a": [2, 1]}}, "bins for 'a': cut points are one or more numbers in increasing"),
        ({"bins": {"a": []}}, "cut points are one or more numbers"),
        ({"bins": {"a": [1, "2"]}}, "bins for 'a': a cut point is a number; got '2'."),
        ({"bins": {"a": [10**400]}}, "a cut point is a number"),
        # breaks and reference_category
        ({"breaks": 4, "family": "weibull"}, "breaks (where the hazard may change) belongs to "
         "'piecewise_exponential', not to family 'weibull'. Leave out breaks, or say "
         "family='piecewise_exponential'."),
        ({"breaks": [3, 2]} | PIECES, "breaks are from 1 to 49 times in increasing order; got "
         "[3, 2]."),
        ({"breaks": [2, 2]} | PIECES, "in increasing order; got [2, 2]."),
        ({"breaks": []} | PIECES, "breaks are from 1 to 49 times in increasing order; got []."),
        ({"breaks": list(range(1, 51))} | PIECES, "breaks are from 1 to 49 times"),
        ({"breaks": [0, 2]} | PIECES, "breaks: a break is a time above 0; got 0."),
        ({"breaks": [-1.5]} | PIECES, "breaks: a break is a time above 0; got -1.5."),
        ({"breaks": [1, True]} | PIECES, "breaks: a break is a time above 0; got True."),
        ({"breaks": [1, float("inf")]} | PIECES, "breaks: a break is a time above 0; got inf."),
        ({"breaks": 1} | PIECES, "breaks is a number of intervals from 2 to 50, or a list of times "
         "between them; got 1. One interval is family 'exponential'."),
        ({"breaks": "yearly"} | PIECES, "or a list of times between them; got 'yearly'."),
        ({"reference_category": "a", "family": "ordinal"}, "reference_category (the category that "
         "the others are held against) belongs to 'categorical', not to family 'ordinal'."),
        ({"reference_category": [1], "family": "categorical"}, "reference_category is one value of "
         "the outcome, text or a number; got [1]."),
        # agreement
        ({"weights_kind": "frequency"}, "weights_kind 'frequency' needs weights. Name their"),
        ({"treatment_type": "dose", "reference": 0}, "reference 0 names a control level, and "
         "treatment 'd' is taken as a dose, which has none. Leave out reference, or set "
         "treatment_type to 'binary'."),
        ({"preset": "alley2023", "baseline": "group"}, "preset 'alley2023' has baseline 'shared', "
         "not 'group'. Leave out baseline or preset."),
        ({"preset": "alley2026", "baseline": "shared"}, "preset 'alley2026' has baseline 'group'"),
        ({"preset": "alley2023", "treatment_type": "dose"}, "preset 'alley2023' is for a treatment "
         "with two levels, not a dose."),
        ({"preset": "alley2023", "spread": "none"}, "Leave out preset or spread."),
        # priors
        ({"priors": {"lamda": "flat"}}, "Did you mean 'lambda'?"),
        ({"priors": {"lambda": "norml(0, 1)"}}, "'norml' is not a known distribution."),
        ({"priors": {"beta": "flat"}}, "priors: 'beta' is not in this model, because there are no "
         "controls. Leave it out."),
        ({"priors": {"delta": "flat"}, "baseline": "shared"}, "because baseline 'shared' has no "
         "main effects of the modifiers."),
        ({"priors": {"delta": {"a": "flat"}}, "modifiers": None, "groups": "g"},
         "because there are no modifiers."),
        ({"priors": {"sigma_theta": "flat"}, "spread": "none"}, "because spread 'none' fixes it"),
        ({"priors": {"sigma_b": "flat"}, "baseline": "modifiers"}, "because baseline 'modifiers' "
         "has no group baselines."),
    ],
)  # fmt: skip
def test_refused(keywords: dict[str, object], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(**keywords)
    assert message in str(caught.value)


def test_importing_the_layer_is_cheap() -> None:
    code = "import forwhom.plan, sys; print(*sys.modules)"
    source = str(Path(forwhom.plan.__file__).parents[2])
    code = f"import sys; sys.path.insert(0, {source!r}); {code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "forwhom.plan.planfile" in loaded
    assert not loaded & {"pandas", "scipy", "tomllib", "duckdb", "narwhals"}
