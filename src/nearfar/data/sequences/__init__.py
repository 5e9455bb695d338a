"""Sources of sequences: sounds and time series."""

from nearfar.data.sequences.arrays import SequenceArray
from nearfar.data.sequences.folder import SoundFolder
from nearfar.data.sequences.labelled import label_sequences
from nearfar.data.sequences.opening import open_sequences
from nearfar.data.sequences.source import SequenceSource

__all__ = [
    "SequenceArray",
    "SequenceSource",
    "SoundFolder",
    "label_sequences",
    "open_sequences",
]
