"""What the directory of a run holds: records, encoder, and how its data are opened."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from nearfar.api._choices import opening
from nearfar.api._recipe import Recipe
from nearfar.api._run_format import open_directory
from nearfar.data import (
    DataKind,
    LabelledData,
    Source,
    is_name,
    is_paired,
    may_be_pairs,
    open_labelled,
    open_source,
    sides,
)
from nearfar.modalities import Modality, modality, rebuild_encoder
from nearfar.modules import EncoderDescription
from nearfar.records import (
    HealthRecord,
    Metrics,
    RunDirectory,
    RunRecord,
    replace_atomically,
)
from nearfar.views import Views

__all__ = ["StoredRun", "save_encoder"]


def save_encoder(
    directory: RunDirectory, encoder: nn.Module, description: EncoderDescription[Any]
) -> None:
    """Write the weights under the encoder's own key names, and how to build what they fit."""
    state = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in encoder.state_dict().items()
    }
    metadata = {"format": "pt", "encoder": description.name}
    replace_atomically(directory.encoder, lambda path: save_file(state, path, metadata=metadata))
    description.save(directory.encoder_description)


class StoredRun:
    """A run as it is stored; :class:`nearfar.api.Run` adds the verbs.

    Args:
        path: Directory of the run.
        encoder: The module that the weights belong to, if it was the user's own.
        modality: The kind of the samples, if it was handed over as an object.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        encoder: nn.Module | None = None,
        modality: Modality[Any, Any] | None = None,
    ) -> None:
        self.directory = open_directory(path)
        self.path = self.directory.path
        self._own, self._own_kind = encoder, modality

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

    @property
    def metrics(self) -> Metrics:
        """What was measured while it trained: loss and terms, readings of the watched samples.

        Example:
            >>> import nearfar, tempfile
            >>> out = tempfile.mkdtemp() + "/run"
            >>> run = nearfar.pretrain("vicreg", "digits", epochs=1, out=out)
            >>> run.metrics.terms, len(run.metrics.watch)
            (('invariance', 'variance', 'covariance'), 1)
        """
        return self.directory.read_metrics()

    @cached_property
    def description(self) -> EncoderDescription[Any]:
        """How the encoder is built and what inputs it expects."""
        if not self.directory.encoder_description.is_file():
            raise ValueError(
                f"{self.path} has no encoder yet, as it did not come to its end; go on with it by"
                f" nearfar train --resume {self.path}"
            )
        found: EncoderDescription[Any]
        found = EncoderDescription.load(self.directory.encoder_description)
        return found.with_form(self._find_kind(found.modality).read_form(found.form))

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
    def kind(self) -> Modality[Any, Any]:
        """The kind of the samples that the encoder takes."""
        return self._find_kind(self.description.modality)

    def _find_kind(self, name: str) -> Modality[Any, Any]:
        own = self._own_kind.brings(name) if self._own_kind else None
        return own or modality(name)

    def _recipe(self) -> Recipe:
        return Recipe.from_tables(self.directory.read_recipe(), own_kind=self._own_kind)

    @property
    def views(self) -> Views:
        """Shows whole samples as the encoder knows them."""
        return self.kind.plain(self.description.form)

    def open(self, data: Any, **options: Any) -> Source:
        """All of the data, read as those that the encoder was trained on.

        Args:
            data: Whatever :func:`nearfar.pretrain` takes.
            options: How they are opened, where that differs from the run's data: ``column``.

        Raises:
            ValueError: The samples are of another kind or shape.
        """
        kind, given = self._opening_of(data, options)
        source = self._side(open_source(data, modality=kind, split="all", **given))
        self.check(source)
        return source

    def open_labelled(self, data: Any, *, labels: Any = None, **options: Any) -> LabelledData:
        """Samples and their classes, read as those that the encoder was trained on.

        Args:
            data: Labelled data.
            labels: A class for each sample, or the name of a set of labels or a column.
            options: As of :meth:`open`.
        """
        own = labels is not None and not isinstance(labels, str)
        kind, given = self._opening_of(data, options, pairs=own)  # labels in a file are of one side
        labelled = open_labelled(data, labels=labels, modality=kind, **given)
        labelled = replace(labelled, train=self._side(labelled.train))
        self.check(labelled.train)
        return labelled

    def check(self, source: Source) -> None:
        """Whether samples can be shown to the encoder.

        Raises:
            ValueError: They cannot; what differs is said.
        """
        kinds = self.kind.takes(self.description.form)
        if source.modality not in kinds:
            raise ValueError(
                f"`data` must be {' or '.join(kinds)}, as the run's were,"
                f" got {source.modality}: {source.describe()}"
            )
        self.kind.check(source, self.description.form)

    def opening(self) -> dict[str, Any]:
        """How the run's data were opened."""
        options = self._recipe().options
        return opening(self.kind, options | self.kind.opening(self.description.form))

    def _opening_of(
        self, data: Any, options: dict[str, Any], *, pairs: bool = True
    ) -> tuple[DataKind | None, dict[str, Any]]:
        """Kind and options with which data are opened: as the run's, or as one side of them."""
        if is_name(data) or isinstance(data, Source):
            return None, self.opening() | options  # these say themselves what they hold
        recipe = self._recipe()
        if recipe.kind.paired and pairs and not options and may_be_pairs(data):
            return recipe.kind.data, opening(recipe.kind, recipe.options)
        if self.kind.paired:
            return None, options
        return self.kind.data, self.opening() | options

    def _side(self, source: Source) -> Source:
        """The inputs of pairs, where the encoder is of one kind."""
        if is_paired(source) and not self.kind.paired:
            return sides(source)[0]
        return source

    def _build(self) -> nn.Module:
        known = self.description
        if known.library == "custom":
            if self._own is None:
                raise ValueError(
                    "`encoder` was handed over in Python for this run: hand it to nearfar.load too"
                )
            return self._own
        return rebuild_encoder(self.kind, known)
