"""Numbers out of reach are refused by column, with a factor that brings them within it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw

N = 60
RNG = np.random.default_rng(6)
DATA: dict[str, Any] = {
    "y": np.exp(RNG.normal(size=N)),
    "k": RNG.poisson(3.0, N),
    "yes": RNG.integers(0, 2, N),
    "d": np.tile([0, 1], N // 2),
    "dose": RNG.gamma(2.0, 0.5, N),
    "m": np.repeat([0.0, 1.0, 2.0], N // 3),
    "x": RNG.normal(size=N),
    "w": RNG.uniform(0.5, 2.0, N),
    "off": RNG.normal(size=N),
}


def ask(data: dict[str, Any], **plan: Any) -> fw.Fit:
    given = {"outcome": "y", "treatment": "d", "modifiers": "m", "draws": 100} | plan
    return fw.fit(DATA | data, **{key: one for key, one in given.items() if one is not None})


def refusal(data: dict[str, Any], **plan: Any) -> str:
    with pytest.raises(fw.DataError) as caught:
        ask(data, **plan)
    return str(caught.value)


ROLES = [
    ("y", {}),
    ("y", {"family": "gamma"}),
    ("dose", {"treatment": "dose", "treatment_type": "dose"}),
    ("m", {}),
    ("x", {"controls": "x"}),
    ("x", {"controls": "center(x)"}),
    ("w", {"weights": "w"}),
    ("y", {"outcome": "x", "std_error": "y", "treatment": None, "modifiers": "m"}),
    ("w", {"outcome": "k", "family": "poisson", "exposure": "w"}),
    ("off", {"outcome": "x", "family": "student", "offset": "off"}),
]


@pytest.mark.parametrize("factor", [1e160, 1e-160, 1e300, 1e-300])
@pytest.mark.parametrize(("name", "plan"), ROLES, ids=str)
def test_a_column_beyond_reach(name: str, plan: dict[str, Any], factor: float) -> None:
    """The way out is followed to the letter: what comes of it is fitted."""
    data = {name: DATA[name] * factor}
    text = refusal(data, **plan)
    assert f"column '{name}' holds numbers " in text
    assert "sizes from 1e-50 to 1e50 can be reckoned with. Give it in another unit: " in text
    way = text.rsplit("Give it in another unit: ", 1)[1].rstrip(".")
    word, power = way.split(" it by ")
    assert word == ("divide" if factor > 1 else "multiply")
    again = data[name] / float(power) if word == "divide" else data[name] * float(power)
    assert 0.1 < np.abs(again).max() < 100


def test_the_way_out_can_be_followed() -> None:
    text = refusal({"m": DATA["m"] * 1e-200})
    assert text.endswith("Give it in another unit: multiply it by 1e200.")
    assert ask({"m": DATA["m"] * 1e-200 * 1e200}).effects().n_rows == 3


@pytest.mark.parametrize("factor", [1e-49, 1e49])
def test_within_reach_is_fitted(factor: float) -> None:
    plain, moved = ask({}), ask({"m": DATA["m"] * factor})
    ours, theirs = moved.average().row(0), plain.average().row(0)
    assert ours["estimate"] == pytest.approx(theirs["estimate"], rel=1e-6)


def test_numbers_that_are_names_may_be_of_any_size() -> None:
    assert ask({"site": DATA["m"] * 1e200}, modifiers=None, groups="site").effects().n_rows == 3
    codes = {"yes": np.where(DATA["yes"] == 1, 1e200, 0.0)}
    said = refusal(codes, outcome="yes", family="bernoulli")
    assert said.startswith("outcome 'yes': which level counts as 1 is not guessed")


def test_products_beyond_reach() -> None:
    text = refusal(
        {"dose": DATA["dose"] * 1e48, "m": DATA["m"] * 1e45, "x": DATA["x"] * 1e49},
        treatment="dose", treatment_type="dose", modifiers="m * x", bins=2,
    )  # fmt: skip
    assert text == (
        "'m:x' multiplies numbers out of reach: with those of 'x' around 1e49, squares pass what "
        "a computer holds. Give 'x' in another unit: divide it by 1e49."
    )
    text = refusal({"x": DATA["x"] * 1e30}, controls="poly(x, 4)")
    assert text.startswith("'poly(x, 4)' multiplies numbers out of reach")
    assert ask({"x": DATA["x"] * 1e20}, controls="poly(x, 3)").passed


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_counts_that_are_not_exact(family: str) -> None:
    text = refusal({"k": DATA["k"] * 1e100}, outcome="k", family=family)
    assert "above 9,007,199,254,740,992 whole numbers are not exact" in text
    assert "choose family 'lognormal' or 'gamma', or count in larger units" in text


OFFSETS = [
    (np.where(DATA["d"] == 1, 500.0, -500.0), "runs from -500 to 500 and is added to the linear"),
    (np.full(N, 500.0), "lies around 500, and is added to the linear predictor"),
    (DATA["x"] * 1e160, " and is added to the linear predictor, on the "),
]


@pytest.mark.parametrize(
    ("family", "outcome"),
    [("poisson", "k"), ("gamma", "y"), ("bernoulli", "yes"), ("ordinal", "k")],
)
@pytest.mark.parametrize(("offset", "words"), OFFSETS, ids=["wide", "far", "endless"])
def test_offsets_beyond_reach(family: str, outcome: str, offset: Any, words: str) -> None:
    text = refusal({"off": offset}, outcome=outcome, family=family, offset="off")
    assert text.startswith("offset 'off' ")
    assert words in text
    assert ("exposure='off' takes the logarithm itself" in text) == (
        family == "poisson" and "runs" in text
    )


def test_an_offset_far_away_is_to_be_brought_near() -> None:
    """Subtracting what the message says leaves effects as they are."""
    text = refusal({"off": DATA["off"] + 400}, outcome="k", family="poisson", offset="off")
    assert "from it: only the intercept moves." in text
    middle = float(text.split("Subtract ")[1].split(" from it")[0])
    near = ask({"off": DATA["off"] + 400 - middle}, outcome="k", family="poisson", offset="off")
    plain = ask({}, outcome="k", family="poisson", offset="off")
    ours, theirs = (fit.estimands[0].lambda_ for fit in (near, plain))
    np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.1)
