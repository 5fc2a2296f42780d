"""A fit on disk: the ArviZ tree for others, and behind it our own arrays to carry on exactly."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from forwhom.cells import Cells, Priors
from forwhom.design import Design
from forwhom.errors import DataError, ForWhomError, OutputError
from forwhom.fitted.block import append_block, read_block
from forwhom.fitted.codec import Arrays, decode, encode
from forwhom.fitted.datatree import to_datatree
from forwhom.fitted.kinds import classes_in, is_of
from forwhom.fitted.posterior import Posterior, views
from forwhom.fitted.sizes import check_sizes
from forwhom.methods.exact.sampler import ExactDraws
from forwhom.methods.nuts.sampler import JointDraws
from forwhom.methods.quadrature.sampler import LatentDraws

Saved = tuple[Design, Cells, Priors, ExactDraws | LatentDraws | JointDraws]
NEEDED = ("engine", "source", "fingerprint")  # attributes that a fit is made of


def save(path: Path, posterior: Posterior, cells: Cells, attributes: Mapping[str, str]) -> None:
    """Write NetCDF and our own arrays behind it (``block``), whole or not at all.

    Args:
        path: the file; its folder must exist.
        posterior, cells: the fit.
        attributes: plan, fingerprint, versions and the like, as text.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: Arrays = {}
    state = encode((posterior.design, cells, posterior.priors, posterior.shared), arrays)
    text = {"state": state, "attributes": dict(attributes)}
    tree = to_datatree(views(posterior, cells), attributes)
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


def read(
    path: Path,
) -> tuple[Design, Cells, Priors, ExactDraws | LatentDraws | JointDraws, dict[str, str]]:
    """What ``save`` wrote.

    Raises:
        DataError: not a file of ours, of another version, or changed since it was written.
    """
    text, arrays = read_block(path)
    try:
        saved, attributes = _parts(text, arrays)
        check_sizes(*saved)
    except DataError as error:
        raise DataError(f"{path} cannot be read as a saved fit: {error}") from None
    except (ForWhomError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        # Classes check their parts when made; a file made by hand may give them anything.
        raise DataError(
            f"{path} cannot be read as a saved fit: its parts do not belong together."
        ) from None
    return *saved, attributes


def _parts(text: Mapping[str, Any], arrays: Arrays) -> tuple[Saved, dict[str, str]]:
    attributes = text.get("attributes")
    if not isinstance(attributes, dict) or not all(
        type(value) is str for value in attributes.values()
    ):
        raise DataError("its attributes are not texts.")
    if missing := [name for name in NEEDED if name not in attributes]:
        raise DataError(f"it does not say its {missing[0]}.")
    saved = decode(text.get("state"), arrays, classes_in(Saved))
    if not is_of(saved, Saved):
        raise DataError("it does not hold a design, cells, priors and draws.")
    return saved, attributes
