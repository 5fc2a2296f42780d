"""Two folders change places in one step, where the system can.

Tests: tests/output/test_folder.py.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2  # Linux
RENAME_SWAP = 2  # macOS
CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders on one disk; False where the system or the disk cannot.

    Raises:
        OSError: it could, and failed; both are where they were.
    """
    first, second = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            failed = library.renamex_np(first, second, ctypes.c_uint(RENAME_SWAP))
        else:
            at = ctypes.c_int(AT_FDCWD)
            failed = library.renameat2(at, first, at, second, ctypes.c_uint(RENAME_EXCHANGE))
    except (AttributeError, OSError, TypeError):  # no such function here
        return False
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))
