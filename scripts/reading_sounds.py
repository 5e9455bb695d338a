"""Sound files of every encoding that libsndfile writes, on every road to nearfar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from reading_case import Case, Outcome, compare_arrays
from torch.utils.data import Dataset

from nearfar.data import open_source

__all__ = ["cases"]

SINGLE = 1e-6  # of decoders in single precision, whose last bit depends on the block length
RATE = 16_000
NAMES = {
    "PCM_S8": "8 bits, signed",
    "PCM_U8": "8 bits",
    "PCM_16": "16 bits",
    "PCM_24": "24 bits",
    "PCM_32": "32 bits",
    "FLOAT": "single precision",
    "DOUBLE": "double precision",
    "ULAW": "µ-law",
    "ALAW": "A-law",
    "IMA_ADPCM": "ADPCM (IMA)",
    "MS_ADPCM": "ADPCM (Microsoft)",
    "GSM610": "GSM 6.10",
    "G721_32": "G.721",
    "NMS_ADPCM_16": "ADPCM (NMS), 16 kbit/s",
    "NMS_ADPCM_24": "ADPCM (NMS), 24 kbit/s",
    "NMS_ADPCM_32": "ADPCM (NMS), 32 kbit/s",
    "VORBIS": "Vorbis",
    "OPUS": "Opus",
    "MPEG_LAYER_III": "MPEG layer III",
}
FORMATS = {  # of libsndfile: name, ending
    "WAV": ("WAV", ".wav"),
    "WAVEX": ("WAV, extensible", ".wav"),
    "RF64": ("WAV, RF64", ".wav"),
    "AIFF": ("AIFF", ".aiff"),
    "FLAC": ("FLAC", ".flac"),
    "OGG": ("OGG", ".ogg"),
    "MP3": ("MP3", ".mp3"),
}


@dataclass(frozen=True)
class Sound:
    """A way to make sound files.

    Attributes:
        form: Format of libsndfile.
        subtype: Encoding of libsndfile.
        endian: Byte order of libsndfile.
        channels: ``mono``, ``stereo`` or ``opposite`` for two channels that cancel out.
    """

    form: str
    subtype: str
    endian: str = "FILE"
    channels: str = "mono"

    @property
    def content(self) -> str:
        order = {"FILE": "", "LITTLE": ", little-endian", "BIG": ", big-endian"}[self.endian]
        shown = {"mono": "", "stereo": ", stereo", "opposite": ", channels in opposite phase"}
        return NAMES.get(self.subtype, self.subtype) + order + shown[self.channels]


def wave(seed: int, channels: str) -> NDArray[np.float64]:
    """A sum of tones with some noise, within −1..1, as steps × channels."""
    random = np.random.default_rng(seed)
    time = np.arange(4_000 + 160 * seed) / RATE
    parts = []
    for pitch in random.uniform(150, 900, size=2):
        tone = 0.6 * np.sin(2 * np.pi * pitch * time) + 0.2 * np.sin(6 * np.pi * pitch * time)
        parts.append(tone + 0.05 * random.standard_normal(len(time)))
    both = np.stack(parts, axis=1).clip(-0.95, 0.95)
    if channels == "opposite":
        return np.stack([both[:, 0], -both[:, 0]], axis=1)
    return both if channels == "stereo" else both[:, :1]


def save(sound: Sound, folder: Path) -> list[Path]:
    paths = [folder / f"{seed}{FORMATS[sound.form][1]}" for seed in range(2)]
    for seed, path in enumerate(paths):
        soundfile.write(
            path,
            wave(seed, sound.channels),
            RATE,
            format=sound.form,
            subtype=sound.subtype,
            endian=sound.endian,
        )
    return paths


def decode(sound: Sound, path: Path) -> NDArray[np.float64]:
    """What libsndfile says, averaged over channels that do not cancel out."""
    values, _ = soundfile.read(path, dtype="float64", always_2d=True)
    return values[:, 0] if sound.channels == "opposite" else values.mean(axis=1)


class Recordings(Dataset[Any]):
    """A dataset of paths."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> Any:
        return self.paths[number]


class Waves(Recordings):
    """A dataset of decoded waves, channels × time, with their rates, as of torchaudio."""

    def __getitem__(self, number: int) -> Any:
        values, rate = soundfile.read(self.paths[number], dtype="float32", always_2d=True)
        return values.T, rate


def of_hub(paths: list[Path]) -> Any:
    from datasets import Audio
    from datasets import Dataset as Table

    held = [{"bytes": path.read_bytes(), "path": None} for path in paths]
    table = Table.from_dict({"audio": held}).cast_column("audio", Audio(decode=False))
    return table.cast_column("audio", Audio())


ROADS: dict[str, Callable[[list[Path]], list[Any]]] = {
    "folder": lambda paths: [open_source(paths[0].parent, modality="sequences")],
    "file": lambda paths: [open_source(path, modality="sequences") for path in paths],
    "paths": lambda paths: [open_source([str(path) for path in paths], modality="sequences")],
    "bytes": lambda paths: [open_source([p.read_bytes() for p in paths], modality="sequences")],
    "PyTorch dataset": lambda paths: [open_source(Recordings(paths), modality="sequences")],
    "waves and rates": lambda paths: [open_source(Waves(paths), modality="sequences")],
    "Hugging Face": lambda paths: [open_source(of_hub(paths))],
}


def read(source: Any) -> list[NDArray[Any]]:
    """The waveform of each recording."""
    if source.sample_rate != RATE:
        raise ValueError(f"{source.sample_rate} Hz, not {RATE}")
    batch = source.read(range(len(source))).inputs
    lengths = source.lengths.tolist()
    return [batch.values[row, 0, :length].numpy() for row, length in enumerate(lengths)]


def run(sound: Sound, road: str, folder: Path) -> Outcome:
    paths = save(sound, folder)
    expected = np.concatenate([decode(sound, path) for path in paths])
    found = np.concatenate([each for source in ROADS[road](paths) for each in read(source)])
    return compare_arrays(found, expected, exact=SINGLE, tolerance=SINGLE)


def sounds() -> list[Sound]:
    """All encodings of the formats, in mono; the usual ones also in stereo."""
    made = []
    known = soundfile.available_formats()
    for form in [form for form in FORMATS if form in known]:
        for subtype in soundfile.available_subtypes(form):
            if (form, subtype) != ("WAV", "MPEG_LAYER_III") and subtype in NAMES:
                made.append(Sound(form, subtype))
    for form, subtype, endian in (
        ("WAV", "PCM_16", "BIG"),
        ("WAV", "FLOAT", "BIG"),
        ("AIFF", "PCM_16", "LITTLE"),
    ):
        made.append(Sound(form, subtype, endian))
    usual = [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("AIFF", "PCM_24"), ("FLAC", "PCM_16")]
    usual += [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
    made += [Sound(*each, channels="stereo") for each in usual if each[0] in known]
    made.append(Sound("WAV", "PCM_16", channels="opposite"))
    made.append(Sound("FLAC", "PCM_24", channels="opposite"))
    return made


def cases() -> list[Case]:
    return [
        Case("Sounds", FORMATS[s.form][0], s.content, road, partial(run, s, road))
        for s in sounds()
        for road in ROADS
    ]
