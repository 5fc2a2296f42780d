"""How a question is put to a fit.

Tests: tests/answers/test_contract.py.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from forwhom.answers import ANSWERS, Workings
from forwhom.data import Frame, Tidy
from forwhom.fitted import Fitted


class Questions:
    """What can be asked: a fit, and the library that its tables come back in."""

    fitted: Fitted
    engine: str

    def table(self, name: str, **options: Any) -> Tidy:
        """One answer's table by its name, whatever library the data came in."""
        return ANSWERS[name].tell(self._workings, **options)

    @cached_property
    def _workings(self) -> Workings:
        return Workings(self.fitted)

    def _told(self, name: str, **options: Any) -> Frame:
        """An answer's table, in the library the data came in."""
        return self.table(name, **options).to_native(self.engine)
