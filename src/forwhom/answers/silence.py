"""What no row tells, in words: levels without rows of their own, and the way to do without.

Tests: tests/answers/test_cautions.py.
"""

from __future__ import annotations

from forwhom.cells import Sums, silent
from forwhom.design import Design
from forwhom.errors import listing

SHOWN = 4  # combinations of levels in one warning


def silence_text(design: Design, cells: Sums) -> str:
    """A sentence on combinations of levels that no row, or no row of an arm, tells anything of.

    Empty where every coefficient has rows to be learnt from.
    """
    found = silent(design, cells)
    if not found:
        return ""
    shown = "; ".join(words for words, _ in found[:SHOWN])
    more = f"; and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    columns = tuple(dict.fromkeys(name for _, names in found for name in names))
    way = ""
    if columns and not set(columns) <= set(design.plan.groups or ()):
        named = listing(columns) if len(columns) == 1 else f"[{listing(columns)}]"
        way = (
            f" With groups={named} instead of coefficients for each, effects may vary between them "
            "and those without rows borrow from the others."
        )
    elif columns:
        way = " Leave them out of the formula: as groups alone they borrow from one another."
    return (
        f"{shown}{more}: what is said there rests on the priors of the coefficients "
        f"(fit.priors() shows them), not on rows.{way}"
    )
