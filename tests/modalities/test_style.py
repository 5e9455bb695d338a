"""Augmentations follow what images are, never what their file is called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import nearfar
from nearfar.data import ArraySource, open_source
from nearfar.modalities import modality
from nearfar.modalities._image_modality import ImageOptions
from nearfar.modalities._image_style import find_style
from nearfar.views import ViewRecipe, digits_views, simclr_views
from tests.slow import mostly_slow


def glyphs(count: int = 60, *, side: int = 28) -> NDArray[np.uint8]:
    """Letters, light on dark, with smooth edges."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        image = Image.new("L", (side, side))
        font = ImageFont.load_default(size=int(rng.integers(side // 2, side - 4)))
        place = (int(rng.integers(2, side // 2)), int(rng.integers(0, side // 4)))
        letter = chr(int(rng.integers(ord("A"), ord("Z") + 1)))
        ImageDraw.Draw(image).text(place, letter, fill=255, font=font)
        made.append(np.asarray(image))
    return np.stack(made)


def photographs(count: int = 60, *, side: int = 28, channels: int = 1) -> NDArray[np.uint8]:
    """Smooth random fields: every grey level, no ground."""
    coarse = torch.rand(count, channels, 5, 5, generator=torch.Generator().manual_seed(0))
    fine = torch.nn.functional.interpolate(coarse, size=side, mode="bilinear", align_corners=True)
    return (fine * 255).to(torch.uint8).permute(0, 2, 3, 1).squeeze(-1).numpy()


GLYPHS = glyphs()
NOISE = np.random.default_rng(1).normal(0, 8, GLYPHS.shape)


@pytest.mark.parametrize(
    "images",
    [
        GLYPHS,
        255 - GLYPHS,
        (GLYPHS > 127),
        GLYPHS.astype(np.float32) / 255,
        np.clip(GLYPHS + NOISE, 0, 255).astype(np.uint8),
        np.repeat(GLYPHS[..., None], 3, axis=3),
    ],
    ids=["light on dark", "dark on light", "two levels", "floats", "noisy", "grey in colour"],
)
def test_glyphs_are_drawings(images: NDArray[np.generic]) -> None:
    assert find_style(open_source(images)) == "drawing"


@pytest.mark.parametrize(
    "images",
    [
        photographs(),
        photographs(channels=3),
        GLYPHS[..., None] * np.array([1.0, 0.3, 0.0]),  # ink of a colour
        np.random.default_rng(0).integers(0, 256, (60, 40, 40, 7), dtype=np.uint8),
    ],
    ids=["grey photographs", "colour photographs", "coloured ink", "seven channels"],
)
def test_other_images_are_natural(images: NDArray[np.generic]) -> None:
    images = images.astype(np.uint8)
    assert find_style(open_source(images)) == "natural"


def test_named_sets_declare_their_style() -> None:
    assert find_style(open_source("digits")) == "drawing"
    assert find_style(open_source("shapes")) == "natural"
    source = ArraySource(photographs(), name="letters", style="drawing")
    assert find_style(source) == "drawing"
    _, (note,) = modality("images").decide(source, ImageOptions())
    assert "--views natural" in note


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "style"),
    mostly_slow(
        [("omniglot", "drawing"), ("cifar10", "natural"), ("tiny-imagenet", "natural")],
        quick=[("omniglot", "drawing"), ("cifar10", "natural")],
    ),
)
def test_real_images_are_told_by_their_pixels(name: str, style: str, data_dir: Path) -> None:
    images = open_source(name).read(range(0, 2_000, 20)).inputs.pixels.numpy()
    assert find_style(open_source(images)) == style
    gray = images.mean(axis=1).round().astype(np.uint8)
    assert find_style(open_source(gray)) == style


def test_the_name_of_a_file_or_folder_does_not_count(tmp_path: Path) -> None:
    found = []
    for name in ("digits", "mnist", "photos"):
        folder = tmp_path / name
        folder.mkdir()
        for number, image in enumerate(GLYPHS[:24]):
            Image.fromarray(image).save(folder / f"{number:02}.png")
        np.save(tmp_path / f"{name}.npy", GLYPHS[:24])
        for path in (folder, tmp_path / f"{name}.npy"):
            found.append(find_style(open_source(path)))
    assert found == ["drawing"] * 6
    photos = photographs(24)
    for name in ("digits", "photos"):
        np.save(tmp_path / f"{name}.npy", photos)
        assert find_style(open_source(tmp_path / f"{name}.npy")) == "natural"


def test_views_follow_the_style_asked_for() -> None:
    kind, source = modality("images"), open_source(GLYPHS)
    form = kind.form(source, ImageOptions(), seed=0)

    def made(**options: str) -> dict[str, object]:
        views = kind.views(
            ViewRecipe(simclr_views),
            form,
            source=source,
            options=ImageOptions(**options),  # type: ignore[arg-type]
            settings={},
        )
        return views.settings()  # type: ignore[attr-defined,no-any-return]

    size = form.image_size
    drawing = digits_views(size=size, small_scale=(0.3, 0.5)).settings()
    assert made() == made(view_style="drawing") == drawing
    assert made(view_style="natural") == simclr_views(size=size, channels=1).settings()


@pytest.mark.slow
def test_a_run_notes_the_choice_records_it_and_lets_it_be_changed(tmp_path: Path) -> None:
    options = {"epochs": 1, "batch_size": 16, "precision": "32", "image_size": 16}
    run = nearfar.pretrain("simclr", GLYPHS, out=tmp_path / "a", **options)
    assert "--views natural" in " ".join(run.record.notes)
    assert run.directory.read_recipe()["data"]["view_style"] == "drawing"
    other = nearfar.pretrain("simclr", GLYPHS, views="natural", out=tmp_path / "b", **options)
    assert "--views natural" not in " ".join(other.record.notes)
    assert other.directory.read_recipe()["data"]["view_style"] == "natural"
    assert "augmentations" not in " ".join(other.record.notes)
    own = simclr_views(size=16, channels=1)
    mine = nearfar.pretrain("simclr", GLYPHS, views=own, out=tmp_path / "d", **options)
    assert "augmentations" not in " ".join(mine.record.notes)
    with pytest.raises(ValueError, match="`views` of vectors must be views"):
        nearfar.pretrain(
            "simclr", np.zeros((50, 4), np.float32), views="drawing", out=tmp_path / "c"
        )


def test_the_choice_of_natural_views_is_noted_as_well() -> None:
    kind = modality("images")
    _, (found,) = kind.decide(open_source(photographs(24)), ImageOptions())
    assert found == (
        "augmentations of the paper, as the images are not ink on a uniform background;"
        " --views drawing selects those for glyphs"
    )
    declared = ArraySource(GLYPHS, name="signs", style="natural")
    options, (found,) = kind.decide(declared, ImageOptions())
    assert found.startswith("augmentations of the paper, the declared style of signs; ")
    assert options.view_style == "natural"
    assert kind.decide(declared, options) == (options, ())
