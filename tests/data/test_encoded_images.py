"""Items of datasets that are files, orientation of TIFF files, opacity of 12 bits."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nearfar.data import open_labeled, open_source
from nearfar.data.images._picture import Bands, bands_pixels, upright

RNG = np.random.default_rng(3)


class Items:
    """A dataset of anything."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int) -> Any:
        return self.items[position]


def opened(items: list[Any]) -> Any:
    from nearfar.data.images import DatasetSource

    return DatasetSource(Items(items))


def pixels(source: Any) -> list[Any]:
    return [source.read([i]).inputs.pixels[0].numpy() for i in range(len(source))]


def same_pixels(source: Any, other: Any) -> bool:
    pairs = list(zip(pixels(source), pixels(other), strict=True))
    return bool(pairs) and not any(not np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("kind", ["grey", "grey 16", "bands", "colour 16", "double"])
def test_every_orientation_of_a_tiff_file(kind: str, tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    shapes = {"bands": (10, 14, 5), "colour 16": (10, 14, 3)}
    dtype = np.uint8 if kind == "grey" else np.float64 if kind == "double" else np.uint16
    photometric = "rgb" if kind == "colour 16" else "minisblack"
    for turn in range(1, 9):
        values = RNG.integers(0, 256, shapes.get(kind, (10, 14))).astype(dtype)
        file = tmp_path / f"{turn}.tif"
        tag = [(274, "H", 1, turn, True)]
        planes = "contig" if values.ndim == 3 else None
        tifffile.imwrite(file, values, photometric=photometric, planarconfig=planes, extratags=tag)
        known = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
        wanted = upright(known, turn)
        (folder,) = pixels(open_source(file, channels=len(known), value_range=(0, 300)))
        expected = wanted if kind == "grey" else wanted / 300
        assert folder.shape == wanted.shape, turn
        assert np.allclose(folder, expected, atol=1e-6), turn


def with_significant_bits(file: Path, bits: int) -> None:
    content, chunk = file.read_bytes(), b"sBIT" + bytes([bits])
    whole = struct.pack(">I", 1) + chunk + struct.pack(">I", zlib.crc32(chunk))
    file.write_bytes(content[:33] + whole + content[33:])


def test_encoded_items_declare_what_files_declare(tmp_path: Path) -> None:
    for i in range(3):
        values = RNG.integers(0, 2000, (9, 12)).astype(np.uint16)
        Image.fromarray(values).save(tmp_path / f"{i}.png")
        with_significant_bits(tmp_path / f"{i}.png", 12)
    files = sorted(tmp_path.iterdir())
    folder = open_source(tmp_path)
    for items in (
        [f.read_bytes() for f in files],
        [{"image": {"bytes": None, "path": str(f)}} for f in files],
    ):
        source = opened(items)
        assert source.value_range == folder.root.value_range == (0, 4095)
        assert same_pixels(source, folder)


def test_encoded_items_may_be_gray_and_color(tmp_path: Path) -> None:
    color = RNG.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    Image.fromarray(color[..., 0]).save(tmp_path / "0.png")
    Image.fromarray(color).save(tmp_path / "1.gif", save_all=True, append_images=[])
    Image.fromarray(color).save(
        tmp_path / "2.webp",
        save_all=True,
        lossless=True,
        append_images=[Image.fromarray(color[::-1].copy())],
    )
    files = sorted(tmp_path.iterdir())
    source, folder = opened([f.read_bytes() for f in files]), open_source(tmp_path)
    assert same_pixels(source, folder)
    assert "row 2 (2 frames)" in " ".join(source.notes)


def test_declared_missing_values_of_encoded_items(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    values = RNG.integers(0, 800, (9, 12)).astype(np.int16)
    values[:3] = -9999
    tag = [(42113, "s", 0, "-9999", True)]
    tifffile.imwrite(tmp_path / "a.tif", values, extratags=tag)
    source = opened([(tmp_path / "a.tif").read_bytes()])
    assert source.missing_value == -9999
    assert source.notes == open_source(tmp_path).notes
    assert opened([Image.open(tmp_path / "a.tif")]).missing_value == -9999


def test_hub_images_keep_16_bits_of_color(tmp_path: Path) -> None:
    datasets, tifffile = pytest.importorskip("datasets"), pytest.importorskip("tifffile")
    values = RNG.integers(0, 60000, (9, 12, 3)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb")
    held = {"bytes": (tmp_path / "a.tif").read_bytes(), "path": None}
    hub = datasets.Dataset.from_dict({"image": [held]}).cast_column("image", datasets.Image())
    (image,) = pixels(open_source(hub))
    assert np.allclose(image, values.transpose(2, 0, 1) / 65535, atol=1e-6)


def test_a_damaged_item_is_named() -> None:
    good = RNG.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    source = opened([Image.fromarray(good), b"", Image.fromarray(good), None])
    assert "row 1 (not an image), row 3 (missing)" in " ".join(source.notes)


def test_full_opacity_of_12_bits() -> None:
    values = RNG.integers(0, 4096, (4, 5, 6)).astype(np.uint16)
    values[3] = 4095
    bands = Bands(values, "color alpha", 65535.0)
    assert np.array_equal(bands_pixels(bands, channels=3), values[:3])
    values[3, 0, 0] = 0
    assert (bands_pixels(bands, channels=3)[:, 0, 0] == 4095).all()
    values[3] = 4094  # no full value of fewer bits
    assert bands_pixels(bands, channels=3).min() > 60000


def test_whole_numbers_as_range() -> None:
    masks = RNG.integers(0, 2, (3, 8, 8)).astype(np.uint8)
    source = open_source(masks, value_range=(0, 1))
    assert source.root.value_range == (0.0, 1.0)
    assert np.array_equal(np.stack(pixels(source))[:, 0], masks * 255)


@pytest.mark.parametrize(("folders", "train"), [(("test", "val"), 8), (("train", "extra"), 4)])
def test_folders_of_splits_without_a_pair(
    folders: tuple[str, str], train: int, tmp_path: Path
) -> None:
    for name in (f"{folder}/{group}" for folder in folders for group in "ab"):
        (tmp_path / name).mkdir(parents=True)
        for i in range(2):
            noise = RNG.integers(0, 256, (9, 12, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / name / f"{i}.png")
    labeled = open_labeled(tmp_path)
    assert len(labeled.train) == train
    assert labeled.class_names == ("a", "b")
    assert len(open_source(tmp_path)) == 8


def test_files_without_a_signature_are_decoded_by_the_library(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 12, 12, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{number}.tga")
    files = [str(path) for path in sorted(tmp_path.glob("*.tga"))]
    rows = datasets.Dataset.from_dict(
        {"image": [{"bytes": Path(file).read_bytes(), "path": None} for file in files]},
        features=datasets.Features({"image": datasets.Image()}),
    )
    found = open_source(rows).read([0, 1, 2]).inputs.pixels
    assert torch.equal(found, torch.from_numpy(pixels).permute(0, 3, 1, 2))
