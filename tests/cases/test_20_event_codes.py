"""Survival data as R keeps them: which code is the event is asked, with words that work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forwhom as fw
from forwhom.cli import app
from forwhom.errors import DataError

RNG = np.random.default_rng(2001)
ROWS = 240
D, M = RNG.permutation(np.arange(ROWS) % 2), RNG.integers(0, 2, ROWS)
T = np.ceil(RNG.exponential(300 * np.exp(0.4 * D)))
CENSOR = np.ceil(RNG.uniform(100, 900, ROWS))
DIED = CENSOR >= T
TIME = np.minimum(T, CENSOR)
ASKED: dict[str, Any] = {
    "outcome": "time", "treatment": "d", "modifiers": "m", "family": "exponential", "draws": 300,
}  # fmt: skip


def table(status: Any) -> pd.DataFrame:
    return pd.DataFrame({"time": TIME, "status": status, "d": D, "m": M})


@pytest.fixture(scope="module")
def plain() -> fw.Fit:
    return fw.fit(table(DIED.astype(int)), **ASKED, event="status")


def test_booleans_and_words_that_tell(plain: fw.Fit) -> None:
    told = (DIED, np.where(DIED, "died", "censored"), np.where(DIED, "1", "0"),
            np.where(DIED, "relapse", "no relapse"))  # fmt: skip
    for status in told:
        fit = fw.fit(table(status), **ASKED, event="status")
        pd.testing.assert_frame_equal(fit.average(), plain.average())


@pytest.mark.parametrize(
    ("status", "event", "shown"),
    [
        (DIED + 1, 2, "'1' ({0} rows), '2' ({1} rows)"),
        (np.where(DIED, "dead", "alive"), "dead", "'alive' ({0} rows), 'dead' ({1} rows)"),
        (pd.Categorical(np.where(DIED, "x", "y"), ["y", "x"]), "x", "'y' ({0} rows), 'x' ({1} ro"),
    ],
)
def test_which_one_is_the_event_is_asked(
    plain: fw.Fit, status: Any, event: Any, shown: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        fw.fit(table(status), **ASKED, event="status")
    said = str(caught.value)
    assert "event 'status': which level is the event is not guessed; it has " in said
    assert shown.format((~DIED).sum(), DIED.sum()) in said
    words = f'event={{"status": {event!r}}}'.replace("'", '"')
    assert words in said
    fit = fw.fit(table(status), **ASKED, **eval(f"dict({words})"))  # word for word
    pd.testing.assert_frame_equal(fit.average(), plain.average())
    notes = fit.tables()["average"].notes
    assert f"Effects on the mean time of time until status = {event} of d: 1 against 0." in notes
    assert f"time until status = {event}" in " ".join(fit.summary().split())
    # the plan that a fit writes runs again, and the flag is that of the message
    path, out = tmp_path / "lung.csv", tmp_path / "out"
    table(status).to_csv(path, index=False)
    flag = re.search(r"as a flag --event (\S+)\)", said)
    assert flag is not None
    given = ["--event", re.sub("=.*", f"={event}", flag[1])]
    command = ["fit", str(path), "--outcome", "time", "--treatment", "d", "--modifiers", "m"]
    more = ["--family", "exponential", "--draws", "300", "--out", str(out)]
    assert app([*command, *given, *more], standalone_mode=False) == 0
    again = fw.fit(plan=out / "plan.toml")
    assert again.plan.event_level == event
    assert again.average().columns["estimate"] == pytest.approx(plain.average()["estimate"])


def test_competing_ends_are_censored_and_it_is_said(plain: fw.Fit) -> None:
    status = np.where(DIED, "dead", np.where(M == 1, "moved", "alive"))
    fit = fw.fit(table(status), **ASKED, event={"status": "dead"})
    pd.testing.assert_frame_equal(fit.average(), plain.average())
    assert "'alive', 'moved' all count as censored" in fit.fitted.design.notes[0]


def test_without_a_family_the_families_for_times_are_named() -> None:
    asked = {key: value for key, value in ASKED.items() if key != "family"}
    with pytest.raises(fw.PlanError, match="event belongs to families 'exponential', 'weibull'"):
        fw.fit(table(DIED), **asked, event="status")
