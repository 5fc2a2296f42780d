"""One process: the paper's model in nutpie, through PyMC where installed, else by hand in numba.

Usage: nutpie_peer.py DATA.csv. Prints one line of JSON last.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import paper
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TERMS = (
    "treat_germrus",
    "w2_vote_hill",
    "invest_cond",
    "woman",
    "employ_dum",
    "college_educ",
    "polknowledge",
    "polint",
    "treat_germrus:w2_vote_hill",
)


def read(path: Path) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Outcome, the groups' rows of Z (the control group's all zero) and each row's group."""
    with path.open(encoding="utf-8") as file:
        names = file.readline().strip().split(",")
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    data = {name: table[:, i] for i, name in enumerate(names)}
    columns = [np.prod([data[name] for name in term.split(":")], axis=0) for term in TERMS]
    rows = np.column_stack([np.ones(len(table)), *columns])
    rows[data[paper.TREATMENT] == 0] = 0
    z, group = np.unique(rows, axis=0, return_inverse=True)
    return data[paper.OUTCOME], z, group.reshape(-1).astype(np.int64)


def through_pymc(y: FloatArray, z: FloatArray, group: NDArray[np.int64]) -> Any:
    """The model in PyMC, compiled for nutpie."""
    import nutpie
    import pymc as pm

    with pm.Model() as model:
        alpha = pm.Normal("alpha", 0, 1)
        lam = pm.Normal("lambda", 0, 0.5, shape=z.shape[1])
        sigma_theta = pm.HalfNormal("sigma_theta", 0.5)
        sigma = pm.HalfFlat("sigma")
        own = pm.Normal("own", 0, 1, shape=len(z))
        theta = pm.Deterministic("theta", pm.math.dot(z, lam) + sigma_theta * own)
        pm.Normal("y", alpha + theta[group], sigma, observed=y)
    return nutpie.compile_pymc_model(model)


def through_numba(y: FloatArray, z: FloatArray, group: NDArray[np.int64]) -> Any:
    """The same log density and its gradient written out, compiled by numba.

    The vector is alpha, lambda, log sigma_theta, log sigma, own (one per group).
    """
    import numba
    from nutpie.compiled_pyfunc import from_pyfunc

    groups, terms = z.shape
    size = 1 + terms + 2 + groups

    @numba.njit
    def density(x: FloatArray, gradient: FloatArray) -> float:
        alpha, lam, own = x[0], x[1 : 1 + terms], x[3 + terms :]
        tau, sigma = np.exp(x[1 + terms]), np.exp(x[2 + terms])
        theta = z @ lam + tau * own
        pull = np.zeros(groups)  # derivative with respect to theta
        squares = 0.0
        for i in range(len(y)):
            error = (y[i] - alpha - theta[group[i]]) / sigma
            squares += error * error
            pull[group[i]] += error / sigma
        gradient[0] = pull.sum() - alpha
        gradient[1 : 1 + terms] = pull @ z - lam / 0.25
        gradient[1 + terms] = tau * (pull @ own) - tau * tau / 0.25 + 1.0
        gradient[2 + terms] = squares - len(y) + 1.0
        gradient[3 + terms :] = tau * pull - own
        return (
            -0.5 * squares
            - len(y) * x[2 + terms]
            - 0.5 * alpha * alpha
            - 0.5 * (lam @ lam) / 0.25
            - 0.5 * tau * tau / 0.25
            - 0.5 * (own @ own)
            + x[1 + terms]
            + x[2 + terms]
        )

    density(np.zeros(size), np.empty(size))  # compiles

    def make_density() -> Callable[..., tuple[float, FloatArray]]:
        def call(x: FloatArray) -> tuple[float, FloatArray]:
            gradient = np.empty(size)
            return density(np.ascontiguousarray(x), gradient), gradient

        return call

    def make_expand(*_: Any) -> Callable[..., dict[str, FloatArray]]:
        def expand(x: FloatArray) -> dict[str, FloatArray]:
            lam = np.asarray(x[1 : 1 + terms])
            theta = z @ lam + np.exp(x[1 + terms]) * np.asarray(x[3 + terms :])
            return {"lambda": lam, "theta": theta}

        return expand

    return from_pyfunc(
        size,
        make_density,
        make_expand,
        [np.dtype("float64")] * 2,
        [(terms,), (groups,)],
        ["lambda", "theta"],
        make_initial_point_fn=lambda seed: np.random.default_rng(seed).uniform(-1, 1, size),
    )


def main() -> None:
    y, z, group = read(Path(sys.argv[1]))
    with_pymc = importlib.util.find_spec("pymc") is not None
    start = time.perf_counter()
    import nutpie

    if with_pymc:
        import pymc as _  # noqa: F401
    importing = time.perf_counter() - start
    start = time.perf_counter()
    compiled = (through_pymc if with_pymc else through_numba)(y, z, group)
    compiling = time.perf_counter() - start
    start = time.perf_counter()
    trace = nutpie.sample(
        compiled, draws=1_000, tune=1_000, chains=4, cores=2, seed=1, progress_bar=False
    )
    sampling = time.perf_counter() - start
    means = trace.posterior["lambda"].values.reshape(-1, z.shape[1]).mean(axis=0)
    result = {
        "via": "PyMC" if with_pymc else "a numba log density (PyMC is not installed)",
        "importing": importing,
        "compiling": compiling,
        "sampling": sampling,
        "divergences": int(trace.sample_stats["diverging"].values.sum()),
        "lambda": dict(zip(("Intercept", *TERMS), means.tolist(), strict=True)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
