"""Sources of pairs: inputs with self-supervised signals."""

from nearfar.data.pairs._grouped_samples import GroupSource
from nearfar.data.pairs._open_pairs import PAIRS, label_pairs, may_be_pairs, open_pairs
from nearfar.data.pairs._pair_source import PairSource, is_paired, sides

__all__ = [
    "PAIRS",
    "GroupSource",
    "PairSource",
    "is_paired",
    "label_pairs",
    "may_be_pairs",
    "open_pairs",
    "sides",
]
