"""Files inside .gz and .zip: unpacked into a folder of their own, up to a limit."""

from __future__ import annotations

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from forwhom.errors import DataError, listing

MOST_BYTES = 16 * 2**30  # unpacked; a file of a few kilobytes can unpack to all of a disk
_CHUNK = 2**20
_HIDDEN = ("__MACOSX/", ".DS_Store", "/.")  # what macOS adds to a .zip


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The file itself, or what its .gz or .zip holds, for as long as the block runs.

    Raises:
        DataError: a damaged archive, one that holds no or several files, one that is protected by
            a password, or one that unpacks to more than ``MOST_BYTES``.
    """
    ending = path.suffix.lower()
    if ending not in (".gz", ".zip"):
        yield path
        return
    with TemporaryDirectory(prefix="forwhom-") as folder:
        try:
            yield_ = (
                _from_gz(path, Path(folder)) if ending == ".gz" else _from_zip(path, Path(folder))
            )
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, RuntimeError,
                NotImplementedError, zipfile.BadZipFile) as error:  # fmt: skip
            raise DataError(
                f"Cannot read {path.name}: it is damaged, or not what its ending says "
                f"({_words(error)}). Copy or download it again, or unpack it yourself."
            ) from error
        yield yield_


def inner_name(path: Path) -> str:
    """The name of the file that a .gz or .zip holds, else the path's own."""
    if path.suffix.lower() == ".gz":
        return path.name[: -len(".gz")]
    if path.suffix.lower() != ".zip":
        return path.name
    try:
        with zipfile.ZipFile(path) as archive:
            return Path(_only(archive, path.name).filename).name
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise DataError(
            f"Cannot read {path.name}: it is damaged, or no .zip file ({_words(error)}). Copy or "
            "download it again, or unpack it yourself."
        ) from error


def _from_gz(path: Path, folder: Path) -> Path:
    target = folder / inner_name(path)
    with gzip.open(path, "rb") as held:
        _copy(held, target, path.name)
    return target


def _from_zip(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        inside = _only(archive, path.name)
        target = folder / Path(inside.filename).name
        if inside.flag_bits & 1:
            raise DataError(f"{path.name} is protected by a password. Unpack it yourself.")
        if inside.file_size > MOST_BYTES:
            raise _too_large(path.name)
        with archive.open(inside) as held:
            _copy(held, target, path.name)
    return target


def _only(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    inside = [
        entry
        for entry in archive.infolist()
        if not entry.is_dir() and not any(part in "/" + entry.filename for part in _HIDDEN)
    ]
    if not inside:
        raise DataError(f"{name} holds no file.")
    if len(inside) > 1:
        names = listing([entry.filename for entry in inside], 6)
        raise DataError(
            f"{name} holds {len(inside)} files ({names}), and which one is meant is not guessed. "
            "Unpack it and give the path of one."
        )
    return inside[0]


def _copy(held: IO[bytes] | Any, target: Path, name: str) -> None:
    left = MOST_BYTES
    with target.open("wb") as out:
        while chunk := held.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise _too_large(name)
            out.write(chunk)


def _too_large(name: str) -> DataError:
    return DataError(
        f"{name} unpacks to more than {MOST_BYTES / 2**30:,.3g} GB, which is not what a data file "
        "does. If it is meant, unpack it yourself and give the path of the file inside."
    )


def _words(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
