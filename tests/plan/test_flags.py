import pytest

from forwhom.errors import PlanError
from forwhom.plan.flags import check_facets, plan_from_file, plan_from_flags

BASE = {"outcome": "y", "treatment": ["t"], "modifiers": ["age + woman"]}


def made(**asked):
    return plan_from_flags("data.csv", None, BASE | asked)


def refused(**asked):
    with pytest.raises(PlanError) as error:
        made(**asked)
    return str(error.value)


def treatments(*texts, **asked):
    """Each treatment with the text of its modifiers, and the plan."""
    asked = {"treatment": list(texts), **asked}
    if any("=" in text for text in texts):
        asked.setdefault("modifiers", None)
    plan = made(**asked)
    return {name: formula.text for name, formula in plan.treatments}, plan


def test_treatments_share_modifiers_or_have_their_own():
    shared = "age + woman"
    assert treatments("ad")[0] == {"ad": shared}
    assert treatments("ad", "the mailer")[0] == {"ad": shared, "the mailer": shared}
    own = {"ad": "age + party + age:party", "the mailer": "age"}
    assert treatments("ad=age*party", "the mailer = age")[0] == own
    assert treatments("ad=age", "mailer=")[0] == {"ad": "age", "mailer": ""}
    assert treatments("ad=bs(age, df=4)")[0] == {"ad": "bs(age, df=4)"}


def test_treatments_whose_names_hold_an_equals_sign_go_in_back_quotes():
    assert treatments("`a=b`", modifiers=["age"])[0] == {"a=b": "age"}
    assert treatments("`a=``b`=age", "c=woman")[0] == {"a=`b": "age", "c": "woman"}


@pytest.mark.parametrize(
    ("texts", "modifiers", "words"),
    [
        (["ad=age", "mailer"], None, "treatment: 'mailer' is without modifiers of its own, and "
         "'ad' has some. Write --treatment \"mailer=FORMULA\" (\"mailer=\" for none), or"),
        (["ad=age", "ad=woman"], None, "treatment: 'ad' is given twice. Write one formula for it."),
        (["ad", "ad"], ["age"], "treatment names 'ad' more than once."),
        (["ad=age"], ["woman"], "treatment gives 'ad' modifiers of their own, so modifiers "
         "'woman'"),
        (["=age"], None, "treatment (what is given): a column name is empty."),
        (["ad=age+"], None, "modifiers of 'ad' \"age+\""),
        (["ad=eval(age)"], None, "'eval' is not a function of the formula language"),
        ([""], ["age"], "treatment (what is given): a column name is empty."),
    ],
)  # fmt: skip
def test_wrong_treatments(texts, modifiers, words):
    assert words in refused(treatment=texts, modifiers=modifiers)


def test_reference_and_type_once_for_all_treatments():
    plan = treatments("ad", "mailer", reference=["0"], treatment_type=["binary"])[1]
    assert (plan.reference, plan.treatment_type) == (0, "binary")


def test_reference_and_type_by_treatment():
    reference, types = ["the mailer=False", "ad=none"], ["ad=arms", "the mailer=binary"]
    plan = treatments("ad", "the mailer", reference=reference, treatment_type=types)[1]
    assert plan.reference == (("ad", "none"), ("the mailer", False))
    assert plan.treatment_type == (("ad", "arms"), ("the mailer", "binary"))
    plan = treatments("ad=age", "mailer=woman", reference=["mailer=1.5"])[1]
    assert plan.reference == (("mailer", 1.5),)
    plan = made(reference=["t=0"], treatment_type=["t=arms"])
    assert (plan.reference, plan.treatment_type) == ((("t", 0),), (("t", "arms"),))


def test_values_and_treatments_with_an_equals_sign():
    assert made(reference=["dose=0"]).reference == "dose=0"
    assert made(reference=["t=dose=0"]).reference == (("t", "dose=0"),)
    plan = treatments("`a`", "`a=b`", modifiers=["age"], reference=["a=b=1", "a=2"])[1]
    assert plan.reference == (("a", 2), ("a=b", 1))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"reference": ["add=none"]}, "reference: 'add' is not a treatment. Did you mean 'ad'? "
         "Treatments: 'ad', 'mailer'."),
        ({"reference": ["ad=none", "0"]}, "reference: '0' does not say which treatment it is for, "
         "and --reference is given more than once. Write --reference \"ad=0\" for each treatment, "
         "or --reference once for all."),
        ({"reference": ["ad=0", "ad=1"]}, "reference: 'ad' is given twice. Write one --reference"),
        ({"treatment_type": ["binary", "dose"]}, "Write --treatment-type \"ad=binary\" for each"),
        ({"treatment_type": ["ad=dos"]}, "treatment_type of 'ad' 'dos' is not known. Did you mean "
         "'dose'?"),
    ],
)  # fmt: skip
def test_wrong_reference_and_type(asked, words):
    assert words in refused(treatment=["ad", "mailer"], **asked)


def test_a_reference_twice_for_one_treatment():
    assert 'Write --reference "t=0" for each treatment' in refused(reference=["0", "1"])


def test_clusters_and_the_other_parts_of_the_model():
    plan = made(
        clusters=["the state", "wave"],
        cluster_effects=["wave"],
        correlated=True,
        sigma_by="group",
        priors=["sigma_the state=half_normal(1)", "sigma_theta_wave=flat", "correlation=lkj(2)"],
        method="nuts",
    )
    assert (plan.clusters, plan.cluster_effects) == (("the state", "wave"), ("wave",))
    assert (plan.correlated, plan.sigma_by, plan.method) == (True, "group", "nuts")
    texts = {key: prior.text for key, _, prior in plan.priors}
    assert texts["sigma_the state"] == "half_normal(1)"
    assert made(clusters=["state + wave"]).clusters == ("state", "wave")
    assert "Did you mean 'wave'?" in refused(clusters=["state", "wave"], cluster_effects=["waves"])


def test_estimates_need_no_treatment():
    plan = plan_from_flags(
        "d.csv", None, {"outcome": "b", "std_error": "se", "modifiers": ["year"]}
    )
    assert (plan.std_error, plan.treatment_columns) == ("se", ())


def test_priors_of_one_treatment():
    priors = ["lambda_ad[age]=flat", "lambda_the mailer=horseshoe(1, 2, 4)"]
    plan = treatments("ad", "the mailer", priors=priors)[1]
    assert plan.prior("lambda", "age", "ad").text == "flat"
    assert plan.prior("lambda", "age", "the mailer").text == "horseshoe(1, 2, 4)"


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-1", -1), ("1.5", 1.5), ("1e3", 1000.0), ("control", "control"), ("nan", "nan"),
     ("True", True), ("false", False), ("", "")],
)  # fmt: skip
def test_reference_is_a_number_where_it_reads_as_one(text, value):
    reference = made(reference=[text]).reference
    assert reference == value
    assert type(reference) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("4", 4), ("3,", (3.0,)), ("1, 2.5,6", (1.0, 2.5, 6.0))],
)
def test_breaks(text, value):
    assert made(family="piecewise_exponential", breaks=text).breaks == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("many", "got 'many'"),
        ("1,two", "a break is a time above 0; got 'two'"),
        ("1,,2", "a break is a time above 0; got ''"),
        ("2,1", "in increasing order"),
    ],
)
def test_wrong_breaks(text, words):
    assert words in refused(family="piecewise_exponential", breaks=text)


@pytest.mark.parametrize(("text", "value"), [("2", 2), ("true", True), ("red", "red")])
def test_reference_category_is_a_number_where_it_reads_as_one(text, value):
    found = made(family="categorical", reference_category=text).reference_category
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("texts", "bins"),
    [
        (["5"], 5),
        (["age=20,40,60"], (("age", (20.0, 40.0, 60.0)),)),
        (["age=-1.5,2", "woman=3"], (("age", (-1.5, 2.0)), ("woman", 3))),
    ],
)
def test_bins(texts, bins):
    assert made(bins=texts).bins == bins


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["many"], "'many' in 'many' is not a number"),
        (["age=20,old"], "'old' in 'age=20,old' is not a number"),
        (["4", "age=3"], "'4' has no column"),
        (["=4"], "'=4' has no column"),
        (["age=3", "age=4"], "'age' is given twice"),
        (["agee=3"], "Did you mean 'age'?"),
    ],
)
def test_wrong_bins(texts, words):
    assert words in refused(bins=texts)


def test_bins_of_a_column_with_an_equals_sign():
    plan = made(modifiers=["a=b", "c"], bins=["a=b=3"])
    assert plan.bins == (("a=b", 3),)


def test_priors_whole_and_by_term():
    plan = made(
        modifiers=["woman + C(region)"],
        priors=[
            "alpha = normal(0, 1)",
            "lambda[woman]=normal(0, 0.2)",
            "lambda[C(region)[south]] = flat",
            "lambda[a=b]=normal(1,2)",
        ],
    )
    found = {(key, term): prior.text for key, term, prior in plan.priors}
    assert found == {
        ("alpha", None): "normal(0, 1)",
        ("lambda", "woman"): "normal(0, 0.2)",
        ("lambda", "C(region)[south]"): "flat",
        ("lambda", "a=b"): "normal(1, 2)",
    }


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["normal(0, 1)"], "does not read as a parameter and its prior"),
        (["=normal(0, 1)"], "does not read as a parameter and its prior"),
        (["lambda=normal(0, 1)", "lambda=flat"], "'lambda' is given twice"),
        (["lambda=normal(0, 1)", "lambda[age]=flat"], "'lambda' is given twice"),
        (["lambda[age]=flat", "lambda=normal(0, 1)"], "'lambda' is given twice"),
        (["lambda[age]=flat", "lambda[age]=flat"], "'lambda' is given twice"),
        (["lamda=normal(0, 1)"], "Did you mean 'lambda'?"),
        (["lambda=norml(0, 1)"], "Did you mean 'normal'?"),
    ],
)
def test_wrong_priors(texts, words):
    assert words in refused(priors=texts)


def test_a_flag_given_twice_is_a_list_of_names_as_they_are():
    assert made(modifiers=["my age", "sex (f/m)"]).modifiers.columns == ("my age", "sex (f/m)")
    assert made(modifiers=["a*b"]).modifiers.columns == ("a", "b")
    assert made(groups=["county a", "b"]).groups == ("county a", "b")


def test_data_are_given_once():
    assert plan_from_flags(None, "data.csv", BASE).data == "data.csv"
    with pytest.raises(PlanError, match=r"given twice, as 'a\.csv' and as --data b\.csv"):
        plan_from_flags("a.csv", "b.csv", BASE)
    with pytest.raises(PlanError, match="no data: name a data file or a plan file"):
        plan_from_flags(None, None, BASE)


PLAN = 'outcome = "y"\ntreatment = "t"\nmodifiers = "a"\n'


def test_plan_file_alone(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    assert plan_from_file(str(path), "other.csv", []).data == "other.csv"
    with pytest.raises(PlanError, match=r"the plan names no data\. Give them with --data"):
        plan_from_file(str(path), None, [])
    with pytest.raises(PlanError, match="so --cluster-effects, --correlated cannot stand beside"):
        plan_from_file(str(path), None, ["cluster_effects", "correlated"])
    with pytest.raises(PlanError, match="so --weights-kind, --draws cannot stand beside it"):
        plan_from_file(str(path), None, ["weights_kind", "draws"])


def test_relative_data_are_tried_as_written_then_beside_the_plan(tmp_path, monkeypatch):
    folder, elsewhere = tmp_path / "study", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    path = folder / "plan.toml"
    path.write_text(PLAN + 'data = "d.csv"\n')
    monkeypatch.chdir(elsewhere)
    assert plan_from_file(str(path), None, []).data == "d.csv"  # nowhere: named as written
    (folder / "d.csv").touch()
    assert plan_from_file(str(path), None, []).data == str(folder / "d.csv")
    (elsewhere / "d.csv").touch()
    assert plan_from_file(str(path), None, []).data == "d.csv"


def test_facets_are_grouping_columns():
    plan = made()
    check_facets({}, plan, None)
    check_facets({"row": "age", "color": "woman"}, plan, "out")
    for facets, out, words in (
        ({"row": "age"}, None, "Add --out DIR"),
        ({"row": "agee"}, "out", "Did you mean 'age'?"),
        ({"row": "age", "column": "age"}, "out", "name different columns"),
    ):
        with pytest.raises(PlanError, match=words.replace("?", r"\?")):
            check_facets(facets, plan, out)


@pytest.mark.parametrize(
    ("text", "column", "level"),
    [
        ("died", "died", None),
        ("status=dead", "status", "dead"),
        ("status=2", "status", 2),
        ("status=true", "status", True),
        ("my status = at end=yes", "my status", "at end=yes"),
        ("`a=b`=2", "a=b", 2),
        ("`a=b`", "a=b", None),
    ],
)
def test_event_is_a_column_or_a_column_and_its_level(text, column, level):
    plan = made(family="weibull", event=text)
    assert (plan.event, plan.event_level) == (column, level)
    assert type(plan.event_level) is type(level)


@pytest.mark.parametrize(("text", "level"), [("Yes", "Yes"), ("2", 2), ("false", False)])
def test_success_is_a_level(text, level):
    plan = made(success=text)
    assert plan.success == level
    assert type(plan.success) is type(level)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["therm=999"], {"therm": [999]}),
        (["age=n/a,?"], {"age": ["n/a", "?"]}),
        (["age=n/a", "age=-9.5", "d="], {"age": ["n/a", -9.5], "d": []}),
        (['age="a, b",c'], {"age": ["a, b", "c"]}),
        (["`a=b`=1"], {"a=b": [1]}),
        (["zip=007"], {"zip": ["007"]}),
    ],
)
def test_codes_of_missing_values(texts: list[str], expected: dict[str, list[object]]) -> None:
    names = [*expected, "x"]
    asked = {"outcome": "y", "treatment": ["t"], "modifiers": names, "missing": texts}
    plan = plan_from_flags("data.csv", None, asked)
    assert plan.keywords()["missing"] == expected


def test_codes_without_a_column() -> None:
    asked = {"outcome": "y", "treatment": ["t"], "modifiers": ["x"], "missing": ["999"]}
    with pytest.raises(PlanError, match="missing: '999' does not read as a column and its codes"):
        plan_from_flags("data.csv", None, asked)


def test_sheets_by_name_and_number() -> None:
    asked = {"outcome": "y", "treatment": ["t"], "modifiers": ["x"]}
    for text, sheet in (("2", 2), ("Wave 2", "Wave 2"), ("0", "0")):
        assert plan_from_flags("t.xlsx", None, asked | {"sheet": text}).sheet == sheet
