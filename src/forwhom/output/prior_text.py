"""The printed summary of a prior predictive simulation.

Tests: tests/test_cli.py.
"""

from __future__ import annotations

from dataclasses import replace

from forwhom.answers.words import joined
from forwhom.data import Tidy
from forwhom.draw.labels import Labels
from forwhom.draw.text import bullet, format_table, percent, wrapped
from forwhom.fitted import Estimand
from forwhom.output.summary import model_words
from forwhom.plan import INTERCEPT, Plan

UNLIKELY = 0.025  # of the simulated data sets
WIDE = 10.0  # times the observed spread


def format_prior(estimand: Estimand, outcome: Tidy, effects: Tidy, source: str) -> str:
    """Question, the two tables and how to read them.

    Args:
        estimand: draws from the priors; outcome, effects: their tables.
        source: name of the data.
    """
    design = estimand.design
    plan, draws = design.plan, estimand.fitted.count
    head = (
        f"Prior predictive simulation: {draws:,} draws of every parameter from its prior, and data "
        f"simulated for the {design.usage.n_used:,} rows of {source}. Nothing is fitted. "
        f"Model: {model_words(plan)}; seed {plan.seed}."
    )
    blocks = [
        wrapped(head),
        wrapped(
            f"What the priors say {Labels.of(design).word(plan.outcome)} may look like, "
            f"{percent(plan.level)} intervals:"
        ),
        _plain(outcome),
        wrapped(f"What they say of effects. {effects.notes[0]}"),
        _plain(effects),
        "\n".join(["How to read it", *(bullet(text) for text in _reading(outcome, plan))]),
    ]
    return "\n\n".join(blocks)


def _reading(outcome: Tidy, plan: Plan) -> list[str]:
    """What stands out, then what to do in general."""
    found, anywhere, wider = [], [], []
    for row in (outcome.row(i) for i in range(outcome.n_rows)):
        name, where, p = row["statistic"], row["where"], row["prob_above"]
        if name == "sd" and row["observed"] > 0:
            wider.append(row["implied"] / row["observed"])
        level = name == "mean" or name.startswith("share")
        if level and (p < UNLIKELY or p > 1 - UNLIKELY):
            side = "above" if p < 0.5 else "below"
            found.append(
                f"{name} ({where}): what was observed lies {side} what the priors hold likely. "
                "Priors and data pull apart; sensitivity() of the fit says what that does."
            )
        if level and row["conf_low"] < 0.01 and row["conf_high"] > 0.99 and name != "mean":
            anywhere.append(f"{name} ({where})")
    if anywhere:
        found.append(f"The priors leave {joined(anywhere)} anywhere between none and all.")
    if wider and max(wider) >= WIDE:
        found.append(
            f"Simulated outcomes are {max(wider):,.3g} times as spread out as those observed: "
            "priors this wide believe in effects and outcomes that nobody has seen."
        )
    tighter = '"normal(0, 0.5)"'
    if plan.ungrouped:
        tighter = f'{{"{INTERCEPT}": {tighter}}}'
    found.append(
        "Implied values should be wider than what you would be surprised by, and not absurd: "
        "effects larger than any ever seen, or outcomes that cannot occur, call for tighter priors "
        f'(priors={{"lambda": {tighter}}}); intervals too narrow for a real possibility, for '
        "wider ones. priors() lists them."
    )
    return found


def _plain(table: Tidy) -> str:
    """The table alone."""
    return format_table(replace(table, title="", level=None, notes=()))
