"""Pure tensor functions and kernels."""

from nearfar.ops._cepstra import mel_cepstra
from nearfar.ops._nearest import Nearest, nearest_neighbors
from nearfar.ops._pairwise import pairwise_logsumexp
from nearfar.ops._precision import at_given_precision, full_precision, widen
from nearfar.ops._random import Stream, permutation, philox, random_bits, uniform
from nearfar.ops._sinkhorn import sinkhorn
from nearfar.ops._spectra import entropy_rank, isotropic_rank, lost_share, singular_values
from nearfar.ops._unit_sphere import to_sphere, uniformity_floor, uniformity_minimum

__all__ = [
    "Nearest",
    "Stream",
    "at_given_precision",
    "entropy_rank",
    "full_precision",
    "isotropic_rank",
    "lost_share",
    "mel_cepstra",
    "nearest_neighbors",
    "pairwise_logsumexp",
    "permutation",
    "philox",
    "random_bits",
    "singular_values",
    "sinkhorn",
    "to_sphere",
    "uniform",
    "uniformity_floor",
    "uniformity_minimum",
    "widen",
]
