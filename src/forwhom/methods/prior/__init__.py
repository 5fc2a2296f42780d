"""The prior as a method, to be asked what a fit can be asked; not offered to plans."""

from __future__ import annotations

from forwhom.methods.method import Method

PRIOR = Method(
    name="prior",
    words="the priors alone, before the data are believed",
    needs="rows",
)
