"""Prior predictive simulation: parameters follow their priors, data follow the parameters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import forwhom as fw
from forwhom.families import FAMILIES
from tests.reference.nuts.cases import SINGLE, uncensored, usual

SMALL = 1e-4  # a test this unlikely fails by chance once in ten thousand runs; seeds are fixed
PRIORS = {
    "alpha": "student_t(5, 1, 0.5)",
    "delta": "normal(0.1, 0.2)",
    "lambda": {"Intercept": "normal(0.5, 0.3)", "a": "normal(0, 0.1)", "m": "student_t(4, 0, 0.1)"},
    "sigma_theta": "exponential(4)",
    "sigma_b": "half_student_t(5, 0.3)",
}


def asked(name: str, **more: object) -> dict[str, object]:
    given = {"outcome": "y", "treatment": "d", "modifiers": "a + m", "family": name, "bins": 12}
    return given | more


@pytest.mark.parametrize("name", ["gaussian", "student", "bernoulli", "negative_binomial"])
def test_parameters_follow_their_priors(name: str) -> None:
    own = {"sigma": "half_normal(2)", "nu": "gamma(2, 0.1)", "shape": "gamma(3, 1)"}
    priors = PRIORS | {p: own[p] for p in FAMILIES[name].parameter_names}
    found = fw.prior_predictive(
        uncensored(name), draws=4000, **asked(name, priors=priors)
    ).estimands[0]
    laws = [
        (found.alpha, stats.t(5, 1, 0.5)),
        *((found.delta[:, j], stats.norm(0.1, 0.2)) for j in range(2)),
        (found.lambda_[:, 0], stats.norm(0.5, 0.3)),
        (found.lambda_[:, 1], stats.norm(0, 0.1)),
        (found.lambda_[:, 2], stats.t(4, 0, 0.1)),
        (found.sigma_theta, stats.expon(scale=1 / 4)),
    ]
    parameters = dict(found.parameters)
    known = {
        "sigma": stats.halfnorm(scale=2),
        "nu": stats.gamma(2, scale=10),
        "shape": stats.gamma(3, scale=1),
    }
    laws += [(values[:, 0], known[p]) for p, values in parameters.items()]
    # a half-t has no name in scipy: with a sign it is a t
    assert found.sigma_b is not None
    laws.append((found.sigma_b * np.where(np.arange(4000) % 2, 1, -1), stats.t(5, scale=0.3)))
    for draws, law in laws:
        assert stats.kstest(draws, law.cdf).pvalue > SMALL
    u = (found.theta() - found.eta()) / found.sigma_theta
    v = found.baselines() / found.sigma_b
    groups = found.design.groups
    z = np.column_stack([np.asarray(groups.column_values(j)) for j in range(2)])
    v -= z @ found.delta.T / found.sigma_b
    for g in (0, 10, 40):
        assert stats.kstest(u[g], stats.norm.cdf).pvalue > SMALL
        assert stats.kstest(v[g], stats.norm.cdf).pvalue > SMALL
    assert abs(np.corrcoef(u[0], u[1])[0, 1]) < 4 / np.sqrt(4000)
    assert abs(np.corrcoef(u[0], v[0])[0, 1]) < 4 / np.sqrt(4000)


def test_data_follow_the_parameters() -> None:
    """Every number of the tables against a simulation written out by hand."""
    data = uncensored("poisson")
    found = fw.prior_predictive(data, draws=1000, **asked("poisson", priors=PRIORS))
    rng = np.random.default_rng(9)
    sets = 4000
    z = np.column_stack([data["a"], data["m"]])
    group = np.unique(data["a"] * 8 + data["m"], return_inverse=True)[1]
    lambda_ = np.column_stack(
        [
            rng.normal(0.5, 0.3, sets),
            rng.normal(0, 0.1, sets),
            0.1 * rng.standard_t(4, sets),
        ]
    )
    theta = lambda_[:, 0] + z @ lambda_[:, 1:].T
    u = rng.exponential(0.25, sets) * rng.normal(size=(group.max() + 1, sets))
    b = np.abs(0.3 * rng.standard_t(5, sets)) * rng.normal(size=(group.max() + 1, sets))
    theta += u[group]
    base = 1 + 0.5 * rng.standard_t(5, sets) + z @ rng.normal(0.1, 0.2, (2, sets)) + b[group]
    y = rng.poisson(np.exp(base + data["d"][:, None] * theta))
    table = found.outcome()
    treated = data["d"] == 1
    by_hand = {"mean": y[treated].mean(axis=0), "share of zeros": (y[treated] == 0).mean(axis=0)}
    rows = {
        row["statistic"]: row
        for row in (table.row(i) for i in range(table.n_rows))
        if row["where"] == "d=1"
    }

    def near(value: float, values: np.ndarray, q: float) -> bool:
        """Whether a quantile of 1,000 is one of ``values``, by the binomial law of its rank."""
        below, above = (values < value).mean(), (values <= value).mean()
        error = 4.5 * np.sqrt(q * (1 - q) * (1 / 1000 + 1 / len(values)))
        return bool(below - error <= q <= above + error)

    for name, values in by_hand.items():
        row = rows[name]
        assert near(row["implied"], values, 0.5)
        assert near(row["conf_low"], values, 0.025)
        assert near(row["conf_high"], values, 0.975)
    assert rows["mean"]["observed"] == pytest.approx(data["y"][treated].mean())
    average = (np.exp(base + theta) - np.exp(base)).mean(axis=0)
    effect = found.effects().row(0)
    assert effect["quantity"] == "average effect"
    for column, q in (("conf_low", 0.025), ("q25", 0.25), ("estimate", 0.5), ("q75", 0.75)):
        assert near(effect[column], average, q)
    plain = data["y"][treated].mean() - data["y"][~treated].mean()
    assert effect["observed"] == pytest.approx(plain)
    one = rng.integers(0, 150, sets)
    change = np.exp(base + theta) - np.exp(base)
    onehot = group[:, None] == np.arange(group.max() + 1)
    own = (onehot.T / onehot.sum(axis=0)[:, None]) @ change  # of each group
    assert near(found.effects().row(1)["estimate"], own[group[one], np.arange(sets)], 0.5)
    share = onehot.mean(axis=0)
    spread = np.sqrt(share @ own**2 - (share @ own) ** 2)
    assert near(found.effects().row(2)["estimate"], spread, 0.5)
    quantile = next(
        table.row(i) for i in range(table.n_rows) if table.row(i)["statistic"] == "75 % quantile"
    )
    assert quantile["observed"] == np.quantile(data["y"], 0.75)
    assert quantile["implied"] == pytest.approx(np.quantile(y, 0.75), abs=1)


def test_flat_priors_are_refused_by_name() -> None:
    data = uncensored("gaussian")
    priors = {"alpha": "flat", "lambda": {"a": "flat"}}
    with pytest.raises(fw.PlanError, match=r"'alpha', 'lambda' of a is flat.*normal\(0, 1\)"):
        fw.prior_predictive(data, **asked("gaussian", priors=priors))
    with pytest.raises(fw.PlanError, match=r"'sigma' is flat.*half_normal\(1\)"):
        fw.prior_predictive(data, **asked("gaussian", preset="alley2023"))
    with pytest.raises(fw.PlanError, match="draws"):
        fw.prior_predictive(data, draws=-3, **asked("gaussian"))


@pytest.mark.parametrize("name", SINGLE)
def test_every_family_says_what_its_defaults_imply(name: str) -> None:
    data = usual(name)
    trials = {"trials": "trials"} if "trials" in data else {}
    event = {"event": "event"} if "event" in data else {}
    found = fw.prior_predictive(data, draws=200, **asked(name, **trials, **event))
    text = str(found)
    for words in ("Nothing is fitted", "average effect", "How to read it"):
        assert words in text
    assert not np.isnan(found.effects().columns["estimate"]).any()
    if event:
        assert not any("=" in where for where in found.outcome().columns["where"])
        with pytest.raises(fw.PlanError, match=r"plot\(\) draws whole times"):
            found.plot()
    else:
        assert found.plot().to_dict()["vconcat"]
    assert found.priors().n_rows


def test_plans_seeds_and_words() -> None:
    data = uncensored("bernoulli")
    plan = fw.make_plan(**asked("bernoulli"))
    one, two = (fw.prior_predictive(data, plan, draws=100) for _ in range(2))
    assert one.effects().to_csv() == two.effects().to_csv()
    other = fw.prior_predictive(data, plan, draws=100, seed=2)
    assert other.effects().to_csv() != one.effects().to_csv()
    far = fw.prior_predictive(
        data, draws=200, **asked("bernoulli", priors={"alpha": "normal(-9, 0.1)"})
    )
    assert "share 1 (d=0): what was observed lies above what the priors hold likely" in (
        " ".join(str(far).split())
    )
    assert "anywhere between none and all" in " ".join(str(one).split())
    with pytest.raises(fw.PlanError, match="a plan was given and so was family="):
        fw.prior_predictive(data, plan, family="poisson")
