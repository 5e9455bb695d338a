"""Patches are those of the image, each changed by itself as a pure function of who asks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nearfar.inputs import Images
from nearfar.views import (
    ImageViews,
    PatchViews,
    Views,
    cpc_v2_views,
    cut_patches,
    drawing_views,
)

RAW = {"mean": (0.0,), "std": (1.0,)}
STILL = {"patch_crop_scale": (1.0, 1.0), "patch_flip": 0.0, "jitter": 0.0, "gray": 0.0, "drop": 0.0}
WHOLE = {"crop_scale": (1.0, 1.0), "crop_ratio": (1.0, 1.0), "flip": 0.0}


def photos(count: int, height: int, width: int, channels: int = 3) -> Tensor:
    return torch.randint(0, 256, (count, channels, height, width), dtype=torch.uint8)


def made(views: PatchViews, images: Tensor | Images, samples: Tensor, **asked: int) -> Tensor:
    (patches,) = views(images, samples, **{"seed": 0, "epoch": 0} | asked)
    return patches


def test_they_are_views() -> None:
    views = PatchViews(size=16)
    assert isinstance(views, Views)
    assert views.num_views == 1


@pytest.mark.parametrize(
    ("size", "settings", "expected"),
    [
        (256, {}, (64, 32, 7, 1)),  # as published
        (224, {}, (56, 28, 7, 1)),
        (32, {}, (8, 4, 7, 1)),
        (32, {"patch": 16}, (16, 8, 3, 1)),
        (32, {"patch": 16, "stride": 4}, (16, 4, 5, 3)),
        (32, {"patch": 10, "stride": 5}, (10, 5, 5, 1)),
        (32, {"patch": 8, "stride": 8}, (8, 8, 4, 0)),
        (33, {"patch": 10, "stride": 4}, (10, 4, 6, 2)),
    ],
)
def test_the_grid_holds_as_many_patches_as_fit(
    size: int, settings: dict[str, int], expected: tuple[int, ...]
) -> None:
    views = PatchViews(size=size, channels=1, **settings)
    patch, _, rows, _ = expected
    assert (views.patch, views.stride, views.rows, views.shared_rows) == expected
    images = torch.zeros(1, 1, size, size)
    assert made(views, images, torch.arange(1)).shape == (1, rows, rows, 1, patch, patch)


@pytest.mark.parametrize("size", [17, 23, 32])
@pytest.mark.parametrize("stride", [2, 3, 5, 9])
def test_rows_that_share_no_pixels_are_told_apart_from_those_that_do(
    size: int, stride: int
) -> None:
    views = PatchViews(size=size, channels=1, patch=8, stride=stride)
    places = torch.arange(size).view(1, 1, -1, 1).expand(1, 1, size, size).float()
    lines = cut_patches(places, patch=8, stride=stride)[0, :, 0].flatten(1)
    for row in range(views.rows):
        for ahead in range(1, views.rows - row):
            shares = bool(torch.isin(lines[row], lines[row + ahead]).any())
            assert shares == (ahead <= views.shared_rows)


def test_unchanged_patches_are_those_of_the_image() -> None:
    images = photos(3, 33, 33)
    views = PatchViews(size=33, patch=10, stride=4, **STILL, **WHOLE, **RAW)
    patches = made(views, images, torch.arange(3))
    for row in range(6):
        for column in range(6):
            top, left = 1 + 4 * row, 1 + 4 * column  # 33 = 1 + 5·4 + 10 + 2
            there = images[:, :, top : top + 10, left : left + 10] / 255
            torch.testing.assert_close(patches[:, row, column], there, atol=1e-5, rtol=0)


def test_the_whole_is_cropped_as_image_views_crop_it() -> None:
    images, samples = photos(5, 40, 30) / 255, torch.arange(5) + 7
    patches = made(PatchViews(size=24, patch=8, stride=4, **STILL, **RAW), images, samples)
    views = ImageViews(
        size=24, num_views=1, crop_scale=(0.3, 1.0), jitter=0.0, gray=0.0, blur=(0.0,), **RAW
    )
    (whole,) = views(images, samples, seed=0, epoch=0)
    expected = cut_patches(whole, patch=8, stride=4)
    torch.testing.assert_close(patches, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_patches_have_the_same_bits_in_any_batch_and_order(channels: int) -> None:
    images, samples = photos(20, 21, 30, channels), torch.randperm(1000)[:20]
    views = PatchViews(size=16, channels=channels, patch=8, rotation=20.0, drop=0.5)
    whole = made(views, images, samples, seed=1, epoch=2)
    order = torch.randperm(20)
    assert torch.equal(made(views, images[order], samples[order], seed=1, epoch=2), whole[order])
    for step in (1, 7):
        parts = [
            made(views, images[i : i + step], samples[i : i + step], seed=1, epoch=2)
            for i in range(0, 20, step)
        ]
        assert torch.equal(torch.cat(parts), whole)


def test_seed_epoch_sample_and_patch_each_change_the_draws() -> None:
    images = torch.full((2, 3, 16, 16), 0.5)
    views = PatchViews(size=16, patch=8, jitter=1.0, saturation=0.0, hue=0.0, gray=0.0, drop=0.0)
    results = [
        made(views, images, torch.arange(2)),
        made(views, images, torch.arange(2), seed=1),
        made(views, images, torch.arange(2), epoch=1),
        made(views, images, torch.arange(2) + 2),
    ]
    tones = torch.cat(results)[..., 0, 0, 0].flatten()  # a brightness for every patch
    assert len(tones.unique()) > 0.95 * len(tones)


def test_global_generator_is_neither_read_nor_moved() -> None:
    images, samples = photos(4, 16, 16), torch.arange(4)
    before = torch.random.get_rng_state()
    first = made(PatchViews(size=16), images, samples)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(99)
    assert torch.equal(made(PatchViews(size=16), images, samples), first)


@pytest.mark.parametrize("channels", [2, 3, 6])
def test_a_patch_that_drops_channels_keeps_one(channels: int) -> None:
    images = torch.full((50, channels, 16, 16), 0.9)
    views = PatchViews(size=16, channels=channels, patch=8, **STILL | {"drop": 0.3})
    patches = made(views, images, torch.arange(50)).mean(dim=(-1, -2))
    kept = (patches.abs() > 1e-6).sum(dim=-1).flatten()
    assert set(kept.tolist()) == {1, channels}
    assert (kept == 1).float().mean() == pytest.approx(0.3, abs=0.08)
    alone = patches.flatten(0, 2)[kept == 1]
    assert set(alone.argmax(dim=1).tolist()) == set(range(channels))


def test_without_dropping_the_other_draws_stay_as_they_were() -> None:
    images, samples = photos(30, 16, 16), torch.arange(30)
    some, none = (
        made(PatchViews(size=16, patch=8, drop=drop), images, samples) for drop in (0.3, 0.0)
    )
    same = (some == none).flatten(3).all(dim=3)
    assert 0.5 < same.float().mean() < 0.9


def test_images_of_mixed_size_equal_each_image_alone() -> None:
    extents = [(12, 30), (40, 40), (33, 17)]
    pixels = torch.zeros(3, 3, 40, 40, dtype=torch.uint8)
    for image, (height, width) in zip(pixels, extents, strict=True):
        image[:, :height, :width] = photos(1, height, width)[0]
    views = PatchViews(size=16, patch=8)
    padded = Images(pixels, torch.tensor(extents))
    together = made(views, padded, torch.arange(3))
    for i, (height, width) in enumerate(extents):
        alone = made(views, pixels[i : i + 1, :, :height, :width], torch.tensor([i]))
        torch.testing.assert_close(together[i], alone[0], atol=1e-4, rtol=0)


def test_the_plain_view_is_the_whole_image() -> None:
    images = photos(3, 20, 24)
    settings = {"size": 16, "mean": (0.1, 0.2, 0.3), "std": (0.5,)}
    expected = ImageViews(**settings).plain(images)
    assert torch.equal(PatchViews(**settings).plain(images), expected)


def test_an_empty_batch_has_no_patches() -> None:
    patches = made(PatchViews(size=16), photos(0, 16, 16), torch.arange(0))
    assert patches.shape == (0, 7, 7, 3, 4, 4)


def test_what_does_not_apply_is_left_out_and_said() -> None:
    assert PatchViews(size=16).notes == ()
    assert PatchViews(size=16, channels=1).notes == (
        "saturation, hue and gray disabled: they need 3 channels, these images have 1",
        "drop disabled: it needs 2 channels, these images have 1",
    )
    assert PatchViews(size=16, channels=1, jitter=0.0, gray=0.0, drop=0.0).notes == ()


def test_repr_and_settings_build_the_same_views_again() -> None:
    views = PatchViews(size=32, channels=1, patch=12, crop_scale=(0.5, 1.0))
    again = PatchViews(**views.settings())
    assert repr(again) == repr(views)
    assert "patch=12, stride=6" in repr(views)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patch": 40}, "2 to 15 rows of patches in 32 pixels, got 0 with 40 and 20"),
        ({"patch": 32}, "2 to 15 rows of patches in 32 pixels, got 1 with 32 and 16"),
        ({"patch": 2, "stride": 1}, "2 to 15 rows of patches in 32 pixels, got 31 with 2 and 1"),
        ({"patch": 0}, "`patch` must be a whole number of 1 or more, got 0"),
        ({"stride": 0}, "`stride` must be a whole number of 1 or more, got 0"),
        ({"flip": 1.5}, "`flip` must lie between 0 and 1, got 1.5"),
        ({"patch_flip": -0.5}, "`patch_flip` must lie between 0 and 1, got -0.5"),
        ({"drop": 2.0}, "`drop` must lie between 0 and 1, got 2.0"),
        ({"hue": 0.6}, "`hue` must lie between 0 and 0.5, got 0.6"),
        ({"patch_crop_scale": (0.5, 1.5)}, r"`patch_crop_scale` must be .* got \(0.5, 1.5\)"),
        ({"crop_scale": (0.5, 0.2)}, "`crop_scale` must be two numbers above 0, the smaller first"),
        ({"rotation": -1.0}, "`rotation` must be 0 or more"),
        ({"std": (0.0,)}, "`std` must be above 0, got"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PatchViews(size=32, **settings)


def test_images_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="`images` must have 3 channels, got 1"):
        made(PatchViews(size=8), torch.zeros(2, 1, 8, 8), torch.arange(2))
    with pytest.raises(ValueError, match="`samples` must be 2 indices"):
        made(PatchViews(size=8), torch.zeros(2, 3, 8, 8), torch.arange(3))


def test_the_preset_is_the_published_grid_for_large_images() -> None:
    large, small = cpc_v2_views(size=256), cpc_v2_views(size=32)
    assert (large.patch, large.stride, large.rows) == (64, 32, 7)
    assert isinstance(small, PatchViews)
    assert small.shared_rows == 1
    assert cpc_v2_views(size=32, patch=8, flip=0.0).rows == 7
    with pytest.raises(ValueError, match="did you mean 'patch_flip'"):
        cpc_v2_views(size=32, patch_flp=0.1)


def test_patches_of_drawings_are_not_mirrored() -> None:
    views = drawing_views(cpc_v2_views, size=16, channels=1, drop=0.0)
    assert isinstance(views, PatchViews)
    assert (views.flip, views.patch_flip, views.drop) == (0.0, 0.0, 0.0)
