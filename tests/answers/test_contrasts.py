"""Contrasts: each equals the same by hand from the draws; what cannot be contrasted is said."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

import forwhom as fw
from forwhom.answers.contrast import pairs, scene
from forwhom.cli import app
from tests.chains import short_chains

FloatArray = NDArray[np.float64]
DRAWS = 300


def table_of(n: int = 900) -> dict[str, Any]:
    rng = np.random.default_rng(8)
    region = rng.choice(["North", "South", "East-West"], n)
    woman, age, d = rng.integers(0, 2, n), rng.integers(18, 80, n), rng.integers(0, 2, n)
    effect = 0.5 + 0.5 * (region == "North") + 0.3 * woman
    y = rng.normal(size=n) + d * effect
    return {
        "y": y,
        "voted": (y > 0.3).astype(int),
        "d": d,
        "arm": rng.choice(["Control", "Mail", "Visit"], n),
        "region": region,
        "woman": woman,
        "age": age,
    }


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    data, modifiers = table_of(), "C(region) + woman + age"
    return fw.fit(data, "y", "d", modifiers, bins={"age": [30, 50]}, draws=DRAWS)


@pytest.fixture(scope="module")
def share() -> fw.Fit:
    return fw.fit(table_of(), "voted", "d", "region + woman", draws=DRAWS)


@pytest.fixture(scope="module")
def arms() -> fw.Fit:
    with short_chains(5, depth=2, CHAINS=2, KEEP_EVERY=2):
        return fw.fit(table_of(300), "y", "arm", "region + woman", method="nuts", draws=40)


def drawn(fit: fw.Fit, **given: Any) -> FloatArray:
    """(rows, D) draws behind a table of contrasts."""
    rows = fit.contrasts(**given).n_rows
    values = fit.contrasts(**given, draws=True).columns["value"]
    return np.asarray(values).reshape(rows, -1)


def averages(fit: fw.Fit, *by: str, treatment: int = 0, **given: Any) -> dict[Any, FloatArray]:
    """Draws of averages by their levels, from ``average(draws=True)``."""
    table = fit.average(list(by) or None, draws=True, **given)
    effects = list(dict.fromkeys(table.columns["treatment"]))
    mine = [t == effects[treatment] for t in table.columns["treatment"]]
    found: dict[Any, list[float]] = {}
    for i in np.flatnonzero(mine):
        row = table.row(int(i))
        key = tuple(str(row[name]) for name in by)
        found.setdefault(key if len(by) != 1 else key[0], []).append(row["value"])
    return {key: np.array(values) for key, values in found.items()}


def close(found: FloatArray, expected: Any) -> None:
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-9, atol=1e-12)


def test_pairs_are_the_later_minus_the_earlier(fit: fw.Fit) -> None:
    table, by = fit.contrasts(by="region"), averages(fit, "region")
    assert table.columns["contrast"] == ["North - East-West", "South - East-West", "South - North"]
    close(
        drawn(fit, by="region"),
        [
            by["North"] - by["East-West"],
            by["South"] - by["East-West"],
            by["South"] - by["North"],
        ],
    )


def test_numbers_in_the_table_are_those_of_the_draws(fit: fw.Fit) -> None:
    table, draws = fit.contrasts(by="region", level=0.8), drawn(fit, by="region")
    for column, q in (("conf_low", 0.1), ("estimate", 0.5), ("conf_high", 0.9)):
        close(table.columns[column], np.quantile(draws, q, axis=1))
    close(table.columns["prob_positive"], (draws > 0).mean(axis=1))
    close(table.columns["std_error"], draws.std(axis=1, ddof=1))
    joint = [np.asarray(table.columns[f"simultaneous_{end}"])[:, None] for end in ("low", "high")]
    inside = ((draws >= joint[0]) & (draws <= joint[1])).all(axis=0).mean()
    assert inside == pytest.approx(0.8, abs=0.01)


def test_groups_themselves(fit: fw.Fit) -> None:
    theta, groups = fit.estimands[0].theta(), fit.groups()
    where = "region == 'North' and woman == 1"
    columns = zip(groups.columns["region"], groups.columns["woman"], strict=True)
    kept = [i for i, (r, w) in enumerate(columns) if (r, w) == ("North", 1)]
    assert fit.contrasts(where=where).columns["contrast"] == [
        "age: over 30 to 50 - up to 30",
        "age: over 50 - up to 30",
        "age: over 50 - over 30 to 50",
    ]
    expected = [theta[j] - theta[i] for i, j in itertools.combinations(kept, 2)]
    close(drawn(fit, where=where), expected)


def test_against_the_average_a_level_and_a_group(fit: fw.Fit) -> None:
    by, everyone = averages(fit, "region"), averages(fit)[()]
    table = fit.contrasts(by="region", against="average")
    assert table.columns["region"] == ["East-West", "North", "South"]
    assert table.columns["contrast"][1] == "North - average"
    close(drawn(fit, by="region", against="average"), [draws - everyone for draws in by.values()])
    close(
        drawn(fit, by="region", against="North"),
        [by["East-West"] - by["North"], by["South"] - by["North"]],
    )
    theta = fit.estimands[0].theta()
    found = drawn(fit, against=4)
    close(found, np.delete(theta, 3, axis=0) - theta[3])
    named = fit.groups().row(3)
    words = f"{named['region']}: woman = {named['woman']}: {named['age']}"
    close(drawn(fit, against=words), found)


def test_within_each_value_of_another_column(fit: fw.Fit) -> None:
    both = averages(fit, "woman", "region")
    table = fit.contrasts(by="region", within="woman", against="South")
    assert list(table.columns["woman"]) == [0, 0, 1, 1]
    close(
        drawn(fit, by="region", within="woman", against="South"),
        [both[w, r] - both[w, "South"] for w in "01" for r in ("East-West", "North")],
    )
    inside = averages(fit, "woman")
    close(
        drawn(fit, by="region", within="woman", against="average"),
        [both[w, r] - inside[w] for w in "01" for r in ("East-West", "North", "South")],
    )


def test_averages_count_as_asked(fit: fw.Fit) -> None:
    given = {"weights": "equal", "where": "age > 30"}
    by = averages(fit, "region", **given)
    close(drawn(fit, contrast="north - south", **given)[0], by["North"] - by["South"])
    close(drawn(fit, by="region", against="South", **given)[1], by["North"] - by["South"])


WORDS = [
    ("North - South", lambda m: m["North", "1"] * 0 + m["N"] - m["S"]),
    ("north-south", lambda m: m["N"] - m["S"]),
    ("East-West - North", lambda m: m["E"] - m["N"]),
    ("'East-West' - `north`", lambda m: m["E"] - m["N"]),
    ("north / south", lambda m: m["N"] / m["S"]),
    ("(north + south) / 2 - East-West", lambda m: (m["N"] + m["S"]) / 2 - m["E"]),
    ("0.25 * north + 0.75*south - east-west", lambda m: m["N"] / 4 + 0.75 * m["S"] - m["E"]),
    (
        "(north:woman=1 - south:woman = 1) - (woman: 0:north - woman=0:south)",
        lambda m: m["North", "1"] - m["South", "1"] - (m["North", "0"] - m["South", "0"]),
    ),
    (
        "(north:woman=1 - south:woman=1) / (north:woman=0 - south:woman=0)",
        lambda m: (m["North", "1"] - m["South", "1"]) / (m["North", "0"] - m["South", "0"]),
    ),
    ("(North, woman = 1) - (South, woman = 0)", lambda m: m["North", "1"] - m["South", "0"]),
    ("woman = 1 - 0", lambda m: m["w1"] - m["w0"]),
    ("woman = 1 / 0", lambda m: m["w1"] / m["w0"]),
    ("(woman = 1 - 0) / 1.0", lambda m: m["w1"] - m["w0"]),
    ("(north + south) / 1 - 2 * east-west", lambda m: m["N"] + m["S"] - 2 * m["E"]),
]


@pytest.mark.parametrize(("words", "by_hand"), WORDS, ids=[words for words, _ in WORDS])
def test_words(words: str, by_hand: Any, fit: fw.Fit) -> None:
    means: dict[Any, FloatArray] = averages(fit, "region", "woman")
    means |= {name[0]: draws for name, draws in averages(fit, "region").items()}
    means |= {f"w{name}": draws for name, draws in averages(fit, "woman").items()}
    close(drawn(fit, contrast=words)[0], by_hand(means))


def test_several_in_words_within_a_column(fit: fw.Fit) -> None:
    words = ["north - south", "north - east-west"]
    both = averages(fit, "woman", "region")
    table = fit.contrasts(words, within="woman")
    assert table.columns["contrast"] == ["North - South", "North - East-West"] * 2
    assert list(table.columns["woman"]) == [0, 0, 1, 1]
    close(
        drawn(fit, contrast=words, within="woman"),
        [both[w, "North"] - both[w, other] for w in "01" for other in ("South", "East-West")],
    )


def test_a_difference_in_percentage_points(share: fw.Fit) -> None:
    """The paper's question in one line: the difference among some, on the outcome's own scale."""
    by = averages(share, "region", where="woman == 1")
    table = share.contrasts("north - south", where="woman == 1")
    close(drawn(share, contrast="north - south", where="woman == 1")[0], by["North"] - by["South"])
    assert any("percentage points" in note for note in table.notes)
    link = averages(share, "region", where="woman == 1", scale="link")
    found = drawn(share, contrast="north - south", where="woman == 1", scale="link")
    close(found[0], link["North"] - link["South"])


def test_ratios_tell_whether_they_are_above_one(fit: fw.Fit) -> None:
    by = averages(fit, "region")
    table = fit.contrasts(by="region", ratio=True)
    assert table.columns["contrast"][2] == "South / North"
    close(drawn(fit, by="region", ratio=True)[2], by["South"] / by["North"])
    above = (by["South"] > by["North"]).mean()
    assert table.columns["prob_above"][2] == pytest.approx(above)
    assert table.title.startswith("Ratios")


def test_a_weak_denominator_is_said(fit: fw.Fit) -> None:
    words = "north:woman=1 / (south:woman=1 - south:woman=0)"
    notes = " ".join(fit.contrasts(words).notes)
    assert "denominator is not clearly away from zero" in notes
    assert "denominator" not in " ".join(fit.contrasts("north / south", level=0.5).notes)


def test_a_sum_is_no_contrast_and_told_so(fit: fw.Fit) -> None:
    assert any("do not sum to zero" in note for note in fit.contrasts("north + south").notes)
    assert not any("sum to zero" in n for n in fit.contrasts("(north + south)/2 - east-west").notes)


def test_treatments_against_one_another(arms: fw.Fit) -> None:
    mail, visit = (averages(arms, treatment=t)[()] for t in (0, 1))
    close(drawn(arms, between="treatments")[0], visit - mail)
    close(drawn(arms, contrast="visit - mail")[0], visit - mail)
    assert arms.contrasts(between="treatments").columns["contrast"] == ["Visit - Mail"]
    found = arms.contrasts(between="treatments", against="Visit", within="region")
    assert found.columns["contrast"] == ["Mail - Visit"] * 3
    parts = [averages(arms, "region", treatment=t) for t in (0, 1)]
    close(
        drawn(arms, between="treatments", against="Visit", within="region"),
        [parts[0][r] - parts[1][r] for r in ("East-West", "North", "South")],
    )
    words = "(visit:north - mail:north) - (visit:south - mail:south)"
    by_hand = parts[1]["North"] - parts[0]["North"] - (parts[1]["South"] - parts[0]["South"])
    close(drawn(arms, contrast=words)[0], by_hand)


def test_each_treatment_has_its_rows_and_intervals_hold_for_all(arms: fw.Fit) -> None:
    table = arms.contrasts(by="region")
    assert table.columns["treatment"] == ["arm[Mail]"] * 3 + ["arm[Visit]"] * 3
    alone = arms.contrasts(by="region", where="region != 'South'")
    assert any("all 6 contrasts" in note for note in table.notes)
    assert any("all 2 contrasts" in note for note in alone.notes)


def test_mixed_words_name_treatments_or_none(arms: fw.Fit) -> None:
    table = arms.contrasts(["visit - mail", "north - south"])
    assert sorted(zip(table.columns["treatment"], table.columns["contrast"], strict=True)) == [
        ("arm", "Visit - Mail"),
        ("arm[Mail]", "North - South"),
        ("arm[Visit]", "North - South"),
    ]


def test_one_row_keeps_its_interval(fit: fw.Fit) -> None:
    table = fit.contrasts("north - south")
    for end in ("low", "high"):
        own, joint = (table.columns[f"{kind}_{end}"][0] for kind in ("conf", "simultaneous"))
        assert joint == pytest.approx(own, abs=0.01)
    assert not any("Joint" in note for note in table.notes)


def test_other_options_are_those_of_every_table(fit: fw.Fit) -> None:
    draws = drawn(fit, by="region")
    table = fit.contrasts(by="region", above=0.2, equivalence=(-0.1, 0.1), interval="hdi")
    close(table.columns["prob_above"], (draws > 0.2).mean(axis=1))
    close(table.columns["prob_within"], ((draws >= -0.1) & (draws <= 0.1)).mean(axis=1))
    assert table.interval == "hdi"


def test_labels_are_names_too(fit: fw.Fit) -> None:
    figure = fit.plot.contrasts(
        contrast="women - men", value_labels={"woman": {0: "Men", 1: "Women"}}
    )
    assert "Women - Men" in json.dumps(figure.to_dict())


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "18 groups make 153 pairs"),
    ({"by": "regio"}, "Did you mean 'region'"),
    ({"within": "regio"}, "within='regio'"),
    ({"contrast": "north - north"}, "contrasts something with itself"),
    ({"contrast": "(north - south) - (north - south)"}, "contrasts something with itself"),
    ({"contrast": "north / north"}, "the ratio is 1"),
    ({"contrast": "north / (south - south)"}, "divides by zero"),
    ({"contrast": "north / 0"}, "divides by zero"),
    ({"contrast": "norht - south"}, "'norht' is not a value of 'region', 'woman', 'age'"),
    ({"contrast": "norht - south"}, "Did you mean 'North'"),
    ({"contrast": "north", "by": "region"}, "names one level"),
    ({"contrast": "north - 5"}, "a number cannot be added"),
    ({"contrast": "north - 1"}, "1 is a value of 'woman'. Say which by by="),
    ({"contrast": "1 - 0"}, "1 is a value of 'woman'. Say which by by="),
    ({"contrast": "5 * 3"}, "names no level"),
    ({"contrast": "north * south"}, "cannot be multiplied"),
    ({"contrast": "north -"}, "the end stands where a level could stand"),
    ({"contrast": "(north - south"}, "the end stands where ')'"),
    ({"contrast": "north - south)"}, "')' stands where"),
    ({"contrast": "north south"}, "'south' stands where '+', '-' or '/'"),
    ({"contrast": "'north - south"}, "a quote is not closed"),
    ({"contrast": "north:south - east-west"}, "second value of 'region'"),
    ({"contrast": "(" * 60 + "north"}, "nested more than"),
    ({"contrast": ["north - south", 3]}, "must be words"),
    ({"contrast": "north - south", "against": "North"}, "leave against= out"),
    ({"contrast": "north - south", "ratio": True}, "write / for a ratio"),
    ({"contrast": "north - south", "between": "treatments"}, "leave between= out"),
    ({"contrast": "1 / (north / south)"}, "no number alone"),
    ({"by": "region", "within": "region"}, "in by= and in within="),
    ({"by": "region", "where": "region == 'North'"}, "one value of 'region' is left"),
    ({"by": "region", "against": "Nort"}, "Did you mean 'North'"),
    ({"by": ["region", "woman"], "against": "North"}, "several of what is contrasted"),
    ({"by": "region", "against": "North", "where": "region != 'North'"}, "no group"),
    ({"against": 400}, "has that group_id"),
    ({"against": 1.5}, "'1.5' is not a value"),
    ({"against": True}, "'True' is not a value"),
    ({"against": []}, "must be a level"),
    ({"between": "treatments"}, "this fit has one effect"),
    ({"between": "arms"}, "give 'levels' or 'treatments'"),
    ({"between": "treatments", "by": "region"}, "within='region' does so"),
    ({"weights": "equal", "against": 1}, "without by= contrasts()"),
]


@pytest.mark.parametrize(("given", "words"), BAD, ids=[str(given) for given, _ in BAD])
def test_what_cannot_be_contrasted_is_said(
    given: dict[str, Any], words: str, fit: fw.Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "MOST_PAIRS", 100)
    with pytest.raises(fw.PlanError) as caught:
        fit.contrasts(**given)
    assert words in str(caught.value)


def test_an_ambiguous_level_is_asked_for() -> None:
    rng = np.random.default_rng(1)
    n = 200
    answers = {name: rng.choice(["yes", "no"], n) for name in ("old", "rich")}
    data = {"y": rng.normal(size=n), "d": rng.integers(0, 2, n), **answers}
    fit = fw.fit(data, "y", "d", "old + rich", draws=50)
    with pytest.raises(fw.PlanError, match=r"'yes' is a value of 'old', 'rich'\. Say which"):
        fit.contrasts("yes - no")
    assert fit.contrasts("yes - no", by="rich").columns["contrast"] == ["rich: yes - no"]
    assert fit.contrasts("old = yes - no").columns["contrast"] == ["old: yes - no"]


def test_bars_that_no_difference_reaches_are_refused(share: fw.Fit) -> None:
    with pytest.raises(fw.PlanError, match="above=201 is beyond the scale"):
        share.contrasts(by="region", above=201)
    assert share.contrasts(by="region", above=150).n_rows == 3


def test_treatments_are_named_everywhere_or_nowhere(arms: fw.Fit) -> None:
    for given, words in (
        ({"contrast": "mail:north - south"}, "names a treatment in one place and none in another"),
        ({"between": "treatments", "against": "Post"}, "'Post' is not a value of 'treatment'"),
        ({"between": "treatments", "against": "average"}, "different treatments have no average"),
    ):
        with pytest.raises(fw.PlanError) as caught:
            arms.contrasts(**given)  # type: ignore[arg-type]
        assert words in str(caught.value)


def test_too_much_for_memory_is_refused(fit: fw.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "MOST_NUMBERS", 1000)
    with pytest.raises(fw.PlanError, match="do not fit"):
        fit.contrasts(against="average")


def test_places_without_groups_are_left_out_or_refused() -> None:
    data = table_of()
    gone = (data["region"] == "North") & (data["woman"] == 1)
    fit = fw.fit({k: v[~gone] for k, v in data.items()}, "y", "d", "region + woman", draws=50)
    table = fit.contrasts(["north - south", "south - east-west"], within="woman")
    assert table.n_rows == 3
    assert any("Left out: 1 row" in note for note in table.notes)
    with pytest.raises(fw.PlanError, match="no group where woman == 1"):
        fit.contrasts("north - south", where="woman == 1")
    against = fit.contrasts(by="region", within="woman", against="North")
    assert list(against.columns["woman"]) == [0, 0]
    assert any("Left out: 1 combination of woman without it" in note for note in against.notes)


COMMANDS: list[tuple[list[str], dict[str, Any]]] = [
    (["--contrast", "north - south", "--where", "woman == 1"],
     {"contrast": "north - south", "where": "woman == 1"}),
    (["--contrast", "north - south", "--contrast", "north / south"],
     {"contrast": ["north - south", "north / south"]}),
    (["--by", "region", "--against", "North", "--within", "woman", "--level", "0.8"],
     {"by": "region", "against": "North", "within": "woman", "level": 0.8}),
    (["--against", "3"], {"against": 3}),
    (["--by", "region", "--ratio"], {"by": "region", "ratio": True}),
]  # fmt: skip


@pytest.mark.parametrize(("flags", "given"), COMMANDS, ids=[" ".join(f) for f, _ in COMMANDS])
def test_the_command_line_tells_the_same(
    flags: list[str], given: dict[str, Any], fit: fw.Fit, tmp_path: Path
) -> None:
    saved = fit.save(tmp_path / "fit.nc")
    run = CliRunner().invoke(app, ["contrasts", str(saved), *flags, "--json"])
    assert run.exit_code == 0, run.output
    told = fit.contrasts(**given)
    for found, row in zip(json.loads(run.stdout), map(told.row, range(told.n_rows)), strict=True):
        known = {
            k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()
        }
        assert found == known


def test_its_figure_on_the_command_line(fit: fw.Fit, tmp_path: Path) -> None:
    saved, target = fit.save(tmp_path / "fit.nc"), tmp_path / "contrasts.svg"
    flags = ["--by", "region", "--within", "woman", "--out", str(target)]
    run = CliRunner().invoke(app, ["contrasts", str(saved), *flags])
    assert run.exit_code == 0, run.output
    assert "South - North" in target.read_text(encoding="utf-8")


def names_in(figure: Any) -> list[str]:
    """Names of the rows of a figure, from the top, with those of its panels before them."""
    body = figure.to_dict()["vconcat"][0]
    found = []
    for panel in body.get("vconcat", [body]):
        found += panel.get("title", {}).get("text", []) if "vconcat" in body else []
        found += [row["key"].partition("\n")[2] for row in panel["data"]["values"]]
    return [name.replace("\xa0", " ") for name in found]  # which keeps "woman = 1" on one line


def subtitle(figure: Any) -> str:
    return " ".join(figure.to_dict()["title"].get("subtitle", []))


def test_figures_name_once_what_all_rows_share(fit: fw.Fit) -> None:
    average = fit.plot.contrasts(by="region", against="average")
    assert names_in(average) == ["East-West", "North", "South"]
    assert subtitle(average).startswith("Each against the average.")
    within = fit.plot.contrasts(contrast="north - south", within="woman")
    assert names_in(within) == ["woman = 0", "woman = 1"]
    assert subtitle(within).startswith("North - South.")
    apart = fit.plot.contrasts(by="region", within="woman", where="region != 'South' or woman == 1")
    assert names_in(apart) == [
        *("woman = 0", "North - East-West", "woman = 1"),
        *("North - East-West", "South - East-West", "South - North"),
    ]
    many = fit.plot.contrasts(by="woman", within=["region", "age"], title="Mine")
    assert "East-West, age up to 30" in names_in(many)
    assert many.to_dict()["title"]["text"] == ["Mine"]


def test_figures_of_several_effects_and_of_ratios(arms: fw.Fit, share: fw.Fit) -> None:
    figure = arms.plot.contrasts(by="woman", within="region")
    assert names_in(figure)[:2] == ["Mail, East-West", "Mail, North"]
    figure = arms.plot.contrasts(between="treatments", within="region")
    assert names_in(figure) == ["East-West", "North", "South"]
    assert subtitle(figure) == "Visit - Mail"
    text = json.dumps(share.plot.contrasts(by="region").to_dict())
    assert "on the probability of voted, in percentage points" in text
    text = json.dumps(share.plot.contrasts(by="region", ratio=True).to_dict())
    assert "Ratio of effects on the probability of voted" in text and "percentage" not in text


@pytest.mark.slow
def test_simultaneous_intervals_of_fits_hold_the_truth() -> None:
    """All pairs of five groups, over 300 data sets with effects drawn from the fit's own priors."""
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(300):
        group, d = rng.integers(0, 5, 400), rng.integers(0, 2, 400)
        spread = 0.5 * abs(rng.normal())
        theta, base = 0.3 + spread * rng.normal(size=5), rng.normal(size=5)
        y = base[group] + d * theta[group] + rng.normal(size=400)
        data = {"y": y, "d": d, "g": np.array(list("abcde"))[group], "x": rng.normal(size=5)[group]}
        priors = {
            "lambda": {"Intercept": "normal(0.3, 0.001)", "x": "normal(0, 0.001)"},
            "sigma_theta": "half_normal(0.5)",
        }
        fit = fw.fit(data, "y", "d", "x", groups="g", priors=priors, draws=2000)
        table = fit.contrasts(by="g")
        of, against = np.triu_indices(5, k=1)
        truth = theta[against] - theta[of]
        low, high = (np.asarray(table.columns[f"simultaneous_{e}"]) for e in ("low", "high"))
        held += bool(((truth >= low) & (truth <= high)).all())
    assert 0.92 < held / 300 < 0.98
