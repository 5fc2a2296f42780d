import math

import numpy as np
import pytest

from forwhom.data.printed import format_table
from forwhom.data.text import NumberStyle, format_probability, number_style
from forwhom.data.tidy import Tidy
from forwhom.errors import OutputError


def table(**columns):
    return Tidy(columns, "")


def test_table_of_coefficients_exactly():
    tidy = Tidy(
        {
            "term": ["Intercept", "woman", "treat_germrus:w2_vote_hill"],
            "estimate": np.array([-0.3012345, 0.0, 0.8712345]),
            "std_error": np.array([0.2512345, 0.1434, 0.3123]),
            "conf_low": np.array([-0.80, -0.3349, 0.2591]),
            "conf_high": np.array([0.191, -0.004, 1.4834]),
            "prob_positive": np.array([0.11, 0.004, 0.9975]),
            "n_treated": np.array([1228, 7, 0]),
        },
        title="Modifier coefficients",
        level=0.95,
        notes=("woman: 0 is a man.",),
        headers={"std_error": "std. error", "prob_positive": "P(> 0)"},
    )
    assert format_table(tidy) == (
        "Modifier coefficients (95 % equal-tailed intervals)\n"
        "term                        estimate  std. error  conf_low  conf_high  P(> 0)  n_treated\n"
        "----------------------------------------------------------------------------------------\n"
        "Intercept                      -0.30        0.25     -0.80       0.19    0.11      1,228\n"
        "woman                           0.00        0.14     -0.33       0.00   <0.01          7\n"
        "treat_germrus:w2_vote_hill      0.87        0.31      0.26       1.48   >0.99          0\n"
        "woman: 0 is a man."
    )


def test_long_tables_are_cut_and_say_by_how_much():
    tidy = Tidy({"group": [f"g{i}" for i in range(171)], "n": np.arange(171)}, "Groups")
    lines = format_table(tidy).splitlines()
    assert lines[-2:] == ["g39    39", "... and 131 more rows"]
    assert len(lines) == 3 + 40 + 1
    assert len(format_table(tidy, max_rows=None).splitlines()) == 3 + 171
    assert format_table(tidy, max_rows=170).endswith("... and 1 more row")


def test_wide_letters_and_missing_values_keep_columns_straight():
    tidy = table(
        都市=["東京", "Zürich", None],
        member=[True, False, None],
        year=np.array([2016, 2017, 2018]),
        share=[0.25, math.nan, 0.5],
    )
    assert format_table(tidy) == (
        "都市    member  year  share\n"
        "---------------------------\n"
        "東京    yes     2016  0.250\n"
        "Zürich  no      2017      -\n"
        "-       -       2018  0.500"
    )


def test_control_characters_in_data_do_not_reach_the_terminal():
    assert "a [31mb c" in format_table(table(level=["a\x1b[31mb\nc"]))


def test_no_rows_and_no_columns():
    assert format_table(Tidy({"term": [], "estimate": []}, "Effects")) == (
        "Effects\nterm  estimate\n--------------\n(no rows)"
    )
    assert format_table(Tidy({}, "Effects", level=0.9)) == (
        "Effects (90 % equal-tailed intervals)\n(no rows)"
    )


@pytest.mark.parametrize(
    ("scale", "written"),
    [
        (1, ["0.87", "0.31"]),
        (100, ["87", "31"]),
        (1e6, ["871,234", "312,345"]),
        (1e12, ["8.7e+11", "3.1e+11"]),
        (1e-2, ["0.0087", "0.0031"]),
        (1e-12, ["8.7e-13", "3.1e-13"]),
    ],
)
def test_numbers_have_the_digits_their_errors_allow(scale, written):
    tidy = table(estimate=[0.871234 * scale], std_error=[0.312345 * scale])
    assert format_table(tidy).splitlines()[-1].split() == written


def test_digits_by_hand():
    tidy = table(estimate=[0.871234], std_error=[0.312345])
    assert format_table(tidy, digits=4).splitlines()[-1].split() == ["0.8712", "0.3123"]


@pytest.mark.parametrize("arguments", [{"digits": -1}, {"max_rows": -3}])
def test_negative_options_are_refused(arguments):
    name, value = next(iter(arguments.items()))
    with pytest.raises(OutputError, match=f"{name}={value} is negative"):
        format_table(table(n=[1]), **arguments)


def test_a_small_error_among_large_ones_still_shows_a_digit():
    style = number_style([1.0, 1.0, 0.02], [0.4, 0.5, 0.003])
    assert [style.text(x) for x in (0.4, 0.003)] == ["0.400", "0.003"]


@pytest.mark.parametrize("scale", [10.0**power for power in range(-15, 16)])
def test_never_more_than_five_decimals_and_never_all_zeros(scale):
    style = number_style([2.3456789 * scale], [1.2345678 * scale])
    written = style.text(2.3456789 * scale)
    assert len(written.partition(".")[2].partition("e")[0]) <= 5
    assert float(written.replace(",", "")) == pytest.approx(2.3456789 * scale, rel=0.03)


def test_odd_numbers():
    style = NumberStyle(2)
    values = [math.nan, math.inf, -math.inf, -0.0001, -12345.678]
    assert [style.text(v) for v in values] == ["-", "inf", "-inf", "0.00", "-12,345.68"]
    assert number_style([0.0, 0.0], [0.0, math.nan]).text(0.0) == "0"


@pytest.mark.parametrize(
    ("probability", "written"),
    [
        (0.99, "0.99"),
        (0.9901, ">0.99"),
        (1.0, ">0.99"),
        (0.01, "0.01"),
        (0.0099, "<0.01"),
        (0.0, "<0.01"),
        (math.nan, "-"),
    ],
)
def test_probabilities_are_never_certain(probability, written):
    assert format_probability(probability) == written
