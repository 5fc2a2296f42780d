"""Every bad input of the list in the first issue, through ``fit``: the error's class and words.

A message names the column, the value and the way out, and the nearest name where one is misspelt.
Files and folders are in ``test_bad_files.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forwhom.errors import DataError, PlanError

from .reference.ballot import DATA, N, fit, refused


class TestColumns:
    def test_not_there(self) -> None:
        refused(
            DataError,
            "There is no column 'woamn'",
            "Did you mean 'woman'?",
            "'vote', 'letter', 'woman', 'age'",
            modifiers="woamn",
        )

    @pytest.mark.parametrize("role", ["outcome", "treatment", "controls", "groups", "weights"])
    def test_not_there_in_any_role(self, role: str) -> None:
        refused(DataError, "There is no column 'agee'", "Did you mean 'age'?", **{role: "agee"})

    def test_named_twice(self) -> None:
        twice = pd.DataFrame(DATA).rename(columns={"age": "woman"})
        refused(
            DataError, "pandas DataFrame has 2 columns named 'woman' (columns 3, 4)",
            "Rename them", data=twice,
        )  # fmt: skip

    def test_named_twice_in_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "twice.csv"
        pd.DataFrame(DATA).rename(columns={"age": "woman"}).to_csv(path, index=False)
        refused(DataError, "twice.csv has 2 columns named 'woman' (columns 3, 4)", data=path)

    def test_named_twice_but_not_used(self) -> None:
        twice = pd.DataFrame(DATA).rename(columns={"age": "weight"})
        assert fit(twice).effects().shape[0] == 6

    @pytest.mark.parametrize("role", ["modifiers", "controls"])
    @pytest.mark.parametrize(
        ("column", "words"),
        [
            ("vote", "the outcome 'vote' is among the"),
            ("letter", "the treatment 'letter' is among the"),
        ],
    )  # fmt: skip
    def test_outcome_or_treatment_again(self, role: str, column: str, words: str) -> None:
        refused(PlanError, words, f"Take it out of {role}.", **{role: f"{column} + woman"})

    def test_infinite(self) -> None:
        bad = np.where(np.arange(N) < 3, np.inf, DATA["age"])
        for role in ("modifiers", "controls"):
            refused(
                DataError, "column 'age' holds infinite values in 3 rows", "make them missing",
                data={"age": bad}, **{role: "age"},
            )  # fmt: skip
        refused(
            DataError,
            "column 'vote' holds infinite values in 1 row",
            data={"vote": np.where(np.arange(N) == 5, -np.inf, DATA["vote"])},
        )

    def test_all_rows_missing(self) -> None:
        refused(
            DataError, "no row", "is complete: 'woman' is missing in 120 of 120 rows",
            "Leave that column out", data={"woman": [None] * N},
        )  # fmt: skip

    def test_no_row_complete_though_no_column_is_empty(self) -> None:
        half = np.arange(N) < N / 2
        refused(
            DataError, "is complete: 'vote' is missing in 60 of 120 rows",
            data={"vote": np.where(half, np.nan, DATA["vote"]),
                  "woman": np.where(half, 1, np.nan)},
        )  # fmt: skip


class TestOutcome:
    def test_text(self) -> None:
        refused(
            DataError, "outcome 'region' holds text ('east', 'north', 'west')",
            "family 'gaussian' needs numbers", "Recode it", outcome="region", modifiers="woman",
            family="gaussian",
        )  # fmt: skip
        refused(
            DataError, "outcome 'region' holds text of 3 levels ('east', 'north', 'west')",
            "add family='categorical'", outcome="region", modifiers="woman",
        )  # fmt: skip

    def test_constant(self) -> None:
        refused(
            DataError, "outcome 'vote' is 3 in all 120 complete rows; there is nothing to explain",
            data={"vote": np.full(N, 3.0)},
        )  # fmt: skip

    def test_constant_where_complete(self) -> None:
        other = np.where(np.arange(N) < 20, None, DATA["region"])
        refused(
            DataError, "outcome 'vote' is 3 in all 100 complete rows",
            data={"vote": np.where(np.arange(N) < 20, 1.0, 3.0), "region": other},
        )  # fmt: skip


class TestTreatment:
    @pytest.mark.parametrize("arm", [0, 1])
    def test_an_arm_is_empty(self, arm: int) -> None:
        refused(
            DataError, f"treatment 'letter' is {arm} in all 120 complete rows",
            "an effect needs treated and untreated rows", data={"letter": np.full(N, arm)},
        )  # fmt: skip

    def test_an_arm_is_empty_among_the_complete_rows(self) -> None:
        vote = np.where(DATA["letter"] == 1, np.nan, DATA["vote"])
        kept = int((DATA["letter"] == 0).sum())
        refused(
            DataError, f"treatment 'letter' is 0 in all {kept} complete rows", data={"vote": vote}
        )

    def test_one_text_level(self) -> None:
        refused(
            DataError, "'letter' is sent in all 120 complete rows", data={"letter": ["sent"] * N}
        )

    @pytest.mark.parametrize(
        ("letter", "plan", "words"),
        [
            ([0, 1, 2], {"treatment_type": "binary"}, "('0', '1', '2'), and treatment_type="),
            (["a", "b", "c"], {"treatment_type": "binary"}, "('a', 'b', 'c'), and treatment_type="),
            (["a", "b", "c"], {"preset": "alley2023"}, "and preset 'alley2023' takes two"),
        ],
    )
    def test_more_than_two_arms(self, letter: list[Any], plan: dict[str, Any], words: str) -> None:
        refused(
            DataError, "treatment 'letter' has 3 values", words, "takes two. Keep the rows of two",
            data={"letter": letter * (N // 3)}, **plan,
        )  # fmt: skip

    def test_arms_without_a_control(self) -> None:
        refused(
            DataError, "'1' (40 rows), '2' (40 rows), '3' (40 rows), and none of them is 0. Add "
            "reference=1", "or name another level there. Or say treatment_type='dose' if",
            data={"letter": [1, 2, 3] * (N // 3)}, treatment_type="arms",
        )  # fmt: skip

    def test_three_numbers_are_a_dose_and_that_is_said(self) -> None:
        found = fit({"letter": [0, 1, 2] * (N // 3)})
        assert "'letter' has 3 different values and is taken as a dose" in found.summary().replace(
            "\n    ", " "
        )

    def test_coded_one_and_two(self) -> None:
        coded = {"letter": DATA["letter"] + 1}
        refused(
            DataError, "treatment 'letter': which level the others are held against is not guessed",
            "'1' (59 rows), '2' (61 rows), and they are not 0 and 1. Add reference=1 or "
            "reference=2", data=coded,
        )  # fmt: skip
        asked = fit(coded, reference=1)
        assert asked.effects().to_dict() == fit().effects().to_dict()
        turned = fit(coded, reference=2)
        assert turned.fitted.design.effects[0].treatment.treated == "1"
        # the same model in other coordinates: agreement to Monte Carlo error of 200 draws
        was = asked.average().row(0)
        assert turned.average().row(0)["estimate"] == pytest.approx(
            -was["estimate"], abs=6 * was["std_error"] / np.sqrt(200)
        )

    def test_a_reference_that_is_not_there(self) -> None:
        refused(
            DataError, "reference='cal' is not a level of treatment 'letter'",
            "it has 'call', 'post'", "Did you mean 'call'?",
            data={"letter": np.where(DATA["letter"] == 1, "post", "call")}, reference="cal",
        )  # fmt: skip


class TestModifiers:
    @pytest.mark.parametrize("values", [[1] * N, ["yes"] * N, [True] * N])
    def test_one_level(self, values: list[Any]) -> None:
        refused(
            DataError, "'woman' has one level only", "among the complete rows", "Leave it out",
            data={"woman": values},
        )  # fmt: skip

    def test_coded_one_and_two_stays_as_given(self) -> None:
        found = fit({"woman": DATA["woman"] + 1}, modifiers="woman")
        assert found.effects().to_dict()["woman"] == [1.0, 2.0]
        # theta = lambda_0 + woman * lambda_1 with woman 1 and 2, in the very numbers of the draws
        eta = found.estimands[0].eta()
        lambda_ = found.estimands[0].lambda_
        np.testing.assert_allclose(eta, [lambda_.sum(axis=1), lambda_ @ [1, 2]], rtol=1e-12)

    def test_named_twice_counts_once(self) -> None:
        once, twice = fit(modifiers=["woman"]), fit(modifiers=["woman", "woman"])
        assert twice.modifiers().to_dict() == once.modifiers().to_dict()

    def test_a_copy(self) -> None:
        refused(
            DataError, "'woman', 'female' are collinear: 'female' is a copy of 'woman'",
            "Leave out 'woman' or 'female'.", data={"female": 2 * DATA["woman"] - 1},
            modifiers="woman + female",
        )  # fmt: skip

    def test_a_sum(self) -> None:
        refused(
            DataError, "'woman', 'age', 'score' are collinear",
            data={"score": DATA["woman"] + 0.1 * DATA["age"]}, modifiers="woman + age + score",
        )  # fmt: skip

    def test_a_copy_of_the_treatment(self) -> None:
        refused(DataError, "'sent', 'letter' are collinear", data={"sent": DATA["letter"]},
                modifiers="sent")  # fmt: skip

    def test_more_coefficients_than_rows(self) -> None:
        refused(
            DataError, "240 coefficients and only 120 complete rows", "use fewer modifiers",
            data={"name": [f"p{i}" for i in range(N)]}, modifiers="name",
        )  # fmt: skip


class TestWords:
    """Words that the plan does not know."""

    @pytest.mark.parametrize(
        ("plan", "words"),
        [
            ({"family": "gausian"}, ("family 'gausian' is not known", "Did you mean 'gaussian'?")),
            (
                {"family": "categorical", "method": "quadrature"},
                ("method 'quadrature' takes one linear predictor", "Leave method to 'auto'."),
            ),
            ({"baseline": "groups"}, ("baseline 'groups' is not known", "Did you mean 'group'?")),
            ({"preset": "aley2023"}, ("preset 'aley2023' is not", "Did you mean 'alley2023'?")),
            ({"spread": "studnt"}, ("spread 'studnt' is not known", "Did you mean 'student'?")),
            ({"method": "nutz"}, ("method 'nutz' is not known", "Did you mean 'nuts'?")),
            ({"modifers": "age"}, ("'modifers' is not a part of a plan", "'modifiers'?")),
            ({"priors": {"lamda": "flat"}}, ("'lamda' is not a parameter", "'lambda'?")),
            (
                {"priors": {"lambda": "norml(0, 1)"}},
                ("prior for lambda, 'norml(0, 1)'", "not a known distribution", "'normal'?"),
            ),
            (
                {"priors": {"sigma_theta": "normal(0, 1)"}},
                ("prior for sigma_theta, 'normal(0, 1)', does not fit", "'half_normal(1)'?"),
            ),
            (
                {"priors": {"lambda": {"women": "normal(0, 1)"}}},
                ("priors: 'lambda' has no coefficient 'women'", "Did you mean 'woman'?"),
            ),
            (
                {"modifiers": "sqrt(age)"},
                ("'sqrt' is not a function of the formula language", "Allowed: a, a + b", "log(x)"),
            ),
            (
                {"modifiers": "bim(age, 4)"},
                ("'bim' is not a function", "Did you mean 'bin'?", "Allowed: a, a + b"),
            ),
            ({"level": 95}, ("level is a number between 0 and 1", "Did you mean 0.95?")),
            ({"draws": 1}, ("draws is a whole number from 2",)),
            ({"bins": {"agee": 3}}, ("bins: 'agee' is not among the modifiers or groups",)),
        ],
    )
    def test_unknown(self, plan: dict[str, Any], words: tuple[str, ...]) -> None:
        refused(PlanError, *words, **plan)

    @pytest.mark.parametrize(
        "formula",
        [
            "__import__('os').system('touch ran')",
            "eval(age)",
            "exec('import os')",
            "[c for c in ().__class__.__bases__]",
            "(lambda: age)()",
            "age if age else woman",
            "open('ran', 'w')",
            "age; import os",
            "{age}",
            "f'{age}'",
            "@age",
        ],
    )
    def test_python_is_never_run(
        self, formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for role in ("modifiers", "controls"):
            refused(PlanError, role, "Allowed: a, a + b, a*b", **{role: formula})
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("text", ["({})", "{} + (woman", "log({})"])
    def test_nested_a_thousand_deep(self, text: str) -> None:
        formula = "age"
        for _ in range(1_000):
            formula = text.format(formula)
        refused(PlanError, "modifiers", "Allowed: a, a + b", modifiers=formula)


class TestWeights:
    @pytest.mark.parametrize(
        ("weights", "words"),
        [
            (np.linspace(-1, 1, N), "weights 'weight' are negative in 60 rows (smallest -1)"),
            (np.zeros(N), "weights 'weight' sum to zero over the complete rows"),
            (["heavy"] * N, "weights 'weight' hold text; weights are numbers"),
        ],
    )
    def test_none_to_be_had(self, weights: Any, words: str) -> None:
        refused(DataError, words, data={"weight": weights}, weights="weight")
