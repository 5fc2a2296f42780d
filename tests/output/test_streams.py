"""What is printed: no letter commands a terminal, and what cannot be printed is said."""

from __future__ import annotations

import io
import sys

import pytest

from forwhom.errors import OutputError
from forwhom.output.streams import Streams, complain


class Broken(io.StringIO):
    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code

    def flush(self) -> None:
        raise OSError(self.code, "No space left on device")


def test_controls_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    Streams().say("level \x1b[31m\0 and\u2028 half \ud800\nnext\tcell")
    complain("\x07 bell")
    said = capsys.readouterr()
    assert said.out == "level ␛[31m␀ and  half ?\nnext\tcell\n"
    assert said.err == "forwhom: ␇ bell\n"


def test_a_reader_that_left_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(32))
    Streams().say("text")
    assert "closed before everything was printed" in capsys.readouterr().err


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(28))
    with pytest.raises(OutputError, match="cannot print: No space left on device"):
        Streams().say("text")


def test_a_closed_standard_error_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Broken(9))
    complain("nobody hears")
