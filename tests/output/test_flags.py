"""Advice in the words of the interface: every keyword and method that warnings name."""

from __future__ import annotations

import pytest

from forwhom.output.flags import as_flags


@pytest.mark.parametrize(
    ("python", "shell"),
    [
        ("Compare with spread='none'.", "Compare with --spread none."),
        ("Try method='nuts', or", "Try --method nuts, or"),
        ('modifiers="age + party", or', '--modifiers "age + party", or'),
        ("With groups=['a b',\n    'c'] instead", 'With --groups "a b" --groups c instead'),
        ("say correlated=True", "say --correlated"),
        ("weights_kind='frequency'", "--weights-kind frequency"),
        ("draws=8000 are enough", "--draws 8000 are enough"),
        ("(fit.differences())", "(forwhom differences)"),
        ("fit.plot.check() draws them", "forwhom check draws them"),
        ("woman=1, age=2 has no rows", "woman=1, age=2 has no rows"),
        ("scale='link' tells more", "scale='link' tells more"),
    ],
)
def test_advice_can_be_followed_on_a_command_line(python: str, shell: str) -> None:
    assert as_flags(python) == shell
