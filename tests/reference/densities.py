"""Log likelihoods of rows and their slopes, one row at a time, compiled: fast, and not forwhom's.

Each function is (eta, y, trials, event, own) -> (value, pull, slopes): eta, y, trials, event (n,);
own: the family's parameters one after another; pull: (n,) slopes in eta; slopes: those in own. What
depends on the data alone is left out, as in ``forwhom.families``.
"""

from __future__ import annotations

from collections.abc import Callable
from math import erfc, exp, expm1, lgamma, log, log1p, pi, sqrt

import numpy as np
from numba import njit

Rows = tuple[float, np.ndarray, np.ndarray]

# far out a sampler meets 1 / 0: an infinity it turns back from, as in numpy, not an exception
compiled = njit(error_model="numpy")


@compiled
def digamma(x: float) -> float:
    """Recurrence up to 10, then the asymptotic series; x > 0."""
    out = 0.0
    while x < 10:
        out -= 1 / x
        x += 1
    r = 1 / x**2
    series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r / 132))))
    return out + log(x) - 0.5 / x - series


@compiled
def logistic(x: float) -> tuple[float, float]:
    """F and its density."""
    p = 1 / (1 + exp(-x))
    return p, p * (1 - p)


@compiled
def normal(x: float) -> tuple[float, float]:
    return 0.5 * erfc(-x / sqrt(2.0)), exp(-0.5 * x**2) / sqrt(2 * pi)


@compiled
def gaussian(eta, y, trials, event, own) -> Rows:
    sigma, pull, slopes, value = own[0], np.empty(len(y)), np.zeros(1), 0.0
    for i in range(len(y)):
        z = (y[i] - eta[i]) / sigma
        value += -0.5 * z**2 - log(sigma)
        pull[i] = z / sigma
        slopes[0] += (z**2 - 1) / sigma
    return value, pull, slopes


@compiled
def student(eta, y, trials, event, own) -> Rows:
    sigma, nu, pull, slopes, value = own[0], own[1], np.empty(len(y)), np.zeros(2), 0.0
    constant = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * log(nu * pi) - log(sigma)
    in_constant = 0.5 * (digamma((nu + 1) / 2) - digamma(nu / 2) - 1 / nu)
    for i in range(len(y)):
        z = (y[i] - eta[i]) / sigma
        tail, weight = log1p(z**2 / nu), (nu + 1) / (nu + z**2)
        value += constant - (nu + 1) / 2 * tail
        pull[i] = weight * z / sigma
        slopes[0] += (weight * z**2 - 1) / sigma
        slopes[1] += in_constant + 0.5 * (weight * z**2 / nu - tail)
    return value, pull, slopes


@compiled
def gamma(eta, y, trials, event, own) -> Rows:
    shape, pull, slopes, value = own[0], np.empty(len(y)), np.zeros(1), 0.0
    constant, in_constant = shape * log(shape) - lgamma(shape), log(shape) + 1 - digamma(shape)
    for i in range(len(y)):
        log_ratio = log(y[i]) - eta[i]
        ratio = exp(log_ratio)
        value += constant + shape * (log_ratio - ratio)
        pull[i] = shape * (ratio - 1)
        slopes[0] += in_constant + log_ratio - ratio
    return value, pull, slopes


@compiled
def binomial_logit(eta, y, trials, event, own) -> Rows:
    pull, value = np.empty(len(y)), 0.0
    for i in range(len(y)):
        e = exp(-abs(eta[i]))
        value += y[i] * eta[i] - trials[i] * (max(eta[i], 0.0) + log1p(e))
        pull[i] = y[i] - trials[i] * (1 / (1 + e) if eta[i] > 0 else e / (1 + e))
    return value, pull, np.zeros(0)


@compiled
def binomial_probit(eta, y, trials, event, own) -> Rows:
    pull, value = np.empty(len(y)), 0.0
    for i in range(len(y)):
        p, q = 0.5 * erfc(-eta[i] / sqrt(2.0)), 0.5 * erfc(eta[i] / sqrt(2.0))
        density = exp(-0.5 * eta[i] ** 2) / sqrt(2 * pi)
        left, pull[i] = trials[i] - y[i], 0.0
        if y[i] > 0:
            value += y[i] * log(p)
            pull[i] += y[i] * density / p
        if left > 0:
            value += left * log(q)
            pull[i] -= left * density / q
    return value, pull, np.zeros(0)


@compiled
def binomial_cloglog(eta, y, trials, event, own) -> Rows:
    pull, value = np.empty(len(y)), 0.0
    for i in range(len(y)):
        hazard = exp(eta[i])
        left = trials[i] - y[i]
        value -= left * hazard
        pull[i] = -left * hazard
        if y[i] > 0:
            p = -expm1(-hazard)
            value += y[i] * log(p)
            pull[i] += y[i] * hazard * exp(-hazard) / p
    return value, pull, np.zeros(0)


@compiled
def poisson(eta, y, trials, event, own) -> Rows:
    pull, value = np.empty(len(y)), 0.0
    for i in range(len(y)):
        mean = trials[i] * exp(eta[i])
        value += y[i] * eta[i] - mean
        pull[i] = y[i] - mean
    return value, pull, np.zeros(0)


@compiled
def negative_binomial(eta, y, trials, event, own) -> Rows:
    shape, pull, slopes, value = own[0], np.empty(len(y)), np.zeros(1), 0.0
    constant, in_constant = shape * log(shape) - lgamma(shape), log(shape) + 1 - digamma(shape)
    for i in range(len(y)):
        mean = exp(eta[i])
        total = mean + shape
        value += constant + lgamma(y[i] + shape) + y[i] * eta[i] - (y[i] + shape) * log(total)
        pull[i] = y[i] - (y[i] + shape) * mean / total
        slopes[0] += in_constant + digamma(y[i] + shape) - log(total) - (y[i] + shape) / total
    return value, pull, slopes


@compiled
def beta_logit(eta, y, trials, event, own) -> Rows:
    phi, pull, slopes, value = own[0], np.empty(len(y)), np.zeros(1), 0.0
    for i in range(len(y)):
        mean = 1 / (1 + exp(-eta[i]))
        a, b = mean * phi, (1 - mean) * phi
        value += lgamma(phi) - lgamma(a) - lgamma(b) + a * log(y[i]) + b * log1p(-y[i])
        in_a, in_b = log(y[i]) - digamma(a), log1p(-y[i]) - digamma(b)
        pull[i] = phi * (in_a - in_b) * mean * (1 - mean)
        slopes[0] += digamma(phi) + mean * in_a + (1 - mean) * in_b
    return value, pull, slopes


@compiled
def ordered_beta(eta, y, trials, event, own) -> Rows:
    cut, gap = own[1], own[2]
    pull, slopes, value = np.empty(len(y)), np.zeros(3), 0.0
    for i in range(len(y)):
        above, above_density = logistic(eta[i] - cut)
        top, top_density = logistic(eta[i] - cut - gap)
        # the probability of what is seen, and its slopes in the two probabilities
        p, in_above, in_top = above - top, 1.0, -1.0
        if y[i] == 0:
            p, in_above, in_top = 1 - above, -1.0, 0.0
        if y[i] == 1:
            p, in_above, in_top = top, 0.0, 1.0
        value += log(p)
        in_cut = -(in_above * above_density + in_top * top_density) / p
        pull[i] = -in_cut
        slopes[1] += in_cut
        slopes[2] -= in_top * top_density / p
        if 0 < y[i] < 1:
            one = np.array([i])
            share, share_pull, in_phi = beta_logit(eta[one], y[one], trials, event, own)
            value += share
            pull[i] += share_pull[0]
            slopes[0] += in_phi[0]
    return value, pull, slopes


@compiled
def exponential(eta, y, trials, event, own) -> Rows:
    pull, value = np.empty(len(y)), 0.0
    for i in range(len(y)):
        spent = y[i] * exp(-eta[i])
        value -= event[i] * eta[i] + spent
        pull[i] = spent - event[i]
    return value, pull, np.zeros(0)


@compiled
def weibull(eta, y, trials, event, own) -> Rows:
    shape, pull, slopes, value = own[0], np.empty(len(y)), np.zeros(1), 0.0
    for i in range(len(y)):
        log_ratio = log(y[i]) - eta[i] + lgamma(1 + 1 / shape)
        spent = exp(shape * log_ratio)
        value += event[i] * (log(shape) + shape * log_ratio) - spent
        pull[i] = shape * (spent - event[i])
        moved = log_ratio - digamma(1 + 1 / shape) / shape
        slopes[0] += event[i] / shape + (event[i] - spent) * moved
    return value, pull, slopes


def ordinal(cumulative: Callable[[float], tuple[float, float]]) -> Callable[..., Rows]:
    @compiled
    def density(eta, y, trials, event, own) -> Rows:
        thresholds = np.zeros(len(own) + 1)
        thresholds[1:] = np.cumsum(own)
        pull, in_thresholds, value = np.empty(len(y)), np.zeros(len(thresholds)), 0.0
        for i in range(len(y)):
            level = int(y[i])
            low, low_density, high, high_density = 1.0, 0.0, 0.0, 0.0
            if level > 0:
                low, low_density = cumulative(eta[i] - thresholds[level - 1])
            if level < len(thresholds):
                high, high_density = cumulative(eta[i] - thresholds[level])
            p = low - high
            value += log(p)
            pull[i] = (low_density - high_density) / p
            if level > 0:
                in_thresholds[level - 1] -= low_density / p
            if level < len(thresholds):
                in_thresholds[level] += high_density / p
        # a gap moves every threshold above it
        return value, pull, np.cumsum(in_thresholds[::-1])[::-1][1:]

    return density


DENSITIES: dict[tuple[str, str], Callable[..., Rows]] = {
    ("gaussian", "identity"): gaussian,
    ("student", "identity"): student,
    ("gamma", "log"): gamma,
    **{(name, "logit"): binomial_logit for name in ("bernoulli", "binomial")},
    **{(name, "probit"): binomial_probit for name in ("bernoulli", "binomial")},
    **{(name, "cloglog"): binomial_cloglog for name in ("bernoulli", "binomial")},
    ("ordinal", "logit"): ordinal(logistic),
    ("ordinal", "probit"): ordinal(normal),
    ("poisson", "log"): poisson,
    ("negative_binomial", "log"): negative_binomial,
    ("beta", "logit"): beta_logit,
    ("ordered_beta", "logit"): ordered_beta,
    ("exponential", "log"): exponential,
    ("weibull", "log"): weibull,
}
