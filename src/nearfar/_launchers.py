"""Launchers that start several processes of one run: torchrun and SLURM."""

from __future__ import annotations

import os

__all__ = ["first_process", "launched_here", "launched_processes"]

_INTERACTIVE = ("bash", "interactive", "sh", "zsh")  # names of SLURM jobs that are shells


def launched_processes() -> int:
    """The number of processes of this run that a launcher has started; 1 without a launcher.

    A shell inside an allocation of SLURM is no launcher: only ``srun`` starts several processes.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return _whole("WORLD_SIZE", 1)
    in_step = "SLURM_STEP_ID" in os.environ and "SLURM_PROCID" in os.environ
    if in_step and os.environ.get("SLURM_JOB_NAME") not in _INTERACTIVE:
        return _whole("SLURM_STEP_NUM_TASKS", _whole("SLURM_NTASKS", 1))
    return 1


def launched_here() -> int:
    """The number of those processes on this computer."""
    here = _whole("LOCAL_WORLD_SIZE", _whole("SLURM_NTASKS_PER_NODE", 0))
    return here or launched_processes()


def first_process() -> bool:
    """Whether this is the only process of the run that a launcher has started, or the first."""
    if launched_processes() == 1:
        return True
    name = "RANK" if "TORCHELASTIC_RUN_ID" in os.environ else "SLURM_PROCID"
    return _whole(name, 0) == 0


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else default
