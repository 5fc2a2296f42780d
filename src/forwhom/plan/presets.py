"""Presets: published analyses by name. A new preset is one row in ``PRESETS``.

Tests: tests/plan/test_plan.py
"""

from __future__ import annotations

from dataclasses import dataclass

from forwhom.plan.priors import Prior


@dataclass(frozen=True, slots=True)
class Preset:
    """The ``baseline`` a preset fixes and the priors it proposes.

    The user's own priors go before these; parameters without either keep the default prior.
    """

    name: str
    words: str
    baseline: str
    priors: tuple[tuple[str, Prior], ...]

    def prior(self, key: str) -> Prior | None:
        """The preset's prior for a parameter, or ``None`` where it has none of its own."""
        return dict(self.priors).get(key)


PRESETS: dict[str, Preset] = {
    row.name: row
    for row in (
        Preset(
            name="alley2023",
            words="the paper's published program: one control group for all, its own theta "
            "varying around zero",
            baseline="shared",
            priors=(
                ("alpha", Prior("normal", (0.0, 1.0))),
                ("lambda", Prior("normal", (0.0, 0.5))),
                ("sigma_theta", Prior("half_normal", (0.5,))),
                ("sigma", Prior("flat")),
            ),
        ),
        Preset(
            name="alley2026",
            words="the author's later form: baselines and effects both varying by group",
            baseline="group",
            priors=(
                ("alpha", Prior("normal", (0.0, 1.0))),
                ("beta", Prior("normal", (0.0, 0.5))),
                ("delta", Prior("normal", (0.0, 0.5))),
                ("lambda", Prior("normal", (0.0, 0.5))),
                ("sigma_theta", Prior("half_normal", (1.0,))),
                ("sigma_b", Prior("half_normal", (1.0,))),
                ("sigma", Prior("half_normal", (1.0,))),
            ),
        ),
    )
}
