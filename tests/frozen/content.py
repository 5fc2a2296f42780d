"""What a fit says, by its public interface, as plain numbers and texts that a file can hold."""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import forwhom as fw
from forwhom.data import Tidy
from tests.chains import short_chains
from tests.frozen.cases import CASES, NUTS, Case

PATH = Path(__file__).parent / "numbers.json.xz"
SCALES = ("link", "response", "percent", "categories")
FEWEST = 4.0  # effective draws that chains as short as these are taken to have
DIGITS = 13  # of a stored number

type Found = dict[str, Any]


def made(case: Case) -> Any:
    """The fit of a case, its chains short; or the simulation."""
    with short_chains(5, depth=2, CHAINS=2, KEEP_EVERY=2):
        if case.prior:
            return fw.prior_predictive(case.data(), **case.asked)
        return fw.fit(case.data(), **case.asked)


def told(case: Case, fit: Any) -> Found:
    """Arrays, tables and texts of a case, each by name; see ``array``, ``table``."""
    if case.prior:
        tables = {name: getattr(fit, name)() for name in ("outcome", "effects", "priors")}
        return {
            "arrays": {},
            "tables": _tables(tables),
            "texts": {"summary": _lines(fit.summary())},
        }
    tables, refused = _asked(case, fit)
    plan = [line for line in fit.plan_text().splitlines() if not line.startswith("#")]
    texts = {"summary": _lines(fit.summary()), "plan": plan, "refused": refused}
    return {"arrays": arrays(fit), "tables": _tables(tables), "texts": texts}


def method_of(fit: Any) -> str:
    """The method that ran."""
    return str(fit.tables()["diagnostics"].columns["method"][0])


def arrays(fit: Any) -> Found:
    """Every draw and every statistic of the sampler."""
    tree, found = fit.posterior, {}
    by_chains = method_of(fit) == NUTS
    for group in ("posterior", "sample_stats"):
        for name, variable in sorted(tree[group].data_vars.items()):
            values = np.asarray(variable.values, dtype=float)
            own = spread(values, by_chains) if "draw" in variable.dims else {}
            found[f"{group}.{name}"] = array(values) | own
    return found


def _asked(case: Case, fit: Any) -> tuple[dict[str, Any], list[str]]:
    """The tables, and the refusals of those that the case cannot have."""
    tables, refused = dict(fit.tables()), []

    def ask(name: str, question: Callable[[], Any]) -> None:
        try:
            tables[name] = question()
        except fw.PlanError as error:
            refused.append(f"{name}: {error}")

    for scale in SCALES:
        ask(f"effects {scale}", lambda scale=scale: fit.effects(scale=scale))
    if not case.whole:
        return tables, refused
    checks, reasons = fit.checks()
    tables |= {f"checks {name}": table for name, table in checks.items()}
    data = case.data()
    few = data.head(3) if hasattr(data, "head") else {key: data[key][:3] for key in data}
    for spread in (True, False):
        name = f"predict{'' if spread else ' without spread'}"
        ask(name, lambda spread=spread: fit.predict(few, level=0.9, spread=spread))
    for by in fit.plan.groups or fit.plan.modifiers.columns[:1]:
        ask(f"average {by}", lambda by=by: fit.average(by=by))
    for pointwise in ("loo", "waic"):
        ask(pointwise, lambda name=pointwise: getattr(fit, name)(pointwise=True))
    return tables, [*refused, *reasons]


def _lines(text: str) -> list[str]:
    return text.splitlines()


def _tables(tables: dict[str, Any]) -> Found:
    """Each table; of one that equals an earlier one, as on the default scale, that one's name."""
    found: Found = {}
    for name, shown in tables.items():
        content = table(shown)
        same = [other for other, known in found.items() if known == content]
        found[name] = {"same": same[0]} if same else content
    return found


def table(shown: Any) -> Found:
    """The columns with numbers as ``array`` has them, a digest of all; every text as it stands."""
    columns = dict(shown.columns) if isinstance(shown, Tidy) else shown.to_dict("list")
    numbers, texts = {}, {}
    for name, column in columns.items():
        cells = np.asarray(column).tolist()
        if all(cell is None or isinstance(cell, int | float) for cell in cells):
            numbers[name] = np.array(cells, dtype=float)  # None becomes NaN
        else:
            texts[name] = [repr(cell) for cell in cells]
    words: Found = {"columns": list(columns), "texts": texts}
    if isinstance(shown, Tidy):
        words |= {"title": shown.title, "level": shown.level, "notes": list(shown.notes)}
        words["headers"] = [list(pair) for pair in shown.headers.items()]
    few = {name: _few(values)[-2:] for name, values in numbers.items()}
    return {"digest": _digest(numbers.values()), "numbers": few, "words": words}


def array(values: np.ndarray) -> Found:
    """A digest of the bits, the shape, and a few numbers, see ``_few``."""
    return {"digest": _digest([values]), "shape": list(values.shape), "few": _few(values)}


def spread(values: np.ndarray, by_chains: bool = True) -> Found:
    """The sd and the effective number of draws, (chain, draw, ...) averaged over all but these."""
    flat = values.reshape(*values.shape[:2], -1)
    known = ~np.isnan(flat).any(axis=(0, 1))  # an effect's lambda has holes
    flat = np.where(known, flat, 0.0).sum(axis=2) / max(known.sum(), 1)
    effective = FEWEST if by_chains else flat.size / 2  # independent draws, some of them twice
    return {"sd": _short(float(flat.std())), "ess": _short(effective)}


def _few(values: np.ndarray) -> list[float | None]:
    """Root mean square, first and last value, mean, and a mean with weights that tell the order."""
    flat = values.astype(float).ravel()
    if not flat.size:
        return []
    finite = np.isfinite(flat)
    known = flat[finite]
    if not known.size:
        return [None] * 5
    weights = np.cos(np.arange(flat.size))[finite]
    root = np.sqrt(np.mean(known**2))
    found = (root, flat[0], flat[-1], known.mean(), np.mean(weights * known))
    return [_short(float(number)) for number in found]


def _short(number: float) -> float | None:
    return float(f"{number:.{DIGITS}g}") if np.isfinite(number) else None


def _digest(parts: Any) -> str:
    """Of shapes and bits; every NaN alike, and both zeros."""
    found = hashlib.sha256()
    for part in parts:
        values = np.where(np.isnan(part), np.nan, part + 0.0)
        found.update(f"{values.shape}".encode() + np.ascontiguousarray(values).tobytes())
    return found.hexdigest()[:20]


def stored() -> Found:
    """What the file holds: who made it, and each case by name."""
    return json.loads(lzma.decompress(PATH.read_bytes()))


def store(made_by: dict[str, str], cases: Found) -> None:
    """Write the file, the same bytes for the same numbers."""
    text = json.dumps({"made_by": made_by, "cases": cases}, separators=(",", ":"))
    PATH.write_bytes(lzma.compress(text.encode(), preset=9))


def every() -> Iterator[tuple[str, Found]]:
    """All cases, made now."""
    for name, case in CASES.items():
        yield name, told(case, made(case))
