import pytest

from forwhom.errors import PlanError
from forwhom.plan.flags import check_facets, plan_from_file, plan_from_flags

BASE = {"outcome": "y", "treatment": "t", "modifiers": ["age + woman"]}


def made(**asked):
    return plan_from_flags("data.csv", None, BASE | asked)


def refused(**asked):
    with pytest.raises(PlanError) as error:
        made(**asked)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-1", -1), ("1.5", 1.5), ("1e3", 1000.0), ("control", "control"), ("nan", "nan"),
     ("True", True), ("false", False), ("", "")],
)  # fmt: skip
def test_reference_is_a_number_where_it_reads_as_one(text, value):
    reference = made(reference=text).reference
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
