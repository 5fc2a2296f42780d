"""The flags of the command line: those of a plan, from its parts, and those beside them.

Tests: tests/plan/test_flags.py.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

from forwhom.plan import PARTS, Part

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA|PLAN.toml",
        help="A CSV, Excel, OpenDocument, Parquet, Feather, JSON Lines, Stata, SPSS or SAS file; "
        "or a plan file.",
    ),
]


def _facet(words: str) -> Any:
    return typer.Option(metavar="COLUMN", help=words, show_default=False)


Row = Annotated[str | None, _facet("Rows of the effects figure.")]
Column = Annotated[str | None, _facet("Columns of the effects figure.")]
Color = Annotated[str | None, _facet("Colours of the effects figure.")]
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


def with_parts(command: Callable[..., int]) -> Callable[..., int]:
    """The command with a flag for every part of a plan, as typer reads its signature.

    They come after its arguments and before its own flags, which are keyword-only, and reach it as
    ``**parts``: None, or an empty list, where they are not given.
    """
    own = signature(command, eval_str=True)
    before = [p for p in own.parameters.values() if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    after = [p for p in own.parameters.values() if p.kind is Parameter.KEYWORD_ONLY]
    flags = [_flag(part) for part in PARTS.values()]
    read_by_typer: Any = command
    read_by_typer.__signature__ = own.replace(parameters=[*before, *flags, *after])
    return command


def _flag(part: Part) -> Parameter:
    option = typer.Option(
        None, part.flag, metavar=part.metavar or None, help=part.help, show_default=False
    )
    kind: Any = bool if part.kind == "switch" else list[str] if part.repeatable else str
    keyword = Parameter.KEYWORD_ONLY
    return Parameter(part.name, keyword, default=option, annotation=kind | None)
