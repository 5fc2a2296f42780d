"""What happens where a method's check fails: the next method, and at the end marks and a code."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import forwhom as fw
from forwhom.cli import app
from forwhom.methods import diagnostics
from forwhom.methods.nuts import sampler as nuts
from forwhom.plan.planfile import plan_to_toml

# the treated of half the groups always respond, nobody else does, and priors say next to nothing
WIDE = dict.fromkeys(("alpha", "delta", "lambda"), "normal(0, 25)")
WIDER = dict.fromkeys(WIDE, "normal(0, 60)")
ASKED = {"outcome": "y", "treatment": "d", "modifiers": "a", "family": "bernoulli", "bins": 6}


def separated() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    a, d = rng.integers(0, 6, 40).astype(float), rng.integers(0, 2, 40).astype(float)
    return {"y": d * (a > 3), "a": a, "d": d}


def leads_to_nuts(**asked: Any) -> None:
    """A fit whose importance weights fail their check is sampled by NUTS, passes, and says so."""
    said: list[str] = []
    alone = fw.fit(separated(), **ASKED, **asked, method="quadrature")
    assert not alone.passed
    fit = fw.fit(separated(), **ASKED, **asked, progress=said.append)
    found = fit.fitted.diagnostics
    assert found.method == "nuts"
    assert "the importance weights of method 'quadrature' failed their check" in found.why
    assert "Method quadrature failed its check; sampling by NUTS" in said
    assert fit.passed
    assert "importance weights of method 'quadrature'" in " ".join(str(fit).split())


@pytest.mark.slow  # posteriors on which weights fail are long ways for NUTS too
def test_importance_weights_that_fail_lead_to_nuts() -> None:
    leads_to_nuts(priors=WIDE)


def test_a_check_that_nothing_passes_leads_to_nuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnostics, "K_HAT_LIMIT", -np.inf)
    leads_to_nuts(draws=1000)


def test_where_nuts_fails_too_results_are_written_and_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nuts, "TUNE", 1)  # chains that never find their step size
    monkeypatch.setattr(nuts, "LONGER_TUNE", 1)
    file, out = tmp_path / "data.csv", tmp_path / "out"
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer, data = csv.writer(opened), separated()
        writer.writerow(data)
        writer.writerows(zip(*data.values(), strict=True))
    plan = fw.make_plan(data=str(file), **ASKED, priors=WIDER, draws=1000)
    (tmp_path / "plan.toml").write_text(plan_to_toml(plan))
    flags = [str(tmp_path / "plan.toml"), "--out", str(out), "--json"]
    result = CliRunner().invoke(app, ["fit", *flags], catch_exceptions=False)
    assert result.exit_code == 4
    assert "forwhom: the diagnostics failed: do not rely on the results" in result.stderr
    assert json.loads(result.stdout)["passed"] is False
    assert "The chains fail their check" in " ".join((out / "summary.txt").read_text().split())
    assert (out / "effects.csv").exists()
    assert not fw.load(out / "fit.nc").passed
