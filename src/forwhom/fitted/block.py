"""Arrays and a text behind the end of another file, sealed by a checksum over all of it.

A saved fit is a NetCDF file for others, followed by what forwhom itself reads:

    NetCDF | arrays, each from a multiple of 8 bytes | head (JSON) | size, start, length, SHA-256

Readers of NetCDF stop where its own head says that it ends. Reading ours needs no library: every
byte of the file is checked against the seal before one of them is believed, what the head declares
must fill the space between exactly, and no link or filter can be written down. So nothing is
allocated that the file does not hold, and nothing outside the file is looked at.

Tests: tests/fitted/test_storage.py.
"""

from __future__ import annotations

import hashlib
import json
import math
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import DataError

Arrays = dict[str, NDArray[Any]]

MARK = b"forwhom\x00fit\x00"
FORMAT = 8  # formats up to 3 kept our arrays inside the NetCDF file
READABLE = (4, 5, 6, 7, FORMAT)  # what ``formats`` knows
SEAL = struct.Struct("<12sIQQ32s")  # mark, format, start of the arrays, length of the head, SHA-256
DTYPES = ("<f8", "<f4", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1", "|b1")
ALIGN = 8
PIECE = 1 << 20  # bytes read at once
MOST_HEAD = 1 << 28  # bytes; a million groups with long names have 30 MB
MOST_DIMS = 8
MOST_ALONG = 1 << 40

_HDF5 = b"\x89HDF\r\n\x1a\n"


def append_block(path: Path, text: Mapping[str, Any], arrays: Arrays) -> None:
    """Write arrays, the text and the seal behind what the file holds already.

    Raises:
        OSError: the file cannot be written.
        TypeError: an array of a kind that is not stored.
    """
    with path.open("r+b") as file:
        start = file.seek(0, 2)
        start += _pad(file, start)
        declared = []
        for name, array in arrays.items():
            values = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            if values.dtype.str not in DTYPES:
                raise TypeError(f"cannot store numbers of kind {values.dtype}")
            declared.append([name, values.dtype.str, list(array.shape)])
            file.write(values.data if values.size else b"")
            _pad(file, values.nbytes)
        head = json.dumps({**text, "arrays": declared}, allow_nan=False).encode("ascii")
        if len(head) > MOST_HEAD:
            raise OSError(27, "its names and levels are more than a saved fit can hold")
        file.write(head)
        seal = SEAL.pack(MARK, FORMAT, start, len(head), bytes(32))[: -hashlib.sha256().digest_size]
        file.write(seal)
        file.flush()
        size = file.seek(0, 2)
        file.write(_digest(file, size))


def read_block(path: Path) -> tuple[dict[str, Any], Arrays]:
    """The text and the arrays that ``append_block`` wrote.

    Raises:
        DataError: no such file, not a saved fit, of another version, or changed since it was
            written.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise DataError(
                f"{path} is a folder. Name the saved fit in it; that of a results folder is "
                f"{path / 'fit.nc'}."
            )
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{path} is not a file.")
        with path.open("rb") as file:
            return _read(path, file)
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"there is no file {path}.") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read as a saved fit: {why}.") from None


def _read(path: Path, file: BinaryIO) -> tuple[dict[str, Any], Arrays]:
    size = file.seek(0, 2)
    file.seek(0)
    hdf5 = file.read(len(_HDF5)) == _HDF5
    file.seek(max(size - SEAL.size, 0))
    seal = file.read(SEAL.size)
    mark, version, start, length, digest = (
        SEAL.unpack(seal) if len(seal) == SEAL.size else (b"", 0, 0, 0, b"")
    )
    if mark != MARK:
        raise DataError(f"{path} cannot be read as a saved fit: {_unsealed(hdf5)}")
    if _digest(file, size - len(digest)) != digest:
        raise DataError(
            f"{path} is damaged: it is not what forwhom wrote. Take another copy of it, or run its "
            "plan again."
        )
    if version not in READABLE:
        newer = "a newer" if version > FORMAT else "another"
        raise DataError(
            f"{path} was written by {newer} version of forwhom (format {version}; this one reads "
            f"{FORMAT}). Read it with that version, or run its plan again."
        )
    end = size - SEAL.size - length
    if length > MOST_HEAD or not len(_HDF5) <= start <= end or start % ALIGN:
        raise DataError(f"{path} cannot be read as a saved fit: its parts have no place in it.")
    file.seek(end)
    try:
        text = json.loads(file.read(length).decode("ascii"))
        places = _places(text.pop("arrays"), start, end)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise DataError(
            f"{path} cannot be read as a saved fit: its parts are not described as forwhom does."
        ) from None
    return text, {name: _array(file, *place) for name, place in places.items()}


def _unsealed(hdf5: bool) -> str:
    """Why a file without a seal is none of ours, in words."""
    if not hdf5:
        return "it is not one. Fit.save() writes them, and results folders hold one as fit.nc."
    return (
        "it is a NetCDF or HDF5 file without what forwhom writes at its end. It was cut off, "
        "changed or copied by another program, or written by an earlier version of forwhom: run "
        "its plan again."
    )


def _places(declared: Any, start: int, end: int) -> dict[str, tuple[int, str, tuple[int, ...]]]:
    """Where each array begins, its kind and shape. Together they fill the space, to the byte."""
    found: dict[str, tuple[int, str, tuple[int, ...]]] = {}
    at = start
    for name, kind, shape in declared:
        plain = all(type(n) is int and 0 <= n < MOST_ALONG for n in shape)
        if type(name) is not str or name in found or kind not in DTYPES or not plain:
            raise ValueError(name)
        if len(shape) > MOST_DIMS:
            raise ValueError(name)
        found[name] = (at, kind, tuple(shape))
        size = math.prod(shape) * np.dtype(kind).itemsize
        at += size + -size % ALIGN
        if at > end:
            raise ValueError(name)
    if at != end:
        raise ValueError("bytes that belong to nothing")
    return found


def _array(file: BinaryIO, at: int, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    file.seek(at)
    values = np.fromfile(file, dtype=kind, count=math.prod(shape))
    return values.astype(values.dtype.newbyteorder("="), copy=False).reshape(shape)


def _pad(file: BinaryIO, size: int) -> int:
    """Zeros up to the next multiple of 8 bytes; returns how many."""
    return file.write(bytes(-size % ALIGN))


def _digest(file: BinaryIO, size: int) -> bytes:
    """SHA-256 of the first ``size`` bytes."""
    file.seek(0)
    found, left = hashlib.sha256(), size
    while left and (piece := file.read(min(PIECE, left))):
        found.update(piece)
        left -= len(piece)
    return found.digest()
