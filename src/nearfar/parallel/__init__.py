"""Several processes that compute what one would."""

from nearfar.parallel.batch_norm import SynchronisedBatchNorm, synchronise_batch_norm
from nearfar.parallel.gathering import gather
from nearfar.parallel.processes import is_distributed, rank, world_size
from nearfar.parallel.ring import Ring

__all__ = [
    "Ring",
    "SynchronisedBatchNorm",
    "gather",
    "is_distributed",
    "rank",
    "synchronise_batch_norm",
    "world_size",
]
