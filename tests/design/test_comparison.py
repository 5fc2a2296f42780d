"""Comparisons and reference levels: held to formulaic, to pandas, and to one another by route."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import formulaic
import numpy as np
import pandas as pd
import pytest

from forwhom.data import load
from forwhom.design import build_design, fit_matrix
from forwhom.errors import DataError, PlanError
from forwhom.plan import make_plan, parse_formula, plan_from_toml, plan_to_toml


def frame(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "x": rng.normal(3, 2, n),
            "a": rng.choice(["p", "q", "r"], n),
            "code": rng.choice([1, 2, 5], n),
            "age": rng.integers(18, 80, n),
            "flag": rng.integers(0, 2, n) == 1,
        }
    )


def matrix(formula: str, data: Any) -> tuple[tuple[str, ...], np.ndarray]:
    parsed = parse_formula(formula, "modifiers")
    table = load(data, parsed.columns)
    made = fit_matrix(parsed, table)
    return made.names, made.matrix(table)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ('C(a, ref="q")', 'C(a, Treatment("q"))'),
        ('C(a, ref="p")', 'C(a, Treatment("p"))'),
        ("C(code, ref=5)", "C(code, Treatment(5))"),
        ('C(a, ref="r")*x', 'C(a, Treatment("r"))*x'),
        ('C(a, ref="r"):x', 'C(a, Treatment("r")):x'),
        ('C(a, ref="q")*C(code, ref=2)', 'C(a, Treatment("q"))*C(code, Treatment(2))'),
        ('C(code) + C(code):C(a, ref="q")', 'C(code) + C(code):C(a, Treatment("q"))'),
        ("I(age >= 65)", "I((age >= 65).astype(float))"),
        ("I(code == 1)*x", "I((code == 1).astype(float))*x"),
        ('I(a != "q"):C(code)', 'I((a != "q").astype(float)):C(code)'),
        ('C(a)*I(code in [1, 5])', 'C(a)*I(code.isin([1, 5]).astype(float))'),
    ],
)  # fmt: skip
def test_columns_are_those_of_formulaic(ours: str, theirs: str) -> None:
    data = frame()
    names, columns = matrix(ours, data)
    made = formulaic.model_matrix("~ " + theirs, data).drop(columns="Intercept")
    assert len(names) == made.shape[1]
    left = sorted(map(tuple, columns.T.round(9)))
    right = sorted(map(tuple, made.to_numpy(float).T.round(9)))
    np.testing.assert_allclose(left, right, rtol=0, atol=1e-9)


CONDITIONS = [
    ("I(age >= 65)", lambda d: d.age >= 65),
    ("I(age > 65)", lambda d: d.age > 65),
    ("I(age < 40.5)", lambda d: d.age < 40.5),
    ("I(x <= -0.5)", lambda d: d.x <= -0.5),
    ("I(code == 2)", lambda d: d.code == 2),
    ("I(code == 2.0)", lambda d: d.code == 2),
    ("I(code == '2')", lambda d: d.code == 2),
    ("I(code != 2)", lambda d: d.code != 2),
    ("I(code in [1, 5])", lambda d: d.code.isin([1, 5])),
    ("I(code not in [1])", lambda d: ~d.code.isin([1])),
    ("I(a == 'q')", lambda d: d.a == "q"),
    ("I(a in ['p', 'r'])", lambda d: d.a.isin(["p", "r"])),
    ("I(a not in ['p', 'r'])", lambda d: ~d.a.isin(["p", "r"])),
    ("I(flag == True)", lambda d: d.flag),
    ("I(flag == 0)", lambda d: ~d.flag),
    ("I(flag != 'True')", lambda d: ~d.flag),
]


@pytest.mark.parametrize(("formula", "holds"), CONDITIONS, ids=[f for f, _ in CONDITIONS])
def test_a_comparison_is_one_where_it_holds(formula: str, holds: Any) -> None:
    data = frame()
    names, columns = matrix(formula, data)
    assert names == (parse_formula(formula, "m").terms[0].label,)
    np.testing.assert_array_equal(columns[:, 0], holds(data).to_numpy(float))


def test_many_different_numbers_are_compared_one_by_one() -> None:
    data = {"id": np.arange(1000)}
    _, columns = matrix("I(id in [3, 999]) + I(id == 7)", data)
    assert np.flatnonzero(columns[:, 0]).tolist() == [3, 999]
    assert np.flatnonzero(columns[:, 1]).tolist() == [7]


def test_digits_beyond_the_twelfth_and_long_whole_numbers() -> None:
    _, columns = matrix("I(x == 0.3) + I(x > 0.3)", {"x": [0.1 + 0.2, 0.3, 0.4, 0.2]})
    assert columns.T.tolist() == [[1, 1, 0, 0], [0, 0, 1, 0]]
    start = 1_580_000_000_000_000_000
    ids = start + 3 * np.arange(6)
    _, columns = matrix(f"I(id == {ids[2]}) + C(id, ref={ids[4]})", {"id": ids})
    assert columns[:, 0].tolist() == [0, 0, 1, 0, 0, 0]
    assert columns.shape == (6, 6)
    assert columns[4].tolist() == [0] * 6
    with pytest.raises(DataError, match=f"holds no {start + 1} among"):
        matrix(f"I(id == {start + 1})", {"id": ids})


def labelled(path: Path) -> Path:
    import pyreadstat

    data = frame()[["code", "x"]]
    labels = {"code": {1: "Dem", 2: "Rep", 5: "Other", 9: "Never there"}}
    pyreadstat.write_dta(data, path / "a.dta", variable_value_labels=labels)
    return path / "a.dta"


def test_labels_and_codes_mean_the_same(tmp_path: Path) -> None:
    path = labelled(tmp_path)
    for left, right in [
        ('I(code == "Dem")', "I(code == 1)"),
        ('I(code in ["Dem", "Other"])', "I(code not in [2])"),
        ('C(code, ref="Rep")', "C(code, ref=2)"),
    ]:
        np.testing.assert_array_equal(matrix(left, path)[1], matrix(right, path)[1])
    assert matrix('C(code, ref="Rep")', path)[0] == (
        'C(code, ref="Rep")[Dem]',
        'C(code, ref="Rep")[Other]',
    )


def test_two_codes_with_one_label(tmp_path: Path) -> None:
    import pyreadstat

    labels = {"code": {1: "Other", 2: "Rep", 5: "Other"}}
    path = tmp_path / "a.dta"
    pyreadstat.write_dta(frame()[["code"]], path, variable_value_labels=labels)
    both = matrix('I(code == "Other")', path)[1]
    np.testing.assert_array_equal(both, matrix("I(code in [1, 5])", path)[1])
    np.testing.assert_array_equal(
        matrix('I(code == "Other (5)")', path)[1], matrix("I(code == 5)", path)[1]
    )
    assert matrix('C(code, ref="Other (5)")', path)[1].shape[1] == 2
    with pytest.raises(DataError, match=r"2 levels .* go by \"Other\". Say ref=1 or ref=5"):
        matrix('C(code, ref="Other")', path)


@pytest.mark.parametrize(
    ("formula", "error", "words"),
    [
        ("I(a == 'qq')", DataError, "column 'a' holds no \"qq\" among the complete rows"),
        ("I(a == 'P')", DataError, "Did you mean 'p'? It holds 'p', 'q', 'r'."),
        ("I(a != 'P')", DataError, "Did you mean 'p'?"),
        ("I(a in ['p', 'z'])", DataError, 'holds no "z"'),
        ("I(code == 3)", DataError, "holds no 3 among the complete rows. It holds '1', '2', '5'."),
        ("I(code == 'one')", DataError, 'holds no "one"'),
        ("I(flag == 'yes')", DataError, "It holds 'False', 'True'."),
        ("I(age >= 18)", DataError, "I(age >= 18) holds in every complete row, so nothing can "),
        ("I(age > 80)", DataError, "I(age > 80) holds in no complete row"),
        ("I(code in [1, 2, 5])", DataError, "holds in every complete row"),
        ("I(a > 'p')", PlanError, "which has no order here. Name the levels, as in I(a in ["),
        ("I(age > 'old')", PlanError, "'old' is no number"),
        ("C(a, ref='s')", DataError, 'C(a, ref="s"): column \'a\' holds no "s"'),
        ("C(code, ref=3)", DataError, "holds no 3 among the complete rows"),
        ("C(flag, ref='no')", DataError, 'holds no "no"'),
    ],
)
def test_refused(formula: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        matrix(formula, frame())
    assert words in str(caught.value)


@pytest.mark.parametrize("formula", ["C(k)", "C(k, ref=2)", "I(k == 2)", "C(k)*x", "k"])
def test_names_do_not_depend_on_the_route(formula: str, tmp_path: Path) -> None:
    import pyreadstat

    k = np.array([1, 2, 3] * 8)
    x = np.linspace(0, 1, 24)
    plain = pd.DataFrame({"k": k, "x": x})
    plain.to_csv(tmp_path / "a.csv", index=False)
    plain.to_parquet(tmp_path / "a.parquet")
    pyreadstat.write_dta(plain, tmp_path / "a.dta")
    routes: list[Any] = [
        {"k": k, "x": x},
        {"k": k.astype(float), "x": x},
        *(plain.astype({"k": kind}) for kind in ("int8", "float32", "Int64", "object")),
        *(tmp_path / name for name in ("a.csv", "a.parquet", "a.dta")),
    ]
    if formula != "k":  # a category is levels, and k by itself would be them
        routes.append(plain.astype({"k": "category"}))
    names, columns = matrix(formula, plain)
    for route in routes:
        theirs, values = matrix(formula, route)
        assert theirs == names
        np.testing.assert_array_equal(values, columns)


@pytest.mark.parametrize("formula", ["C(b)", "C(b, ref=1)", "I(b == 1)", "I(b == True)", "b"])
def test_true_and_false_have_the_names_of_one_and_zero(formula: str) -> None:
    b = np.array([0, 1, 1, 0, 1])
    made = [matrix(formula, {"b": values}) for values in (b, b.astype(float), b == 1)]
    for names, columns in made[1:]:
        assert names == made[0][0]
        np.testing.assert_array_equal(columns, made[0][1])


def study(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    data = frame(n)
    return data.assign(y=rng.normal(size=n), d=rng.integers(0, 2, n))


def groups(modifiers: str, data: pd.DataFrame | None = None, **more: Any) -> Any:
    data = study() if data is None else data
    plan = make_plan(outcome="y", treatment="d", modifiers=modifiers, family="gaussian", **more)
    design, rows = build_design(plan, load(data, plan.columns))
    return design, rows


def test_a_comparison_groups_by_its_own_two_values() -> None:
    design, rows = groups("I(age >= 65)*C(a, ref='q')")
    data = study()
    assert design.groups.columns == ("age >= 65", "a")
    assert design.groups.count == 6
    expected = data.assign(old=data.age >= 65).groupby(["old", "a"]).size()
    assert design.groups.n_rows.tolist() == expected.tolist()
    assert design.groups.binned == ()
    assert rows.groups.max() == 5
    assert sorted(set(design.groups.column_values(0).tolist())) == [0, 1]


def test_beside_its_own_column_it_splits_the_groups_further() -> None:
    design, _ = groups("code + I(code == 1)")
    assert design.groups.columns == ("code", "code == 1")
    assert design.groups.count == 3
    design, _ = groups("bin(age, 2) + I(age >= 65)")
    assert design.groups.columns == ("age", "age >= 65")
    assert design.groups.count == 3
    assert design.groups.binned == ()


def test_bins_are_for_columns_that_group_by_their_values() -> None:
    with pytest.raises(PlanError, match="bins: 'age' is not among the modifiers or groups"):
        groups("I(age >= 65)", bins={"age": 3})


def test_the_published_recoding_can_be_written_down() -> None:
    """0/1 columns made of codes beforehand, and the comparisons that make them: one design."""
    rng = np.random.default_rng(8)
    n = 300
    raw = study(n).assign(
        educ=rng.integers(1, 7, n), party=rng.integers(1, 4, n), employ=rng.integers(1, 4, n)
    )
    made = raw.assign(
        college=(raw.educ >= 5) * 1, dem=(raw.party == 1) * 1, works=(raw.employ == 1) * 1
    )
    here, here_rows = groups("I(educ >= 5)*I(party == 1) + I(employ == 1)", raw)
    there, there_rows = groups("college*dem + works", made)
    np.testing.assert_array_equal(
        here.modifiers.matrix(here_rows.table), there.modifiers.matrix(there_rows.table)
    )
    np.testing.assert_array_equal(here_rows.groups, there_rows.groups)


def test_a_plan_file_holds_comparisons() -> None:
    modifiers = """I(region in ["N", 'S "x"'])*C(land, ref='Russia') + I(`my age` >= 65)"""
    plan = make_plan(outcome="y", treatment="d", modifiers=modifiers, controls="I(k not in [-1])")
    assert plan_from_toml(plan_to_toml(plan), "plan.toml") == plan


class TestCodes:
    def notes(self, modifiers: str, **columns: Any) -> list[str]:
        data = study().assign(**columns)
        return [note for note in groups(modifiers, data)[0].notes if "codes of categ" in note]

    def test_few_whole_numbers_are_said_to_be_numbers(self) -> None:
        k = np.arange(200) % 7 + 1
        (note,) = self.notes("k", k=k)
        assert "'k' holds whole numbers from 1 to 7 and is taken as a number" in note
        assert "write C(k)" in note
        for modifiers in ("C(k)", "I(k == 2)", "bin(k, 3)", "code:C(k) + C(code)"):
            assert not any("'k'" in note for note in self.notes(modifiers, k=k))

    def test_other_numbers_are_not(self) -> None:
        n = np.arange(200)
        assert self.notes("x + age + flag + k", k=n % 2) == []
        assert self.notes("k", k=(n % 5) / 2) == []
        assert self.notes("k", k=n % 5 + 2000) == []
        assert self.notes("k", k=n % 5 - 2) == []
        assert self.notes("k", k=n % 15) == []
