"""Several treatments: what each is modified by, held against and expected to be."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.errors import PlanError
from forwhom.plan import Plan, Prior, make_plan, parse_formula
from forwhom.plan.treatments import all_modifiers, read_treatments

OWN: dict[str, object] = {"ad": "age*party", "mailer": "region + age"}


def plan(treatment: object = OWN, **keywords: object) -> Plan:
    """A small plan."""
    return make_plan(outcome="y", treatment=treatment, **keywords)


def texts(made: Plan) -> dict[str, str]:
    """Each treatment's modifiers."""
    return {name: formula.text for name, formula in made.treatments}


def test_a_table_gives_each_its_own_modifiers() -> None:
    made = plan()
    assert texts(made) == {"ad": "age + party + age:party", "mailer": "region + age"}
    assert made.treatment == "ad and mailer"
    assert made.keywords()["treatment"] == texts(made)
    assert "modifiers" not in made.keywords()


@pytest.mark.parametrize("names", [["ad", "mailer"], ("ad", "mailer"), np.array(["ad", "mailer"])])
def test_a_list_shares_modifiers(names: object) -> None:
    made = plan(names, modifiers="age*party")
    assert texts(made) == dict.fromkeys(("ad", "mailer"), "age + party + age:party")
    assert made.keywords()["treatment"] == ["ad", "mailer"]
    assert made.keywords()["modifiers"] == "age + party + age:party"
    assert made == plan({"ad": "age*party", "mailer": "age*party"})


def test_one_treatment_however_it_is_named() -> None:
    alone = plan("ad", modifiers="age")
    assert alone == plan(["ad"], modifiers="age") == plan({"ad": "age"})
    assert alone == plan({"ad": "age"}, modifiers="")  # empty means not given
    assert (alone.treatment, alone.keywords()["treatment"]) == ("ad", "ad")


def test_formulas_and_lists_of_names_in_a_table() -> None:
    made = plan({"ad": parse_formula("log(age)", "x"), "mailer": ["my age"], "sms": None})
    assert texts(made) == {"ad": "log(age)", "mailer": "`my age`", "sms": ""}
    assert made.treatment == "ad, mailer and sms"


def test_all_modifiers_are_each_once_main_effects_first() -> None:
    def union(*formulas: str) -> str:
        named = {f"t{i}": formula for i, formula in enumerate(formulas)}
        return all_modifiers(read_treatments(named, None, False)).text

    assert union("b*a") == "b + a + b:a"
    assert union("a*b", "c") == "a + b + c + a:b"
    assert union("a:b", "b:a + b") == "b + a:b"
    assert union("", "log(a)", "a") == "log(a) + a"
    assert union("", "") == ""
    assert plan().modifiers.text == "age + party + region + age:party"


def test_columns_of_everything() -> None:
    made = plan(
        controls="c",
        groups=["g", "age"],
        clusters=["state", "g"],
        weights="w",
    )
    expected = ("y", "ad", "mailer", "age", "party", "region", "c", "g", "state", "w")
    assert made.columns == expected
    assert made.treatment_columns == ("ad", "mailer")


def test_columns_of_estimates() -> None:
    made = make_plan(outcome="b", std_error="se", modifiers="year", clusters="lab")
    assert made.columns == ("b", "year", "lab", "se")
    assert (made.treatment, made.treatment_columns, made.baseline) == ("effect", (), "shared")
    assert make_plan(outcome="effect", std_error="se", groups="study").columns == (
        *("effect", "study", "se"),
    )
    assert make_plan(**made.keywords()) == made


def test_bins_of_any_treatments_modifiers() -> None:
    made = plan(bins={"region": 3, "age": [30, 50]})
    assert (made.bins_of("region"), made.bins_of("age"), made.bins_of("party")) == (3, (30, 50), 4)


def test_reference_and_type_once_for_all() -> None:
    made = plan(reference="none", treatment_type="arms")
    assert {made.reference_of(name) for name in ("ad", "mailer")} == {"none"}
    assert {made.type_of(name) for name in ("ad", "mailer")} == {"arms"}
    assert plan().reference_of("ad") is None
    assert plan().type_of("ad") == "auto"


def test_reference_and_type_by_treatment() -> None:
    made = plan(reference={"mailer": False, "ad": "none"}, treatment_type={"mailer": "binary"})
    assert (made.reference_of("ad"), made.reference_of("mailer")) == ("none", False)
    assert (made.type_of("ad"), made.type_of("mailer")) == ("auto", "binary")
    assert made.keywords()["reference"] == {"ad": "none", "mailer": False}
    assert make_plan(**made.keywords()) == made
    other_order = {"ad": "none", "mailer": False}
    assert made == plan(reference=other_order, treatment_type={"mailer": "binary"})
    hash(made)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"treatment": []}, "treatment names no column. Name each treatment's column once."),
        ({"treatment": {}}, "treatment is an empty table. Name at least one treatment in it."),
        ({"treatment": None}, "a plan needs treatment: the column that holds what is given."),
        ({"treatment": ["ad", "mailer", "ad"]}, "treatment names 'ad' more than once."),
        ({"treatment": ["ad", 3]}, "treatment (what is given): a column name is text, not 3 (int)"),
        ({"treatment": {1: "age"}}, "treatment (what is given): a column name is text, not 1"),
        ({"treatment": {"ad": 0}}, "modifiers of 'ad' is text such as \"a*b + c\""),
        ({"treatment": {"ad": "age +"}}, "modifiers of 'ad' \"age +\": it ends where a name "
         "should"),
        ({"modifiers": "age"}, "treatment gives 'ad', 'mailer' modifiers of their own, so "
         "modifiers "
         "'age' have no place beside them. Leave out modifiers, or name the treatments as a list, "
         "which shares them."),
        ({"treatment": {"ad": "age", "y": "age"}}, "'y' is both the outcome and the treatment."),
        ({"treatment": {"ad": "age", "mailer": "y"}}, "the outcome 'y' is among the modifiers"),
        ({"treatment": {"ad": "ad", "mailer": ""}}, "the treatment 'ad' is among the modifiers"),
        ({"treatment": {"ad": "age:mailer", "mailer": "age"}}, "'mailer' is both a treatment and a "
         "modifier of 'ad'. Take it out of the modifiers of 'ad'; or take it out of treatment, and "
         "the effect of 'ad' may still differ by it."),
        ({"treatment": ["ad", "mailer"], "modifiers": "age + ad"}, "'ad' is both a treatment and a "
         "modifier of 'mailer'."),
        ({"controls": "mailer"}, "the treatment 'mailer' is among the controls"),
        ({"groups": ["g", "mailer"]}, "the treatment 'mailer' is among the groups"),
        ({"clusters": "mailer"}, "the treatment 'mailer' is among the clusters"),
        ({"weights": "mailer"}, "'mailer' is named as treatment and as weights. Name two columns."),
        ({"reference": {"mail": 0}}, "reference: 'mail' is not a treatment. Did you mean 'mailer'? "
         "Treatments: 'ad', 'mailer'."),
        ({"reference": {3: 0}}, "reference: '3' is not a treatment. Treatments: 'ad', 'mailer'."),
        ({"reference": {"ad": None}}, "reference of 'ad' is one value of the treatment, text or a "
         "number; got None."),
        ({"reference": {"ad": [0, 1]}}, "reference of 'ad' is one value of the treatment"),
        ({"treatment_type": {"ads": "dose"}}, "treatment_type: 'ads' is not a treatment. Did you "
         "mean 'ad'?"),
        ({"treatment_type": {"ad": "arm"}}, "treatment_type of 'ad' 'arm' is not known. Did you "
         "mean "
         "'arms'? Known: 'auto', 'binary', 'arms', 'dose'."),
        ({"treatment_type": {"mailer": "dose"}, "reference": 1}, "reference 1 names a control "
         "level, "
         "and treatment 'mailer' is taken as a dose, which has none. Give reference as a table of "
         "the other treatments, without 'mailer', or set treatment_type to 'binary'."),
    ],
)  # fmt: skip
def test_refused(keywords: dict[str, object], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(**({"treatment": OWN} | keywords))
    assert message in str(caught.value)


def test_a_dose_beside_a_treatment_with_a_reference() -> None:
    made = plan(treatment_type={"mailer": "dose"}, reference={"ad": "none"})
    assert made.reference_of("mailer") is None


# Priors: whose goes first


def test_priors_of_a_treatment_go_before_those_for_all() -> None:
    priors = {
        "lambda_ad": {"age": "normal(0, 1)"},
        "lambda": {"age": "normal(0, 2)", "party": "normal(0, 3)"},
        "sigma_theta_mailer": "half_normal(1)",
        "sigma_theta": "half_normal(2)",
    }
    made = plan(priors=priors)

    def scale(*key: str | None) -> float | None:
        prior = made.prior(*key)  # type: ignore[arg-type]
        return None if prior is None else prior.parameters[-1]

    assert scale("lambda", "age", "ad") == 1
    assert scale("lambda", "age", "mailer") == scale("lambda", "age") == 2
    assert scale("lambda", "party", "ad") == scale("lambda", "party") == 3
    assert scale("lambda", "region", "ad") is None
    assert scale("lambda_ad", "age") == 1
    assert scale("sigma_theta", None, "mailer") == 1
    assert scale("sigma_theta", None, "ad") == scale("sigma_theta") == 2
    assert made.prior_terms("lambda_ad") == ("age",)
    assert made.prior_terms("lambda") == ("age", "party")


def test_a_treatments_whole_prior_goes_before_a_term_for_all() -> None:
    made = plan(
        preset="alley2026",
        priors={"lambda_ad": "horseshoe(1, 2, 4)", "lambda": {"age": "normal(0, 2)"}},
    )
    assert made.prior("lambda", "age", "ad") == Prior("horseshoe", (1.0, 2.0, 4.0))
    assert made.prior("lambda", "age", "mailer") == Prior("normal", (0.0, 2.0))
    assert made.prior("lambda", "region", "mailer") == Prior("normal", (0.0, 0.5))  # the preset's
    assert made.prior("sigma_theta", None, "ad") == Prior("half_normal", (1.0,))


def test_one_treatment_has_no_keys_of_its_own() -> None:
    made = plan("ad", modifiers="age", priors={"lambda": "normal(0, 2)"})
    assert made.prior("lambda", "age", "ad") == made.prior("lambda") == Prior("normal", (0.0, 2.0))
    with pytest.raises(PlanError, match=r"'lambda_ad' is not a parameter .* Did you mean 'lambda'"):
        plan("ad", modifiers="age", priors={"lambda_ad": "flat"})
    with pytest.raises(PlanError, match="'lambda_ad' is not a parameter"):
        made.prior("lambda_ad")


def test_unknown_keys_list_every_parameter() -> None:
    made = plan(clusters=["state", "wave"])
    with pytest.raises(PlanError) as caught:
        made.prior("zzz")
    assert all(f"'{key}'" in str(caught.value) for key in made.prior_keys)
    assert {"lambda_mailer", "sigma_theta_ad", "sigma_wave"} < set(made.prior_keys)


def test_priors_in_any_order_make_the_same_plan() -> None:
    priors = {"sigma_theta_ad": "flat", "lambda_mailer": "flat", "alpha": "flat"}
    assert plan(priors=priors) == plan(priors=dict(reversed(priors.items())))
    assert plan(priors=priors).keywords()["priors"] == {
        "alpha": "flat",
        "sigma_theta_ad": "flat",
        "lambda_mailer": "flat",
    }
