"""Unusual names, levels and units, which must work from end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forwhom as fw

from .reference.ballot import DATA, codes, fit

ODD = ["age in years", "income (EUR)", "região", "年齢", "log(x)", "a + b", "`quoted`", "estimate"]


class TestNames:
    """Names and levels that are not ASCII identifiers work from end to end."""

    @pytest.mark.parametrize("name", ODD)
    def test_as_a_list(self, name: str, tmp_path: Path) -> None:
        levels = np.array(["São Paulo", "Łódź", "東京 (JP)"])[DATA["age"] % 3]
        data = {name: levels}
        found = fit(data, modifiers=[name, "woman"])
        plain = fit({"plain": levels}, modifiers=["plain", "woman"])
        shown = "estimate_" if name == "estimate" else name
        for table, reference in (
            (found.effects(), plain.effects()),
            (found.groups(), plain.groups()),
            (found.average(by=name), plain.average(by="plain")),
        ):
            got, expected = table.to_dict(), reference.to_dict()
            assert got.pop(shown) == expected.pop("plain")
            assert got == expected
        terms = found.modifiers().to_dict()["term"]
        assert terms == ["Intercept", f"{name}[Łódź]", f"{name}[東京 (JP)]", "woman"]
        assert f"{name}[東京 (JP)]" in str(found.modifiers())
        assert "東京 (JP)" in found.summary()
        assert set(found.posterior.constant_data) >= {name}
        again = fw.load(found.save(tmp_path / "fit.nc"))
        assert again.effects().to_dict() == found.effects().to_dict()
        (tmp_path / "plan.toml").write_text(found.plan_text(), encoding="utf-8")
        rerun = fw.fit(DATA | data, plan=tmp_path / "plan.toml")
        assert rerun.effects().to_dict() == found.effects().to_dict()

    def test_in_every_role(self) -> None:
        names = {
            "vote": "vote (0–10)",
            "letter": "got a letter?",
            "woman": "is woman",
            "age": "âge",
        }
        odd = pd.DataFrame(DATA).rename(columns=names)
        found = fit(
            odd, outcome="vote (0–10)", treatment="got a letter?", modifiers=["is woman"],
            controls=["âge"], groups=["region"], weights="weight",
        )  # fmt: skip
        plain = fit(
            pd.DataFrame(DATA), modifiers=["woman"], controls=["age"], groups=["region"],
            weights="weight",
        )  # fmt: skip
        ours, theirs = found.effects(), plain.effects()
        assert (ours["treatment"] == "got a letter?").all()
        pd.testing.assert_frame_equal(
            ours.drop(columns="treatment"), theirs.drop(columns="treatment")
        )

    def test_in_back_quotes(self) -> None:
        found = fit({"is woman": DATA["woman"]}, modifiers="`is woman` * region")
        assert "is woman:region[north]" in found.modifiers().to_dict()["term"]


class TestScale:
    @pytest.mark.parametrize("factor", [1e12, 1e-12])
    @pytest.mark.parametrize(
        "plan", [{}, {"baseline": "shared"}, {"controls": "age"}, {"baseline": "modifiers"}]
    )
    def test_outcomes_times_a_power_of_ten(self, factor: float, plan: dict[str, Any]) -> None:
        """Priors scale with the outcome, so that only rounding differs: 1e-6 of an sd."""
        found, scaled = fit(**plan), fit({"vote": factor * DATA["vote"]}, **plan)
        sd = DATA["vote"].std()
        for name in ("modifiers", "effects", "average", "parameters"):
            ours, theirs = getattr(scaled, name)().to_dict(), getattr(found, name)().to_dict()
            for column in ("estimate", "std_error", "conf_low", "conf_high"):
                np.testing.assert_allclose(
                    np.array(ours[column]) / (sd * factor), np.array(theirs[column]) / sd, atol=1e-6
                )
            assert ours["prob_positive"] == theirs["prob_positive"]
        assert codes(scaled) == codes(found)
