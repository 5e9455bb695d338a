"""A finished run: its encoder, verdict and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, final, get_args, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nearfar.api._comparing import ComparedRun, compared, write_comparison
from nearfar.api._diagnosing import diagnose_embeddings, write_health
from nearfar.api._embedding import (
    Embedded,
    EmbeddedSteps,
    embed_source,
    embed_steps,
    row_names,
    warn_omitted,
)
from nearfar.api._embedding_files import EmbeddingFile
from nearfar.api._exporting import ExportFormat, export_encoder
from nearfar.api._layers import LayerEncoder, Pool, described_layer
from nearfar.api._probe_labels import groups_of, with_task
from nearfar.api._probes_of_runs import (
    Progress,
    Representation,
    Represented,
    encoded,
    probed,
    raw,
)
from nearfar.api._stored_run import Side, StoredRun
from nearfar.checks import check_choice
from nearfar.data import LabeledData, is_name
from nearfar.data._label_tasks import Task
from nearfar.modalities import Modality, PairModality
from nearfar.records import (
    HealthRecord,
    ProbeRecord,
)

__all__ = ["Run", "load"]


@final
class Run(StoredRun):
    """The result of :func:`nearfar.pretrain`; files are read when they are needed.

    Args:
        path: Directory of the run.
        encoder: A module of the trained architecture, if the run's encoder was your own.
        modality: The modality, if it was your own.

    Example:
        >>> import nearfar, tempfile
        >>> made = nearfar.pretrain("simclr", "digits", epochs=1, out=tempfile.mkdtemp() + "/run")
        >>> run = nearfar.load(made.path)
        >>> run.record.method, run.record.samples, run.record.watched
        ('simclr', 1617, 180)
    """

    @overload
    def embed(
        self,
        data: Any,
        *,
        batch_size: int | None = None,
        ids: Literal[False] = False,
        side: Side | None = None,
        layer: str | int | None = None,
        pool: Pool | None = None,
        **options: Any,
    ) -> NDArray[np.float32]: ...

    @overload
    def embed(
        self,
        data: Any,
        *,
        batch_size: int | None = None,
        ids: Literal[True],
        side: Side | None = None,
        layer: str | int | None = None,
        pool: Pool | None = None,
        **options: Any,
    ) -> Embedded: ...

    def embed(
        self,
        data: Any,
        *,
        batch_size: int | None = None,
        ids: bool = False,
        side: Side | None = None,
        layer: str | int | None = None,
        pool: Pool | None = None,
        **options: Any,
    ) -> NDArray[np.float32] | Embedded:
        """Representations of samples, one row per sample, in the order of the data.

        Args:
            data: Data as for :func:`nearfar.pretrain`, of the run's modality.
            batch_size: Samples per forward pass.
            ids: Return the name of each row as well: file, row or line.
            side: Side of pairs to embed: the inputs ``x`` (the default) or the signals ``s``. Must
                be given for samples that could be of either side, if each has its own encoder.
            layer: Layer of the encoder: the name of a module, or its number (−1 for the last).
            pool: Pooling of the layer's tokens, time steps or places: ``mean``, ``max``, ``cls``,
                ``last`` or ``flat``.
            options: Options for loading the data, if different from the run's: ``column``.

        Returns:
            A float32 array (samples × width); with `ids` a named tuple ``(embeddings, ids)``
            with the attribute ``notes``. An :class:`nearfar.data.OmittedSamplesWarning` names
            samples that have no row, such as damaged files.
        """
        source = self.open(data, side=side, **options)
        views = self.side_views(source, side)
        encoder = _cut(self.encoder, layer, pool)
        rows = embed_source(encoder, source, views, batch_size=batch_size).numpy()
        warn_omitted(source, stacklevel=3)
        return Embedded(rows, row_names(source), source.notes) if ids else rows

    def embed_sides(
        self, data: Any, *, batch_size: int | None = None, **options: Any
    ) -> tuple[Embedded, NDArray[np.float32] | None]:
        """Representations of both sides of pairs; of other data, of the samples and None.

        Args:
            data: Data as for :func:`nearfar.pretrain`, of the run's modality.
            batch_size: Samples per forward pass.
            options: ``layer`` and ``pool``, and options for loading the data, if different from the
                run's.
        """
        cut: dict[str, Any] = {name: options.pop(name, None) for name in ("layer", "pool")}
        first = self.embed(data, batch_size=batch_size, ids=True, **cut, **options)
        if not self.holds_pairs(data, **options):
            return first, None
        return first, self.embed(data, batch_size=batch_size, side="s", **cut, **options)

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
            data: Data as for :func:`nearfar.pretrain`, of the run's modality.
            ids: Return the name of each sequence as well.
            options: Options for loading the data, if different from the run's.

        Returns:
            A float32 array (steps × width) per sequence; with `ids` a named tuple
            ``(embeddings, ids)`` with the attribute ``notes``.

        Raises:
            ValueError: The encoder has no time steps.
        """
        source = self.open(data, **options)
        rows = [steps.numpy() for steps in embed_steps(self.encoder, source, self.views)]
        warn_omitted(source, stacklevel=3)
        return EmbeddedSteps(rows, row_names(source), source.notes) if ids else rows

    def probe(
        self,
        data: Any,
        *,
        labels: Any = None,
        task: Task | None = None,
        groups: Any = None,
        label_share: Sequence[float] = (),
        representations: Sequence[Representation] = ("trained", "untrained", "raw"),
        layer: str | int | None = None,
        pool: Pool | None = None,
        side: Side | None = None,
        save: bool = False,
        progress: Progress | None = None,
        **options: Any,
    ) -> ProbeRecord:
        """Scores of probes on the trained encoder, the untrained encoder and raw features.

        Args:
            data: Labelled data: a name, a folder with one sub-folder per class, a table with a
                column of labels, or an ``.npz`` file with labels. Probes use the official split
                if there is one, else five folds.
            labels: The label of each sample, or a file with them (``labels.npy``); or, if the data
                have several sets or columns of labels, the name of one: ``speaker``. Several
                labels per sample: columns of 0 and 1 (``"rain,sun"``), or lists in one column,
                separated by ``;``, ``|`` or ``,``.
            task: ``classification``, ``regression`` (numbers) or ``multilabel``; by default
                inferred from the labels, with a note.
            groups: Group of each sample, such as the patient, a file with them, or the name of a
                column; a group is never on both sides of a split.
            label_share: Shares of the labels to probe with in addition, such as 0.01 and 0.1: the
                mean over five class-balanced subsets.
            representations: The representations to probe; the first is compared with the others.
            layer: Layer of the encoders: the name of a module, or its number (−1 for the last).
            pool: Pooling of the layer's tokens, time steps or places: ``mean``, ``max``, ``cls``,
                ``last`` or ``flat``.
            side: Side of pairs that the samples belong to, if each side has its own encoder of the
                same modality: the inputs ``x`` or the signals ``s``.
            save: Store the record as ``probe.json`` in the run, for its report.
            progress: Called with what is done next, the steps done, and their number.
            options: Options for loading the data, if different from the run's: ``column``.
        """
        for name in representations:
            check_choice(get_args(Representation), representations=name)

        def opened(wanted: Any) -> LabeledData:
            return self.open_labeled(data, labels=wanted, side=side, task="any", **options)

        labeled = with_task(opened, labels, task, infer=not is_name(data))
        notes: tuple[str, ...] = ()
        index = None
        if groups is not None:
            labeled, index, notes = groups_of(labeled, groups, labels=labels, opened=opened)
        made = [
            partial(self._represented, name, labeled, side, layer, pool) for name in representations
        ]
        record = probed(
            labeled,
            made,
            groups=index,
            shares=label_share,
            layer=described_layer(layer, pool),
            notes=notes,
            progress=progress,
        )
        if save:
            record.save(self.directory.probe)
        return record

    def diagnose(
        self,
        data: Any = None,
        *,
        report: str | Path | None = None,
        layer: str | int | None = None,
        pool: Pool | None = None,
        **options: Any,
    ) -> HealthRecord:
        """The run's verdict, obtained without labels at the end of training.

        Args:
            data: Data whose representations are diagnosed instead; with a layer or pooling, by
                default those that the run was trained on.
            report: HTML page to write, with the hypersphere and the spectrum.
            layer: Layer whose features are diagnosed: the name of a module, or its number.
            pool: Pooling of the layer's tokens, time steps or places.
            options: Options for loading the data, if different from the run's.
        """
        if data is not None or layer is not None or pool is not None:
            given = self._recipe().data if data is None else data
            made = self.embed(given, ids=True, layer=layer, pool=pool, **options)
            named = described_layer(layer, pool)
            extra = (f"features of {named}",) if named else ()
            held = EmbeddingFile(
                torch.from_numpy(made.embeddings), None, made.ids, (*extra, *made.notes)
            )
            return diagnose_embeddings(held, None, report=report)
        health = self.health
        if not health.notes:  # a run of an older version
            health = replace(health, notes=self.record.notes)
        if report is not None:
            write_health(report, health, self.directory.read_geometry())
        return health

    def export(self, format: ExportFormat = "safetensors", out: str | Path | None = None) -> Path:
        """Export the encoder for use without nearfar.

        Args:
            format: ``safetensors``: the weights, with the key names of the encoder's own library,
                and a JSON file that describes the architecture; ``onnx``: one file, for normalised
                inputs and any batch size; ``timm``: a folder for
                ``timm.create_model("local-dir:FOLDER")``.
            out: File (or folder, for timm) to write; inside the run's directory if not given.

        Returns:
            The path of the file or folder.

        Raises:
            ValueError: An unknown format, or ``timm`` for an encoder that is not from timm.
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
    ) -> list[ComparedRun]:
        """Comparison of this run with others, one row per run.

        Args:
            others: Runs or their directories.
            report: HTML page to write, with the curves of all runs.
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

    def _represented(
        self,
        name: Representation,
        labeled: LabeledData,
        side: Side | None,
        layer: str | int | None,
        pool: Pool | None,
    ) -> Represented:
        if name == "raw":
            kind, form = self.kind, self.description.form
            if side is not None and isinstance(kind, PairModality):
                kind, form = kind.halves(form)["xs".index(side)]
            return raw(kind, form, labeled)
        encoder = self.encoder if name == "trained" else self.untrained_encoder()
        views = self.side_views(labeled.train, side)
        return encoded(f"{name} encoder", name, _cut(encoder, layer, pool), views, labeled)

    def __repr__(self) -> str:
        health = self.directory.read_health()
        verdict = health.verdict if health else "not finished"
        return f"<run {self.path}: {self.record.method}, {verdict}>"


def _cut(encoder: nn.Module, layer: str | int | None, pool: Pool | None) -> nn.Module:
    """The encoder, or its features at a layer."""
    if layer is None and pool is None:
        return encoder
    return LayerEncoder(encoder, layer=layer, pool=pool)


def load(
    path: str | Path,
    *,
    encoder: nn.Module | None = None,
    modality: Modality[Any, Any] | None = None,
) -> Run:
    """Load a run from its directory.

    Args:
        path: Directory of the run.
        encoder: A module of the trained architecture, if the run's encoder was your own.
        modality: The modality, if it was your own.

    Raises:
        ValueError: Not a run, or a run of a newer version. Pickles are never loaded.
    """
    if Path(path).is_file():
        raise ValueError(
            f"`path` must be the directory of a run, got the file {path}; nearfar never unpickles"
        )
    return Run(path, encoder=encoder, modality=modality)
