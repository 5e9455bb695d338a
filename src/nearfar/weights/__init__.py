"""Weights that other libraries wrote: read without running anything, named as the encoder's own."""

from nearfar.weights._architectures import Architecture, architecture_of
from nearfar.weights._candidates import Candidate, candidates, chosen
from nearfar.weights._matched import Matched, matched
from nearfar.weights._preprocessing import PREPARATIONS, Preparation, preparation_of
from nearfar.weights._weight_files import ENDINGS, WeightFile, open_weights

__all__ = [
    "ENDINGS",
    "PREPARATIONS",
    "Architecture",
    "Candidate",
    "Matched",
    "Preparation",
    "WeightFile",
    "architecture_of",
    "candidates",
    "chosen",
    "matched",
    "open_weights",
    "preparation_of",
]
