"""Clusters that are groups but for a few."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.answers.nested import _log_variance
from forwhom.plan.priors import parse_prior

N = 480
RNG = np.random.default_rng(12)
G = RNG.integers(0, 12, N)
DATA: dict[str, Any] = {
    "g": G,
    "d": RNG.integers(0, 2, N),
    "apart": np.where((G == 3) & (RNG.random(N) < 0.5), 12, G),  # one group in two clusters
    "above": np.where(G == 11, 10, G),  # one cluster of two groups
    "well": G * 3 + RNG.integers(0, 3, N),
    "crossed": RNG.integers(0, 8, N),
}
DATA["y"] = RNG.normal(size=N) + RNG.normal(0, 0.5, 12)[G]


def cautions(cluster: str, **more: Any) -> list[str]:
    fit = fw.fit(DATA, "y", "d", groups="g", clusters=cluster, draws=500, **more)
    return [one.text for one in fit.warnings if one.code == "nested_clusters"]


def test_one_group_of_two_clusters_tells_little() -> None:
    (text,) = cautions("apart")
    assert text.startswith(
        "Every cluster of 'apart' lies in one group, and 1 of 12 groups has more than one of its "
        "clusters: the ratio of sigma_b and sigma_apart can hardly be told (their priors decide "
    )
    assert text.endswith("Leave 'apart' out of clusters, or say baseline='modifiers'.")
    share = float(text.split("priors decide ")[1].split(" %")[0])
    assert 20 < share <= 100


def test_one_cluster_of_two_groups_tells_little() -> None:
    (text,) = cautions("above")
    assert text.startswith(
        "Every group lies in one cluster of 'above', and 1 of 11 clusters has more than one group: "
    )


@pytest.mark.parametrize("cluster", ["well", "crossed"])
def test_what_tells_them_apart_is_no_matter(cluster: str) -> None:
    assert cautions(cluster) == []


def test_the_way_out_leads_on_and_flat_priors_have_no_share() -> None:
    assert cautions("apart", baseline="modifiers") == []
    (text,) = cautions("apart", priors={"sigma_apart": "exponential(2)"})
    assert "priors decide" in text


@pytest.mark.parametrize(
    "text",
    ["half_normal(2)", "half_cauchy(3)", "half_student_t(5, 2)", "exponential(2)", "gamma(2, 3)"],
)
def test_variances_of_logarithms(text: str) -> None:
    from scipy import stats

    prior = parse_prior(text, "sigma_b")
    laws = {
        "half_normal": lambda s: stats.halfnorm(scale=s),
        "half_cauchy": lambda s: stats.halfcauchy(scale=s),
        "half_student_t": lambda df, s: stats.t(df, scale=s),
        "exponential": lambda rate: stats.expon(scale=1 / rate),
        "gamma": lambda shape, rate: stats.gamma(shape, scale=1 / rate),
    }
    drawn = laws[prior.distribution](*prior.parameters).rvs(400_000, random_state=3)
    assert _log_variance(prior) == pytest.approx(np.log(np.abs(drawn)).var(), rel=0.02)


def test_of_a_flat_prior_nothing_is_known() -> None:
    assert _log_variance(parse_prior("flat", "sigma_b")) == np.inf
