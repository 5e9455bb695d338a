"""The stored parts of a run: records, encoder, and the options for loading data."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from nearfar._audience import resuming
from nearfar._deprecation import renamed_members
from nearfar.api._choices import opening
from nearfar.api._recipe import Recipe
from nearfar.api._run_format import open_directory
from nearfar.checks import check_choice
from nearfar.data import (
    DataKind,
    LabeledData,
    Source,
    is_name,
    is_paired,
    may_be_pairs,
    modality_of,
    open_labeled,
    open_source,
    opening_options,
    sides,
)
from nearfar.modalities import Modality, PairModality, modality, rebuild_encoder
from nearfar.modules import EncoderDescription
from nearfar.modules._wrapped_modules import load_weights, plain_names, unwrapped
from nearfar.records import (
    HealthRecord,
    Metrics,
    RunDirectory,
    RunRecord,
    replace_atomically,
)
from nearfar.views import Views

__all__ = ["Side", "StoredRun", "save_encoder"]

Side: TypeAlias = Literal["x", "s"]
"""A side of pairs: the inputs or the self-supervised signals."""
OF_A_FILE = ("where", "encoding", "delimiter", "header", "decimal")


def save_encoder(
    directory: RunDirectory, encoder: nn.Module, description: EncoderDescription[Any]
) -> None:
    """Write the weights, with the encoder's own key names, and the description of the encoder."""
    plain = plain_names(encoder)
    state = {
        plain[name]: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in encoder.state_dict().items()
    }
    metadata = {"format": "pt", "encoder": description.name}
    replace_atomically(directory.encoder, lambda path: save_file(state, path, metadata=metadata))
    description.save(directory.encoder_description)


def _of_any_file(recipe: Recipe, data: Any) -> dict[str, Any]:
    """The options of a run's data without those that belong to another file, or to its rows."""
    left = ("where",) if str(data) == recipe.data else OF_A_FILE
    return {name: value for name, value in recipe.options.items() if name not in left}


@renamed_members(open_labelled="open_labeled")
class StoredRun:
    """A stored run; :class:`nearfar.api.Run` adds methods such as ``embed`` and ``probe``.

    Args:
        path: Directory of the run.
        encoder: A module of the trained architecture, if the run's encoder was your own.
        modality: The modality, if it was your own.
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
        self._own = None if encoder is None else unwrapped(encoder)
        self._own_kind = modality

    @property
    def record(self) -> RunRecord:
        """The run's settings and numbers."""
        return self.directory.read_run()

    @property
    def health(self) -> HealthRecord:
        """The verdict.

        Raises:
            ValueError: The run has not finished.
        """
        health = self.directory.read_health()
        if health is None:
            raise ValueError(
                f"{self.path} has no verdict, as it did not finish: resume it with"
                f" {resuming(self.path)}"
            )
        return health

    @property
    def metrics(self) -> Metrics:
        """Metrics during training: loss and loss terms, measurements of the watched samples.

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
        """The encoder's architecture and the form of its inputs."""
        if not self.directory.encoder_description.is_file():
            raise ValueError(
                f"{self.path} has no encoder, as it did not finish: resume it with"
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
            weights = load_file(self.directory.encoder)
        except SafetensorError as error:
            raise ValueError(f"{self.directory.encoder} cannot be read: {error}") from error
        load_weights(module, weights, name=str(self.directory.encoder))
        return module.eval()

    def untrained_encoder(self) -> nn.Module:
        """The encoder before training, initialised from the run's seed."""
        seed = int(self.directory.read_recipe()["training"]["seed"])
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return self._build().eval()

    @property
    def kind(self) -> Modality[Any, Any]:
        """The modality of the encoder's inputs."""
        return self._find_kind(self.description.modality)

    def _find_kind(self, name: str) -> Modality[Any, Any]:
        own = self._own_kind.component(name) if self._own_kind else None
        return own or modality(name)

    def _recipe(self) -> Recipe:
        return Recipe.from_tables(self.directory.read_recipe(), own_kind=self._own_kind)

    @property
    def views(self) -> Views:
        """Views without augmentation: whole samples in the form that the encoder expects."""
        return self.kind.plain(self.description.form)

    def open(self, data: Any, *, side: Side | None = None, **options: Any) -> Source:
        """Load data with the options of the run's training data; all splits are joined.

        Args:
            data: Data as for :func:`nearfar.pretrain`.
            side: Side of pairs: the inputs ``x`` or the signals ``s``.
            options: Options for loading the data, if different from the run's: ``column``.

        Raises:
            ValueError: Samples of another modality or shape.
        """
        kind, given = self._opening_of(data, options)
        source = self._side(open_source(data, modality=kind, split="all", **given), side)
        self.check(source, side)
        if isinstance(data, Source) and not self.kind.paired:
            self.kind.check_opened(source, self.description.form)
        return source

    def holds_pairs(self, data: Any, **options: Any) -> bool:
        """Whether data of a run on pairs are pairs, rather than samples of a side or groups."""
        if not self._recipe().kind.paired:
            return False
        kind, given = self._opening_of(data, options)
        source = open_source(data, modality=kind, split="all", **given)
        if not is_paired(source):
            return False
        x, s = sides(source)
        return x is not s

    def side_views(self, source: Source, side: Side | None = None) -> Views:
        """Views without augmentation of pairs, or of samples of one side of them.

        Args:
            source: Samples as :meth:`open` returns them.
            side: Side of pairs; by default that of the samples' modality.

        Raises:
            ValueError: Samples that could be of either side, each with an encoder of its own.
        """
        if isinstance(self.kind, PairModality):
            return self.kind.side_views(self.description.form, source, side)
        return self.views

    def open_labeled(
        self, data: Any, *, labels: Any = None, side: Side | None = None, **options: Any
    ) -> LabeledData:
        """Load labelled data with the options of the run's training data.

        Args:
            data: Labelled data.
            labels: The class of each sample, a file with them, or the name of a set of labels or a
                column.
            side: Side of pairs: the inputs ``x`` or the signals ``s``.
            options: Options for loading the data, if different from the run's.
        """
        own = labels is not None and not isinstance(labels, str)
        # labels in a file belong to one side of a pair
        kind, given = self._opening_of(data, options, pairs=own)
        labeled = open_labeled(data, labels=labels, modality=kind, **given)
        labeled = replace(labeled, train=self._side(labeled.train, side))
        self.check(labeled.train, side)
        return labeled

    def check(self, source: Source, side: Side | None = None) -> None:
        """Check that samples have the form that the encoder expects.

        Args:
            source: The samples.
            side: Side of pairs whose encoder it is.

        Raises:
            ValueError: They do not; the message names the difference.
        """
        kinds = self.kind.accepted_modalities(self.description.form)
        if source.modality not in kinds:
            raise ValueError(
                f"`data` must be {' or '.join(kinds)}, as in the run,"
                f" got {source.modality}: {source.describe()}"
            )
        if side is not None and isinstance(self.kind, PairModality):
            self.kind.check_side(source, self.description.form, side)
        else:
            self.kind.check(source, self.description.form)

    def opening(self, data: Any = None) -> dict[str, Any]:
        """The options with which the run's data were loaded.

        Those that belong to a file, such as its encoding, are given only for this file.
        """
        recipe = self._recipe()
        options = _of_any_file(recipe, data) | self.kind.opening(self.description.form)
        return opening(self.kind, options)

    def _opening_of(
        self, data: Any, options: dict[str, Any], *, pairs: bool = True
    ) -> tuple[DataKind | None, dict[str, Any]]:
        """Modality and options for loading data: those of the run, or of one side of its pairs."""
        if is_name(data) or isinstance(data, Source):
            return None, self.opening() | options  # their modality is known
        recipe = self._recipe()
        own = str(data) == recipe.data  # such as adjacent sentences, which may be texts as well
        if recipe.kind.paired and pairs and not options and (own or may_be_pairs(data)):
            known = _of_any_file(recipe, data) | self._opening_of_halves()
            return recipe.kind.data, opening(recipe.kind, known)
        if isinstance(self.kind, PairModality):
            name = modality_of(data, given=[k for k, v in options.items() if v is not None])
            side = self.kind.opening_side(self.description.form, name)
            allowed = opening_options(name) if side else ()
            return None, {k: v for k, v in side.items() if k in allowed} | options
        held = self.opening(data)
        if not self._is_own(data):  # the features of one graph are not those of another
            held = {k: v for k, v in held.items() if k not in self.kind.data.own_files}
        return self.kind.data, held | options

    def _opening_of_halves(self) -> dict[str, Any]:
        """Options of the halves of pairs: of each its own, or of the one that the encoder takes."""
        known = self.kind.opening(self.description.form)
        return known if self.kind.paired else {"x_options": known, "s_options": known}

    def _is_own(self, data: Any) -> bool:
        """Whether data are the file or folder that the run was trained on."""
        own = self._recipe().data
        return isinstance(data, (str, Path)) and Path(data).resolve() == Path(own).resolve()

    def _side(self, source: Source, side: Side | None = None) -> Source:
        """The given side of pairs; by default their inputs, if the encoder takes one modality."""
        if side is not None:
            check_choice(get_args(Side), side=side)
        if not is_paired(source):
            return source
        if side is None and self.kind.paired:
            return source
        return sides(source)["xs".index(side or "x")]

    def _build(self) -> nn.Module:
        known = self.description
        if known.library == "custom":
            if self._own is None:
                raise ValueError(
                    "`encoder` of this run is a module of your own: pass it to nearfar.load"
                )
            # a copy: the untrained encoder is the module as it was given
            return copy.deepcopy(self._own)
        return rebuild_encoder(self.kind, known)
