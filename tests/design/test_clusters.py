"""Clusters by hand: who is in which, and what cannot be told apart is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forwhom.data import load
from forwhom.design import Design, Rows, build_design
from forwhom.errors import DataError, ForWhomError
from forwhom.plan import make_plan

DATA: dict[str, Any] = {
    "y": [1.0, 2, 3, 4, 5, 6, 7, 8],
    "t": [0, 1, 1, 0, 1, 0, 1, 0],
    "m": [0, 0, 0, 0, 1, 1, 1, 1],
    "state": ["b", "a", "b", "a", "b", "a", "b", "a"],
    "half": [1, 1, 1, 1, 0, 0, 0, 0],
    "same": [2, 1, 2, 1, 2, 1, 2, 1],
    "one": [3] * 8,
    "dose": [0.0, 1.5, 1, 0, 2, 0, 1.5, 1],
}


def design(**plan: Any) -> tuple[Design, Rows]:
    made = make_plan(**{"outcome": "y", "treatment": "t", "modifiers": "m"} | plan)
    return build_design(made, load(DATA, made.columns))


def test_clusters_are_numbered_in_the_order_of_their_values() -> None:
    found, rows = design(clusters=["state"], cluster_effects=["state"])
    (cluster,) = found.clusters
    assert (cluster.name, cluster.levels, cluster.effects) == ("state", ("a", "b"), True)
    assert cluster.n_rows.tolist() == [4, 4]
    assert rows.clusters[:, 0].tolist() == [1, 0, 1, 0, 1, 0, 1, 0]


def test_frequencies_count_in_clusters() -> None:
    data = DATA | {"times": [1, 2, 3, 4, 1, 1, 1, 1]}
    made = make_plan(
        outcome="y", treatment="t", modifiers="m", clusters="state", weights="times",
        weights_kind="frequency",
    )  # fmt: skip
    found, _ = build_design(made, load(data, made.columns))
    assert found.clusters[0].n_rows.tolist() == [8, 6]


@pytest.mark.parametrize(
    ("clusters", "message"),
    [
        (["one"], "cluster 'one' is '3' in every complete row"),
        (["half"], "cluster 'half' divides the rows exactly as the groups do (2 parts)"),
        (
            ["state", "same"],
            "cluster 'same' divides the rows exactly as cluster 'state' does (2 parts)",
        ),
    ],
)
def test_refused(clusters: list[str], message: str) -> None:
    with pytest.raises(DataError) as caught:
        design(clusters=clusters)
    assert message in str(caught.value)
    assert "Leave it out of clusters." in str(caught.value)


def test_a_missing_cluster_drops_the_row() -> None:
    data = DATA | {"state": ["b", None, *DATA["state"][2:]]}
    made = make_plan(outcome="y", treatment="t", modifiers="m", clusters="state")
    found, rows = build_design(made, load(data, made.columns))
    assert found.usage.missing == (("state", 1),)
    assert len(rows.y) == 7


def test_arms_each_have_an_effect_and_their_own_rows() -> None:
    data = DATA | {"t": ["none", "post", "mail", "none", "post", "mail", "none", "none"]}
    made = make_plan(outcome="y", treatment="t", modifiers="m", reference="none")
    found, rows = build_design(made, load(data, made.columns))
    assert [effect.treatment.name for effect in found.effects] == ["t[mail]", "t[post]"]
    assert rows.d.tolist() == [[0, 0], [0, 1], [1, 0], [0, 0], [0, 1], [1, 0], [0, 0], [0, 0]]
    mail, post = found.effects
    assert (mail.n_treated.tolist(), mail.n_control.tolist()) == ([1, 1], [2, 2])
    assert (post.n_treated.tolist(), post.n_control.tolist()) == ([1, 1], [2, 2])
    assert found.arms == ("untreated", "t[post]", "t[mail]")  # in the order of their columns


def test_treatments_have_modifiers_of_their_own() -> None:
    rng = np.random.default_rng(0)
    data = {name: rng.integers(0, 2, 40).astype(float) for name in ("y", "ad", "mail", "a", "b")}
    made = make_plan(outcome="y", treatment={"ad": "a*b", "mail": "a"})
    found, _ = build_design(made, load(data, made.columns))
    assert [effect.lambda_names for effect in found.effects] == [
        ("Intercept", "a", "b", "a:b"),
        ("Intercept", "a"),
    ]
    assert found.delta_names == ("a", "b", "a:b")
    assert found.groups.columns == ("a", "b")


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (
            {"sigma_by": "arm", "treatment": "dose"},
            "sigma_by='arm' needs arms, and treatment 'dose' is a dose",
        ),
        (
            {"correlated": True, "baseline": "shared", "treatment_type": "arms"},
            "correlated asks for the correlation of a group's own parameters",
        ),
    ],
)
def test_what_only_the_data_can_refuse(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(ForWhomError) as caught:
        design(**plan)
    assert message in str(caught.value)
