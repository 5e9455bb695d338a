"""Summary of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar._signs import counted
from nearfar.records._notebook import figure, shown, table
from nearfar.records._provenance_record import Provenance
from nearfar.records._record import Record

__all__ = ["RunRecord"]


@dataclass(frozen=True)
class RunRecord(Record):
    """Summary of a run: method, data, encoder, size and duration of the training.

    Attributes:
        name: Name of the run's directory.
        method: Name of the method: ``simclr``.
        data: Description of the source: "digits: 1,797 grey images 8×8".
        modality: Modality of the samples: ``images``, ``sequences``, ...
        encoder: Description of the encoder: "convnet 0.3 M".
        objective: The objective's constructor call: "NTXentLoss(temperature=0.2)".
        chance: Loss at chance level, or None.
        samples: Number of training samples.
        watched: Number of watched samples.
        left_out: Number of samples that are neither: copies of watched samples, and further samples
            of groups that are held out.
        groups: What the groups of samples are: a column, a file; empty without groups.
        parameters: Number of trainable parameters of the encoder.
        steps: Number of updates in the whole run.
        epochs: Number of epochs.
        optimizer: Name of the optimiser.
        precision: Precision and device: "bf16 on CPU".
        batch_size: Samples per batch, over all devices.
        temperature: Temperature of the objective, if it has one.
        candidates: Number of keys that each query is compared with; None without negatives.
        projection_dim: Dimension of the projections; 0 in a run of an older version.
        finished: Whether the run is complete.
        seconds: Training time so far, in seconds.
        peak_memory: Peak memory of the training process, in bytes.
        device: Device of the training: ``cpu``, ``cuda:1``; empty in a run of an older version.
        threads: Threads of PyTorch's operations on the CPU; 0 with several processes, and in a run
            of an older version. Their number changes the last digits.
        notes: Notes on automatic choices and omissions: "colour jitter disabled: 1 channel".
        provenance: Versions and machine.
        path: Absolute path of the run's directory when training started; empty in a run of an
            older version.
        cwd: Working directory at that time, to which a relative path of the data refers.
        format: Version of the directory layout.
        files: Checksum of each other file that is complete; empty in a run of an older version.
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
    device: str = ""
    threads: int = 0
    left_out: int = field(default=0, metadata={"omitted": True})
    groups: str = field(default="", metadata={"omitted": True})
    notes: tuple[str, ...] = field(default=())
    path: str = ""
    cwd: str = ""
    format: int = 1
    files: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Method, data and length; the fields have the rest."""
        state = "" if self.finished else ", not finished"
        return (
            f"<record of {self.name}: {self.method} on {self.data}, {self.encoder},"
            f" {counted(self.epochs, 'epoch')}{state}>"
        )

    def _repr_html_(self) -> str:
        """For notebooks: the settings of the run."""
        length = counted(self.epochs, "epoch")
        facts = {
            "data": self.data,
            "samples": f"{self.samples:,} for training, {self.watched:,} held out",
            "encoder": f"{self.encoder} ({counted(self.parameters, 'parameter')})",
            "objective": self.objective,
            "training": f"{length}, batch {self.batch_size:,}, {self.optimizer}",
            "chance": figure(self.chance),
            "precision": self.precision,
            "time": f"{self.seconds:,.0f} s" + ("" if self.finished else ", not finished"),
        }
        rows = [{"setting": name, "value": value} for name, value in facts.items() if value]
        return shown(f"{self.name}: {self.method}", table(rows, left=("value",)))
