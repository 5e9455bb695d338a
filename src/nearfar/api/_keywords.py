"""The keyword arguments of :func:`nearfar.pretrain`, for editors and type checkers.

They are documented by :class:`nearfar.training.TrainingOptions` and by the options of each
modality. A test checks that names and types agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypedDict

from nearfar.modalities._image_style import ViewStyle
from nearfar.training import Optimizer, Precision, Schedule

__all__ = ["DataKeywords", "RunKeywords", "TrainingKeywords"]


class TrainingKeywords(TypedDict, total=False):
    """Options of the training loop."""

    epochs: int
    max_updates: int | None
    batch_size: int
    micro_batch: int | None
    optimizer: Optimizer
    learning_rate: float | None
    weight_decay: float | None
    warmup_epochs: float | None
    schedule: Schedule
    accumulate: int
    precision: Precision
    devices: int
    seed: int
    compile: bool
    channels_last: bool
    watch_every: int | None
    log_every: int
    checkpoint_every: int | None


class DataKeywords(TypedDict, total=False):
    """Options of data and encoders; each modality has some of them."""

    image_size: int | None
    channels: int | None
    value_range: tuple[float, float] | None
    missing_value: float | None
    stem: Literal["auto", "small", "standard"]
    norm: Literal["batch", "layer"] | None
    view_style: ViewStyle | None
    sample_rate: int | None
    seconds: float
    window: int | None
    normalize: Literal["rms", "peak", "standard", "data", "none"] | None
    conv_width: int
    context: int
    strides: tuple[int, ...] | None
    column: str | None
    encoding: str | None
    delimiter: str | None
    header: bool | None
    decimal: str | None
    where: tuple[str, ...] | Mapping[str, str] | str
    words: int | None
    tokens: Literal["words", "characters"] | None
    vocabulary: int
    min_frequency: int | None
    units: int | None
    dropout: float | None
    pretrained: bool
    features: Path | None
    undirected: bool
    edge_weights: bool
    row_normalize: bool | None
    neighbors: int | None
    hops: int
    layers: int
    exclude: tuple[str, ...]
    split_folder: str | None
    key: str | None
    include: tuple[str, ...]
    blocks: int
    x: str | None
    s: str | None
    adjacent: bool | None
    shared: bool | None
    signal_encoder: str | None


class RunKeywords(TrainingKeywords, DataKeywords, total=False):
    """Keyword arguments of :func:`nearfar.pretrain` in addition to its named arguments."""
