"""Fits that earlier versions saved still load, and say what they said."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.fitted.formats import upgrade
from tests.reference.saved.make import ASKED, FORMATS, folder

FILES = [(number, name) for number in FORMATS for name in ASKED]


@pytest.mark.parametrize(("number", "name"), FILES)
def test_a_fit_of_an_earlier_format_loads(number: int, name: str) -> None:
    fit = fw.load(folder(number) / f"{name}.nc")
    stored = json.loads((folder(number) / f"{name}.json").read_text(encoding="utf-8"))
    tables = fit.tables()
    assert set(stored) <= set(tables)  # what came later is told of them too
    for key, told in stored.items():
        found = tables[key].to_dict()
        assert [column for column in found if column in told] == list(told)
        for column, values in told.items():
            own = np.asarray(found[column]).tolist()
            if values and isinstance(values[0], float):  # another processor may round otherwise
                np.testing.assert_allclose(own, values, rtol=1e-7, atol=1e-10)
            else:
                assert own == values, (key, column)
    assert fit.diagnostics().n_rows == 1


@pytest.mark.parametrize(("number", "name"), FILES)
def test_saved_again_it_is_of_this_format(number: int, name: str, tmp_path: Any) -> None:
    fit = fw.load(folder(number) / f"{name}.nc")
    again = fw.load(fit.save(tmp_path / "again.nc"))
    assert again.summary() == fit.summary()


def test_what_is_no_state_is_left_to_the_reader() -> None:
    for state in (None, 1, {}, {"tuple": []}, {"tuple": [{}, {}, {}, {"class": "Other"}]}):
        assert upgrade(state, {}) is state
