"""The contract of an answer: what a row of ``ANSWERS`` says, and how a fit is asked.

Tests: tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from forwhom.answers.labelling import labelled
from forwhom.answers.options import OPTIONS, SIZE, TELLING
from forwhom.answers.selection import select
from forwhom.answers.telling import Telling
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.errors import PlanError

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure


def refuses_none(workings: Workings) -> str:
    """No fit is refused."""
    return ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question that can be put to a fit: one row of ``ANSWERS``.

    Method of ``Fit``, command, file of a results folder and key of ``--json`` have its name.

    Attributes:
        name: of the question.
        words: first sentence of the method's docstring and of the command's help.
        options: names of ``OPTIONS``, in the order of the method's signature.
        table: (workings, \\*\\*options) to a table, the options checked; those of ``TELLING`` come
            as one ``telling``, where and weights as one ``selection``.
        figure: likewise to a figure, if there is one, with ``figure_options``; its size is for all.
        refuses: why a fit cannot answer, in words; empty where it can.
        when: in a results folder "always", or "checked": with ``--check``, or only where "asked".
        rows: whether it is put to single rows, which ``data`` gives where a fit keeps sums.
    """

    name: str
    words: str
    options: tuple[str, ...]
    table: Callable[..., Tidy]
    figure: Callable[..., Figure] | None = None
    figure_options: tuple[str, ...] = ()
    refuses: Callable[[Workings], str] = refuses_none
    when: Literal["always", "checked", "asked"] = "always"
    rows: bool = False

    def tell(self, workings: Workings, /, **given: Any) -> Tidy:
        """The table; options that are not given are as their rows say.

        Raises:
            PlanError: an option that is not well put, or the fit cannot answer.
        """
        if self.rows:
            workings = workings.with_rows(given.pop("data", None))
        self._check(workings)
        table = self.table(workings, **options_of(workings, self._own_options, given))
        return labelled(table, workings.design, workings.labels)

    def draw(self, workings: Workings, /, **given: Any) -> Figure:
        """The figure; options that are not given are as it says itself.

        Raises:
            PlanError: an option that is not well put, or the fit cannot answer.
        """
        if self.figure is None:
            raise PlanError(f"'{self.name}' is a table, and has no figure.")
        self._check(workings)
        names = [name for name in self.figure_options if name in given]
        width, height = check_all(workings, SIZE, given).values()
        return self.figure(workings, **check_all(workings, names, given)).sized(width, height)

    @property
    def draw_options(self) -> tuple[str, ...]:
        """Names of all options of the figure: its own, and the size of every figure."""
        return (*self.figure_options, *SIZE) if self.figure is not None else ()

    @property
    def _own_options(self) -> tuple[str, ...]:
        """Those that the table itself takes."""
        return tuple(name for name in self.options if name != "data" or not self.rows)

    def _check(self, workings: Workings) -> None:
        if why := self.refuses(workings):
            raise PlanError(why)


def check_all(workings: Workings, names: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Each option's value, checked."""
    return {name: OPTIONS[name].check(workings.fitted, given.get(name)) for name in names}


def options_of(
    workings: Workings, names: Sequence[str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The same; those on how draws are told and on groups come as one each."""
    fitted, values = workings.fitted, check_all(workings, names, given)
    if "interval" in values:
        values["telling"] = Telling(**{name: values.pop(name) for name in TELLING})
    if "where" in values:
        values["selection"] = select(fitted, values.pop("where"), values.pop("weights", None))
    return values
