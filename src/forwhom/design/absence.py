"""Which words say that something is absent: the one list by which a level becomes the zero.

It is short and English on purpose: whatever it does not know is asked for, which costs a person one
word; what it got wrong would turn a sign.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# The whole level, after numbering ("1. ", "(0)") and punctuation are taken off.
ALONE = frozenset(
    {
        *("control", "controls", "ctrl", "placebo", "sham", "none", "no", "never", "nothing"),
        *("baseline", "off", "false", "absent", "nil", "zero", "0", "usual care"),
        *("standard care", "standard of care", "status quo", "waitlist", "wait list"),
        *("waiting list", "negative control", "pure control", "passive control"),
        *("placebo control", "waitlist control", "wait list control", "attention control"),
    }
)
# What a level begins with: "no letter", "not asked", "without visit", "none of these".
FIRST = ("no", "not", "non", "none", "never", "without", "placebo", "sham", "zero")
# What may stand after "control" and its kin: "control group", "baseline wave".
PLACES = frozenset(
    {
        *("group", "groups", "arm", "arms", "condition", "unit", "units", "subjects", "wave"),
        *("participants", "village", "villages", "school", "schools", "site", "sites", "message"),
        *("letter", "email", "mail", "text", "ad", "class", "care", "survey", "period"),
    }
)
# Words with "un" whose counterpart need not be the other level; "united" and "union" are none.
UN_WORDS = frozenset(
    {
        *("untreated", "unexposed", "unvaccinated", "uninformed", "unemployed", "uninsured"),
        *("unmarried", "unaware", "unaffected", "uninfected", "unprotected", "unregistered"),
        *("unpaid", "unsuccessful", "unanswered", "uncontacted", "unassigned", "unprimed"),
    }
)
# Two levels that only the pair makes clear.
PAIRS = (("n", "y"), ("f", "t"))
_HELPING = "did|do|does|is|are|was|were|has|have|had|will|would|could|can|should"
_NOT = re.compile(rf"(?:{_HELPING})(?:n['’]?t| not)\b|cannot\b|can['’]?t\b|won['’]?t\b")
_NUMBERING = re.compile(r"\s*(?:\(\d+\)|\[\d+\]|\d+\s*[.):=–—-]|\d+\s)\s*(?=[^\W\d])")
_NOTHING_OF = re.compile(r"[$€£]?\s*0+(?:[.,]0+)?(?:\s*[%a-z]+\.?)*")  # "0 mg", "0%", "$0.00"
_NUMBER_OF = re.compile(r"(?:no|nr)\.?\s*\d+")  # "No. 5" is a number
_AS_USUAL = re.compile(r"(?:\w+ )+as usual")


def says_absence(levels: Sequence[str], event: bool = False) -> tuple[bool, ...]:
    """For each level of one column, whether its words say that something is absent.

    Levels that do: those of ``ALONE`` (control, placebo, none, no, never, baseline, off, false, 0,
    usual care, ...); those that begin with no, not, non, never, without or "did not"; "control" and
    "baseline" with a place ("control group") or in brackets; "... as usual"; an amount of zero
    ("0 mg"); and "un" or "non" before what the other level says (treated, untreated).

    Args:
        levels: the texts of all levels.
        event: whether they say how a time ended, where "censored" means that no event was seen.

    >>> says_absence(["Letter", "No letter"]), says_absence(["North", "United"])
    ((False, True), (False, False))
    >>> says_absence(["employed", "unemployed"]), says_absence(["ion", "Control (no ad)"])
    ((False, True), (False, True))
    """
    plain = [_plain(level) for level in levels]
    found = []
    for k, level in enumerate(levels):
        others = plain[:k] + plain[k + 1 :]
        own = level.strip().casefold()
        found.append(
            _alone(own)
            or _alone(plain[k])
            or any((plain[k], other) in PAIRS for other in others if len(levels) == 2)
            or any(_undoes(plain[k], other) for other in others)
            or (event and plain[k].startswith(("censored", "right censored")))
        )
    return tuple(found)


def _alone(text: str) -> bool:
    """Whether a level says so by itself."""
    if _NUMBER_OF.match(text):
        return False
    words = _words(text)
    joined = " ".join(words)
    if joined in ALONE or _NOTHING_OF.fullmatch(text) or _NOT.match(text):
        return True
    if not words:
        return False
    if words[0] in FIRST or words[0] in UN_WORDS or _AS_USUAL.fullmatch(joined):
        return True
    if words[0] in ("control", "controls", "baseline"):
        # "Control (no ad)", "control: nothing", "control group"; not "control of borders"
        return bool(re.match(r"\w+\s*[(\[:,;–—-]", text)) or words[1] in PLACES
    return bool(re.search(r"[(\[](?:pure |passive )?control(?: \w+)?[)\]]$", text))


def _undoes(level: str, other: str) -> bool:
    """Whether a level is another one with "un" or "non" before it: "untreated group", "nonvoter".

    >>> _undoes("unmarried", "married"), _undoes("union", "ion"), _undoes("non-voter", "voter")
    (True, False, True)
    """
    mine, theirs = " ".join(_words(level)), " ".join(_words(other))
    rest = next((mine[len(p) :].strip() for p in ("non", "un") if mine.startswith(p)), "")
    return len(rest) > 3 and rest == theirs


def _plain(level: str) -> str:
    """Lower case, without a number before it: "1. Control" is "control"."""
    text = level.strip().casefold()
    return _NUMBERING.sub("", text, count=1) if _NUMBERING.match(text) else text


def _words(text: str) -> list[str]:
    return re.sub(r"[\W_]+", " ", text).split()
