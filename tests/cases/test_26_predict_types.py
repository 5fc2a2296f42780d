"""New rows whose columns are of another type than the fit's: told without doubt, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import forwhom as fw


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(26)
    n = 600
    d, age = rng.integers(0, 2, n), rng.integers(18, 80, n)
    k, woman = rng.integers(1, 4, n), rng.integers(0, 2, n)
    y = d * (0.02 * age + 0.5 * k + 0.2 * woman) + rng.normal(0, 1, n)
    region = np.array(["North", "South", "East"])[rng.integers(0, 3, n)]
    grade = np.array(["1", "2", "3"])[k - 1]
    return pd.DataFrame(
        {
            **{"y": y, "d": d, "age": age, "k": k, "woman": woman == 1, "zero_one": woman},
            **{"region": region, "grade": pd.Categorical("g" + pd.Series(grade))},
        }
    )


def fitted(data: pd.DataFrame, modifiers: str, controls: str = "") -> fw.Fit:
    return fw.fit(data, "y", "d", modifiers, controls, family="gaussian", draws=100)


def told(fit: fw.Fit, new: Any) -> list[float]:
    table = fit.predict(new)
    values = table["estimate"] if isinstance(table, pd.DataFrame) else table.columns["estimate"]
    return np.asarray(values, dtype=float).tolist()


AGES: list[Any] = [
    {"age": ["30", "60"]},
    {"age": [30.0, 60.0]},
    {"age": [" 30", "+60.0"]},
    {"age": ["3e1", "60"]},
    pd.DataFrame({"age": ["30", "60"]}),
    pd.DataFrame({"age": pd.Categorical([30, 60])}),
    pd.DataFrame({"age": pd.Categorical(["30", "60"])}),
    pd.DataFrame({"age": pd.array([30, 60], dtype="Int64")}),
    pd.DataFrame({"age": np.array([30, 60], dtype=np.float32)}),
    pl.DataFrame({"age": ["30", "60"]}),
]


@pytest.mark.parametrize(
    "modifiers",
    ["age", "scale(age)", "center(age)", "log(age)", "poly(age, 2)", "bs(age, df=4)", "bin(age, 3)",
     "I(age >= 50)", "age + I(age >= 50)"],
)  # fmt: skip
def test_numbers_written_as_text(data: pd.DataFrame, modifiers: str) -> None:
    fit = fitted(data, modifiers)
    plain = told(fit, {"age": [30, 60]})
    for new in AGES:
        assert told(fit, new) == plain
    assert told(fit, {"age": ["60", "30"]}) != plain


def test_controls_too(data: pd.DataFrame) -> None:
    yes = data.assign(y=(data.y > 1).astype(int))
    fit = fw.fit(yes, "y", "d", "k", "age", family="bernoulli", draws=100)
    assert told(fit, {"k": [2], "age": ["70"]}) == told(fit, {"k": [2], "age": [70]})
    with pytest.raises(fw.DataError, match="column 'age' holds text, and at the fit it held num"):
        fit.predict({"k": [2], "age": ["old"]})


@pytest.mark.parametrize(
    ("modifiers", "new", "same"),
    [
        ("C(k)", {"k": ["2", "1"]}, {"k": [2, 1]}),
        ("C(k)", {"k": [2.0, 1.0]}, {"k": [2, 1]}),
        ("C(k, ref=2)", {"k": ["2", "1"]}, {"k": [2, 1]}),
        ("I(k == 2)", {"k": ["2", "1"]}, {"k": [2, 1]}),
        ("woman", {"woman": [1, 0]}, {"woman": [True, False]}),
        ("woman", {"woman": ["True", "FALSE"]}, {"woman": [True, False]}),
        ("age", {"age": ["1,234"]}, {"age": [1234]}),
        ("woman", {"woman": ["1", "0"]}, {"woman": [True, False]}),
        ("zero_one", {"zero_one": [True, False]}, {"zero_one": [1, 0]}),
        ("zero_one", {"zero_one": ["True", "0"]}, {"zero_one": [1, 0]}),
        ("region", {"region": pd.Series(["South", "North"], dtype="category")},
         {"region": ["South", "North"]}),
        ("C(region, ref='South')", {"region": ["South"]}, {"region": ["South"]}),
    ],
)  # fmt: skip
def test_told_without_doubt(data: pd.DataFrame, modifiers: str, new: Any, same: Any) -> None:
    fit = fitted(data, modifiers)
    assert told(fit, new) == told(fit, same)


@pytest.mark.parametrize(
    ("modifiers", "new", "words"),
    [
        ("age", {"age": ["old", "30"]}, "column 'age' holds text, and at the fit it held numbers; "
         "what 'old' in 1 row would be there cannot be told. Give it as numbers"),
        ("age", {"age": [True]}, "column 'age' holds true and false, and at the fit it held numb"),
        ("woman", {"woman": [2]}, "column 'woman' holds numbers, and at the fit it held true and "
         "false; what '2' would be there cannot be told"),
        ("woman", {"woman": ["yes"]}, "what 'yes' in 1 row"),
        ("region", {"region": [1]}, "column 'region' holds numbers, and at the fit it held text; "
         "what '1' would be there cannot be told. Its levels at the fit: 'East', 'North', 'South'"),
        ("region", {"region": ["Sout"]}, "holds 'Sout', which the fit has not seen. Did you mean "
         "'South'?"),
        ("region", {"region": ["north"]}, "Did you mean 'North'?"),
        ("I(region == 'North')", {"region": ["north"]}, "Did you mean 'North'?"),
        ("I(k == 2)", {"k": [7]}, "holds '7', which the fit has not seen"),
        ("C(k)", {"k": ["7"]}, "holds '7', which the fit has not seen"),
        ("age", {"age": [None, 30]}, "'age' is missing in 1 row"),
    ],
)  # fmt: skip
def test_refused_by_name(data: pd.DataFrame, modifiers: str, new: Any, words: str) -> None:
    fit = fitted(data, modifiers)
    with pytest.raises(fw.DataError) as caught:
        fit.predict(new)
    assert words in str(caught.value)


def test_codes_of_text_levels_are_never_numbers(data: pd.DataFrame) -> None:
    """Levels "g1", "g2" have codes 0 and 1 inside; those are nobody's values."""
    fit = fitted(data, "grade")
    for new in ({"grade": [0, 1]}, {"grade": [1, 2]}, {"grade": ["0"]}):
        with pytest.raises(fw.DataError, match="grade"):
            fit.predict(new)


def test_a_saved_fit_knows_its_types(data: pd.DataFrame, tmp_path: Path) -> None:
    modifiers = "age*C(region, ref='South') + I(k in [1, 3])"
    fit = fitted(data, modifiers, "I(woman == True)")
    fit.save(tmp_path / "fit.nc")
    again = fw.load(tmp_path / "fit.nc")
    assert again.plan == fit.plan
    new = {"age": ["30"], "region": ["East"], "k": ["3"], "woman": [1]}
    same = {"age": [30], "region": ["East"], "k": [3], "woman": [True]}
    assert told(again, new) == told(fit, same)
    with pytest.raises(fw.DataError, match="what 'old' in 1 row would be there"):
        again.predict(new | {"age": ["old"]})


class TestLabelledCodes:
    def fit(self, tmp_path: Path) -> fw.Fit:
        import pyreadstat

        rng = np.random.default_rng(1)
        n = 300
        frame = pd.DataFrame(
            {"y": rng.normal(size=n), "d": rng.integers(0, 2, n), "party": rng.integers(1, 4, n)}
        )
        labels = {"party": {1: "Dem", 2: "Rep", 3: "Other"}}
        pyreadstat.write_dta(frame, tmp_path / "a.dta", variable_value_labels=labels)
        return fw.fit(tmp_path / "a.dta", "y", "d", "C(party)", draws=100, family="gaussian")

    def test_labels_and_codes_are_one(self, tmp_path: Path) -> None:
        fit = self.fit(tmp_path)
        plain = told(fit, {"party": [2, 1]})
        assert told(fit, {"party": ["Rep", "Dem"]}) == plain
        assert told(fit, {"party": ["2", " Dem"]}) == plain
        with pytest.raises(fw.DataError, match=r"Give its codes as numbers, or its labels: 'Dem'"):
            fit.predict({"party": ["Repp"]})

    def test_labels_that_were_others_are_refused(self, tmp_path: Path) -> None:
        import pyreadstat

        fit = self.fit(tmp_path)
        new = pd.DataFrame({"party": [1, 2]})
        swapped = {"party": {1: "Rep", 2: "Dem"}}
        pyreadstat.write_dta(new, tmp_path / "new.dta", variable_value_labels=swapped)
        with pytest.raises(fw.DataError) as caught:
            fit.predict(tmp_path / "new.dta")
        assert "the code 1 is labelled 'Rep', and at the fit it was 'Dem'" in str(caught.value)
        same = {"party": {1: "dem ", 2: "Rep"}}
        pyreadstat.write_dta(new, tmp_path / "new.dta", variable_value_labels=same)
        assert told(fit, tmp_path / "new.dta") == told(fit, {"party": [1, 2]})


def test_long_ids_written_as_text() -> None:
    ids = 1_580_000_000_000_000_000 + 3 * np.arange(5)
    rng = np.random.default_rng(2)
    n = 200
    table = {"y": rng.normal(size=n), "d": rng.integers(0, 2, n), "id": ids[rng.integers(0, 5, n)]}
    fit = fw.fit(table, "y", "d", "C(id)", draws=100, family="gaussian")
    new = [str(i) for i in ids[::-1]]
    assert told(fit, {"id": new}) == told(fit, {"id": ids[::-1]})
    with pytest.raises(fw.DataError, match="which the fit has not seen"):
        fit.predict({"id": [str(ids[0] + 1)]})


def test_fits_are_compared_on_data_of_another_type(data: pd.DataFrame) -> None:
    fits = {
        name: fw.fit(data, "y", "d", name, family="gaussian", method="quadrature", draws=100)
        for name in ("age", "woman")
    }
    table = fw.compare_fits(fits, data)
    text = data.assign(age=data.age.astype(str), woman=data.woman.astype(int))
    pd.testing.assert_frame_equal(fw.compare_fits(fits, text), table)
    odd = text.assign(age=text.age.mask(text.index == 7, "old"))
    with pytest.raises(fw.DataError) as caught:
        fw.compare_fits(fits, odd)
    said = str(caught.value)
    assert "column 'age' of the pandas DataFrame holds numbers, but for 'old' in 1 row" in said
