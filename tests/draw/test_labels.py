"""Readable names: the user's first, then the file's, then the column's own, tidied."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import forwhom as fw
from forwhom.answers.words import column_words
from forwhom.draw.labels import Labels, term_labels


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> fw.Fit:
    """A Stata file with column and value labels."""
    rng = np.random.default_rng(0)
    n = 200
    frame = pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "d": rng.integers(0, 2, n).astype(float),
            "w2_vote": rng.integers(0, 2, n).astype(float),
            "home": rng.integers(0, 2, n).astype(float),
            "pol_int": rng.integers(1, 4, n).astype(float),
            "age": rng.normal(50, 10, n),
            "long_one": rng.integers(0, 2, n).astype(float),
        }
    )
    path: Path = tmp_path_factory.mktemp("labels") / "survey.dta"
    pyreadstat.write_dta(
        frame,
        str(path),
        column_labels=["", "", "Vote in wave 2", "", "Political interest", "", "q" * 40],
        variable_value_labels={
            "w2_vote": {0.0: "Trump", 1.0: "Clinton"},
            "home": {0.0: "No", 1.0: "Yes"},
            "pol_int": {1.0: "low", 2.0: "some", 3.0: "high"},
        },
    )
    modifiers = "w2_vote*home + C(pol_int) + bin(age, 2) + poly(age, 2) + long_one"
    return fw.fit(path, "y", "d", modifiers, draws=50)


def test_names_of_the_file(fit: fw.Fit) -> None:
    design = fit.fitted.design
    labels = Labels.of(design)
    assert term_labels(design, design.effects[0], labels) == (
        "Intercept",
        "Vote in wave 2: Clinton",
        "Home",
        "Political interest: some",
        "Political interest: high",
        f"Age: over {fit.fitted.design.groups.display[3][0].removeprefix('up to ')}",
        "Age (poly): 1",
        "Age (poly): 2",
        "Long one",
        "Vote in wave 2: Clinton × Home",
    )


def test_the_users_names_go_first(fit: fw.Fit) -> None:
    design = fit.fitted.design
    labels = Labels.of(
        design,
        {"w2_vote": "Clinton voter", "poly(age, 2)": "Age curve"},
        {"home": {0: "Renter", 1: "Owner"}},
    )
    names = term_labels(design, design.effects[0], labels)
    assert names[1] == "Clinton voter"
    assert names[6] == "Age curve (poly): 1"
    words = {"home: No", "home: Yes"}  # labelled by the file; alone they would say nothing
    assert set(column_words(design.groups, 1, labels)) == words
    assert set(column_words(design.groups, 4, labels)) == {"long_one = 0", "long_one = 1"}
