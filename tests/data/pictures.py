"""Small image files, whole and damaged."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed: int, *, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> Image.Image:
    """A smooth random picture (smooth survives JPEG); size is (width, height)."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, bands), dtype=np.uint8)
    image = Image.fromarray(coarse if bands > 1 else coarse[..., 0], mode=None)
    if bands == 4 and mode == "CMYK":
        image = Image.frombytes("CMYK", (4, 4), coarse.tobytes())
    return image.resize(size, Image.Resampling.BICUBIC)


def encoded(seed: int, *, kind: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    stream = io.BytesIO()
    picture(seed, size=size).save(stream, kind)
    return stream.getvalue()


def fill(folder: Path, count: int, *, ending: str = ".jpg", mode: str = "RGB") -> list[Path]:
    """`count` whole image files of one kind."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03d}{ending}" for number in range(count)]
    for number, path in enumerate(paths):
        picture(number, mode=mode).save(path)
    return paths


def truncate(path: Path, *, keep: float = 0.5) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
