"""The flags of the command line: one per part of a plan, its kind, and its words for --help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from forwhom.plan import PRESETS
from forwhom.plan import plan as known
from forwhom.plan.family import NAMES
from forwhom.plan.treatments import TREATMENT_TYPES


def _flag(metavar: str, words: str, choices: Sequence[str] = (), default: object = None) -> Any:
    said = f"{words}: {', '.join(choices)}" if choices else words
    said += "." if default is None else f" [default: {default}]."
    return typer.Option(metavar=metavar, help=said, show_default=False)


Source = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA|PLAN.toml",
        help="A CSV, Excel, OpenDocument, Parquet, Feather, JSON Lines, Stata, SPSS or SAS file; "
        "or a plan file.",
    ),
]

# What is asked

Outcome = Annotated[str | None, _flag("COLUMN", "What is measured")]
Treatment = Annotated[
    list[str] | None,
    _flag(
        "COLUMN[=FORMULA]",
        "What is given: 0/1, true/false, texts (arms) or a dose. Repeatable: treatments share "
        '--modifiers, or each has its own, as in "ad=age*woman"',
    ),
]
Modifiers = Annotated[
    list[str] | None,
    _flag(
        "FORMULA",
        'What changes the effect, such as "age*woman + C(region)". Names with spaces go in '
        "back-quotes; or repeat the flag with one column name each, written as it is",
    ),
]
Controls = Annotated[
    list[str] | None, _flag("FORMULA", "Variables of the outcome equation alone, likewise")
]
Groups = Annotated[
    list[str] | None,
    _flag("COLUMN", "Columns that define the groups [default: the modifiers]; repeatable"),
]
Clusters = Annotated[
    list[str] | None,
    _flag("COLUMN", "Further groupings whose baselines vary, such as state or wave; repeatable"),
]
ClusterEffects = Annotated[
    list[str] | None,
    _flag("COLUMN", "Those clusters across which effects vary as well; repeatable"),
]
Correlated = Annotated[
    bool | None,
    typer.Option(
        "--correlated",
        help="Let a group's baseline and effects be correlated.",
        show_default=False,
    ),
]
Weights = Annotated[str | None, _flag("COLUMN", "A column of weights")]
WeightsKind = Annotated[
    str | None, _flag("KIND", "What the weights are", known.WEIGHTS_KINDS, known.WEIGHTS_KINDS[0])
]
Reference = Annotated[
    list[str] | None,
    _flag(
        "VALUE",
        "The level that the treatment's others are held against, where it is not 0 or false and "
        "no word such as control, placebo or none tells; of several treatments "
        '"ad=none", repeatable',
    ),
]
Success = Annotated[
    str | None,
    _flag(
        "VALUE",
        "The level of a two-level outcome that counts as 1 [default: the one that does not say "
        "absence, as No or None do]",
    ),
]
TreatmentType = Annotated[
    list[str] | None,
    _flag(
        "TYPE",
        'How to take the treatment (of several, "ad=dose", repeatable)',
        TREATMENT_TYPES,
        TREATMENT_TYPES[0],
    ),
]
Bins = Annotated[
    list[str] | None,
    _flag(
        "BINS",
        "How continuous modifiers are cut for grouping: a number of quantile bins (4), or per "
        "column, repeatable, a number (age=4) or cut points (age=20,40,60)",
        default=known.DEFAULT_BINS,
    ),
]

# The model

FamilyName = Annotated[
    str | None,
    _flag(
        "NAME",
        "The outcome's distribution; auto: bernoulli for two levels, ordinal for an ordered "
        "category, gaussian for numbers",
        NAMES,
        NAMES[0],
    ),
]
Link = Annotated[str | None, _flag("NAME", "Link function [default: the family's]")]
Trials = Annotated[str | None, _flag("COLUMN", "Numbers of trials (binomial)")]
Exposure = Annotated[str | None, _flag("COLUMN", "Time or size at risk behind a count")]
Offset = Annotated[str | None, _flag("COLUMN", "Added to the linear predictor")]
Event = Annotated[
    str | None,
    _flag(
        "COLUMN[=LEVEL]",
        "How a time ended: a column of 1 for the event and 0 for censored, or with the level that "
        "is the event, as in status=dead",
    ),
]
StdError = Annotated[
    str | None,
    _flag(
        "COLUMN",
        "Known standard errors of an outcome that is itself an estimated effect, as in a "
        "meta-analysis; there is no treatment then",
    ),
]
Breaks = Annotated[
    str | None,
    _flag(
        "BREAKS",
        "Where a piecewise exponential hazard may change: a number of intervals (4), or times "
        "(1,2.5,6; one alone: 3,)",
        default=known.DEFAULT_INTERVALS,
    ),
]
ReferenceCategory = Annotated[
    str | None,
    _flag("VALUE", "The outcome's category that the others are held against (categorical)"),
]
Baseline = Annotated[
    str | None,
    _flag("NAME", "What a group looks like untreated", known.BASELINES, known.BASELINES[0]),
]
PresetName = Annotated[str | None, _flag("NAME", "A published analysis", tuple(PRESETS))]
Spread = Annotated[
    str | None, _flag("NAME", "How group effects vary", known.SPREADS, known.SPREADS[0])
]
SigmaBy = Annotated[
    str | None,
    _flag("NAME", "What the residual sd differs by, if anything", known.SIGMA_BY),
]
Priors = Annotated[
    list[str] | None,
    _flag(
        "PRIOR",
        'Repeatable: "lambda=normal(0, 0.5)", or for one term "lambda[woman]=normal(0, 0.2)"',
    ),
]

# Computation, and what is written

Method = Annotated[str | None, _flag("NAME", "How to compute", known.METHODS, known.METHODS[0])]
Draws = Annotated[str | None, _flag("N", "Posterior draws", default=f"{known.DEFAULT_DRAWS:,}")]
Seed = Annotated[str | None, _flag("N", "Seed of the draws", default=known.DEFAULT_SEED)]
Level = Annotated[str | None, _flag("SHARE", "Level of the intervals", default=known.DEFAULT_LEVEL)]
Data = Annotated[str | None, _flag("FILE", "The data of a plan file, in place of those it names")]
Missing = Annotated[
    list[str] | None,
    _flag(
        "COLUMN=CODES",
        'Codes that stand for missing values, repeatable: "therm=999", "age=n/a,?"; "therm=" takes '
        "the column as it stands",
    ),
]
Encoding = Annotated[
    str | None,
    _flag("NAME", "Encoding of a text, Stata or SPSS file, such as cp1252 [default: found out]"),
]
Sheet = Annotated[
    str | None, _flag("SHEET", "Sheet of a workbook, by name or number from 1 [default: the first]")
]
Row = Annotated[str | None, _flag("COLUMN", "Rows of the effects figure")]
Column = Annotated[str | None, _flag("COLUMN", "Columns of the effects figure")]
Color = Annotated[str | None, _flag("COLUMN", "Colours of the effects figure")]
Out = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Write plan, summary, tables (CSV), figures (PNG, SVG, HTML) and draws there.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Check the model, too: predictive checks, leave-one-out, sensitivity to priors.",
    ),
]
PriorOnly = Annotated[
    bool, typer.Option("--prior-only", help="Print what the priors imply, and fit nothing.")
]
