"""A folder of results: tables, figures, plan and draws, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forwhom.draw.figure import Figure, write_whole
from forwhom.draw.letters import shown
from forwhom.errors import OutputError, listing
from forwhom.output.place import Place, staged, take, turn
from forwhom.output.strangers import PLAN, listed, written_by_us

if TYPE_CHECKING:
    from forwhom.data import Tidy
    from forwhom.design import Groups

SUMMARY, DRAWS = "summary.txt", "fit.nc"
FIGURE_FORMATS = (".png", ".svg", ".html")

MANY_GROUPS = 8  # more groups than this are spread over facets
FACETS = ("column", "row", "color")
FACET_VALUES = range(2, 5)


@dataclass(frozen=True, slots=True)
class Results:
    """What a results folder holds; ``save`` writes the draws to a path."""

    plan: str
    summary: str
    tables: Mapping[str, Tidy]
    figures: Mapping[str, Figure]
    save: Callable[[Path], object]


@contextmanager
def claimed(out: str | os.PathLike[str]) -> Iterator[Place]:
    """Find out whether a results folder can be written, before anything long begins.

    Only a hidden folder is made, and removed again whatever happens; ``write_results`` puts what
    is in it into place.

    Raises:
        OutputError: the folder cannot be made, replaced or written, or holds files of the same
            names that are not results.
    """
    try:
        asked = Path(out).expanduser()
    except RuntimeError as error:  # ~somebody
        raise OutputError(f"cannot write results to '{out}': {error} Name the folder.") from None
    if not str(out):
        raise OutputError("cannot write results to '': name a folder, for instance 'results'.")
    with staged(asked) as place:
        if place.existed:
            with turn(place.base, place.asked):
                _check_strangers(place, (PLAN, SUMMARY, DRAWS))
        yield place


def write_results(
    place: Place, results: Results, progress: Callable[[str], None] = lambda stage: None
) -> tuple[Path, ...]:
    """Write every file into hiding, then make that the folder in one step; returns their paths.

    Files that an earlier run wrote go, whatever it wrote; files that forwhom did not write stay.

    Raises:
        OutputError: something cannot be written; the folder is then as it was.
    """
    names = _in_order(results)
    try:
        _write_all(place.new, results, names, progress)
        with turn(place.base, place.asked):
            _check_strangers(place, names)
            take(place)
    except OSError as error:
        raise OutputError(
            f"cannot write results to '{place.asked}': {error.strerror or error}. Name another "
            "folder."
        ) from None
    except OutputError as error:  # without the names of hidden places
        raise OutputError(str(error).replace(str(place.new), str(place.asked))) from None
    return tuple(place.asked / name for name in names)


def _write_all(
    new: Path, results: Results, names: Sequence[str], progress: Callable[[str], None]
) -> None:
    progress("Writing tables")
    write_whole(new / PLAN, _encoded(listed(results.plan, names)))
    write_whole(new / SUMMARY, _encoded(f"{shown(results.summary)}\n"))
    for name, table in results.tables.items():
        write_whole(new / f"{name}.csv", _encoded(table.to_csv()))
    progress("Drawing figures")
    for name, figure in results.figures.items():
        for kind in FIGURE_FORMATS:
            figure.save(new / f"{name}{kind}")
    progress("Writing the draws")
    results.save(new / DRAWS)


def _encoded(text: str) -> bytes:
    """UTF-8; half letters, as in names of files that are not UTF-8, become question marks."""
    return text.encode("utf-8", "replace")


def pick_facets(groups: Groups) -> dict[str, str | None]:
    """Which grouping columns make the columns, rows and colours of the figure of group effects.

    Up to eight groups fit one panel. Beyond that, grouping columns with two to four levels are
    taken in their order, and one column at least is left to name the groups.
    """
    fitting = [
        name
        for name, codes in zip(groups.columns, groups.values, strict=True)
        if len(set(codes.tolist())) in FACET_VALUES
    ]
    most = min(len(FACETS), len(groups.columns) - 1) if groups.count > MANY_GROUPS else 0
    chosen = dict(zip(FACETS, fitting[:most], strict=False))
    return {facet: chosen.get(facet) for facet in FACETS}


def _in_order(results: Results) -> tuple[str, ...]:
    figures = (f"{name}{kind}" for name in results.figures for kind in FIGURE_FORMATS)
    return (PLAN, SUMMARY, *(f"{name}.csv" for name in results.tables), *figures, DRAWS)


def _check_strangers(place: Place, names: Sequence[str]) -> None:
    """Earlier results may be replaced, anything else that has one of the names may not."""
    folder = place.folder
    ours = written_by_us(folder)
    if not place.existed and os.path.lexists(folder) and ours is None:
        raise OutputError(
            f"cannot write results to '{place.asked}': somebody else made that folder meanwhile. "
            "Name another folder."
        )
    found = [name for name in names if os.path.lexists(folder / name)]
    strange = [name for name in found if (folder / name).is_dir()]
    if not strange:
        # Results of versions that kept no list may be replaced whatever their names.
        strange = [name for name in found if ours is None or (ours and name not in ours)]
    if strange:
        raise OutputError(
            f"'{place.asked}' holds {listing(strange, 4)}, which forwhom did not write and will "
            "not replace. Name another folder."
        )
