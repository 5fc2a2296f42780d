"""The NUTS method: every parameter sampled together, in whitened coordinates (nutpie)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.diagnostics import ChainCheck, Diagnostics
from forwhom.methods.joint import JointPoints
from forwhom.methods.nuts.density import JointModel
from forwhom.methods.nuts.factor import correlation_factor
from forwhom.methods.nuts.prior_density import log_prior
from forwhom.methods.nuts.whitening import WhitenedModel, whiten
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]

CHAINS = 4
TUNE, LONGER_TUNE = 400, 1500
ACCEPT, HIGHER_ACCEPT = 0.85, 0.99
SHRINKING_ACCEPT = 0.95  # scales of single coefficients are funnels that no coordinates undo
FEW, FEW_ACCEPT = 10, 0.97  # levels that leave their sd all but unknown, near zero and far out
KEEP_EVERY = 3
LEAST_DRAWS, LEAST_SAMPLED = 250, 500  # a chain; of fewer, not each one sampled is kept
CHANCE = 1000  # levels for each whose R-hat may be high
JITTER = 0.3  # of a start, in posterior sds


def sample_nuts(
    model: JointModel, draws: int, seed: int, why: str, progress: Callable[[str], None]
) -> JointPoints:
    """Draw from the joint posterior; where the check fails, once more and longer.

    Then with smaller steps where transitions broke off, else with more draws for each that is kept.

    Args:
        model: the joint density.
        draws: D; a few more where it does not divide by the number of chains.
        seed: of the chains and their starts.
        why: why this method, in words.
        progress: called with a line of words now and then.
    """
    with one_blas_thread():
        whitened = whiten(model)
        usual = _usual_accept(model)
        found, check = _run(whitened, draws, seed, TUNE, usual, progress)
        if check.failures(len(found.coefficients)):
            if check.broken(len(found.coefficients)):
                tune, accept, keep, how = LONGER_TUNE, HIGHER_ACCEPT, 1, "smaller steps"
            else:
                tune, accept, keep = TUNE, usual, KEEP_EVERY
                how = f"{keep} draws for each that is kept"
            progress(f"The chains' check failed; sampling again with {how}")
            found, check = _run(whitened, draws, seed + 1, tune, accept, progress, keep=keep)
            why += f"; a first run failed its check and was repeated with {how}"
    diagnostics = Diagnostics("nuts", why, len(found.coefficients), check)
    return replace(found, diagnostics=diagnostics)


def _usual_accept(model: JointModel) -> float:
    if any(factor.levels < FEW for factor in model.factors):
        return FEW_ACCEPT
    return SHRINKING_ACCEPT if model.shrinkage else ACCEPT


def _run(
    whitened: WhitenedModel,
    draws: int,
    seed: int,
    tune: int,
    accept: float,
    progress: Callable[[str], None],
    keep: int = 1,
) -> tuple[JointPoints, ChainCheck]:
    """Draws, every ``keep``-th of what is sampled, and what they say of themselves."""
    import nutpie

    size = whitened.model.size
    each = max(ceil(draws / CHAINS), LEAST_DRAWS)
    keep = max(keep, ceil(LEAST_SAMPLED / each))

    def tell(chains: Any) -> None:
        done = sum(chain.finished_draws for chain in chains)
        total = sum(chain.total_draws for chain in chains)
        lost = sum(chain.divergences for chain in chains)
        progress(f"Sampling: {done / max(total, 1):.0%} of {total:,} steps, {lost} divergences")

    trace = nutpie.sample(
        _compile(whitened),
        draws=keep * each,
        tune=tune,
        chains=CHAINS,
        cores=1,  # the interpreter runs one chain at a time; two threads hold each other up
        seed=seed % 2**63,
        target_accept=accept,
        save_warmup=False,
        progress_bar=False,
        progress_callback=tell,
        progress_rate=500,
    )
    xi, stats = trace.posterior["xi"].to_numpy()[:, keep - 1 :: keep], trace.sample_stats
    diverging = stats["diverging"].to_numpy()  # of every transition, kept or not
    energy = stats["energy"].to_numpy()
    found = unpack(whitened.model, whitened.to_x(xi.reshape(-1, size)), CHAINS)
    every, of_level = _monitored(found)
    return found, check_chains(every, diverging, energy, tune, of_level)


def _compile(whitened: WhitenedModel) -> Any:
    """The density as the sampler takes it, in one vector ``xi``."""
    from nutpie.compiled_pyfunc import from_pyfunc

    size = whitened.model.size

    def start(chain_seed: int) -> FloatArray:
        # each chain its own stream: several may ask side by side
        return np.asarray(JITTER * np.random.default_rng(chain_seed).standard_normal(size))

    def log_density(xi: FloatArray) -> tuple[float, FloatArray]:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            value, gradient = whitened.log_density(np.asarray(xi))
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            return -np.inf, np.zeros(size)
        return value, gradient

    return from_pyfunc(
        size,
        lambda: log_density,
        lambda *_: lambda xi: {"xi": np.asarray(xi)},
        [np.dtype("float64")],
        [(size,)],
        ["xi"],
        make_initial_point_fn=start,
    )


def _monitored(draws: JointPoints) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Every parameter, (chains, draws, m), in the units of the data; which are a level's, (m,).

    Not the sampler's coordinates: where an sd may be zero they carry a sign without meaning.
    """
    parts = (
        *(*draws.levels, draws.coefficients, *draws.parameters, *draws.spreads, *draws.nu),
        *(*(r[..., np.tri(r.shape[-1], k=-1, dtype=bool)] for r in draws.correlation),),
        *(draws.residual, draws.residual_spread),
    )
    count = len(draws.coefficients)
    flat = np.concatenate([part.reshape(count, -1) for part in parts], axis=1)
    of_level = np.arange(flat.shape[1]) < sum(part[0].size for part in draws.levels)
    return flat.reshape(draws.chains, count // draws.chains, -1), of_level


def check_chains(
    draws: FloatArray,
    diverging: NDArray[np.bool_],
    energy: FloatArray,
    tune: int,
    of_level: NDArray[np.bool_],
) -> ChainCheck:
    """R-hat and effective sample sizes of every parameter (Vehtari et al. 2021), E-BFMI.

    Of thousands of levels the largest R-hats are chance: one in a thousand is left out.

    Args:
        draws: (chains, draws, n), those that are kept; diverging, energy: (chains, transitions);
            tune: steps before.
        of_level: (n,) which parameters are one level's own.
    """
    from arviz_stats.base import array_stats

    def each(name: str, **words: Any) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):  # of what never moves: no number
            found = getattr(array_stats, name)(draws, chain_axis=0, draw_axis=1, **words)
        return np.asarray(found)

    r_hat, levels = each("rhat"), int(of_level.sum())
    kept = np.sort(r_hat[of_level])[: levels - levels // CHANCE]
    moves = np.square(np.diff(energy, axis=1)).mean(axis=1)
    spread = energy.var(axis=1)
    # a chain that stands still has no energy to move by: the lowest value there is
    e_bfmi = np.where(spread > 0, moves / np.where(spread > 0, spread, 1.0), 0.0)
    return ChainCheck(
        chains=draws.shape[0],
        tune=tune,
        r_hat=float(np.concatenate([r_hat[~of_level], kept]).max()),
        ess_bulk=float(each("ess", method="bulk").min()),
        ess_tail=float(each("ess", method="tail", prob=(0.05, 0.95)).min()),
        divergences=int(diverging.sum()),
        e_bfmi=float(e_bfmi.min()),
        transitions=diverging.size if diverging.size > draws.shape[0] * draws.shape[1] else 0,
    )


def unpack(model: JointModel, x: FloatArray, chains: int) -> JointPoints:
    """Coordinates (D, n) to draws in the units of the data, their check still to come."""
    lp, count = model.predictors, len(x)
    parts = model.parts(x)
    n = len(model.shrinkage)
    sets = [part.reshape(count, lp, -1) for part in parts[3 : 3 + n]]
    phi, _ = model.coefficients_of(parts[0].reshape(count, lp, -1), sets, parts[1])
    own = model.family_parameters(parts[1])
    hypers = parts[3 + n : 3 + n + len(model.factors)]
    spreads, levels, nus, correlations = [], [], [], []
    for factor, hyper, w in zip(
        model.factors, hypers, parts[3 + n + len(model.factors) :], strict=True
    ):
        hyper = hyper.reshape(count, lp, -1)
        _, log_nu, partial = factor.split(hyper)
        u = factor.effects(hyper, w.reshape(count, lp, factor.columns, factor.levels))
        spreads.append(factor.spreads(hyper) * factor.units)
        levels.append(u * factor.units[:, None])
        nus.append(np.exp(log_nu))
        chol = (
            correlation_factor(partial, factor.columns)
            if factor.lkj
            else np.zeros((count, lp, 0, 0))
        )
        correlations.append(chol @ chol.swapaxes(-1, -2))
    residual = residual_spread = np.zeros((count, 0))
    if model.residual is not None and model.residual.spread is not None:
        residual = own[0] * model.units[0] * model.residual_factor(parts[2])
        residual_spread = np.exp(parts[2][:, :1])
    return JointPoints(
        coefficients=model.to_original(phi),
        factors=tuple(factor.name for factor in model.factors),
        parameters=tuple(values * unit for values, unit in zip(own, model.units, strict=True)),
        spreads=tuple(spreads),
        levels=tuple(levels),
        nu=tuple(nus),
        correlation=tuple(correlations),
        residual=residual,
        residual_spread=residual_spread,
        log_prior=log_prior(model, x),
        chains=chains,
        diagnostics=Diagnostics("nuts", "", count, None),
    )
