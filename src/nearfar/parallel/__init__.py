"""Distributed training: gathering with gradient, rings, synchronised batch-norm."""

from nearfar.parallel._batch_norm import SynchronizedBatchNorm, synchronize_batch_norm
from nearfar.parallel._gathering import gather
from nearfar.parallel._processes import is_distributed, rank, world_size
from nearfar.parallel._ring import Ring

__all__ = [
    "Ring",
    "SynchronizedBatchNorm",
    "gather",
    "is_distributed",
    "rank",
    "synchronize_batch_norm",
    "world_size",
]
