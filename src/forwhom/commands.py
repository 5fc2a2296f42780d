"""A command for every answer: its table or figure from a saved fit or a results folder.

Tests: tests/answers/test_contract.py, tests/test_commands.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command

from forwhom.answers import ANSWERS, OPTIONS, Answer, Option
from forwhom.errors import DataError, OutputError, PlanError
from forwhom.output.flags import as_flags

SAVED = "fit.nc"
TABLES = (".csv",)
SHOWN_ROWS = 40

Say = Callable[[str], None]
_TYPES: dict[str, Any] = {
    "number": float,
    "pair": tuple[float, float],
    "switch": bool,
    "texts": list[str],
}

Source = Annotated[
    str,
    typer.Argument(metavar="RESULTS|FIT.nc", help="A folder that --out wrote, or a saved fit."),
]
Out = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write it there: .csv for the table, .png for a figure."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the rows as JSON and nothing else.")]


def question_commands(say: Say, warn: Say) -> dict[str, Any]:
    """One command for each answer, by name.

    Args:
        say: prints results; warn: says what a reader must know beside them.
    """
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    for answer in ANSWERS.values():
        app.command(answer.name, help=_help(answer))(_command(answer, say, warn))
    group: Any = get_command(app)
    return dict(group.commands)


def _help(answer: Answer) -> str:
    """The answer's words, without what only Python reads."""
    return answer.words.replace("``", "").replace(":meth:", "").replace("`", "")


def _command(answer: Answer, say: Say, warn: Say) -> Callable[..., int]:
    def command(source: str, out: str | None, as_json: bool, **given: Any) -> int:
        from forwhom.api import load_fit
        from forwhom.draw.text import format_sentences, format_table

        options = {key: value for key, value in given.items() if value not in (None, [], ())}
        kind = _kind(answer, out, options)
        fit = load_fit(_saved(source))
        if kind == "figure":
            assert out is not None
            say(f"Written: {fit.figure(answer.name, **options).save(out)}")
        else:
            table = fit.table(answer.name, **options)
            if out is not None:
                _write(out, table.to_csv())
                say(f"Written: {out}")
            elif as_json:
                from forwhom.output.record import rows_to_json

                say(rows_to_json(table))
            elif "text" in table.columns:
                say(as_flags(format_sentences(table)))
            else:
                say(as_flags(format_table(table, max_rows=SHOWN_ROWS)))
        if fit.passed:
            return 0
        warn("the diagnostics of this fit failed: do not rely on it (forwhom diagnostics tells).")
        return 4

    own = [
        Parameter("source", Parameter.POSITIONAL_OR_KEYWORD, annotation=Source),
        *(_flag(OPTIONS[name]) for name in _names(answer)),
        Parameter("out", Parameter.KEYWORD_ONLY, default=None, annotation=Out),
        Parameter("as_json", Parameter.KEYWORD_ONLY, default=False, annotation=Json),
    ]
    read_by_typer: Any = command
    read_by_typer.__signature__ = Signature(own)
    return command


def _names(answer: Answer) -> list[str]:
    """The answer's options that a command line can hold, those of the figure behind."""
    names = dict.fromkeys((*answer.options, *answer.draw_options))
    return [name for name in names if OPTIONS[name].kind != "mapping"]


def _flag(option: Option) -> Parameter:
    kind: Any = _TYPES.get(option.kind, str)
    words = (f"--{option.name}", f"--no-{option.name}") if option.kind == "switch" else ()
    name = "/".join(words) or f"--{option.name}"
    flag = typer.Option(
        None, name, metavar=option.metavar or None, help=option.words, show_default=False
    )
    return Parameter(option.name, Parameter.KEYWORD_ONLY, default=flag, annotation=kind | None)


def _kind(answer: Answer, out: str | None, options: dict[str, Any]) -> str:
    """Whether a table or a figure is asked for; which options are the other's is said."""
    from forwhom.draw.figure import FORMATS

    ending = "" if out is None else Path(out).suffix.lower()
    figure = answer.figure is not None and ending in FORMATS
    if out is not None and not figure and ending not in TABLES:
        formats = (*TABLES, *(FORMATS if answer.figure is not None else ()))
        raise OutputError(f"--out {out}: '{answer.name}' is written as {_or(formats)}.")
    mine = answer.draw_options if figure else answer.options
    for name in options:
        if name not in mine:
            other = "--out FILE.png" if not figure else "the table, without --out or as .csv"
            raise PlanError(f"--{name} is an option of {other}.")
    return "figure" if figure else "table"


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _saved(source: str) -> Path:
    """The saved fit that is named, or that of a results folder.

    Raises:
        DataError: neither.
    """
    path = Path(source)
    if path.is_dir():
        if not (path / SAVED).is_file():
            raise DataError(
                f"the folder '{source}' holds no {SAVED}, the fit that results are read from. Name "
                "a folder that 'forwhom fit ... --out' wrote, or a file that Fit.save() wrote."
            )
        return path / SAVED
    if path.suffix.lower() == ".toml":
        raise DataError(
            f"'{source}' is a plan, which has no draws yet. Run it first: forwhom fit {source} "
            "--out results; then name the folder 'results' here."
        )
    return path


def _write(out: str, text: str) -> None:
    from forwhom.draw.figure import write_whole

    write_whole(Path(out), text.encode("utf-8", "replace"))
