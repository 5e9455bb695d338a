"""What a run was."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar.records._provenance import Provenance
from nearfar.records._record import Record

__all__ = ["RunRecord"]


@dataclass(frozen=True)
class RunRecord(Record):
    """Everything a reader of a run wants to know before the numbers.

    Attributes:
        name: Name of the run's directory.
        method: Preset name: ``simclr``.
        data: The source in words: "digits: 1,797 grey images 8×8".
        modality: What the samples are: ``images``, ``sequences``, ...
        encoder: The encoder in words: "convnet 0.3 M".
        objective: The objective as the constructor takes it: "NTXentLoss(temperature=0.2)".
        chance: The loss at which nothing was learnt, or None.
        samples: Samples trained on.
        watched: Samples set aside to watch.
        parameters: Trainable parameters of the encoder.
        steps: Updates in the whole run.
        epochs: Passes over the data.
        optimizer: Its name.
        precision: Arithmetic and device: "bf16 on CPU".
        batch_size: Samples in a batch, over all devices.
        temperature: Of the objective, where it has one.
        candidates: Keys that each query is compared with; None without negatives.
        projection_dim: Dimensions in which the objective compares; 0 in a run of an older version.
        finished: Whether the run came to its end.
        seconds: Training time so far.
        peak_memory: Bytes, of the training process.
        notes: What was decided or left out, in words: "colour jitter left out: 1 channel".
        provenance: Versions and machine.
        format: Version of this directory's layout.
    """

    name: str
    method: str
    data: str
    encoder: str
    objective: str
    chance: float | None
    samples: int
    watched: int
    parameters: int
    steps: int
    epochs: int
    provenance: Provenance
    modality: str = "images"
    optimizer: str = ""
    precision: str = ""
    batch_size: int = 0
    temperature: float | None = None
    candidates: int | None = None
    projection_dim: int = 0
    finished: bool = False
    seconds: float = 0.0
    peak_memory: int = 0
    notes: tuple[str, ...] = field(default=())
    format: int = 1
