"""Image files of every format, bit depth and colour model, on every road to nearfar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from reading_case import Case, Outcome, compare_arrays
from reading_image_files import DEEP_PNG, DICOM, TIFF

from nearfar.data import open_source
from nearfar.data.images import ImageFiles

__all__ = ["cases"]

ROUNDING = 1.01 / 255  # of compositing and of conversion to grey, in bytes
LOSSLESS = 0.0


@dataclass(frozen=True)
class Made:
    """A way to make image files.

    Attributes:
        format: Name of the format.
        content: Bits and colour model.
        ending: Extension.
        save: Writes the file of a seed.
        decode: What the format's own library says, in [0, 1], as channels × height × width.
        tolerance: Largest difference.
        as_picture: Whether Pillow can hold the picture without loss, so that datasets can.
        from_bytes: Whether the format can be recognised from its bytes.
    """

    format: str
    content: str
    ending: str
    save: Callable[[Path, int], None]
    decode: Callable[[Path], NDArray[Any]]
    tolerance: float = LOSSLESS
    as_picture: bool = True
    from_bytes: bool = True


def picture(seed: int, mode: str = "RGB", size: tuple[int, int] = (24, 20)) -> Image.Image:
    """A picture of random patches, whose values use the whole range."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (5, 6, 4), dtype=np.uint8)
    coarse[0, 0], coarse[0, 1] = 0, 255
    coarse[..., 3] = np.where(coarse[..., 3] > 100, 255, coarse[..., 3])
    fine = Image.fromarray(coarse).resize(size, Image.Resampling.NEAREST)
    if mode == "CMYK":
        return Image.frombytes("CMYK", size, fine.tobytes())
    if mode == "RGBA":
        return fine
    if mode == "LA":
        return Image.merge("LA", [fine.getchannel(0), fine.getchannel(3)])
    rgb = fine.convert("RGB")
    if mode == "LAB":
        return Image.frombytes("LAB", size, rgb.tobytes())
    return rgb.quantize(16) if mode == "P" else rgb.convert(mode)


def by_pillow(path: Path, *, gray: bool = False) -> NDArray[Any]:
    """Pillow's RGB or grey values, upright, over white."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
    if image.has_transparency_data:
        shown = np.asarray(image.convert("RGBA")).astype(np.float64) / 255
        values = shown[..., :3] * shown[..., 3:] + 1 - shown[..., 3:]
        values = values[..., :1] if gray else values
    else:
        values = np.asarray(image.convert("L" if gray else "RGB")) / 255
    return np.atleast_3d(values).transpose(2, 0, 1)


def saved(mode: str, **options: Any) -> Callable[[Path, int], None]:
    def save(path: Path, seed: int) -> None:
        picture(seed, mode).save(path, **options)

    return save


def turned(tag: int) -> Callable[[Path, int], None]:
    def save(path: Path, seed: int) -> None:
        exif = Image.Exif()
        exif[0x0112] = tag
        picture(seed).save(path, exif=exif)

    return save


def clear_palette(path: Path, seed: int) -> None:
    picture(seed, "P").save(path, transparency=3)


def usual() -> list[Made]:
    """Formats that Pillow reads, with up to 8 bits per channel."""
    gray = partial(by_pillow, gray=True)
    rows = [
        ("JPEG", "8 bits, grey", ".jpg", saved("L"), gray),
        ("JPEG", "8 bits, colour", ".jpg", saved("RGB"), by_pillow),
        ("JPEG", "8 bits, CMYK (Adobe)", ".jpg", saved("CMYK"), by_pillow),
        ("JPEG", "progressive", ".jpg", saved("RGB", progressive=True), by_pillow),
        ("PNG", "1 bit", ".png", saved("1"), gray),
        ("PNG", "8 bits, grey", ".png", saved("L"), gray),
        ("PNG", "palette", ".png", saved("P"), by_pillow),
        ("PNG", "8 bits, colour", ".png", saved("RGB"), by_pillow),
        ("WebP", "8 bits, colour", ".webp", saved("RGB", lossless=True), by_pillow),
        ("AVIF", "8 bits, colour", ".avif", saved("RGB"), by_pillow),
        ("JPEG 2000", "8 bits, colour", ".jp2", saved("RGB"), by_pillow),
        ("GIF", "palette", ".gif", saved("P"), by_pillow),
        ("BMP", "1 bit", ".bmp", saved("1"), gray),
        ("BMP", "8 bits, colour", ".bmp", saved("RGB"), by_pillow),
        ("PNM", "8 bits, grey", ".pgm", saved("L"), gray),
        ("PNM", "8 bits, colour", ".ppm", saved("RGB"), by_pillow),
        ("QOI", "8 bits, colour", ".qoi", saved("RGB"), by_pillow),
        ("TIFF", "1 bit", ".tif", saved("1"), gray),
        ("TIFF", "8 bits, grey", ".tif", saved("L"), gray),
        ("TIFF", "palette", ".tif", saved("P"), by_pillow),
        ("TIFF", "8 bits, colour", ".tif", saved("RGB"), by_pillow),
        ("TIFF", "8 bits, CMYK", ".tif", saved("CMYK"), by_pillow),
        ("TIFF", "8 bits, YCbCr", ".tif", saved("YCbCr"), by_pillow),
        ("TIFF", "8 bits, LAB", ".tif", saved("LAB"), by_pillow),
    ]
    exact = [Made(*row) for row in rows]
    exact.append(Made("TGA", "8 bits, colour", ".tga", saved("RGB"), by_pillow, from_bytes=False))
    over_white = [
        ("PNG", "grey and alpha", ".png", saved("LA"), gray),
        ("PNG", "palette and alpha", ".png", clear_palette, by_pillow),
        ("PNG", "colour and alpha", ".png", saved("RGBA"), by_pillow),
        ("WebP", "colour and alpha", ".webp", saved("RGBA", lossless=True), by_pillow),
        ("GIF", "palette and alpha", ".gif", clear_palette, by_pillow),
        ("TIFF", "colour and alpha", ".tif", saved("RGBA"), by_pillow),
    ]
    turns = [
        (name, f"orientation {tag}", ending, turned(tag), by_pillow)
        for name, ending in (
            *(("JPEG", ".jpg"), ("PNG", ".png"), ("WebP", ".webp")),
            *(("TIFF", ".tif"), ("AVIF", ".avif"), ("MPO", ".mpo")),
        )
        for tag in (3, 6)
    ]
    made = [*exact, *(Made(*row, ROUNDING) for row in over_white), *(Made(*r) for r in turns)]
    known = Image.registered_extensions()
    return [m for m in made if known.get(m.ending) in Image.SAVE]  # older versions lack some


def deep() -> list[Made]:
    """More than 8 bits per channel, and bands, which the formats' own libraries read."""
    rows = [
        *((content, ".png", save, decode, held, "PNG") for content, save, decode, held in DEEP_PNG),
        *((content, ".tif", save, decode, held, "TIFF") for content, save, decode, held in TIFF),
        *((content, ".dcm", save, decode, held, "DICOM") for content, save, decode, held in DICOM),
    ]
    return [
        Made(form, content, ending, save, decode, 1e-5, as_picture=held)
        for content, ending, save, decode, held, form in rows
    ]


def read(source: Any) -> NDArray[Any]:
    """All images of a source, in [0, 1]."""
    pixels = source.read(range(len(source))).inputs.pixels.numpy()
    return pixels / 255 if pixels.dtype == np.uint8 else pixels


def files_of(made: Made, folder: Path) -> list[Path]:
    paths = [folder / f"{seed}{made.ending}" for seed in range(3)]
    for seed, path in enumerate(paths):
        made.save(path, seed)
    return paths


class Pictures:
    """A dataset of opened pictures, as PyTorch users write them."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> Any:
        return Image.open(self.paths[number]), 0


def of_folder(folder: Path, paths: list[Path]) -> Any:
    return open_source(folder)


def of_bytes(folder: Path, paths: list[Path]) -> Any:
    return ImageFiles([path.read_bytes() for path in paths], name="bytes")


def of_dataset(folder: Path, paths: list[Path]) -> Any:
    from torch.utils.data import Dataset

    return open_source(type("Items", (Pictures, Dataset), {})(paths))


def of_hub(folder: Path, paths: list[Path]) -> Any:
    from datasets import Dataset, Features
    from datasets import Image as Feature

    held = [{"bytes": path.read_bytes(), "path": None} for path in paths]
    return open_source(Dataset.from_dict({"image": held}, features=Features({"image": Feature()})))


ROADS: dict[str, Callable[[Path, list[Path]], Any]] = {
    "folder": of_folder,
    "bytes": of_bytes,
    "PyTorch dataset": of_dataset,
    "Hugging Face": of_hub,
}


def run(made: Made, road: str, folder: Path) -> Outcome:
    paths = files_of(made, folder)
    expected = np.stack([made.decode(path) for path in paths])
    found = read(ROADS[road](folder, paths))
    return compare_arrays(found, expected, tolerance=made.tolerance)


def cases() -> list[Case]:
    found = []
    for made in [*usual(), *deep()]:
        for road in ROADS:
            fits = made.as_picture or road in ("folder", "bytes")
            if fits and (made.from_bytes or road != "bytes"):
                found.append(
                    Case("Images", made.format, made.content, road, partial(run, made, road))
                )
    return found
