"""Freeze the numbers as they are now: make freeze. Say in the commit why they had to change."""

from __future__ import annotations

import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import scipy  # loads its BLAS, so that it is listed
import threadpoolctl

from tests.frozen.content import PATH, every, store

PACKAGES = ("numpy", "scipy", "nutpie", "arviz-stats")


def processor() -> str:
    """Its name, where the system tells."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def made_by() -> dict[str, str]:
    """Versions and machine, to read where numbers differ."""
    assert scipy.linalg
    blas = [
        f"{row['internal_api']} {row['version']} {row.get('architecture', '')}".strip()
        for row in threadpoolctl.threadpool_info()
        if row["user_api"] == "blas"
    ]
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "blas": ", ".join(dict.fromkeys(blas)),
    }


def main() -> None:
    """Make every case and write the file."""
    start = time.perf_counter()
    cases = dict(every())
    store(made_by(), cases)
    size = PATH.stat().st_size / 1000
    spent = time.perf_counter() - start
    sys.stdout.write(f"{len(cases)} cases in {spent:.0f} s, {size:.0f} kB in {PATH.name}\n")


if __name__ == "__main__":
    main()
