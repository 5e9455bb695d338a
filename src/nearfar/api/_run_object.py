"""A finished run: its encoder, verdict and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias, final

from nearfar.api._compared_runs import compared_runs
from nearfar.api._comparing import Comparison, display
from nearfar.api._embedding_run import EmbeddingRun
from nearfar.api._exporting import ExportFormat, export_encoder, formats_of
from nearfar.api._passed_encoders import OwnEncoder
from nearfar.api._searching import duplicates, neighbors, outliers
from nearfar.modalities import Modality
from nearfar.records import DuplicatesRecord, NeighborsRecord, OutliersRecord
from nearfar.records._run_lock import holding

__all__ = ["Run", "RunLike", "load", "run_at", "run_named", "run_of"]


@final
class Run(EmbeddingRun):
    """The result of :func:`nearfar.pretrain`; files are read when they are needed.

    Args:
        path: Directory of the run.
        encoder: The encoder, if it was your own: see :func:`nearfar.load`.
        modality: The modality, if it was your own.

    Example:
        >>> import nearfar, tempfile
        >>> made = nearfar.pretrain("simclr", "digits", epochs=1, out=tempfile.mkdtemp() + "/run")
        >>> run = nearfar.load(made.path)
        >>> run.record.method, run.record.samples, run.record.watched
        ('simclr', 1617, 180)
    """

    def at(self, checkpoint: str | int) -> Run:
        """The run with the encoder of a checkpoint: its verbs embed, probe, judge and export that.

        Args:
            checkpoint: ``best``: where the other view of held-out samples was found best, by
                representations; ``last``; or a number of updates whose checkpoint is kept.

        Raises:
            ValueError: It is not kept; the message lists those that are.
        """
        found = Run(self.path, encoder=self._own, modality=self._own_kind, checkpoint=checkpoint)
        _ = found.checkpoint_step
        return found

    def neighbors(self, of: Any = None, **settings: Any) -> NeighborsRecord:
        """Nearest neighbours of samples of the run's data, or of new ones.

        Args:
            of: Row numbers, ids or files; 8 random rows by default.
            settings: Arguments of :func:`nearfar.neighbors`.
        """
        return neighbors(self, of, **settings)

    def duplicates(self, **settings: Any) -> DuplicatesRecord:
        """Groups of near duplicates in the run's data.

        Args:
            settings: Arguments of :func:`nearfar.duplicates`.
        """
        return duplicates(self, **settings)

    def outliers(self, **settings: Any) -> OutliersRecord:
        """The samples of the run's data that are farthest from their neighbours.

        Args:
            settings: Arguments of :func:`nearfar.outliers`.
        """
        return outliers(self, **settings)

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
            ValueError: An unknown format, ``timm`` for an encoder that is not from timm, or a run
                without a checkpoint.
        """
        return export_encoder(self, format, Path(out) if out else None)

    @property
    def export_formats(self) -> tuple[ExportFormat, ...]:
        """The formats in which this run's encoder can be exported."""
        return formats_of(self.description)

    def compare(self, *others: str | Path | Run, report: str | Path | None = None) -> Comparison:
        """Comparison of this run with others: a list with one row per run, and their ranking.

        The attribute ``ranking`` has the order in which the runs find the other view of held-out
        samples by representations, or why they are not ranked.

        Args:
            others: Runs or their directories.
            report: HTML page to write, with the curves of all runs, and the encoders of those that
                were trained on the same data side by side.
        """
        runs = [self, *(run if isinstance(run, Run) else Run(run) for run in others)]
        return compared_runs(runs, report=report)

    def report(self) -> Path:
        """Regenerate ``report.html`` from the records of the run.

        An unfinished run is measured at its last checkpoint if its data are still there.

        Returns:
            The path of the page.

        Raises:
            ValueError: Another process trains the run.
        """
        from nearfar.reports import write_report

        with holding(self.path, doing="writes the report of"):
            if self.directory.health.is_file() or self.record.finished:
                return write_report(self.path)
            try:
                found = self.judgment
            except (OSError, ValueError) as error:
                return write_report(self.path, notes=(f"no verdict: {error}",))
            measured = (found.health, found.geometry, found.gallery)
            return write_report(self.path, measured=measured, notes=self.state_notes)

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

    def __repr__(self) -> str:
        health = self.directory.read_health()
        verdict = health.verdict if health else "not finished"
        return f"<run {self.path}: {self.record.method}, {verdict}>"

    def _repr_html_(self) -> str:
        """For notebooks: the verdict, the settings, the loss and the align-uniform plane."""
        return display(self.path, self.record, self.directory.read_health(), self.metrics)


def load(
    path: str | Path,
    *,
    encoder: OwnEncoder | None = None,
    modality: Modality[Any, Any] | None = None,
) -> Run:
    """Load a run from its directory.

    An encoder of your own is found again by the reference to its class or function in the run, if
    it has one, its file is the one that the run was trained with, and you trust the package: you
    have imported the class, named the package in this process, or listed it in the environment
    variable ``NEARFAR_TRUST``. Otherwise pass it. It is built when it is needed.

    Args:
        path: Directory of the run.
        encoder: An encoder of the trained architecture, used instead of the run's reference: a
            module (which is copied), a class of modules, a function that builds one, or a reference
            ``package.module:name`` or ``file.py:name``.
        modality: The modality, if it was your own.

    Raises:
        TypeError: An encoder of another type.
        ValueError: Not a run, or a run of a newer version. Pickles are never loaded.
    """
    if Path(path).is_file():
        raise ValueError(
            f"`path` must be the directory of a run, got the file {path}: for weights of other"
            " libraries use nearfar.load_weights; nearfar never unpickles"
        )
    return Run(path, encoder=encoder, modality=modality)


RunLike: TypeAlias = str | Path | Run
"""A run, or its directory."""


def run_of(run: RunLike) -> Run:
    """A run, loaded if it is a directory."""
    return run if isinstance(run, Run) else load(run)


def run_at(run: RunLike, checkpoint: str | int | None) -> Run:
    """A run, with the encoder of a checkpoint if one is asked for."""
    found = run_of(run)
    return found if checkpoint is None else found.at(checkpoint)


def run_named(run: RunLike) -> Run:
    """A run, or a checkpoint of one as ``RUN@best``."""
    path, _, checkpoint = str(run).rpartition("@")
    if isinstance(run, Run) or not path or Path(str(run)).exists():
        return run_of(run)
    return run_at(path, checkpoint)
