"""``fit`` and what a fit answers, from end to end."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import forwhom as fw
from forwhom.answers import ANSWERS
from forwhom.data import Tidy
from forwhom.data.printed import format_table
from forwhom.draw.text import Sentences

from .reference.survey import CASES, MODIFIERS, make_survey

SUMMARY = ["estimate", "std_error", "conf_low", "conf_high", "prob_positive"]
DATA = make_survey()
TABLES = [
    "who",
    "differences",
    "modifiers",
    "effects",
    "average",
    "parameters",
    "groups",
    "rows",
    "priors",
    "diagnostics",
    "pooling",
    "outcomes",
]


def fit(data: Any = None, case: str = "group", **plan: Any) -> fw.Fit:
    asked = {"outcome": "y", "modifiers": MODIFIERS, "draws": 300} | CASES[case] | plan
    return fw.fit(DATA if data is None else data, **asked)


def plain(table: Any) -> dict[str, list[Any]]:
    """Any library's table as a dict of lists, None for what is not a number."""
    if isinstance(table, Tidy):
        columns = table.to_dict()
    elif isinstance(table, pd.DataFrame):
        columns = table.to_dict(orient="list")
    elif isinstance(table, pa.Table):
        columns = table.to_pydict()
    else:
        columns = table.to_dict(as_series=False)
    return {name: [None if v != v else v for v in values] for name, values in columns.items()}


def written(tmp_path: Path) -> Path:
    path = tmp_path / "survey.csv"
    pd.DataFrame(DATA).to_csv(path, index=False)  # pandas writes floats so that they read back
    return path


class TestLibraries:
    @pytest.mark.parametrize(
        ("make", "kind"),
        [
            (pd.DataFrame, pd.DataFrame),
            (pl.DataFrame, pl.DataFrame),
            (pa.table, pa.Table),
            (dict, Tidy),
        ],
    )
    @pytest.mark.parametrize("name", TABLES)
    def test_tables_come_back_in_the_library_of_the_data(
        self, name: str, make: Any, kind: type
    ) -> None:
        found = getattr(fit(make(DATA), draws=20), name)()
        assert type(found) is (Sentences if name == "who" else kind)  # sentences print themselves
        if kind is pd.DataFrame and name in TABLES[1:6]:
            assert found.attrs["level"] == 0.95 and found.attrs["interval"] == "equal-tailed"

    def test_averages_by_too(self) -> None:
        assert type(fit(pl.DataFrame(DATA), draws=20).average(by="woman")) is pl.DataFrame

    def test_lazy_frames_give_frames(self) -> None:
        assert type(fit(pl.DataFrame(DATA).lazy(), draws=20).effects()) is pl.DataFrame

    def test_the_same_data_give_the_same_numbers(self, tmp_path: Path) -> None:
        path = written(tmp_path)
        sources = [DATA, pd.DataFrame(DATA), pl.DataFrame(DATA), pa.table(DATA), path, str(path)]
        fits = [fit(source) for source in sources]
        assert len({found.fingerprint for found in fits}) == 1
        for name in TABLES:
            first, *others = (plain(getattr(found, name)()) for found in fits)
            for other in others:
                assert other == first
        assert type(fits[-1].effects()) is Tidy

    def test_rows_in_another_order_are_the_same_question(self) -> None:
        """Sums in another order: equal to rounding, which the sampler's grid passes on."""
        turned = {name: values[::-1] for name, values in DATA.items()}
        ours, theirs = plain(fit(turned).effects()), plain(fit().effects())
        np.testing.assert_allclose(ours["estimate"], theirs["estimate"], rtol=1e-6, atol=1e-8)
        assert ours["region"] == theirs["region"]


class TestColumns:
    """DESIGN section 5, to the letter."""

    def test_modifiers(self) -> None:
        assert list(plain(fit().modifiers())) == ["treatment", "term", *SUMMARY]

    def test_effects(self) -> None:
        assert list(plain(fit().effects())) == [
            *("treatment", "group_id", "woman", "age", "region", "n_treated", "n_control"),
            *(*SUMMARY, "data_share"),
        ]

    def test_effects_of_given_groups(self) -> None:
        assert list(plain(fit(case="sites").effects())) == [
            *("treatment", "group_id", "site", "n_treated", "n_control"),
            *(*SUMMARY, "data_share"),
        ]

    def test_a_level_of_ones_own(self) -> None:
        found = fit()
        wide, narrow = found.effects(level=0.99), found.effects(level=0.5)
        assert wide.level == 0.99 and narrow.level == 0.5
        assert (np.array(wide.columns["conf_low"]) < narrow.columns["conf_low"]).all()
        assert fit(level=0.5).effects().to_dict() == narrow.to_dict()


def test_averages_are_taken_within_draws() -> None:
    found = fit()
    theta = found.estimands[0].theta()
    effects = plain(found.effects())
    weight = np.array(effects["n_treated"]) + effects["n_control"]
    table = plain(found.average(by=["woman", "region"]))
    for i, (woman, region) in enumerate(zip(table["woman"], table["region"], strict=True)):
        here = (np.array(effects["woman"]) == woman) & (np.array(effects["region"]) == region)
        draws = weight[here] @ theta[here] / weight[here].sum()
        close = 1e-6 * draws.std()  # order statistics are found in single precision
        assert table["estimate"][i] == pytest.approx(np.median(draws), abs=close)
        assert table["std_error"][i] == pytest.approx(draws.std(ddof=1), rel=1e-10)
        assert table["conf_low"][i] == pytest.approx(np.quantile(draws, 0.025), abs=close)
        assert table["prob_positive"][i] == (draws > 0).mean()


class TestSeeds:
    @pytest.mark.parametrize("case", ["group", "alley2023", "dose"])
    def test_the_same_seed_the_same_draws(self, case: str) -> None:
        first, again, other = (fit(case=case, seed=seed).estimands[0] for seed in (1, 1, 2))
        for name in ("alpha", "lambda_", "sigma", "sigma_theta"):
            np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
            assert not np.isin(getattr(other, name), getattr(first, name)).any()
        np.testing.assert_array_equal(again.theta(), first.theta())
        assert not np.isin(other.theta(), first.theta()).any()
        np.testing.assert_array_equal(first.theta(), first.theta())


class TestSaving:
    @pytest.mark.parametrize("case", CASES)
    def test_a_fit_comes_back_exactly(self, case: str, tmp_path: Path) -> None:
        found = fit(case=case, draws=50)
        path = found.save(tmp_path / "fit.nc")
        assert path == tmp_path / "fit.nc" and list(tmp_path.iterdir()) == [path]
        again = fw.load(path)
        assert again.plan == found.plan
        assert again.summary() == found.summary()
        assert again.plan_text() == found.plan_text()
        assert again.fingerprint == found.fingerprint
        for name in TABLES:
            assert plain(getattr(again, name)()) == plain(getattr(found, name)())
        np.testing.assert_array_equal(again.estimands[0].theta(), found.estimands[0].theta())
        np.testing.assert_array_equal(
            again.estimands[0].baselines(), found.estimands[0].baselines()
        )
        assert [c.text for c in again.warnings] == [c.text for c in found.warnings]

    def test_tables_keep_their_library(self, tmp_path: Path) -> None:
        found = fit(pl.DataFrame(DATA), draws=20)
        assert type(fw.load(found.save(tmp_path / "fit.nc")).effects()) is pl.DataFrame

    def test_a_plan_text_runs_again(self, tmp_path: Path) -> None:
        found = fit(written(tmp_path), priors={"lambda": {"woman": "normal(0, 0.2)"}}, seed=9)
        (tmp_path / "plan.toml").write_text(found.plan_text(), encoding="utf-8")
        again = fw.fit(plan=tmp_path / "plan.toml")
        assert again.plan == found.plan
        assert plain(again.effects()) == plain(found.effects())
        assert f"# fingerprint: {found.fingerprint}" in found.plan_text()


class TestPosterior:
    """Names and dims of DESIGN section 5."""

    DIMS = {  # noqa: RUF012
        "alpha": (),
        "beta": ("control",),
        "delta": ("baseline_modifier",),
        "lambda": ("treatment", "modifier"),
        "eta": ("treatment", "group"),
        "theta": ("treatment", "group"),
        "b": ("group",),
        "sigma_b": (),
        "sigma_theta": ("treatment",),
        "sigma": (),
        "theta_control": (),
    }

    @pytest.mark.parametrize(
        ("case", "absent"),
        [
            ("group", {"theta_control"}),
            ("modifiers", {"sigma_b", "theta_control"}),
            ("shared", {"beta", "delta", "b", "sigma_b", "theta_control"}),
            ("alley2023", {"beta", "delta", "b", "sigma_b"}),
            ("dose", {"theta_control"}),
            ("spread none", {"sigma_theta", "theta_control"}),
            ("no spread at all", {"beta", "sigma_b", "sigma_theta", "theta_control"}),
        ],
    )
    def test_variables_and_dims(self, case: str, absent: set[str]) -> None:
        found = fit(case=case, draws=40)
        draws = found.posterior["posterior"].to_dataset()
        assert {str(name) for name in draws.data_vars} == set(self.DIMS) - absent
        for name, values in draws.data_vars.items():
            assert values.dims == ("chain", "draw", *self.DIMS[str(name)])
            assert np.isfinite(values.to_numpy()).all()
        assert draws.sizes["chain"] == 1 and draws.sizes["draw"] == 40
        assert draws["modifier"].to_numpy().tolist() == list(
            found.fitted.design.effects[0].lambda_names
        )
        assert draws["treatment"].to_numpy().tolist() == [CASES[case]["treatment"]]
        groups = found.fitted.design.groups
        assert draws["group"].to_numpy().tolist() == list(range(1, groups.count + 1))

    def test_values_are_those_of_the_tables(self) -> None:
        found = fit()
        tree = found.posterior
        draws = tree["posterior"].to_dataset()
        effects, modifiers = found.effects(), found.modifiers()
        theta = draws["theta"].median(("chain", "draw")).to_numpy()[0]
        # order statistics are found in single precision
        np.testing.assert_allclose(theta, effects.columns["estimate"], rtol=0, atol=1e-6)
        lambda_ = draws["lambda"].std(("chain", "draw"), ddof=1).to_numpy()[0]
        np.testing.assert_allclose(lambda_, modifiers.columns["std_error"], rtol=1e-12)
        constant = tree["constant_data"].to_dataset()
        for name in ("woman", "age", "region", "n_treated", "n_control"):
            assert constant[name].to_numpy().tolist() == plain(effects)[name]
        k_hat = float(tree["sample_stats"]["k_hat"])
        assert k_hat == found.diagnostics().row(0)["k_hat"]
        assert tree.attrs["inference_library"] == "forwhom"
        assert tree.attrs["fingerprint"] == found.fingerprint

    def test_eta_is_the_prediction(self) -> None:
        found = fit()
        draws = found.posterior["posterior"].to_dataset()
        effects = plain(found.effects())
        woman, age = np.array(effects["woman"]), np.array(effects["age"])
        north, south = (np.array([r == x for r in effects["region"]]) for x in ("north", "south"))
        rows = np.column_stack([np.ones(len(woman)), woman, age, north, south, woman * age])
        eta = draws["lambda"].to_numpy()[0, :, 0] @ rows.T
        np.testing.assert_allclose(draws["eta"].to_numpy()[0, :, 0], eta, rtol=1e-10, atol=1e-12)

    def test_arviz_reads_it(self) -> None:
        found = fit(pd.DataFrame(DATA), draws=400)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="arviz|xarray_einstats|xarray|numba")
            import arviz_stats

            table = arviz_stats.summary(
                found.posterior, var_names=["alpha", "lambda", "sigma_theta"], round_to="none"
            )
        own = found.estimands[0].lambda_
        means = table["mean"].to_numpy(float)
        assert len(means) == 8
        np.testing.assert_allclose(means[1:7], own.mean(axis=0), rtol=1e-9)


class TestSummary:
    def fitted(self) -> fw.Fit:
        missing = DATA["y"].copy()
        missing[:6] = np.nan
        return fit(pd.DataFrame(DATA | {"y": missing}), draws=2000)

    def test_key_lines(self) -> None:
        found = self.fitted()
        text = found.summary()
        lines = text.splitlines()
        assert repr(found) == text
        assert max(map(len, lines)) <= 88
        joined = " ".join(text.split())
        treated = int(DATA["d"][6:].sum())
        sizes = [t + c for t, c in zip(*(found.groups()[n] for n in ("n_treated", "n_control")),
                                       strict=True)]  # fmt: skip
        assert joined.startswith(
            "Question: what does d (1 against 0) do to y, and how does that differ by woman, age "
            "and region? Data: pandas DataFrame, 234 of 240 rows used (6 dropped; missing: y 6); "
            f"{treated} treated, {234 - treated} control. 18 groups of {min(sizes)} to "
            f"{max(sizes)} rows (median {np.median(sizes):g}). Average effect of d "
            "(1 against 0) on y over all rows: "
        )
        for part in (
            ", from ",
            " For whom ",
            "What goes with it: differences in the effect between groups as they are (median, 95 % "
            "interval, probability that it is positive):",
            " of a group's effect is its own data, ",
            "Effect spread sigma_theta (sd of group effects around their prediction): ",
            "Model: gaussian, baseline group. Method exact: 2,000 independent draws, Pareto k-hat",
            "seed 1.",
        ):
            assert part in joined
        for row in found.differences().to_dict("records"):
            if not row["where"]:  # within another's values none is told apart here
                assert any(line.startswith(f"  {row['value']} ") for line in lines)

    def test_the_answer_is_the_tables_first_row(self) -> None:
        found = self.fitted()
        row = found.average().iloc[0]
        answer = " ".join(found.summary().split()).partition("over all rows: ")[2]
        estimate, low, high = (
            float(answer.split()[0]),
            float(answer.partition("interval ")[2].split()[0]),
            float(answer.partition(" to ")[2].split(")")[0]),
        )
        shown = 0.005 + 1e-9  # two decimals
        assert estimate == pytest.approx(row["estimate"], abs=shown)
        assert low == pytest.approx(row["conf_low"], abs=shown)
        assert high == pytest.approx(row["conf_high"], abs=shown)

    def test_words_of_other_models(self) -> None:
        dose = " ".join(fit(case="dose").summary().split())
        assert "what does one more unit of dose do to y" in dose
        assert "with a dose of zero" in dose and "is taken as a dose" in dose
        preset = " ".join(fit(case="alley2023").summary().split())
        assert "and one control group." in preset
        assert "Average effect of d (1 against 0) on y over the treated rows: " in preset
        assert "baseline shared, preset alley2023." in preset
        none = " ".join(fit(case="spread none").summary().split())
        assert "Effect spread: none; the modifiers are taken to explain every difference." in none
        sites = " ".join(fit(modifiers=None, groups="site").summary().split())
        assert "and how does that differ between site?" in sites
        assert " % the average of all groups, " in sites


class TestProgress:
    def test_stages_are_told(self) -> None:
        said: list[str] = []
        fit(draws=20, progress=said.append)
        assert said == [
            "Reading the data",
            "Forming groups",
            "Reducing rows to sufficient statistics",
            "Exploring the posterior",
        ]


def test_data_are_left_alone() -> None:
    frame = pd.DataFrame(DATA)
    before = frame.copy(deep=True)
    fit(frame, draws=20).effects()
    pd.testing.assert_frame_equal(frame, before)


def test_a_plan_is_enough() -> None:
    plan = fw.make_plan(
        outcome="y", treatment="d", modifiers=MODIFIERS, controls="income", draws=300
    )
    assert plain(fw.fit(DATA, plan=plan).effects()) == plain(fit().effects())


def test_tables_hold_every_table() -> None:
    found = fit(draws=20)
    tables = found.tables()
    assert list(tables) == TABLES
    for name, table in tables.items():
        assert plain(table) == plain(getattr(found, name)())


def test_tables_of_a_file_print_themselves() -> None:
    fit = fw.fit(fw.datasets.path(), "responded", "treat_out", "leg_black + south", draws=500)
    table = fit.effects()
    assert repr(table) == format_table(table)
    title = "Group effects (theta) of treat_out (1 against 0) on responded"
    assert repr(table).startswith(f"{title} (95 % equal-tailed intervals)\nTreatment")


def test_editors_offer_what_is_a_users() -> None:
    made = fit()
    assert set(dir(made)) >= {*TABLES, "plot", "posterior", "save", "summary", "to_datatree"}
    assert not {"fitted", "engine", "estimands", "_workings", "__init__"} & set(dir(made))
    assert all(hasattr(made, name) for name in dir(made) if name not in ("posterior", "warnings"))
    assert dir(made.plot) == sorted(name for name, row in ANSWERS.items() if row.figure)


def test_tables_of_files_and_dicts_are_tables_and_print_themselves() -> None:
    table = fit().effects()
    assert isinstance(table, Tidy)
    assert str(table) == format_table(table)
    assert pl.DataFrame(table).height == len(table) == len(table["estimate"])
    assert table.to_pandas().attrs["notes"] == table.notes
    assert table._repr_html_().count("<tr>") > len(table)
