"""Options of the training loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from nearfar.checks import (
    check_boolean,
    check_choice,
    check_integer,
    check_not_negative,
    check_positive,
)

__all__ = ["Optimizer", "Precision", "Schedule", "TrainingOptions"]

Optimizer: TypeAlias = Literal["adamw", "lars", "sgd"]
"""AdamW, LARS or SGD with momentum."""
Schedule: TypeAlias = Literal["constant", "cosine"]
"""Learning rate after the warm-up: constant, or a cosine down to 0."""
Precision: TypeAlias = Literal["auto", "bf16", "16", "32", "64"]
"""Floating-point precision of training; ``auto`` is bf16 where the device computes in it."""


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """Settings of the training loop.

    Args:
        epochs: Number of epochs.
        max_updates: Updates after which training ends, if that is before the last epoch does.
        batch_size: Samples per batch, summed over all devices.
        micro_batch: Samples per forward pass and device, for batches that exceed memory; by default
            the whole batch. Each micro-batch is computed twice. Loss and gradient are those of the
            whole batch, batch-norm statistics those of a micro-batch.
        optimizer: ``adamw``, ``sgd`` (momentum 0.9) or ``lars`` (momentum 0.9).
        learning_rate: Peak learning rate; by default adamw 0.001, sgd 0.03 or lars 0.3, scaled by
            batch size / 256 (by its square root for adamw).
        weight_decay: Weight decay, not applied to biases and normalisation layers; by default
            adamw 0.01, sgd 0.0001, lars 0.000001.
        warmup_epochs: Epochs of linear learning-rate warm-up; by default a tenth of all epochs, at
            most 10.
        schedule: Learning rate after warm-up: ``cosine`` decay to 0, or ``constant``.
        accumulate: Batches whose gradients are averaged into one update.
        precision: ``bf16``, ``16`` (both mixed with float32), ``32``, ``64`` (for comparing
            runs), or ``auto``: bf16 if the processor supports it, else 32.
        devices: Number of processes; 0 for one per GPU, or a single one without a GPU.
        seed: Random seed.
        compile: Compile the encoder with ``torch.compile`` (needs a C++ compiler on a CPU).
        channels_last: Use the channels-last memory format for images.
        watch_every: Updates between label-free measurements; 0 measures only at the end. By default
            a twentieth of the run, between 10 and 50.
        log_every: Updates between lines of ``metrics.jsonl``.
        checkpoint_every: Updates between checkpoints; by default those of one epoch.
    """

    epochs: int = 60
    max_updates: int | None = None
    batch_size: int = 256
    micro_batch: int | None = None
    optimizer: Optimizer = "adamw"
    learning_rate: float | None = None
    weight_decay: float | None = None
    warmup_epochs: float | None = None
    schedule: Schedule = "cosine"
    accumulate: int = 1
    precision: Precision = "auto"
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
        if self.max_updates is not None:
            check_integer(at_least=1, max_updates=self.max_updates)
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
        check_choice(get_args(Optimizer), optimizer=self.optimizer)
        check_choice(get_args(Schedule), schedule=self.schedule)
        check_choice(get_args(Precision), precision=self.precision)
        check_boolean(compile=self.compile, channels_last=self.channels_last)
        if self.learning_rate is not None:
            check_positive(learning_rate=self.learning_rate)
        if self.weight_decay is not None:
            check_not_negative(weight_decay=self.weight_decay)
        if self.warmup_epochs is not None:
            check_not_negative(warmup_epochs=self.warmup_epochs)
