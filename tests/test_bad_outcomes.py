"""Outcomes that a family cannot take: every message names the family, a value and a way out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import forwhom as fw
from forwhom.cli import app
from forwhom.fitted import check_scale

N = 60


def rows(**changed: object) -> dict[str, object]:
    rng = np.random.default_rng(1)
    base = {
        "y": rng.integers(0, 2, N).astype(float),
        "d": np.tile([0.0, 1.0], N // 2),
        "m": np.repeat([0.0, 1.0, 2.0], N // 3),
        "n": np.full(N, 5.0),
        "e": rng.integers(0, 2, N).astype(float),
        "t": rng.exponential(size=N) + 0.01,
        "k": rng.poisson(2.0, N).astype(float),
    }
    return base | changed


def with_value(name: str, value: float, count: int) -> dict[str, object]:
    data = rows()
    values = np.array(data[name])
    values[:count] = value
    return data | {name: values}


CASES = [
    (with_value("y", 2.0, 14), {"outcome": "y", "family": "bernoulli"},
     "bernoulli needs 0/1 or two levels; 'y' holds 2 in 14 rows. Recode it, or choose family"),
    (rows(y=["a", "b", "c"] * 20), {"outcome": "y", "family": "bernoulli"},
     "bernoulli needs 0/1 or two levels; 'y' has 3 ('a', 'b', 'c')."),
    (rows(y=["low", "high"] * 30), {"outcome": "y", "family": "ordinal"},
     "family 'ordinal' needs ordered levels; 'y' holds text ('high', 'low'), whose order is not "
     "known. Recode it to numbers in order"),
    (rows(y=np.arange(60.0)), {"outcome": "y", "family": "ordinal"},
     "outcome 'y' has 60 different values, and family 'ordinal' takes at most 50 categories."),
    (rows(y=["a", "b"] * 30), {"outcome": "y", "family": "gaussian"},
     "outcome 'y' holds text ('a', 'b'); family 'gaussian' needs numbers."),
    (with_value("k", -1.0, 3), {"outcome": "k", "family": "poisson"},
     "poisson needs whole numbers from 0; 'k' holds -1 in 3 rows. Correct it or leave it out."),
    (with_value("k", 1.5, 1), {"outcome": "k", "family": "negative_binomial"},
     "negative_binomial needs whole numbers from 0; 'k' holds 1.5 in 1 row."),
    (with_value("t", 0.0, 2), {"outcome": "t", "family": "gamma"},
     "gamma needs numbers above 0; 't' holds 0 in 2 rows. Model the zeros apart"),
    (rows(), {"outcome": "y", "family": "beta"},
     "beta needs numbers strictly between 0 and 1; 'y' holds "),
    (with_value("t", -2.0, 4), {"outcome": "t", "family": "weibull", "event": "e"},
     "weibull needs times above 0; 't' holds -2 in 4 rows."),
    (rows(e=np.zeros(N)), {"outcome": "t", "family": "exponential", "event": "e"},
     "every one of the 60 complete rows is censored ('e' is 0 throughout)"),
    (with_value("e", 3.0, 2), {"outcome": "t", "family": "exponential", "event": "e"},
     "'3' (2 rows), and they are not 0 (censored) and 1 alone. Add event={\"e\": 0}"),
    (with_value("t", 0.0, 3), {"outcome": "t", "family": "piecewise_exponential", "event": "e"},
     "piecewise_exponential needs times above 0; 't' holds 0 in 3 rows."),
    (with_value("t", -1.0, 1), {"outcome": "t", "family": "piecewise_exponential"},
     "piecewise_exponential needs times above 0; 't' holds -1 in 1 row."),
    (rows(e=np.zeros(N)), {"outcome": "t", "family": "piecewise_exponential", "event": "e"},
     "every one of the 60 complete rows is censored ('e' is 0 throughout)"),
    (rows(), {"outcome": "t", "family": "piecewise_exponential", "breaks": [1.0, 50.0]},
     "breaks: no event of 't' falls in the interval after 50, so its hazard cannot be learnt"),
    (with_value("y", 1.2, 2), {"outcome": "y", "family": "ordered_beta"},
     "ordered_beta needs numbers from 0 to 1; 'y' holds 1.2 in 2 rows. Divide a percentage by 100"),
    (rows(), {"outcome": "y", "family": "ordered_beta"},
     "outcome 'y' holds 0 and 1 only, nothing between; family 'ordered_beta' is for shares. Choose "
     "family 'bernoulli'."),
    (rows(y=["a", "b", "c"] * 20), {"outcome": "y", "family": "categorical",
                                    "reference_category": "d"},
     "reference_category='d' is not a category of 'y' in the complete rows; it has 'a', 'b', 'c'."),
    (with_value("n", 0.0, 2), {"outcome": "y", "family": "binomial", "trials": "n"},
     "trials 'n' must be whole numbers from 1; they hold 0 in 2 rows."),
    (with_value("y", 7.0, 1), {"outcome": "y", "family": "binomial", "trials": "n"},
     "'y' exceeds its trials 'n' in 1 row (for instance 7 of 5)."),
    (with_value("n", 0.0, 5), {"outcome": "k", "family": "poisson", "exposure": "n"},
     "exposure 'n' must be above 0; it holds 0 in 5 rows. Leave these rows out."),
    (rows(o=["x"] * N), {"outcome": "k", "family": "poisson", "offset": "o"},
     "offset 'o' holds text; it must hold numbers."),
    (rows(y=np.ones(N)), {"outcome": "y", "family": "bernoulli"},
     "outcome 'y' is '1' in all 60 complete rows; there is nothing to explain."),
    (rows(d=np.full(N, 2.0)), {"outcome": "y", "treatment_type": "dose"},
     "treatment 'd' is 2 in all 60 complete rows; an effect needs doses that differ."),
    (rows(d=np.arange(N) == 7), {"outcome": "y", "family": "gaussian"},
     "only one row has treatment 'd' at 'True', so the effect cannot differ by 'm'. Leave the "
     "modifiers out and say groups= instead, or add rows to that arm."),
    (rows(d=(np.arange(N) != 7) * 1.0), {"outcome": "y", "family": "bernoulli"},
     "only one row has treatment 'd' at '0', so the effect cannot differ by 'm'."),
    (rows(d=(np.arange(N) > 1) * 1.0), {"outcome": "y", "family": "bernoulli"},
     "'m' does not vary among the untreated rows, so the baseline cannot be told from the effect "
     "by it. Leave it out."),
    (rows(w=np.linspace(0.5, 2, N)),
     {"outcome": "y", "weights": "w", "weights_kind": "frequency"},
     "frequency weights 'w' must be whole numbers, how many times a row counts; they hold 0.5 in "
     "1 row, and "),
]  # fmt: skip


@pytest.mark.parametrize(("data", "asked", "message"), CASES, ids=lambda case: None)
def test_refused(data: dict[str, object], asked: dict[str, str], message: str) -> None:
    with pytest.raises(fw.DataError) as caught:
        fw.fit(data, treatment="d", modifiers="m", **asked)
    assert message in str(caught.value)


@pytest.mark.parametrize(("data", "asked", "message"), CASES, ids=lambda case: None)
def test_refused_at_the_command_line_with_nothing_written(
    data: dict[str, object], asked: dict[str, str], message: str, tmp_path: Path
) -> None:
    pd.DataFrame(data).to_csv(tmp_path / "data.csv", index=False)
    out, flags = tmp_path / "deep" / "results", []
    for key, value in asked.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        flags += [f"--{key.replace('_', '-')}", text]
    found = CliRunner().invoke(
        app,
        ["fit", str(tmp_path / "data.csv"), "--treatment", "d", "--modifiers", "m", "--out",
         str(out), *flags],
    )  # fmt: skip
    assert (found.exit_code, found.stdout) == (3, "")
    assert found.stderr.startswith("forwhom: ")
    assert found.stderr.count("\n") == 1
    assert message in found.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_two_levels_of_text_are_yes_and_no() -> None:
    data = rows(y=["stay", "not there"] * 15 + ["not there", "stay"] * 15)
    fit = fw.fit(data, "y", "d", "m", draws=200)
    assert "'stay' counts as 1, 'not there', which says absence, as 0." in " ".join(
        str(fit).split()
    )


@pytest.mark.parametrize("always", [0.0, 1.0])
def test_complete_separation_works_and_is_said(always: float) -> None:
    data = rows()
    y = np.where(data["d"] == 1, always, data["y"])
    fit = fw.fit(data | {"y": y}, "y", "d", "m", family="bernoulli", draws=500)
    assert fit.passed
    said = [caution.text for caution in fit.warnings if caution.code == "separation"]
    word = "always" if always else "never"
    assert len(said) == 1
    assert said[0].startswith(f"'y' {word} occurs in the treated rows (complete separation)")


def test_an_outcome_that_is_the_treatment_is_said_of_both_arms() -> None:
    data = rows()
    fit = fw.fit(data | {"y": data["d"]}, "y", "d", "m", family="bernoulli", draws=500)
    assert fit.passed
    said = [caution.text for caution in fit.warnings if caution.code == "separation"]
    assert [text.partition(" (")[0] for text in said] == [
        "'y' always occurs in the treated rows",
        "'y' never occurs in the control rows",
    ]
    assert all("the prior does the rest. fit.priors() shows it." in text for text in said)
    effect = fit.average().row(0)  # 100 points is the edge, and the prior keeps away from it
    assert 50 < effect["conf_low"] < effect["conf_high"] < 100


EDGES = [
    ({"k": np.where(np.arange(N) % 2 == 1, 0.0, rows()["k"])},
     {"outcome": "k", "family": "poisson"}, "'k' is 0 in all treated rows (complete separation)"),
    ({"k": np.where(np.arange(N) % 2 == 0, 0.0, rows()["k"])},
     {"outcome": "k", "family": "negative_binomial"}, "'k' is 0 in all control rows (complete"),
    ({"e": np.where(np.arange(N) % 2 == 1, 0.0, rows()["e"])},
     {"outcome": "t", "family": "exponential", "event": "e"},
     "'t' is censored in all treated rows (complete separation)"),
    ({"e": np.where(np.arange(N) % 2 == 0, 0.0, rows()["e"])},
     {"outcome": "t", "family": "weibull", "event": "e"}, "'t' is censored in all control rows"),
    ({"y": np.where(np.arange(N) % 2 == 1, 3.0, 1.0 + np.arange(N) % 3)},
     {"outcome": "y", "family": "ordinal"}, "'y' is '3' in all treated rows (complete separation)"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "asked", "words"), EDGES, ids=lambda case: None)
def test_an_arm_at_the_edge_is_said(
    changed: dict[str, object], asked: dict[str, str], words: str
) -> None:
    fit = fw.fit(rows(**changed), treatment="d", modifiers="m", draws=500, **asked)
    (said,) = [caution.text for caution in fit.warnings if caution.code == "separation"]
    assert said.startswith(words)
    plain = fw.fit(rows(), treatment="d", modifiers="m", draws=500, **asked | {"family": "poisson",
        "outcome": "k", "event": None})  # fmt: skip
    assert "separation" not in {caution.code for caution in plain.warnings}


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
@pytest.mark.parametrize("arm", [0, 1])
def test_an_arm_of_one_row_is_named_and_so_is_the_prior(arm: int, family: str) -> None:
    words = f"is {'treated' if arm else 'untreated'} (d: {arm})"
    data = rows(d=np.where(np.arange(N) == 7, arm, 1.0 - arm))
    fit = fw.fit(data, "y", "d", groups="m", family=family, draws=500)
    (said,) = [caution.text for caution in fit.warnings if caution.code == "one_row_arm"]
    prior = {row[0]: row[1] for row in zip(*(
        fit.priors().to_dict()[key] for key in ("parameter", "prior")), strict=True)}  # fmt: skip
    assert said == (
        f"Only one row {words}: every effect rests on that row, chance and all, and its interval "
        f"is as wide as one row's noise. The prior of the effect, {prior['lambda']}, does the "
        f"rest, and that of sigma_theta, {prior['sigma_theta']}, any difference between groups."
    )
    assert said in fit.summary().replace("\n    ", " ")


def test_two_rows_in_an_arm_are_not_one() -> None:
    data = rows(d=(np.arange(N) > 1) * 1.0)
    fit = fw.fit(data, "y", "d", groups="m", family="bernoulli", draws=200)
    assert "one_row_arm" not in {caution.code for caution in fit.warnings}


def test_an_ordered_level_that_never_occurs_is_left_out_and_said() -> None:
    y = np.array([1.0, 2.0, 4.0])[np.arange(N) % 3]
    fit = fw.fit(rows(y=y), "y", "d", "m", family="ordinal", draws=200)
    assert fit.fitted.design.outcome.levels == ("1", "2", "4")
    assert (
        "'3' of 'y' never occurs in the complete rows and is left out." in fit.fitted.design.notes
    )
    assert fit.average().to_dict()["outcome"] == ["2 or above", "4 or above"]
    tens = fw.fit(rows(y=10 * y), "y", "d", "m", family="ordinal", draws=200)
    assert not any("never occurs" in note for note in tens.fitted.design.notes)


def test_a_labelled_level_that_never_occurs_is_left_out_and_said(tmp_path: Path) -> None:
    import pyreadstat

    y = np.array([1.0, 2.0, 4.0])[np.arange(N) % 3]
    labels = {1: "never", 2: "seldom", 3: "often", 4: "always"}
    path = tmp_path / "data.sav"
    pyreadstat.write_sav(pd.DataFrame(rows(y=y)), str(path), variable_value_labels={"y": labels})
    fit = fw.fit(path, "y", "d", "m", family="ordinal", draws=200)
    assert fit.fitted.design.outcome.levels == ("never", "seldom", "always")
    assert "'often' of 'y' never occurs in the complete rows and is left out." in (
        fit.fitted.design.notes
    )


class TestHeavyTails:
    """A mean time without events rests on exp() of the prior, whose sd draws cannot tell."""

    def fit(self, method: str = "auto", **priors: str) -> fw.Fit:
        t = np.random.default_rng(3).exponential(size=12) + 0.01
        d, m = np.tile([0.0, 1.0], 6), np.repeat([0.0, 1.0, 2.0], 4)
        event = np.where((d == 1) & (np.arange(12) != 1), 0.0, 1.0)
        return fw.fit(
            {"t": t, "d": d, "m": m, "e": event}, "t", "d", groups="m", family="exponential",
            event="e", priors=priors, draws=1000, method=method,
        )  # fmt: skip

    def test_no_standard_error_but_an_interval(self) -> None:
        fit = self.fit(alpha="normal(0, 100)", **{"lambda": "normal(0, 100)"})
        effects, average = fit.effects(), fit.average()
        theta = fit._workings.on_scale(check_scale(fit.fitted, None))[0].theta()
        share = ((theta - theta.mean(axis=1, keepdims=True)) ** 2).max(axis=1) / (
            999 * theta.var(axis=1, ddof=1)
        )
        found = effects.to_dict()
        np.testing.assert_array_equal(np.isnan(found["std_error"]), share > 0.25)
        assert (share > 0.25).any()
        np.testing.assert_allclose(found["conf_high"], np.quantile(theta, 0.975, axis=1))
        assert "No std. error where one draw makes up over a quarter" in repr(effects)
        assert np.isnan(average.row(0)["std_error"])
        assert "  -  " in repr(average)
        (said,) = [caution.text for caution in fit.warnings if caution.code == "heavy_tail"]
        assert said == (
            "The posterior of the average effect has so heavy a tail that one of 1,000 draws makes "
            "up more than a quarter of its variance: no standard error is given, and the ends of "
            "the interval lean on the priors (fit.priors() shows them). Effects on the logarithm "
            "of the mean are steadier (scale='link')."
        )
        link = fit.effects(scale="link")
        assert np.isfinite(link.to_dict()["std_error"]).all()
        assert "No std. error" not in repr(link)

    def test_priors_that_know_the_size_of_an_effect_give_one(self) -> None:
        fit = self.fit(
            alpha="normal(0, 1)", sigma_b="half_normal(0.3)", sigma_theta="half_normal(0.3)",
            **{"lambda": "normal(0, 0.5)"},
        )  # fmt: skip
        assert np.isfinite(fit.effects().to_dict()["std_error"]).all()
        assert "heavy_tail" not in {caution.code for caution in fit.warnings}

    def test_means_beyond_all_bounds(self, tmp_path: Path) -> None:
        vague = {"alpha": "normal(0, 1000)", "lambda": "normal(0, 1000)"}
        spreads = dict.fromkeys(("sigma_b", "sigma_theta"), "half_normal(10)")
        # by name: its check fails, and "auto" would go on to NUTS
        fit = self.fit(method="quadrature", **spreads, **vague)
        assert not fit.passed
        assert fit.average(level=0.99).row(0)["conf_high"] > 1e20  # of draws whose check failed
        for table in fit.tables().values():
            for name in ("estimate", "conf_low", "conf_high"):
                without = "text" in table.columns  # sentences, some of which have no number
                assert without or np.isfinite(table.columns.get(name, 0.0)).all()
        assert not re.search(r"\b(inf|nan)\b", fit.summary())
        assert fw.load(fit.save(tmp_path / "fit.nc")).summary() == fit.summary()


def test_separation_in_a_group_is_said() -> None:
    data = rows()
    y = np.where(data["m"] == 2, data["d"], data["y"])
    fit = fw.fit(data | {"y": y}, "y", "d", "m", family="bernoulli", draws=500)
    said = [caution.text for caution in fit.warnings if caution.code == "separated_groups"]
    assert len(said) == 1
    assert "In 1 of 3 groups with at least 5 rows in each arm 'y' does not vary" in said[0]
