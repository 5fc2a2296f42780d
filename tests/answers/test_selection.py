"""Which groups a condition keeps, and how they count, against a data frame's own masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forwhom as fw
from forwhom.answers.selection import select


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 600
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "d": rng.integers(0, 2, n),
            "region": rng.choice(["North", "South", "East"], n),
            "age": rng.integers(18, 80, n),
            "woman": rng.random(n) < 0.5,
            "size": rng.integers(1, 4, n),
        }
    )


@pytest.fixture(scope="module")
def fit(data: pd.DataFrame) -> fw.Fit:
    return fw.fit(
        data, "y", "d", "C(region) + age + woman + size", bins={"age": [30, 50]}, draws=50
    )


@pytest.mark.parametrize(
    ("where", "query"),
    [
        ("region == 'North'", "region == 'North'"),
        ("region != 'North' and woman == True", "region != 'North' and woman"),
        ("region in ['North', 'East'] or size >= 3", "region in ['North', 'East'] or size >= 3"),
        ("not (size < 2) and 1 <= size < 3", "not (size < 2) and 1 <= size < 3"),
        ("size == 2", "size == 2"),
        ("size not in [1, 2]", "size not in [1, 2]"),
        ("age > 30", "age_low >= 30"),
        ("age <= 50 and age > 30", "age_low == 30"),
        ("woman == 1", "woman"),
    ],
)
def test_a_condition_keeps_the_groups_that_a_frame_would(
    where: str, query: str, fit: fw.Fit
) -> None:
    groups = fit.effects()
    kept = groups.query(query)
    assert 0 < len(kept) < len(groups)
    found = fit.effects(where=where)
    assert found["group_id"].tolist() == kept["group_id"].tolist()
    assert found["estimate"].tolist() == kept["estimate"].tolist()
    mask = select(fit.fitted, where, None).mask
    assert mask is not None
    assert (np.flatnonzero(mask) + 1).tolist() == kept["group_id"].tolist()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("regoin == 'North'", "Did you mean 'region'"),
        ("y > 0", "conditions are on the columns that define the groups"),
        ("region == 'Nort'", "Did you mean 'North'"),
        ("size == 9", "'9' is not a value of 'size'"),
        ("age > 35", "cut into bins for grouping, and 35 lies inside"),
        ("region > 'East'", "needs a number"),
        ("region > 2", "its levels are no numbers"),
        ("size > 100", "holds for none of the"),
        ("size =< 1", "where="),
        (3, "must be a condition"),
    ],
)
def test_what_cannot_be_kept_is_said(where: Any, words: str, fit: fw.Fit) -> None:
    for ask in (fit.effects, fit.average):
        with pytest.raises(fw.PlanError) as caught:
            ask(where=where)
        assert words in str(caught.value)


def test_averages_are_those_of_the_draws_by_hand(fit: fw.Fit) -> None:
    """Overall and by a column, by rows, equally and by a column, of some groups."""
    groups = fit.effects()
    theta = fit.estimands[0].theta()
    for weights, weight in (
        ("rows", groups["n_treated"] + groups["n_control"]),
        ("equal", np.ones(len(groups))),
        ("size", groups["size"]),
    ):
        for where in (None, "size >= 2"):
            kept = np.ones(len(groups), bool) if where is None else (groups["size"] >= 2).to_numpy()
            w = np.asarray(weight, float) * kept
            draws = w @ theta / w.sum()
            table = fit.average(where=where, weights=weights)
            assert table["estimate"].item() == pytest.approx(np.median(draws), rel=1e-9)
            assert table["conf_low"].item() == pytest.approx(np.quantile(draws, 0.025), rel=1e-9)
            assert table["n_groups"].item() == kept.sum()
            by = fit.average(by="region", where=where, weights=weights)
            for _, row in by.iterrows():
                mine = w * (groups["region"] == row["region"]).to_numpy()
                mean = np.median(mine @ theta / mine.sum())
                assert row["estimate"] == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ("row", "Did you mean 'rows'"),
        ("region", "holds no numbers"),
        ("woman", "holds no numbers"),
        ("population", "give 'rows', 'equal', or one of the columns"),
    ],
)
def test_weights_that_cannot_weigh_are_said(weights: str, words: str, fit: fw.Fit) -> None:
    with pytest.raises(fw.PlanError) as caught:
        fit.average(weights=weights)
    assert words in str(caught.value)


def test_weights_without_an_average_are_refused(fit: fw.Fit) -> None:
    with pytest.raises(fw.PlanError, match="shows each group on its own"):
        fit.effects(weights="equal")


def test_negative_and_empty_weights_are_refused(data: pd.DataFrame) -> None:
    signed = data.assign(size=data["size"] - 1)
    fit = fw.fit(signed, "y", "d", "region + size", draws=50)
    with pytest.raises(fw.PlanError, match="every weight is zero"):
        fit.average(weights="size", where="size == 0")
    with pytest.raises(fw.PlanError, match="weigh zero"):
        fit.average(by="size", weights="size")
    negative = fw.fit(data.assign(size=data["size"] - 2), "y", "d", "region + size", draws=50)
    with pytest.raises(fw.PlanError, match="cannot be negative"):
        negative.average(weights="size")


def test_a_value_may_be_written_as_its_label_in_the_plan(data: pd.DataFrame) -> None:
    labels = {"size": {1: "small", 2: "middling", 3: "large"}, "region": {"North": "the North"}}
    fit = fw.fit(data, "y", "d", "region + size", value_labels=labels, draws=50)
    for said, plain in (
        ("size == 'large'", "size == 3"),
        ("region == 'the North'", "region == 'North'"),
    ):
        ours, theirs = fit.effects(where=said), fit.effects(where=plain)
        assert 0 < len(ours) < len(fit.effects())
        assert ours["group_id"].tolist() == theirs["group_id"].tolist()
    with pytest.raises(fw.PlanError, match="Did you mean 'large'"):
        fit.effects(where="size == 'larg'")


def test_a_value_may_be_written_as_the_code_that_its_file_labels(
    data: pd.DataFrame, tmp_path: Path
) -> None:
    import pyreadstat

    path = tmp_path / "labelled.dta"
    frame = data[["y", "d", "size"]].astype(float)
    labels = {"size": {1: "small", 2: "middling", 3: "large"}}
    pyreadstat.write_dta(frame, str(path), variable_value_labels=labels)
    fit = fw.fit(path, "y", "d", groups="size", draws=50)
    by_code, by_name = (fit.effects(where=f"size == {v}") for v in (3, "'large'"))
    assert by_code.n_rows == by_name.n_rows == 1
    assert by_code.columns["size"] == by_name.columns["size"] == ["large"]
