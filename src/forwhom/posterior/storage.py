"""A fit on disk: the ArviZ tree for others, and our own arrays to carry on exactly."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forwhom.cells import (
    Cells,
    EffectColumns,
    Layout,
    LikelihoodCells,
    Priors,
    ResolvedPrior,
    RowKinds,
)
from forwhom.data.keys import KeyType
from forwhom.design import Clusters, Design, Effect, Groups, Keys, MatrixRecipe
from forwhom.design.encode import Encoding
from forwhom.design.matrix import TermRecipe
from forwhom.design.outcome import OutcomeCoding
from forwhom.design.rows import Usage
from forwhom.design.treatment import TreatmentCoding
from forwhom.errors import DataError, OutputError
from forwhom.families import Outcome
from forwhom.inference import ChainCheck, Diagnostics, ExactDraws, JointDraws, LatentDraws
from forwhom.plan import Factor, Formula, Plan, Prior, Term
from forwhom.posterior.codec import Arrays, decode, encode
from forwhom.posterior.datatree import to_datatree
from forwhom.posterior.posterior import Posterior, views

FORMAT = 4
STATE = "forwhom"  # the group that holds our own arrays
CLASSES: Mapping[str, type] = {
    cls.__name__: cls
    for cls in (
        *(Plan, Formula, Term, Factor, Prior, Design, Groups, MatrixRecipe, TermRecipe, Encoding),
        *(Usage, TreatmentCoding, OutcomeCoding, Cells, Layout, LikelihoodCells, RowKinds, Outcome),
        *(Priors, ResolvedPrior, Diagnostics, ChainCheck, ExactDraws, LatentDraws, JointDraws),
        *(Clusters, Effect, EffectColumns, Keys, KeyType),
    )
}


def save(path: Path, posterior: Posterior, cells: Cells, attributes: Mapping[str, Any]) -> None:
    """Write NetCDF, whole or not at all.

    Args:
        path: the file; its folder must exist.
        posterior, cells: the fit.
        attributes: plan, fingerprint, versions and the like, as text and numbers.

    Raises:
        OutputError: the file cannot be written.
    """
    import xarray as xr

    arrays: Arrays = {}
    state = encode((posterior.design, cells, posterior.priors, posterior.shared), arrays)
    tree = to_datatree(views(posterior, cells), attributes)
    variables = {
        key: (tuple(f"{key}_{i}" for i in range(array.ndim)), array)
        for key, array in arrays.items()
    }
    tree[STATE] = xr.DataTree(
        xr.Dataset(variables, attrs={"format": FORMAT, "state": json.dumps(state)})
    )
    # Not tempfile, which would leave the file readable by its owner alone.
    name = str(path.parent / f".forwhom-{secrets.token_hex(6)}.nc")
    try:
        Path(name).touch(exist_ok=False)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}.") from None
    try:
        tree.to_netcdf(name, engine="h5netcdf")
        Path(name).replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}.") from None
    finally:
        Path(name).unlink(missing_ok=True)


def read(
    path: Path,
) -> tuple[Design, Cells, Priors, ExactDraws | LatentDraws | JointDraws, dict[str, Any]]:
    """What ``save`` wrote.

    Raises:
        DataError: not a file of ours, or of another version.
    """
    import xarray as xr

    if not path.exists():
        raise DataError(f"there is no file {path}.")
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            if STATE not in tree.children:
                raise DataError(f"{path} is not a saved fit of forwhom.")
            state = tree[STATE].to_dataset().load()
            attributes = {str(key): value for key, value in tree.attrs.items()}
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a saved fit: {error}.") from None
    if int(state.attrs.get("format", 0)) != FORMAT:
        raise DataError(f"{path} was written by another version of forwhom.")
    arrays = {str(name): values.to_numpy() for name, values in state.data_vars.items()}
    design, cells, priors, shared = decode(json.loads(state.attrs["state"]), arrays, CLASSES)
    return design, cells, priors, shared, attributes
