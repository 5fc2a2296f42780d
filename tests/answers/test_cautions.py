"""Answers are given, and what is weak about them is said: every warning's code and words."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from tests.reference.ballot import DATA, N, codes, fit, text_of


class TestWarnings:
    def test_few_groups(self) -> None:
        assert text_of(fit(modifiers="woman"), "few_groups") == (
            "Only 2 groups: the effect spread sigma_theta is barely identified, and its prior "
            "matters. Compare with spread='none'."
        )
        assert "few_groups" not in codes(fit())
        assert "few_groups" not in codes(fit(modifiers="woman", spread="none"))

    def test_every_group_of_one_row(self) -> None:
        found = fit({"id": np.arange(N)}, groups="id")
        assert found.effects().n_rows == N
        assert text_of(found, "every_group_one_row") == (
            "Every group has one row: group effects cannot be told from noise, and rest on the "
            "modifiers and the priors alone. Use fewer modifiers, or bin them."
        )

    def test_many_groups_of_one_row(self) -> None:
        site = np.where(np.arange(N) < 40, np.arange(N), 999)
        text = text_of(fit({"id": site}, groups="id"), "one_row_groups")
        assert text == (
            "40 of 41 groups have one row (the median group has 1): their effects lean on the "
            "modifiers."
        )

    @pytest.mark.parametrize("dose", [False, True])
    def test_a_treatment_between_groups(self, dose: bool) -> None:
        site = np.arange(N) % 12
        letter = site / 4 if dose else (site < 6).astype(int)
        text = text_of(fit({"id": site, "letter": letter}, groups="id"), "treatment_between_groups")
        assert text == (
            "Treatment 'letter' does not vary within any group: its effect is read from "
            "differences between groups only, and other differences between groups are mixed "
            "into it."
        )

    def test_a_treatment_within_groups(self) -> None:
        assert "treatment_between_groups" not in codes(fit())

    def test_nearly_collinear_modifiers(self) -> None:
        noise = np.random.default_rng(0).normal(size=N)
        found = fit({"years": DATA["age"] + 0.5 * noise}, modifiers="age + years + woman")
        text = text_of(found, "nearly_collinear")
        assert re.match(
            r"Modifiers '(years' and 'age|age' and 'years)' are nearly collinear \(variance inflat",
            text,
        )
        assert "their sum is better known than either" in text
        assert "nearly_collinear" not in codes(fit(modifiers="age + woman"))

    @pytest.mark.parametrize(("arm", "kept"), [("treated", 0), ("control", 1)])
    def test_a_group_without_one_arm(self, arm: str, kept: int) -> None:
        corner = (DATA["woman"] == 1) & (DATA["region"] == "west")
        found = fit({"letter": np.where(corner, kept, DATA["letter"])})
        assert text_of(found, f"no_{arm}_rows") == (
            f"1 of 6 groups has no {arm} rows (woman = 1, west): what is said of them comes "
            "from the other groups."
        )

    def test_a_shared_baseline_shows_what_it_hides(self) -> None:
        vote = DATA["vote"] + 5 * DATA["woman"]
        text = text_of(fit({"vote": vote}, baseline="shared", modifiers="woman"), "shared_baseline")
        free = DATA["letter"] == 0
        y, x = vote[free], DATA["woman"][free]
        share = np.corrcoef(y, x)[0, 1] ** 2
        sd = np.sqrt(share) * y.std()
        assert "The modifiers are not in the outcome equation (baseline='shared')" in text
        assert f"explain {share:.1%} of the outcome's variance" in text
        assert f"({1 / (free.sum() - 1):.1%} would be expected by chance)" in text
        assert f"a baseline sd of {sd:.2g}." in text
        assert "shared_baseline" not in codes(fit(modifiers="woman"))

    def test_a_shared_baseline_shows_what_it_hides_of_groups_without_modifiers(self) -> None:
        vote = DATA["vote"] + 5 * (DATA["region"] == "west")
        asked = {"modifiers": None, "groups": "region", "baseline": "shared"}
        text = text_of(fit({"vote": vote}, **asked), "shared_baseline")
        free = DATA["letter"] == 0
        y, region = vote[free], DATA["region"][free]
        fitted = np.array([y[region == one].mean() for one in region])
        share = fitted.var() / y.var()
        assert text.startswith(
            "What tells groups apart is not in the outcome equation (baseline='shared'), so a "
            "baseline difference between groups is read as a difference in effects. Among the "
            f"untreated rows the groups explain {share:.1%} of the outcome's variance "
            f"({2 / (free.sum() - 1):.1%} would be expected by chance), a baseline sd of "
            f"{fitted.std():.2g}."
        )
        assert "shared_baseline" not in codes(fit(modifiers=None, groups="region"))

    def test_modifiers_that_vary_within_the_groups(self) -> None:
        text = text_of(fit(groups="region", modifiers="woman"), "modifier_within_groups")
        assert text == (
            "Within groups of 'region' there is variation in 'woman': a group's effect is given "
            "at the group's mean of it."
        )


class TestRowsLost:
    """Beyond a fifth of the rows it is said, by column; a fifth itself is not."""

    @staticmethod
    def gaps(age: int, woman: int) -> dict[str, np.ndarray]:
        own = np.arange(N)
        return {
            "age": np.where(own < age, np.nan, DATA["age"]),
            "woman": np.where((own >= N - woman), np.nan, DATA["woman"]),
        }

    def test_more_than_a_fifth(self) -> None:
        found = fit(self.gaps(20, 10), controls="age")
        assert text_of(found, "rows_lost") == (
            "30 of 120 rows (25%) are left out for missing values ('age' in 20, 'woman' in 10): "
            "what is said holds for the rows that are complete, who may differ from the others. "
            "Leave a column out of the plan to keep its rows, or fill its missing values in first."
        )

    def test_a_fifth(self) -> None:
        assert "rows_lost" not in codes(fit(self.gaps(14, 10), controls="age"))

    def test_rows_without_weight_are_not_lost(self) -> None:
        weight = np.where(np.arange(N) < 40, 0.0, DATA["weight"])
        assert "rows_lost" not in codes(fit({"weight": weight}, weights="weight"))


class TestNoSpread:
    """A group without rows of an arm: who speaks for it, and with what allowance."""

    @pytest.mark.parametrize(("arm", "kept"), [("treated", 0), ("control", 1)])
    def test_the_modifiers_speak_for_a_group_without_one_arm(self, arm: str, kept: int) -> None:
        corner = (DATA["woman"] == 1) & (DATA["region"] == "west")
        data = {"letter": np.where(corner, kept, DATA["letter"])}
        assert text_of(fit(data, spread="none"), f"no_{arm}_rows") == (
            f"1 of 6 groups has no {arm} rows (woman = 1, west): what is said of them is what "
            "the modifiers predict from the other groups, and spread='none' allows for no "
            "difference of their own, so that their intervals may be too narrow. spread='normal' "
            "allows for one."
        )

    def test_without_modifiers_all_groups_have_one_effect(self) -> None:
        corner = DATA["region"] == "west"
        data = {"letter": np.where(corner, 0, DATA["letter"])}
        found = fit(data, modifiers=None, groups="region", spread="none")
        assert "what is said of them is the one effect of all groups" in text_of(
            found, "no_treated_rows"
        )

    def test_a_dose_that_does_not_vary_in_a_group(self) -> None:
        dose = np.arange(N) % 7 / 2.0
        corner = (DATA["woman"] == 1) & (DATA["region"] == "west")
        data = {"letter": np.where(corner, 1.5, dose)}
        assert text_of(fit(data, spread="none"), "no_dose_variation").startswith(
            "In 1 of 6 groups 'letter' does not vary: what is said of them is what the modifiers"
        )
        assert "no_dose_variation" not in codes(fit(data))  # the spread allows for it
        assert "no_dose_variation" not in codes(fit({"letter": dose}, spread="none"))


ONE_ROW = {
    "poisson": {"outcome": "calls"},
    "exponential": {"outcome": "wait"},
    "binomial": {"outcome": "calls", "trials": "asked"},
}


class TestKnownNoise:
    """Where the mean says how far outcomes lie from it, one row can tell a spread."""

    DATA = {  # noqa: RUF012
        "calls": np.random.default_rng(3).binomial(9, 0.4, N),
        "asked": np.full(N, 9),
        "wait": np.random.default_rng(3).exponential(2.0, N),
        "id": np.arange(N),
        "once": np.where(np.arange(N) < 60, np.arange(N), 999),
    }

    @pytest.mark.parametrize("family", ONE_ROW)
    @pytest.mark.parametrize("groups", ["id", "once"])
    def test_one_row_groups_are_no_fault(self, family: str, groups: str) -> None:
        asked = {"family": family, "groups": groups, **ONE_ROW[family]}
        found = codes(fit(self.DATA, **asked))
        assert not {"every_group_one_row", "one_row_groups"} & set(found)

    @pytest.mark.parametrize("family", ["negative_binomial", "bernoulli", "binomial"])
    def test_they_are_where_the_noise_is_not_known(self, family: str) -> None:
        data = self.DATA | {"asked": np.ones(N), "said": self.DATA["calls"] > 3}
        asked: dict[str, Any] = {"outcome": "said" if family != "negative_binomial" else "calls"}
        if family == "binomial":
            asked["trials"] = "asked"
        found = fit(data, family=family, groups="id", **asked)
        assert "every_group_one_row" in codes(found)

    def test_of_groups_with_one_trial_each_is_counted(self) -> None:
        asked = np.where(np.arange(N) < 40, 1, 9)
        data = self.DATA | {"asked": asked, "calls": np.minimum(self.DATA["calls"], asked)}
        text = text_of(fit(data, family="binomial", groups="once", **ONE_ROW["binomial"]),
                       "one_row_groups")  # fmt: skip
        assert text.startswith("40 of 61 groups have one row")

    @pytest.mark.parametrize(("family", "said"), [("poisson", False), ("bernoulli", True)])
    def test_one_row_clusters(self, family: str, said: bool) -> None:
        data = self.DATA | {"yes": self.DATA["calls"] > 3}
        outcome = "calls" if family == "poisson" else "yes"
        few = {name: np.asarray(values)[:40] for name, values in (DATA | data).items()}
        asked = {"outcome": outcome, "modifiers": "woman", "baseline": "modifiers"}
        found = fw.fit(few, treatment="letter", clusters="id", family=family, spread="none",
                       draws=1000, **asked)  # fmt: skip
        assert ("every_cluster_one_row" in codes(found)) == said
