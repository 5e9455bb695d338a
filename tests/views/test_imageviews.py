"""Pixels equal torchvision's for the same parameters; results are pure functions of who asks."""

from __future__ import annotations

import itertools
from dataclasses import fields

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.slow import mostly_slow
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from nearfar.inputs import Images
from nearfar.views import ImageViews, ViewParameters, plain_view
from nearfar.views._filters import blur_kernel_size

RAW = {"mean": (0.0,), "std": (1.0,)}
STILL = {"flip": 0.0, "jitter": 0.0, "gray": 0.0, "blur": (0.0,), **RAW}
WHOLE = {"crop_scale": (1.0, 1.0), "crop_ratio": (1.0, 1.0)}
EVERYTHING = {
    "crop_scale": (0.08, 1.0),
    "brightness": 0.8,
    "contrast": 0.8,
    "saturation": 0.8,
    "hue": 0.2,
    "blur": (0.5,),
    "solarize": (0.5,),
    **RAW,
}


def photos(count: int, height: int, width: int, channels: int = 3) -> Tensor:
    """Smooth random images with edges, uint8."""
    coarse = torch.rand(count, channels, max(2, height // 4), max(2, width // 4))
    fine = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return ((fine + 0.2 * torch.rand(count, channels, 1, width)).clamp(0, 1) * 255).byte()


def by_torchvision(image: Tensor, drawn: ViewParameters, i: int, views: ImageViews) -> Tensor:
    """One view of one float image, one library call per change."""
    top, left, height, width = drawn.boxes[i].tolist()
    x = tv.resized_crop(image, top, left, height, width, [views.size] * 2, antialias=True)
    if drawn.flip[i]:
        x = tv.horizontal_flip(x)
    if drawn.jitter[i]:
        brightness, contrast, saturation, hue = drawn.factors[i].tolist()
        changes = [
            lambda x: tv.adjust_brightness(x, brightness),
            lambda x: tv.adjust_contrast(x, contrast),
            lambda x: tv.adjust_saturation(x, saturation),
        ]
        ordered = list(list(itertools.permutations(changes))[int(drawn.order[i])])
        ordered.insert(int(drawn.hue_turn[i]), lambda x: tv.adjust_hue(x, hue))
        for change in ordered:
            x = change(x)
    if drawn.gray[i]:
        x = tv.rgb_to_grayscale(x, num_output_channels=3)
    if drawn.blur[i]:
        x = tv.gaussian_blur(x, [blur_kernel_size(views.size)] * 2, [float(drawn.sigma[i])] * 2)
    if drawn.solarize[i]:
        x = tv.solarize(x, views.solarize_threshold)
    return x


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (32, 32, 32),
        (20, 45, 16),
        (64, 48, 64),
        (7, 9, 24),
        (96, 96, 40),
        (130, 110, 48),
    ],
)
def test_whole_pipeline_equals_torchvision_for_the_same_parameters(
    height: int, width: int, size: int
) -> None:
    views = ImageViews(size=size, **EVERYTHING)
    images, samples = photos(40, height, width) / 255, torch.arange(40)
    sizes = torch.tensor([[height, width]]).expand(40, 2)
    made = views(images, samples, seed=7, epoch=3)
    for view in range(2):
        drawn = views.parameters(samples, sizes, seed=7, epoch=3, view=view)
        for i in range(40):
            expected = by_torchvision(images[i], drawn, i, views)
            difference = (made[view][i] - expected).abs()
            if drawn.solarize[i]:  # a jump at the threshold: rounding may fall on either side
                near = torch.minimum(expected, 1 - expected) > views.solarize_threshold - 1e-3
                difference[near] = 0
            assert difference.max() < 5e-4


def test_uint8_crops_are_within_two_levels_of_torchvision() -> None:
    images, samples = photos(64, 32, 32), torch.arange(64)
    views = ImageViews(size=32, **STILL, crop_scale=(0.08, 1.0))
    (made, _) = views(images, samples, seed=0, epoch=0)
    drawn = views.parameters(samples, torch.full((64, 2), 32), seed=0, epoch=0, view=0)
    for i, box in enumerate(drawn.boxes.tolist()):
        expected = tv.resized_crop(images[i], *box, [32, 32], antialias=True).float()
        assert (made[i] * 255 - expected).abs().max() <= 2


@pytest.mark.parametrize(("height", "width", "size"), [(30, 40, 16), (150, 100, 64)])
def test_uint8_and_float_images_agree(height: int, width: int, size: int) -> None:
    images, samples = photos(12, height, width), torch.arange(12)
    views = ImageViews(size=size, **STILL)
    for whole, parts in zip(
        views(images, samples, seed=0, epoch=0),
        views(images / 255, samples, seed=0, epoch=0),
        strict=True,
    ):
        assert (whole - parts).abs().max() < 1.01 / 255


def test_no_pixel_outside_the_crop_is_read() -> None:
    views = ImageViews(size=8, **STILL, crop_scale=(0.1, 0.3))
    samples, sizes = torch.arange(50), torch.full((50, 2), 24)
    boxes = views.parameters(samples, sizes, seed=0, epoch=0, view=0).boxes
    images = torch.zeros(50, 3, 24, 24)
    for image, (top, left, height, width) in zip(images, boxes.tolist(), strict=True):
        image[:, top : top + height, left : left + width] = 1
    made, _ = views(images, samples, seed=0, epoch=0)
    assert (made - 1).abs().max() < 1e-5


SHAPES = list(itertools.product([1, 3, 5], [5, 7, 32], [0.0, 20.0]))
"""Channels, sizes and rotations."""


@pytest.mark.parametrize(
    ("channels", "size", "rotation"),
    mostly_slow(SHAPES, quick=[(1, 7, 20.0), (3, 5, 0.0), (3, 32, 20.0), (5, 32, 0.0)], slow=[]),
)
def test_views_have_the_same_bits_in_any_batch_and_order(
    channels: int, size: int, rotation: float
) -> None:
    images, samples = photos(70, 21, 30, channels), torch.randperm(1000)[:70]
    views = ImageViews(size=size, channels=channels, **EVERYTHING, rotation=rotation)
    whole = views(images, samples, seed=1, epoch=2)
    order = torch.randperm(70)
    shuffled = views(images[order], samples[order], seed=1, epoch=2)
    for step in (1, 13, 32):
        parts = [
            views(images[i : i + step], samples[i : i + step], seed=1, epoch=2)
            for i in range(0, 70, step)
        ]
        for view in range(2):
            assert torch.equal(torch.cat([part[view] for part in parts]), whole[view])
    for view in range(2):
        assert torch.equal(shuffled[view], whole[view][order])


def test_seed_epoch_sample_and_view_each_change_the_result() -> None:
    images, samples = photos(1, 16, 16).expand(8, -1, -1, -1), torch.arange(8)
    views = ImageViews(size=16)
    results = [
        *views(images, samples, seed=0, epoch=0),
        *views(images, samples, seed=1, epoch=0),
        *views(images, samples, seed=0, epoch=1),
        *views(images, samples + 8, seed=0, epoch=0),
    ]
    every = torch.cat(results).flatten(1)
    assert len(every.unique(dim=0)) == len(every)


def test_global_generator_is_neither_read_nor_moved() -> None:
    images, samples = photos(4, 16, 16), torch.arange(4)
    before = torch.random.get_rng_state()
    first = ImageViews(size=8)(images, samples, seed=0, epoch=0)[0]
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(99)
    assert torch.equal(ImageViews(size=8)(images, samples, seed=0, epoch=0)[0], first)


@pytest.mark.parametrize("as_float", [False, True])
def test_images_of_mixed_size_equal_each_image_alone(as_float: bool) -> None:
    extents = [(1, 1), (12, 30), (40, 40), (7, 3), (100, 60), (60, 130), (33, 32)]
    images = torch.zeros(len(extents), 3, 110, 130, dtype=torch.uint8)
    for image, (height, width) in zip(images, extents, strict=True):
        image[:, :height, :width] = photos(1, height, width)[0]
    images = images / 255 if as_float else images
    samples, sizes = torch.arange(len(extents)), torch.tensor(extents)
    views = ImageViews(size=20, **EVERYTHING | {"solarize": (0.0,)})
    together = views(Images(images, sizes), samples, seed=0, epoch=0)
    plain = views.plain(Images(images, sizes))
    for i, (height, width) in enumerate(extents):
        image = images[i : i + 1, :, :height, :width]
        alone = views(image, samples[i : i + 1], seed=0, epoch=0)
        for view in range(2):
            assert (together[view][i] - alone[view][0]).abs().max() < 1e-4
        assert torch.equal(views.plain(image)[0], plain[i])


@settings(max_examples=25, deadline=None)
@given(
    channels=st.integers(1, 32),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    size=st.integers(1, 24),
    count=st.integers(0, 5),
)
def test_any_shape_gives_finite_channels_last_views_in_range(
    channels: int, height: int, width: int, size: int, count: int
) -> None:
    images = torch.randint(0, 256, (count, channels, height, width), dtype=torch.uint8)
    views = ImageViews(
        size=size, channels=channels, num_views=3, rotation=10.0, blur=(0.5,), solarize=(0.5,)
    )
    made = views(images, torch.arange(count), seed=0, epoch=0)
    assert len(made) == 3
    for view in made:
        assert view.shape == (count, channels, size, size)
        assert view.dtype == torch.float32
        assert view.is_contiguous(memory_format=torch.channels_last)
        assert bool(((view >= -1.00001) & (view <= 1.00001)).all())


@pytest.mark.parametrize("level", [0, 128, 255])
def test_constant_images_stay_constant_and_finite(level: int) -> None:
    images = torch.full((30, 3, 10, 10), level, dtype=torch.uint8)
    for view in ImageViews(size=10, **EVERYTHING)(images, torch.arange(30), seed=0, epoch=0):
        assert bool(view.isfinite().all())
        spread = view.flatten(2).amax(dim=2) - view.flatten(2).amin(dim=2)
        assert spread.max() < 1e-5


def test_hue_of_pure_colors_turns_to_the_right_ones() -> None:
    from nearfar.views._color import adjust_hue_
    from nearfar.views._scratch import Scratch

    pure = torch.tensor(list(itertools.product((0.0, 0.5, 1.0), repeat=3))).T[:, None, :]
    for shift in (-0.5, -1 / 3, -0.1, 0.0, 1 / 6, 0.25, 0.5):
        expected = tv.adjust_hue(pure.reshape(3, 1, -1), shift).view(pure.shape)
        planes = pure.clone()
        adjust_hue_(planes, torch.tensor([[shift]]), scratch=Scratch(planes.device))
        assert (planes - expected).abs().max() < 1e-5


def test_rotation_equals_torchvision_inside_the_border() -> None:
    images, samples = photos(20, 24, 24) / 255, torch.arange(20)
    views = ImageViews(size=24, **STILL, **WHOLE, rotation=30.0)
    made, _ = views(images, samples, seed=0, epoch=0)
    drawn = views.parameters(samples, torch.full((20, 2), 24), seed=0, epoch=0, view=0)
    y, x = torch.meshgrid(torch.arange(24) - 11.5, torch.arange(24) - 11.5, indexing="ij")
    inside = y**2 + x**2 < 11**2
    for i in range(20):
        expected = tv.rotate(
            images[i], float(drawn.angle[i]), interpolation=tv.InterpolationMode.BILINEAR
        )
        assert (made[i] - expected)[:, inside].abs().max() < 1e-4


def test_blur_kernel_is_a_tenth_of_the_side() -> None:
    assert [blur_kernel_size(size) for size in (2, 32, 64, 96, 224)] == [3, 3, 7, 9, 23]


def test_blur_and_solarize_have_one_probability_per_view() -> None:
    views = ImageViews(size=8, blur=(1.0, 0.0), solarize=(0.0, 1.0))
    samples, sizes = torch.arange(100), torch.full((100, 2), 8)
    first, second = (
        views.parameters(samples, sizes, seed=0, epoch=0, view=view) for view in range(2)
    )
    assert first.blur.all()
    assert not second.blur.any()
    assert second.solarize.all()
    assert not first.solarize.any()


def test_switching_one_change_off_leaves_the_other_draws_alone() -> None:
    samples, sizes = torch.arange(50), torch.full((50, 2), 20)
    full, less = (
        ImageViews(size=20, flip=flip).parameters(samples, sizes, seed=0, epoch=0, view=0)
        for flip in (0.5, 0.0)
    )
    for field in fields(ViewParameters):
        same = torch.equal(getattr(full, field.name), getattr(less, field.name))
        assert same == (field.name != "flip")


def test_normalization_is_per_channel() -> None:
    images = torch.ones(2, 3, 4, 4)
    still = STILL | {"mean": (0.0, 0.5, 1.0), "std": (1.0, 0.5, 2.0)}
    made, _ = ImageViews(size=4, **still)(images, torch.arange(2), seed=0, epoch=0)
    assert torch.allclose(made.mean((0, 2, 3)), torch.tensor([1.0, 1.0, 0.0]), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 4, 32])
def test_what_needs_three_channels_is_left_out_and_said(channels: int) -> None:
    views = ImageViews(size=8, channels=channels, jitter=1.0, gray=1.0, **RAW)
    assert views.notes == (
        f"saturation, hue and gray disabled: they need 3 channels, these images have {channels}",
    )
    assert ImageViews(size=8, channels=channels, gray=0.0, hue=0.0, saturation=0.0).notes == ()
    assert ImageViews(size=8).notes == ()


@pytest.mark.parametrize("channels", [1, 4])
def test_brightness_and_contrast_apply_to_any_number_of_channels(channels: int) -> None:
    images, samples = photos(20, 12, 12, channels) / 255, torch.arange(20)
    only = {**STILL, **WHOLE, "jitter": 1.0, "brightness": 0.8, "contrast": 0.8}
    views = ImageViews(size=12, channels=channels, **only)
    made, _ = views(images, samples, seed=0, epoch=0)
    drawn = views.parameters(samples, torch.full((20, 2), 12), seed=0, epoch=0, view=0)
    orders = list(itertools.permutations(range(3)))
    for i in range(20):
        x = images[i]
        for change in orders[int(drawn.order[i])]:
            factor = drawn.factors[i, change]
            if change < 2:
                x = (factor * x + (1 - factor) * (x.mean() if change else 0)).clamp(0, 1)
        assert torch.allclose(made[i], x, atol=1e-5)


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (32, 32, 32),
        (40, 60, 16),
        (61, 47, 30),
        (5, 9, 12),
        (120, 90, 32),
    ],
)
def test_plain_view_equals_torchvision_resize_and_center_crop(
    height: int, width: int, size: int
) -> None:
    images = photos(5, height, width) / 255
    expected = tv.center_crop(tv.resize(images, [size], antialias=True), [size, size])
    assert torch.allclose(plain_view(images, size=size, **RAW), expected, atol=1e-6)
    levels = plain_view((images * 255).round().byte(), size=size, **RAW)
    assert (levels - expected).abs().max() < 1.01 / 255


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop_scale": (0.5, 0.2)}, "`crop_scale` must be two numbers above 0, the smaller first"),
        ({"crop_scale": (0.0, 1.0)}, r"`crop_scale` must be .* got \(0.0, 1.0\)"),
        ({"crop_scale": (0.5, 1.5)}, "`crop_scale` must lie between 0 and 1, got 1.5"),
        ({"crop_ratio": (2.0, 1.0)}, r"`crop_ratio` must be .* got \(2.0, 1.0\)"),
        ({"flip": 1.5}, "`flip` must lie between 0 and 1, got 1.5"),
        ({"jitter": -0.1}, "`jitter` must lie between 0 and 1, got -0.1"),
        ({"gray": 2.0}, "`gray` must lie between 0 and 1, got 2.0"),
        ({"brightness": -1.0}, "`brightness` must be 0 or more"),
        ({"hue": 0.6}, "`hue` must lie between 0 and 0.5, got 0.6"),
        ({"blur": (0.1, 0.2, 0.3)}, "`blur` must be one probability or 2"),
        ({"blur": (1.1,)}, "`blur` must lie between 0 and 1, got 1.1"),
        ({"blur_sigma": (2.0, 0.1)}, r"`blur_sigma` must be .* got \(2.0, 0.1\)"),
        ({"solarize": ()}, r"`solarize` must be one probability or 2.* got \(\)"),
        ({"rotation": -5.0}, "`rotation` must be 0 or more, got -5.0"),
        ({"mean": (0.1, 0.2)}, "`mean` must be one number or 3"),
        ({"std": (0.0,)}, "`std` must be above 0"),
        ({"size": 0}, "`size` must be a whole number of 1 or more, got 0"),
        ({"num_views": 0}, "`num_views` must be a whole number of 1 or more, got 0"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageViews(**{"size": 8} | change)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(3, 8, 8), "`images` must be batch × channels × height × width"),
        (torch.zeros(2, 1, 8, 8), "`images` must have 3 channels, got 1"),
        (torch.zeros(2, 3, 0, 8), "`images` must have pixels"),
        (torch.full((2, 3, 8, 8), 255.0), "`images` of floats must lie between 0 and 1"),
        (torch.full((2, 3, 8, 8), float("nan")), "`images` of floats must lie between 0 and 1"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.int32), "`images` must be uint8 or floating point"),
    ],
)
def test_images_that_are_none_are_refused(images: Tensor, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        ImageViews(size=8)(images, torch.arange(2), seed=0, epoch=0)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (torch.tensor([[8, 8]]), r"`sizes` must be 2 × 2 integers .* got shape \(1, 2\)"),
        (torch.tensor([[8, 8], [9, 8]]), r"`sizes` must lie between .* \[9, 8\]"),
        (torch.tensor([[8, 8], [0, 8]]), r"`sizes` must lie between .* \[0, 8\]"),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_sizes_that_do_not_fit_are_refused(sizes: Tensor, message: str) -> None:
    padded = Images(torch.zeros(2, 3, 8, 8), sizes)
    with pytest.raises(ValueError, match=message):
        ImageViews(size=8)(padded, torch.arange(2), seed=0, epoch=0)


def test_samples_that_do_not_match_the_images_are_refused() -> None:
    with pytest.raises(ValueError, match="`samples` must be 2 indices"):
        ImageViews(size=8)(torch.zeros(2, 3, 8, 8), torch.arange(3), seed=0, epoch=0)


def test_repr_and_settings_build_the_same_views_again() -> None:
    views = ImageViews(size=12, channels=1, blur=(0.1, 0.9))
    again = ImageViews(**views.settings())
    assert repr(again) == repr(views)
    assert "crop_scale=(0.2, 1.0)" in repr(views)
