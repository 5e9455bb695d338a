"""Recordings and series in the forms that people have: every road to the same samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch.utils.data import Dataset

from nearfar.data import modality_of, open_labeled, open_source
from tests.data.sounds import save, tone


def values_of(source: Any, *positions: int) -> torch.Tensor:
    values: torch.Tensor = source.read(list(positions)).inputs.values
    return values


class Items(Dataset[Any]):
    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> Any:
        return self.items[row]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / f"{pitch}.wav" for pitch in (200, 300, 400, 500)]
    for pitch, path in zip((200, 300, 400, 500), found, strict=True):
        save(path, tone(pitch), subtype="FLOAT")
    return found


def test_all_roads_to_recordings_are_recognized_and_equal(files: list[Path]) -> None:
    expected = values_of(open_source(files[0].parent), 0, 1, 2, 3)
    waves = [torch.from_numpy(soundfile.read(path, dtype="float32")[0]) for path in files]
    roads: list[Any] = [
        files,
        [str(path) for path in files],
        [path.read_bytes() for path in files],
        Items([(str(path), 1) for path in files]),
        Items([(wave[None], 8_000, "word") for wave in waves]),
        Items([{"audio": {"array": wave, "sampling_rate": 8_000}} for wave in waves]),
    ]
    for road in roads:
        source = open_source(road)
        assert source.modality == "sequences"
        assert torch.equal(values_of(source, 0, 1, 2, 3), expected)


def test_names_of_files_are_no_texts() -> None:
    assert modality_of(["a.wav is a file", "another text"]) == "text"
    with pytest.raises(ValueError, match=r"names of files, got 'a\.png'"):
        open_source(["a.png", "b.png"], modality="text")
    assert modality_of(["a.png", "b.png"]) == "images"
    with pytest.raises(ValueError, match=r"damaged: a\.png \(not a regular file\)"):
        open_source(["a.png", "b.png"])


def test_a_dictionary_of_datasets_has_splits_and_labels(files: list[Path]) -> None:
    datasets = pytest.importorskip("datasets")

    def rows(contents: list[bytes], labels: list[int]) -> Any:
        cells = [{"bytes": content, "path": None} for content in contents]
        made = datasets.Dataset.from_dict({"audio": cells, "label": labels})
        return made.cast_column("audio", datasets.Audio(decode=False))

    good = [path.read_bytes() for path in files]
    spec = datasets.DatasetDict(
        train=rows([good[0], b"RIFF broken", *good[1:]], [3, 9, 4, 3, 4]),
        test=rows(good[:2], [4, 3]),
    )
    lengths = {split: len(open_source(spec, split=split)) for split in ("train", "test", "all")}
    assert lengths == {"train": 4, "test": 2, "all": 6}
    labeled = open_labeled(spec)
    assert labeled.class_names == ("3", "4")
    assert labeled.train_labels.tolist() == [0, 1, 0, 1]  # the broken row's label is left out
    assert labeled.test_labels is not None
    assert labeled.test_labels.tolist() == [1, 0]


@pytest.mark.parametrize("offset", [0.0, 0.4])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_channels_that_cancel_partly_or_but_for_an_offset(
    tmp_path: Path, offset: float, share: float
) -> None:
    wave = tone(300, seconds=4.0)
    other = np.where(np.arange(len(wave)) < share * len(wave), -wave, wave)
    save(tmp_path / "a.wav", np.stack([wave + offset, other + offset], axis=1), subtype="FLOAT")
    source = open_source(tmp_path)
    assert (values_of(source, 0)[0, 0, :8_000] - offset).std() > 0.3
    assert "cancel out" in source.notes[0]


def test_a_truncated_file_is_named_and_a_stream_is_not(files: list[Path]) -> None:
    content = files[0].read_bytes()
    files[0].write_bytes(content[: len(content) // 2])
    assert "1 file shorter than the header states: 200.wav" in open_source(files).notes
    place = content.index(b"data") + 4
    files[0].write_bytes(content[:place] + b"\xff\xff\xff\xff" + content[place + 4 :])
    assert open_source(files).notes == ()


def test_numbers_too_large_for_a_sum_of_squares_are_no_sound(files: list[Path]) -> None:
    wave = tone(300).astype(np.float64)
    wave[10] = 1e300
    soundfile.write(files[0], wave, 8_000, subtype="DOUBLE")
    source = open_source(files[0].parent)
    assert "200.wav (contains numbers above 1e15)" in source.notes[0]


def test_formats_that_are_not_read_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(b"ftypM4A ")
    with pytest.raises(ValueError, match=r"convert them to \.flac"):
        open_source(tmp_path)
    save(tmp_path / "b.wav", tone(300))
    assert "1 unread audio file ignored: a.m4a" in open_source(tmp_path).notes[0]


def test_arrays_of_several_types_are_not_mixed() -> None:
    with pytest.raises(TypeError, match="one type of numbers, got float32, int16"):
        open_source([tone(300), (tone(300) * 2**15).astype(np.int16)], sample_rate=8_000)


def test_units_of_int16_series_hold_for_other_types() -> None:
    values = np.random.default_rng(0).normal(0, 3_000, (6, 40)).astype(np.int16)
    trained = open_source(values, modality="sequences")
    units = {"center": trained.center, "scale": trained.scale}  # type: ignore[attr-defined]
    for kind in (np.int16, np.int32, np.float32, np.float64):
        source = open_source(values.astype(kind), modality="sequences", **units)
        assert torch.equal(values_of(source, 0, 5), values_of(trained, 0, 5))


def test_steps_outside_the_offsets_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "series.npz"
    np.savez(path, samples=np.arange(100.0), offsets=[10, 40, 90])
    assert "20 time steps outside the offsets left out" in open_source(path).notes
    np.savez(path, samples=np.arange(100.0), offsets=[])
    with pytest.raises(ValueError, match="one more than the number of sequences"):
        open_source(path)


@pytest.mark.parametrize("name", ["sample_rate", "fs", "sr"])
def test_a_rate_has_several_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / "sounds.npz"
    np.savez(path, x=np.ones((3, 8_000)), **{name: 8_000})  # type: ignore[arg-type]
    assert open_source(path).describe() == "3 recordings of 1.00 s at 8,000 Hz"
    np.savez(path, x=np.ones((3, 8_000)), **{name: np.inf})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one whole number in Hz"):
        open_source(path)


@pytest.mark.parametrize("modality", ["sequences", "images"])
def test_one_number_is_no_data(tmp_path: Path, modality: str) -> None:
    np.save(tmp_path / "a.npy", 3.0)
    with pytest.raises(ValueError, match=r"a\.npy must be .*, got one number"):
        open_source(tmp_path / "a.npy", modality=modality)


def test_more_channels_than_steps_is_noted() -> None:
    source = open_source(np.random.default_rng(0).normal(size=(5, 128, 9)), modality="sequences")
    assert "more channels, 128, than time steps, 9" in source.notes[0]


def test_broken_links_and_loops_in_hdf5_cost_nothing(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    values = np.random.default_rng(0).normal(size=(5, 40))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = values
        file["gone"] = h5py.SoftLink("/nowhere")
        file["group/loop"] = file["/"]
    source = open_source(tmp_path / "a.h5", modality="sequences")
    assert torch.equal(values_of(source, 0)[0, 0], torch.from_numpy(values[0]).float())
