"""Folders of images and of texts."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from PIL import Image

import instar
from instar.base.digests import digest_bytes
from instar.base.errors import BadInput
from instar.data.sources import folders
from instar.data.sources.detect import open_source
from instar.data.sources.errors import FileMissing, Undecodable


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    for number, (label, size) in enumerate([("one", (3, 2)), ("two/slanted", (4, 4)), ("one", (1, 1))]):
        place = tmp_path / "digits" / label
        place.mkdir(parents=True, exist_ok=True)
        Image.new("L", size, number).save(place / f"{number}.png")
    (tmp_path / "digits" / "about.txt").write_text("digits")
    (tmp_path / "digits" / "one" / ".hidden.png").write_bytes(b"")
    return tmp_path / "digits"


def test_an_image_is_a_row_and_its_folder_the_label(digits: Path) -> None:
    source = open_source(digits, format="images")
    rows = pl.concat(source.chunks(2))
    assert rows.select("path", "label", "width", "height").rows() == [
        ("one/0.png", "one", 3, 2),
        ("one/2.png", "one", 1, 1),
        ("two/slanted/1.png", "two/slanted", 4, 4),
    ]
    image = (digits / "one" / "0.png").read_bytes()
    assert rows["image"][0] == image
    assert rows["digest"][0] == digest_bytes(image)
    assert [path.name for path in source.files()] == ["0.png", "2.png", "1.png"]
    assert source.describe()["other_files"] == 1


def test_a_cut_image_is_an_error_or_a_row_without_a_size(digits: Path) -> None:
    whole = (digits / "one" / "0.png").read_bytes()
    (digits / "one" / "0.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"one/0.png does not decode as an image: .*; take it out of the folder"):
        list(open_source(digits, format="images").chunks(9))
    rows = pl.concat(open_source(digits, format="images", options={"broken": "keep"}).chunks(9))
    assert rows["width"].to_list() == [None, 1, 4]
    assert rows["problem"].is_null().to_list() == [False, True, True]


def test_a_piece_of_large_files_ends_early(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "PIECE", 1)
    assert [piece.height for piece in open_source(digits, format="images").chunks(9)] == [1, 1, 1]


def test_images_are_recorded_by_their_content(digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTAR_STORE", str(tmp_path / "store"))
    version = instar.import_data("digits", digits, format="images")
    assert version.to_polars()["label"].to_list() == ["one", "one", "two/slanted"]
    made = version.store.nodes.get([version.activity])[0]
    assert len(made.doc["files"]) == 3


def test_a_text_says_in_which_encoding_it_was_read(tmp_path: Path) -> None:
    (tmp_path / "pos").mkdir()
    (tmp_path / "pos" / "a.txt").write_text("um café\n", encoding="latin-1")
    (tmp_path / "pos" / "b.txt").write_text("été", encoding="utf-16")
    (tmp_path / "c.md").write_text("é")
    with pytest.raises(Undecodable, match=r"a.txt, line 1: byte 0xe9 at offset 6 is not utf-8 text"):
        list(open_source(tmp_path, format="texts").chunks(5))
    source = open_source(tmp_path, format="texts", options={"encoding": ["utf-8", "latin-1"]})
    assert pl.concat(source.chunks(2)).rows() == [
        ("c.md", None, "é", "utf-8"),
        ("pos/a.txt", "pos", "um café\n", "latin-1"),
        ("pos/b.txt", "pos", "été", "utf-16"),
    ]


def test_the_folder_must_be_one_and_have_such_files(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        open_source(tmp_path / "nothing", format="images")
    with pytest.raises(BadInput, match=r"reads a folder, and .*about.txt is a file"):
        open_source(digits / "about.txt", format="texts")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="has no images below it"):
        open_source(tmp_path / "empty", format="images")
    with pytest.raises(BadInput, match="broken='drop' is unknown"):
        open_source(digits, format="images", options={"broken": "drop"})
    with pytest.raises(BadInput, match="unknown encoding 'utf-9'"):
        open_source(digits, format="texts", options={"encoding": "utf-9"})


def test_a_link_out_of_the_folder_is_refused(digits: Path, tmp_path: Path) -> None:
    (digits / "one" / "again.png").symlink_to(digits / "one" / "0.png")
    assert open_source(digits, format="images").rows() == 4
    Image.new("L", (1, 1)).save(tmp_path / "elsewhere.png")
    (digits / "one" / "away.png").symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(BadInput, match=r"away.png is a link that leads out of the folder, to .*elsewhere.png"):
        open_source(digits, format="images")


def test_an_image_of_very_many_pixels_is_not_decoded(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 7)
    with pytest.raises(
        BadInput, match=r"two/slanted/1.png does not decode as an image: Image size \(16 pixels\) exceeds"
    ):
        list(open_source(digits, format="images").chunks(9))


@pytest.mark.parametrize("encoding", ["hex", "rot13", "utf-9"])
def test_what_is_no_encoding_of_texts_is_refused(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(BadInput, match=f"unknown encoding '{encoding}'"):
        open_source(tmp_path, format="texts", options={"encoding": encoding})
    with pytest.raises(BadInput, match=f"unknown encoding '{encoding}'"):
        open_source(tmp_path / "a.txt", format="csv", options={"encoding": encoding}).schema()
