"""How to train: everything about a run that is neither data, views nor method."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar.checks import check_choice, check_integer

__all__ = ["OPTIMIZERS", "PRECISIONS", "SCHEDULES", "TrainingOptions"]

OPTIMIZERS = ("adamw", "lars", "sgd")
SCHEDULES = ("constant", "cosine")
PRECISIONS = ("auto", "bf16", "16", "32", "64")


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """Settings of the training loop.

    Args:
        epochs: Passes over the data.
        batch_size: Samples in a batch, over all devices together.
        micro_batch: Most samples that pass the network at once, on each device: a batch larger than
            memory goes through it in parts, twice. Loss and gradient are those of the whole batch,
            batch-norm's statistics those of a part. The whole batch at once if not given.
        optimizer: ``adamw``, ``sgd`` (momentum 0.9) or ``lars`` (momentum 0.9).
        learning_rate: At its peak. If not given: adamw 0.001, sgd 0.03, lars 0.3, each times
            batch size / 256 (square root of it for adamw).
        weight_decay: On weights, never on biases and batch-norm. If not given: adamw 0.01, sgd
            0.0001, lars 0.000001.
        warmup_epochs: Epochs in which the learning rate rises from 0; a tenth of all, 10 at most,
            if not given.
        schedule: What the learning rate does then: falls along a ``cosine`` to 0, or stays
            ``constant``.
        accumulate: Batches whose gradients are averaged into one update.
        precision: ``bf16``, ``16``, ``32``, ``64`` (to compare runs), or ``auto``: bf16 where the
            processor computes in it.
        devices: Processes to train on; 0 means every GPU, or one process without a GPU.
        seed: Where all randomness comes from.
        compile: Compile the encoder with ``torch.compile`` (needs a C++ compiler on a CPU).
        channels_last: Keep images with the channel as the fastest axis.
        watch_every: Updates between two label-free measurements; 0 measures only at the end. If not
            given: 50, or a twentieth of a shorter run, but never below 10.
        log_every: Updates between two lines of ``metrics.jsonl``.
        checkpoint_every: Updates between two checkpoints; once an epoch if not given.
    """

    epochs: int = 60
    batch_size: int = 256
    micro_batch: int | None = None
    optimizer: str = "adamw"
    learning_rate: float | None = None
    weight_decay: float | None = None
    warmup_epochs: float | None = None
    schedule: str = "cosine"
    accumulate: int = 1
    precision: str = "auto"
    devices: int = 0
    seed: int = 0
    compile: bool = False
    channels_last: bool = True
    watch_every: int | None = None
    log_every: int = 10
    checkpoint_every: int | None = None

    def __post_init__(self) -> None:
        check_integer(at_least=1, epochs=self.epochs, accumulate=self.accumulate)
        check_integer(at_least=2, batch_size=self.batch_size)
        if self.micro_batch is not None:
            check_integer(at_least=2, micro_batch=self.micro_batch)
            if self.micro_batch > self.batch_size:
                raise ValueError(
                    f"`micro_batch` must be at most `batch_size`, {self.batch_size},"
                    f" got {self.micro_batch}"
                )
        check_integer(at_least=0, devices=self.devices, seed=self.seed)
        if self.watch_every is not None:
            check_integer(at_least=0, watch_every=self.watch_every)
        check_integer(at_least=1, log_every=self.log_every)
        if self.checkpoint_every is not None:
            check_integer(at_least=1, checkpoint_every=self.checkpoint_every)
        check_choice(OPTIMIZERS, optimizer=self.optimizer)
        check_choice(SCHEDULES, schedule=self.schedule)
        check_choice(PRECISIONS, precision=self.precision)
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise ValueError(f"`learning_rate` must be above 0, got {self.learning_rate!r}")
        for name in ("weight_decay", "warmup_epochs"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"`{name}` must be 0 or more, got {value!r}")
