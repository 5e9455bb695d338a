"""Which files of a folder are samples: by-products of systems, links, covers; and its hash."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nearfar.data import modality_of, open_labeled, open_source
from nearfar.data._content_hash import hash_contents
from tests.data.pictures import fill
from tests.data.sounds import save, tone
from tests.every import every


def names_of(source: Any) -> list[str]:
    return [source.identify(sample) for sample in source.samples.tolist()]


@pytest.mark.parametrize(
    "name",
    [
        *("@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "__MACOSX"),
        *(".Trash-1000", "lost+found", ".ipynb_checkpoints", ".git", "RECYCLER"),
    ],
)
def test_folders_of_the_system_hold_no_samples(tmp_path: Path, name: str) -> None:
    for kind in ("cat", "dog"):
        fill(tmp_path / kind, 2)
        fill(tmp_path / kind / name / "000.jpg", 1)
    fill(tmp_path / name, 3)
    source = open_source(tmp_path)
    assert (len(source), source.notes) == (4, ())
    assert open_labeled(tmp_path).class_names == ("cat", "dog")


def test_files_without_an_extension_are_samples_if_they_are_images(tmp_path: Path) -> None:
    paths = fill(tmp_path, 3, ending=".png")
    paths[0].rename(tmp_path / "scan")
    for name in ("README", "LICENSE", "Makefile", "CHANGES", "NOTICE"):
        (tmp_path / name).write_text("MIT")
    for name in ("._000.jpg", ".DS_Store", "Thumbs.db", "desktop.ini"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    save(tmp_path / "tone.wav", tone(200))
    (tmp_path / "tone.wav").rename(tmp_path / "song")
    source = open_source(tmp_path)
    assert names_of(source) == ["001.png", "002.png", "scan"]
    assert source.notes == (
        "6 other files ignored: CHANGES, LICENSE, Makefile, NOTICE, README and 1 more",
    )


def test_hidden_samples_are_left_out_and_named(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    fill(tmp_path / ".old", 1)
    (tmp_path / ".draft.jpg").write_bytes((tmp_path / "000.jpg").read_bytes())
    (tmp_path / ".notes.txt").touch()
    source = open_source(tmp_path)
    assert (len(source), source.notes) == (2, ("2 hidden names ignored: .draft.jpg, .old",))


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "a", 2)
    fill(tmp_path / "b", 2)
    scan = os.scandir

    def refuse(path: Any) -> Any:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    with mock.patch("os.scandir", refuse):
        source = open_source(tmp_path)
    assert source.notes == ("1 folder that cannot be read left out: b (Permission denied)",)


class Listed:
    """A directory listing in another order."""

    def __init__(self, entries: list[Any]) -> None:
        self.entries = entries

    def __enter__(self) -> Iterator[Any]:
        return iter(self.entries)

    def __exit__(self, *_: object) -> None: ...


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_listing_does_not_matter(random_order: random.Random) -> None:
    scan = os.scandir

    def shuffled(path: Any = ".") -> Listed:
        with scan(path) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
        random_order.shuffle(entries)
        return Listed(entries)

    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        fill(root / "set" / "dog", 2, ending=".png")
        fill(root / "set" / "emu" / "deep", 1, ending=".png")
        fill(root / "far" / "in", 1, ending=".png")
        for link, target in (
            *(("set/cat", "set/dog"), ("set/zoo", "set"), ("set/far", "far")),
            *(("set/inner", "far/in"), ("set/emu/own.png", "set/dog/000.png")),
            *(("set/dog/out.png", "far/in/000.png"), ("set/loop", "set/loop")),
        ):
            (root / link).symlink_to(root / target)
        with mock.patch("os.scandir", shuffled):
            source = open_source(root / "set", split_folder="none")
        assert names_of(source) == [
            "dog/000.png",
            "dog/001.png",
            "emu/deep/000.png",
            "far/in/000.png",
        ]
        assert source.notes == (
            "1 other file ignored: loop",
            "5 links to what has another path ignored: cat, dog/out.png, emu/own.png, inner, zoo",
        )


def test_links_to_files_elsewhere_are_samples(tmp_path: Path) -> None:
    paths = fill(tmp_path / "store", 3, ending=".png")
    for kind, path in zip(("cat", "cat", "dog"), paths, strict=True):
        place = tmp_path / "set" / kind
        place.mkdir(parents=True, exist_ok=True)
        (place / path.name).symlink_to(path)
    assert open_labeled(tmp_path / "set").class_names == ("cat", "dog")
    assert len(open_source(tmp_path / "set")) == 3


def songs(folder: Path, *, songs: int = 2) -> None:
    for number in range(songs):
        save(folder / f"{number}.wav", tone(200 + 10 * number, seconds=0.1))


@pytest.mark.parametrize(
    "pictures",
    [
        ("cover.jpg", "back.jpg", "booklet-01.jpg", "booklet-02.jpg"),
        ("scans/Front.jpg", "scans/Back.jpg", "scans/CD.jpg"),
        ("x.jpg", "y.jpg"),
        ("Folder.jpg", "AlbumArtSmall.jpg", "photo.jpg"),
    ],
)
def test_a_music_folder_with_covers_is_audio(tmp_path: Path, pictures: tuple[str, ...]) -> None:
    for album in ("one", "two", "three"):
        songs(tmp_path / album)
        for picture in pictures:
            (tmp_path / album / picture).parent.mkdir(exist_ok=True)
            Image.new("RGB", (8, 8)).save(tmp_path / album / picture)
    assert modality_of(tmp_path) == "sequences"
    source = open_source(tmp_path)
    assert len(source) == 6
    assert source.notes[0].startswith(f"{3 * len(pictures)} images ignored: one/")
    assert source.notes[0].endswith("; open them with `modality`='images'")


def test_pictures_with_a_few_sounds_are_images(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 3)
    fill(tmp_path / "front", 3)
    songs(tmp_path / "cat", songs=1)
    source = open_source(tmp_path)
    assert (source.modality, len(source)) == ("images", 6)
    assert source.notes == (
        "1 audio file ignored: cat/0.wav; open them with `modality`='sequences'",
    )


def test_a_single_recording_is_a_source(tmp_path: Path) -> None:
    songs(tmp_path)
    source = open_source(tmp_path / "1.wav")
    assert (source.modality, names_of(source)) == ("sequences", ["1.wav"])


def bitmaps(folder: Path, pixels: np.ndarray) -> str:
    for number, values in enumerate(pixels):
        Image.fromarray(values).save(folder / f"{number}.bmp")
    return open_source(folder).fingerprint


def test_other_contents_of_the_same_size_have_another_fingerprint(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    before = bitmaps(tmp_path, pixels)
    assert bitmaps(tmp_path, pixels) == before
    pixels[3, 4, 4, 0] ^= 1
    assert bitmaps(tmp_path, pixels) != before


def test_the_hash_of_many_files_reads_a_bounded_number_of_bytes(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(80 << 20)
    before = hash_contents([path])
    read = []
    real = Path.open

    def counting(self: Path, *args: Any) -> Any:
        opened = real(self, *args)
        read.append(opened)
        return opened

    with mock.patch.object(Path, "open", counting):
        assert hash_contents([path] * 3_000) != before
    assert len(read) == 2_048
    with path.open("r+b") as file:
        file.seek(40 << 20)
        file.write(b"changed")
    assert hash_contents([path]) != before


@pytest.mark.parametrize("part", ["train", "all"])
def test_fingerprints_of_earlier_versions_are_known(tmp_path: Path, part: Any) -> None:
    for folder in ("train", "test"):
        fill(tmp_path / folder / "cat", 2, ending=".bmp")
    before = open_source(tmp_path, split=part)
    known = before.former_fingerprints
    assert len(known) == 1
    assert before.fingerprint not in known
    with Image.open(tmp_path / "train/cat/000.bmp") as image:
        image.point(lambda value: 255 - value).save(tmp_path / "train/cat/000.bmp")
    after = open_source(tmp_path, split=part)
    assert after.former_fingerprints == known  # it was of names and sizes
    assert after.fingerprint != before.fingerprint
    assert every(len(name) == 16 for name in (*known, after.fingerprint))
