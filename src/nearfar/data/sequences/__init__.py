"""Sources of sequences: sounds and time series."""

from nearfar.data.sequences._arrays import SequenceArray
from nearfar.data.sequences._folder import SoundFolder
from nearfar.data.sequences._label_sequences import label_sequences
from nearfar.data.sequences._open_sequences import open_sequences
from nearfar.data.sequences._source import SequenceSource

__all__ = [
    "SequenceArray",
    "SequenceSource",
    "SoundFolder",
    "label_sequences",
    "open_sequences",
]
