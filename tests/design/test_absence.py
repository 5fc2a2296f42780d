"""Which words say absence, which do not, and the one rule made of them."""

from __future__ import annotations

import pytest

from forwhom.data import load
from forwhom.design.absence import says_absence
from forwhom.design.zero import choices_in, find_level, zero_of

# the level that says absence, and one that does not
ONE = [
    ("No letter", "Letter"), ("no_letter", "letter"), ("No-letter", "Letter"), ("NO", "YES"),
    ("No, never", "Yes"), ("(0) No", "(1) Yes"), ("2. No", "1. Yes"), ("0 No", "1 Yes"),
    ("Placebo", "Active"), ("placebo pill", "Drug"), ("Sham", "Needle"), ("none", "drug"),
    ("None of these", "Some"), ("Untreated", "Treated"), ("Untreated group", "Treated group"),
    ("un-treated", "treated"), ("unmarried", "married"), ("unregistered", "member"),
    ("Unheard", "heard"), ("nonvoter", "voter"), ("Non-voter", "Voter"), ("non union", "union"),
    ("Control", "Ad"), ("CONTROL", "AD"), (" control", "letter"), ("control_group", "treat_group"),
    ("Control (no ad)", "Ad"), ("control: nothing", "letter"), ("Email A (control)", "Email B"),
    ("1 Control", "2 Ad"), ("1=Control", "2=Ad"), ("Pure control", "Visit"), ("0", "1"),
    ("0.0", "1.0"), ("0 mg", "50 mg"), ("0mg", "10mg"), ("0%", "10%"), ("$0", "$10"),
    ("FALSE", "TRUE"), ("Off", "On"), ("Never smoked", "Smoked"), ("never", "often"),
    ("not exposed", "exposed"), ("Did not vote", "Voted"), ("didn't vote", "voted"),
    ("hasn’t", "has"), ("cannot", "can"), ("won't", "will"), ("without visit", "with visit"),
    ("Usual care", "Intervention"), ("Treatment as usual", "Therapy"), ("Standard of care", "Drug"),
    ("Status quo", "Reform"), ("Waiting list", "Course"), ("baseline", "follow-up"),
    ("Baseline wave", "Endline wave"), ("absent", "present"), ("N", "Y"), ("F", "T"),
]  # fmt: skip
NEITHER = [
    ("North", "South"), ("united", "divided"), ("Union", "ion"), ("unique", "common"),
    ("Universal", "Targeted"), ("under", "over"), ("until", "since"), ("Normal", "Odd"),
    ("Notable", "Plain"), ("Noble", "Common"), ("November", "May"), ("Nonesuch", "Some"),
    ("No. 5", "No. 7"), ("No 1", "No 2"), ("Gun control", "Gun rights"), ("T", "C"),
    ("Control of borders", "Open borders"), ("controlled", "free"), ("Birth control", "Pill"),
    ("offer", "ask"), ("falsehood", "truth"), ("dead", "alive"), ("Ad", "Banner"), ("1", "2"),
    ("F", "M"), ("n", "s"), ("10 mg", "50 mg"), ("10%", "100%"), ("Basel", "Bern"), ("a", "b"),
    ("placebos", "pills"), ("zeroth", "first"), ("Nevertheless", "So"),
]  # fmt: skip
BOTH = [
    ("Control", "No letter"), ("no", "never"), ("0 Yes", "1 No"), ("none", "None"),
    ("Placebo", "Usual care"), ("not asked", "unemployed"),
]  # fmt: skip


@pytest.mark.parametrize(("absent", "other"), ONE)
def test_words_that_say_absence(absent: str, other: str) -> None:
    assert says_absence([absent, other]) == (True, False)
    assert says_absence([other, absent]) == (False, True)


@pytest.mark.parametrize(("one", "other"), NEITHER)
def test_words_that_do_not(one: str, other: str) -> None:
    assert says_absence([one, other]) == (False, False)


@pytest.mark.parametrize(("one", "other"), BOTH)
def test_words_that_both_do(one: str, other: str) -> None:
    assert says_absence([one, other]) == (True, True)


def test_censored_says_absence_of_an_event_alone() -> None:
    assert says_absence(["censored", "event"], event=True) == (True, False)
    assert says_absence(["censored", "event"]) == (False, False)
    assert says_absence(["censored", "uncensored"], event=True) == (True, True)
    assert says_absence(["dead", "alive"], event=True) == (False, False)


def test_several_levels_of_which_one_does() -> None:
    assert says_absence(["Door canvass", "Mail", "None", "Phone"]) == (False, False, True, False)
    assert says_absence(["a", "n", "y"]) == (False, False, False)


def test_a_level_is_found_by_text_number_and_truth() -> None:
    levels = choices_in(load({"x": ["01", "2", "true"]}, ["x"]).columns["x"])
    asked = ["01", "2", 2, 1, 2.0, True, "true", 3, "3", False]
    assert [find_level(one, levels) for one in asked] == [0, 1, 1, 0, 1, 2, 2, None, None, None]
    numbers = choices_in(load({"x": [1, 2.5]}, ["x"]).columns["x"])
    assert [find_level(one, numbers) for one in (1, "2.5", True, "one")] == [0, 1, 0, None]
    truth = choices_in(load({"x": [True, False]}, ["x"]).columns["x"])
    assert [find_level(one, truth) for one in (True, "True", 1, "False")] == [1, 1, 1, 0]


def test_numbers_without_labels_are_told_by_0_and_1_alone() -> None:
    def at(values: list[float]) -> int | None:
        return zero_of(choices_in(load({"x": values}, ["x"]).columns["x"])).at

    assert at([0, 1]) == 0
    assert at([0, 1, 2]) == 0
    assert at([0, 2]) is None
    assert at([1, 2]) is None
    assert at([-1, 1]) is None
