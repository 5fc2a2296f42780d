"""One BLAS thread at a time: our matrices are small and many, and we bring our own threads.

A BLAS library that splits each small product over every core spends more on waiting than on
arithmetic, the more so on a machine that others use too. The number of threads belongs to the
whole process, so fits in several threads share one limit: the first to enter sets it, the last to
leave puts back what the first one found.

Tests: tests/test_copies.py.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    # Looks through the loaded libraries once. BLAS alone: OpenMP counts threads by thread, so that
    # one thread cannot put back what another found.
    return ThreadpoolController().select(user_api="blas")


class _Shared:
    """The limit of this process: how many hold it, and what puts back the numbers before it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.holders = 0
        self.limit: Any = None

    def enter(self) -> None:
        with self.lock:
            if not self.holders:
                self.limit = _controller().limit(limits=1)
            self.holders += 1

    def leave(self) -> None:
        with self.lock:
            self.holders -= 1
            if not self.holders:
                limit, self.limit = self.limit, None
                limit.restore_original_limits()

    def forked(self) -> None:
        """In a forked child another thread's hold on the lock would never end."""
        self.lock = threading.Lock()


_shared = _Shared()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.forked)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """A context in which BLAS calls run on the thread that makes them.

    It may be entered by several threads at once and left in any order.
    """
    _shared.enter()
    try:
        yield
    finally:
        _shared.leave()
