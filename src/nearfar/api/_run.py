"""A finished run: its encoder, its verdict, its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, final, get_args, overload

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from nearfar.api._choices import opening
from nearfar.api._comparing import compared, write_comparison
from nearfar.api._diagnosing import write_health
from nearfar.api._embedding import embed_source, embed_steps
from nearfar.api._exporting import ExportFormat, export_encoder
from nearfar.api._probing import Representation, Represented, encoded, probed, raw
from nearfar.api._recipe import Recipe
from nearfar.api._run_format import open_directory
from nearfar.checks import check_choice
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
    ProbeRecord,
    RunDirectory,
    RunRecord,
    replace_atomically,
)
from nearfar.views import Views

__all__ = ["Embedded", "EmbeddedSteps", "Run", "load", "save_encoder"]


class Embedded(NamedTuple):
    """Representations (samples × width) and the name of each row."""

    embeddings: NDArray[np.float32]
    ids: tuple[str, ...]


class EmbeddedSteps(NamedTuple):
    """Representations (steps × width) of each sequence and the name of each sequence."""

    embeddings: list[NDArray[np.float32]]
    ids: tuple[str, ...]


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


@final
class Run:
    """What :func:`nearfar.pretrain` made, in memory only when asked for.

    Args:
        path: Directory of the run.
        encoder: The module the weights belong to, where it was the user's own.
        modality: The kind of the samples, where it was handed over as an object.

    Example:
        >>> import nearfar, tempfile
        >>> made = nearfar.pretrain("simclr", "digits", epochs=1, out=tempfile.mkdtemp() + "/run")
        >>> run = nearfar.load(made.path)
        >>> run.record.method, run.record.samples, run.record.watched
        ('simclr', 1617, 180)
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

    @overload
    def embed(
        self,
        data: Any,
        *,
        batch_size: int | None = None,
        ids: Literal[False] = False,
        **options: Any,
    ) -> NDArray[np.float32]: ...

    @overload
    def embed(
        self, data: Any, *, batch_size: int | None = None, ids: Literal[True], **options: Any
    ) -> Embedded: ...

    def embed(
        self, data: Any, *, batch_size: int | None = None, ids: bool = False, **options: Any
    ) -> NDArray[np.float32] | Embedded:
        """Representations of samples, one row per sample, in the order of the data.

        Args:
            data: Anything that :func:`nearfar.pretrain` takes, of the kind the run was trained on.
            batch_size: Samples per forward pass.
            ids: Return the name of each row as well: file, row or line.
            options: How the data are opened, where that differs from the run's: ``column``.

        Returns:
            A float32 array (samples × width); with `ids` a named tuple ``(embeddings, ids)``.
        """
        source = self.open(data, **options)
        rows = embed_source(self.encoder, source, self.views, batch_size=batch_size).numpy()
        return Embedded(rows, _names(source)) if ids else rows

    @overload
    def embed_steps(
        self, data: Any, *, ids: Literal[False] = False, **options: Any
    ) -> list[NDArray[np.float32]]: ...

    @overload
    def embed_steps(self, data: Any, *, ids: Literal[True], **options: Any) -> EmbeddedSteps: ...

    def embed_steps(
        self, data: Any, *, ids: bool = False, **options: Any
    ) -> list[NDArray[np.float32]] | EmbeddedSteps:
        """Representations of each time step of each sequence.

        Args:
            data: Anything that :func:`nearfar.pretrain` takes, of the kind the run was trained on.
            ids: Return the name of each sequence as well.
            options: How the data are opened, where that differs from the run's.

        Returns:
            A float32 array (steps × width) per sequence; with `ids` a named tuple
            ``(embeddings, ids)``.

        Raises:
            ValueError: The encoder has no time steps.
        """
        source = self.open(data, **options)
        rows = [steps.numpy() for steps in embed_steps(self.encoder, source, self.views)]
        return EmbeddedSteps(rows, _names(source)) if ids else rows

    def probe(
        self,
        data: Any,
        *,
        labels: Any = None,
        representations: Sequence[Representation] = ("trained", "untrained", "raw"),
        **options: Any,
    ) -> ProbeRecord:
        """Accuracy of probes on the representation, the untrained encoder's and raw features.

        Args:
            data: Labelled data: a name, a folder with one sub-folder per class, a table with a
                column of labels, or an ``.npz`` file with labels. Probes use the official split
                where there is one, else five stratified folds.
            labels: A class for each sample; or the name of a set of labels or a column, where there
                are several: ``speaker``.
            representations: The representations to probe.
            options: How the data are opened, where that differs from the run's: ``column``.
        """
        for name in representations:
            check_choice(get_args(Representation), representations=name)
        labelled = self.open_labelled(data, labels=labels, **options)
        return probed(labelled, (self._represented(name, labelled) for name in representations))

    def diagnose(self, *, report: str | Path | None = None) -> HealthRecord:
        """The verdict on the run, made without labels when it ended.

        Args:
            report: An HTML page to write, with the hypersphere and the spectrum.
        """
        if report is not None:
            write_health(report, self.health, self.directory.read_geometry())
        return self.health

    def export(self, format: ExportFormat = "safetensors", out: str | Path | None = None) -> Path:
        """Write the encoder for use without nearfar.

        Args:
            format: ``safetensors``: weights under the encoder's own key names, and a JSON file that
                says how to build it; ``onnx``: one file that takes normalised inputs, any number of
                them; ``timm``: a folder for ``timm.create_model("local-dir:FOLDER")``.
            out: File (or folder, for timm) to write; inside the run's directory if not given.

        Returns:
            The path of the file or folder.

        Raises:
            ValueError: An unknown format, or timm for an encoder that is not timm's.
        """
        return export_encoder(
            self.directory,
            self.description,
            lambda: self.encoder,
            kind=self.kind,
            format=format,
            out=Path(out) if out else None,
        )

    def compare(
        self, *others: str | Path | Run, report: str | Path | None = None
    ) -> list[dict[str, Any]]:
        """This run and others side by side, one row per run.

        Args:
            others: Runs or their directories.
            report: An HTML page to write, with the curves of all of them.
        """
        runs = [self, *(run if isinstance(run, Run) else Run(run) for run in others)]
        if report is not None:
            write_comparison(report, [run.path for run in runs])
        return [compared(run.record, run.health) for run in runs]

    def report(self) -> Path:
        """Regenerate ``report.html`` from the records of the run.

        Returns:
            The path of the page.
        """
        from nearfar.reports import write_report

        return write_report(self.path)

    def open(self, data: Any, **options: Any) -> Source:
        """All of the data, read as those that the encoder was trained on.

        Args:
            data: Whatever :func:`nearfar.pretrain` takes.
            options: How they are opened, where that differs from the run's data: ``column``.

        Raises:
            ValueError: The samples are of another kind or shape.
        """
        kind, said = self._told(data, options)
        source = self._side(open_source(data, modality=kind, split="all", **said))
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
        kind, said = self._told(data, options, pairs=own)  # in a file labels belong to one side
        labelled = open_labelled(data, labels=labels, modality=kind, **said)
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

    def _told(
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

    def _represented(self, name: Representation, labelled: LabelledData) -> Represented:
        if name == "raw":
            return raw(self.kind, self.description.form, labelled)
        encoder = self.encoder if name == "trained" else self.untrained_encoder()
        return encoded(f"{name} encoder", encoder, self.views, labelled)

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

    def __repr__(self) -> str:
        health = self.directory.read_health()
        verdict = health.verdict if health else "not finished"
        return f"<run {self.path}: {self.record.method}, {verdict}>"


def load(
    path: str | Path,
    *,
    encoder: nn.Module | None = None,
    modality: Modality[Any, Any] | None = None,
) -> Run:
    """A run from its directory.

    Args:
        path: Directory of the run.
        encoder: A module like the one that was trained, where it was the user's own.
        modality: The kind of the samples, where it was handed over as an object.

    Raises:
        ValueError: No run is there, or a newer version made it. A pickle is never opened.
    """
    if Path(path).is_file():
        raise ValueError(
            f"`path` must be the directory of a run, got the file {path}; nearfar never unpickles"
        )
    return Run(path, encoder=encoder, modality=modality)


def _names(source: Source) -> tuple[str, ...]:
    return tuple(source.identify(int(sample)) for sample in source.samples)
