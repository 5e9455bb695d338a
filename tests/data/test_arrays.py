"""Images in arrays: which axis is which, which values they may have."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.data import ArraySource, open_source
from nearfar.data.images._image_arrays import channel_axis


def random_bytes(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    ("shape", "channels", "axis"),
    [
        ((10, 28, 28), None, None),
        ((10, 28, 28), 1, None),
        ((10, 3, 32, 32), None, 1),
        ((10, 32, 32, 3), None, 3),
        ((10, 1, 8, 8), None, 1),
        ((10, 8, 8, 1), None, 3),
        ((10, 12, 64, 64), None, 1),
        ((10, 64, 64, 12), None, 3),
        ((10, 12, 32, 32), 12, 1),
        ((10, 32, 32, 12), 12, 3),
        ((10, 3, 9, 3), 3, 1),
    ],
)
def test_the_channel_axis_is_found(
    shape: tuple[int, ...], channels: int | None, axis: int | None
) -> None:
    assert channel_axis(shape, channels=channels) == axis


@pytest.mark.parametrize("shape", [(10, 12, 32, 32), (10, 3, 9, 3), (10, 16, 16, 16)])
def test_a_shape_that_reads_two_ways_asks_for_channels(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="specify `channels`"):
        channel_axis(shape, channels=None)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((), "got shape \\(\\)"),
        ((10,), "got shape 10"),
        ((10, 64), "got shape 10×64"),
        ((2, 3, 4, 5, 6), "got shape 2×3×4×5×6"),
        ((0, 8, 8), "must not be empty"),
        ((10, 0, 8, 3), "must not be empty"),
        ((480, 640, 3), "looks like one image"),
        ((10, 64, 64, 64), "no channel axis of length 1 to 32"),
    ],
)
def test_a_wrong_shape_is_refused(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_source(np.zeros(shape, np.uint8), modality="images")


def test_channels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="no channel axis of length `channels`=4"):
        open_source(np.zeros((5, 8, 8, 3), np.uint8), channels=4)
    with pytest.raises(ValueError, match=r"`channels` must be 1 .* got 3"):
        open_source(np.zeros((5, 8, 8), np.uint8), channels=3)


@pytest.mark.parametrize("layout", ["NHW", "NHWC", "NCHW"])
def test_every_layout_gives_the_same_pixels(layout: str) -> None:
    pixels = random_bytes(6, 1, 40, 50)
    given_as = {"NHW": pixels[:, 0], "NHWC": pixels.transpose(0, 2, 3, 1), "NCHW": pixels}
    source = open_source(given_as[layout])
    batch = source.read([5, 0, 0])
    assert torch.equal(batch.inputs.pixels, torch.from_numpy(pixels[[5, 0, 0]]))
    assert batch.samples.tolist() == [5, 0, 0]
    assert batch.inputs.sizes is None
    assert (source.channels, source.describe()) == (1, "6 grey images 50×40")


def test_many_channels_are_kept() -> None:
    source = open_source(random_bytes(4, 64, 48, 12))
    assert source.channels == 12
    assert source.describe() == "4 12-channel images 48×64"
    assert source.read([0]).inputs.pixels.shape == (1, 12, 64, 48)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16, np.int32])
def test_whole_numbers_of_a_byte_are_bytes(dtype: type) -> None:
    pixels = random_bytes(4, 9, 9)
    images = open_source(pixels.astype(dtype)).read(range(4)).inputs.pixels
    assert torch.equal(images[:, 0], torch.from_numpy(pixels))


def test_booleans_become_black_and_white() -> None:
    values = np.eye(9, dtype=bool)[None].repeat(2, 0)
    images = open_source(values).read([0]).inputs.pixels
    assert images.dtype == torch.uint8
    assert images.unique().tolist() == [0, 255]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_floating_point_values_in_the_unit_interval_stay(dtype: type) -> None:
    values = np.random.default_rng(0).random((4, 9, 9)).astype(dtype)
    source = open_source(values)
    images = source.read(range(4)).inputs.pixels
    assert images.dtype == torch.float32
    assert torch.equal(images[:, 0], torch.from_numpy(values.astype(np.float32)))
    assert (source.notes, source.value_range) == ((), (0.0, 1.0))


@settings(deadline=None, max_examples=50)
@given(low=st.floats(-1e4, 1e4), width=st.floats(0.1, 1e4))
def test_other_values_are_mapped_by_one_affine_map_of_the_whole_set(
    low: float, width: float
) -> None:
    unit = np.random.default_rng(0).random((3, 8, 8))
    unit.flat[:2] = 0, 1
    values = low + width * unit
    source = open_source(values)
    images = source.read([0, 1, 2]).inputs.pixels[:, 0].numpy()
    wanted = values if source.value_range == (0, 1) else unit
    assert np.abs(images - wanted).max() < 1e-4
    assert images.min() >= 0
    assert images.max() <= 1


def test_the_map_is_noted_and_can_be_given_again() -> None:
    values = np.linspace(-2, 6, 2 * 64).reshape(2, 8, 8).astype(np.float32)
    source = open_source(values)
    assert source.notes == ("values from -2 to 6 mapped to 0..1",)
    part = open_source(values[:, :4], value_range=source.value_range)
    assert torch.equal(part.read([0, 1]).inputs.pixels, source.read([0, 1]).inputs.pixels[:, :, :4])


def test_constant_images_are_allowed() -> None:
    assert bool((open_source(np.full((3, 8, 8), 7.0)).read([0]).inputs.pixels == 0).all())
    assert bool((open_source(np.full((3, 8, 8), 7, np.uint8)).read([0]).inputs.pixels == 7).all())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted_and_the_first_row_named(value: float) -> None:
    values = np.zeros((10, 8, 8), np.float32)
    values[[3, 7], 2, 2] = value
    with pytest.raises(ValueError, match=r"NaN or infinite values in 2 of 10 images, .* row 3"):
        open_source(values)


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()] * 3, dtype=object),
        np.zeros((4, 8, 8), complex),
        np.full((4, 8, 8), "a"),
    ],
)
def test_arrays_of_anything_but_numbers_are_refused(array: np.ndarray) -> None:
    with pytest.raises(TypeError, match="must be"):
        open_source(array)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bfloat16, torch.float16])
def test_tensors_are_sources(dtype: torch.dtype) -> None:
    values = torch.rand(4, 3, 40, 40).mul(200 if dtype == torch.uint8 else 1).to(dtype)
    images = open_source(values.requires_grad_(dtype == torch.float32)).read([2]).inputs.pixels
    assert torch.equal(images[0], values[2].detach().to(images.dtype))


@pytest.mark.parametrize("position", [-1, 4, 99])
def test_a_position_outside_the_source_is_refused(position: int) -> None:
    with pytest.raises(IndexError, match=f"between 0 and 3, got {position}"):
        open_source(random_bytes(4, 8, 8)).read([0, position])


def test_the_fingerprint_changes_with_a_value_and_with_the_range() -> None:
    pixels = random_bytes(4, 8, 8)
    changed = pixels.copy()
    changed[2, 3, 3] ^= 1
    prints = {
        ArraySource(pixels, name="a").fingerprint,
        ArraySource(changed, name="a").fingerprint,
        ArraySource(pixels[:3], name="a").fingerprint,
        ArraySource(pixels / 300.0, name="a").fingerprint,
        ArraySource(pixels / 300.0, name="a", value_range=(0.0, 2.0)).fingerprint,
    }
    assert len(prints) == 5
    assert ArraySource(pixels, name="b").fingerprint in prints


def test_a_row_is_identified_by_its_number() -> None:
    assert open_source(random_bytes(4, 8, 8)).identify(3) == "row 3"
