"""A fitted model and everything it can be asked: composes the layers, computes nothing.

Tests: tests/test_api.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwhom.answers import ANSWERS, Caution, Workings, cautions
from forwhom.answers.ahead import work_ahead
from forwhom.answers.which import endings
from forwhom.data import Tidy
from forwhom.fitted import Elpd, Estimand, Fitted
from forwhom.plan import Plan, plan_to_toml
from forwhom.questions import ComparingQuestions, EffectQuestions, ModelQuestions

if TYPE_CHECKING:
    import xarray

    from forwhom.draw.figure import Figure
    from forwhom.plots import Plots

# What editors offer beside the questions; the rest is for what is built on a fit.
BESIDE = "passed plan plan_text plot posterior save summary table tables to_datatree warnings"


@dataclass(frozen=True, eq=False, repr=False)
class Fit(EffectQuestions, ComparingQuestions, ModelQuestions):
    """A fitted model: print it for a summary, ask it for tables and figures.

    Tables come back in the library the data came in; for files and dicts as a
    :class:`forwhom.data.Tidy` that prints itself and turns into a frame of any library.

    Attributes:
        fitted: the problem and draws of its posterior.
        engine: the library the data came in.
        source: name of the data; fingerprint: SHA-256 of the columns used.
    """

    fitted: Fitted
    engine: str
    source: str
    fingerprint: str

    @cached_property
    def _workings(self) -> Workings:
        return Workings(self.fitted, self.fingerprint)

    def __repr__(self) -> str:
        return self.summary()

    def __dir__(self) -> list[str]:
        return sorted((*ANSWERS, *BESIDE.split()))

    @property
    def plan(self) -> Plan:
        """The plan that ran."""
        return self.fitted.plan

    @property
    def passed(self) -> bool:
        """Whether the method's own checks passed."""
        return self.fitted.diagnostics.passed

    @property
    def estimands(self) -> tuple[Estimand, ...]:
        """Each effect on the link scale, and for each category of an unordered outcome."""
        return self._workings.estimands

    def summary(self) -> str:
        """The question, the answer and the warnings, as text."""
        from forwhom.output.summary import format_summary

        work_ahead(self._workings)
        return format_summary(self._workings, self.warnings, self.source)

    @cached_property
    def warnings(self) -> tuple[Caution, ...]:
        """What the data cannot say, one :class:`Caution` each."""
        return cautions(self.estimands, ANSWERS["average"].tell(self._workings))

    def elpd(self, method: str = "loo", data: object = None) -> Elpd:
        """LOO or WAIC for each kind of row as plain arrays; ``data`` as for :meth:`loo`."""
        return self._workings.with_rows(data).elpd(method)

    def tables(self) -> dict[str, Tidy]:
        """Every table that there is to tell, by name, for writing out."""
        work_ahead(self._workings)
        every = [one for one in ANSWERS.values() if one.when == "always"]
        return {
            one.name: one.tell(self._workings) for one in every if not one.refuses(self._workings)
        }

    def checks(self) -> tuple[dict[str, Tidy], tuple[str, ...]]:
        """The tables that check the model, and why one of them is left out."""
        every = [one for one in ANSWERS.values() if one.when == "checked"]
        reasons = {one.name: one.refuses(self._workings) for one in every}
        tables = {one.name: one.tell(self._workings) for one in every if not reasons[one.name]}
        return tables, tuple(filter(None, reasons.values()))

    def figures(self, names: Iterable[str], **options: Any) -> dict[str, Figure]:
        """Figures of the answers named, by the names of their files, for writing out.

        One for each effect and category where there are several; ``options`` reach those figures
        that have them.
        """
        made, every = {}, endings(self._workings)
        for name in names:
            answer = ANSWERS[name]
            mine = {key: value for key, value in options.items() if key in answer.figure_options}
            several = every if "treatment" in answer.figure_options else {"": {}}
            for ending, which in several.items() if answer.figure is not None else ():
                made[f"{name}{ending}"] = answer.draw(self._workings, **which, **mine)
        return made

    def figure(self, name: str, **options: Any) -> Figure:
        """One answer's figure by its name, as ``plot`` draws it."""
        return ANSWERS[name].draw(self._workings, **options)

    @property
    def plot(self) -> Plots:
        """Figures: ``plot.modifiers()``, ``plot.effects(row=, column=)``, ``plot.check()``."""
        from forwhom.plots import Plots

        return Plots(self._workings)

    @cached_property
    def posterior(self) -> xarray.DataTree:
        """The draws in the ArviZ schema, dims (chain, draw, ...); the outcome, where rows are."""
        return self.to_datatree()

    def to_datatree(self, log_likelihood: bool = False) -> xarray.DataTree:
        """The same, on request with the log likelihood of every row in every draw.

        Raises:
            PlanError: single rows are not known (method "exact"), weighted, or too many.
        """
        from forwhom.fitted.datatree import to_datatree

        rows, about = self._workings.predictor, self._attributes()
        return to_datatree(self.estimands, about, rows, log_likelihood)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fit as NetCDF (ArviZ schema), whole or not at all; :func:`load` reads it.

        What ``load`` needs stands behind the NetCDF's own end, with a checksum over every byte:
        a file that another program has changed is still NetCDF, but no saved fit any longer.

        Raises:
            OutputError: the file cannot be written.
        """
        from forwhom.fitted.storage import save

        target = Path(path)
        save(target, self.fitted, self._attributes())
        return target

    def plan_text(self) -> str:
        """The plan that ran as a plan file, with the data's fingerprint and versions above it."""
        about = self._attributes()
        keys = ("source", "fingerprint", "forwhom", "python", "numpy")
        return plan_to_toml(self.plan, [f"{key}: {about[key]}" for key in keys])

    def _attributes(self) -> dict[str, str]:
        from forwhom.output.record import attributes

        return attributes(self.plan, self.source, self.engine, self.fingerprint)
