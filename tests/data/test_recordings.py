"""Recordings as people have them: headers that lie, channels that cancel, lists and datasets."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.utils.data import Dataset

from nearfar.data import open_labeled, open_source
from nearfar.data.sequences import SoundFolder
from tests.data.sounds import save, tone


def values_of(source: Any, *positions: int) -> torch.Tensor:
    values: torch.Tensor = source.read(list(positions)).inputs.values
    return values


def claim(path: Path, samples: int) -> None:
    """Write the number of samples into the header of a FLAC file; 0 is unknown."""
    content = bytearray(path.read_bytes())
    known = int.from_bytes(content[18:26], "big") >> 36 << 36
    content[18:26] = (known | samples).to_bytes(8, "big")
    path.write_bytes(content)


@pytest.mark.parametrize("memory", [0, 1 << 20])
@pytest.mark.parametrize("claimed", [0, (1 << 36) - 1, 1 << 30])
def test_a_flac_of_unknown_length_is_read_whole(tmp_path: Path, claimed: int, memory: int) -> None:
    wave = tone(300, seconds=12.0)
    for number in range(3):
        save(tmp_path / f"{number}.flac", wave)
    claim(tmp_path / "0.flac", claimed)
    source = SoundFolder(tmp_path, seconds=5.0, memory=memory)
    assert source.lengths.tolist() == [40_000, 56_000] * 3
    assert torch.equal(values_of(source, 0, 1), values_of(source, 2, 3))


def test_a_header_that_claims_a_little_too_much_costs_only_its_file(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / f"{number}.flac", tone(300))
    claim(tmp_path / "0.flac", 5_000)
    source = open_source(tmp_path)
    assert len(source) == 3
    assert source.notes[0].startswith("1 of 4 files skipped: 0.flac (")


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_from_a_pipe_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    for number in range(2):
        save(tmp_path / f"{number}.wav", tone(300))
    content = bytearray((tmp_path / "0.wav").read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = size.to_bytes(4, "little")
    (tmp_path / "0.wav").write_bytes(content)
    source = open_source(tmp_path)
    assert torch.equal(values_of(source, 0), values_of(source, 1))


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg"])
@pytest.mark.parametrize("memory", [0, 1 << 20])
def test_channels_of_opposite_phase_are_no_silence(tmp_path: Path, kind: str, memory: int) -> None:
    wave = tone(300)
    save(tmp_path / f"opposite.{kind}", np.stack([0.9 * wave, -wave], axis=1))
    save(tmp_path / f"same.{kind}", np.stack([wave, wave], axis=1))
    source = SoundFolder(tmp_path, memory=memory)
    opposite, same = values_of(source, 0, 1)[:, 0, 100:3900]
    assert torch.allclose(opposite, -same, atol=0.02)
    assert source.notes == (
        "1 file with several channels: averaged",
        "1 file whose channels cancel out in their mean: the loudest channel used:"
        f" opposite.{kind}",
    )


def test_silence_in_both_channels_stays_silence(tmp_path: Path) -> None:
    for number in range(2):
        save(tmp_path / f"{number}.wav", np.zeros((4_000, 2), np.float32))
    source = open_source(tmp_path)
    assert values_of(source, 0).abs().max() == 0
    assert source.notes == (
        "2 files with several channels: averaged",
        "2 files silent: 0.wav, 1.wav",
    )


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        (kind, subtype)
        for kind in ("WAV", "AIFF", "RF64", "W64", "CAF")
        for subtype in soundfile.available_subtypes(kind)
        if subtype.startswith(("PCM", "FLOAT", "DOUBLE", "ULAW", "ALAW"))
    ],
)
def test_every_encoding_of_samples_is_right(tmp_path: Path, kind: str, subtype: str) -> None:
    ending = {"AIFF": "aiff"}.get(kind, "wav")
    for number in range(2):
        path = tmp_path / f"{number}.{ending}"
        soundfile.write(path, tone(300 + number), 8_000, format=kind, subtype=subtype)
    expected, _ = soundfile.read(tmp_path / f"1.{ending}", dtype="float32")
    found = values_of(open_source(tmp_path), 1)[0, 0].numpy()
    np.testing.assert_array_equal(found, expected)


def content_of(wave: NDArray[np.float32]) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, wave, 8_000, format="WAV", subtype="FLOAT")
    return stream.getvalue()


class Items(Dataset[Any]):
    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> Any:
        return self.items[row]


WAVES = [tone(200 + 50 * number, seconds=0.3 + 0.1 * number) for number in range(4)]
ROADS: dict[str, Callable[[Path], Any]] = {
    "folder": lambda folder: folder,
    "paths": lambda folder: sorted(folder.iterdir()),
    "names": lambda folder: [str(path) for path in sorted(folder.iterdir())],
    "bytes": lambda _: [content_of(wave) for wave in WAVES],
    "dataset of bytes": lambda _: Items([(content_of(wave), 1) for wave in WAVES]),
    "arrays": lambda _: [(wave, 8_000) for wave in WAVES],
    "dataset": lambda _: Items([(torch.from_numpy(wave)[None], 8_000, "x") for wave in WAVES]),
}


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("rate", [None, 4_000])
def test_every_road_gives_the_same_recordings(tmp_path: Path, road: str, rate: int | None) -> None:
    for number, wave in enumerate(WAVES):
        (tmp_path / f"{number}.wav").write_bytes(content_of(wave))
    options = {} if rate is None else {"sample_rate": rate}
    source = open_source(ROADS[road](tmp_path), modality="sequences", seconds=0.25, **options)
    expected = SoundFolder(tmp_path, seconds=0.25, **options)
    assert source.sample_rate == expected.sample_rate
    assert source.lengths.tolist() == expected.lengths.tolist()
    everyone = range(len(expected))
    assert torch.allclose(values_of(source, *everyone), values_of(expected, *everyone), atol=1e-6)
    single = open_source(tmp_path / "2.wav", seconds=0.25, **options)
    rows = [row for row in everyone if expected.rows[row] == 2]
    assert torch.equal(values_of(single, *range(len(rows))), values_of(expected, *rows))


@pytest.mark.parametrize("kind", ["float32", "float64", "int16"])
@pytest.mark.parametrize("sign", [0.5, -1], ids=["stereo", "opposite"])
def test_channels_of_arrays_are_averaged_as_in_files(
    tmp_path: Path, kind: str, sign: float
) -> None:
    waves = [np.stack([wave, sign * wave], axis=1) for wave in WAVES]
    if kind == "int16":
        waves = [np.rint(wave * 32_000).astype(kind) for wave in waves]
    for number, wave in enumerate(waves):
        subtype = {"int16": "PCM_16", "float32": "FLOAT", "float64": "DOUBLE"}[kind]
        soundfile.write(tmp_path / f"{number}.wav", wave, 8_000, subtype=subtype)
    expected = SoundFolder(tmp_path)
    for spec, options in (
        ([(wave.T, 8_000) for wave in waves], {}),
        (Items([(torch.from_numpy(wave.T.astype(kind)), 8_000, "x") for wave in waves]), {}),
        ([wave.T for wave in waves], {"sample_rate": 8_000}),
    ):
        source = open_source(spec, modality="sequences", **options)
        assert torch.allclose(values_of(source, 0, 2), values_of(expected, 0, 2), atol=1e-7)
        assert source.notes == ("4 recordings with several channels: averaged",)
    series = open_source([wave.T for wave in waves], modality="sequences")
    assert series.describe().endswith("in 2 channels")


def test_a_hub_dataset_of_audio_is_recordings_with_its_classes(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = {
        "audio": [{"bytes": content_of(wave), "path": None} for wave in WAVES]
        + [{"bytes": b"RIFF broken", "path": None}],
        "label": [0, 1, 1, 0, 1],
    }
    data = datasets.Dataset.from_dict(rows).cast_column("audio", datasets.Audio(decode=False))
    data = data.cast_column("audio", datasets.Audio())
    data = data.cast_column("label", datasets.ClassLabel(names=["low", "high"]))
    source = open_source(data)
    assert source.modality == "sequences"
    assert len(source) == 4
    assert source.notes[0].startswith("1 of 5 files skipped: row 4 (")
    assert torch.equal(values_of(source, 3)[0, 0], torch.from_numpy(WAVES[3]))
    labeled = open_labeled(data)
    assert labeled.class_names == ("high", "low")
    assert labeled.train_labels.tolist() == [1, 0, 0, 1]


def test_splits_of_a_hub_dataset_of_audio_are_opened_by_name(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")

    def part(count: int, label: int | None = None) -> Any:
        rows = {
            "audio": [{"bytes": content_of(wave), "path": None} for wave in WAVES[:count]],
            "label": [row % 2 if label is None else label for row in range(count)],
        }
        data = datasets.Dataset.from_dict(rows)
        data = data.cast_column("label", datasets.ClassLabel(names=["low", "high"]))
        return data.cast_column("audio", datasets.Audio(decode=False))

    both = datasets.DatasetDict({"Train": part(4), "dev": part(2)})
    assert [len(open_source(both, split=s)) for s in ("train", "test", "all")] == [4, 2, 6]
    labeled = open_labeled(both)
    assert labeled.train_labels.tolist() == [1, 0, 1, 0]
    assert labeled.test_labels is not None
    assert labeled.test_labels.tolist() == [1, 0]
    with pytest.raises(ValueError, match="no official test set"):
        open_source(both["Train"], split="test")
    with pytest.raises(ValueError, match=r"got 'labl' \(did you mean 'label'\?\)"):
        open_labeled(both, labels="labl")
    with pytest.raises(ValueError, match="got none in 3 of 3"):
        open_labeled(part(3, label=-1))


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        ([], ValueError, "got a list without entries"),
        ([b"RIFF", b"RIFF"], ValueError, r"more than half of the files in the list"),
        ([np.zeros(50), b"RIFF"], TypeError, "must all be paths, bytes of audio files or arrays"),
        ([np.zeros((2, 50)), np.zeros(50)], ValueError, "one number of channels"),
        ([np.zeros((2, 2, 50))], TypeError, r"shape \(2, 2, 50\) in row 0"),
        ([(np.zeros(50), 8_000), (np.zeros(50), 16_000)], ValueError, "got 16000, 8000"),
    ],
)
def test_unusable_lists_are_refused(spec: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        open_source(spec, modality="sequences")


@settings(max_examples=25, deadline=None)
@given(
    center=st.sampled_from([0.0, 1.7e9, -101_325.0, 4e-9]),
    scale=st.sampled_from([1e-13, 1e-3, 1.0, 1e9]),
)
def test_small_differences_of_large_numbers_survive(center: float, scale: float) -> None:
    noise = np.random.default_rng(0).normal(size=(12, 2, 30))
    values = center + scale * noise
    if np.abs(center) > 1e9 * scale:  # more than double precision has
        return
    source = open_source(values, modality="sequences")
    read = values_of(source, *range(12)).double().numpy()
    known = (values - values.mean((0, 2), keepdims=True)) / values.std((0, 2), keepdims=True)
    found = (read - read.mean((0, 2), keepdims=True)) / read.std((0, 2), keepdims=True)
    # of the input's own rounding
    assert np.abs(found - known).max() < 2e-4 + 4 * np.spacing(np.abs(center)) / scale
    # new series are in the units of the first ones, also a single one
    alone = open_source(values[:1], modality="sequences", center=source.center, scale=source.scale)
    np.testing.assert_array_equal(values_of(alone, 0).numpy(), read[:1].astype(np.float32))


def test_usual_numbers_are_not_changed() -> None:
    values = np.random.default_rng(0).normal(5, 2, size=(12, 2, 30))
    source = open_source(values, modality="sequences")
    assert source.notes == ()
    np.testing.assert_array_equal(values_of(source, 3)[0].numpy(), values[3].astype(np.float32))


def test_numbers_that_single_precision_lacks_are_skipped() -> None:
    values = np.random.default_rng(0).normal(size=(5, 30))
    values[2, 3] = 1e300
    source = open_source(values, modality="sequences")
    assert "1 of 5 rows skipped: row 2 (numbers above 1e38)" in source.notes
    assert bool(torch.isfinite(values_of(source, *range(4))).all())
