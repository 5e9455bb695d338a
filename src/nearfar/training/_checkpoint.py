"""Checkpoints: the complete state for resuming a run, without executable content."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from nearfar.records import RunDirectory, replace_atomically
from nearfar.records._seals import (
    NOT_AS_EXPECTED,
    UNSEALED,
    DamagedFileError,
    check_tensors,
    checksum_of,
    explained,
    seal_tensors,
    shortened,
)
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

CHECKPOINT_FORMAT = 3
_SEALED_FORMAT = 3  # from which on there is a checksum
_KEPT = 2
BEST = "best.safetensors"
"""File of the state with the best retrieval of the other view, without the optimiser's."""

_UNREADABLE = (SafetensorError, OSError, *NOT_AS_EXPECTED)


class NewerCheckpointError(ValueError):
    """A checkpoint of a version that this one cannot read."""


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
        skipped: Newer checkpoints that are damaged, each with what is wrong with it.
        lines: Number of lines of metrics by then; 0 if it is not known.
    """

    path: Path
    step: int
    seconds: float
    tensors: dict[str, Tensor]
    optimizer: dict[str, Any]
    pending: Pending
    skipped: tuple[str, ...] = ()
    lines: int = 0

    def restore_method(self, method: nn.Module) -> None:
        """Load the method's state."""
        method.load_state_dict(self.part("method"), strict=True)

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors below a name, such as ``method.encoder``, by the rest of their names."""
        start = f"{name}."
        return {k[len(start) :]: v for k, v in self.tensors.items() if k.startswith(start)}

    def restore(self, method: nn.Module, optimizer: Optimizer) -> None:
        """Load the state of method and optimiser; names and shapes must match exactly.

        Raises:
            ValueError: The optimiser had a state, which the checkpoint lacks.
        """
        self.restore_method(method)
        stated = any(name.startswith("optimizer.") for name in (*self.tensors, *self.optimizer))
        if self.step and not stated and optimizer.defaults.get("momentum", 1):
            raise DamagedFileError(f"{self.path} is damaged: it lacks the optimiser's state")
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


def name_of(step: int) -> str:
    """Name of the checkpoint after a number of updates."""
    return f"step-{step:08d}.safetensors"


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
    lines: int = 0,
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
        "step": str(step),
        "seconds": repr(seconds),
        "optimizer": json.dumps(scalars),
        "pending": (pending or Pending()).to_json(),
        "lines": str(lines),
    }

    path = folder / name_of(step)
    _write(path, tensors, metadata)
    kept = sorted(folder.glob("step-*.safetensors"))
    newer = [other for other in kept if other.name > path.name]  # damaged, else they were used
    for old in [*kept[: len(kept) - len(newer) - _KEPT], *newer]:
        old.unlink()
    return path


def save_best(
    path: Path, *, state: dict[str, Tensor], step: int, order: float, seconds: float
) -> None:
    """Write a state of the method after `step` updates, with its order of retrieval.

    Raises:
        OSError: The disk is full or not writable. An earlier file is not affected.
    """
    metadata = {
        "step": str(step),
        "order": repr(order),
        "seconds": repr(seconds),
        "optimizer": "{}",
        "pending": Pending().to_json(),
    }
    _write(path, {f"method.{name}": value for name, value in state.items()}, metadata)


def best_step(folder: Path) -> int | None:
    """The number of updates of the best state that is kept apart; None if there is none.

    Raises:
        ValueError: The file is damaged.
    """
    path = folder / BEST
    if not path.is_file():
        return None
    try:
        return int(_metadata(path)["step"])
    except _UNREADABLE as error:
        raise DamagedFileError(f"{path} is damaged: {explained(error)}") from error


def find_checkpoint(folder: Path, wanted: str | int) -> Checkpoint:
    """The checkpoint after a number of updates, the ``last`` one, or the ``best`` one.

    Raises:
        ValueError: It is not kept; the message lists those that are.
    """
    best, latest = best_step(folder), latest_checkpoint(folder)
    if latest is not None and (wanted == "last" or (wanted == "best" and best is None)):
        return latest
    kept_files = [*folder.glob("step-*.safetensors")]
    paths = {int(path.stem[5:]): path for path in kept_files if path.stem[5:].isdigit()}
    if best is not None:
        paths.setdefault(best, folder / BEST)
    step = best if wanted == "best" else wanted
    if not str(step).isdigit() or int(str(step)) not in paths:
        kept = ", ".join(map(str, sorted(paths))) or "none"
        raise ValueError(
            f"`checkpoint` must be best, last or a number of updates that is kept ({kept}),"
            f" got {wanted!r}"
        )
    path = paths[int(str(step))]
    try:
        return _read(path)
    except NewerCheckpointError:
        raise
    except _UNREADABLE as error:
        raise DamagedFileError(f"{path} is damaged: {explained(error)}") from error


def _write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    metadata = {
        "format": str(CHECKPOINT_FORMAT),
        "run": _run_of(path.parent),
        "crc32": UNSEALED,
        **metadata,
    }

    def write(path: Path) -> None:
        try:
            # safetensors does not allow shared storage, which tied weights have
            save_file({k: v.clone() for k, v in tensors.items()}, path, metadata=metadata)
        except SafetensorError as error:
            raise OSError(None, str(error)) from error
        seal_tensors(path)

    replace_atomically(path, write)


def _run_of(folder: Path) -> str:
    """What tells the run of a folder of checkpoints from others: the checksum of its recipe."""
    recipe = RunDirectory(folder.parent).recipe
    return checksum_of(recipe) if recipe.is_file() else ""


def _metadata(path: Path) -> dict[str, str]:
    """The metadata of a checkpoint that is whole.

    Raises:
        DamagedFileError: It is not, or of another run.
    """
    with safe_open(path, framework="pt", device="cpu") as file:
        metadata: dict[str, str] = file.metadata() or {}
    written = int(metadata.get("format", _SEALED_FORMAT))
    if written > CHECKPOINT_FORMAT:
        raise NewerCheckpointError(
            f"{path} was written by a newer nearfar: upgrade to resume from it"
        )
    check_tensors(path, required=written >= _SEALED_FORMAT)
    run = metadata.get("run", "")
    if run and _run_of(path.parent) not in ("", run):
        raise DamagedFileError("it is of a run with another recipe")
    if path.name not in (BEST, name_of(int(metadata["step"]))):
        raise DamagedFileError(f"its state is that after {metadata['step']} updates")
    return metadata


def _read(path: Path) -> Checkpoint:
    metadata = _metadata(path)
    with safe_open(path, framework="pt", device="cpu") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return Checkpoint(
        path=path,
        step=int(metadata["step"]),
        seconds=float(metadata["seconds"]),
        tensors=tensors,
        optimizer=_object(metadata["optimizer"]),
        pending=Pending.from_json(metadata["pending"]),
        lines=int(metadata.get("lines", 0)),
    )


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise DamagedFileError(f"its optimiser state is {shortened(found)}")
    return found


def latest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole, or None; damaged ones are skipped.

    Raises:
        ValueError: All checkpoints are damaged, or one is from a newer version.
    """
    damaged: list[str] = []
    for path in sorted(folder.glob("step-*.safetensors"), reverse=True):
        try:
            return replace(_read(path), skipped=tuple(damaged))
        except NewerCheckpointError:
            raise
        except _UNREADABLE as error:
            damaged.append(f"{path.name} ({explained(error)})")
    if damaged:
        raise ValueError(f"no checkpoint in {folder} can be read: {'; '.join(damaged)}")
    others = [p.name for p in folder.glob("*") if p.suffix in {".pt", ".pth", ".ckpt", ".pkl"}]
    if others:
        raise ValueError(
            f"{folder} contains {', '.join(sorted(others))}: nearfar reads only safetensors and"
            " never unpickles"
        )
    return None
