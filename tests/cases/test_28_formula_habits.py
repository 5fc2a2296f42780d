"""What people write by habit from R, Stata, brms and patsy: refused with forwhom's own words.

Whatever words the message gives are followed to the letter, and the same call must then fit.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.cells import check_columns, reduce_rows, resolve_priors
from forwhom.data import load
from forwhom.design import Design, build_design
from forwhom.plan import KEYS, make_plan, plan_from_toml


def data() -> dict[str, Any]:
    rng = np.random.default_rng(28)
    n = 240
    return {
        "y": rng.gamma(2, 1, n),
        "voted": rng.integers(0, 2, n),
        "d": rng.integers(0, 2, n),
        "m": rng.integers(0, 3, n),
        "age": rng.integers(18, 80, n),
        "n": rng.integers(1, 5, n),
        "died": rng.integers(0, 2, n),
        "w": rng.uniform(0.5, 2, n),
        "school": rng.integers(0, 9, n),
        "reg": np.array(["North", "South", "East"])[rng.integers(0, 3, n)],
    }


BASE: dict[str, Any] = {"outcome": "y", "treatment": "d", "modifiers": "m"}

# What is written, and what forwhom calls it.
FORMULAS = [
    ("(1|school)", 'groups="school", without modifiers'),
    ("m + (1|school)", 'modifiers="m", clusters="school"'),
    ("m + (1 + d | school)", 'modifiers="m", clusters="school", cluster_effects="school"'),
    ("(1 + m | school) + m", 'modifiers="m", clusters="school"'),
    ("m + (1 + d || school)", 'modifiers="m", clusters="school", cluster_effects="school"'),
    ("c.age#i.reg", 'modifiers="age:C(reg)"'),
    ("c.age##i.reg", 'modifiers="age + C(reg) + age:C(reg)"'),
    ("factor(reg)", 'modifiers="C(reg)"'),
    ("as.factor(m)", 'modifiers="C(m)"'),
    ("relevel(factor(reg), ref='South')", "modifiers='C(reg, ref=\"South\")'"),
    ("C(m, Treatment(1))", 'modifiers="C(m, ref=1)"'),
    ("C(reg, Treatment(reference='South'))", "modifiers='C(reg, ref=\"South\")'"),
    ("C(m)[1]", 'modifiers="I(m == 1)"'),
    ("np.log(age)", 'modifiers="log(age)"'),
    ("Log(age)", 'modifiers="log(age)"'),
    ("I(age**2)", 'modifiers="poly(age, 2)"'),
    ("age*m + I(age^2)*m", 'modifiers="m + poly(age, 2) + poly(age, 2):m"'),
    ("age^2", 'modifiers="poly(age, 2)"'),
    ("(m + age)^2", 'modifiers="m + age + m:age"'),
    ("1 + m", 'modifiers="m"'),
    ("m - 1", 'modifiers="m"'),
    ("0 + m", 'modifiers="m"'),
    ("m*age - m:age", 'modifiers="m + age"'),
    ("s(age)", 'modifiers="bs(age, df=4)"'),
    ("s(age, k=6)", 'modifiers="bs(age, df=6)"'),
    ("ns(age, 3)", 'modifiers="bs(age, df=3)"'),
    ("splines::ns(age, 5)", 'modifiers="bs(age, df=5)"'),
    ("pol(age)", 'modifiers="poly(age, 2)"'),
    ("cut(age, 3)", 'modifiers="bin(age, 3)"'),
    ("reg/m", 'modifiers="reg + reg:m"'),
    ("m|reg", 'modifiers="m", clusters="reg"'),
    ("~ m", 'modifiers="m"'),
    ("y ~ d*m", 'modifiers="m"'),
    ("y ~ d*m + age", 'modifiers="m", controls="age"'),
    ("m & reg", 'modifiers="m:reg"'),
    ("m,age", 'modifiers="m + age"'),
    ("m + m:d", 'modifiers="m"'),
    ("d:m", 'modifiers="m"'),
    ("age > 40", 'modifiers="I(age > 40)"'),
    ("40 < age", 'modifiers="I(age > 40)"'),
    ("I(age > 40 & m == 1)", 'modifiers="I(age > 40):I(m == 1)"'),
    ("as.numeric(m == 1)", 'modifiers="I(m == 1)"'),
    ("(m == 1)*1", 'modifiers="I(m == 1)"'),
    ("ifelse(age > 40, 1, 0)", 'modifiers="I(age > 40)"'),
    ("reg == 'South'", "modifiers='I(reg == \"South\")'"),
    ("reg %in% c('South', 'East')", 'modifiers=\'I(reg in ["South", "East"])\''),
    ("!(m == 1)", 'modifiers="I(m != 1)"'),
    ("25 <= age < 65", 'modifiers="I(age >= 25):I(age < 65)"'),
    ("I(25 <= age < 65)", 'modifiers="I(age >= 25):I(age < 65)"'),
    ("c(m, age)", 'modifiers="m + age"'),
    ("y ~ d + (d|school)", 'groups="school", without modifiers'),
    ("-age", 'modifiers="age"'),
    ("2*age", 'modifiers="age"'),
    ("scale(scale(age))", 'modifiers="scale(age)"'),
    ("df$age", 'modifiers="age"'),
    ("data['age']", 'modifiers="age"'),
]

CALLS: list[tuple[dict[str, Any], str]] = [
    ({"outcome": "y ~ d*m", "treatment": None, "modifiers": None},
     'outcome="y", treatment="d", modifiers="m"'),
    ({"formula": "y ~ d*m + (1|school)", "outcome": None, "treatment": None, "modifiers": None},
     'outcome="y", treatment="d", modifiers="m", clusters="school", without formula'),
    ({"outcome": None, "treatment": None, "y": "y", "d": "d"}, 'outcome="y", treatment="d"'),
    ({"outcome": None, "treatment": None, "Y": "y", "T": "d"}, 'outcome="y", treatment="d"'),
    ({"outcome": None, "treatment": None, "modifiers": None, "Y": "y", "W": "d", "X": "m"},
     'outcome="y", treatment="d", modifiers="m"'),
    ({"treatment": None, "treat": "d"}, 'treatment="d"'),
    ({"modifiers": None, "moderators": ["m", "reg"]}, 'modifiers=["m", "reg"]'),
    ({"covariates": "age"}, 'controls="age"'),
    ({"cluster": "school"}, 'clusters="school"'),
    ({"id": "school"}, 'clusters="school"'),
    ({"group": "school"}, 'groups="school"'),
    ({"by": "reg"}, 'groups="reg"'),
    ({"chains": 4}, "the same without chains"),
    ({"chains": 4, "iter": 500, "warmup": 100, "cores": 2},
     "draws=500, without chains, iter, warmup and cores"),
    ({"tune": 100, "target_accept": 0.9, "random_seed": 3},
     "seed=3, without tune, target_accept and random_seed"),
    ({"ci": 0.9}, "level=0.9"),
    ({"ci": 90}, "level=0.9"),
    ({"alpha": 0.1}, "level=0.9"),
    ({"prior": {"lambda": "normal(0, 1)"}}, 'priors={"lambda": "normal(0, 1)"}'),
    ({"weight": "w"}, 'weights="w"'),
    ({"clusters": "reg/school"}, 'clusters=["reg", "school"]'),
    ({"clusters": "(1|school)"}, 'clusters="school"'),
    ({"clusters": "(1 + d|school)"}, 'clusters="school", cluster_effects="school"'),
    ({"clusters": "factor(school)"}, 'clusters="school"'),
    ({"groups": "m*reg"}, 'groups=["m", "reg"]'),
    ({"outcome": "voted", "family": "logit"}, 'family="bernoulli"'),
    ({"outcome": "voted", "family": "binomial"}, 'family="bernoulli"'),
    ({"outcome": "voted", "family": "probit"}, 'family="bernoulli", link="probit"'),
    ({"outcome": "voted", "family": "binomial(link='probit')"}, 'link="probit"'),
    ({"family": "normal"}, 'family="gaussian"'),
    ({"family": "gaussian()"}, 'family="gaussian"'),
    ({"family": "OLS"}, 'family="gaussian"'),
    ({"outcome": "m", "modifiers": "reg", "family": "negbinomial"}, 'family="negative_binomial"'),
    ({"outcome": "m", "modifiers": "reg", "family": "nbinom"}, 'family="negative_binomial"'),
    ({"outcome": "m", "modifiers": "reg", "family": "cumulative"}, 'family="ordinal"'),
    ({"outcome": "m", "modifiers": "reg", "family": "multinomial"}, 'family="categorical"'),
    ({"family": "survival"}, 'family="weibull"'),
    ({"family": "cox", "status": "died"}, 'family="piecewise_exponential"'),
    ({"method": "mle"}, 'method="auto"'),
]  # fmt: skip


def follow(call: dict[str, Any], said: str) -> dict[str, Any]:
    """The call with the words of a message in place of its own."""
    match = re.search(r"In forwhom's words: (.*)\.$", said)
    assert match, said
    words, _, without = match[1].partition("the same without ")
    if not without:
        words, _, without = match[1].partition(", without ")
    changed = eval(f"dict({words})")
    dropped = [name for name in re.split(r", | and ", without) if name]
    return {k: v for k, v in call.items() if k in KEYS and k not in dropped} | changed


def prepare(call: dict[str, Any]) -> Design:
    """All of a fit up to its draws, which take their time where there are clusters."""
    made = make_plan(**call)
    design, rows = build_design(made, load(data(), made.columns))
    cells = reduce_rows(design, rows)
    check_columns(design, cells)
    resolve_priors(design, cells)
    return design


def check(call: dict[str, Any], words: str) -> None:
    call = {key: value for key, value in call.items() if value is not None}
    with pytest.raises(fw.PlanError) as caught:
        fw.fit(data(), **call)
    said = str(caught.value)
    assert words in said.partition("In forwhom's words: ")[2], said
    assert prepare(follow(call, said)).groups.count > 1


@pytest.mark.parametrize(("formula", "words"), FORMULAS, ids=[f for f, _ in FORMULAS])
def test_a_formula_of_other_programs(formula: str, words: str) -> None:
    check(BASE | {"modifiers": formula}, words)


@pytest.mark.parametrize(("call", "words"), CALLS, ids=[str(call) for call, _ in CALLS])
def test_a_call_of_other_programs(call: dict[str, Any], words: str) -> None:
    check(BASE | call, words)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"modifiers": "i.reg"}, "In forwhom's words: C(reg), in a formula given as text"),
        ({"modifiers": "ib2.m"}, "In forwhom's words: C(m, ref=2)"),
        ({"outcome": "log(y)"}, 'as an outcome, outcome="y", family="lognormal"'),
        ({"outcome": "y ~ d"}, 'outcome="y", treatment="d"'),
        ({"outcome": "cbind(y, n)"}, 'successes of several trials are outcome="x", trials="n"'),
        ({"outcome": "Surv(y, died)"}, 'outcome="y", event="died", family="weibull"'),
        ({"treatment": "factor(d)"}, 'as a treatment, treatment="d", treatment_type="arms"'),
        ({"treatment": "d*m"}, 'treatment="d", modifiers="m"'),
        ({"treatment": "d*m", "modifiers": None}, 'treatment="d", modifiers="m"'),
        ({"treatment": "d + m"}, 'treatment=["d", "m"]'),
        ({"modifiers": ["log(age)"]}, "log(age), in a formula given as text"),
        ({"weights": "1"}, "Leave the keyword out where no column is meant."),
        ({"modifiers": "Age"}, "Did you mean 'age'?"),
    ],
)  # fmt: skip
def test_a_name_that_is_no_column(call: dict[str, Any], words: str) -> None:
    with pytest.raises(fw.DataError) as caught:
        fw.fit(data(), **(BASE | call))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--chains", "4"], "--chains (Possible options: --bins): leave it out: draws= is"),
        (["--random-seed", "4"], "forwhom calls it seed"),
        (["--family", "logit"], 'is not known: an outcome of 0 and 1 is "bernoulli"'),
        (["--clusters", "(1|m)"], """In forwhom's words: clusters="m"."""),
        (["--controls", "factor(m)"], """In forwhom's words: controls="C(m)"."""),
    ],
)
def test_flags(flags: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    from forwhom.cli import app

    base = ["fit", "x.csv", "--outcome", "y", "--treatment", "d", "--modifiers", "a"]
    with pytest.raises(SystemExit) as left:
        app([*base, *flags])
    assert left.value.code == 2
    assert words in capsys.readouterr().err


def test_a_plan_file() -> None:
    text = 'outcome = "y"\ntreatment = "d"\nmodifiers = "factor(m)"\nchains = 4\n'
    with pytest.raises(fw.PlanError) as caught:
        plan_from_toml(text, "plan.toml")
    said = str(caught.value)
    assert "plan.toml: 'chains' is not a part of a plan: leave it out" in said
    assert """In forwhom's words: modifiers="C(m)", without chains.""" in said


@pytest.mark.parametrize("name", ["i.reg", "log(y)", "d*m", "1", "y ~ d", "(1|school)", "C(m)"])
def test_a_column_may_have_any_of_these_names(name: str) -> None:
    table = data() | {name: data()["m"]}
    fit = fw.fit(table, "y", "d", [name], draws=20)
    assert name in fit.effects().columns


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("log(age + 1)", "make any other quantity a column of the data first"),
        ("te(age, m)", "A smooth curve is bs(x, df=4)"),
        ("cut(age, c(20, 40))", "Quantile bins are bin(x, 4); cut points for the groups are bins="),
        ("bs(age, knots=[30, 50])", "stands where a number should be, as in bs(x, df=4)"),
        ("sqrt(age)", "Make it a column of the data first"),
        ("m +", "it ends where a name should be"),
        ("m age", "a name with a space in it needs back-quotes"),
        ("__import__('os').system('ls')", "nothing is run as Python"),
        ("(1 | m:reg) + m", "clusters="),
    ],
)
def test_words_alone_where_no_call_is_known_to_fit(formula: str, words: str) -> None:
    with pytest.raises(fw.PlanError) as caught:
        fw.fit(data(), **(BASE | {"modifiers": formula}))
    assert words in str(caught.value)
    assert "In forwhom's words" not in str(caught.value)
