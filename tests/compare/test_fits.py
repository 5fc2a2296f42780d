"""Comparison of fits against arviz-stats on the rows, and what cannot be compared."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import forwhom as fw
from forwhom.compare import stacking_weights
from tests.fitted.test_elpd import rows_by_hand
from tests.reference.nuts.cases import simulate


def data_of(name: str = "poisson") -> dict[str, np.ndarray]:
    data = simulate(name, "log", dose=False)
    data["x"] = np.random.default_rng(4).integers(0, 2, 150).astype(float)
    return data


def fit(data: object, modifiers: str = "a + m", **more: object) -> fw.Fit:
    given: dict[str, object] = {"family": "poisson", "bins": 12, "draws": 1000, "controls": "x"}
    return fw.fit(data, "y", "d", modifiers, **(given | more))


def by_arviz(values: dict[str, np.ndarray]):
    """arviz-stats on row-level log likelihoods."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz_stats
        from arviz_base import from_dict

        trees = {
            name: from_dict(
                {
                    "posterior": {"t": np.zeros((1, value.shape[1]))},
                    "log_likelihood": {"y": value.T[None]},
                    "observed_data": {"y": np.zeros(len(value))},
                }
            )
            for name, value in values.items()
        }
        return arviz_stats.compare(trees, round_to="none")


def test_families_on_the_same_cells_are_arvizs_comparison() -> None:
    data = data_of("negative_binomial")
    fits = {"poisson": fit(data), "nb": fit(data, family="negative_binomial")}
    table = fw.compare_fits(fits)
    theirs = by_arviz({name: rows_by_hand(data, one) for name, one in fits.items()})
    assert list(table.columns["fit"]) == ["nb", "poisson"] == list(theirs.index)
    for i, name in enumerate(theirs.index):
        row = table.row(i)
        assert row["elpd"] == pytest.approx(theirs.loc[name, "elpd"], abs=1e-8)
        assert row["elpd_diff"] == pytest.approx(theirs.loc[name, "elpd_diff"], abs=1e-8)
        assert row["diff_error"] == pytest.approx(theirs.loc[name, "dse"], abs=1e-8)
        assert row["weight"] == pytest.approx(theirs.loc[name, "weight"], abs=1e-3)
    assert "150 rows" in str(table)
    waic = fw.compare_fits(fits, method="waic")
    assert waic.row(0)["elpd"] == pytest.approx(fits["nb"].waic().row(0)["elpd"])


@pytest.mark.parametrize("family", ["poisson", "negative_binomial", "bernoulli", "weibull"])
def test_rows_are_paired_through_the_data(family: str, tmp_path) -> None:
    """Other modifiers make other cells; with the data, rows pair as written out here."""
    name = "poisson" if family == "negative_binomial" else family
    data = simulate(name, "logit" if family == "bernoulli" else "log", dose=False)
    data["x"] = np.random.default_rng(4).integers(0, 2, 150).astype(float)
    event = {"event": "event"} if "event" in data else {}
    one = fit(data, family=family, **event)
    two = fit(data, "m", family=family, controls=None, **event)
    with pytest.raises(fw.PlanError, match=r"different cells.*give data="):
        fw.compare_fits({"one": one, "two": two})
    table = fw.compare_fits({"one": one, "two": two}, data=data)
    from arviz_stats.base import array_stats

    first = array_stats.loo(rows_by_hand(data, one)[:, None])[0]
    second = _rows_of_two(data, two)
    row = table.row(1)
    assert abs(row["elpd_diff"]) == pytest.approx(abs((first - second).sum()), abs=1e-8)
    error = np.sqrt(150 * (first - second).var())
    assert row["diff_error"] == pytest.approx(error, abs=1e-8)
    moved = data | {"x": 1 - data["x"]}
    with pytest.raises(fw.DataError, match="not those of fit 'one'"):
        fw.compare_fits({"one": one, "two": two}, data=moved)


def _rows_of_two(data: dict[str, np.ndarray], two: fw.Fit) -> np.ndarray:
    """elpd of each row under the fit with modifier m alone, found by its kind's own values."""
    found = np.full(150, np.nan)
    kinds, cells = two.elpd().kinds, two.fitted.cells.likelihood
    event = data.get("event", np.ones(150))
    for k, cell in enumerate(kinds.cell):
        m = two.fitted.design.groups.column_values(0)[cells.group[cell]]
        mine = (data["m"] == m) & (data["d"] == cells.d[cell]) & (data["y"] == kinds.outcome.y[k])
        mine &= event == kinds.outcome.event[k]
        found[mine] = two.elpd().elpd[k]
        assert mine.sum() == kinds.count[k]
    assert np.isfinite(found).all()
    return found


def test_files_are_read_again(tmp_path) -> None:
    data = data_of()
    path = tmp_path / "d.csv"
    names = list(data)
    rows = [",".join(names)]
    rows += [",".join(f"{v:g}" for v in row) for row in zip(*data.values(), strict=True)]
    path.write_text("\n".join(rows))
    fits = {"full": fit(str(path)), "short": fit(str(path), "a", controls=None)}
    table = fw.compare_fits(fits)
    assert table.n_rows == 2
    loaded = {name: fw.load(one.save(tmp_path / f"{name}.nc")) for name, one in fits.items()}
    assert fw.compare_fits(loaded).to_dict() == table.to_dict()


def test_what_cannot_be_compared_is_refused() -> None:
    data = data_of()
    one = fit(data)
    with pytest.raises(fw.PlanError, match="two or more fits by name"):
        fw.compare_fits({"one": one})
    with pytest.raises(fw.PlanError, match="method='aic'"):
        fw.compare_fits({"one": one, "two": one}, method="aic")
    normal = fit(data, family="gaussian", method="quadrature")
    with pytest.raises(fw.PlanError, match=r"'one' is poisson and 'two' is gaussian"):
        fw.compare_fits({"one": one, "two": normal})
    other = fit({**data, "z": data["y"]} | {"y": data["y"] + 1}, family="poisson")
    with pytest.raises(fw.PlanError, match="give data="):
        fw.compare_fits({"one": one, "two": other})
    with pytest.raises(fw.DataError, match="not those of fit 'two'"):
        fw.compare_fits({"one": one, "two": other}, data=data)
    holes = {key: values.copy() for key, values in data.items()}
    holes["a"][3] = np.nan
    full, less = fit(holes, "m", controls=None), fit(holes)
    with pytest.raises(fw.PlanError, match=r"'full' uses 150 rows and 'less' 149 rows"):
        fw.compare_fits({"full": full, "less": less}, data=holes)


def test_stacking_weights_are_of_the_best_mixture() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(2, 50))
    count = rng.integers(1, 5, 50).astype(float)
    w = stacking_weights(values, count)
    grid = np.linspace(0, 1, 2001)
    scores = [count @ np.log(g * np.exp(values[0]) + (1 - g) * np.exp(values[1])) for g in grid]
    assert w[0] == pytest.approx(grid[int(np.argmax(scores))], abs=1e-3)
    assert stacking_weights(values - 2000, count) == pytest.approx(w, abs=1e-6)
