import sys
import time

from forwhom.output.progress import Progress


def wait_for(words, capsys, seen=""):
    for _ in range(200):
        seen += capsys.readouterr().err
        if words in seen:
            return seen
        time.sleep(0.01)
    raise AssertionError(f"{words!r} was not said: {seen!r}")


def test_short_work_is_silent(capsys):
    with Progress() as progress:
        progress("Reading")
    assert capsys.readouterr() == ("", "")


def test_long_work_names_its_stage_and_the_next(capsys):
    with Progress(patience=0.01) as progress:
        progress("Reading")
        seen = wait_for("forwhom: Reading ...\n", capsys)
        progress("Drawing")
    seen += capsys.readouterr().err
    assert seen == "forwhom: Reading ...\nforwhom: Drawing ...\n"


def test_a_terminal_gets_a_spinner(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with Progress(patience=0.0) as progress:
        progress("Reading")
        wait_for("Reading ...", capsys)
    out, err = capsys.readouterr()
    assert out == ""
    assert "forwhom:" not in err


def test_a_stage_that_tells_how_far_it_is_gets_a_line_now_and_then(capsys):
    with Progress(patience=0.01, every=60.0) as progress:
        progress("Sampling: 0%")
        seen = wait_for("forwhom: Sampling: 0% ...\n", capsys)
        for share in range(1, 100):
            progress(f"Sampling: {share}%")
        progress("Writing")
    seen += capsys.readouterr().err
    assert seen == "forwhom: Sampling: 0% ...\nforwhom: Writing ...\n"
