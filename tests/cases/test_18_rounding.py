"""Numbers that were meant to be equal are one level, and it is said; others can be told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import forwhom as fw
from forwhom.data import load
from forwhom.design import Design, Rows, build_design
from forwhom.errors import DataError
from forwhom.plan import make_plan

N = 120
RNG = np.random.default_rng(18)
D = np.arange(N) % 2
CODE = np.arange(N) // 2 % 3
HALF = np.arange(N) // 6 % 2 == 0
TENTHS = np.array([0.1, 0.2, 0.3])[CODE]
NOISY = np.where(HALF, TENTHS, np.array([0.7 / 7, 1.4 / 7, 0.1 + 0.2])[CODE])
Y = RNG.normal(size=N) + D


def design(data: dict[str, Any], **plan: Any) -> tuple[Design, Rows]:
    made = make_plan(**{"outcome": "y", "treatment": "d", "family": "gaussian"} | plan)
    return build_design(made, load({"y": Y, "d": D} | data, made.columns))


def test_the_noise_is_there() -> None:
    assert len(set(NOISY.tolist())) > 3


@pytest.mark.parametrize(
    "roles",
    [
        {"modifiers": "x"},
        {"groups": "x"},
        {"modifiers": "C(x)"},
        {"modifiers": "half", "clusters": "x"},
        {"modifiers": "half", "controls": "C(x)"},
    ],
    ids=str,
)
def test_numbers_beyond_twelve_digits_are_one_level(roles: dict[str, Any]) -> None:
    half = ["a" if h else "b" for h in HALF]
    found, rows = design({"x": NOISY, "half": half}, **roles)
    clean, expected = design({"x": TENTHS, "half": half}, **roles)
    assert found.groups.display == clean.groups.display
    levels = [[clusters.levels for clusters in one.clusters] for one in (found, clean)]
    assert levels[0] == levels[1]
    assert found.controls.names == clean.controls.names
    np.testing.assert_array_equal(rows.groups, expected.groups)
    np.testing.assert_array_equal(rows.clusters, expected.clusters)
    (note,) = found.notes
    changed = int((NOISY != TENTHS).sum())
    assert "'x' holds numbers that differ only beyond twelve digits, such as" in note
    assert note.endswith(f"they are one level ({changed} rows changed).")
    assert clean.notes == ()


def test_new_data_may_have_the_noise_too() -> None:
    fit = fw.fit({"y": Y, "d": D, "x": TENTHS}, outcome="y", treatment="d", modifiers="C(x)",
                 draws=20)  # fmt: skip
    with_noise, without = (fit.predict({"x": [x]}).to_dict() for x in (0.1 + 0.2, 0.3))
    assert with_noise["estimate"] == without["estimate"]
    with pytest.raises(DataError, match=r"holds '0\.3001', which the fit has not seen"):
        fit.predict({"x": [0.3001]})


def test_numbers_that_differ_within_twelve_digits_have_names_that_differ() -> None:
    x = np.where(HALF, 0.25, 0.2500001)
    found, _ = design({"x": x}, groups="x")
    assert found.groups.texts(0) == ["0.25", "0.2500001"]
    table = fw.fit({"y": Y, "d": D, "x": x}, outcome="y", treatment="d", groups="x", draws=10)
    assert "0.2500001" in str(table.effects())


def test_whole_numbers_are_never_merged() -> None:
    x = np.where(HALF, 4e15, 4e15 + 1)
    found, _ = design({"x": x}, groups="x")
    assert found.groups.texts(0) == ["4000000000000000", "4000000000000001"]
    assert found.notes == ()


def test_rounding_around_zero() -> None:
    x = np.where(HALF, 0.0, 0.1 + 0.2 - 0.3) + np.where(CODE == 0, 0.0, 0.5)
    found, _ = design({"x": x}, groups="x")
    assert found.groups.texts(0) == ["0", "0.5"]
    assert "such as 0.0 and 5.5" in found.notes[0]
    tiny, _ = design({"x": (CODE + 1) * 1e-15}, groups="x")  # small, but so is everything
    assert tiny.groups.texts(0) == ["1e-15", "2e-15", "3e-15"]
    assert tiny.notes == ()


def test_dense_values_are_measurements_and_stay() -> None:
    x = 1 + np.arange(N) * 3e-13  # each within rounding of the next, all of them far apart
    found, rows = design({"x": x}, modifiers="x")
    np.testing.assert_array_equal(rows.table.columns["x"].values, x)
    assert not any("twelve digits" in note for note in found.notes)


def test_single_beside_double_precision_is_named() -> None:
    x = np.where(HALF, 0.1, np.float64(np.float32(0.1)))
    found, _ = design({"x": x}, groups="x")
    assert found.groups.texts(0) == ["0.1", "0.10000000149"]
    assert "the same number in double and in single precision" in found.notes[0]
    alone, _ = design({"x": np.where(HALF, np.float32(0.1), np.float32(0.2))}, groups="x")
    assert alone.groups.texts(0) == ["0.1", "0.2"]


def test_a_treatment_of_zeros_and_ones_with_noise() -> None:
    d = D.astype(float)
    d[:2] = [1e-17, 0.9999999999]
    found, rows = design({"d": d, "m": CODE}, modifiers="m")
    assert found.effects[0].treatment.kind == "binary"
    assert rows.d[:, 0].tolist() == D.tolist()
    (note,) = [note for note in found.notes if "within rounding" in note]
    assert note == (
        "'d' holds numbers within rounding of whole ones, such as 0.9999999999; 2 rows taken as "
        "the whole number."
    )


@pytest.mark.parametrize(
    ("family", "outcome"),
    [
        ("bernoulli", D),
        ("poisson", CODE),
        ("negative_binomial", CODE),
        ("ordinal", CODE),
        ("categorical", CODE),
    ],
)
def test_codes_and_counts_with_noise(family: str, outcome: np.ndarray) -> None:
    y = outcome + np.where(HALF, 1e-9, -1e-15)
    found, rows = design({"y": y, "d": HALF, "m": CODE[::-1]}, modifiers="m", family=family)
    np.testing.assert_array_equal(rows.y, outcome)
    assert any("within rounding of whole ones" in note for note in found.notes)


@pytest.mark.parametrize("family", ["bernoulli", "poisson", "negative_binomial"])
def test_what_is_no_rounding_is_refused(family: str) -> None:
    data = {"y": D + np.where(HALF, 1e-6, 0.0), "d": HALF, "m": CODE}
    with pytest.raises(DataError, match=r"holds (1e-06|1\.000001) in 30 rows"):
        design(data, modifiers="m", family=family)


def test_trials_events_and_frequencies_with_noise() -> None:
    one = np.where(HALF, 1 - 1e-12, 1.0)
    counts = {"y": D * one, "k": 3 * one, "d": HALF, "m": CODE}
    _, rows = design(counts, modifiers="m", family="binomial", trials="k")
    assert set(rows.trials.tolist()) == {3.0} and set(rows.y.tolist()) == {0.0, 1.0}
    times = {"y": np.exp(Y), "e": D * one, "d": HALF, "m": CODE}
    _, rows = design(times, modifiers="m", family="weibull", event="e")
    assert rows.event.tolist() == D.tolist()
    _, rows = design(
        {"w": 2 * one, "m": CODE}, modifiers="m", weights="w", weights_kind="frequency"
    )
    assert set(rows.weights.tolist()) == {2.0}


def test_a_message_shows_the_digits_that_matter() -> None:
    y = D.astype(float)
    y[0] = 0.9999
    with pytest.raises(DataError, match=r"holds 0\.9999 in 1 row"):
        design({"y": y, "d": HALF, "m": CODE}, modifiers="m", family="bernoulli")
    y[0] = 1.0000004
    with pytest.raises(DataError, match=r"holds 1\.0000004 in 1 row"):
        design({"y": y, "d": HALF, "m": CODE}, modifiers="m", family="bernoulli")


def test_frames_join_where_rounding_was_merged() -> None:
    """The value that stands for a level is one that the data hold."""
    frame = pd.DataFrame({"y": Y, "d": D, "x": NOISY})
    effects = fw.fit(frame, outcome="y", treatment="d", modifiers="x", draws=10).effects()
    assert effects["x"].tolist() == [0.1, 0.2, 0.3]
    assert set(effects["x"]) <= set(NOISY)
