"""The quadrature method: groups integrated out numerically, any family."""

from __future__ import annotations

from forwhom.methods.method import Method
from forwhom.methods.ties import tied

QUADRATURE = Method(
    name="quadrature",
    words="groups integrated out numerically; independent draws",
    needs="rows",
    refuses=tied,
)
