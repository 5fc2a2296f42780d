"""Paths to tables: which reader a file's name asks for, and what is wrong with a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from forwhom.data.arrow import from_arrow, is_polars_categorical
from forwhom.data.duck import read_json_lines, read_parquet
from forwhom.data.encode import blanks_around, locate, no_rows
from forwhom.data.labelled import read_labelled
from forwhom.data.packed import inner_name, unpacked
from forwhom.data.source import How, Missing, Reading, Source
from forwhom.data.table import Column
from forwhom.data.textfile import read_delimited
from forwhom.errors import DataError, nearest

Reader = Callable[[Path, Sequence[str], How], Reading]


def read_feather(path: Path, request: Sequence[str], how: How) -> Reading:
    """Read columns of a Feather (Arrow IPC) file, checked in full before any value is used."""
    import pyarrow as pa

    name = how.name
    try:
        # Never by memory_map: a damaged file's offsets would point into nothing.
        with pa.OSFile(str(path)) as stream:
            schema = pa.ipc.open_file(stream).schema
            places = locate(schema.names, request, name)
            wanted = sorted(set(places))
            options = pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
            table = pa.ipc.open_file(stream, options=options).read_all()
            table.validate(full=True)
            if not table.num_rows:
                raise no_rows(name)
            columns = [_from_field(one, table, wanted.index(place), name)
                       for one, place in zip(request, places, strict=True)]  # fmt: skip
            return Reading(columns, Source(name), blanks_around(schema.names, request, name))
    except (OSError, ValueError, KeyError, TypeError, MemoryError, NotImplementedError,
            pa.ArrowException) as error:  # fmt: skip
        said = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        raise DataError(
            f"Cannot read {name}: it is damaged, cut short, or not what its ending says "
            f"({said}). Copy or write it again, or export the data as CSV or Parquet."
        ) from error


def _from_field(name: str, table: Any, place: int, where: str) -> Column:
    keep_order = not is_polars_categorical(table.schema.field(place))
    return from_arrow(name, table.column(place), where, keep_order)


def _sheet(path: Path, request: Sequence[str], how: How) -> Reading:
    from forwhom.data.sheets import read_sheet

    return read_sheet(path, request, how)


READERS: dict[str, Reader] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt", ".dat"), read_delimited),
    **dict.fromkeys((".jsonl", ".ndjson"), read_json_lines),
    ".parquet": read_parquet,
    **dict.fromkeys((".feather", ".arrow"), read_feather),
    **dict.fromkeys((".dta", ".sav", ".zsav", ".por", ".sas7bdat", ".xpt"), read_labelled),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), _sheet),
}
PACKED = (".gz", ".zip")

_R_FILES = (".rds", ".rdata", ".rda")


@contextmanager
def read_file(
    source: str,
    request: Sequence[str],
    missing: Missing,
    encoding: str | None = None,
    sheet: str | int | None = None,
) -> Iterator[Reading]:
    """Read the asked columns of a file (``~`` is the home folder), also from a .gz or .zip.

    Inside the block what was unpacked is still there, for the numbers of lines in messages. Raises
    DataError for a file that is missing, empty, of an unknown kind or unreadable.
    """
    _refuse_address(source)
    path = Path(source).expanduser()
    _known_ending(path.name)
    _check_path(path)
    reader = _reader(inner_name(path), path.name)
    _check_asked(reader, path.name, encoding, sheet)
    with ExitStack() as stack:
        held = stack.enter_context(unpacked(path))

        def scratch() -> Path:
            return Path(stack.enter_context(TemporaryDirectory(prefix="forwhom-")))

        if not held.stat().st_size:
            raise DataError(f"{path.name} is empty.")
        yield reader(held, request, How(path.name, scratch, missing, encoding, sheet))


def _refuse_address(source: str) -> None:
    scheme, found, rest = source.partition("://")
    if not found and source.partition(":/")[0].lower() in ("http", "https", "ftp", "s3", "gs"):
        scheme, found = source.partition(":/")[0], ":/"  # a Path drops the second slash
    if found and scheme.isalnum() and len(scheme) > 1:
        name = rest.rpartition("/")[2].partition("?")[0] or "data.csv"
        raise DataError(
            f"{source} is an address and forwhom reads files on this machine: nothing is fetched. "
            f"Download it and give its path, such as {name!r}."
        )


def _check_path(path: Path) -> None:
    try:
        there = path.exists()
    except (OSError, ValueError) as error:  # a name too long, a null byte
        raise DataError(f"Cannot read {path.name[:80]!r}: it is no name of a file.") from error
    if not there:
        folder = path.parent
        if not folder.is_dir():
            raise DataError(f"There is no file {path}: the folder {folder} does not exist.")
        beside = [other.name for other in folder.iterdir() if other.is_file()]
        raise DataError(f"There is no file {path}.{nearest(path.name, beside)}")
    if not path.is_file():
        raise DataError(f"{path} is a folder, not a file.")
    try:
        if not path.stat().st_size:
            raise DataError(f"{path.name} is empty.")
        path.open("rb").close()
    except OSError as error:
        raise DataError(
            f"Cannot read {path}: {error.strerror}. Check that you may read the file."
        ) from error


def _known_ending(name: str) -> None:
    """Refuse by name what no file of that name could be, before the file is looked for."""
    lower = name.lower()
    if lower.endswith(".zip"):
        return  # known by what it holds
    for ending in _R_FILES:
        if lower.endswith((ending, ending + ".gz")):
            read = f'x <- readRDS("{name}")' if ending == ".rds" else f'load("{name}")'
            stem = name[: lower.rindex(ending)]
            raise DataError(
                f"{name} holds objects of R, which forwhom does not read. In R: {read}; "
                f'write.csv(x, "{stem}.csv", row.names = FALSE), x being the data frame; or '
                f'arrow::write_parquet(x, "{stem}.parquet"), which keeps its types.'
            )
    _reader(name.removesuffix(".gz") if lower.endswith(".gz") else name, name)


def _reader(name: str, shown: str) -> Reader:
    ending = Path(name.lower()).suffix
    if ending in READERS:
        return READERS[ending]
    said = ending or "no ending"
    inside = "" if name == shown else f", in {shown}"
    raise DataError(
        f"Cannot tell what kind of file {name!r} is ({said}{inside}). Known endings: "
        f"{', '.join(READERS)}, each also inside {' or '.join(PACKED)}."
    )


def _check_asked(reader: Reader, name: str, encoding: str | None, sheet: str | int | None) -> None:
    if sheet is not None and reader is not _sheet:
        raise DataError(
            f"sheet= is for workbooks (.xlsx, .ods); {name} has no sheets. Leave it out."
        )
    if encoding is not None and reader not in (read_delimited, read_labelled):
        raise DataError(
            f"encoding= is for text, Stata, SPSS and SAS files; {name} says its own. Leave it out."
        )
