"""A finished run: its encoder, verdict and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, final, get_args, overload

import numpy as np
from numpy.typing import NDArray
from torch import nn

from nearfar._signs import counted
from nearfar.api._comparing import Comparison, compared, plane, write_comparison
from nearfar.api._diagnosing import write_health
from nearfar.api._embedding import (
    Embedded,
    EmbeddedSteps,
    embed_source,
    embed_steps,
    on_device,
    row_names,
    warn_omitted,
)
from nearfar.api._exporting import ExportFormat, export_encoder
from nearfar.api._probes_of_runs import Representation, Represented, encoded, probed, raw
from nearfar.api._stored_run import Side, StoredRun
from nearfar.checks import check_choice
from nearfar.data import (
    LabeledData,
)
from nearfar.modalities import Modality, PairModality
from nearfar.records import (
    HealthRecord,
    ProbeRecord,
)
from nearfar.records._markup import element
from nearfar.records._notebook import chart, figure, shown
from nearfar.records._remedy_record import HEALTHY

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
        device: str | None = None,
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
        device: str | None = None,
        **options: Any,
    ) -> Embedded: ...

    def embed(
        self,
        data: Any,
        *,
        batch_size: int | None = None,
        ids: bool = False,
        side: Side | None = None,
        device: str | None = None,
        **options: Any,
    ) -> NDArray[np.float32] | Embedded:
        """Representations of samples, one row per sample, in the order of the data.

        Args:
            data: Data as for :func:`nearfar.pretrain`, of the run's modality.
            batch_size: Samples per forward pass.
            ids: Return the name of each row as well: file, row or line.
            side: Side of pairs to embed: the inputs ``x`` (the default) or the signals ``s``. Must
                be given for samples that could be of either side, if each has its own encoder.
            device: Where to compute: ``cpu``, ``cuda:1``, ``mps``, or ``auto`` for a GPU if there
                is one; on the CPU by default.
            options: Options for loading the data, if different from the run's: ``column``.

        Returns:
            A float32 array (samples × width); with `ids` a named tuple ``(embeddings, ids)``
            with the attribute ``notes``. An :class:`nearfar.data.OmittedSamplesWarning` names
            samples that have no row, such as damaged files.
        """
        source = self.open(data, side=side, **options)
        views = self.side_views(source, side)
        with on_device(self.encoder, device):
            rows = embed_source(self.encoder, source, views, batch_size=batch_size).numpy()
        warn_omitted(source, stacklevel=3)
        return Embedded(rows, row_names(source), source.notes) if ids else rows

    def embed_sides(
        self,
        data: Any,
        *,
        batch_size: int | None = None,
        device: str | None = None,
        **options: Any,
    ) -> tuple[Embedded, NDArray[np.float32] | None]:
        """Representations of both sides of pairs; of other data, of the samples and None.

        Args:
            data: Data as for :func:`nearfar.pretrain`, of the run's modality.
            batch_size: Samples per forward pass.
            device: Where to compute, as of :meth:`embed`.
            options: Options for loading the data, if different from the run's.
        """
        how: dict[str, Any] = {"batch_size": batch_size, "device": device, **options}
        first = self.embed(data, ids=True, **how)
        if not self.holds_pairs(data, **options):
            return first, None
        return first, self.embed(data, side="s", **how)

    @overload
    def embed_steps(
        self, data: Any, *, ids: Literal[False] = False, device: str | None = None, **options: Any
    ) -> list[NDArray[np.float32]]: ...

    @overload
    def embed_steps(
        self, data: Any, *, ids: Literal[True], device: str | None = None, **options: Any
    ) -> EmbeddedSteps: ...

    def embed_steps(
        self, data: Any, *, ids: bool = False, device: str | None = None, **options: Any
    ) -> list[NDArray[np.float32]] | EmbeddedSteps:
        """Representations of each time step of each sequence.

        Args:
            data: Data as for :func:`nearfar.pretrain`, of the run's modality.
            ids: Return the name of each sequence as well.
            device: Where to compute, as of :meth:`embed`.
            options: Options for loading the data, if different from the run's.

        Returns:
            A float32 array (steps × width) per sequence; with `ids` a named tuple
            ``(embeddings, ids)`` with the attribute ``notes``.

        Raises:
            ValueError: The encoder has no time steps.
        """
        source = self.open(data, **options)
        with on_device(self.encoder, device):
            rows = [steps.numpy() for steps in embed_steps(self.encoder, source, self.views)]
        warn_omitted(source, stacklevel=3)
        return EmbeddedSteps(rows, row_names(source), source.notes) if ids else rows

    def probe(
        self,
        data: Any,
        *,
        labels: Any = None,
        representations: Sequence[Representation] = ("trained", "untrained", "raw"),
        side: Side | None = None,
        device: str | None = None,
        **options: Any,
    ) -> ProbeRecord:
        """Accuracy of probes on the trained encoder, the untrained encoder and raw features.

        Args:
            data: Labelled data: a name, a folder with one sub-folder per class, a table with a
                column of labels, or an ``.npz`` file with labels. Probes use the official split
                if there is one, else five stratified folds.
            labels: The class of each sample, or a file with them (``labels.npy``); or, if the data
                have several sets or columns of labels, the name of one: ``speaker``.
            representations: The representations to probe.
            side: Side of pairs that the samples belong to, if each side has its own encoder of the
                same modality: the inputs ``x`` or the signals ``s``.
            device: Where to compute the representations, as of :meth:`embed`.
            options: Options for loading the data, if different from the run's: ``column``.
        """
        for name in representations:
            check_choice(get_args(Representation), representations=name)
        labeled = self.open_labeled(data, labels=labels, side=side, **options)
        return probed(
            labeled, (self._represented(name, labeled, side, device) for name in representations)
        )

    def diagnose(self, *, report: str | Path | None = None) -> HealthRecord:
        """The run's verdict, obtained without labels at the end of training.

        Args:
            report: HTML page to write, with the hypersphere and the spectrum.
        """
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

    def compare(self, *others: str | Path | Run, report: str | Path | None = None) -> Comparison:
        """Comparison of this run with others: a list with one row per run.

        Args:
            others: Runs or their directories.
            report: HTML page to write, with the curves of all runs.
        """
        runs = [self, *(run if isinstance(run, Run) else Run(run) for run in others)]
        if report is not None:
            write_comparison(report, [run.path for run in runs])
        rows = [compared(run.record, run.health) for run in runs]
        return Comparison(rows, metrics=[run.metrics for run in runs])

    def report(self) -> Path:
        """Regenerate ``report.html`` from the records of the run.

        Returns:
            The path of the page.
        """
        from nearfar.reports import write_report

        return write_report(self.path)

    def plot(self, out: str | Path | None = None) -> Any:
        """The curves of training and the path in the align-uniform plane, as a plotly figure.

        A notebook shows it. Dashed lines are reference values, such as the loss at chance.

        Args:
            out: File to write as well: ``.html``, a page that opens offline, or ``.json``.

        Returns:
            A ``plotly.graph_objects.Figure``.

        Raises:
            ValueError: Another file type, or a run without metrics.

        Example:
            >>> import nearfar, tempfile
            >>> out = tempfile.mkdtemp() + "/run"
            >>> drawn = nearfar.pretrain("simclr", "digits", epochs=2, out=out).plot()
            >>> [trace.name for trace in drawn.data][:2]
            ['training', 'training, running mean']
        """
        from nearfar.reports import plot_run, write_plot

        drawn = plot_run(self.directory)
        if out is not None:
            write_plot(drawn, Path(out))
        return drawn

    def _represented(
        self, name: Representation, labeled: LabeledData, side: Side | None, device: str | None
    ) -> Represented:
        if name == "raw":
            kind, form = self.kind, self.description.form
            if side is not None and isinstance(kind, PairModality):
                kind, form = kind.halves(form)["xs".index(side)]
            return raw(kind, form, labeled)
        encoder = self.encoder if name == "trained" else self.untrained_encoder()
        views = self.side_views(labeled.train, side)
        with on_device(encoder, device):
            return encoded(f"{name} encoder", encoder, views, labeled)

    def __repr__(self) -> str:
        health = self.directory.read_health()
        verdict = health.verdict if health else "not finished"
        return f"<run {self.path}: {self.record.method}, {verdict}>"

    def _repr_html_(self) -> str:
        """For notebooks: the verdict, the settings, the loss and the align-uniform plane."""
        record, health, metrics = self.record, self.directory.read_health(), self.metrics
        epochs = all(line.epoch is not None for line in metrics.train)
        loss = [
            ((line.epoch if epochs else None) or line.step, line.loss) for line in metrics.train
        ]
        kept = loss[:: max(1, len(loss) // 200)]
        levels = {} if record.chance is None else {f"chance {figure(record.chance)}": record.chance}
        unit = "epoch" if epochs else "update"
        pictures = (
            chart("loss", [("training", kept)], across=unit, levels=levels),
            chart("uniformity", plane(metrics, name=record.name), across="alignment", dots=True),
        )
        facts = (record.method, record.data, record.encoder, counted(record.epochs, "epoch"))
        advice = health.advice if health else ()
        return shown(
            f"{self.path}: {health.summary if health else 'not finished'}",
            element("p", " · ".join(facts)),
            *pictures,
            element("ul", *(element("li", line) for line in advice)) if advice else None,
            healthy=health.verdict == HEALTHY if health else None,
        )


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
