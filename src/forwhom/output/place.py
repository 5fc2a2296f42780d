"""The place of a results folder: claimed before the work, filled in hiding, taken in one step.

Beside the folder, on the same disk, a hidden stage holds what is written:

    .forwhom-<12 letters>/lock    held by the run as long as it lives; says which folder it is for
    .forwhom-<12 letters>/new     the folder to be; after the exchange, the folder that was
    .forwhom-<12 letters>/old     the folder that was, on disks that cannot exchange two folders
    .forwhom-<12 letters>/gone    what may be deleted

One exchange (``exchange``) makes the new folder the folder. A run that is killed before it leaves
the earlier folder as it was; one that is killed after it leaves the new one, whole. Its stage is
removed by the next run with results beside it, which finds that nobody holds the lock.

Tests: tests/output/test_folder.py.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forwhom.errors import OutputError
from forwhom.output.exchange import exchange
from forwhom.output.strangers import MOST_STRANGERS, carry, count_strangers, give_back

try:
    import fcntl
except ImportError:  # not on Windows: stages are then never taken for abandoned
    fcntl = None  # type: ignore[assignment]

STAGE = re.compile(r"\.forwhom-[0-9a-f]{12}")
LOCK, NEW, OLD, GONE = "lock", "new", "old", "gone"
PATIENCE = 60.0  # seconds that a run waits for another one to put its results in place
TRIES = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to write, found writable.

    Attributes:
        asked: the folder as the user named it.
        folder: the same as an absolute path, links followed.
        existed: whether there was such a folder.
        stage: a hidden folder on the same disk.
        inode: of the folder in which files wait.
    """

    asked: Path
    folder: Path
    existed: bool
    stage: Path
    inode: int

    @property
    def new(self) -> Path:
        """Where files wait."""
        return self.stage / NEW

    @property
    def base(self) -> Path:
        """The folder that the stage is in."""
        return self.stage.parent


@contextmanager
def staged(asked: Path) -> Iterator[Place]:
    """Find out whether a folder can be written, and make its stage; remove that whatever happens.

    Raises:
        OutputError: the folder cannot be made, replaced or written.
    """
    folder = _resolved(asked)
    existed = os.path.lexists(folder)
    if existed:
        with suppress(FileNotFoundError):  # another run is replacing it in two moves
            _check_replaceable(asked, folder)
    base = folder.parent
    while not os.path.lexists(base):
        base = base.parent
    if not base.is_dir():
        raise OutputError(
            f"cannot write results to '{asked}': '{base}' is not a folder. Name another folder."
        )
    sweep(base)
    held: tuple[Path, int] | None = None
    try:
        try:
            held = _make_stage(base)
            place = _place(asked, folder, existed, *held)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise OutputError(
                f"cannot write results to '{asked}': {_where(base, folder, existed)}{why}. "
                f"Name another folder{_inside(asked) if existed else ''}."
            ) from None
        yield place
    finally:
        if held is not None:
            with suppress(OSError, OutputError), turn(base, asked):
                _discard(held[0])
            os.close(held[1])


def take(place: Place) -> None:
    """Make what waits in ``place.new`` the folder, in one step.

    Files in the folder that an earlier run did not write are carried over. To be called in a
    ``turn``.

    Raises:
        OSError, OutputError: it cannot be done; the folder is then as it was.
    """
    if not os.path.lexists(place.folder):
        place.folder.parent.mkdir(parents=True, exist_ok=True)
        place.new.rename(place.folder)
        return
    _sweep_inside(place)
    carry(place.folder, place.new)
    _like(place.folder, place.new)
    if exchange(place.new, place.folder):
        return
    old = place.stage / OLD
    place.folder.rename(old)
    try:
        place.new.rename(place.folder)
    except BaseException:
        old.rename(place.folder)
        raise


def sweep(base: Path) -> None:
    """Remove the stages in a folder whose runs are dead, after taking from them what is not ours.

    Only stages of the same user; what cannot be removed is left for the next run.
    """
    if fcntl is None:
        return
    with suppress(OSError, OutputError), turn(base, base):
        for entry in list(os.scandir(base)):
            if STAGE.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                with suppress(OSError, ValueError):
                    _sweep_one(Path(entry.path))


def _sweep_one(stage: Path) -> None:
    if stage.lstat().st_uid != os.geteuid():
        return
    try:
        lock = os.open(stage / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        stage.rmdir()  # fails where anything is in it
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails where its run lives
        _discard(stage)
    finally:
        os.close(lock)


def _resolved(asked: Path) -> Path:
    """The folder as an absolute path with links followed."""
    try:
        path = Path(os.path.abspath(asked))  # noqa: PTH100 - as it is written: x/../y is y
        if os.path.lexists(path) and not path.is_dir():
            raise OutputError(
                f"cannot write results to '{asked}': '{path}' is not a folder. Name another folder."
            )
        return Path(os.path.realpath(path))
    except (OSError, ValueError) as error:  # the current folder is gone; a null byte in the path
        why = getattr(error, "strerror", None) or error
        raise OutputError(
            f"cannot write results to '{asked}': {why}. Name another folder."
        ) from None


def _check_replaceable(asked: Path, folder: Path) -> None:
    """A results folder is replaced whole: not one that people or programs stand in."""
    for where, words in (
        (Path.cwd(), "it is the folder that you are in, or one above it"),
        (Path(os.path.realpath(Path("~").expanduser())), "it is your home folder, or one above it"),
    ):
        if where.is_relative_to(folder):
            _refuse(asked, words)
    if os.path.ismount(folder):
        _refuse(asked, "a disk is mounted there")
    above = folder.parent.stat()
    if hasattr(os, "geteuid") and above.st_mode & stat.S_ISVTX:
        user = os.geteuid()
        if user not in (0, above.st_uid, folder.stat().st_uid):
            _refuse(asked, "it belongs to somebody else")
    if count_strangers(folder) > MOST_STRANGERS:
        _refuse(asked, f"it holds more than {MOST_STRANGERS:,} files that forwhom did not write")


def _refuse(asked: Path, words: str) -> None:
    raise OutputError(
        f"cannot write results to '{asked}': {words}, and a results folder is replaced whole. Name "
        f"another folder{_inside(asked)}."
    )


def _inside(asked: Path) -> str:
    return f", for instance '{asked / 'results'}'"


def _where(base: Path, folder: Path, existed: bool) -> str:
    if existed and not os.access(base, os.W_OK):
        return f"it is replaced whole, and the folder it is in, '{base}', cannot be written: "
    return ""


def _make_stage(base: Path) -> tuple[Path, int]:
    """A hidden folder and its lock, which the system lets go however the run ends."""
    how = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    for _ in range(TRIES):
        stage = base / f".forwhom-{secrets.token_hex(6)}"
        stage.mkdir(mode=0o700)
        try:
            lock = os.open(stage / LOCK, how, 0o600)
        except FileNotFoundError:  # another run swept it the moment it was made
            continue
        if _locked(lock) and os.path.lexists(stage / LOCK):
            return stage, lock
        os.close(lock)
    raise OutputError(f"cannot make a folder in '{base}': others remove it at once.")


def _locked(lock: int) -> bool:
    """Hold a lock; False where another run does. A disk without locks cannot say."""
    try:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _place(asked: Path, folder: Path, existed: bool, stage: Path, lock: int) -> Place:
    """Write down what the stage is for, and try the names of folders still to be made."""
    base = stage.parent
    new = stage / NEW
    new.mkdir()
    inode = new.stat().st_ino
    os.write(lock, json.dumps({"folder": str(folder), "new": inode}).encode())
    if not existed:
        (stage / GONE / folder.relative_to(base)).mkdir(parents=True)
        shutil.rmtree(stage / GONE)
    return Place(asked, folder, existed, stage, inode)


def _discard(stage: Path) -> None:
    """Remove a stage. What forwhom did not write goes back to the folder first."""
    found = _record(stage)
    if found is None:  # killed before anything was written
        with suppress(FileNotFoundError):
            (stage / NEW).rmdir()
        with suppress(FileNotFoundError):
            (stage / LOCK).unlink()
        stage.rmdir()
        return
    folder, inode = found
    new, old, gone = stage / NEW, stage / OLD, stage / GONE
    if os.path.lexists(old) and not os.path.lexists(folder):
        old.rename(folder)  # killed between the two moves
    exchanged = os.path.lexists(new) and new.stat().st_ino != inode
    earlier = new if exchanged else old
    if earlier.is_dir():
        if folder.is_dir():
            give_back(earlier, folder)
        shutil.rmtree(gone, ignore_errors=True)
        earlier.rename(gone)  # from here on it may be deleted by whoever comes
    for part in (gone, new, old):
        shutil.rmtree(part, ignore_errors=True)
    (stage / LOCK).unlink(missing_ok=True)
    shutil.rmtree(stage, ignore_errors=True)


def _record(stage: Path) -> tuple[Path, int] | None:
    """The folder that a stage is for, and the inode of its new one."""
    try:
        found: Any = json.loads((stage / LOCK).read_bytes())
        folder, inode = Path(found["folder"]), int(found["new"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (folder, inode) if folder.is_relative_to(stage.parent) else None


def _sweep_inside(place: Place) -> None:
    """A run that writes inside the folder would lose its stage."""
    for above, names, _ in os.walk(place.folder):
        if any(STAGE.fullmatch(name) for name in names):
            sweep(Path(above))
            if any(STAGE.fullmatch(path.name) for path in Path(above).iterdir()):
                raise OutputError(
                    f"cannot write results to '{place.asked}': another run is writing inside it, "
                    f"in '{above}'. Wait for it, or name another folder."
                )
        names[:] = [name for name in names if not STAGE.fullmatch(name)]


@contextmanager
def turn(base: Path, asked: Path) -> Iterator[None]:
    """Wait until no other run is putting its results in place in ``base``; the last one's stay.

    Raises:
        OutputError: it takes another run too long.
    """
    try:
        lock = None if fcntl is None else os.open(base, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # may be written but not read: no turns can be taken
        lock = None
    try:
        end = time.monotonic() + PATIENCE
        while lock is not None and not _locked(lock):
            if time.monotonic() > end:
                raise OutputError(
                    f"cannot write results to '{asked}': another run has been putting its own in "
                    f"place for {PATIENCE:.0f} seconds. Name another folder."
                )
            time.sleep(0.02)
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _like(folder: Path, new: Path) -> None:
    """Give the new folder the rights of the one it replaces."""
    found = folder.stat()
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(new, found.st_uid if os.geteuid() == 0 else -1, found.st_gid)
    shutil.copystat(folder, new)
    os.utime(new)
