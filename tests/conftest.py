"""What every test run shares: one BLAS thread, and what becomes of tests of the paper's data."""

from __future__ import annotations

import os

# Before numpy is imported: the suite already has a process for each core, and two processes that
# split small matrices over both cores wait for one another most of the time.
for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

pytest_plugins = ["tests.paper_needed"]
