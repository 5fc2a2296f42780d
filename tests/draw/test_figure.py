import json
import re
import stat

import numpy as np
import pytest

from forwhom.draw import figure as figure_module
from forwhom.draw.densities import densities_figure
from forwhom.draw.figure import FORMATS, Figure, write_whole
from forwhom.errors import OutputError


@pytest.fixture(scope="module")
def figure():
    draws = np.random.default_rng(1).normal(0.3, 0.2, 400)
    return densities_figure({"Woman": draws}, title="A <title> & more")


def names(folder):
    return [path.name for path in folder.iterdir()]


STARTS = {
    ".png": b"\x89PNG\r\n",
    ".svg": b"<svg",
    ".pdf": b"%PDF-",
    ".html": b"<!DOCTYPE html>",
    ".json": b"{",
}


def test_every_format_has_a_test():
    assert set(STARTS) == set(FORMATS)


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_is_written_and_leaves_nothing_beside_it(figure, tmp_path, extension):
    path = tmp_path / f"Figur é{extension.upper()}"
    assert figure.save(path) == path
    assert path.read_bytes().startswith(STARTS[extension])
    assert names(tmp_path) == [path.name]


def test_html_needs_no_network(figure, tmp_path):
    page = figure.save(tmp_path / "figure.html").read_text(encoding="utf-8")
    assert "<title>A &lt;title&gt; &amp; more</title>" in page
    assert not re.search(r"<script[^>]*\ssrc\s*=", page)
    assert not re.search(r"<link[^>]*\shref\s*=", page)
    assert not re.search(r"""\bimport\s*\(?\s*["']https?:""", page)


def test_labels_cannot_run_code_in_the_page(tmp_path):
    name = "</script><img src=x onerror=alert(1)><!--<script>"
    figure = densities_figure({name: np.arange(9.0)}, title=name)
    page = figure.save(tmp_path / "figure.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page and "<!--<script>" not in page
    assert page.rstrip().endswith("</html>")
    written = page.rpartition("const spec = ")[2]
    assert json.JSONDecoder().raw_decode(written)[0] == figure.to_dict()


def test_json_holds_the_chart(figure, tmp_path):
    path = figure.save(str(tmp_path / "figure.json"))
    assert json.loads(path.read_text(encoding="utf-8")) == figure.to_dict()


def test_the_dictionary_is_a_copy(figure):
    figure.to_dict()["vconcat"].clear()
    assert len(figure.to_dict()["vconcat"]) == 1


def test_altair_takes_the_chart(figure):
    assert figure.chart().to_dict()["title"]["text"] == ["A <title> & more"]


def test_notebooks_get_a_chart_and_a_picture(figure):
    bundle, metadata = figure._repr_mimebundle_()
    assert bundle["application/vnd.vegalite.v6+json"] == figure.to_dict()
    assert bundle["image/png"].startswith("iVBOR")
    assert 400 < metadata["image/png"]["width"] < 900
    assert bundle["text/plain"] == (
        "<Figure 'A <title> & more': save(path) writes .png, .svg, .pdf, .html, .json>"
    )


@pytest.mark.parametrize(("name", "named"), [("f.gif", "extension '.gif'"), ("f", "no extension")])
def test_other_formats_are_refused_with_the_list(figure, tmp_path, name, named):
    with pytest.raises(
        OutputError, match=r"saved as \.png, \.svg, \.pdf, \.html, \.json"
    ) as caught:
        figure.save(tmp_path / name)
    assert named in str(caught.value)
    assert names(tmp_path) == []


def test_a_missing_folder_is_named(figure, tmp_path):
    with pytest.raises(OutputError, match=r"there is no folder '.*nowhere'"):
        figure.save(tmp_path / "nowhere" / "f.json")
    assert names(tmp_path) == []


def test_a_folder_in_the_place_of_the_file(tmp_path):
    (tmp_path / "f.json").mkdir()
    with pytest.raises(OutputError, match=r"Cannot write '.*f\.json': "):
        write_whole(tmp_path / "f.json", b"{}")
    assert names(tmp_path) == ["f.json"]


@pytest.mark.parametrize("name", ["a\0b", "x" * 300])
def test_names_that_no_file_can_have(tmp_path, name):
    with pytest.raises(OutputError, match="Cannot write"):
        write_whole(tmp_path / name, b"new")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    # The superuser may write anywhere, so the refusal is staged.
    monkeypatch.setattr(figure_module.Path, "write_bytes", refuse)
    with pytest.raises(OutputError, match=r"Cannot write '.*f\.svg': Permission denied\."):
        write_whole(tmp_path / "f.svg", b"new")


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "f.svg"
    path.write_bytes(b"old")

    def half(self, content):
        with self.open("wb") as file:
            file.write(content[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure_module.Path, "write_bytes", half)
    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["f.svg"]


def test_files_can_be_read_by_others_as_the_umask_says(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_whole(tmp_path / "whole", b"x")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "whole")}
    assert len(modes) == 1


def test_a_broken_chart_is_our_error(tmp_path):
    with pytest.raises(OutputError, match="could not be drawn"):
        Figure({"mark": {"type": "nonsense"}}).save(tmp_path / "f.svg")
    assert names(tmp_path) == []
