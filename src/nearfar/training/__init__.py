"""One loop for every method: options, engine, gradient caching, LARS, checkpoints."""

from nearfar.training.caching import cached_backward
from nearfar.training.checkpoint import Checkpoint, latest_checkpoint, save_checkpoint
from nearfar.training.engine import Engine, computes_in_bfloat16
from nearfar.training.lars import LARS
from nearfar.training.loop import Plan, plan, train
from nearfar.training.options import TrainingOptions
from nearfar.training.progress import Progress, Silent
from nearfar.training.stopping import Interrupted, NonFiniteLossError
from nearfar.training.watch import Watch

__all__ = [
    "LARS",
    "Checkpoint",
    "Engine",
    "Interrupted",
    "NonFiniteLossError",
    "Plan",
    "Progress",
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
