"""Pure tensor functions and kernels."""

from nearfar.ops.cepstra import mel_cepstra
from nearfar.ops.directions import to_sphere
from nearfar.ops.pairwise import pairwise_logsumexp
from nearfar.ops.precision import at_given_precision, full_precision, widen
from nearfar.ops.random import Stream, permutation, philox, random_bits, uniform
from nearfar.ops.sinkhorn import sinkhorn
from nearfar.ops.spectra import entropy_rank, isotropic_rank, lost_share, singular_values
from nearfar.ops.sphere import uniformity_floor, uniformity_minimum

__all__ = [
    "Stream",
    "at_given_precision",
    "entropy_rank",
    "full_precision",
    "isotropic_rank",
    "lost_share",
    "mel_cepstra",
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
