import numpy as np
import pytest

from forwhom.draw.ranking import ranking_figure
from forwhom.errors import OutputError


def rows(n):
    rank = np.random.default_rng(n).permutation(np.linspace(1.5, n - 0.5, n))
    return {
        "label": [f"group {i}" for i in range(n)],
        "expected_rank": rank,
        "rank_low": np.maximum(rank - 3, 1).round(),
        "rank_high": np.minimum(rank + 3, n).round(),
        "prob_best": np.full(n, 1 / max(n, 1)),
    }


def inner(figure):
    return figure.to_dict()["vconcat"][0]


def caption(figure):
    return " ".join(inner(figure)["title"]["text"]).replace("\u00a0", " ")


def ticks(figure):
    return inner(figure)["hconcat"][0]["layer"][0]["encoding"]["x"]["axis"]["values"]


def test_groups_stand_in_the_order_of_their_ranks():
    given = rows(40)
    shown = inner(ranking_figure(given))["data"]["values"]
    assert [r["rank"] for r in shown] == sorted(given["expected_rank"].tolist())


def test_the_caption_says_what_is_drawn():
    assert caption(ranking_figure(rows(5), effect="effect of d on y", level=0.9)) == (
        "Rank 1 of 5: the largest effect of d on y. Points: expected ranks, sorted. Lines: 90 % "
        "intervals of the rank. Bars: the probability of rank 1."
    )
    assert "the smallest effect" in caption(ranking_figure(rows(5), best="smallest"))


def test_groups_of_few_rows_are_hollow_and_said_to_be():
    figure = ranking_figure(rows(4) | {"thin": [True, False, False, False]}, few=10)
    assert "Hollow: fewer than 10 rows of data in an arm" in caption(figure)
    shown = inner(figure)["data"]["values"]
    assert [r["name"] for r in shown if r["thin"]] == ["group 0"]
    assert "Hollow" not in caption(ranking_figure(rows(4)))


@pytest.mark.parametrize(
    ("n", "expected"),
    [(2, [1, 2]), (7, [1, 2, 3, 4, 5, 6, 7]), (15, [1, 5, 10, 15]), (9, [1, 2, 4, 6, 8])],
)
def test_ranks_are_marked_at_round_numbers(n, expected):
    assert ticks(ranking_figure(rows(n))) == expected


@pytest.mark.parametrize("n", [1, 60, 100])
def test_up_to_a_hundred_groups_are_named(n, tmp_path):
    svg = ranking_figure(rows(n)).save(tmp_path / "f.svg").read_text(encoding="utf-8")
    assert all(f">group {i}<" in svg for i in range(n))


def test_of_many_the_first_are_drawn_and_said_to_be():
    figure = ranking_figure(rows(1000))
    assert len(inner(figure)["data"]["values"]) == 300
    assert "The first 300 of 1,000 are drawn. Too many to be named" in caption(figure)


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ({"label": ["a"]}, {}, "needs 'expected_rank', 'rank_low', 'rank_high', 'prob_best'"),
        (rows(3) | {"thin": [True]}, {}, "'thin' has 1 entries for 3 groups"),
        (rows(0), {}, "no group to draw"),
        (rows(2) | {"prob_best": [np.nan, 1]}, {}, "'prob_best' holds a number that is not finite"),
        (rows(3), {"level": 95}, "level=95 must lie between 0 and 1"),
    ],
)
def test_bad_input_is_named(given, options, message):
    with pytest.raises(OutputError, match=message):
        ranking_figure(given, **options)
