"""A fit on disk: the ArviZ tree for others, and behind it our own arrays to carry on exactly."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Priors, Problem, RowCells, Sums
from forwhom.design import Design
from forwhom.errors import DataError, ForWhomError, OutputError
from forwhom.fitted.block import append_block, read_block
from forwhom.fitted.codec import Arrays, decode, encode
from forwhom.fitted.consistency import check_consistency
from forwhom.fitted.datatree import to_datatree
from forwhom.fitted.estimand import estimands_of
from forwhom.fitted.field_types import classes_in, is_of
from forwhom.fitted.fitted import Fitted
from forwhom.fitted.formats import upgrade
from forwhom.methods import METHODS, Diagnostics


@dataclass(frozen=True, slots=True)
class SavedDraws:
    """What a method needs to revive its draws: arrays by name, and their diagnostics."""

    names: tuple[str, ...]
    values: tuple[NDArray[np.float64], ...]
    diagnostics: Diagnostics


State = tuple[Design, Sums | RowCells, Priors, SavedDraws]
NEEDED = ("engine", "source", "fingerprint")  # attributes that a fit is made of


def save(path: Path, fitted: Fitted, attributes: Mapping[str, str]) -> None:
    """Write NetCDF and our own arrays behind it (``block``), whole or not at all.

    Args:
        path: the file; its folder must exist.
        fitted: the fit.
        attributes: plan, fingerprint, versions and the like, as text.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: Arrays = {}
    kept = fitted.draws.arrays()
    draws = SavedDraws(tuple(kept), tuple(kept.values()), fitted.diagnostics)
    state = encode((fitted.design, fitted.cells, fitted.priors, draws), arrays)
    text = {"state": state, "attributes": dict(attributes)}
    tree = to_datatree(estimands_of(fitted), attributes)
    # Not tempfile, which would leave the file readable by its owner alone.
    part = path.parent / f".forwhom-{secrets.token_hex(6)}.nc"
    try:
        part.touch(exist_ok=False)
        tree.to_netcdf(str(part), engine="h5netcdf")
        append_block(part, text, arrays)
        part.replace(path)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot write {path}: {why}.") from None
    finally:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


def read(path: Path) -> tuple[Fitted, dict[str, str]]:
    """What ``save`` wrote.

    Raises:
        DataError: not a file of ours, of another version, or changed since it was written.
    """
    text, arrays = read_block(path)
    try:
        (design, cells, priors, draws), attributes = _parts(text, arrays)
        problem = Problem(design, cells, priors)
        check_consistency(problem)
        method = METHODS.get(draws.diagnostics.method)
        if method is None:
            raise DataError(f"its method '{draws.diagnostics.method!s:.40}' is not known.")
        if cells.content != method.needs:
            raise DataError("its cells are not those of its method.")
        if draws.diagnostics.check is None and not method.direct(problem):
            raise DataError("its draws were not checked.")
        named = dict(zip(draws.names, draws.values, strict=True))
        return Fitted(problem, method.revive(problem, named, draws.diagnostics)), attributes
    except DataError as error:
        raise DataError(f"{path} cannot be read as a saved fit: {error}") from None
    except (ForWhomError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        # Classes check their parts when made; a file made by hand may give them anything.
        raise DataError(
            f"{path} cannot be read as a saved fit: its parts do not belong together."
        ) from None


def _parts(text: Mapping[str, Any], arrays: Arrays) -> tuple[State, dict[str, str]]:
    attributes = text.get("attributes")
    if not isinstance(attributes, dict) or not all(
        type(value) is str for value in attributes.values()
    ):
        raise DataError("its attributes are not texts.")
    if missing := [name for name in NEEDED if name not in attributes]:
        raise DataError(f"it does not say its {missing[0]}.")
    saved = decode(upgrade(text.get("state"), arrays), arrays, classes_in(State))
    if not is_of(saved, State):
        raise DataError("it does not hold a design, cells, priors and draws.")
    return saved, attributes
