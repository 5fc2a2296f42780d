import pytest

from forwhom.draw import theme
from forwhom.draw.text import display_width


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("color", [theme.INK, theme.SOFT_INK])
def test_text_has_contrast_on_white(color):
    assert 1.05 / (luminance(color) + 0.05) >= 7  # level AAA of the web's accessibility guidelines


@pytest.mark.parametrize("color", theme.COLORS)
def test_marks_have_contrast_on_white(color):
    assert 1.05 / (luminance(color) + 0.05) >= 2


def test_every_color_has_its_shape():
    assert len(set(theme.SHAPES)) == len(theme.SHAPES) == len(set(theme.COLORS))


@pytest.mark.parametrize("text", ["one two three", "x" * 50, "漢字" * 20, "a " * 30])
def test_wrap_keeps_every_letter_and_the_width(text):
    lines = theme.wrap(text, 11)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(map(display_width, lines)) <= 11


def test_percentages_are_not_broken_before_their_sign():
    assert theme.wrap("intervals of 90 % and", 15) == ["intervals of", "90\u00a0% and"]
