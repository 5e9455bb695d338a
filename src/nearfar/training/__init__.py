"""The training loop of all methods: options, engine, gradient caching, LARS, checkpoints."""

from nearfar.training._caching import cached_backward
from nearfar.training._checkpoint import Checkpoint, latest_checkpoint, save_checkpoint
from nearfar.training._engine import Engine, computes_in_bfloat16
from nearfar.training._lars import LARS
from nearfar.training._loop import Plan, plan, train
from nearfar.training._options import Optimizer, Precision, Schedule, TrainingOptions
from nearfar.training._progress_interface import DetailedProgress, Latest, Progress, Silent
from nearfar.training._stopping import Interrupted, NonFiniteLossError
from nearfar.training._watch import Watch

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
    "cached_backward",
    "computes_in_bfloat16",
    "latest_checkpoint",
    "plan",
    "save_checkpoint",
    "train",
]
