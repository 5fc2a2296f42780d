"""The posterior as a tree: groups have names, rows their outcomes and log likelihoods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw

RNG = np.random.default_rng(8)
N = 200
D, A = np.arange(N) % 2, np.arange(N) // 2 % 3
CHOICE = np.array(["bus", "car", "foot"])[RNG.integers(0, 3, N)]
DATA: dict[str, Any] = {
    "y": RNG.normal(size=N) + D,
    "voted": RNG.integers(0, 2, N),
    "count": RNG.poisson(2, N),
    "n": np.full(N, 5),
    "hits": RNG.integers(0, 6, N),
    "time": RNG.exponential(size=N).round(2) + 0.01,
    "end": RNG.integers(0, 2, N),
    "choice": CHOICE,
    "d": D,
    "a": A,
    "b": np.array(["north", "south"])[np.arange(N) // 6 % 2],
    "w": RNG.uniform(0.5, 1.5, N),
    "f": np.arange(N) % 3,
}


def fit(outcome: str, **more: Any) -> fw.Fit:
    made: fw.Fit = fw.fit(DATA, outcome, "d", more.pop("modifiers", "a + b"), draws=200, **more)
    return made


def test_groups_are_named_beside_their_numbers() -> None:
    made = fit("y")
    for part in ("posterior", "constant_data"):
        names = made.posterior[part]["group_name"]
        assert names.dims == ("group",)
        assert names.values.tolist() == [made.fitted.design.groups.name(g) for g in range(6)]
    one = made.posterior["posterior"]["theta"].isel(group=0)
    assert one["group_name"].item() == "a=0, b=north"


def test_a_fit_without_rows_says_so() -> None:
    tree = fit("y").posterior
    assert "observed_data" not in tree
    assert tree.attrs["rows_left_out"].startswith("observed_data needs the rows' outcomes")
    assert tree["posterior"].attrs["rows_left_out"] == tree.attrs["rows_left_out"]
    with pytest.raises(fw.PlanError, match="log_likelihood=True needs the rows' outcomes"):
        fit("y").to_datatree(log_likelihood=True)


def test_under_sampling_weights_there_are_no_single_rows() -> None:
    made = fit("voted", weights="w")
    assert "sampling weights" in made.posterior.attrs["rows_left_out"]
    with pytest.raises(fw.PlanError, match="sampling weights"):
        made.to_datatree(log_likelihood=True)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
@pytest.mark.parametrize(
    ("outcome", "more"),
    [
        ("voted", {}),
        ("y", {"method": "quadrature"}),
        ("count", {"family": "poisson"}),
        ("hits", {"family": "binomial", "trials": "n"}),
        ("time", {"family": "weibull", "event": "end"}),
        ("choice", {"family": "categorical"}),
    ],
)
def test_rows_and_their_log_likelihood(outcome: str, more: dict[str, Any]) -> None:
    from arviz_stats import loo

    made = fit(outcome, **more)
    assert "log_likelihood" not in made.posterior
    tree = made.to_datatree(log_likelihood=True)
    observed, density = tree["observed_data"], tree["log_likelihood"][outcome]
    assert density.dims == ("chain", "draw", "row")
    assert density.shape == (*made.posterior["posterior"]["alpha"].shape[:2], N)
    values = observed[outcome]
    held = np.searchsorted(["bus", "car", "foot"], CHOICE) if outcome == "choice" else DATA[outcome]
    np.testing.assert_allclose(np.sort(values.values), np.sort(held))
    levels = {"choice": ["bus", "car", "foot"], "voted": ["0", "1"]}
    assert values.attrs.get("levels") == levels.get(outcome)
    counts = np.bincount(observed["group"].values)[1:]
    assert counts.tolist() == made.fitted.design.groups.n_rows.tolist()
    assert ("trials" in observed) == ("trials" in more)
    assert ("event" in observed) == ("event" in more)
    with np.errstate(all="ignore"):
        theirs = loo(tree, var_name=outcome)
    assert theirs.elpd == pytest.approx(made.elpd("loo").total, rel=1e-4)


def test_rows_of_frequency_weights_stand_as_often_as_they_count() -> None:
    made = fit("voted", weights="f", weights_kind="frequency")
    assert made.posterior["observed_data"].sizes["row"] == DATA["f"].sum()


def test_an_outcome_named_as_what_stands_beside_it() -> None:
    data = {**DATA, "trials": DATA["hits"]}
    made = fw.fit(data, "trials", "d", "a", family="binomial", trials="n", draws=50)
    observed = made.posterior["observed_data"]
    assert set(observed.data_vars) == {"trials", "trials_"}
    assert observed["trials_"].values.tolist() == [5.0] * N


def test_estimates_and_their_errors() -> None:
    data = {"e": RNG.normal(size=12), "s": np.full(12, 0.3), "g": np.arange(12)}
    made = fw.fit(data, "e", std_error="s", groups="g", method="quadrature", draws=50)
    assert made.posterior["observed_data"]["std_error"].values.tolist() == [0.3] * 12


def test_too_many_numbers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forwhom.fitted.observed.MOST_VALUES", 500)
    made = fit("voted")
    assert "observed_data" in made.posterior
    with pytest.raises(fw.PlanError, match="200 rows of 200 draws are more than the 500 numbers"):
        made.to_datatree(log_likelihood=True)
