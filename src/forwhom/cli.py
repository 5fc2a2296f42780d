"""The command line: arguments to api to output. What takes long to import waits until needed."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from forwhom import __version__
from forwhom import options as flag
from forwhom.errors import DataError, ForWhomError, InferenceError, OutputError, PlanError
from forwhom.output.flags import as_flags
from forwhom.output.progress import Progress
from forwhom.output.streams import Streams, complain
from forwhom.plan import Plan, make_plan
from forwhom.plan.flags import check_facets, plan_from_file, plan_from_flags

if TYPE_CHECKING:
    from forwhom.data import Tidy
    from forwhom.result import Fit

SUCCESS, WRONG_USAGE, BAD_DATA, FAILED_DIAGNOSTICS, INTERRUPTED = 0, 2, 3, 4, 130
BY_SIGNAL = 128  # and its number: 143 for a request to stop
PRINTED = ("modifiers", "average", "effects", "priors")
SHOWN_ROWS = 40

_streams = Streams()
_say, _complain = _streams.say, complain


@functools.cache
def _questions() -> Mapping[str, Any]:
    """The commands of the questions."""
    from forwhom.commands import question_commands

    return question_commands(_say, _complain)


class _Commands(TyperGroup):
    """The commands; every error leaves as one line on stderr and an exit code.

    Those of the questions are made from the rows of ``ANSWERS``, once one of them is named or all
    are listed: to load them takes longer than to fit.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands written below, then a command for every question."""
        own = super().list_commands(ctx)
        return [*own, *(name for name in _questions() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by its name."""
        return super().get_command(ctx, cmd_name) or _questions().get(cmd_name)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, report, exit."""
        given = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in given
        try:
            code = super().main(
                args=given,
                prog_name=prog_name,
                complete_var=complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except ForWhomError as error:
            bad_data = isinstance(error, DataError | InferenceError)
            code = BAD_DATA if bad_data else WRONG_USAGE
            _report(type(error).__name__, str(error), code, as_json)
        except (KeyboardInterrupt, typer.Abort):
            code = INTERRUPTED
        except Exception as error:
            # Wrong flags: typer's own errors, whose classes are not public, write their message.
            if not hasattr(error, "format_message"):
                raise
            code = WRONG_USAGE
            from forwhom.plan.spellings import keyword_elsewhere

            said = error.format_message().rstrip(" .")
            found = keyword_elsewhere(str(getattr(error, "option_name", "")).lstrip("-"))
            words = f": {found.words}" if found else ""
            message = f"{said}{words}. See 'forwhom --help'."
            _report("UsageError", message, code, as_json)
        if code == INTERRUPTED:
            stopped = _streams.stopped
            code = BY_SIGNAL + stopped if stopped else code
            words = "stopped from outside." if stopped else "interrupted."
            _report("Interrupted", words, code, as_json)
        if standalone_mode:
            sys.exit(code or SUCCESS)
        return code


app = typer.Typer(
    cls=_Commands,
    help="For whom does a treatment work, and why?",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        # Flags may be written as the Python keywords are, with underscores.
        "token_normalize_func": lambda token: token.replace("_", "-"),
        "max_content_width": 100,
    },
)


def main() -> None:
    """Run the command line."""
    _streams.prepare()
    app()


@dataclass(frozen=True, slots=True)
class _Task:
    """What to run and how to show it; ``facets`` is empty where the figure picks its own."""

    plan: Plan
    out: str | None
    as_json: bool
    check: bool = False
    facets: Mapping[str, str] = field(default_factory=dict)


def _show_version(wanted: bool) -> None:
    if wanted:
        _say(f"forwhom {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        _say(ctx.get_help())


# Many parameters: typer reads a command's flags off its signature.
@app.command()
@flag.with_parts
def fit(
    source: flag.Source = None,
    *,
    out: flag.Out = None,
    row: flag.Row = None,
    column: flag.Column = None,
    color: flag.Color = None,
    check: flag.Check = False,
    prior_only: flag.PriorOnly = False,
    as_json: flag.Json = False,
    **parts: Any,
) -> int:
    """Estimate for whom a treatment works.

    Prints a summary and tables, or writes everything to a folder with --out.

    \b
      forwhom fit data.dta --outcome y --treatment t --modifiers "a*b + c"
      forwhom fit data.dta --outcome y --treatment t --modifiers "a*b + c" --out results
      forwhom fit results/plan.toml

    \b
    Exit codes: 0 done; 2 wrong usage; 3 bad data; 4 results made, but diagnostics failed.
    """
    data = parts.pop("data")
    asked = {key: value for key, value in parts.items() if value not in (None, (), [])}
    if source is not None and source.lower().endswith(".toml"):
        plan = plan_from_file(source, data, list(asked))
    else:
        plan = plan_from_flags(source, data, asked)
    places = {"row": row, "column": column, "color": color}
    facets = {place: name for place, name in places.items() if name is not None}
    check_facets(facets, plan, out)
    if prior_only:
        return _simulate(plan, out, as_json or check)
    return _run(_Task(plan, out, as_json, check, facets))


@app.command()
def demo(out: flag.Out = None, check: flag.Check = False, as_json: flag.Json = False) -> int:
    """Run the embedded example.

    A field experiment (Broockman 2013): do state legislators answer e-mails from people who
    cannot vote for them, and who does?
    """
    from forwhom import datasets
    from forwhom.output import demo_text

    example = datasets.DATASETS["black_politicians"]
    used = (example.outcome, example.treatment, *example.modifiers)
    # These two stand inside sentences: "The effect of ... on ...".
    phrases = {
        example.treatment: "an out-of-district e-mail",
        example.outcome: "an answer",
    }
    plan = make_plan(
        outcome=example.outcome,
        treatment=example.treatment,
        modifiers=list(example.modifiers),
        family=example.family,
        data=str(datasets.path("black_politicians")),
        labels={name: {**example.labels, **phrases}[name] for name in used},
        value_labels={name: example.value_labels[name] for name in used},
    )
    if not as_json:
        _say(demo_text.OPENING.format(title=example.title))
    code = _run(_Task(plan, out, as_json, check))
    if not as_json:
        _say(demo_text.CLOSING)
        if out is not None:
            _say(demo_text.FIGURES.format(modifiers=Path(out, "modifiers.png"), out=Path(out)))
    return code


def _run(task: _Task) -> int:
    """Fit, write if asked, print; returns the exit code."""
    if _streams.closed and task.out is None:
        raise OutputError(
            "standard output is closed, so that nothing can be printed. Leave it open, or write "
            "the results to a folder: --out results."
        )
    files: tuple[Path, ...] = ()
    with Progress() as progress:
        if task.out is None:
            claim: Any = nullcontext()
        else:
            from forwhom.output.folder import claimed

            claim = claimed(task.out)
        with claim as place:
            from forwhom.api import fit as run_fit

            result = run_fit(plan=task.plan, progress=progress)
            progress("Making tables")
            tables = result.tables()
            summary = as_flags(result.summary())
            left_out: tuple[str, ...] = ()
            if task.check:
                progress("Checking the model")
                checks, left_out = result.checks()
                tables |= checks
            if place is not None:
                files = _write(place, task, result, summary, tables, progress)
    if _streams.closed:
        _complain(f"standard output is closed; the summary is in {files[1]}.")
    if task.as_json:
        from forwhom.output.record import to_json

        question, notes = result.plan.keywords(), result.fitted.design.notes
        about = {
            "question": question,
            "source": result.source,
            "fingerprint": result.fingerprint,
        }
        _say(to_json(__version__, about, tables, notes, result.warnings, result.passed, files))
    else:
        _say("\n\n".join([summary, *_closing(task, tables, files)]))
    for reason in left_out:
        _complain(f"a check is left out: {reason}")
    if result.passed:
        return SUCCESS
    said = "written" if files else "printed"
    _complain(f"the diagnostics failed: do not rely on the results {said} (see Warnings).")
    return FAILED_DIAGNOSTICS


def _simulate(plan: Plan, out: str | None, more: bool) -> int:
    """Print what the priors imply."""
    if out is not None or more:
        raise PlanError(
            "--prior-only prints one text and fits nothing: leave out --out, --check and --json."
        )
    from forwhom.api import prior_predictive

    with Progress() as progress:
        progress("Simulating from the priors")
        found = str(prior_predictive(plan=plan, seed=plan.seed))
    _say(found)
    return SUCCESS


def _write(
    place: Any,
    task: _Task,
    result: Fit,
    summary: str,
    tables: Mapping[str, Tidy],
    progress: Progress,
) -> tuple[Path, ...]:
    from forwhom.output.folder import Results, pick_facets, write_results

    facets: Mapping[str, Any] = task.facets or pick_facets(result.fitted.design.groups)
    figures = result.figures(tables, **facets)
    results = Results(result.plan_text(), summary, tables, figures, result.save)
    return write_results(place, results, progress)


def _closing(task: _Task, tables: Mapping[str, Tidy], files: Sequence[Path]) -> list[str]:
    """What follows the summary: the files written, or the tables where there are none."""
    if files:
        first, *rest = files
        again = f"{first}  (to run it again: forwhom fit {first})"
        return ["\n".join(["Written:", *(f"  {line}" for line in (again, *rest))])]
    from forwhom.answers import ANSWERS
    from forwhom.draw.text import format_table

    printed = [*PRINTED, *(name for name in tables if ANSWERS[name].when == "checked")]
    shown = [as_flags(format_table(tables[name], max_rows=SHOWN_ROWS)) for name in printed]
    return [*shown, "To save tables, figures, plan and draws, add: --out results"]


def _report(kind: str, message: str, code: int, as_json: bool) -> None:
    _complain(message)
    if as_json:
        import json

        _say(json.dumps({"error": {"kind": kind, "message": message, "exit_code": code}}))
