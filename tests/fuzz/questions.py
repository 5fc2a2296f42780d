"""Random tables and plans: what strangers may hand over, for hypothesis to shrink.

A question begins as one that can be answered; up to three twists then change its treatment,
modifiers, outcome, keywords or single cells, into something odd, extreme or wrong.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from forwhom.families import FAMILIES

UNITS = (1e-6, 1e6, 1e-12, 1e12, 1e-160, 1e160, 5e-324, 1e300)
SHIFTS = (1e3, 20160101.0, 1.45e9, 1.58e18)
TOKENS = (None, float("nan"), "n/a", "-", "", "12", "x", "1,234", float("inf"), 0.1 + 0.2, " u ")
ARMS = (
    ("Control", "Ad"),
    ("placebo", "drug"),
    ("No letter", "Letter"),
    ("A", "B"),
    ("Control ", "control"),
    ("=1+1", "none"),
    ("\u2028", "x\x00y"),
)
PRIORS: dict[str, tuple[str, ...]] = {
    "alpha": ("normal(0, 1)", "normal(0, 1e-6)", "normal(0, 1e9)", "student_t(3, 0, 1)", "flat"),
    "delta": ("normal(0, 1)", "normal(0, 1e-9)", "flat"),
    "lambda": ("normal(0, 0.5)", "normal(0, 1e-9)", "normal(3, 1e6)", "student_t(1, 0, 2)"),
    "sigma_theta": ("half_normal(0.5)", "half_cauchy(1)", "half_normal(1e-9)", "exponential(2)"),
    "sigma_b": ("half_normal(1)", "half_student_t(3, 2.5)", "half_normal(1e9)"),
    "sigma": ("half_normal(1)", "exponential(1e-6)", "flat"),
}
FORMULAS = (
    *("a", "a + b", "a*b", "a + b + c", "C(a)", "bin(b, 3)", "scale(b)", "center(b)", "c + log(b)"),
    *("poly(b, 2)", "bs(b, df=4)", "C(a)*C(c)", "a:c", "I(b >= 1)", 'C(c, ref="u")', "C(site)"),
)
KEYWORDS: dict[str, tuple[Any, ...]] = {
    "groups": ("site", "a", ["a", "site"]),
    "controls": ("z", "b", "C(c)", "z + b"),
    "baseline": ("modifiers", "shared"),
    "spread": ("none", "student"),
    "bins": (2, 7),
    "reference": ("Control", 1, "A"),
    "preset": ("alley2023", "alley2026"),
    "method": ("exact", "collapse", "quadrature", "laplace", "nuts"),
    "success": ("Yes", 1, "a"),
    "missing": ({"a": [3]}, {"y": []}, {"c": ["u"]}),
    "link": ("probit", "cloglog", "log"),
    "clusters": ("site", "c"),
    "sigma_by": ("arm", "group"),
    "modifiers": ("zz", "a +", "(1|site)", "factor(a)", "d", "y"),
}
DEFAULT_ROWS, ROWS = 40, (80, 12, 5, 2, 1)
CONTAINERS = ("dict", "pandas", "polars", "csv")

type Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Question:
    """Columns of equal length, the keywords of a fit, and what the columns come in."""

    columns: Columns
    keywords: dict[str, Any]
    container: str

    def data(self, folder: Path) -> Any:
        """The table as its container holds it."""
        if self.container == "pandas":
            import pandas as pd

            return pd.DataFrame(self.columns)
        if self.container == "polars":
            import polars as pl

            return pl.DataFrame({k: pl.Series(k, v, strict=False) for k, v in self.columns.items()})
        if self.container == "csv":
            path = folder / "table.csv"
            with path.open("w", newline="", encoding="utf-8") as opened:
                writer = csv.writer(opened)
                writer.writerow(self.columns)
                writer.writerows(zip(*self.columns.values(), strict=True))
            return path
        return self.columns


@st.composite
def questions(draw: st.DrawFn, family: str) -> Question:
    """A table of up to 80 rows, and a plan that asks for a family or leaves it to "auto"."""
    twists = draw(st.lists(st.sampled_from(list(TWISTS)), max_size=3, unique=True))
    n = draw(st.sampled_from(ROWS)) if "rows" in twists else DEFAULT_ROWS
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    columns: Columns = {
        "d": rng.integers(0, 2, n).tolist(),
        "a": rng.integers(0, 3, n).tolist(),
        "b": rng.uniform(0.5, 2, n).round(2).tolist(),
        "c": [("u", "v", "w")[i] for i in rng.integers(0, 3, n)],
        "site": rng.integers(0, 6, n).tolist(),
        "z": rng.standard_normal(n).tolist(),
    }
    keywords: dict[str, Any] = {
        "outcome": "y",
        "treatment": "d",
        "modifiers": draw(st.sampled_from(FORMULAS)),
        "family": family,
        "draws": draw(st.sampled_from((100, 200, 2))),
        "seed": 1,
    }
    support = FAMILIES[family].support if family in FAMILIES else "numeric"
    _add_outcome(rng, n, support, columns, keywords)
    for twist in sorted(twists, key=list(TWISTS).index):  # strange cells last
        TWISTS[twist](draw, rng, columns, keywords)
    if keywords["modifiers"] is None and "groups" not in keywords:
        keywords["groups"] = draw(st.sampled_from(("site", None)))  # None: one group of all rows
    return Question(columns, keywords, draw(st.sampled_from(CONTAINERS)))


def _add_outcome(
    rng: np.random.Generator, n: int, support: str, columns: Columns, keywords: dict[str, Any]
) -> None:
    """An outcome that the family is for."""
    normal = rng.standard_normal(n) + 0.5 * np.array(columns["d"])
    made: dict[str, Callable[[], Any]] = {
        "numeric": lambda: normal,
        "binary": lambda: (normal > 0).astype(int),
        "ordered": lambda: np.digitize(normal, (-0.8, 0.0, 0.9)),
        "unordered": lambda: np.digitize(normal, (-0.8, 0.0, 0.9)),
        "count": lambda: rng.poisson(3 * np.exp(0.3 * normal)),
        "successes": lambda: rng.binomial(9, 1 / (1 + np.exp(-normal))),
        "positive": lambda: np.exp(normal),
        "time": lambda: np.exp(normal),
        "unit": lambda: 1 / (1 + np.exp(-normal)),
        "closed unit": lambda: np.clip(1.4 / (1 + np.exp(-normal)) - 0.2, 0, 1),
    }
    columns["y"] = made[support]().tolist()
    if support == "successes":
        columns["trials"], keywords["trials"] = [9] * n, "trials"
    if support == "time":
        columns["ended"], keywords["event"] = (rng.random(n) < 0.7).astype(int).tolist(), "ended"
    if support == "count":
        columns["risk"] = np.exp(rng.standard_normal(n)).tolist()


def _treatment(draw: st.DrawFn, rng: np.random.Generator, columns: Columns, _: Any) -> None:
    coded = np.array(columns["d"])
    kinds: dict[str, Callable[[], Any]] = {
        "text": lambda: [draw(st.shared(st.sampled_from(ARMS), key="arms"))[i] for i in coded],
        "arms": lambda: [("none", "ad", "mail")[i] for i in rng.integers(0, 3, len(coded))],
        "dose": lambda: rng.standard_normal(len(coded)).tolist(),
        "true": lambda: (coded > 0).tolist(),
        "12": lambda: (coded + 1).tolist(),
        "one": lambda: [1] * len(coded),
        "noise": lambda: [1e-17 if i == 0 else float(v) for i, v in enumerate(coded)],
        "few": lambda: [int(i == 0) for i in range(len(coded))],
    }
    columns["d"] = kinds[draw(st.sampled_from(list(kinds)))]()


def _modifier(draw: st.DrawFn, rng: np.random.Generator, columns: Columns, _: Any) -> None:
    n = len(columns["d"])
    kinds: dict[str, Callable[[], Any]] = {
        "two": lambda: rng.integers(0, 2, n).tolist(),
        "true": lambda: (rng.random(n) < 0.5).tolist(),
        "same": lambda: [3] * n,
        "noise": lambda: np.where(rng.random(n) < 0.5, 0.3, 0.1 + 0.2).tolist(),
        "ids": lambda: (1583715738627261039 + 3 * rng.integers(0, 5, n)).tolist(),
        "copy": lambda: list(columns["d"]),
        "missing": lambda: [None if v < 0.3 else 1.0 + round(v, 1) for v in rng.random(n)],
        "words": lambda: [str(v) for v in rng.integers(18, 60, n)],
    }
    name = draw(st.sampled_from(("a", "b", "c", "site")))
    columns[name] = kinds[draw(st.sampled_from(list(kinds)))]()


def _unit(draw: st.DrawFn, rng: np.random.Generator, columns: Columns, _: Any) -> None:
    name = draw(st.sampled_from([name for name in ("y", "b", "z", "d", "risk") if name in columns]))
    factor = draw(st.sampled_from(UNITS))
    columns[name] = [v * factor if isinstance(v, int | float) else v for v in columns[name]]


def _shift(draw: st.DrawFn, rng: np.random.Generator, columns: Columns, _: Any) -> None:
    name = draw(st.sampled_from(("b", "z", "a", "y")))
    shift = draw(st.sampled_from(SHIFTS))
    columns[name] = [v + shift if isinstance(v, int | float) else v for v in columns[name]]


def _outcome(draw: st.DrawFn, rng: np.random.Generator, columns: Columns, _: Any) -> None:
    n = len(columns["d"])
    coded = rng.integers(0, 2, n).tolist()
    pairs = ((0, 1), ("No", "Yes"), ("b", "a"), (1, 2), (False, True), (0, 10**15), (0.0, 1e-300))
    pair = draw(st.sampled_from((*pairs, (1, 1))))
    columns["y"] = [pair[i] for i in coded]


def _keyword(draw: st.DrawFn, rng: np.random.Generator, _: Columns, keywords: Any) -> None:
    key = draw(st.sampled_from(list(KEYWORDS)))
    keywords[key] = draw(st.sampled_from(KEYWORDS[key]))


def _priors(draw: st.DrawFn, rng: np.random.Generator, _: Columns, keywords: Any) -> None:
    keys = draw(st.lists(st.sampled_from(list(PRIORS)), min_size=1, max_size=3, unique=True))
    keywords["priors"] = {key: draw(st.sampled_from(PRIORS[key])) for key in keys}


def _column(draw: st.DrawFn, rng: np.random.Generator, columns: Columns, keywords: Any) -> None:
    """A column of weights, exposure or offset, some of them extreme."""
    n, unit = len(columns["d"]), draw(st.sampled_from((1.0, 1.0, *UNITS)))
    key = draw(st.sampled_from(("weights", "exposure", "offset")))
    values = {
        "weights": rng.integers(0, 4, n).astype(float),
        "exposure": np.exp(rng.standard_normal(n)) * unit,
        "offset": rng.standard_normal(n) * min(unit, 500.0),
    }
    columns[key], keywords[key] = values[key].tolist(), key
    if key == "weights":
        keywords["weights_kind"] = draw(st.sampled_from(("sampling", "frequency")))


def _cells(draw: st.DrawFn, rng: np.random.Generator, columns: Columns, _: Any) -> None:
    """Some cells of one column become something else."""
    name = draw(st.sampled_from(sorted(columns)))
    token = draw(st.sampled_from(TOKENS))
    columns[name] = list(columns[name])
    for row in rng.integers(0, len(columns[name]), draw(st.integers(1, 3))):
        columns[name][int(row)] = token


def _nothing(draw: st.DrawFn, rng: np.random.Generator, columns: Columns, keywords: Any) -> None:
    """The number of rows is settled before the columns are made."""


type Twist = Callable[[st.DrawFn, np.random.Generator, Columns, dict[str, Any]], None]
TWISTS: dict[str, Twist] = {
    "treatment": _treatment,
    "modifier": _modifier,
    "outcome": _outcome,
    "keyword": _keyword,
    "priors": _priors,
    "unit": _unit,
    "shift": _shift,
    "column": _column,
    "cells": _cells,
    "rows": _nothing,
}
