"""The NUTS method: every parameter sampled together, any model."""

from __future__ import annotations

from forwhom.methods.method import Method

NUTS = Method(
    name="nuts",
    words="every parameter sampled together; Markov chains",
    needs="rows",
)
