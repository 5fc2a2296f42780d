"""Standard output and error that may be closed, full, or stopped by a signal."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import TextIO

from forwhom.draw.letters import shown
from forwhom.errors import OutputError

GONE = (errno.EPIPE, errno.EINVAL)  # the reader left; the second on Windows
STOPS = ("SIGTERM", "SIGHUP")


class Streams:
    """What the command line knows of its surroundings.

    Attributes:
        closed: whether standard output was closed from the start.
        stopped: the number of the signal that stopped the run, or 0.
    """

    def __init__(self) -> None:
        self.closed = False
        self.stopped = 0

    def prepare(self) -> None:
        """Open what is closed on nothing, so that no file that is written takes its place.

        A request to stop becomes an interrupt, after which everything tidies up after itself.
        """
        for number in range(3):
            try:
                os.fstat(number)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        self.closed = sys.stdout is None
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:
                setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        for name in STOPS:
            stop = getattr(signal, name, None)
            if stop is not None and signal.getsignal(stop) is signal.SIG_DFL:
                with suppress(ValueError):  # not in the main thread
                    signal.signal(stop, self._stop)

    def say(self, text: str) -> None:
        """Print, also where the terminal's encoding lacks a letter; no letter commands it.

        Where the reader has left, as ``head`` does, one line on standard error says so.

        Raises:
            OutputError: it cannot be printed for another reason, such as a full disk.
        """
        try:
            print(_encodable(shown(text), sys.stdout), flush=True)
        except OSError as error:
            _print_to_nothing()
            if error.errno in GONE:
                complain("standard output was closed before everything was printed.")
                return
            raise OutputError(f"cannot print: {error.strerror or error}.") from None

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped = number
        raise KeyboardInterrupt


def complain(message: str) -> None:
    """One line on standard error, where there is one."""
    with suppress(OSError):
        print(_encodable(f"forwhom: {shown(message)}", sys.stderr), file=sys.stderr, flush=True)


def _encodable(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _print_to_nothing() -> None:
    """Whatever is still to be printed, at the end of the process too, goes nowhere."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
