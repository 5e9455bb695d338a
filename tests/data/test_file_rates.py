"""A sampling rate next to an array, or among its attributes, makes it audio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr
from scipy.io import savemat

from nearfar.data import open_source

X = np.random.default_rng(0).normal(0, 0.1, (6, 4_000)).astype(np.float32)


def hdf5(path: Path, place: str, rate: Any = 8_000, values: Any = X) -> Path:
    with h5py.File(path, "w") as file:
        file["signals"] = values
        if place == "a number":
            file["fs"] = rate
        else:
            {"of the file": file, "of the array": file["signals"]}[place].attrs["Fs"] = rate
    return path


@pytest.mark.parametrize("place", ["a number", "of the file", "of the array"])
@pytest.mark.parametrize("rate", [8_000, 8_000.0, np.array([8_000])])
def test_hdf5(tmp_path: Path, place: str, rate: Any) -> None:
    source = open_source(hdf5(tmp_path / "s.h5", place, rate))
    assert source.describe() == "6 recordings of 0.50 s at 8,000 Hz"
    assert source.notes == ("read as audio of 8,000 Hz, the number fs of the file",)
    np.testing.assert_array_equal(source.read([2]).inputs.values[0, 0], X[2])


def test_zarr_groups(tmp_path: Path) -> None:
    group = zarr.open_group(str(tmp_path / "s.zarr"), mode="w")
    group["x"] = X
    group.attrs["sample_rate"] = 4_000
    assert open_source(tmp_path / "s.zarr").describe() == "6 recordings of 1.00 s at 4,000 Hz"


def test_other_formats_and_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", audio=X, SampleRate=8_000)
    savemat(tmp_path / "s.mat", {"signal": X, "Fs": 8_000})
    with h5py.File(tmp_path / "g.h5", "w") as file:
        file["recording/x"], file["recording/sr"] = X, 8_000
    for name in ("s.npz", "s.mat", "g.h5"):
        source = open_source(tmp_path / name)
        assert source.describe() == "6 recordings of 0.50 s at 8,000 Hz"
        assert source.notes[0].startswith("read as audio of 8,000 Hz, the number ")


def test_an_array_of_one_axis_is_one_recording(tmp_path: Path) -> None:
    source = open_source(hdf5(tmp_path / "s.h5", "of the array", values=X.reshape(-1)[:16_000]))
    assert len(source) == 1
    assert "the array is one recording" in source.notes
    np.savez(tmp_path / "s.npz", signal=X[0], sr=8_000)
    assert len(open_source(tmp_path / "s.npz")) == 1


def test_without_a_rate_nothing_changes_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["x"] = X[:, :30]
        file.attrs["fs"] = "unknown"
    assert open_source(tmp_path / "s.h5").modality == "vectors"
    with pytest.raises(ValueError, match=r"fs in s\.h5 must be one whole number in Hz, got"):
        open_source(hdf5(tmp_path / "s.h5", "of the file", 8_000.5))
    with h5py.File(tmp_path / "i.h5", "w") as file:
        file["images"] = np.zeros((5, 8, 8, 3), np.uint8)
        file.attrs["sr"] = 4
    assert open_source(tmp_path / "i.h5").modality == "images"
