"""Saved fits that are damaged or made by hand: the fit that was saved, or one DataError."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import forwhom as fw
from forwhom.cells import Problem, reduce_rows, resolve_priors
from forwhom.data import load
from forwhom.design import build_design
from forwhom.errors import DataError
from forwhom.fitted import Fitted
from forwhom.fitted.block import FORMAT, SEAL, append_block, read_block
from forwhom.fitted.field_types import classes_in, fields_of, is_of
from forwhom.fitted.storage import State
from forwhom.methods.diagnostics import ChainCheck, Diagnostics
from forwhom.methods.joint import name_draws
from forwhom.methods.nuts.build import build_joint
from forwhom.methods.prior.draws import sample_joint_prior
from forwhom.plan import make_plan
from tests.reference.ballot import DATA, fit

VOTED = {"vote": (DATA["vote"] > 2.5).astype(float)}
SMALL = {"draws": 20, "modifiers": "woman"}


def joint(**asked: Any) -> fw.Fit:
    """A fit as by NUTS, with draws from the prior in their place: every part, in no time."""
    plan = make_plan(outcome="vote", treatment="letter", method="nuts", **SMALL, **asked)
    table = load(DATA, plan.columns)
    design, rows = build_design(plan, table)
    cells = reduce_rows(design, rows, "rows")
    problem = Problem(design, cells, resolve_priors(design, cells))
    model = build_joint(problem)
    drawn = sample_joint_prior(model, plan.draws, plan.seed)
    check = ChainCheck(2, 10, 1.0, 400.0, 400.0, 0, 1.0)
    diagnostics = Diagnostics("nuts", "asked for", plan.draws, check)
    drawn = replace(drawn, chains=2, diagnostics=diagnostics)
    made = Fitted(problem, name_draws(problem, drawn))
    return fw.Fit(made, table.engine, table.source, table.fingerprint)


MADE: dict[str, Callable[[], fw.Fit]] = {
    "exact": lambda: fit(**SMALL, controls="age"),
    "quadrature": lambda: fit(VOTED, family="bernoulli", **SMALL),
    "preset": lambda: fit(preset="alley2023", **SMALL),
    "joint": lambda: joint(clusters="region", cluster_effects="region", correlated=True),
    "heavy tails": lambda: joint(clusters="region", spread="student", sigma_by="group"),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("saved")
    return {name: make().save(folder / f"{name}.nc") for name, make in MADE.items()}


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        fw.load(path)
    said = str(caught.value)
    assert str(path) in said and "\n" not in said and len(said) < 600
    return said


# Damage

COPIES = 300
SCRIPT = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
import forwhom as fw
known = json.loads(sys.argv[1]).items()
expected = {name: fw.load(path).effects().to_csv() for name, path in known}
def outcome(name, path):
    try:
        same = fw.load(path).effects().to_csv() == expected[name]
    except fw.DataError as error:
        return "refused" if path in str(error) else f"does not name the file: {error}"
    except BaseException as error:
        return repr(error)
    return "equal" if same else "another fit"
for line in sys.stdin:
    name, path = json.loads(line)
    print(json.dumps(outcome(name, path)), flush=True)
"""


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """A copy with a few bytes changed, cut out, put in, or set to zero."""
    at = int(rng.integers(len(whole)))
    if rng.random() < 0.2:  # near the end, where the seal and the head are
        at = len(whole) - 1 - int(rng.integers(min(4000, len(whole))))
    size = int(rng.integers(1, 600))
    how = rng.integers(5)
    if how == 0:
        flipped = whole[at] ^ (1 << int(rng.integers(8)))
        return whole[:at] + bytes([flipped]) + whole[at + 1 :]
    if how == 1:
        return whole[:at]
    if how == 2:
        return whole[:at] + rng.bytes(size) + whole[at:]
    if how == 3:
        return whole[:at] + whole[at + size :]
    return whole[:at] + bytes(len(whole[at : at + size])) + whole[at + size :]


def test_damaged_copies_load_equal_or_are_refused(saved: dict[str, Path], tmp_path: Path) -> None:
    rng = np.random.default_rng(17)
    names, lines, changed = list(saved), [], []
    for number in range(COPIES):
        name = names[number % len(names)]
        whole = saved[name].read_bytes()
        path = tmp_path / f"{number}.nc"
        path.write_bytes(damaged(whole, rng))
        changed.append(path.read_bytes() != whole)
        lines.append(json.dumps([name, str(path)]))
    known = json.dumps({name: str(path) for name, path in saved.items()})
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, known],
        input="\n".join(lines), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-2000:]  # -11 is a crash
    outcomes = [json.loads(line) for line in found.stdout.splitlines()]
    assert outcomes == ["refused" if other else "equal" for other in changed]
    assert sum(changed) > 0.95 * COPIES


# Made by hand, with h5py


def hands() -> dict[str, Callable[[h5py.File, Path], object]]:
    """Ways to change a saved fit that HDF5 offers and forwhom does not want."""

    def linked(file: h5py.File, other: Path) -> None:
        with h5py.File(other, "w") as held:
            held["secret"] = np.arange(5.0)
        del file["posterior/alpha"]
        file["posterior/alpha"] = h5py.ExternalLink(str(other), "/secret")

    def raw(file: h5py.File, other: Path) -> None:
        other.write_bytes(bytes(8 * 20))
        file.create_dataset("forwhom/a0", (20,), "f8", external=[(str(other), 0, 160)])

    def virtual(file: h5py.File, other: Path) -> None:
        layout = h5py.VirtualLayout((5,), "f8")
        layout[:] = h5py.VirtualSource(str(other), "secret", (5,))
        file.create_virtual_dataset("posterior/there", layout)

    return {
        "external link": linked,
        "external storage": raw,
        "virtual": virtual,
        "soft link": lambda file, _: file.__setitem__("s", h5py.SoftLink("/posterior/alpha")),
        "512 GB": lambda file, _: file.create_dataset(
            "huge", (1 << 36,), "f8", chunks=(1 << 16,), fillvalue=1.0
        ),
        "attribute": lambda file, _: file.attrs.__setitem__("state", "[" * 60_000),
        "references": lambda file, _: file.create_dataset(
            "refs", data=np.array([file["posterior"].ref], dtype=h5py.ref_dtype)
        ),
        "nothing": lambda file, _: None,  # opened for writing and closed
    }


@pytest.mark.parametrize("how", hands())
def test_what_another_program_changed_is_refused(
    how: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(saved["exact"].read_bytes())
    with h5py.File(path, "r+") as file:
        hands()[how](file, tmp_path / "other.h5")
    assert "changed or copied by another program" in refusal(path)


def test_netcdf_readers_see_the_draws_and_stop_there(saved: dict[str, Path]) -> None:
    import xarray as xr

    with xr.open_datatree(saved["exact"], engine="h5netcdf") as tree:
        assert set(tree.children) == {"posterior", "sample_stats", "constant_data"}
        made = fw.load(saved["exact"])
        np.testing.assert_array_equal(tree["posterior/alpha"][0], made.estimands[0].alpha)
        assert tree.attrs["plan"].startswith('outcome = "vote"')


# Made by hand, sealed as forwhom does

Forged = Callable[[dict[str, Any], dict[str, np.ndarray]], object]


def forge(source: Path, target: Path, change: Forged) -> None:
    """The file again with its text and arrays changed, under a seal that fits."""
    text, arrays = read_block(source)
    change(text, arrays)
    start = SEAL.unpack(source.read_bytes()[-SEAL.size :])[2]
    target.write_bytes(source.read_bytes()[:start])
    append_block(target, text, arrays)


def test_the_same_parts_sealed_again_load(saved: dict[str, Path], tmp_path: Path) -> None:
    for name, path in saved.items():
        forge(path, tmp_path / name, lambda text, arrays: None)
        assert (tmp_path / name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", MADE)
def test_no_array_has_a_size_of_its_own(name: str, saved: dict[str, Path], tmp_path: Path) -> None:
    """Each along each of its axes: one more, one less, none, and another kind of number."""
    path = tmp_path / "fit.nc"
    _, arrays = read_block(saved[name])
    loose = []
    for key, array in arrays.items():
        others = [array.astype("f4" if array.dtype.kind != "f" else "i8"), array[None]]
        for axis, size in enumerate(array.shape):
            others.append(np.concatenate([array, array.take([0], axis)], axis) if size else None)
            others += [array.take(range(size - 1), axis), array.take([], axis)] if size else []
        for other in others:
            if other is None:
                continue
            forge(
                saved[name], path, lambda _, held, key=key, other=other: held.update({key: other})
            )
            try:
                fw.load(path)
            except DataError as error:
                assert str(path) in str(error)
            else:
                loose.append((key, array.shape, other.shape, other.dtype))
    assert not loose


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(tree, dict | list) and tree:
        for key, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(item, (*path, key))
    else:
        yield path


def put(tree: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        tree = tree[key]
    tree[path[-1]] = value


STRANGE = ([1], {"x": 1}, {"array": "a0"}, {"class": "Popen", "fields": {}}, {"float": "nan"},
           {"slice": [0, -1]}, None, True, "x", "", -1, 1 << 70, 0.5, 10**400)  # fmt: skip


@pytest.mark.parametrize("name", ["exact", "joint"])
def test_strange_values_are_refused_or_harmless(
    name: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    path = tmp_path / "fit.nc"
    places = list(leaves(read_block(saved[name])[0]))
    refused = 0
    for number in range(400):
        place = places[int(rng.integers(len(places)))]
        value = copy.deepcopy(STRANGE[number % len(STRANGE)])
        forge(saved[name], path, lambda text, _, at=place, to=value: put(text, at, to))
        try:
            fw.load(path)
        except DataError:
            refused += 1
    assert refused > 250


def test_parts_that_no_fit_has_are_refused(saved: dict[str, Path], tmp_path: Path) -> None:
    def nested(text: dict[str, Any], _: Any) -> None:
        for _ in range(500):
            text["state"] = {"tuple": [text["state"]]}

    changes: dict[str, Forged] = {
        "nested too deep": nested,
        "arrays": lambda text, arrays: arrays.update(more=np.zeros(3)),
        "attributes are not texts": lambda text, _: text.update(attributes={"engine": 1}),
        "does not say its engine": lambda text, _: text.update(attributes={}),
        "design, cells, priors and draws": lambda text, _: text.update(
            state={"tuple": text["state"]["tuple"][::-1]}
        ),
        "wrong kind": lambda text, _: put(
            text, ("state", "tuple", 0, "fields", "plan", "fields", "draws"), "many"
        ),
        "its plan is not one": lambda text, _: put(
            text, ("state", "tuple", 0, "fields", "plan", "fields", "family"), "gausian"
        ),
        "names something that is not there": _far_codes,
    }
    for words, change in changes.items():
        forge(saved["quadrature"], tmp_path / "fit.nc", change)
        assert words in refusal(tmp_path / "fit.nc"), words


def _far_codes(text: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    cells = text["state"]["tuple"][1]["fields"]["likelihood"]["fields"]
    key = cells["group"]["array"]
    arrays[key] = arrays[key] + 1


def sealed(start: bytes, head: bytes, begin: int | None = None, version: int = FORMAT) -> bytes:
    """A file of any content under a seal that fits."""
    body = start + head
    body += SEAL.pack(b"forwhom\0fit\0", version, len(start) if begin is None else begin,
                      len(head), bytes(32))[:-32]  # fmt: skip
    return body + hashlib.sha256(body).digest()


@pytest.mark.parametrize(
    "content",
    [
        sealed(bytes(8), b"[" * 200_000),
        sealed(bytes(8), b"{}"),
        sealed(bytes(8), b"\xff"),
        sealed(bytes(8), b'{"arrays": [["a", "<f8", [68719476736]]]}'),  # 512 GB
        sealed(bytes(8), b'{"arrays": [["a", "<f8", [0, 68719476736]], ["a", "<f8", [0]]]}'),
        sealed(bytes(8), b'{"arrays": [["a", "O", [0]]]}'),
        sealed(bytes(8), b'{"arrays": [["a", "<f8", [-1]]]}'),
        sealed(bytes(8), b'{"arrays": [["a", "<f8", [true]]]}'),
        sealed(bytes(8), b'{"arrays": [["a", "<f8", 5]]}'),
        sealed(bytes(8), b'{"arrays": [["a", "<f8", [' + b"1," * 40 + b"0]]]}"),
        sealed(bytes(16), b'{"arrays": []}', begin=8),  # bytes that belong to nothing
        sealed(bytes(8), b'{"arrays": []}', begin=1 << 60),
        sealed(bytes(8), b'{"arrays": []}'),
        b"",
        b"\x89HDF\r\n\x1a\n",
        struct.pack("<Q", 1 << 60) * 20,
    ],
    ids=range(16),
)  # fmt: skip
def test_no_fit_at_all(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(content)
    assert "cannot be read as a saved fit" in refusal(path)


def test_other_versions_and_places(saved: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(sealed(bytes(8), b'{"arrays": []}', version=FORMAT + 1))
    assert f"a newer version of forwhom (format {FORMAT + 1}" in refusal(path)
    with h5py.File(path, "w") as file:  # as formats up to 3 were
        file.create_group("forwhom").attrs["format"] = 3
    assert "written by an earlier version of forwhom: run its plan again" in refusal(path)
    assert f"{tmp_path / 'fit.nc'}" in refusal(tmp_path)
    assert "there is no file" in refusal(tmp_path / "no.nc")
    os.mkfifo(tmp_path / "pipe.nc")
    assert "is not a file" in refusal(tmp_path / "pipe.nc")
    with pytest.raises(DataError, match="null"):
        fw.load("a\0b")


def test_texts_that_hdf5_cannot_hold_come_back(tmp_path: Path) -> None:
    levels = ["a\0b", "line\u2028end", "\x01", "half \ud800", "/", "."]
    region = np.array(levels, dtype=object)[np.arange(len(DATA["vote"])) % len(levels)]
    data = {**DATA, "re/gi\0on": region}
    made = fit(data, modifiers=["re/gi\0on"], draws=20)
    again = fw.load(made.save(tmp_path / "fit.nc"))
    assert again.effects().to_dict() == made.effects().to_dict()
    assert set(levels) == set(again.effects().to_dict()["re/gi\0on"])


# Kinds


def test_every_field_of_a_fit_is_of_a_kind_that_can_be_stored() -> None:
    known = classes_in(State)
    assert {"Plan", "Design", "Sums", "RowCells", "Priors", "SavedDraws", "ChainCheck"} <= set(
        known
    )
    for made in known.values():
        for hint in fields_of(made).values():
            is_of(object(), hint)  # a kind that is not known is a TypeError


@pytest.mark.parametrize(
    ("value", "hint", "fits"),
    [
        (1, float, True),
        (1.0, int, False),
        (True, int, False),
        ("1", str | None, True),
        (None, str | None, True),
        ((1, "a"), tuple[int, str], True),
        ((1,), tuple[int, str], False),
        ([1], tuple[int, ...], False),
        (slice(0, 2), slice, True),
        (slice(0, -2), slice, False),
        (np.zeros(2), np.ndarray, True),
        (np.array(["a"]), np.ndarray, False),
    ],
)
def test_kinds(value: Any, hint: Any, fits: bool) -> None:
    assert is_of(value, hint) is fits
