"""The training loop of all methods: options, engine, gradient caching, LARS, checkpoints."""

from nearfar.training._caching import cached_backward
from nearfar.training._checkpoint import (
    Checkpoint,
    find_checkpoint,
    latest_checkpoint,
    save_checkpoint,
)
from nearfar.training._devices import available_devices, computes_in_bfloat16
from nearfar.training._engine import Engine
from nearfar.training._lars import LARS
from nearfar.training._loop import Plan, plan, train
from nearfar.training._options import Optimizer, Precision, Schedule, TrainingOptions
from nearfar.training._process import choose_threads, keep_freed_memory
from nearfar.training._progress_interface import DetailedProgress, Latest, Progress, Silent
from nearfar.training._stopping import Interrupted, NonFiniteLossError
from nearfar.training._watch import Watch, Watched

__all__ = [
    "LARS",
    "Checkpoint",
    "DetailedProgress",
    "Engine",
    "Interrupted",
    "Latest",
    "NonFiniteLossError",
    "Optimizer",
    "Plan",
    "Precision",
    "Progress",
    "Schedule",
    "Silent",
    "TrainingOptions",
    "Watch",
    "Watched",
    "available_devices",
    "cached_backward",
    "choose_threads",
    "computes_in_bfloat16",
    "find_checkpoint",
    "keep_freed_memory",
    "latest_checkpoint",
    "plan",
    "save_checkpoint",
    "train",
]
