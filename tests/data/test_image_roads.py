"""The same picture gives the same pixels, whichever way it is given."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.data import Source, open_labeled, open_source
from nearfar.data.images import ImageFiles
from nearfar.data.images._picture import picture_pixels
from tests.data.pictures import picture


class Items(Dataset[Any]):
    """Items made one by one."""

    def __init__(self, make: Callable[[int], Any], count: int) -> None:
        self.make, self.count = make, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Any:
        return self.make(number), 0


def folder(paths: list[Path]) -> Source:
    return open_source(paths[0].parent)


def content(paths: list[Path]) -> Source:
    return ImageFiles([path.read_bytes() for path in paths], name="bytes")


def dataset(paths: list[Path]) -> Source:
    return open_source(Items(lambda n: Image.open(io.BytesIO(paths[n].read_bytes())), len(paths)))


def files_of_a_dataset(paths: list[Path]) -> Source:
    return open_source(Items(lambda n: paths[n].read_bytes(), len(paths)))


def hub(paths: list[Path]) -> Source:
    datasets = pytest.importorskip("datasets")
    held = [{"bytes": path.read_bytes(), "path": None} for path in paths]
    features = datasets.Features({"image": datasets.Image(), "number": datasets.Value("int64")})
    columns = {"image": held, "number": list(range(len(paths)))}
    return open_source(datasets.Dataset.from_dict(columns, features=features))


ROADS = [folder, content, dataset, files_of_a_dataset, hub]


def with_orientation(number: int, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 2 + number % 7
    picture(number).save(path, exif=exif)


def with_clear_entry(number: int, path: Path) -> None:
    picture(number).quantize(8).save(path, transparency=2)


def with_clear_color(number: int, path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(number).integers(0, 3, (9, 8, 3), dtype=np.uint8))
    image.putpixel((0, 0), (255, 255, 255))
    image.save(path, transparency=(0, 1, 2))


def as_mode(mode: str) -> Callable[[int, Path], None]:
    def save(number: int, path: Path) -> None:
        if mode == "CMYK":
            picture(number, mode=mode).save(path)
        elif mode == "LAB":
            Image.frombytes("LAB", (40, 30), picture(number).tobytes()).save(path)
        else:
            picture(number, mode="RGBA").convert(mode).save(path)

    return save


def deep(dtype: Any, low: float, high: float) -> Callable[[int, Path], None]:
    def save(number: int, path: Path) -> None:
        Image.fromarray(numbers(number, dtype, low, high)).save(path)

    return save


def numbers(seed: int, dtype: Any, low: float, high: float) -> np.ndarray:
    values = low + (high - low) * np.random.default_rng(seed).random((12, 10))
    values[0, :2] = low, high
    return values.astype(dtype)


@pytest.mark.parametrize("road", ROADS[1:])
@pytest.mark.parametrize(
    ("ending", "save"),
    [
        (".jpg", with_orientation),
        (".png", with_orientation),
        (".tif", with_orientation),
        (".webp", with_orientation),
        (".png", with_clear_entry),
        (".png", with_clear_color),
        (".gif", with_clear_entry),
        (".png", as_mode("1")),
        (".png", as_mode("LA")),
        (".png", as_mode("RGBA")),
        (".jpg", as_mode("CMYK")),
        (".tif", as_mode("LAB")),
        (".tif", as_mode("YCbCr")),
        (".png", deep(np.uint16, 0, 4000)),
        (".tif", deep(np.int32, -70_000, 90_000)),
        (".tif", deep(np.float32, -3, 5)),
    ],
)
def test_every_road_gives_the_pixels_of_the_folder(
    tmp_path: Path, road: Callable[[list[Path]], Source], ending: str, save: Any
) -> None:
    paths = [tmp_path / f"{number}{ending}" for number in range(4)]
    for number, path in enumerate(paths):
        save(number, path)
    known, other = folder(paths), road(paths)
    for position in range(4):
        wanted = known.read([position]).inputs.pixels
        found = other.read([position]).inputs.pixels
        assert found.dtype == wanted.dtype
        assert torch.equal(found, wanted)
    assert (other.channels, other.value_range) == (known.channels, known.value_range)


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (np.uint8, 0, 255),
        (np.uint8, 0, 3),
        (np.uint16, 0, 1000),
        (np.int32, -1024, 3071),
        (np.float32, 0, 1),
        (np.float32, 420.5, 437.25),
    ],
)
def test_numbers_in_files_are_those_of_an_array(
    tmp_path: Path, dtype: Any, low: float, high: float
) -> None:
    arrays = [numbers(seed, dtype, low, high) for seed in range(4)]
    (tmp_path / "files").mkdir()
    for number, array in enumerate(arrays):
        Image.fromarray(array).save(tmp_path / "files" / f"{number}.tif")
    np.save(tmp_path / "all.npy", np.stack(arrays))
    wanted = open_source(tmp_path / "all.npy")
    items = open_source(Items(lambda n: torch.from_numpy(arrays[n].astype(np.float64)), 4))
    for source in (open_source(tmp_path / "files"), open_source(np.stack(arrays))):
        assert source.value_range == wanted.value_range
        assert torch.equal(source.read(range(4)).inputs.pixels, wanted.read(range(4)).inputs.pixels)
    if wanted.value_range in ((low, high), (0.0, 1.0)):
        difference = items.read(range(4)).inputs.pixels - as_floats(
            wanted.read(range(4)).inputs.pixels
        )
        assert difference.abs().max() < 1e-6


def as_floats(pixels: Tensor) -> Tensor:
    return pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels


def test_a_picture_that_was_turned_upright_is_not_turned_again(tmp_path: Path) -> None:
    with_orientation(4, tmp_path / "a.jpg")
    opened = Image.open(tmp_path / "a.jpg")
    turned = ImageOps.exif_transpose(opened)
    converted = Image.open(tmp_path / "a.jpg").convert("RGB")  # not turned, and keeps its tag
    wanted = picture_pixels(Image.open(tmp_path / "a.jpg"), channels=3)
    assert np.array_equal(picture_pixels(turned, channels=3), wanted)
    assert np.array_equal(picture_pixels(converted, channels=3), wanted)
    assert np.array_equal(wanted, np.asarray(turned).transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA", "RGBX", "HSV", "I;16B", "I;16L"])
def test_unusual_modes_of_pictures_are_read(mode: str) -> None:
    if mode.startswith("I;16"):
        kind = ">u2" if mode.endswith("B") else "<u2"
        values = np.arange(600, 606, dtype=kind).reshape(2, 3)
        image = Image.frombytes(mode, (3, 2), values.tobytes())
        assert picture_pixels(image, channels=1)[0].tolist() == values.tolist()
        return
    solid = picture(0, mode="L" if mode == "La" else "RGB")
    middle = {"La": "LA", "RGBa": "RGBA"}.get(mode, solid.mode)
    image = (
        solid.convert("P").convert("PA") if mode == "PA" else solid.convert(middle).convert(mode)
    )
    pixels = picture_pixels(image, channels=3).astype(float)
    wanted = np.asarray(solid.convert("P" if mode == "PA" else "RGB").convert("RGB"))
    assert np.abs(pixels - wanted.transpose(2, 0, 1)).max() <= 8  # HSV has few steps


def test_large_pictures_are_reduced_alike_on_every_road(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in range(2):
        picture(number, size=(1200, 900)).save(tmp_path / f"{number}.jpg", exif=exif)
    paths = sorted(tmp_path.iterdir())
    wanted = folder(paths).read([0, 1]).inputs.pixels.float()
    assert torch.equal(content(paths).read([0, 1]).inputs.pixels.float(), wanted)
    for road in (dataset, hub):  # Pillow has decoded them at full scale, or not as it likes
        found = road(paths).read([0, 1]).inputs.pixels.float()
        assert found.shape == wanted.shape == (2, 3, 341, 256)
        assert (found - wanted).abs().mean() < 1
        assert (found - wanted).abs().max() <= 8


def test_colors_that_only_uninspected_items_have_are_found_or_counted() -> None:
    gray, red = Image.new("L", (8, 8), 90), Image.new("RGB", (8, 8), "red")
    even = set(np.linspace(0, 1999, 64).astype(int).tolist())
    some = open_source(Items(lambda n: gray if n in even or n % 3 else red, 2000))
    assert some.channels == 3
    seen: set[int] = set()
    open_source(Items(lambda n: seen.add(n) or gray, 2000))
    assert 64 < len(seen) < 700
    hidden = min(set(range(2000)) - seen)
    one = open_source(Items(lambda n: red if n == hidden else gray, 2000))
    assert (one.channels, one.notes) == (1, ())
    one.read([0, hidden, hidden])
    assert one.notes == (
        "1 colour image converted to grey, as the inspected ones are grey:"
        f" row {hidden}; --channels 3 keeps colour",
    )
    asked_for = open_source(Items(lambda n: red, 20), channels=1)
    assert asked_for.read([3]).inputs.pixels.shape == (1, 1, 8, 8)
    assert asked_for.notes == ()


def test_damaged_items_of_a_dataset_are_black_and_counted(tmp_path: Path) -> None:
    stream = io.BytesIO()
    picture(0).save(stream, "PNG")
    whole = stream.getvalue()
    source = open_source(Items(lambda n: whole[:300] if n == 2 else whole, 6))
    images = source.read(range(6)).inputs
    assert not images.pixels[2].any()
    assert images.pixels[3].any()
    assert source.notes[-1].startswith("1 damaged image shown as black: row 2 (")


def test_hugging_face_datasets_have_labels_and_splits() -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"img": datasets.Image(), "label": datasets.ClassLabel(names=["dog", "cat"])}
    )

    def part(count: int) -> Any:
        columns = {
            "img": [picture(n) for n in range(count)],
            "label": [n % 2 for n in range(count)],
        }
        return datasets.Dataset.from_dict(columns, features=features)

    alone, both = part(4), datasets.DatasetDict({"train": part(6), "test": part(4)})
    assert [len(open_source(both, split=s)) for s in ("train", "test", "all")] == [6, 4, 10]
    data = open_labeled(both)
    assert data.class_names == ("cat", "dog")
    assert data.train_labels.tolist() == [1, 0, 1, 0, 1, 0]
    assert data.test is not None
    assert len(data.test) == 4
    assert open_labeled(alone).train_labels.tolist() == [1, 0, 1, 0]
    assert open_source(alone.rename_column("img", "scan")).channels == 3
    with pytest.raises(ValueError, match="no column of labels in the dataset, which has img"):
        open_labeled(alone.select_columns(["img"]))
    held = [picture(n) for n in range(3)]
    kinds = datasets.Features({"a": datasets.Image(), "b": datasets.Image()})
    several = datasets.Dataset.from_dict({"a": held, "b": held}, features=kinds)
    with pytest.raises(ValueError, match="several columns of images, a, b: keep one"):
        open_source(several)
    streamed = open_source(alone.to_iterable_dataset())
    assert torch.equal(streamed.read([0]).inputs.pixels, open_source(alone).read([0]).inputs.pixels)


def test_bands_that_are_no_transparency_are_read(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(0).integers(0, 256, (3, 9, 8, 4), dtype=np.uint8)
    for number in range(3):
        tifffile.imwrite(
            tmp_path / f"{number}.tif",
            values[number],
            photometric="rgb",
            extrasamples=["unspecified"],
        )
    source = open_source(tmp_path)
    assert source.channels == 4
    pixels = source.read([0, 1, 2]).inputs.pixels
    assert torch.equal(pixels, torch.from_numpy(values.transpose(0, 3, 1, 2)))
    assert source.notes == ()
    three = open_source(tmp_path, channels=3)
    assert torch.equal(three.read([0]).inputs.pixels, pixels[:1, :3])
    assert three.notes == (
        "3 further bands of 3 files left out, as only 3 can be shown with the others:"
        " 0.tif (4 bands), 1.tif (4 bands), 2.tif (4 bands)",
    )
    picture(0, size=(8, 9)).save(tmp_path / "3.tif")
    assert open_source(tmp_path).channels == 3
    assert open_source(tmp_path).notes == three.notes
    with pytest.raises(ValueError, match="or the number of bands of all files, got 5"):
        open_source(tmp_path, channels=5)


def test_without_a_library_for_bands_they_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(0).integers(0, 256, (9, 8, 4), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=["unspecified"])
    tifffile.imwrite(tmp_path / "b.tif", values.astype(np.uint16) * 257, photometric="rgb")
    monkeypatch.setattr("nearfar.data.images._image_header.can_read_bands", lambda kind: False)
    notes = " ".join(open_source(tmp_path).notes)
    assert (
        "1 further band of 1 file left out, which need rasterio (pip install 'nearfar[geo]')"
        in notes
    )
    assert "1 file with 16 bits per channel read with 8" in notes


def test_dicom_files_of_a_series_are_in_its_order(tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
    from reading_image_files import dicom

    save = dicom(bits=12, low=0, high=4000, RescaleSlope=1, RescaleIntercept=-1024)
    for name, place in (("a", 2), ("b", 0), ("c", 1)):
        save(tmp_path / f"{name}.dcm", place)
    source = open_source(tmp_path)
    assert [source.identify(i) for i in range(3)] == ["b.dcm", "c.dcm", "a.dcm"]
    assert source.value_range == (-1024.0, 3071.0)
    assert "as the files declare" in source.notes[0]


def test_dicom_without_its_library_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scan.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 64)
    monkeypatch.setattr("nearfar.data.images._dicom_files.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"scan\.dcm .*pip install 'nearfar\[medical\]'"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    "ending", [".jpg", ".png", ".tif", ".webp", ".gif", ".bmp", ".dcm", ".jp2"]
)
def test_random_damage_never_costs_the_other_files(tmp_path: Path, ending: str) -> None:
    for number in range(9):
        picture(number).save(tmp_path / f"whole{number}.png")
    stream = io.BytesIO()
    kinds = {".dcm": "PNG", ".tif": "TIFF", ".jpg": "JPEG", ".jp2": "JPEG2000"}
    picture(0).save(stream, kinds.get(ending, ending[1:].upper()))
    random = np.random.default_rng(len(ending))
    for number in range(8):
        changed = bytearray(stream.getvalue())
        for place in random.integers(2, len(changed), 12):
            changed[place] = int(random.integers(256))
        start = b"\0" * 128 + b"DICM" if ending == ".dcm" else b""
        (tmp_path / f"{number}{ending}").write_bytes(start + bytes(changed))
    source = open_source(tmp_path)
    names = {source.identify(i) for i in range(len(source))}
    assert {f"whole{number}.png" for number in range(9)} <= names
    assert len(source.read(range(len(source))).inputs.pixels) == len(source)
