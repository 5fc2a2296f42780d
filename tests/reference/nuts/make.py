"""Make the stored posteriors of NUTS on the joint density by rows.

    python -m tests.reference.nuts.make [CASE ...]

Without names, every case of ``cases.CASES``; a name is a file's without ".json", or what several
begin with ("beta-"). A file holds, by quantity: mean, sd, and their Monte Carlo standard errors.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import arviz_stats
import numpy as np

from tests.reference.checksum import checksum
from tests.reference.joint_family import sample
from tests.reference.nuts.cases import CASES, Case, group_codes, joint_of

FOLDER = Path(__file__).parent
SEED = 8


def draw(case: Case, draws: int) -> tuple[dict[str, np.ndarray], int]:
    """Every scalar of the posterior by name, (chain, draw) each, and the divergent transitions.

    b is a group's baseline less its prediction, theta its effect.
    """
    data = case.data()
    joint = joint_of(case, data)
    start = case.row.start(float(joint.outcome.y.mean()), case.link)
    found, divergences = sample(joint, start, draws=draws, seed=SEED)
    phi, u, z = found["phi"], found["u"], group_codes(data)[0]
    kinds = ["alpha", *([] if case.baseline == "shared" else ["delta"] * 2), *["lambda"] * 3]
    place = [kinds[: j + 1].count(kind) for j, kind in enumerate(kinds)]
    out = {f"{kind}[{place[j]}]": phi[..., j] for j, kind in enumerate(kinds)}
    names = [
        f"{parameter.name}[{j + 1}]"
        for parameter, size in zip(case.row.parameters, joint.sizes, strict=True)
        for j in range(size)
    ]
    out |= {name: found["own"][..., j] for j, name in enumerate(names)}
    out["sigma_theta"] = found["tau"][..., -1]
    eta = phi[..., -3:] @ np.column_stack([np.ones(len(z)), z]).T
    out |= {f"theta[{g + 1}]": eta[..., g] + u[:, :, -1, g] for g in range(len(z))}
    if case.baseline == "group":
        out["sigma_b"] = found["tau"][..., 0]
        out |= {f"b[{g + 1}]": u[:, :, 0, g] for g in range(len(z))}
        # a baseline and an effect of one group lean on the same rows: their product must agree
        out["b*u"] = u[:, :, 0, 3] * u[:, :, 1, 3]
    return out, divergences


def reference(case: Case, draws: int) -> dict[str, Any]:
    """What a file holds."""
    began = time.perf_counter()
    sampled, divergences = draw(case, draws)
    seconds = time.perf_counter() - began
    rhat = max(float(arviz_stats.rhat(x)) for x in sampled.values())
    rows = {
        key: [
            float(f"{number:.6g}")
            for number in (
                x.mean(),
                x.std(),
                arviz_stats.mcse(x, method="mean"),
                arviz_stats.mcse(x, method="sd"),
            )
        ]
        for key, x in sampled.items()
    }
    made = {
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "nutpie": version("nutpie"),
        "numpy": version("numpy"),
        "seed": SEED,
        "chains": 4,
        "draws": draws,
        "seconds": round(seconds, 1),
        "rhat": round(rhat, 4),
        "divergences": divergences,
    }
    return {
        "made": made,
        "data": checksum(case.data()),
        "priors": case.priors(),
        "columns": ["mean", "sd", "mcse_mean", "mcse_sd"],
        "quantities": rows,
    }


def write(case: Case, folder: Path, draws: int) -> dict[str, Any]:
    found = reference(case, draws)
    if found["made"]["rhat"] > 1.01:
        raise SystemExit(f"{case.name}: R-hat {found['made']['rhat']}; nothing was written.")
    head = json.dumps({k: v for k, v in found.items() if k != "quantities"}, indent=1)[:-2]
    lines = ",\n".join(f'  "{key}": {json.dumps(row)}' for key, row in found["quantities"].items())
    (folder / f"{case.name}.json").write_text(f'{head},\n "quantities": {{\n{lines}\n }}\n}}\n')
    return found


if __name__ == "__main__":
    asked = sys.argv[1:] or [""]
    chosen = [case for case in CASES if any(case.name.startswith(name) for name in asked)]
    if not chosen:
        raise SystemExit(f"No case is called {' or '.join(asked)}.")
    for case in chosen:
        made = write(case, FOLDER, draws=3000)["made"]
        print(case.name, {k: made[k] for k in ("seconds", "rhat", "divergences")}, flush=True)
