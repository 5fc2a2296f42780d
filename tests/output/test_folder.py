import csv
import json
import re
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from forwhom.data import Tidy
from forwhom.draw.figure import Figure
from forwhom.errors import OutputError
from forwhom.output import place as place_module
from forwhom.output.folder import FIGURE_FORMATS, Results, claimed, pick_facets, write_results
from forwhom.output.strangers import FILES, MARK, MOST_STRANGERS

SPEC = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "data": {"values": [{"x": 1}]},
    "mark": "point",
    "encoding": {"x": {"field": "x", "type": "quantitative"}},
}


def results(text="new"):
    return Results(
        plan=f"# fingerprint: {text}\n",
        summary=f"summary {text}",
        tables={"effects": Tidy({"x": np.array([0.1])}, "t")},
        figures={"modifiers": Figure(SPEC)},
        save=lambda path: path.write_text(text),
    )


NAMES = {"plan.toml", "summary.txt", "effects.csv", "fit.nc"} | {
    f"modifiers{kind}" for kind in FIGURE_FORMATS
}


def write(out, what=None):
    with claimed(out) as place:
        return write_results(place, what or results())


def tree(path):
    return {
        str(found.relative_to(path)): found.read_bytes() if found.is_file() else None
        for found in path.rglob("*")
    }


@pytest.mark.parametrize("out", ["new", "a/b/new", "with space/é", "x/../new"])
def test_a_new_folder_holds_everything_and_nothing_else(tmp_path, out, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = write(out)
    target = Path(tmp_path, out.replace("x/../", ""))
    assert {path.name for path in target.iterdir()} == NAMES == {path.name for path in files}
    assert files[0] == Path(out) / "plan.toml"
    assert (target / "summary.txt").read_text() == "summary new\n"
    assert (target / "effects.csv").read_text() == "x\n0.1\n"
    top = {path.name for path in tmp_path.iterdir()}
    assert top == {Path(out.replace("x/../", "")).parts[0]}
    plain = tmp_path / "plain"
    plain.mkdir()
    assert target.stat().st_mode == plain.stat().st_mode  # not a temporary folder's 0700


def test_an_existing_folder_keeps_other_files_and_replaces_earlier_results(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write(tmp_path)
    write(tmp_path, results("second"))
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", *NAMES}
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "fit.nc").read_text() == "second"


@pytest.mark.parametrize("name", ["plan.toml", "effects.csv", "fit.nc"])
def test_a_file_that_is_not_ours_is_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("outcome = 'y'\n")
    before = tree(tmp_path)
    with pytest.raises(OutputError, match=f"holds '{name}', which forwhom did not write"):
        write(tmp_path)
    assert tree(tmp_path) == before


def test_a_folder_in_a_files_place_is_not_replaced(tmp_path):
    write(tmp_path)
    (tmp_path / "effects.csv").unlink()
    (tmp_path / "effects.csv").mkdir()
    before = tree(tmp_path)
    with pytest.raises(OutputError, match=r"holds 'effects.csv', which"):
        write(tmp_path, results("second"))
    assert tree(tmp_path) == before


def refused(out):
    with pytest.raises(OutputError, match="cannot write results to") as error, claimed(out):
        raise AssertionError("the place was claimed")
    return str(error.value)


def test_places_that_cannot_be_written_are_found_first(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    dangling = tmp_path / "link"
    dangling.symlink_to(tmp_path / "nowhere")
    before = tree(tmp_path)
    assert f"'{file}' is not a folder" in refused(file)
    assert f"'{file}' is not a folder" in refused(file / "below" / "it")
    assert "is not a folder" in refused(dangling)
    assert "too long" in refused(tmp_path / ("x" * 300))
    assert "null" in refused(tmp_path / "a\0b")
    assert tree(tmp_path) == before


def test_a_failure_while_writing_leaves_nothing(tmp_path):
    def fail(path):
        path.write_text("half")
        raise OutputError("no space left")

    for out in (tmp_path / "a" / "b", tmp_path):
        with pytest.raises(OutputError, match="no space left"):
            write(out, replace(results(), save=fail))
        assert tree(tmp_path) == {}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("exchanges", [True, False])
def test_a_failing_move_is_taken_back(tmp_path, monkeypatch, error, exchanges):
    out = tmp_path / "out"
    write(out)
    (out / "notes.txt").write_text("mine")
    before = tree(tmp_path)
    whole = Path.rename

    def breaks(self, target):
        if self.name == "new" and Path(target) == out:
            raise error
        return whole(self, target)

    def no_exchange(one, other):
        if exchanges:
            raise error
        return False

    monkeypatch.setattr(Path, "rename", breaks)
    monkeypatch.setattr(place_module, "exchange", no_exchange)
    expected = OutputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write(out, results("second"))
    assert tree(tmp_path) == before


def test_a_folder_that_appears_meanwhile_is_not_replaced(tmp_path):
    with pytest.raises(OutputError, match="cannot write results"), claimed(tmp_path / "a") as place:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "mine").write_text("mine")
        write_results(place, results())
    assert tree(tmp_path) == {"a": None, "a/mine": b"mine"}


def test_stages_are_announced(tmp_path):
    said = []
    with claimed(tmp_path) as place:
        write_results(place, results(), said.append)
    assert said == ["Writing tables", "Drawing figures", "Writing the draws"]


def groups(count, **levels):
    values = tuple(np.arange(count) % number for number in levels.values())
    return SimpleNamespace(count=count, columns=tuple(levels), values=values)


@pytest.mark.parametrize(
    ("made", "column", "row", "color"),
    [
        (groups(8, a=2, b=2, c=2), None, None, None),
        (groups(16, a=2, b=2, c=2, d=2), "a", "b", "c"),
        (groups(30, a=5, b=2, c=3), "b", "c", None),
        (groups(12, a=3, b=4), "a", None, None),  # one column is left to name the groups
        (groups(20, a=20), None, None, None),
        (groups(20, a=1, b=20, c=2), "c", None, None),
    ],
)
def test_facets_are_picked_in_modifier_order(made, column, row, color):
    assert pick_facets(made) == {"column": column, "row": row, "color": color}


def test_the_mark_is_in_every_plan_a_fit_writes():
    from forwhom import datasets, fit

    text = fit(
        datasets.path(), "responded", "treat_out", "leg_black + south", draws=100
    ).plan_text()
    assert re.search(f"^{MARK}", text, re.MULTILINE)


# Replaced whole


@pytest.fixture(params=["exchange", "two moves", "copies"])
def disk(request, monkeypatch):
    """A disk that can exchange folders, one that cannot, and one without links either."""
    if request.param != "exchange":
        monkeypatch.setattr(place_module, "exchange", lambda one, other: False)
    if request.param == "copies":

        def no_link(*_, **__):
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr("os.link", no_link)
    return request.param


def test_stale_files_go_and_strangers_stay(tmp_path, disk):
    out = tmp_path / "out"
    more = replace(results("first"), tables={"old": Tidy({"x": np.array([0.1])}, "t")})
    write(out, more)
    assert "old.csv" in {path.name for path in out.iterdir()}
    (out / "notes").mkdir(mode=0o750)
    (out / "notes" / "deep.txt").write_text("mine")
    (out / "link").symlink_to("nowhere")
    (out / "mine.csv").write_text("mine")
    (out / "empty").mkdir()
    out.chmod(0o710)
    write(out, results("second"))
    assert {path.name for path in out.iterdir()} == {
        *("notes", "link", "mine.csv", "empty", "plan.toml", "summary.txt", "effects.csv"),
        *("fit.nc", "modifiers.png", "modifiers.svg", "modifiers.html"),
    }
    assert (out / "notes" / "deep.txt").read_text() == (out / "mine.csv").read_text() == "mine"
    assert (out / "link").readlink() == Path("nowhere")
    assert (out / "notes").stat().st_mode & 0o777 == 0o750
    assert out.stat().st_mode & 0o777 == 0o710
    assert (out / "fit.nc").read_text() == "second"
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_what_is_saved_while_the_folder_is_replaced_is_kept(tmp_path, disk, monkeypatch):
    """An editor that writes beside and renames, between the carrying over and the exchange."""
    out = tmp_path / "out"
    write(out)
    (out / "notes.txt").write_text("before")
    carried = place_module.carry

    def carry(folder, new):
        carried(folder, new)
        (folder / "draft").write_text("after")
        (folder / "draft").replace(folder / "notes.txt")
        (folder / "late.txt").write_text("late")
        (folder / "sub").mkdir()
        (folder / "sub" / "late.txt").write_text("late")

    monkeypatch.setattr(place_module, "carry", carry)
    write(out, results("second"))
    assert (out / "notes.txt").read_text() == "after"
    assert (out / "late.txt").read_text() == (out / "sub" / "late.txt").read_text() == "late"
    assert (out / "fit.nc").read_text() == "second"
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_a_file_of_the_users_own_is_not_taken_for_an_earlier_result(tmp_path):
    write(tmp_path / "out", replace(results(), tables={}))
    (tmp_path / "out" / "effects.csv").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(OutputError, match=r"holds 'effects\.csv', which forwhom did"):
        write(tmp_path / "out")
    assert tree(tmp_path) == before


def test_results_of_versions_without_a_list_are_replaced(tmp_path):
    write(tmp_path / "out")
    plan = tmp_path / "out" / "plan.toml"
    plan.write_text(f"{MARK}old\n")
    write(tmp_path / "out", results("second"))
    assert plan.read_text() == (
        f"{MARK}second\n{FILES}"
        '["plan.toml", "summary.txt", "effects.csv", "modifiers.png", "modifiers.svg", '
        '"modifiers.html", "fit.nc"]\n'
    )


@pytest.mark.parametrize(
    "line", ['["../keep.txt", "/keep.txt", "keep.doc", 3]', "[" * 5000, "{}", "nonsense"]
)
def test_a_list_made_by_hand_removes_nothing_else(tmp_path, line):
    out = tmp_path / "out"
    write(out)
    (tmp_path / "keep.txt").write_text("mine")
    (out / "keep.doc").write_text("mine")
    (out / "plan.toml").write_text(f"{MARK}x\n{FILES}{line}\n")
    write(out, results("second"))
    assert (tmp_path / "keep.txt").read_text() == (out / "keep.doc").read_text() == "mine"


# Places


def test_folders_that_people_stand_in_are_not_replaced(tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "work" / "here"
    home.mkdir()
    here.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    before = tree(tmp_path)
    for out, words in {
        "/": "it is the folder that you are in, or one above it",
        ".": "it is the folder that you are in",
        "..": "or one above it",
        str(here): "Name another folder, for instance",
        "~": "it is your home folder",
        "~nobody-of-that-name/x": "Name the folder",
        "": "name a folder, for instance 'results'",
    }.items():
        assert words in refused(out)
    monkeypatch.setattr("os.path.ismount", lambda path: str(path) == str(tmp_path / "disk"))
    (tmp_path / "disk").mkdir()
    assert f"for instance '{tmp_path / 'disk' / 'results'}'" in refused(tmp_path / "disk")
    write("~/new")
    assert (home / "new" / "fit.nc").exists()
    (home / "new").rename(tmp_path / "moved")
    (tmp_path / "disk").rmdir()
    (tmp_path / "moved").rename(home / "new")
    assert {key for key in tree(tmp_path) if "new" not in key} == set(before)


def test_a_folder_with_too_much_of_others_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr("forwhom.output.strangers.MOST_STRANGERS", 5)
    monkeypatch.setattr(place_module, "MOST_STRANGERS", 5)
    out = tmp_path / "out"
    write(out)
    for number in range(5):
        (out / f"{number}.txt").write_text("mine")
    write(out)
    (out / "6.txt").write_text("mine")
    assert "it holds more than 5 files that forwhom did not write" in refused(out)
    assert MOST_STRANGERS >= 1000


def test_a_link_to_a_folder_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    files = write(tmp_path / "link")
    write(tmp_path / "link", results("second"))
    assert (tmp_path / "link").readlink() == Path("real")
    assert (tmp_path / "real" / "fit.nc").read_text() == "second"
    assert files[0] == tmp_path / "link" / "plan.toml"
    (tmp_path / "circle").symlink_to("circle")
    assert "is not a folder" in refused(tmp_path / "circle")


@pytest.mark.parametrize(
    ("code", "words"),
    [(13, "Permission denied"), (30, "Read-only file system"), (28, "No space left on device")],
)
def test_a_disk_that_refuses_is_told_before_the_fit(tmp_path, monkeypatch, code, words):
    made = Path.mkdir

    def mkdir(self, *args, **more):
        if self.name.startswith(".forwhom-"):
            raise OSError(code, words, str(self))
        made(self, *args, **more)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    assert f"cannot write results to '{tmp_path / 'a'}': {words}. Name another" in refused(
        tmp_path / "a"
    )
    assert tree(tmp_path) == {}


def test_no_space_while_writing_names_the_folder_that_was_asked_for(tmp_path, monkeypatch):
    out = tmp_path / "out"
    write(out)
    before = tree(tmp_path)

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError) as caught:
        write(out, results("second"))
    assert str(caught.value) == f"Cannot write '{out / 'plan.toml'}': No space left on device."
    assert tree(tmp_path) == before


# What others leave behind


def test_a_dead_runs_stage_is_swept_and_a_living_ones_is_not(tmp_path):
    out = tmp_path / "out"
    write(out)
    with claimed(out) as living:
        (living.new / "half.csv").write_text("half")
        dead = tmp_path / ".forwhom-0123456789ab"
        shutil.copytree(living.stage, dead)
        record = json.loads((dead / "lock").read_text())
        record["new"] = (dead / "new").stat().st_ino
        (dead / "lock").write_text(json.dumps(record))
        empty = tmp_path / ".forwhom-00000000000a"
        empty.mkdir()
        others = tmp_path / ".forwhom-notes"
        others.mkdir()
        lost = tmp_path / ".forwhom-00000000000b"  # no record: nobody knows what it is
        lost.mkdir()
        (lost / "lock").touch()
        (lost / "mine.txt").write_text("mine")
        write(tmp_path / "other", results("other"))
        assert living.stage.is_dir() and (living.new / "half.csv").exists()
        assert not empty.exists() and not dead.exists()
        assert others.exists() and (lost / "mine.txt").read_text() == "mine"
        (living.new / "half.csv").unlink()
        write_results(living, results("second"))
    assert (out / "fit.nc").read_text() == "second"
    assert "half.csv" not in {path.name for path in out.iterdir()}


@pytest.mark.parametrize("moment", ["before", "between", "after", "while removing"])
def test_a_run_killed_at_the_end_leaves_one_whole_folder(tmp_path, moment, monkeypatch):
    """A child dies at a moment around the exchange; the next run tidies up after it."""
    out = tmp_path / "out"
    write(out, results("first"))
    (out / "mine.txt").write_text("mine")
    script = textwrap.dedent(
        f"""
        import os, shutil
        from pathlib import Path
        from forwhom.output import place as module
        from forwhom.output.folder import claimed, write_results
        from tests.output.test_folder import results
        die = lambda *_, **__: os._exit(9)
        change, rename, moment = module.exchange, Path.rename, {moment!r}
        if moment == "before":
            module.exchange = die
        if moment == "between":
            module.exchange = lambda one, other: False
            Path.rename = lambda self, to: die() if self.name == "new" else rename(self, to)
        if moment == "after":
            module.exchange = lambda one, other: change(one, other) and die()
        if moment == "while removing":
            Path.rename = lambda self, to: (rename(self, to), die())
        with claimed({str(out)!r}) as place:
            write_results(place, results("second"))
        """
    )
    died = subprocess.run([sys.executable, "-c", script], check=False)
    assert died.returncode == 9
    if moment == "between":
        assert not out.exists()
    else:
        expected = "first" if moment == "before" else "second"
        assert (out / "fit.nc").read_text() == expected
        assert {path.name for path in out.iterdir()} == NAMES | {"mine.txt"}
    with claimed(tmp_path / "another"):  # a run beside it tidies up
        expected = "first" if moment in ("before", "between") else "second"
        assert (out / "fit.nc").read_text() == expected
        assert (out / "mine.txt").read_text() == "mine"
        assert {path.name for path in out.iterdir()} == NAMES | {"mine.txt"}
        hidden = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
        assert len(hidden) == 1  # its own
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_eight_writers_at_once_leave_one_whole_result(tmp_path):
    out = tmp_path / "out"

    def one(number):
        for _ in range(5):
            write(out, results(f"writer {number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    told = (out / "fit.nc").read_text()
    assert (out / "summary.txt").read_text() == f"summary {told}\n"
    assert {path.name for path in out.iterdir()} == NAMES
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_a_run_inside_the_folder_is_not_pulled_away(tmp_path):
    out = tmp_path / "out"
    write(out)
    with claimed(out / "deep" / "results") as inner:
        with pytest.raises(OutputError, match="another run is writing inside it"):
            write(out, results("second"))
        write_results(inner, results("inner"))
    assert (out / "deep" / "results" / "fit.nc").read_text() == "inner"
    write(out, results("third"))
    assert (out / "deep" / "results" / "fit.nc").read_text() == "inner"


ODD = ["a\0b", "line\u2028end", "\x01\x1b[31m", "=1+1", "-2", "half \ud800", "\ufffe", "<b>&", "./"]


def test_levels_of_any_letters_do_not_lose_a_run(tmp_path):
    """Nulls, line separators, controls, half letters: in every file, and read back from them."""
    import forwhom as fw

    rng = np.random.default_rng(1)
    data = {
        "y": rng.normal(size=180),
        "t": np.tile([0, 1], 90),
        "g/\u2028=\0": np.array(ODD, dtype=object)[np.arange(180) % len(ODD)],
    }
    made = fw.fit(data, "y", "t", ["g/\u2028=\0"], draws=100)
    tables = {**made.tables(), "odd": Tidy({"=x": ["=1", "ok"]}, "t")}
    figures = {"effects": made.plot.effects(), "modifiers": made.plot.modifiers()}
    out = tmp_path / "out"
    write(
        out, Results(f"# source: \udce9\n{made.plan_text()}", str(made), tables, figures, made.save)
    )
    again = fw.load(out / "fit.nc")
    assert again.effects().to_dict() == made.effects().to_dict()
    assert fw.read_plan(out / "plan.toml") == made.plan
    with (out / "effects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = {"'=1+1": "=1+1", "a␀b": "a\0b", "half ?": "half \ud800"}
    found = [row["g/\u2028=␀"] for row in rows]
    assert sorted(shown.get(level, level) for level in found) == sorted(ODD)
    assert (out / "odd.csv").read_text(encoding="utf-8") == "'=x\n'=1\nok\n"
    for path in out.iterdir():
        if path.suffix in (".svg", ".html", ".toml", ".txt", ".csv"):
            assert "\0" not in path.read_text(encoding="utf-8"), path
    ElementTree.parse(out / "effects.svg")
    assert (out / "effects.png").read_bytes().startswith(b"\x89PNG")
