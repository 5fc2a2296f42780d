"""What is asked: formulas, priors, presets and plan files. No data, no numerics."""

from __future__ import annotations

from forwhom.plan.formula import FUNCTIONS, INTERCEPT, Factor, Formula, Term, parse_formula
from forwhom.plan.make import make_plan
from forwhom.plan.methods import (
    beyond_collapse,
    beyond_normal,
    beyond_normal_levels,
    beyond_quadrature,
)
from forwhom.plan.parts import KEYS, PARTS, Part
from forwhom.plan.plan import Plan
from forwhom.plan.planfile import plan_from_toml, plan_to_toml, read_plan
from forwhom.plan.presets import PRESETS, Preset
from forwhom.plan.priors import DISTRIBUTIONS, Prior, parse_prior, parse_priors

__all__ = [
    "DISTRIBUTIONS",
    "FUNCTIONS",
    "INTERCEPT",
    "KEYS",
    "PARTS",
    "PRESETS",
    "Factor",
    "Formula",
    "Part",
    "Plan",
    "Preset",
    "Prior",
    "Term",
    "beyond_collapse",
    "beyond_normal",
    "beyond_normal_levels",
    "beyond_quadrature",
    "make_plan",
    "parse_formula",
    "parse_prior",
    "parse_priors",
    "plan_from_toml",
    "plan_to_toml",
    "read_plan",
]
