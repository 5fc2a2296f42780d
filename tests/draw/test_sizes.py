import re
import struct

import pytest
import vl_convert as vl

from forwhom.draw.densities import densities_figure
from forwhom.draw.differences import values_figure
from forwhom.draw.figure import PHONE, _narrow
from forwhom.draw.intervals import intervals_figure
from forwhom.draw.sizes import at_width, measure, sized
from forwhom.draw.who import who_figure
from forwhom.errors import OutputError
from tests.draw.test_marked import rows

LONG = "a rather long name of a group, which is broken where there is little room for it"


def groups(n):
    return rows(n) | {"n": [9] * n, "label": [f"{LONG} {i}" for i in range(n)]}


FIGURES = {
    "who": lambda: who_figure(groups(12), title=LONG, note=LONG),
    "by": lambda: values_figure(rows(3), rows(2), title=LONG, note=LONG),
    "facets": lambda: intervals_figure(groups(12) | {"column": ["one", "two"] * 6}),
    "densities": lambda: densities_figure({LONG: [0.0, 1.0, 2.0], "b": [1.0, 2.0]}),
}


@pytest.mark.parametrize("width", [3.3, 6.5])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_as_wide_as_asked(name, width):
    assert measure(FIGURES[name]().sized(width).spec)[0] == pytest.approx(72 * width, abs=2)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_as_wide_and_as_high_as_asked(name):
    found = measure(FIGURES[name]().sized(6.5, 5).spec)
    assert found == pytest.approx((72 * 6.5, 72 * 5), abs=3)


def test_inches_are_inches_in_the_file(tmp_path):
    picture = FIGURES["who"]().sized(3.3).save(tmp_path / "a.png").read_bytes()
    assert struct.unpack(">I", picture[16:20])[0] == pytest.approx(3.3 * 200, abs=4)


def test_without_a_size_nothing_changes():
    figure = FIGURES["who"]()
    assert figure.sized() is figure
    before = figure.to_dict()
    sized(figure.spec, 3.3, 6)
    assert figure.spec == before


def test_names_are_broken_and_made_smaller():
    wide = FIGURES["who"]()
    small = wide.sized(3.3, 6).spec["vconcat"][0]
    lines = [row["key"].count("\n") for row in small["data"]["values"]]
    assert max(lines) > 2
    axis = small["layer"][1]["encoding"]["y"]["axis"]
    assert axis["labelFontSize"] < 8


def test_a_note_without_room_beside_its_interval_keeps_its_first_word():
    notes = ["largest: 0.5612 (0.2134 to 0.9612), probability 0.998", *[""] * 10, "smallest"]
    wide = who_figure(groups(12) | {"note": notes}, title=LONG)
    narrow, _ = _narrow(wide.spec)
    shown = [
        [row["note"] for row in spec["vconcat"][0]["data"]["values"] if row["note"]]
        for spec in (wide.spec, narrow)
    ]
    assert [sorted(of) for of in shown] == [sorted(filter(None, notes)), ["largest", "smallest"]]
    drawn = str(vl.vegalite_to_svg(narrow, allowed_base_urls=[]))
    assert "largest" in drawn
    assert "0.2134 to" not in re.sub(r'aria-label="[^"]*"', "", drawn)


@pytest.mark.parametrize("size", [(None, None), (3.3, None), (3.3, 6)])
def test_names_of_several_lines_stand_in_the_middle_of_their_rows(size):
    spec = FIGURES["who"]().sized(*size).spec
    drawn = str(vl.vegalite_to_svg(spec, allowed_base_urls=[]))
    step = spec["vconcat"][0]["height"] / 12
    every = re.findall(r"<text[^>]*translate\([^,]+,([^)]+)\)[^>]*>(.*?)</text>", drawn)
    names = [(y, of) for y, of in every if re.search(r"\d</tspan>$", of)]  # numbered
    middles = [float(y) + sum(map(float, re.findall(r'dy="([^"]+)', of))) / 2 for y, of in names]
    rows_at = [step * (k + 0.5) for k in range(12)]
    assert middles == pytest.approx(rows_at, abs=4)  # letters stand on their baseline


def test_too_small_is_said_in_the_words_of_what_was_asked():
    with pytest.raises(OutputError, match=r"height=1\.5 leaves no room"):
        who_figure(rows(90)).sized(height=1.5)


def test_a_page_holds_the_chart_for_a_phone(tmp_path):
    figure = FIGURES["by"]()
    narrow, limit = _narrow(figure.spec)
    assert measure(narrow)[0] == pytest.approx(PHONE, abs=2)
    assert "vconcat" in narrow["vconcat"][0]  # panels stand below one another
    page = figure.save(tmp_path / "a.html").read_text(encoding="utf-8")
    assert f"(max-width: {limit}px)" in page and 'name="viewport"' in page
    assert "small.matches ? narrow : spec" in page


def test_what_is_narrow_already_is_left_alone():
    narrow = at_width(FIGURES["by"]().spec, 300, 0.6, "")
    assert _narrow(narrow) == ({}, 0)
