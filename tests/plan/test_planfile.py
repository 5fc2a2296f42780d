"""Plans through TOML and back, the exact text of a file, and every file that is refused."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from forwhom.errors import PlanError
from forwhom.plan import KEYS, Plan, make_plan, plan_from_toml, plan_to_toml, read_plan

SMALL: dict[str, object] = {"outcome": "y", "treatment": "d", "modifiers": "a"}
FULL: dict[str, object] = {
    "data": "C:\\data\\survey é.csv",
    "outcome": 'the "best" outcome',
    "treatment": "d",
    "modifiers": ["my age", "sex (f/m)", "größe", "a`b", "line\nbreak"],
    "controls": "log(c)*bs(x, df=4) + C(`z z`)",
    "groups": ["county", "año 2"],
    "clusters": ["sta.te", "wave"],
    "cluster_effects": ["wave"],
    "correlated": True,
    "weights": "w",
    "weights_kind": "frequency",
    "reference": "none \x07\x7f",
    "treatment_type": "binary",
    "bins": {"my age": [0.1, 30, 1e22], "größe": 5},
    "family": "gaussian",
    "link": "identity",
    "baseline": "group",
    "preset": "alley2026",
    "spread": "normal",
    "sigma_by": "group",
    "priors": {
        "lambda": {"Intercept": "normal(0, 1)", "my age": "student_t(3, 0, 0.1)"},
        "sigma": "flat",
        "delta": {"größe": "flat"},
        "alpha": "normal(1e-12, 1e12)",
        "sigma_sta.te": "half_normal(2)",
        "sigma_theta_wave": "exponential(1)",
        "correlation": "lkj(2)",
    },
    "method": "nuts",
    "draws": 123,
    "seed": 2**62,
    "level": 0.1 + 0.2,
    "missing": {"my age": [999, -9.5, 'n/a "quoted"'], "größe": []},
    "encoding": "cp1252",
    "sheet": "Sheet 2",
    "labels": {"my age": 'Age "in" years', "größe": "Größe", "a:b": "Both"},
    "value_labels": {"a.b": {"1.5": "x", 2: "y=z", "": "empty"}, "größe": {True: "Ja"}},
}


def test_full_plan_uses_every_key() -> None:
    # each for some families only
    beside = {"trials", "exposure", "offset", "event", "breaks", "reference_category", "std_error"}
    beside |= {"success"}
    assert set(FULL) == set(KEYS) - beside


@pytest.mark.parametrize(
    "extra",
    [
        {},
        FULL,
        {"preset": "alley2023"},
        {"reference": True},
        {"reference": 1},
        {"reference": 1.0},
        {"reference": "1"},
        {"reference": ""},
        {"reference": -1e-300},
        {"modifiers": "", "groups": ["a.b"]},
        {"priors": {"lambda": {'a"b.c': "flat"}}},
        {"bins": {"a": [-0.5]}},
        {"spread": "none", "baseline": "modifiers"},
        {"family": "binomial", "trials": "n", "link": "cloglog"},
        {"family": "poisson", "exposure": "years", "offset": "o"},
        {"family": "bernoulli", "success": "true"},
        {"success": 1.5},
        {"success": True},
        {"family": "gaussian", "link": "auto"},
        {"link": "probit", "priors": {"sigma": "flat", "gaps": "gamma(2, 1)"}},
        {"trials": "n"},
        {"method": "exact"},
        {"breaks": [1, 2]},
        {"family": "weibull", "event": {"my =status": 'the "end"'}},
        {"family": "exponential", "event": {"status": 2}},
        {"family": "exponential", "event": {"status": False}},
        {"family": "weibull", "event": "died", "priors": {"shape": "gamma(2, 1)"}},
        {"family": "piecewise_exponential", "event": "died", "breaks": 3},
        {"family": "piecewise_exponential", "breaks": [0.1, 2, 1e300]},
        {"family": "categorical", "reference_category": 'the "other"'},
        {"family": "categorical", "reference_category": True},
        {"family": "ordered_beta", "offset": "o", "priors": {"cutpoint": "normal(-1, 2)"}},
        {"method": "nuts", "spread": "student", "priors": {"nu_theta": "gamma(2, 0.1)"}},
        {"priors": {"lambda": "horseshoe(1, 2, 4)"}, "sigma_by": "arm"},
        {"priors": {"lambda": "r2d2(0.5, 2)"}},
        {"treatment_type": "arms", "correlated": True, "baseline": "shared"},
        {"treatment": ["d", "e"]},
        {"treatment": ["e"]},
        {"treatment": {"d": "b*c"}, "modifiers": None},
        {"treatment": {"d": "b", "e": "b"}, "modifiers": None},
        {"treatment": {"d": "b + c", "e": "c + b"}, "modifiers": None},
        {"treatment": {"d": "", "e": "b"}, "modifiers": None},
        {"treatment": {"d": "", "e": ""}, "modifiers": None, "groups": "g"},
        {
            "treatment": {"my ad": "a*`b c`", 'the "mail.er"': ["x y"]},
            "modifiers": None,
            "reference": {'the "mail.er"': True, "my ad": "0"},
            "treatment_type": {"my ad": "arms"},
            "clusters": ["s t"],
            "cluster_effects": "`s t`",
            "priors": {
                "sigma_s t": "flat",
                "lambda_my ad": {"Intercept": "normal(0, 1)", "b c": "flat"},
                'sigma_theta_the "mail.er"': "half_normal(1)",
            },
        },
        {"treatment": None, "std_error": "se"},
        {"treatment": None, "std_error": "se", "clusters": ["lab"], "spread": "none"},
        {"outcome": "\u2028\x00\ufeff\U0001f600"},
    ],
)
def test_round_trip(extra: dict[str, object], tmp_path: Path) -> None:
    plan = make_plan(**(SMALL | extra))
    text = plan_to_toml(plan)
    again = plan_from_toml(text, "plan.toml")
    assert again == plan
    assert type(again.reference) is type(plan.reference)
    assert type(again.reference_category) is type(plan.reference_category)
    assert type(again.success) is type(plan.success)
    assert type(again.event_level) is type(plan.event_level)
    assert plan_to_toml(again) == text
    path = tmp_path / "plan.toml"
    path.write_bytes(text.encode())
    assert read_plan(path) == plan
    assert read_plan(str(path)) == plan


def test_exact_text() -> None:
    plan = make_plan(
        outcome="vote",
        treatment="letter",
        modifiers=["age (years)", "woman"],
        groups="county",
        bins={"age (years)": [30, 50]},
        priors={"lambda": {"woman": "normal(0, 0.2)"}, "sigma": "exponential(1)"},
        data="survey.dta",
    )
    assert plan_to_toml(plan, ["Written by forwhom", "two\nlines \x00"]) == (
        "# Written by forwhom\n"
        "# two\n"
        "# lines\n"
        'outcome = "vote"\n'
        'treatment = "letter"\n'
        'modifiers = "`age (years)` + woman"\n'
        'controls = ""\n'
        'groups = ["county"]\n'
        'weights_kind = "sampling"\n'
        'treatment_type = "auto"\n'
        'family = "auto"\n'
        'link = "auto"\n'
        'baseline = "group"\n'
        'spread = "normal"\n'
        'method = "auto"\n'
        "draws = 4000\n"
        "seed = 1\n"
        "level = 0.95\n"
        'data = "survey.dta"\n'
        "\n"
        "[bins]\n"
        '"age (years)" = [30.0, 50.0]\n'
        "\n"
        "[priors]\n"
        'sigma = "exponential(1)"\n'
        "\n"
        "[priors.lambda]\n"
        'woman = "normal(0, 0.2)"\n'
    )


def test_exact_text_of_several_treatments() -> None:
    plan = make_plan(
        outcome="vote",
        treatment={"ad": "age*party", "the mailer": "age"},
        reference={"ad": "none"},
        treatment_type={"the mailer": "dose", "ad": "arms"},
        clusters="state",
        cluster_effects="state",
        correlated=True,
        priors={"lambda_the mailer": {"age": "flat"}, "lambda_ad": "horseshoe(1, 2, 4)"},
    )
    assert plan_to_toml(plan) == (
        'outcome = "vote"\n'
        'controls = ""\n'
        'clusters = ["state"]\n'
        'cluster_effects = ["state"]\n'
        "correlated = true\n"
        'weights_kind = "sampling"\n'
        "bins = 4\n"
        'family = "auto"\n'
        'link = "auto"\n'
        'baseline = "group"\n'
        'spread = "normal"\n'
        'method = "auto"\n'
        "draws = 4000\n"
        "seed = 1\n"
        "level = 0.95\n"
        "\n"
        "[treatment]\n"
        'ad = "age + party + age:party"\n'
        '"the mailer" = "age"\n'
        "\n"
        "[reference]\n"
        'ad = "none"\n'
        "\n"
        "[treatment_type]\n"
        'ad = "arms"\n'
        '"the mailer" = "dose"\n'
        "\n"
        "[priors]\n"
        'lambda_ad = "horseshoe(1, 2, 4)"\n'
        "\n"
        '[priors."lambda_the mailer"]\n'
        'age = "flat"\n'
    )


def test_a_plan_of_estimates_names_no_treatment() -> None:
    text = plan_to_toml(make_plan(outcome="effect", std_error="se", modifiers="year"))
    assert 'std_error = "se"\n' in text
    assert "\ntreatment = " not in text


def test_written_by_hand() -> None:
    text = """
    outcome = "y"
    treatment = "d"
    modifiers = '''
        a*b
        + `my col`
    '''
    controls = ["age (years)"]
    priors.lambda = "normal(0, 0.5)"
    """
    plan = plan_from_toml(text, "plan.toml")
    assert plan.columns == ("y", "d", "a", "b", "my col", "age (years)")
    assert plan.priors[0][2].text == "normal(0, 0.5)"


def test_treatments_written_by_hand() -> None:
    text = """
    outcome = "y"
    treatment = {ad = "age*party", mailer = ""}
    reference = {ad = "none"}
    treatment_type.mailer = "dose"
    clusters = "state + wave"
    """
    plan = plan_from_toml(text, "plan.toml")
    assert plan.columns == ("y", "ad", "mailer", "age", "party", "state", "wave")
    assert (plan.reference_of("ad"), plan.reference_of("mailer")) == ("none", None)
    assert (plan.type_of("ad"), plan.type_of("mailer")) == ("auto", "dose")


def test_file_that_opens_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xef\xbb\xbf" + plan_to_toml(make_plan(**SMALL)).encode())
    assert read_plan(path) == make_plan(**SMALL)


START = 'outcome = "y"\ntreatment = "d"\nmodifiers = "a"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (START + 'modifers = "b"', "'modifers' is not a part of a plan. Did you mean 'modifiers'?"),
        (START + "[fit]\nx = 1", "'fit' is not a part of a plan."),
        (START + '"" = 1', "'' is not a part of a plan."),
        (START + "clusters = 3", "clusters is text such as"),
        (START + 'correlated = "true"', "correlated is true or false; got 'true'."),
        (START.replace('"d"', '["d", "d"]'), "treatment names 'd' more than once."),
        (START + "[reference]\ne = 1", "reference: 'e' is not a treatment. Treatments: 'd'."),
        ('outcome = "y"\ntreatment.d = "a"\ntreatment.e = 2', "modifiers of 'e' is text such as"),
        (START + "[priors]\nlamda = 'flat'", "Did you mean 'lambda'?"),
        (START + "[priors.lambda]\na = 3", "the prior for lambda, term 'a' is text"),
        (START + "draws = 1.5", "draws is a whole number"),
        (START + "outcome = 'z'", "it is not a valid TOML file: Cannot overwrite a value"),
        (START + "bins = 2024-01-01", "bins is a whole number"),
        (START + "reference = 2024-01-01", "reference is one value of the treatment"),
        (START + "level = nan", "level is a number between 0 and 1"),
        (START + "seed = " + "9" * 5000, "it is not a valid TOML file"),
        (START + "draws = " + "[" * 100_000, "plan.toml: it is nested too deep to be a plan file."),
        ("outcome = y", "it is not a valid TOML file: Invalid value (at line 1, column 11)."),
        ("id,y,d\n1,2,3\n", "it is not a valid TOML file"),
        ('outcome = "y"', "a plan needs treatment"),
        (START.replace('"a"', '"eval(a)"'), "'eval' is not a function of the formula language"),
        (START.replace('"a"', "3"), "modifiers is text such as"),
        (START.replace('"y"', "{a = 1}"), "outcome (what is measured): a column name is text"),
    ],
    ids=lambda value: value[-30:],
)
def test_refused_naming_the_file(text: str, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan_from_toml(text, "plan.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("plan.toml: ")
    assert len(str(caught.value)) < 700


MANY = 100_000
LONG = 400_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (START + f"priors{'.a' * LONG} = 1", "a key has more than 16 dots"),
        (START + f"[a{' . a' * LONG}]", "a key has more than 16 dots"),
        (START + f"x = {{a{'.a' * LONG} = 1}}", "a key has more than 16 dots"),
        (START + f"bins = {'[' * LONG}{']' * LONG}", "it is nested too deep"),
        (START + "priors = " + "{a = " * LONG, "it is nested too deep"),
        (f'outcome = "y"\nmodifiers = "a"\ntreatment = {[f"t{i}" for i in range(MANY)]}',
         "treatment names 100,000 columns; a plan takes up to 100"),
        ('outcome = "y"\n[treatment]\n' + "".join(f't{i} = "a"\n' for i in range(MANY)),
         "treatment names 100,000 columns; a plan takes up to 100"),
        (START + "[priors]\n" + "".join(f'k{i} = "flat"\n' for i in range(MANY)),
         "'k0' is not a parameter"),
        (START + "[priors.lambda]\n" + "".join(f'k{i} = "flat"\n' for i in range(MANY)),
         "priors names 100,000 terms; a plan takes up to 10,000"),
        (START + f'family = "{"x" * LONG}"', "'piecewise_exponential'."),
        (START + f"{'x' * LONG} = 1", "A plan has"),
        (START + "seed = " + "9" * LONG, "a number in it has thousands of digits"),
    ],
    ids=range(12),
)  # fmt: skip
def test_large_files_are_refused_in_time(text: str, message: str) -> None:
    """In seconds of this process's own time: what grows as the square takes hours."""
    begun = time.process_time()
    with pytest.raises(PlanError) as caught:
        plan_from_toml(text, "plan.toml")
    assert time.process_time() - begun < 5
    assert message in str(caught.value)
    assert len(str(caught.value)) < 700


def test_time_grows_with_the_size_of_a_file() -> None:
    """Four times the file takes about four times as long; sixteen if it grew as the square."""

    def seconds(rows: int) -> float:
        text = START + "".join(f"# {'x.' * 20}\n" for _ in range(rows))
        text += "[priors.lambda]\n" + "".join(f'"k.{i}" = "flat"\n' for i in range(rows // 8))
        best = np.inf
        for _ in range(3):
            begun = time.process_time()
            plan_from_toml(text, "plan.toml")
            best = min(best, time.process_time() - begun)
        return best

    seconds(1000)
    assert seconds(40_000) < 9 * seconds(10_000)


@pytest.mark.parametrize(
    "line",
    [
        'data = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.csv"',
        "data = 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.csv'",
        'data = """a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t\\""".csv"""',
        "data = '''a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t \" '''",
        "# a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t",
        'data = "\\"" # "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t',
        "level = 0.5 # 1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18",
        'priors."lambda"."a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s" = "flat"',
    ],
)
def test_dots_in_texts_and_comments_are_no_keys(line: str) -> None:
    plan_from_toml(START + line, "plan.toml")


def refusal(path: Path | str) -> str:
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "plan.toml").endswith("there is no such plan file.")
    (tmp_path / "plan1.toml").write_text("")
    assert refusal(tmp_path / "plan.toml").endswith("no such plan file. Did you mean 'plan1.toml'?")
    assert refusal(tmp_path / "no" / "plan.toml").endswith("there is no such plan file.")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "the plan file cannot be read: Is a directory." in refusal(tmp_path)
    assert "the plan file cannot be read: " in refusal("a\0b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the plan file is empty."),
        (b" \n", "the plan file is empty."),
        (b"\xff\xfe\x00\x01", "it is not a text file in UTF-8. Is it a plan file?"),
        (b"# " + b"x" * 5_000_000, "it is larger than 5 MB, too large for a plan file. Is it the"),
        (b"outcme = 'y'", "'outcme' is not a part of a plan. Did you mean 'outcome'?"),
    ],
    ids=["empty", "blank", "binary", "large", "key"],
)
def test_files_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(content)
    assert message in refusal(path)


def test_a_plan_is_not_changed_by_writing_it() -> None:
    plan: Plan = make_plan(**(SMALL | FULL))
    before = hash(plan)
    plan_to_toml(plan)
    assert hash(plan) == before
