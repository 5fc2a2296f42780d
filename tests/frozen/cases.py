"""What is frozen: small fits of every family, baseline, method, link, preset, prior and design.

The package's own tables are walked, so that a new row has a case by itself. A family is fitted with
every baseline by every fast method that takes it. NUTS, which is slow, samples every family once,
one family of each fast method with every baseline, and every special design.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import forwhom as fw
from tests.frozen.inside import (
    BASELINES,
    DISTRIBUTIONS,
    FAMILIES,
    METHODS,
    PRESETS,
    SIGMA_BY,
    SPREADS,
    WEIGHTS_KINDS,
)

ROWS, DRAWS, CHAIN_DRAWS = 40, 100, 20
NUTS = "nuts"
QUADRATURE = "quadrature"
FAST = tuple(name for name in METHODS if name not in ("auto", NUTS))
CHEAP = BASELINES[-1]  # has the fewest parameters

type Columns = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A fit: its method, keywords beside the usual ones, and columns beside the usual ones.

    ``whole``: whether it is asked everything, checks, averages and predictions too. ``prior``:
    whether it is a simulation from the priors, which has no method.
    """

    name: str
    method: str
    keywords: Mapping[str, Any]
    columns: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = False
    prior: bool = False

    @property
    def asked(self) -> dict[str, Any]:
        """Every keyword of the fit."""
        usual = {"outcome": "y", "modifiers": "a + c", "seed": 7, "method": self.method}
        usual["draws"] = CHAIN_DRAWS if self.method == NUTS else DRAWS
        if "std_error" not in self.keywords:
            usual["treatment"] = "d"
        return {key: value for key, value in (usual | self.keywords).items() if value is not None}

    def data(self) -> Any:
        """The table: a dict, or a data frame where a column needs one."""
        found = rows() | self.columns
        plain = all(isinstance(column, list) for column in found.values())
        return found if plain else pd.DataFrame(found)

    def takes(self, method: str) -> bool:
        """Whether the plan may name a method."""
        try:
            fw.make_plan(**self.asked | {"method": method})
        except fw.PlanError:
            return False
        return True


@cache
def _numbers() -> dict[str, np.ndarray]:
    """Treatment, modifiers and the like, rounded so that every machine has the same."""
    rng = np.random.default_rng(20)
    d, a, c = (rng.integers(0, k, ROWS) for k in (2, 3, 3))
    site, x = rng.integers(0, 5, ROWS), rng.uniform(0.5, 2, ROWS).round(3)
    z = rng.standard_normal(ROWS).round(3)
    place = 0.4 * z + d * (0.6 - 0.4 * a + 0.5 * (c == 1)) + 0.3 * rng.standard_normal(5)[site]
    latent = (place + 0.8 * rng.standard_normal(ROWS)).round(3)
    return {"d": d, "a": a, "c": c, "site": site, "x": x, "z": z, "latent": latent}


def rows() -> Columns:
    """What every case's table holds beside its outcome."""
    found = {name: column.tolist() for name, column in _numbers().items()}
    del found["latent"]
    return found | {"c": [("u", "v", "w")[i] for i in found["c"]], "y": latent().tolist()}


def latent() -> np.ndarray:
    """A number for each row from which outcomes of every kind are made."""
    return _numbers()["latent"]


def _codes() -> list[int]:
    return np.digitize(latent(), (-0.6, 0.2, 1.0)).tolist()


def _times() -> Columns:
    rng = np.random.default_rng(22)
    ended = (rng.random(ROWS) < 0.7).astype(int)
    return {"y": np.exp(latent()).round(3).tolist(), "ended": ended.tolist()}


def _counts() -> list[int]:
    return np.random.default_rng(23).poisson(2 * np.exp(0.4 * latent()).round(6)).tolist()


def _share() -> np.ndarray:
    return 1 / (1 + np.exp(-latent()))


# by a family's ``support``: the columns of such an outcome, and the keywords that it needs
OUTCOMES: dict[str, Callable[[], tuple[Columns, dict[str, Any]]]] = {
    "numeric": lambda: ({"y": latent().tolist()}, {}),
    "binary": lambda: ({"y": (latent() > 0.2).astype(int).tolist()}, {}),
    "ordered": lambda: ({"y": _codes()}, {}),
    "unordered": lambda: ({"y": [("bus", "car", "walk", "bike")[i] for i in _codes()]}, {}),
    "count": lambda: ({"y": _counts()}, {}),
    "successes": lambda: (
        {"y": np.floor(6 * _share()).astype(int).tolist(), "trials": [6, 7] * (ROWS // 2)},
        {"trials": "trials"},
    ),
    "positive": lambda: ({"y": np.exp(latent()).round(3).tolist()}, {}),
    "time": lambda: (_times(), {"event": "ended"}),
    "unit": lambda: ({"y": _share().round(3).tolist()}, {}),
    "closed unit": lambda: ({"y": np.clip(1.4 * _share() - 0.2, 0, 1).round(3).tolist()}, {}),
}


def of_family(family: str, **keywords: Any) -> Case:
    """A case of a family, its name and method still to come."""
    columns, needed = OUTCOMES[FAMILIES[family].support]()
    return Case("", FAST[0], {"family": family} | needed | keywords, columns)


def fastest(case: Case) -> str:
    """The first method that takes a case."""
    return next((method for method in FAST if case.takes(method)), NUTS)


def _named(case: Case, method: str, *parts: str, whole: bool = False) -> Case:
    return Case("-".join((*parts, method)), method, case.keywords, case.columns, whole)


def _families() -> Iterator[Case]:
    """Every family with every baseline, by the methods that take them, and with its links."""
    of_method: dict[str, str] = {}
    for family in FAMILIES:
        of_method.setdefault(fastest(of_family(family)), family)
    for family, row in FAMILIES.items():
        for baseline in BASELINES:
            case, first = of_family(family, baseline=baseline), baseline == BASELINES[0]
            for method in FAST:
                if case.takes(method):
                    yield _named(case, method, family, baseline, whole=first)
            if baseline == CHEAP or family in of_method.values():
                yield _named(case, NUTS, family, baseline, whole=baseline == CHEAP)
        for link in row.links[1:]:
            case = of_family(family, link=link)
            yield _named(case, fastest(case), family, link)


def _presets() -> Iterator[Case]:
    """Every preset, by every method that takes it."""
    for preset in PRESETS:
        case = Case("", FAST[0], {"preset": preset})
        for method in (*FAST, NUTS):
            if case.takes(method):
                yield _named(case, method, "preset", preset, whole=True)


_VALUES = {  # of a prior's parameters, by their names in ``DISTRIBUTIONS``
    **{"m": 0.1, "s": 1, "df": 4, "rate": 1.5, "shape": 2, "slab": 2, "mean": 0.4, "precision": 3},
}
_TAKERS: dict[str, tuple[str, dict[str, Any]]] = {  # a parameter for each kind of prior
    "coefficient": ("lambda", {}),
    "scale": ("sigma_theta", {}),
    "shrinkage": ("lambda", {}),
    "correlation": ("correlation", {"correlated": True}),
}


def _priors() -> Iterator[Case]:
    """Every distribution, as the prior of one parameter of each kind that it fits."""
    for name, row in DISTRIBUTIONS.items():
        inside = ", ".join(str(_VALUES[key]) for key, _ in row.parameters)
        for kind in row.fits:
            parameter, needed = _TAKERS[kind]
            text = f"{name}({inside})" if inside else name
            yield Case(f"prior-{name}-{parameter}", "", needed | {"priors": {parameter: text}})


def _choices() -> Iterator[Case]:
    """Every value of the keywords that have a few."""
    for spread in SPREADS:
        yield Case(f"spread-{spread}", "", {"spread": spread})
    for kind in WEIGHTS_KINDS:
        weights = [1, 2, 1, 3] * (ROWS // 4)
        keywords = {"weights": "w", "weights_kind": kind}
        yield Case(f"weights-{kind}", "", keywords, {"w": weights})
        case = of_family("bernoulli", **keywords)
        yield Case(f"weights-{kind}-bernoulli", "", case.keywords, case.columns | {"w": weights})
    for by in SIGMA_BY:
        yield Case(f"sigma-by-{by}", "", {"sigma_by": by})


def _made() -> Iterator[Case]:
    """Designs that no table lists."""
    n = _numbers()
    arms = [("none", "ad", "mail")[i] for i in (n["d"] + n["d"] * (n["site"] > 2)).tolist()]
    dose = (n["d"] * n["x"]).round(2).tolist()
    other = ((n["site"] + n["a"]) % 2).tolist()
    error = (0.2 + 0.1 * n["x"]).round(3).tolist()
    ordered = pd.Categorical.from_codes(_codes(), ["no", "rather not", "rather", "yes"], True)
    status = [("alive", "dead")[i] for i in _times()["ended"]]
    missing = [None if i % 13 == 5 else v for i, v in enumerate(n["z"].tolist())]
    binary, positive = OUTCOMES["binary"]()[0], OUTCOMES["positive"]()[0]
    counts = OUTCOMES["count"]()[0]
    yield Case("arms", NUTS, {}, {"d": arms})  # the data tell that there are three
    yield Case("arms-binary", NUTS, {"family": "bernoulli"}, {"d": arms} | binary)
    both = {"treatment": ["d", "e"]}
    yield Case("treatments", "", both, {"e": other})
    yield Case("treatments-own", "", {"treatment": {"d": "a", "e": "c"}, "modifiers": None,
                                      "family": "poisson"}, {"e": other} | counts)  # fmt: skip
    yield Case("treatments-of-categories", "", both | {"family": "categorical", "baseline": CHEAP},
               {"e": other} | OUTCOMES["unordered"]()[0])  # fmt: skip
    yield Case("clusters", "", {"clusters": "site"})
    yield Case("cluster-effects", "", {"clusters": "site", "cluster_effects": "site",
                                       "family": "bernoulli"}, binary)  # fmt: skip
    yield Case("correlated", "", {"correlated": True})
    yield Case("correlated-treatments", "", both | {"correlated": True}, {"e": other})
    yield Case("estimates", "", {"std_error": "error"}, {"error": error})
    yield Case("estimates", QUADRATURE, {"std_error": "error"}, {"error": error})
    yield Case("estimates-clusters", "", {"std_error": "error", "clusters": "site"},
               {"error": error})  # fmt: skip
    yield Case("dose", "", {"treatment_type": "dose"}, {"d": dose})
    yield Case("dose-binary", "", {"treatment_type": "dose", "family": "bernoulli"},
               {"d": dose} | binary)  # fmt: skip
    yield Case("exposure", "", {"family": "poisson", "exposure": "x"}, counts)
    yield Case("exposure-offset", "", {"family": "negative_binomial", "exposure": "x",
                                       "offset": "z"}, counts)  # fmt: skip
    yield Case("offset", "", {"family": "student", "offset": "z"})
    yield Case("event-level", "", {"family": "weibull", "event": {"status": "dead"}},
               {"y": _times()["y"], "status": status})  # fmt: skip
    yield Case("breaks", "", {"family": "piecewise_exponential", "event": "ended",
                              "breaks": [0.6, 1.5]}, _times())  # fmt: skip
    yield Case("ordered-frame", QUADRATURE, {}, {"y": ordered})
    yield Case("reference-category", "", {"reference_category": "car", "baseline": CHEAP},
               OUTCOMES["unordered"]()[0])  # fmt: skip
    words = {"y": [("b", "a")[i] for i in binary["y"]], "d": [("x", "t")[i] for i in n["d"]]}
    yield Case("success-reference", "", {"success": "a", "reference": "x"}, words)
    yield Case("controls-bins", "", {"modifiers": "x + c", "controls": "z + C(site)",
                                     "bins": {"x": 3}})  # fmt: skip
    yield Case("terms", "", {"modifiers": "a*c + center(x)", "groups": ["a", "c"],
                             "controls": "C(site) + bs(z, df=4)"})  # fmt: skip
    yield Case("groups-alone", "", {"modifiers": None, "groups": "site"})
    yield Case("missing", "", {"controls": "m", "level": 0.8}, {"m": missing})
    yield Case("priors-by-term", "", {"controls": "z", "priors": {
        "alpha": "student_t(4, 0, 2)", "beta": {"z": "normal(0, 0.5)"},
        "lambda": {"a": "normal(0, 0.2)", "Intercept": "normal(0, 2)"},
        "sigma": "exponential(1)", "sigma_b": "half_normal(0.4)"}})  # fmt: skip
    yield Case("percent-quadrature", QUADRATURE, {"family": "lognormal"}, positive)
    few = {"y": [int(a == 2 and d) for a, d in zip(n["a"], n["d"], strict=True)]}
    wide = dict.fromkeys(("alpha", "delta", "lambda"), "normal(0, 60)")
    yield Case("falls-back", "auto", {"family": "bernoulli", "priors": wide}, few)


def _special() -> Iterator[Case]:
    """Each special design by the fastest method that takes it, and by NUTS."""
    for case in (*_priors(), *_choices(), *_made()):
        settled = case.method != ""
        first = case.method if settled else fastest(case)
        for method in dict.fromkeys((first,) if settled else (first, NUTS)):
            yield _named(case, method, case.name, whole=method == first)


def _simulations() -> Iterator[Case]:
    """Simulations from the priors."""
    proper = {"alpha": "normal(0, 1)", "delta": "normal(0, 1)", "lambda": "normal(0, 0.5)"}
    for name, case in (
        ("bernoulli", of_family("bernoulli", priors=proper)),
        ("categorical", of_family("categorical", priors=proper)),
        (
            "treatments",
            Case("", "", {"treatment": ["d", "e"]}, {"e": _numbers()["d"][::-1].tolist()}),
        ),
    ):
        yield Case(f"prior-predictive-{name}", "auto", case.keywords, case.columns, prior=True)


def _all() -> dict[str, Case]:
    found: dict[str, Case] = {}
    for case in (*_families(), *_presets(), *_special(), *_simulations()):
        assert case.name not in found, case.name
        found[case.name] = case
    return found


CASES = _all()
