"""What is happening, on stderr, for work that takes more than two seconds."""

from __future__ import annotations

import sys
import threading
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.status import Status

PATIENCE = 2.0  # seconds
EVERY = 10.0  # seconds between lines about one stage


class Progress:
    """Call it with each stage as it begins; it speaks only if the work takes longer than that.

    A stage may be told again and again with how far it is, "Sampling: 20% ...": a terminal gets a
    spinner that follows, anything else a plain line per stage, and one of these now and then. Use
    it as a context manager.
    """

    def __init__(self, patience: float = PATIENCE, every: float = EVERY) -> None:
        self._stage = ""
        self._every, self._said, self._when = every, "", 0.0
        self._speaks = self._done = False
        self._status: Status | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(patience, self._speak)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __call__(self, stage: str) -> None:
        """Begin a stage."""
        with self._lock:
            self._stage = stage
            if self._speaks:
                self._say()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._done = True
            if self._status is not None:
                self._status.stop()
        self._timer.join()

    def _speak(self) -> None:
        """Runs once, in the timer's thread."""
        spins = sys.stderr.isatty()
        if spins:
            from rich.console import Console  # imported here: short runs never pay for it

            status = Console(stderr=True).status("", spinner="dots")
        with self._lock:
            if self._done:
                return
            self._speaks = True
            if spins:
                self._status = status
                status.start()
            if self._stage:
                self._say()

    def _say(self) -> None:
        if self._status is not None:
            self._status.update(f"{self._stage} ...")
            return
        what, now = self._stage.partition(":")[0], monotonic()
        if what != self._said or now - self._when >= self._every:
            self._said, self._when = what, now
            print(f"forwhom: {self._stage} ...", file=sys.stderr, flush=True)
