"""Sounds and series: folders, arrays, files; whole or not."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from nearfar.data import modality_of, open_labeled, open_source
from nearfar.data.sequences import SoundFolder
from nearfar.inputs import Sequences
from tests.data.sounds import save, tone


def fill(folder: Path, count: int = 3, *, ending: str = ".wav", seconds: float = 0.5) -> None:
    for number in range(count):
        save(folder / f"{number}{ending}", tone(200 + 100 * number, seconds=seconds))


def series(count: int = 6, *, channels: int = 2, length: int = 20) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, channels, length)).astype(np.float32)


def values_of(batch: object) -> torch.Tensor:
    inputs = getattr(batch, "inputs", None)
    assert isinstance(inputs, Sequences)
    return inputs.values


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3", ".WAV"])
def test_every_format_gives_its_sound(tmp_path: Path, ending: str) -> None:
    fill(tmp_path, 2, ending=ending)
    source = open_source(tmp_path)
    assert modality_of(tmp_path) == "sequences"
    found = values_of(source.read([1]))[0, 0, :4000].numpy()
    expected = tone(300)
    lossy = ending in (".ogg", ".mp3")
    shifted = [
        np.abs(np.roll(found, s)[200:3600] - expected[200:3600]).mean() for s in range(-2, 3)
    ]
    assert min(shifted) < (0.02 if lossy else 1e-4)
    assert source.describe().startswith("2 recordings of 0.50")


def test_int16_is_scaled_to_one(tmp_path: Path) -> None:
    loud = np.array([0, 32767, -32768] * 400, dtype=np.int16)
    save(tmp_path / "a.wav", loud, subtype="PCM_16")
    save(tmp_path / "b.wav", loud, subtype="PCM_16")
    values = values_of(open_source(tmp_path).read([0]))
    assert values.min().item() == -1.0
    assert values.max().item() == pytest.approx(32767 / 32768)


def test_the_commonest_rate_is_taken_and_others_are_resampled(tmp_path: Path) -> None:
    save(tmp_path / "a.wav", tone(440, rate=16_000), rate=16_000)
    save(tmp_path / "b.wav", tone(440, rate=16_000), rate=16_000)
    save(tmp_path / "c.wav", tone(440, rate=44_100), rate=44_100)
    source = open_source(tmp_path)
    assert source.sample_rate == 16_000
    assert "1 of 3 recordings resampled to 16,000 Hz from 44,100" in source.notes
    plain, resampled = values_of(source.read([0, 2]))[:, 0]
    assert (plain - resampled)[200:-200].abs().max() < 2e-3


def test_wildly_different_rates_become_the_one_asked_for(tmp_path: Path) -> None:
    for rate in (4_000, 11_025, 48_000, 192_000):
        save(tmp_path / f"{rate}.wav", tone(440, rate=rate), rate=rate)
    source = open_source(tmp_path, sample_rate=8_000)
    assert source.lengths.tolist() == [4000] * 4
    for found in values_of(source.read(range(4)))[:, 0]:
        assert np.abs(found.numpy() - tone(440))[200:-200].max() < 5e-3
    assert any("4 of 4 recordings resampled" in note for note in source.notes)


def test_several_channels_become_their_mean(tmp_path: Path) -> None:
    stereo = np.stack([tone(200), tone(200) * 0], axis=1)
    save(tmp_path / "a.wav", stereo)
    save(tmp_path / "b.wav", stereo)
    source = open_source(tmp_path)
    found = values_of(source.read([0]))[0]
    assert found.shape == (1, 4000)
    np.testing.assert_allclose(found[0].numpy(), tone(200) / 2, atol=1e-4)
    assert "2 files with several channels: averaged" in source.notes


def test_long_files_are_cut_and_pieces_say_where_they_lie(tmp_path: Path) -> None:
    long = tone(100, seconds=2.4)
    save(tmp_path / "long.wav", long)
    save(tmp_path / "short.wav", tone(100))
    source = open_source(tmp_path, seconds=1.0)
    names = [source.identify(sample) for sample in source.samples.tolist()]
    assert names == ["long.wav 0.0-1.0 s", "long.wav 1.0-2.4 s", "short.wav"]
    pieces = source.read([0, 1]).inputs.unpadded()
    np.testing.assert_allclose(torch.cat(pieces, dim=1)[0].numpy(), long, atol=1e-4)
    assert "1 long file split: 3 segments in total" in source.notes


def test_a_set_larger_than_memory_is_decoded_when_it_is_read(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    small, whole = open_source(tmp_path, memory=20_000), open_source(tmp_path)
    for positions in ([0, 1, 2, 3, 4], [4, 0, 4]):
        assert torch.equal(values_of(small.read(positions)), values_of(whole.read(positions)))
    assert small.fingerprint == whole.fingerprint


def test_a_folder_can_be_sent_to_another_process(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    source = open_source(tmp_path)
    other = pickle.loads(pickle.dumps(source))
    assert torch.equal(values_of(other.read([2])), values_of(source.read([2])))


def test_bad_clips_are_counted_skipped_and_named(tmp_path: Path) -> None:
    fill(tmp_path, 6)
    (tmp_path / "corrupt.wav").write_bytes(b"RIFF nothing more")
    (tmp_path / "empty.flac").write_bytes(b"")
    save(tmp_path / "silent.wav", np.zeros(0, np.float32))
    save(tmp_path / "click.wav", np.ones(80, np.float32) / 2)
    nan = tone(200)
    nan[7] = np.nan
    save(tmp_path / "nan.wav", nan, subtype="FLOAT")
    source = open_source(tmp_path)
    assert len(source) == 6
    (note,) = source.notes
    assert note.startswith("5 of 11 files skipped")
    for name, reason in (
        ("click.wav", "0.010 s, too short"),
        ("nan.wav", "contains NaN"),
        ("silent.wav", "contains no audio"),
        ("empty.flac", ""),
        ("corrupt.wav", ""),
    ):
        assert f"{name} ({reason}" in note


def test_more_than_half_bad_is_an_error(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    for number in range(3):
        (tmp_path / f"bad{number}.wav").write_bytes(b"no sound")
    with pytest.raises(ValueError, match=r"more than half of the files in .* 3 of 5: bad0.wav"):
        open_source(tmp_path)


def test_damage_in_the_middle_of_a_large_set_is_silence_and_noted(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    nan = tone(200)
    nan[7] = np.nan
    save(tmp_path / "nan.wav", nan, subtype="FLOAT")
    source = open_source(tmp_path, memory=0)
    assert len(source) == 5
    assert values_of(source.read([4])).abs().max() == 0
    assert source.notes == ("1 damaged segment set to silence: nan.wav (contains NaN or infinity)",)


def test_a_folder_without_sounds_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(ValueError, match=r"no audio files in .* 1 other file: notes.txt"):
        open_source(tmp_path, modality="sequences")


def test_sub_folders_are_classes_and_an_official_split(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for name in ("high", "low"):
            fill(tmp_path / part / name, 3)
    data = open_labeled(tmp_path)
    assert data.class_names == ("high", "low")
    assert data.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.test is not None
    assert data.test_labels.tolist() == [0, 0, 0, 1, 1, 1]
    train = open_source(tmp_path)
    assert len(train) == 6
    assert "6 recordings of the folder's test set excluded" in train.notes


def test_every_piece_of_a_long_file_has_its_class(tmp_path: Path) -> None:
    fill(tmp_path / "a", 2, seconds=2.0)
    fill(tmp_path / "b", 2)
    data = open_labeled(tmp_path, seconds=1.0)
    assert data.train_labels.tolist() == [0, 0, 0, 0, 1, 1]


def test_sounds_one_after_the_other_in_a_file(tmp_path: Path) -> None:
    waves = [tone(200, seconds=s) for s in (0.3, 0.5, 0.1)]
    samples = (np.concatenate(waves) * 32768).astype(np.int16)
    offsets = np.cumsum([0, *map(len, waves)])
    path = tmp_path / "clips.npz"
    speaker = np.array(["eve", "ann", "eve"])
    np.savez(path, samples=samples, offsets=offsets, sample_rate=8000, y=[0, 1, 1], who=speaker)
    assert modality_of(path) == "sequences"
    source = open_source(path)
    assert source.describe() == "3 recordings of 0.10 to 0.50 s at 8,000 Hz"
    inputs = source.read([2, 1]).inputs
    assert inputs.extents().tolist() == [800, 4000]
    np.testing.assert_allclose(inputs.unpadded()[1][0].numpy(), waves[1], atol=1e-4)
    assert open_labeled(path).train_labels.tolist() == [0, 1, 1]
    assert open_labeled(path, labels="who").class_names == ("ann", "eve")
    at_16k = open_source(path, sample_rate=16_000)
    assert at_16k.lengths.tolist() == [4800, 8000, 1600]
    assert values_of(at_16k.read([1])).shape == (1, 1, 8000)


def test_series_in_files_and_in_memory_are_the_same(tmp_path: Path) -> None:
    values = series()
    np.save(tmp_path / "s.npy", values)
    np.savez(tmp_path / "s.npz", x=values, y=np.arange(6) % 2, x_test=values[:2], y_test=[0, 1])
    for spec in (values, torch.from_numpy(values), tmp_path / "s.npy", tmp_path / "s.npz"):
        source = open_source(spec, modality="sequences")
        assert source.describe() == "6 series of 20 steps in 2 channels"
        assert torch.equal(values_of(source.read([3]))[0], torch.from_numpy(values[3]))
    assert len(open_source(tmp_path / "s.npz", modality="sequences", split="all")) == 8
    data = open_labeled(tmp_path / "s.npz", modality="sequences")
    assert data.test_labels.tolist() == [0, 1]


def test_one_channel_needs_no_axis() -> None:
    source = open_source(series()[:, 0], modality="sequences")
    assert source.channels == 1
    assert values_of(source.read([0, 1])).shape == (2, 1, 20)


def test_rows_with_nan_are_skipped_and_labels_follow(tmp_path: Path) -> None:
    values = series()
    values[1, 0, 3] = np.nan
    values[4, 1, 0] = np.inf
    path = tmp_path / "s.npz"
    np.savez(path, x=values, y=np.array([0, 7, 0, 1, 7, 1]))
    data = open_labeled(path, modality="sequences")
    assert data.train_labels.tolist() == [0, 0, 1, 1]
    assert data.train.notes == (
        "2 of 6 rows skipped: row 1 (NaN or infinity), row 4 (NaN or infinity)",
    )
    assert data.train.identify(1) == "row 2"


def test_rows_that_end_in_nan_are_shorter() -> None:
    values = series()
    values[2, :, 12:] = np.nan
    values[3, :, 3:] = np.nan
    source = open_source(values, modality="sequences")
    assert source.lengths.tolist() == [20, 20, 12, 20, 20]
    assert "1 of 6 rows skipped: row 3 (3 steps, too short)" in source.notes
    assert torch.isfinite(values_of(source.read(range(5)))).all()


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (np.zeros(5), ValueError, "N×time or N×channels×time, got shape 5"),
        (np.zeros((3, 0)), ValueError, "must not be empty"),
        (np.full((4, 20), np.nan), ValueError, "more than half of the rows"),
        (np.zeros((4, 3)), ValueError, "too short"),
        (np.array([["a", "b"]]), TypeError, "real numbers"),
        (np.array([[None, 1]]), TypeError, "never unpickled"),
    ],
)
def test_unusable_arrays_are_refused(values: np.ndarray, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        open_source(values, modality="sequences")


@pytest.mark.parametrize(
    ("offsets", "words"),
    [
        ([0, 50, 20], "increase from 0"),
        ([0, 50, 500], "number of samples, 100"),
        ([0.0, 50.0, 100.0], "must be integers"),
    ],
)
def test_offsets_that_do_not_fit_are_refused(tmp_path: Path, offsets: list, words: str) -> None:
    np.savez(tmp_path / "s.npz", samples=np.zeros(100, np.float32), offsets=offsets)
    with pytest.raises(ValueError, match=words):
        open_source(tmp_path / "s.npz")


def test_a_file_with_half_a_story_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", samples=np.zeros(100), sample_rate=8000)
    with pytest.raises(ValueError, match="without the other: offsets"):
        open_source(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", one=np.zeros((9, 20)), two=np.zeros((9, 20)))
    with pytest.raises(ValueError, match="is ambiguous"):
        open_source(tmp_path / "b.npz", modality="sequences")
    np.savez(tmp_path / "c.npz", x=np.zeros((9, 20)))
    with pytest.raises(ValueError, match="contains no labels"):
        open_labeled(tmp_path / "c.npz", modality="sequences")


def test_a_missing_decoder_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 2)
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(ImportError, match=r"nearfar\[audio\]"):
        SoundFolder(tmp_path)


@pytest.mark.data
def test_spoken_digits_come_with_both_labels_and_the_official_split(data_dir: Path) -> None:
    digits = open_labeled("fsdd", data_dir=data_dir)
    speakers = open_labeled("fsdd", labels="speaker", data_dir=data_dir)
    assert digits.class_names == tuple("0123456789")
    assert speakers.class_names == ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
    for data in (digits, speakers):
        assert (len(data.train), len(data.test)) == (2_700, 300)
        assert data.test_labels.bincount().unique().numel() == 1
    assert digits.train.describe() == "2,700 recordings of 0.14 to 2.28 s at 8,000 Hz"


@pytest.mark.data
def test_series_of_the_archive_come_in_their_official_split(data_dir: Path) -> None:
    trace = open_labeled("ucr-trace", data_dir=data_dir)
    assert (len(trace.train), len(trace.test), len(trace.class_names)) == (100, 100, 4)
    assert trace.train.describe() == "100 series of 275 steps"
    nearest = torch.cdist(
        values_of(trace.test.read(range(100))).flatten(1),
        values_of(trace.train.read(range(100))).flatten(1),
    ).argmin(dim=1)
    error = (trace.train_labels[nearest] != trace.test_labels).float().mean().item()
    assert error == pytest.approx(0.24, abs=1e-6)  # the archive's published 1-NN error
