"""Files in a results folder that forwhom did not write: they are carried over, never deleted.

The plan in a results folder lists, in its head, the files that were written with it.

Tests: tests/output/test_folder.py.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

PLAN = "plan.toml"
MARK = "# fingerprint: "  # in the head of every plan that a fit wrote
FILES = "# files: "  # and what was written with it
HEAD = 20  # lines
LONGEST = 1 << 16  # bytes of such a line
MOST_STRANGERS = 10_000
OUR_KINDS = (".toml", ".txt", ".csv", ".png", ".svg", ".html", ".nc")


def listed(plan: str, names: Sequence[str]) -> str:
    """A plan's text with the files written beside it in its head.

    >>> listed("# fingerprint: 1\\noutcome = 'y'\\n", ["plan.toml"])
    '# fingerprint: 1\\n# files: ["plan.toml"]\\noutcome = \\'y\\'\\n'
    """
    lines = plan.splitlines(keepends=True)
    at = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "".join([*lines[:at], f"{FILES}{json.dumps(list(names))}\n", *lines[at:]])


def written_by_us(folder: Path) -> frozenset[str] | None:
    """Names of the files that a fit wrote into a folder; None where it holds no results.

    Results of versions that kept no list have an empty one.
    """
    marked, names = False, frozenset[str]()
    try:
        with (folder / PLAN).open("rb") as file:
            for line in (file.readline(LONGEST) for _ in range(HEAD)):
                marked |= line.startswith(MARK.encode())
                if line.startswith(FILES.encode()):
                    names = _names(line[len(FILES) :])
    except OSError:
        return None
    return names if marked else None


def _names(line: bytes) -> frozenset[str]:
    """Plain names of kinds that forwhom writes; a plan is a text that anybody can change."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return frozenset()
    if not isinstance(found, list):
        return frozenset()
    return frozenset(
        name
        for name in found
        if isinstance(name, str) and name == Path(name).name and name.endswith(OUR_KINDS)
    )


def count_strangers(folder: Path) -> int:
    """How many files and folders forwhom did not write; counting ends beyond the most."""
    count = -len(written_by_us(folder) or ())
    for _, folders, files in os.walk(folder):
        count += len(folders) + len(files)
        if count > MOST_STRANGERS:
            break
    return max(count, 0)


def carry(folder: Path, new: Path) -> None:
    """Put every file that forwhom did not write into the new folder too.

    A file is linked, so that it is one file under two names and what is written into it is in
    both; where the disk has no links it is copied.

    Raises:
        OSError: something can be neither linked nor copied.
    """
    ours = _ours(folder, new)
    for source, path in _walk(folder, ours):
        target = new / path
        if stat.S_ISDIR(source.lstat().st_mode):
            target.mkdir(exist_ok=True)
            shutil.copystat(source, target)
            continue
        try:
            os.link(source, target, follow_symlinks=False)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):
            kind = source.lstat().st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISLNK(kind)):
                raise
            shutil.copy2(source, target, follow_symlinks=False)


def give_back(earlier: Path, folder: Path) -> None:
    """Move to a folder what its earlier self has and it has not, ours apart.

    That is what was saved there while it was being replaced. Of two files of one name the later
    stays; can be done again after it was broken off.
    """
    for source, path in _walk(earlier, _ours(earlier, folder)):
        target, found = folder / path, source.lstat()
        try:
            there = target.lstat()
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISDIR(found.st_mode):
                target.mkdir()
                shutil.copystat(source, target)
            else:
                source.rename(target)
            continue
        files = stat.S_ISREG(found.st_mode) and stat.S_ISREG(there.st_mode)
        if files and found.st_mtime_ns > there.st_mtime_ns:  # linked files are one, of one time
            source.replace(target)


def _ours(earlier: Path, later: Path) -> frozenset[str]:
    """Names in the earlier folder that forwhom wrote; where it kept no list, those of the later."""
    names = written_by_us(earlier)
    if names is None:
        return frozenset()
    return names or (written_by_us(later) or frozenset())


def _walk(folder: Path, but: frozenset[str]) -> Iterator[tuple[Path, Path]]:
    """Everything in a folder with its path from there, folders before what is in them."""
    waiting = [Path()]
    while waiting:
        below = waiting.pop()
        for entry in sorted(os.scandir(folder / below), key=lambda entry: entry.name):
            if below == Path() and entry.name in but and not entry.is_dir(follow_symlinks=False):
                continue
            path = below / entry.name
            yield folder / path, path
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
