"""Ranking: probabilities, ranks and losses against the same by hand, draw by draw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

import forwhom as fw
from forwhom.answers import ranking
from forwhom.answers.ranking import Ranked
from forwhom.cli import app
from tests.answers.test_contrasts import averages, table_of

FloatArray = NDArray[np.float64]


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(table_of(), "y", "d", "region + woman", draws=300)


@pytest.fixture(scope="module")
def share() -> fw.Fit:
    return fw.fit(table_of(), "voted", "d", "region + woman", draws=300)


def by_hand(theta: FloatArray, sign: float = 1.0) -> dict[str, FloatArray]:
    """Each number from one draw after the other."""
    m, size = theta.shape
    ranks, loss = np.empty((m, size)), np.empty((m, size))
    for draw in range(size):
        values = sign * theta[:, draw]
        for i in range(m):
            above, equal = (values > values[i]).sum(), (values == values[i]).sum()
            ranks[i, draw] = above + (equal + 1) / 2
            loss[i, draw] = values.max() - values[i]
    return {
        "prob_best": (ranks == 1).mean(axis=1),
        "prob_worst": (ranks == m).mean(axis=1),
        "expected_rank": ranks.mean(axis=1),
        "rank_low": np.quantile(ranks, 0.025, axis=1, method="inverted_cdf"),
        "rank_high": np.quantile(ranks, 0.975, axis=1, method="inverted_cdf"),
        "expected_loss": loss.mean(axis=1),
    }


@pytest.mark.parametrize("best", ["largest", "smallest"])
def test_numbers_are_those_of_the_draws(best: Any, fit: fw.Fit) -> None:
    table = fit.ranking(best=best)
    expected = by_hand(fit.estimands[0].theta(), 1.0 if best == "largest" else -1.0)
    order = np.asarray(table.columns["group_id"]) - 1
    for name, values in expected.items():
        np.testing.assert_allclose(table.columns[name], values[order], atol=1e-12)
    assert (np.diff(table.columns["expected_rank"]) >= 0).all()
    for name in ("prob_best", "prob_worst"):
        assert sum(table.columns[name]) == pytest.approx(1, abs=1e-12)
    effects = fit.effects()
    for name in ("estimate", "conf_low", "region", "n_treated"):
        assert list(table.columns[name]) == [effects.columns[name][i] for i in order]


def test_averages_are_ranked_by_their_draws(fit: fw.Fit) -> None:
    by = averages(fit, "region", where="woman == 1", weights="equal")
    expected = by_hand(np.array(list(by.values())))
    table = fit.ranking(by="region", where="woman == 1", weights="equal")
    order = [list(by).index(name) for name in table.columns["region"]]
    np.testing.assert_allclose(table.columns["expected_rank"], expected["expected_rank"][order])
    np.testing.assert_allclose(table.columns["expected_loss"], expected["expected_loss"][order])


def test_percentage_points_and_other_options(share: fw.Fit) -> None:
    table = share.ranking(above=5.0)
    theta = share._workings.on_scale("response")[0].theta()
    order = np.asarray(table.columns["group_id"]) - 1
    np.testing.assert_allclose(table.columns["prob_above"], (theta > 5).mean(axis=1)[order])
    assert any("in percentage points" in note for note in table.notes)
    assert "Ranking of groups, by the effect" in table.title


def test_draws_hold_the_effect_and_its_rank(fit: fw.Fit) -> None:
    table, drawn = fit.ranking(), fit.ranking(draws=True)
    ranks = np.asarray(drawn.columns["rank"]).reshape(table.n_rows, -1)
    np.testing.assert_allclose(ranks.mean(axis=1), table.columns["expected_rank"])
    values = np.asarray(drawn.columns["value"]).reshape(table.n_rows, -1)
    assert (np.argsort(-values, axis=0)[0] == np.argmin(ranks, axis=0)).all()


def test_things_that_are_equal_share_their_places() -> None:
    rng = np.random.default_rng(1)
    draws = rng.integers(0, 3, size=(5, 400)).astype(float)
    found, expected = Ranked.of(draws), by_hand(draws)
    np.testing.assert_allclose(found.ranks.mean(axis=1), expected["expected_rank"])
    assert found.best.sum() == pytest.approx(1) and found.worst.sum() == pytest.approx(1)
    same = Ranked.of(np.ones((4, 10)))
    assert same.best.tolist() == same.worst.tolist() == [0.25] * 4
    assert (same.ranks == 2.5).all() and (same.loss == 0).all()


def test_groups_with_little_of_their_own_are_named() -> None:
    data = table_of()
    some = (data["region"] == "North") & (data["woman"] == 1)
    kept = ~some | (np.cumsum(some) <= 6)
    fit = fw.fit({k: v[kept] for k, v in data.items()}, "y", "d", "region + woman", draws=50)
    notes = " ".join(fit.ranking().notes)
    assert "1 of 6 rows of the table (group 4) stands on fewer than 10 rows of data" in notes
    assert "stands on fewer" not in " ".join(fit.ranking(by="region").notes)
    assert '"thin": true' in json.dumps(fit.plot.ranking().to_dict())


def test_an_unsure_first_place_is_said(fit: fw.Fit) -> None:
    sure = float(max(fit.ranking().columns["prob_best"]))
    said = any("None is best with a probability of half or more" in n for n in fit.ranking().notes)
    assert said == (sure < 0.5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"by": "regio"}, "Did you mean 'region'"),
        ({"where": "region == 'Nort'"}, "Did you mean 'North'"),
        ({"best": "most"}, "give 'largest' or 'smallest'"),
        ({"weights": "equal"}, "without by= ranking()"),
        ({"by": "region", "where": "region == 'North'"}, "one value of 'region' is left"),
        ({"where": "region == 'North' and woman == 1"}, "nothing to rank it against"),
    ],
)
def test_what_cannot_be_ranked_is_said(given: dict[str, Any], words: str, fit: fw.Fit) -> None:
    for ask in (fit.ranking, fit.plot.ranking):
        with pytest.raises(fw.PlanError) as caught:
            ask(**given)
        assert words in str(caught.value)


def test_too_many_are_refused(fit: fw.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "MOST_NUMBERS", 1000)
    with pytest.raises(fw.PlanError, match="6 groups of 300 draws do not fit"):
        fit.ranking()


def test_the_command_line_tells_the_same(fit: fw.Fit, tmp_path: Path) -> None:
    saved = fit.save(tmp_path / "fit.nc")
    flags = ["--by", "region", "--best", "smallest", "--json"]
    run = CliRunner().invoke(app, ["ranking", str(saved), *flags])
    assert run.exit_code == 0, run.output
    table = fit.ranking(by="region", best="smallest")
    assert json.loads(run.stdout) == [table.row(i) for i in range(table.n_rows)]
    target = tmp_path / "ranking.svg"
    run = CliRunner().invoke(app, ["ranking", str(saved), "--by", "region", "--out", str(target)])
    assert run.exit_code == 0, run.output
    assert "East-West" in target.read_text(encoding="utf-8")
