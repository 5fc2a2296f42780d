"""A checksum of rows, by which a stored posterior knows the data it was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np


def checksum(rows: Mapping[str, np.ndarray]) -> str:
    """Of numbers to 8 digits, so that another machine's last bit does not matter, and of names."""

    def text(values: np.ndarray) -> str:
        words = values.tolist() if values.dtype.kind == "U" else [f"{v:.8g}" for v in values]
        return ",".join(words)

    columns = (f"{key}:{text(rows[key])}" for key in sorted(rows))
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()[:16]
