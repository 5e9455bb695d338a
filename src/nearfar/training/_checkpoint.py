"""Checkpoints: the complete state for resuming a run, without executable content."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from nearfar.records import replace_atomically
from nearfar.training._metrics_writer import Pending

__all__ = [
    "BEST",
    "CHECKPOINT_FORMAT",
    "Checkpoint",
    "best_step",
    "find_checkpoint",
    "latest_checkpoint",
    "save_best",
    "save_checkpoint",
]

CHECKPOINT_FORMAT = 2
_KEPT = 2
BEST = "best.safetensors"
"""File of the state with the best retrieval of the other view, without the optimiser's."""


@dataclass(frozen=True)
class Checkpoint:
    """State after `step` updates, read from `path`.

    Attributes:
        path: The file.
        step: Number of completed updates.
        seconds: Training time so far, in seconds.
        tensors: All tensors by name.
        optimizer: Scalar state of the optimiser by name.
        pending: Losses and loss terms since the last line of the metrics.
    """

    path: Path
    step: int
    seconds: float
    tensors: dict[str, Tensor]
    optimizer: dict[str, Any]
    pending: Pending

    def restore_method(self, method: nn.Module) -> None:
        """Load the method's state."""
        method.load_state_dict(self.part("method"), strict=True)

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors below a name, such as ``method.encoder``, by the rest of their names."""
        start = f"{name}."
        return {k[len(start) :]: v for k, v in self.tensors.items() if k.startswith(start)}

    def restore(self, method: nn.Module, optimizer: Optimizer) -> None:
        """Load the state of method and optimiser; names and shapes must match exactly."""
        self.restore_method(method)
        for index, parameter in enumerate(_parameters(optimizer)):
            start = f"optimizer.{index}."
            entries: dict[str, Any] = {
                # AdamW's step count is a scalar tensor that must stay on the CPU
                k[len(start) :]: v.to(parameter.device) if v.ndim else v
                for k, v in self.tensors.items()
                if k.startswith(start)
            }
            entries |= {
                k[len(start) :]: v for k, v in self.optimizer.items() if k.startswith(start)
            }
            if entries:
                optimizer.state[parameter] = entries


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def save_checkpoint(
    folder: Path,
    *,
    step: int,
    seconds: float,
    method: nn.Module,
    optimizer: Optimizer,
    pending: Pending | None = None,
) -> Path:
    """Write the state after `step` updates; the two latest checkpoints are kept.

    Raises:
        OSError: The disk is full or not writable. Earlier checkpoints are not affected.
    """
    tensors = {f"method.{k}": v.detach().cpu().contiguous() for k, v in method.state_dict().items()}
    scalars: dict[str, Any] = {}
    for index, parameter in enumerate(_parameters(optimizer)):
        for name, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{name}"] = value.detach().cpu().contiguous()
            else:
                scalars[f"optimizer.{index}.{name}"] = value
    metadata = {
        "format": str(CHECKPOINT_FORMAT),
        "step": str(step),
        "seconds": repr(seconds),
        "optimizer": json.dumps(scalars),
        "pending": (pending or Pending()).to_json(),
    }

    path = folder / f"step-{step:08d}.safetensors"
    _write(path, tensors, metadata)
    for old in sorted(folder.glob("step-*.safetensors"))[:-_KEPT]:
        old.unlink()
    for begun in (".step-*.part", f".{BEST}.*.part"):  # by a process that was killed in writing
        for left in folder.glob(begun):
            left.unlink()
    return path


def save_best(
    path: Path, *, state: dict[str, Tensor], step: int, order: float, seconds: float
) -> None:
    """Write a state of the method after `step` updates, with its order of retrieval.

    Raises:
        OSError: The disk is full or not writable. An earlier file is not affected.
    """
    metadata = {
        "format": str(CHECKPOINT_FORMAT),
        "step": str(step),
        "order": repr(order),
        "seconds": repr(seconds),
        "optimizer": "{}",
        "pending": Pending().to_json(),
    }
    _write(path, {f"method.{name}": value for name, value in state.items()}, metadata)


def best_step(folder: Path) -> int | None:
    """The number of updates of the best state that is kept apart; None if there is none."""
    try:
        with safe_open(folder / BEST, framework="pt", device="cpu") as file:
            return int((file.metadata() or {})["step"])
    except (KeyError, OSError, SafetensorError, ValueError):
        return None


def find_checkpoint(folder: Path, wanted: str | int) -> Checkpoint:
    """The checkpoint after a number of updates, the ``last`` one, or the ``best`` one.

    Raises:
        ValueError: It is not kept; the message lists those that are.
    """
    best, latest = best_step(folder), latest_checkpoint(folder)
    if latest is not None and (wanted == "last" or (wanted == "best" and best is None)):
        return latest
    paths = {int(path.stem[5:]): path for path in sorted(folder.glob("step-*.safetensors"))}
    if best is not None:
        paths.setdefault(best, folder / BEST)
    step = best if wanted == "best" else wanted
    if not str(step).isdigit() or int(str(step)) not in paths:
        kept = ", ".join(map(str, sorted(paths))) or "none"
        raise ValueError(
            f"`checkpoint` must be best, last or a number of updates that is kept ({kept}),"
            f" got {wanted!r}"
        )
    return _read(paths[int(str(step))])


def _write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    def write(path: Path) -> None:
        try:
            # safetensors does not allow shared storage, which tied weights have
            save_file({k: v.clone() for k, v in tensors.items()}, path, metadata=metadata)
        except SafetensorError as error:
            raise OSError(None, str(error)) from error

    replace_atomically(path, write)


def _read(path: Path) -> Checkpoint:
    with safe_open(path, framework="pt", device="cpu") as file:
        metadata = file.metadata() or {}
        if int(metadata.get("format", CHECKPOINT_FORMAT)) > CHECKPOINT_FORMAT:
            raise ValueError(f"{path} was written by a newer nearfar: upgrade to resume from it")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return Checkpoint(
        path=path,
        step=int(metadata["step"]),
        seconds=float(metadata["seconds"]),
        tensors=tensors,
        optimizer=json.loads(metadata["optimizer"]),
        pending=Pending.from_json(metadata["pending"]),
    )


def latest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest readable checkpoint, or None; damaged checkpoints are skipped.

    Raises:
        ValueError: All checkpoints are damaged, or one is from a newer version.
    """
    damaged = []
    for path in sorted(folder.glob("step-*.safetensors"), reverse=True):
        try:
            return _read(path)
        except (SafetensorError, KeyError, OSError) as error:
            damaged.append(f"{path.name} ({error})")
    if damaged:
        raise ValueError(f"no checkpoint in {folder} can be read: {'; '.join(damaged)}")
    others = [p.name for p in folder.glob("*") if p.suffix in {".pt", ".pth", ".ckpt", ".pkl"}]
    if others:
        raise ValueError(
            f"{folder} contains {', '.join(sorted(others))}: nearfar reads only safetensors and"
            " never unpickles"
        )
    return None
