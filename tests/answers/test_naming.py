"""Every headline, table and axis names what is held against what, and the level that counts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.answers.naming import effect_on, labels_for
from forwhom.draw.figure import Figure

RNG = np.random.default_rng(77)
N = 300
D, M = np.arange(N) % 2, np.arange(N) // 2 % 3
VOTED = RNG.random(N) < 0.3 + 0.3 * D
DATA: dict[str, Any] = {
    "voted": np.where(VOTED, "Yes", "No").tolist(),
    "letter": np.where(D, "Ad", "Control").tolist(),
    "m": M,
    "ones": VOTED.astype(int),
    "d": D,
    "time": RNG.exponential(size=N),
    "end": np.where(VOTED, "dead", "alive").tolist(),
    "support": RNG.normal(size=N),
}
CONTRAST, COUNTED = "letter (Ad against Control)", "voted = Yes"


@cache
def fitted(outcome: str = "voted", treatment: str = "letter") -> fw.Fit:
    beside = {"family": "exponential", "event": {"end": "dead"}} if outcome == "time" else {}
    return fw.fit(DATA, outcome, treatment, "m", draws=200, **beside)


def axes(spec: Any) -> Iterator[str]:
    """Titles of the horizontal axes of a figure."""
    if isinstance(spec, dict):
        axis = spec.get("x", {}).get("axis") if isinstance(spec.get("x"), dict) else None
        if axis and axis.get("title"):
            title = axis["title"]
            yield title if isinstance(title, str) else " ".join(title)
        for part in spec.values():
            yield from axes(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from axes(part)


def axis(figure: Figure) -> str:
    (title,) = set(axes(figure.spec))
    return title.replace("\xa0", " ")  # which keeps "voted = Yes" on one line


def test_the_summary() -> None:
    said = " ".join(fitted().summary().split())
    assert said.startswith(f"Question: what does {CONTRAST} do to {COUNTED}, and how does that")
    assert f"Average effect of {CONTRAST} on {COUNTED} over all rows: " in said
    assert "What goes with it: differences in the effect between groups as they are" in said


@pytest.mark.parametrize("name", ["modifiers", "effects", "average", "by"])
def test_tables_of_effects(name: str) -> None:
    fit = fitted()
    table = fit.average(by="m") if name == "by" else fit.tables()[name]
    titles = {
        "modifiers": f"Modifier coefficients (lambda) of the effect of {CONTRAST} on {COUNTED}",
        "effects": f"Group effects (theta) of {CONTRAST} on {COUNTED}",
        "average": f"Average effect of {CONTRAST} on {COUNTED}",
        "by": f"Average effects by m, of {CONTRAST} on {COUNTED}",
    }
    assert table.title == titles[name]
    assert COUNTED in table.notes[-1]


def test_other_tables() -> None:
    tables = fitted().tables()
    assert tables["groups"].notes == ("Treated: letter is Ad; control: Control.",)
    assert f"are in the log odds of {COUNTED}." in tables["parameters"].notes[-1]
    new = fitted().predict({"m": [0, 1]})
    assert new.title == f"Predicted effects of {CONTRAST} on {COUNTED}"
    check = fitted().check().to_dict()
    assert {"letter=Ad", "letter=Control"} <= set(check["where"])
    assert "share Yes" in check["statistic"]


def test_axes() -> None:
    plot = fitted().plot
    assert axis(plot.modifiers()) == (
        f"Change in the effect of {CONTRAST} on the log odds of {COUNTED}"
    )
    assert axis(plot.effects()) == (
        f"Effect of {CONTRAST} on the probability of {COUNTED}, in percentage points"
    )
    assert axis(plot.check()) == "Voted: share of Yes"
    labels = {"voted": "turnout", "letter": "the letter"}
    values = {"letter": {"Ad": "An advert", "Control": "Nothing"}, "voted": {"Yes": "Voted"}}
    named = plot.effects(labels=labels, value_labels=values)
    assert axis(named) == (
        "Effect of An advert against Nothing on the probability of turnout = Voted, in percentage "
        "points"
    )
    assert "What changes the effect of letter (Ad against Control)?" in str(plot.modifiers().spec)


def test_zeros_and_ones_are_named_where_they_are_no_plain_ones() -> None:
    plain = fitted("ones", "d")
    assert plain.average().title == "Average effect of d (1 against 0) on ones"
    assert axis(plain.plot.effects()) == (
        "Effect of d on the probability of ones, in percentage points"
    )
    turned = fw.fit(DATA, "ones", "d", "m", draws=200, success=0, reference=1)
    assert turned.average().title == "Average effect of d (0 against 1) on ones = 0"
    assert axis(turned.plot.effects()) == (
        "Effect of d (0 against 1) on the probability of ones = 0, in percentage points"
    )


def test_numbers_times_and_doses() -> None:
    assert fitted("support").average().title == f"Average effect of {CONTRAST} on support"
    assert axis(fitted("support").plot.effects()) == f"Effect of {CONTRAST} on support"
    assert (
        fitted("time").average().title == f"Average effect of {CONTRAST} on time until end = dead"
    )
    assert axis(fitted("time").plot.effects()) == (
        f"Effect of {CONTRAST} on the mean time of time until end = dead"
    )
    dose = fw.fit(DATA | {"d": D * RNG.choice([1, 2.5], N)}, "support", "d", "m", draws=200)
    assert dose.average().title == "Average effect of one more unit of d on support"
    assert axis(dose.plot.effects()) == "Effect of one more unit of d on support"


def test_levels_beside_one_another() -> None:
    fit = fw.fit(DATA | {"mood": M}, "mood", "letter", "ones", family="ordinal", draws=100)
    assert fit.average().title == f"Average effect of {CONTRAST} on mood"
    assert fit.average().columns["outcome"] == ["1 or above", "2 or above"]


def test_arms_beside_one_another() -> None:
    arm = np.array(["None", "Mail", "Visit"])[np.arange(N) % 3].tolist()
    plain = {"spread": "none", "baseline": "modifiers"}  # NUTS takes seconds, not a minute
    fit = fw.fit(DATA | {"arm": arm}, "support", "arm", "m", draws=200, **plain)
    table = fit.average()
    assert table.title == "Average effect"
    assert table.notes[-2:] == (
        "Effects on support of arm: Mail against None.",
        "Effects on support of arm: Visit against None.",
    )
    assert fit.modifiers().notes[:2] == (
        "arm[Mail]: the effect of arm (Mail against None).",
        "arm[Visit]: the effect of arm (Visit against None).",
    )
    assert axis(fit.plot.effects(treatment="arm[Visit]")) == (
        "Effect of arm (Visit against None) on support"
    )


def test_categories_are_told_under_their_labels() -> None:
    """One group, which takes no chains."""
    rng = np.random.default_rng(5)
    data = {"way": rng.choice(["bus", "car", "walk"], 600), "d": rng.integers(0, 2, 600)}
    fit = fw.fit(
        data,
        "way",
        "d",
        draws=50,
        family="categorical",
        labels={"way": "means of travel"},
        value_labels={"way": {"car": "a private car", "bus": "a bus"}},
    )
    one = next(e for e in fit.estimands if e.category == "car")
    on = "the log odds of means of travel being a private car rather than a bus"
    assert effect_on(one, labels_for(one)) == on
    for scale in ("link", "categories"):
        table = fit.table("average", scale=scale)
        assert "being" not in table.title and len(set(table.columns["outcome"])) > 1
    assert " on way being a private car over all rows: " in " ".join(fit.summary().split())


def test_warnings_and_priors_speak_under_labels() -> None:
    rng = np.random.default_rng(6)
    data = {
        "y": rng.normal(size=600),
        "d": rng.integers(0, 2, 600),
        "city": rng.integers(0, 2, 600),
        "g": rng.choice(["p", "q", "r"], 600),
    }
    data["d"][(data["g"] == "r") & (data["city"] == 1)] = 1
    labels = {"city": "lives in a city", "y": "trust"}
    values = {"g": {"r": "the Rhine"}}
    fit = fw.fit(data, "y", "d", "city + g", draws=50, labels=labels, value_labels=values)
    said = " ".join(caution.text for caution in fit.warnings)
    assert "has no control rows (lives in a city = 1, the Rhine)" in said
    prior = fw.prior_predictive(data, fit.plan, draws=50).summary()
    assert "What the priors say trust may look like" in prior
