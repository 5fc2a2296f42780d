"""No function, list of parameters or file of the package grows long without a reason beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "forwhom"
FILES = sorted(SOURCE.rglob("*.py"))

LINES = 60
PARAMETERS = 7
FILE_LINES = 400


@dataclass(frozen=True)
class Function:
    """A function, where it stands, and the comments directly above it."""

    place: str
    lines: int
    parameters: int
    comments: tuple[str, ...]

    def excused(self, word: str) -> bool:
        """Whether a comment above gives a reason: ``# Long: <reason>``."""
        starts = [
            c.removeprefix(f"# {word}:").strip()
            for c in self.comments
            if c.startswith(f"# {word}:")
        ]
        return any(starts)


def functions(file: Path) -> Iterator[Function]:
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            yield Function(
                f"{file.relative_to(SOURCE)}:{node.lineno} {node.name}",
                (node.end_lineno or node.lineno) - node.lineno + 1,
                count_parameters(node),
                tuple(comments_above(lines, first)),
            )


def count_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """All that a caller can give, keyword-only ones too; ``self`` and ``cls`` are not given."""
    several = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    rest = [a for a in (node.args.vararg, node.args.kwarg) if a is not None]
    return len([a for a in [*several, *rest] if a.arg not in {"self", "cls"}])


def comments_above(lines: list[str], first: int) -> Iterator[str]:
    """The comment lines directly above line ``first`` (counted from 1), nearest first."""
    for line in reversed(lines[: first - 1]):
        if not line.strip().startswith("#"):
            return
        yield line.strip()


ALL = [function for file in FILES for function in functions(file)]


def test_no_function_is_long_without_a_reason() -> None:
    assert [(f.place, f.lines) for f in ALL if f.lines > LINES and not f.excused("Long")] == []


def test_no_function_has_many_parameters_without_a_reason() -> None:
    many = [f for f in ALL if f.parameters > PARAMETERS and not f.excused("Many parameters")]
    assert [(f.place, f.parameters) for f in many] == []


def test_a_reason_stands_only_where_it_is_needed() -> None:
    idle = [f.place for f in ALL if f.lines <= LINES and f.excused("Long")]
    idle += [f.place for f in ALL if f.parameters <= PARAMETERS and f.excused("Many parameters")]
    assert idle == []


def test_no_file_is_long() -> None:
    lengths = {
        str(f.relative_to(SOURCE)): len(f.read_text(encoding="utf-8").splitlines()) for f in FILES
    }
    assert {name: length for name, length in lengths.items() if length > FILE_LINES} == {}


def test_a_reason_is_a_sentence_after_the_word() -> None:
    lines = ["x = 1", "# Long: a public signature.", "def f(): ..."]
    assert Function("f", 99, 0, tuple(comments_above(lines, 3))).excused("Long")
    assert not Function("f", 99, 0, ("# Long:",)).excused("Long")
    assert not Function("f", 99, 0, ("# It is long: so it is.",)).excused("Long")
