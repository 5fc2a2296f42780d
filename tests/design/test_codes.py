"""Codes whose labels speak of a missing answer are neither numbers nor arms."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import forwhom as fw
from forwhom.data.refusals import says_missing
from forwhom.errors import DataError

N = 240


@pytest.mark.parametrize(
    "label",
    ["Refused", "REFUSED", "-9. Refused", "(8) Don't know", "Don’t know", "DK", "NA", "N/A", "n.a.",
     "Not asked", "Not applicable", "Inapplicable", "inap.", "No answer", "Skipped", "Missing",
     "System missing", "Prefer not to say", "I'd rather not say", "Refused to answer", "Unknown",
     "Don't know / refused", "Not in universe", "Legitimate skip", "Weiß nicht", "Keine Angabe",
     "Ne sait pas", "Sans réponse", "No sabe / No contesta", "Não sabe", "Weet niet", "Vet ej",
     "Brak odpowiedzi", "Затрудняюсь ответить", "不知道", "無回答", "Item not ascertained"],
)  # fmt: skip
def test_labels_that_speak_of_a_missing_answer(label):
    assert says_missing(label)


@pytest.mark.parametrize(
    "label",
    ["None", "No", "Never", "Not at all", "Not treated", "Nothing", "No opinion party", "Neither",
     "Does not apply to me at all", "Notre Dame", "Canada", "Narrow", "Nap", "Not likely", "0",
     "Unemployed", "Control", "Knows a lot", "Trifft nicht zu", "", "100 degrees", "Missouri"],
)  # fmt: skip
def test_labels_that_do_not(label):
    assert not says_missing(label)


def test_unsure_counts_only_at_an_end_of_the_scale():
    assert says_missing("Not sure", at_an_end=True)
    assert not says_missing("Not sure", at_an_end=False)


def survey(**replaced):
    rng = np.random.default_rng(5)
    d = rng.integers(0, 2, N).astype(float)
    m = rng.integers(1, 5, N).astype(float)
    y = np.round(2 + d + 0.5 * m + rng.normal(size=N), 3)
    return pd.DataFrame(
        {"y": y, "d": d, "m": m, "k": rng.integers(0, 4, N).astype(float)} | replaced
    )


@pytest.fixture(params=["dta", "sav"])
def write(request, tmp_path):
    def written(frame, labels):
        path = tmp_path / f"t.{request.param}"
        writer = pyreadstat.write_dta if request.param == "dta" else pyreadstat.write_sav
        writer(frame, str(path), variable_value_labels=labels)
        return path

    return written


def fit(path, **plan):
    asked = {"outcome": "y", "treatment": "d", "modifiers": "m", "draws": 200, "spread": "none"}
    return fw.fit(path, **{k: v for k, v in (asked | plan).items() if v is not None})


def suggested(error):
    return json.loads(re.search(r"Say missing=(\{.*?\}) to have", str(error.value))[1])


def with_codes(column, codes, seed=1):
    held = survey()[column].to_numpy().copy()
    rows = np.random.default_rng(seed).permutation(N)
    for k, code in enumerate(codes):
        held[rows[10 * k : 10 * k + 10]] = code
    return held


def test_codes_in_every_role_are_refused_at_once_and_the_suggestion_solves_all(write):
    frame = survey(y=with_codes("y", [999]), m=with_codes("m", [-9, 9], 2))
    path = write(frame, {"y": {999: "Refused"}, "m": {1: "Low", 4: "High", -9: "NA", 9: "DK"}})
    with pytest.raises(DataError) as caught:
        fit(path)
    for words in ("column 'y' holds 999 ('Refused') in 10 rows",
                  "column 'm' holds -9 ('NA') in 10 rows, 9 ('DK') in 10 rows"):  # fmt: skip
        assert words in str(caught.value)
    words = suggested(caught)
    assert words == {"y": [999], "m": [-9, 9]}
    found = fit(path, missing=words)
    plain = fit(frame.replace({"y": {999: np.nan}, "m": {-9: np.nan, 9: np.nan}}))
    assert found.modifiers().to_dict()["estimate"] == plain.modifiers()["estimate"].tolist()
    assert "In 'y' 999 is missing, as asked (10 rows)." in found.fitted.design.notes
    # an empty list takes the codes as numbers
    kept = fit(path, missing={"y": [], "m": []})
    assert kept.fitted.design.usage.n_used == N


def test_a_suggestion_keeps_what_was_said_already(write):
    frame = survey(y=with_codes("y", [999]), m=with_codes("m", [-9], 2))
    path = write(frame, {"y": {999: "Refused"}, "m": {-9: "NA"}})
    with pytest.raises(DataError) as caught:
        fit(path, missing={"m": [-9]})
    assert suggested(caught) == {"m": [-9], "y": [999]}


@pytest.mark.parametrize(
    "plan",
    [{"modifiers": "k", "controls": "m"}, {"modifiers": "k + bin(m, 3)"}, {"modifiers": "C(m)"},
     {"modifiers": None, "groups": "m"}, {"clusters": "m", "modifiers": "k"},
     {"modifiers": "k", "weights": "m"}, {"modifiers": "k", "treatment": "m"}],
)  # fmt: skip
def test_a_labelled_code_among_numbers_without_labels(write, plan):
    path = write(survey(m=with_codes("m", [9])), {"m": {9: "Refused"}})
    with pytest.raises(DataError, match=r"column 'm' holds 9 \('Refused'\) in 10 rows"):
        fit(path, **plan)


FULL = {1: "Red", 2: "Blue", 3: "Green", 4: "Grey", 9: "Don't know"}


@pytest.mark.parametrize("plan", [{"modifiers": "C(m)"}, {"modifiers": None, "groups": "m"}])
def test_a_level_among_levels_may_be_dont_know(write, plan):
    found = fit(write(survey(m=with_codes("m", [9])), {"m": FULL}), **plan)
    assert "Don't know" in found.fitted.design.groups.display[0]


@pytest.mark.parametrize("plan", [{"modifiers": "m"}, {"modifiers": "k", "treatment": "m"}])
def test_a_level_among_levels_is_refused_as_a_number_and_as_an_arm(write, plan):
    path = write(survey(m=with_codes("m", [9])), {"m": FULL})
    with pytest.raises(DataError, match=r"9 \('Don't know'\) in 10 rows"):
        fit(path, **plan)


def test_a_label_between_the_ends_may_be_unsure(write):
    frame = survey(y=survey()["k"])
    labels = {"y": {0: "No", 1: "Not sure", 2: "Yes", 3: "Surely"}}
    assert fit(write(frame, labels)).fitted.design.usage.n_used == N
    labels = {"y": {0: "No", 1: "Yes", 2: "Surely", 3: "Not sure"}}
    with pytest.raises(DataError, match=r"3 \('Not sure'\)"):
        fit(write(frame, labels))


def test_labels_of_answers_do_not_matter(write):
    labels = {"m": {1: "Strongly disagree", 4: "Strongly agree"}, "d": {0: "No", 1: "Yes"}}
    assert fit(write(survey(), labels)).fitted.design.usage.n_used == N


def test_a_dose_whose_zero_has_a_label_is_a_dose(write):
    found = fit(write(survey(), {"k": {0: "none"}}), treatment="k")
    assert found.fitted.design.effects[0].treatment.kind == "dose"
    plain = fit(survey(), treatment="k")
    assert found.average().row(0)["estimate"] == plain.average().to_dict("list")["estimate"][0]
