"""Sources of sequences: audio and time series."""

from nearfar.data.sequences._open_sequences import SEQUENCES, label_sequences, open_sequences
from nearfar.data.sequences._sequence_arrays import SequenceArray
from nearfar.data.sequences._sequence_source import SequenceSource
from nearfar.data.sequences._sound_files import SoundFiles
from nearfar.data.sequences._sound_folder import SoundFolder

__all__ = [
    "SEQUENCES",
    "SequenceArray",
    "SequenceSource",
    "SoundFiles",
    "SoundFolder",
    "label_sequences",
    "open_sequences",
]
