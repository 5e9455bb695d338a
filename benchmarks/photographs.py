"""Write a folder of synthetic photographs with known classes.

python benchmarks/photographs.py photos                 600 pictures of 12 classes
python benchmarks/photographs.py photos --count 20000 --longest 400

Each class is a kind of surface (bricks, waves, pebbles, …), seen in a scene: tones, a scale, an
angle, an illumination, a sky or a wall behind it, objects in front of it, blur and grain are drawn
at random, so neither colour nor brightness gives the class away. Sizes range from 400×300 to
1600×1200, upright and wide; formats are JPEG (some grey, some rotated by their EXIF tag), PNG,
WebP, TIFF and BMP. Pictures lie in nested folders, CLASS/YEAR/NAME, and are a function of seed and
number.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from nearfar._platform import usable_cores

Plane = NDArray[np.float64]
Surface = Callable[[Plane, Plane, np.random.Generator], Plane]

FORMATS = (("jpg", 0.6), ("png", 0.15), ("webp", 0.15), ("tif", 0.05), ("bmp", 0.05))
SIZES = ((400, 300), (640, 480), (800, 600), (1024, 768), (1280, 960), (1600, 1200))
GRAY, ROTATED = 0.05, 0.1
DRAWN = 400  # longest side of the picture that is drawn; it is enlarged, then grain is added
ORIENTATION = 0x0112


def _noise(x: Plane, y: Plane, random: np.random.Generator, *, octaves: int = 4) -> Plane:
    """Smooth noise: waves of random direction whose amplitude falls with their frequency."""
    total = np.zeros_like(x)
    for octave in range(octaves):
        for _ in range(6):
            angle, phase = random.uniform(0, 2 * np.pi, 2)
            wave = 2.0**octave * random.uniform(0.7, 1.4)
            along = np.cos(angle) * x + np.sin(angle) * y
            total += np.sin(wave * along + phase) / 1.6**octave
    return total


def _hash(a: Plane, b: Plane, random: np.random.Generator) -> Plane:
    """A number from 0 to 1 for each cell."""
    key = random.uniform(50, 100, 2)
    mixed: Plane = np.modf(np.abs(np.sin(a * key[0] + b * key[1]) * 43_758.5453))[0]
    return mixed


def _cells(x: Plane, y: Plane, random: np.random.Generator) -> tuple[Plane, Plane]:
    """Distance to the nearest of jittered points, and to the second nearest."""
    first, second = np.full_like(x, 9.0), np.full_like(x, 9.0)
    key = random.integers(1 << 30)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            a, b = np.floor(x) + dx, np.floor(y) + dy
            px = a + _hash(a, b, np.random.default_rng(key))
            py = b + _hash(a, b, np.random.default_rng(key + 1))
            distance = np.hypot(x - px, y - py)
            second = np.minimum(second, np.maximum(first, distance))
            first = np.minimum(first, distance)
    return first, second


def _bricks(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    row = np.floor(y)
    shifted = x / 2.2 + 0.5 * (row % 2)
    mortar = (np.modf(np.abs(y))[0] < 0.12) | (np.modf(np.abs(shifted))[0] < 0.06)
    return np.where(mortar, 0.0, 0.5 + 0.5 * _hash(np.floor(shifted), row, random))


def _waves(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    return 0.5 + 0.5 * np.sin(3 * y + 0.8 * _noise(x * 0.4, y * 0.4, random, octaves=2))


def _pebbles(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    first, second = _cells(x, y, random)
    return np.clip(2.5 * (second - first), 0, 1)


def _bubbles(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    first, _ = _cells(x, y, random)
    return np.exp(-(((first - 0.35) / 0.07) ** 2)) + 0.3 * (first < 0.35)


def _foliage(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    return np.abs(np.sin(_noise(1.6 * x, 1.6 * y, random)))


def _cloth(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    return 0.5 * ((np.sin(2 * x) > 0.2).astype(float) + (np.sin(2 * y) > 0.2))


def _windows(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    u, v = np.modf(np.abs(x))[0], np.modf(np.abs(y / 1.5))[0]
    pane = (np.abs(u - 0.5) < 0.28) & (np.abs(v - 0.5) < 0.33)
    lit = _hash(np.floor(x), np.floor(y / 1.5), random) > 0.5
    return np.where(pane, np.where(lit, 1.0, 0.15), 0.55)


def _stars(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    first, _ = _cells(x, y, random)
    return np.exp(-((first / 0.1) ** 2)) + 0.12 * _noise(x * 0.3, y * 0.3, random, octaves=2)


def _rings(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    radius = np.hypot(x - random.uniform(-3, 3), y - random.uniform(-3, 3))
    return 0.5 + 0.5 * np.sin(4 * radius + 0.4 * _noise(x * 0.5, y * 0.5, random, octaves=2))


def _dunes(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    return np.modf(np.abs(y + 0.35 * _noise(0.35 * x, 0.2 * y, random, octaves=2)))[0]


def _cracks(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    first, second = _cells(x * 0.8, y * 0.8, random)
    return np.where(second - first < 0.06, 0.0, 0.7 + 0.1 * _noise(2 * x, 2 * y, random, octaves=2))


def _scales(x: Plane, y: Plane, random: np.random.Generator) -> Plane:
    row = np.floor(2 * y)
    u = np.modf(np.abs(x + 0.5 * (row % 2)))[0] - 0.5
    v = np.modf(np.abs(2 * y))[0]
    return np.clip(1.2 - 2 * np.hypot(u, 0.6 * v), 0, 1)


CLASSES: dict[str, Surface] = {
    "bricks": _bricks,
    "bubbles": _bubbles,
    "cloth": _cloth,
    "cracks": _cracks,
    "dunes": _dunes,
    "foliage": _foliage,
    "pebbles": _pebbles,
    "rings": _rings,
    "scales": _scales,
    "stars": _stars,
    "waves": _waves,
    "windows": _windows,
}


def _palette(random: np.random.Generator) -> Plane:
    """A dark and a light tone of the surface, one of what is behind it and one in front."""
    brightness, contrast = random.uniform(0.35, 0.6), random.uniform(0.2, 0.35)
    tones = np.array([brightness + contrast, brightness - contrast, *random.uniform(0.2, 0.9, 2)])
    tint = random.normal(0, 0.07, (1, 3)) + random.normal(0, 0.04, (4, 3))
    return np.clip(tones[:, None] + tint, 0, 1)


def photograph(surface: Surface, random: np.random.Generator, *, longest: int) -> Image.Image:
    """One picture: a surface in a scene."""
    width, height = SIZES[random.integers(len(SIZES))]
    width, height = (round(side * longest / SIZES[-1][0]) for side in (width, height))
    if random.random() < 0.4:
        width, height = height, width
    shrink = min(1.0, DRAWN / max(width, height))
    rows, columns = max(8, round(height * shrink)), max(8, round(width * shrink))
    y, x = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    colors = _palette(random)
    angle, scale = random.normal(0, 0.35), random.uniform(9, 18)
    tilt = 1 + random.uniform(0, 0.8) * (1 - y)  # the surface recedes
    u = scale * tilt * (np.cos(angle) * x + np.sin(angle) * y - random.uniform(0, 1))
    v = scale * tilt * (np.cos(angle) * y - np.sin(angle) * x + random.uniform(0, 1))
    value = np.clip(surface(u, v, random), 0, 1)[..., None]
    scene = value * colors[0] + (1 - value) * colors[1]
    horizon = random.uniform(0, 0.3) + 0.02 * _noise(6 * x, np.zeros_like(y), random, octaves=2)
    far = np.clip(colors[2] + 0.3 * (y[..., None] - 0.2), 0, 1)
    scene = np.where((y < horizon)[..., None], far, scene)
    for _ in range(random.integers(0, 4)):  # objects in front
        cx, cy, size = *random.uniform(0, 1, 2), random.uniform(0.04, 0.14)
        flat = random.uniform(0.5, 1.5)
        disc = np.hypot(x - cx, (y - cy) * flat) < size
        box = np.maximum(np.abs(x - cx), np.abs(y - cy) * flat) < size
        shade = np.clip(1 - (y - cy + x - cx) / size / 4, 0.4, 1.4)[..., None]
        inside = (disc if random.random() < 0.5 else box)[..., None]
        scene = np.where(inside, np.clip(colors[3] * shade, 0, 1), scene)
    light = 1 + random.uniform(-0.5, 0.5) * (x - 0.5) + random.uniform(-0.5, 0.5) * (y - 0.5)
    scene = np.clip(scene * light[..., None] * random.uniform(0.6, 1.1), 0, 1)
    image = Image.fromarray((scene * 255).astype(np.uint8)).resize((width, height), Image.BICUBIC)
    if random.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 2) * width / 800))
    grain = random.normal(0, random.uniform(2, 10), (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def write(number: int, *, folder: Path, seed: int, longest: int) -> Path:
    """Draw picture `number` and write it; a picture that is there is kept."""
    random = np.random.default_rng((seed, number))
    name = list(CLASSES)[number % len(CLASSES)]
    endings, shares = zip(*FORMATS, strict=True)
    ending = str(random.choice(endings, p=shares))
    year = 2019 + int(random.integers(5))
    file = folder / name / str(year) / f"{number:05}.{ending}"
    if file.exists():
        return file
    image = photograph(CLASSES[name], random, longest=longest)
    exif = Image.Exif()
    if ending == "jpg" and random.random() < ROTATED:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[ORIENTATION] = 6
    elif random.random() < GRAY:
        image = image.convert("L")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.stem}.part.{ending}")
    options = {"quality": 88} if ending in ("jpg", "webp") else {}
    image.save(part, **options, **({"exif": exif} if len(exif) else {}))
    part.rename(file)  # an interrupted call leaves no half of a picture
    return file


def main() -> None:
    """Write the pictures that are missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--longest", type=int, default=SIZES[-1][0], help="longest side in pixels")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    work = partial(write, folder=given.folder, seed=given.seed, longest=given.longest)
    with ProcessPoolExecutor(usable_cores()) as pool:
        files = list(pool.map(work, range(given.count), chunksize=8))
    print(f"{len(files):,} pictures of {len(CLASSES)} classes in {given.folder}")


if __name__ == "__main__":
    main()
