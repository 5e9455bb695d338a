"""Range of values that is mapped to black and white, and the notes on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import TensorDataset

from nearfar.data import FolderSource, open_source
from nearfar.data.images._value_survey import Survey

FLAT = np.random.default_rng(0).random((60, 12, 12))


def pixels(source: Any) -> torch.Tensor:
    found: torch.Tensor = source.read(range(len(source))).inputs.pixels
    return found.float() / 255 if found.dtype == torch.uint8 else found


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.int16, np.float32])
def test_drawings_of_zeros_and_ones_are_black_and_white(dtype: Any) -> None:
    drawn = (FLAT > 0.5).astype(dtype)
    source = open_source(drawn)
    assert torch.equal(pixels(source)[:, 0], torch.from_numpy(drawn.astype(np.float32)))
    assert source.value_range == (0.0, 1.0)


@pytest.mark.parametrize("most", [2, 3, 7, 16, 25])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_whole_numbers_that_hardly_use_a_byte_are_spread(most: int, dtype: Any) -> None:
    values = np.rint(FLAT * most).astype(dtype)
    source = open_source(values)
    assert source.value_range == (0.0, float(most))
    assert (pixels(source)[:, 0] - torch.from_numpy(values / most)).abs().max() < 1e-6
    assert source.notes == (f"values from 0 to {most} mapped to 0..1",)


@pytest.mark.parametrize(
    ("most", "bits"), [(256, 9), (1000, 10), (4095, 12), (60_000, 16), (100_000, 17)]
)
def test_larger_whole_numbers_have_a_power_of_two_of_levels(most: int, bits: int) -> None:
    values = np.rint(FLAT * most).astype(np.int32)
    values[0, 0, 0] = most
    source = open_source(values)
    assert source.value_range == (0.0, 2.0**bits - 1)
    assert f"({bits} bits, as the largest is {most:g})" in source.notes[0]


@pytest.mark.parametrize(
    ("marks", "dtype", "scale", "wanted"),
    [
        ((-9999,), np.float32, 1, (0.0, 1.0)),
        ((300,), np.float32, 1, (0.0, 1.0)),
        ((-9999, -32768), np.int32, 4000, (0.0, 4095.0)),
        ((65535,), np.uint16, 4000, (0.0, 4095.0)),
        ((-9999,), np.int16, 200, (0.0, 255.0)),
        ((float(np.finfo(np.float32).min), 9999), np.float32, 0.7, (0.0, 1.0)),
    ],
)
@pytest.mark.parametrize("often", [1, 500])
def test_values_far_from_all_others_do_not_press_these_together(
    marks: tuple[float, ...], dtype: Any, scale: float, wanted: tuple[float, float], often: int
) -> None:
    clean = (FLAT * scale).astype(dtype)
    marked = clean.copy()
    for number, mark in enumerate(marks):
        marked.reshape(-1)[number + 500 : number + 500 + len(marks) * often : len(marks)] = mark
    source, without = open_source(marked), open_source(clean)
    assert source.value_range == without.value_range == wanted
    same = torch.from_numpy(marked == clean)
    assert torch.equal(pixels(source)[:, 0][same], pixels(without)[:, 0][same])
    note = source.notes[-1]
    assert note.startswith(f"{often * len(marks):,} value")
    assert "the first in row 3; far from all others: --missing-value=" in note
    assert f"{marks[0]:g} ({often})" in note


@given(scale=st.floats(0.1, 1e6), shift=st.floats(-1e6, 1e6), seed=st.integers(0, 100))
@settings(deadline=None, max_examples=60)
def test_values_without_gaps_have_no_outliers(scale: float, shift: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    values = shift + scale * random.choice([random.normal, random.exponential])(size=3000)
    assert Survey(values.min(), values.max(), False, np.sort(values)).near() is None


def test_missing_values_are_black_wherever_they_are_given(tmp_path: Path) -> None:
    values = (FLAT * 900 + 100).astype(np.float32)
    values[:, :3] = -9999
    known = open_source(values[:, 3:])
    (tmp_path / "files").mkdir()
    for number, image in enumerate(values):
        Image.fromarray(image).save(tmp_path / "files" / f"{number:02}.tif")
    nan = np.where(values == -9999, np.float32(np.nan), values)
    for source in (
        open_source(values, missing_value=-9999.0),
        open_source(nan, missing_value=float("nan")),
        open_source(TensorDataset(torch.from_numpy(values)), missing_value=-9999.0),
        open_source(tmp_path / "files", missing_value=-9999.0),
        FolderSource(tmp_path / "files", missing_value=-9999.0, memory=0),
    ):
        assert source.value_range == known.value_range
        assert not pixels(source)[:, :, :3].any()
        assert torch.equal(pixels(source)[:, :, 3:], pixels(known))
        assert "2,160 missing values (" in source.notes[-1]


def test_a_value_that_files_declare_as_missing_is_used(tmp_path: Path) -> None:
    for number in range(3):
        values = np.rint(FLAT[number] * 2000 - 500).astype(np.int32)
        values[:, :2] = -9999
        Image.fromarray(values).save(tmp_path / f"{number}.tif", tiffinfo={42113: "-9999"})
    source = open_source(tmp_path)
    assert source.missing_value == -9999
    low, _ = source.value_range
    assert -500 <= low < -400
    assert not pixels(source)[..., :2].any()
    large = np.full((600, 600), 1000, np.int32)
    large[:, :100] = -9999
    Image.fromarray(large).save(tmp_path / "3.tif", tiffinfo={42113: "-9999"})
    reduced = open_source(tmp_path).read([3]).inputs.pixels  # missing values do not smear
    assert len(reduced.unique()) == 2


def test_a_narrow_part_of_the_range_is_named() -> None:
    notes = open_source((3000 + 100 * FLAT).astype(np.uint16)).notes
    assert notes[-1].startswith("99 % of the values are within 30")
    assert "less than a tenth of the range 0..4095: --value-range 3" in notes[-1]
    dark = (FLAT * 20).astype(np.uint8)
    dark[3, 3, 3] = 200
    assert "less than a tenth of the range 0..255" in open_source(dark).notes[0]
    spread = open_source(dark, value_range=(0.0, 20.0))
    assert pixels(spread).max() == 1
    assert "1 value (0.012 %) outside 0..20 clipped, mostly 200 (1)" in spread.notes[-1]


def test_numbers_of_other_types_keep_the_range_of_the_encoder() -> None:
    photos = (FLAT * 255).astype(np.uint8)
    wanted = torch.from_numpy(photos / np.float32(255))
    for values in (photos.astype(np.int64), photos.astype(np.float32), photos):
        for part in (values, values[:1]):
            found = pixels(open_source(part, value_range=(0.0, 255.0)))[:, 0]
            assert (found - wanted[: len(part)]).abs().max() < 1e-6
    fractions = open_source(photos / 255, value_range=(0.0, 255.0))
    assert (pixels(fractions)[:, 0] - wanted).abs().max() < 1e-6
    assert fractions.notes == ("values within 0..1 taken as fractions of 0..255",)
    for other in ((0.0, 1.0), (-1000.0, 3000.0), (0.0, 4095.0)):
        assert open_source(photos, value_range=other).value_range == (0.0, 255.0)
    outside = open_source(photos.astype(np.float32) + 100, value_range=(0.0, 255.0))
    assert "outside 0..255 clipped" in outside.notes[0]


def test_files_of_sixteen_bits_are_fractions_for_an_encoder_of_bytes(tmp_path: Path) -> None:
    values = (FLAT[:3] * 5000).astype(np.uint16)
    for number, image in enumerate(values):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    source = open_source(tmp_path, value_range=(0.0, 255.0))
    assert source.value_range == (0.0, 65535.0)
    assert torch.equal(pixels(source)[:, 0], torch.from_numpy((values / 65535).astype(np.float32)))


def test_values_beyond_a_sample_of_the_files_are_clipped_and_counted(tmp_path: Path) -> None:
    for number in range(300):
        values = np.full((2, 2), 3 + number % 5, np.float32)
        values[0, 0] = -2
        Image.fromarray(values).save(tmp_path / f"{number:03}.tif")
    sampled = FolderSource(tmp_path, memory=0)
    assert sampled.value_range == (-2.0, 7.0)
    Image.fromarray(np.full((2, 2), 8, np.float32)).save(tmp_path / "007.tif")
    later = FolderSource(tmp_path, memory=0, value_range=sampled.value_range)
    assert later.read([7]).inputs.pixels.max() == 1
    assert "4 values outside -2..7 clipped in 1 file: 007.tif" in later.notes[-1]


def test_centering_comes_before_rounding() -> None:
    values = 1e9 + FLAT
    source = open_source(values)
    low, high = source.value_range
    wanted = torch.from_numpy(((values - low) / (high - low)).astype(np.float32))
    assert torch.equal(pixels(source)[:, 0], wanted)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 1000),
    count=st.integers(1, 5),
    kind=st.sampled_from(["uint8", "int16", "uint16", "int64", "float32", "float64"]),
    trained=st.sampled_from(["uint8", "uint16", "int32", "float32", "bool"]),
)
def test_an_image_does_not_depend_on_the_others(
    seed: int, count: int, kind: str, trained: str
) -> None:
    random = np.random.default_rng(seed)
    train = (random.random((8, 9, 9)) * 3000).astype(trained)
    values = (random.normal(size=(6, 9, 9)) * 4000).astype(kind)
    values[:, 0, 0] = 300 % 256  # not all black or white
    values[:, 0, 1] = 100
    stored = open_source(train).value_range
    every, some = (open_source(a, value_range=stored) for a in (values, values[:count]))
    assert torch.equal(pixels(some), pixels(every)[:count])


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.0, 1.0, None),
        (0.02, 0.97, None),
        (0.0, 255.0, "values from 0 to 255 mapped to 0..1"),
        (0.3, 254.7, "values from 0.3 to 254.7 mapped to 0..1"),
        (-1.0, 1.0, "values from -1 to 1 mapped to 0..1"),
        (-0.96, 0.99, "values from -0.96 to 0.99 mapped to 0..1"),
        (-2.1, 2.6, "values from -2.1 to 2.6 mapped to 0..1"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_usual_ranges_of_fractions_fill_the_range_and_are_named(
    low: float, high: float, said: str | None, dtype: Any
) -> None:
    flat = (FLAT - FLAT.min()) / (FLAT.max() - FLAT.min())
    source = open_source((low + (high - low) * flat).astype(dtype))
    assert source.notes == (() if said is None else (said,))
    expected = low + (high - low) * flat if said is None else flat
    np.testing.assert_allclose(pixels(source)[:, 0], expected, atol=1e-6)
    few = (low + (high - low) * flat[:9]).astype(dtype)
    again = open_source(few, value_range=source.value_range)  # type: ignore[attr-defined]
    np.testing.assert_allclose(pixels(again), pixels(source)[:9], atol=1e-6)


def test_images_of_unit_variance_keep_their_tails() -> None:
    values = np.random.default_rng(1).normal(size=(60, 12, 12)).astype(np.float32)
    source = open_source(values)
    extremes = (float(values.min()), float(values.max()))
    assert source.value_range == extremes  # type: ignore[attr-defined]
    found = pixels(source)
    assert (float(found.min()), float(found.max())) == (0, 1)
    assert source.notes == (f"values from {values.min():g} to {values.max():g} mapped to 0..1",)
