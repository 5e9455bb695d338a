"""A stored run's verdict, and its evaluation with labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

from torch import Tensor

from nearfar.api._diagnosing import diagnose_embeddings, write_health
from nearfar.api._embedding import embed_source, on_device, row_names
from nearfar.api._embedding_files import EmbeddingFile
from nearfar.api._layers import Pool, cut_at, described_layer
from nearfar.api._origin import origin_of
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
from nearfar.data._label_values import Task
from nearfar.modalities import PairModality
from nearfar.records import HealthRecord, ProbeRecord
from nearfar.records._run_lock import holding

__all__ = ["ProbedRun"]


class ProbedRun(StoredRun):
    """A stored run with its verdict and probes; :class:`nearfar.api.Run` adds the other verbs."""

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
        device: str | None = None,
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
                column; a group is never on both sides of a split. By default those that the run
                was trained with; ``none`` or False for none.
            label_share: Shares of the labels to probe with in addition, such as 0.01 and 0.1: the
                mean over five class-balanced subsets.
            representations: The representations to probe; the first is compared with the others.
                Of a run from weights of elsewhere, ``start`` (these weights) is added to
                ``untrained``.
            layer: Layer of the encoders: the name of a module, or its number (−1 for the last).
            pool: Pooling of the layer's tokens, time steps or places: ``mean``, ``max``, ``cls``,
                ``last`` or ``flat``.
            side: Side of pairs that the samples belong to, if each side has its own encoder of the
                same modality: the inputs ``x`` or the signals ``s``.
            save: Store the record as ``probe.json`` in the run, for its report.
            progress: Called with what is done next, the steps done, and their number.
            device: Where to compute the representations, as of :meth:`embed`.
            options: Options for loading the data, if different from the run's: ``column``.
        """
        for name in representations:
            check_choice(get_args(Representation), representations=name)

        data = self.taken(data)
        names = list(representations)
        if self.directory.start.is_file() and "untrained" in names and "start" not in names:
            names.insert(names.index("untrained"), "start")

        def opened(wanted: Any) -> LabeledData:
            return self.open_labeled(data, labels=wanted, side=side, task="any", **options)

        labeled = with_task(opened, labels, task, infer=not is_name(data))
        notes: tuple[str, ...] = ()
        index = None
        if groups is None:
            labeled, index, notes = self._own_groups(data, labeled, labels, opened)
        elif groups is not False and str(groups) != "none":
            labeled, index, notes = groups_of(labeled, groups, labels=labels, opened=opened)
        how: dict[str, Any] = {"layer": layer, "pool": pool, "device": device}
        made = [partial(self._represented, name, labeled, side, **how) for name in names]
        record = probed(
            labeled,
            made,
            groups=index,
            shares=label_share,
            layer=described_layer(layer, pool),
            notes=notes,
            progress=progress,
        )
        said = self.untrained_notes if "untrained" in representations else ()
        record = replace(record, notes=(*self.state_notes, *said, *record.notes))
        if save:
            with holding(self.path, doing="stores a probe of"):
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

        An unfinished run is measured at its last checkpoint, which needs its data.

        Args:
            data: Data whose representations are diagnosed instead; with a layer or pooling, by
                default those that the run was trained on.
            report: HTML page to write, with the hypersphere and the spectrum.
            layer: Layer whose features are diagnosed: the name of a module, or its number.
            pool: Pooling of the layer's tokens, time steps or places.
            options: Options for loading the data, if different from the run's.
        """
        if data is not None or layer is not None or pool is not None:
            source = self.open(data, **options)
            rows = embed_source(cut_at(self.encoder, layer, pool), source, self.side_views(source))
            named = described_layer(layer, pool)
            said = (f"features of {named}",) if named else ()
            notes = (*said, *self.state_notes, *self.notes_on_data(data, source), *source.notes)
            origin = origin_of(
                self.directory,
                output="representations",
                data=source.name,
                layer=layer,
                pool=pool,
                checkpoint=self.checkpoint_step,
            )
            held = EmbeddingFile(rows, None, row_names(source), notes, origin=origin)
            return diagnose_embeddings(held, None, report=report)
        health = self.health
        if not health.notes:  # a run of an older version
            health = replace(health, notes=self.record.notes)
        if not health.verdicts:
            health = replace(health, verdicts=(health.verdict,))
        if report is not None:
            stored = self.directory.health.is_file() and self.checkpoint_step is None
            shape = self.directory.read_geometry() if stored else self.judgment.geometry
            pictures = self.directory.read_gallery() if stored else self.judgment.gallery
            write_health(report, health, shape, samples=pictures.samples if pictures else ())
        return health

    def _own_groups(
        self,
        data: Any,
        labeled: LabeledData,
        labels: Any,
        opened: Callable[[Any], LabeledData],
    ) -> tuple[LabeledData, Tensor | None, tuple[str, ...]]:
        """The groups that the run was trained with, where the labelled data have them; notes."""
        recipe, file = self._recipe(), self.directory.groups
        if not recipe.groups:
            return labeled, None, ()
        said = f"by the run's groups, {recipe.groups}"
        held = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        own = labeled.train.fingerprint == recipe.fingerprint or self._is_own(data)
        if own and labeled.test is None and len(held) == len(labeled.train):
            return (labeled, *groups_of(labeled, held)[1:2], (said,))
        try:
            found, index, notes = groups_of(labeled, recipe.groups, labels=labels, opened=opened)
        except (OSError, TypeError, ValueError) as error:
            return labeled, None, (f"without the run's groups, {recipe.groups}: {error}",)
        return found, index, (said, *notes)

    def _represented(
        self,
        name: Representation,
        labeled: LabeledData,
        side: Side | None,
        *,
        layer: str | int | None,
        pool: Pool | None,
        device: str | None,
    ) -> Represented:
        if name == "raw":
            kind, form = self.kind, self.description.form
            if side is not None and isinstance(kind, PairModality):
                kind, form = kind.halves(form)["xs".index(side)]
            return raw(kind, form, labeled)
        makers = {
            "trained": lambda: self.encoder,
            "start": self.starting_encoder,
            "untrained": self.untrained_encoder,
        }
        encoder, shown = makers[name](), f"{name} encoder"
        if name == "start":
            shown = "starting weights"
        views = self.side_views(labeled.train, side)
        with on_device(encoder, device):
            cut = cut_at(encoder, layer, pool)
            return encoded(shown, name, cut, views, labeled)
