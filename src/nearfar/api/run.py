"""A finished run: its encoder, its verdict, its files."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from nearfar.api.embedding import embed_source
from nearfar.api.opening import open_directory
from nearfar.data import Source, open_source
from nearfar.modules import EncoderDescription, build_encoder
from nearfar.records import HealthRecord, RunDirectory, RunRecord, replace_atomically
from nearfar.views import ImageViews

__all__ = ["Run", "load", "save_encoder"]


def save_encoder(
    directory: RunDirectory, encoder: nn.Module, description: EncoderDescription
) -> None:
    """Write the weights under the encoder's own key names, and how to build what they fit."""
    state = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in encoder.state_dict().items()
    }
    metadata = {"format": "pt", "encoder": description.name}
    replace_atomically(directory.encoder, lambda path: save_file(state, path, metadata=metadata))
    description.save(directory.encoder_description)


@final
class Run:
    """What :func:`nearfar.pretrain` made, in memory only when asked for.

    Args:
        path: Directory of the run.
        encoder: The module the weights belong to, where it was the user's own.

    Example:
        >>> import nearfar, tempfile
        >>> made = nearfar.pretrain("simclr", "digits", epochs=1, out=tempfile.mkdtemp() + "/run")
        >>> run = nearfar.load(made.path)
        >>> run.record.method, run.record.samples, run.record.watched
        ('simclr', 1617, 180)
    """

    def __init__(self, path: str | Path, *, encoder: nn.Module | None = None) -> None:
        self.directory = open_directory(path)
        self.path = self.directory.path
        self._own = encoder

    @property
    def record(self) -> RunRecord:
        """What the run was."""
        return self.directory.read_run()

    @property
    def health(self) -> HealthRecord:
        """The verdict.

        Raises:
            ValueError: The run did not come to its end.
        """
        health = self.directory.read_health()
        if health is None:
            raise ValueError(
                f"{self.path} has no verdict, as it did not come to its end; go on with it by"
                f" nearfar train --resume {self.path}"
            )
        return health

    @cached_property
    def description(self) -> EncoderDescription:
        """How the encoder is built and what images it expects."""
        if not self.directory.encoder_description.is_file():
            raise ValueError(
                f"{self.path} has no encoder yet, as it did not come to its end; go on with it by"
                f" nearfar train --resume {self.path}"
            )
        return EncoderDescription.load(self.directory.encoder_description)

    @cached_property
    def encoder(self) -> nn.Module:
        """The trained encoder, in evaluation mode."""
        module = self._build()
        try:
            module.load_state_dict(load_file(self.directory.encoder), strict=True)
        except SafetensorError as error:
            raise ValueError(f"{self.directory.encoder} cannot be read: {error}") from error
        return module.eval()

    def untrained_encoder(self) -> nn.Module:
        """The encoder as it was before training, from the seed of the run."""
        seed = int(self.directory.read_recipe()["training"]["seed"])
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return self._build().eval()

    @property
    def views(self) -> ImageViews:
        """Shows whole images as the encoder knows them."""
        known = self.description
        return ImageViews(
            size=known.image_size,
            channels=known.channels,
            mean=known.mean or (0.5,),
            std=known.std or (0.5,),
        )

    def embed(self, data: Any, *, batch_size: int = 256) -> NDArray[np.float32]:
        """Representations of images, one row each, in the order of the data.

        Args:
            data: Whatever :func:`nearfar.pretrain` takes, with as many channels as it had.
            batch_size: Images at a time.
        """
        source = self.open(data)
        embeddings = embed_source(self.encoder, source, self.views, batch_size=batch_size)
        return embeddings.numpy()

    def open(self, data: Any) -> Source:
        """All of the data, in the range of values the encoder was trained on.

        Raises:
            ValueError: The images have another number of channels.
        """
        source = open_source(
            data,
            split="all",
            channels=None if isinstance(data, Source) else self.description.channels,
            value_range=self.value_range,
        )
        if source.channels != self.description.channels:
            raise ValueError(
                f"`data` must have {self.description.channels} channels, as the run's images had,"
                f" got {source.channels}"
            )
        return source

    @property
    def value_range(self) -> tuple[float, float] | None:
        """The (low, high) of floating-point images that became (0, 1) in training."""
        known = self.description.value_range
        return None if known is None else (known[0], known[1])

    def _build(self) -> nn.Module:
        known = self.description
        if known.library == "custom":
            if self._own is None:
                raise ValueError(
                    "`encoder` was handed over in Python for this run: hand it to nearfar.load too"
                )
            return self._own
        module, _ = build_encoder(
            known.name, channels=known.channels, image_size=known.image_size, stem=known.stem
        )
        return module

    def __repr__(self) -> str:
        health = self.directory.read_health()
        verdict = health.verdict if health else "not finished"
        return f"<run {self.path}: {self.record.method}, {verdict}>"


def load(path: str | Path, *, encoder: nn.Module | None = None) -> Run:
    """A run from its directory.

    Args:
        path: Directory of the run.
        encoder: A module like the one that was trained, where it was the user's own.

    Raises:
        ValueError: No run is there, or a newer version made it. A pickle is never opened.
    """
    if Path(path).is_file():
        raise ValueError(
            f"`path` must be the directory of a run, got the file {path}; nearfar never unpickles"
        )
    return Run(path, encoder=encoder)
