"""Tables of draws as trees that ArviZ takes."""

from __future__ import annotations

import numpy as np
import pytest

import forwhom as fw
from forwhom.data import Tidy
from forwhom.errors import OutputError

RNG = np.random.default_rng(5)
N = 300
DATA = {
    "y": RNG.normal(size=N),
    "d": RNG.integers(0, 2, N),
    "a": RNG.integers(0, 3, N),
    "chain": np.array(["x", "y"])[RNG.integers(0, 2, N)],
}


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(DATA, "y", "d", "a + chain", draws=100)


def test_rows_are_a_dim_and_keys_its_coordinates(fit: fw.Fit) -> None:
    table = fit.effects(draws=True)
    tree = table.to_datatree()
    value = tree["posterior"]["value"]
    assert value.dims == ("chain", "draw", "row")
    assert value.shape == (1, 100, 6)
    assert value["a"].values.tolist() == fit.effects()["a"].tolist()
    assert value["chain_"].values.tolist() == fit.effects()["chain"]  # the data's own column
    np.testing.assert_array_equal(
        value.sel(row=2).values.ravel(), np.asarray(table["value"])[100:200]
    )
    assert tree["posterior"].attrs["title"] == table.title
    assert tree.attrs["notes"].splitlines() == list(table.notes)


def test_the_draws_are_those_of_the_posterior(fit: fw.Fit) -> None:
    tree = fit.effects(draws=True, scale="link").to_datatree()
    theta = fit.posterior["posterior"]["theta"].values
    np.testing.assert_allclose(tree["posterior"]["value"].values, theta[:, :, 0])


def test_arviz_takes_it(fit: fw.Fit) -> None:
    from arviz_stats import ess

    tree = fit.modifiers(draws=True).to_datatree()
    found = ess(tree)
    assert set(found["value"]["term"].values.tolist()) == set(fit.modifiers()["term"])
    assert (found["value"].values > 20).all()


def test_several_chains_keep_their_order() -> None:
    table = Tidy(
        {
            "term": ["a"] * 4 + [None] * 4,
            "row": np.repeat([7, 8], 4),
            "chain": np.tile([0, 0, 1, 1], 2),
            "draw": np.tile([0, 1], 4),
            "value": np.arange(8.0),
        },
        "Draws",
    )
    value = table.to_datatree()["posterior"]["value"]
    assert value.sel(chain=1, draw=0).values.tolist() == [2.0, 6.0]
    assert value["term"].values.tolist() == ["a", ""]
    assert value["row_"].values.tolist() == [7, 8]


def test_a_table_without_draws_says_how_to_get_them(fit: fw.Fit) -> None:
    with pytest.raises(OutputError, match="ask for it again with draws=True"):
        fit.effects().to_datatree()
