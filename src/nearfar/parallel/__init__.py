"""Distributed training: gathering with gradient, rings, synchronised batch-norm."""

from typing import TYPE_CHECKING

from nearfar._deprecation import renamed_attributes
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

if not TYPE_CHECKING:  # names of 0.1, for one release
    __getattr__ = renamed_attributes(
        __name__,
        SynchronisedBatchNorm="SynchronizedBatchNorm",
        synchronise_batch_norm="synchronize_batch_norm",
    )
