"""Replicated data against the same drawn row by row, and what a check can and cannot see."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import forwhom as fw
from forwhom.families import FAMILIES, Outcome
from forwhom.fitted import Replication, predictor_of, replicate
from tests.posteriors import of_independent
from tests.reference.nuts.cases import SINGLE, simulate, uncensored


def fitted(name: str, data: dict[str, np.ndarray], **more: object) -> fw.Fit:
    given: dict[str, object] = {
        "family": name,
        "trials": "trials" if "trials" in data else None,
        "bins": 12,
        "draws": 1000,
        "method": "quadrature",
    }
    return fw.fit(data, "y", "d", "a + m", **(given | more))


def replicated(fit: fw.Fit) -> Replication:
    return replicate(predictor_of(fit.fitted, "this"), "this")


@pytest.mark.parametrize("name", SINGLE)
def test_the_same_as_row_by_row(name: str) -> None:
    """Observed statistics are numpy's; replicated ones have the law of rows drawn one at a time."""
    data, family = uncensored(name), FAMILIES[name]
    fit = fitted(name, data)
    found, result = replicated(fit), fit.estimands[0]
    groups = result.design.groups
    pairs = np.column_stack([np.asarray(groups.column_values(j)) for j in range(2)])
    group = (np.column_stack([data["a"], data["m"]])[:, None] == pairs).all(axis=2).argmax(axis=1)
    eta = result.alpha + result.baselines()[group]
    eta = eta + data["d"][:, None] * result.theta()[group]
    levels = result.design.outcome.n_levels if family.support == "ordered" else 0
    outcome = Outcome.of(np.zeros(150), data.get("trials"), levels=levels)
    if ends := result.design.outcome.ends:
        outcome = outcome.in_intervals(np.array(ends), np.empty(0), np.empty(0))
    own = [values.T for values in result.parameters.values()]
    drawn = family.draw(np.random.default_rng(3), eta, family.links[0], own, outcome)
    y = np.unique(data["y"], return_inverse=True)[1] if levels else data["y"]
    weight = data.get("trials", np.ones(150))
    y, drawn = y / weight, drawn / weight[:, None]
    for arm in (0, 1):
        mine = data["d"] == arm
        w = weight[mine] / weight[mine].sum()

        def statistics(values: np.ndarray, mine=mine, w=w, arm=arm) -> dict[str, np.ndarray]:
            some = values[mine]
            mean = w @ some
            out = {f"share {k}": w @ (some == k) for k in range(5)}
            out |= {
                "mean": mean,
                "sd": np.sqrt(w @ (some - mean) ** 2),
                "share of zeros": w @ (some == 0),
                "smallest": some.min(axis=0),
                "largest": some.max(axis=0),
            }
            present = np.unique(group[mine])
            onehot = (group[mine] == present[:, None]) * weight[mine]
            means = (onehot / onehot.sum(axis=1, keepdims=True)) @ some
            return out | {"sd of group means": means.std(axis=0)}

        one, many = statistics(y[:, None]), statistics(drawn)
        assert found.n[arm] == pytest.approx(weight[mine].sum())
        for s, statistic in enumerate(found.statistics):
            assert found.observed[s, arm] == pytest.approx(one[statistic][0], rel=1e-9), statistic
            ours, theirs = found.replicated[s, arm], many[statistic]
            # no finite variance to judge a mean by
            if name in ("student", "lognormal", "piecewise_exponential"):
                assert stats.mannwhitneyu(ours, theirs).pvalue > 1e-5, statistic
                continue
            error = np.hypot(ours.std(), theirs.std()) / np.sqrt(1000)
            assert abs(ours.mean() - theirs.mean()) < 4.5 * error, statistic
            apart = abs(ours.std() - theirs.std())
            errors = [of_independent(draws).sd_error for draws in (ours, theirs)]
            assert apart < 4.5 * np.hypot(*errors), statistic
    assert np.allclose(found.share_observed.sum(axis=1), 1)
    assert np.allclose(found.share_replicated.sum(axis=1), 1)


def test_too_narrow_a_family_is_seen_and_a_wide_one_passes() -> None:
    rng = np.random.default_rng(8)
    n = 600
    data = {"d": rng.integers(0, 2, n), "a": rng.integers(0, 4, n), "m": rng.integers(0, 3, n)}
    mean = np.exp(0.8 + 0.3 * data["d"] + 0.1 * data["a"])
    data["y"] = rng.poisson(mean * rng.gamma(0.7, 1 / 0.7, n))
    data = {key: values.astype(float) for key, values in data.items()}
    tables = {name: fitted(name, data).check() for name in ("poisson", "negative_binomial")}

    def z(name: str, statistic: str) -> np.ndarray:
        table = tables[name]
        mine = [one == statistic for one in table.columns["statistic"]]
        return np.asarray(table.columns["z"])[mine]

    for statistic in ("sd", "share of zeros"):
        assert (z("poisson", statistic) > 4).all()
        assert (np.abs(z("negative_binomial", statistic)) < 3).all()
    assert (np.abs(z("poisson", "mean")[:2]) < 1).all()


def test_the_group_that_does_not_fit_is_named() -> None:
    """One group's controls all say yes among noes, and shared baselines cannot follow."""
    rng = np.random.default_rng(2)
    n = 800
    data = {"d": rng.integers(0, 2, n), "a": rng.integers(0, 5, n), "m": rng.integers(0, 2, n)}
    data["y"] = rng.random(n) < 0.3
    odd = (data["a"] == 2) & (data["m"] == 1) & (data["d"] == 0)
    data["y"][odd] = True
    data = {key: np.asarray(values, dtype=float) for key, values in data.items()}
    table = fitted("bernoulli", data, baseline="shared").check()
    places = [i for i in range(table.n_rows) if "," in table.row(i)["where"]]
    first = table.row(places[0])
    assert first["where"] == "a=2, m=1, d=0"
    assert first["observed"] == 1.0
    assert first["z"] > 5
    assert first["prob_above"] == 0.0
    assert first["n"] == odd.sum()


def test_weights_doses_levels_and_storage(tmp_path) -> None:
    data = uncensored("ordinal")
    data["times"] = np.random.default_rng(1).integers(1, 4, 150).astype(float)
    fit = fitted("ordinal", data, weights="times", weights_kind="frequency")
    row = fit.check().row(0)
    untreated = data["d"] == 0
    assert row["n"] == data["times"][untreated].sum()
    share = (data["times"] * (data["y"] == 0))[untreated].sum() / row["n"]
    assert row["observed"] == pytest.approx(share)
    again = fw.load(fit.save(tmp_path / "fit.nc"))
    assert again.check().to_dict() == fit.check().to_dict()
    weighted = fitted("ordinal", data, weights="times").check()
    assert weighted.row(0)["observed"] == pytest.approx(share)
    assert "sampling weights" in weighted.notes[-1]
    dose = simulate("poisson", "log", dose=True)
    table = fitted("poisson", dose).check()
    arms = dict.fromkeys(w for w in table.columns["where"] if "=" not in w)
    assert len(arms) == 3
    assert all(arm.startswith("d ") for arm in arms)


def test_refusals() -> None:
    data = simulate("weibull", "log", dose=False)
    fit = fitted("weibull", data, event="event")
    with pytest.raises(fw.PlanError, match=r"check\(\) draws whole times.*'y' are censored"):
        fit.check()
    exact = fw.fit(uncensored("gaussian"), "y", "d", "a + m", bins=12, draws=200)
    with pytest.raises(fw.PlanError, match=r"check\(\) needs .* method='quadrature'"):
        exact.plot.check()


def test_figures() -> None:
    data = uncensored("poisson")
    fit = fitted("poisson", data)
    rows = fit.plot.check().to_dict()
    values = rows["vconcat"][0]["data"]["values"]
    untreated = data["d"] == 0
    zero = next(v for v in values if v["arm"] == "D: 0" and v["bin"] == "0")
    assert zero["observed"] == pytest.approx((data["y"][untreated] == 0).mean())
    assert zero["low"] <= zero["middle"] <= zero["high"]
    assert any(v["bin"].endswith("or more") for v in values)
    named = fit.plot.check(of="groups", labels={"a": "Age", "d": "Letter"}, title="Groups")
    spec = named.to_dict()
    assert spec["title"]["text"] == ["Groups"]
    records = spec["vconcat"][0]["data"]["values"]
    assert {r["arm"] for r in records} == {"Letter: 0", "Letter: 1"}
    one = next(r for r in records if r["group"] == "Age = 1, m = 2" and r["arm"] == "Letter: 0")
    mine = (data["a"] == 1) & (data["m"] == 2) & untreated
    assert one["observed"] == pytest.approx(data["y"][mine].mean())
    with pytest.raises(fw.OutputError, match=r"of='arms' is not known: give 'rows' or 'groups'"):
        fit.plot.check(of="arms")
    with pytest.raises(fw.PlanError, match="level=2 must lie between 0 and 1"):
        fit.plot.check(level=2)
    binary = fitted("bernoulli", uncensored("bernoulli")).plot.check().to_dict()
    assert binary["title"]["text"] == ["Does the model reproduce what was observed in every group?"]
