"""The posterior as an ``xarray.DataTree`` in the ArviZ schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from forwhom.posterior.posterior import Posterior

if TYPE_CHECKING:
    import xarray

MOST_VALUES = 25_000_000  # draws x groups beyond which theta is not written out (200 MB)


def to_datatree(posterior: Posterior, attributes: Mapping[str, Any]) -> xarray.DataTree:
    """Groups ``posterior``, ``sample_stats`` and ``constant_data``, dims (chain, draw, ...).

    The draws are independent, so there is one chain. Where draws times groups exceed 25 million,
    eta, theta and b are left out and the attribute ``groups_left_out`` says so.

    Args:
        posterior: the fit; attributes: written into the root and every group.
    """
    import xarray as xr

    design = posterior.design
    groups = design.groups
    names = design.lambda_names
    coords: dict[str, Any] = {
        "chain": [0],
        "draw": np.arange(len(posterior.alpha)),
        "treatment": [design.treatment.column],
        "modifier": list(names),
        "group": np.arange(1, groups.count + 1),
        "control": list(design.controls.names),
        "baseline_modifier": list(design.delta_names),
    }

    def shared(values: Any, *dims: str) -> tuple[tuple[str, ...], Any]:
        return ("chain", "draw", *dims), np.asarray(values)[None]

    variables: dict[str, Any] = {
        "alpha": shared(posterior.alpha),
        "lambda": shared(posterior.lambda_[:, None, :], "treatment", "modifier"),
    }
    for name, own in posterior.parameters:
        if own.shape[1] == 1:
            variables[name] = shared(own[:, 0])
        elif own.shape[1]:
            coords[f"{name}_index"] = np.arange(1, own.shape[1] + 1)
            variables[name] = shared(own, f"{name}_index")
    if design.controls.names:
        variables["beta"] = shared(posterior.beta, "control")
    if design.delta_names:
        variables["delta"] = shared(posterior.delta, "baseline_modifier")
    if posterior.sigma_b is not None:
        variables["sigma_b"] = shared(posterior.sigma_b)
    if posterior.sigma_theta is not None:
        variables["sigma_theta"] = shared(posterior.sigma_theta[:, None], "treatment")
    if groups.has_control_group:
        variables["theta_control"] = shared(posterior.local.control_theta())
    attributes = {"created_at": datetime.now(UTC).isoformat(), **attributes}
    if groups.count * len(posterior.alpha) <= MOST_VALUES:
        local = posterior.local
        variables["eta"] = shared(local.eta().T[:, None], "treatment", "group")
        variables["theta"] = shared(local.theta().T[:, None], "treatment", "group")
        if design.plan.baseline != "shared":
            variables["b"] = shared(local.baselines().T, "group")
    else:
        attributes["groups_left_out"] = "eta, theta and b are redrawn from the stored statistics"
    used = {dim for dims, _ in variables.values() for dim in dims}
    d = posterior.diagnostics
    stats = {"k_hat": d.k_hat, "effective_share": d.effective_share, "proposals": d.proposals}
    constant: dict[str, Any] = {
        "n_treated": ("group", groups.n_treated),
        "n_control": ("group", groups.n_control),
    }
    for j, name in enumerate(groups.columns):
        values = groups.column_values(j)
        name = name.replace("/", "_")  # a slash is a path to xarray
        constant[name if name not in ("group", *constant) else f"{name}_"] = (
            "group",
            np.asarray(values),
        )
    return xr.DataTree.from_dict(
        {
            "/": xr.Dataset(attrs=attributes),
            "/posterior": xr.Dataset(
                variables, {k: v for k, v in coords.items() if k in used}, attributes
            ),
            "/sample_stats": xr.Dataset(
                {key: ((), value) for key, value in stats.items()}, attrs=attributes
            ),
            "/constant_data": xr.Dataset(constant, {"group": coords["group"]}, attributes),
        }
    )
