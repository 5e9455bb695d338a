"""Sources of sequences: audio and time series."""

from nearfar.data.sequences._arrays import SequenceArray
from nearfar.data.sequences._files import SoundFiles
from nearfar.data.sequences._folder import SoundFolder
from nearfar.data.sequences._open_sequences import SEQUENCES, label_sequences, open_sequences
from nearfar.data.sequences._source import SequenceSource

__all__ = [
    "SEQUENCES",
    "SequenceArray",
    "SequenceSource",
    "SoundFiles",
    "SoundFolder",
    "label_sequences",
    "open_sequences",
]
