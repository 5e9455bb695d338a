"""Data for a stored run, opened as in its training."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

from nearfar._deprecation import renamed_members
from nearfar.api._choices import opening
from nearfar.api._recipe import Recipe
from nearfar.api._run_data import OwnData, find_data, find_options, is_data_of, misfit
from nearfar.api._run_files import RunFiles
from nearfar.api._unfinished_run import fits_run
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
from nearfar.data._kinds import data_for
from nearfar.data._label_values import Task
from nearfar.modalities import PairModality
from nearfar.views import Views

__all__ = ["Side", "StoredRun"]

Side: TypeAlias = Literal["x", "s"]
"""A side of pairs: the inputs or the self-supervised signals."""


@renamed_members(open_labelled="open_labeled")
class StoredRun(RunFiles):
    """A stored run; :class:`nearfar.api.Run` adds methods such as ``embed`` and ``probe``.

    Args:
        path: Directory of the run.
        encoder: The encoder, if it was your own: see :func:`nearfar.load`.
        modality: The modality, if it was your own.
    """

    @cached_property
    def own_data(self) -> OwnData:
        """The data that the run was trained on, where they are now.

        Raises:
            FileNotFoundError: They are no longer where they were, nor next to a moved run.
            ValueError: They were a Python object.
        """
        recipe, directory = self._recipe(), self.directory
        return find_data(recipe.data, directory, lambda d: fits_run(directory, recipe, d))

    def notes_on_data(self, data: Any, source: Source) -> tuple[str, ...]:
        """Where the run's own data were found and what changed since; of other data, what differs.

        Args:
            data: Data as given to :meth:`open`; None for the run's own.
            source: The opened data.
        """
        if data is not None:
            shown = getattr(self.description.form, "image_size", None)
            given = getattr(source.root, "image_size", shown)
            if given == shown:
                return ()
            return (f"{source.describe()} are resized to {shown}×{shown}, the size in training",)
        recipe, found = self._recipe(), self.own_data
        known = recipe.fingerprint in (source.fingerprint, *source.former_fingerprints)
        if known or fits_run(self.directory, recipe, found.spec):
            return found.notes
        trained = self.record.data
        return (
            *found.notes,
            f"the data have changed since training: {source.describe()}, trained on {trained}",
        )

    def open(self, data: Any = None, *, side: Side | None = None, **options: Any) -> Source:
        """Load data with the options of the run's training data; all splits are joined.

        Args:
            data: Data as for :func:`nearfar.pretrain`; None for the run's own.
            side: Side of pairs: the inputs ``x`` or the signals ``s``.
            options: Options for loading the data, if different from the run's: ``column``.

        Raises:
            ValueError: Samples of another modality or shape.
        """
        data = self.own_data.spec if data is None else self.taken(data)
        kind, given = self._opening_of(data, options)
        try:
            source = open_source(data, modality=kind, split="all", **given)
        except (TypeError, ValueError) as error:
            if options or self._is_own(data):
                raise
            kinds = self.kind.accepted_modalities(self.description.form)
            raise misfit(error, data, kinds=kinds, trained=self.record.data) from error
        source = self._side(source, side)
        self.check(source, side)
        if isinstance(data, Source) and not self.kind.paired:
            self.kind.check_opened(source, self.description.form)
        return source

    def taken(self, data: Any) -> Any:
        """Data that can be opened several times: an iterable is read here, once.

        Args:
            data: Data as given by the user.

        Raises:
            TypeError: An object that is not data.
        """
        return data_for(data, self.kind.data)

    def holds_pairs(self, data: Any = None, **options: Any) -> bool:
        """Whether data of a run on pairs are pairs, rather than samples of a side or groups."""
        if not self._recipe().kind.paired:
            return False
        data = self.own_data.spec if data is None else self.taken(data)
        kind, given = self._opening_of(data, options)
        source = open_source(data, modality=kind, split="all", **given)
        if not is_paired(source):
            return False
        x, s = sides(source)
        return x is not s

    def open_whole(self, data: Any, **options: Any) -> Source:
        """Load data as for training: pairs with both of their sides.

        Args:
            data: Data as for :func:`nearfar.pretrain`.
            options: Options for loading the data, if different from the run's.

        Raises:
            ValueError: Samples of another modality or shape, or of one side of pairs.
        """
        recipe = self._recipe()
        if not recipe.kind.paired:
            return self.open(data, **options)
        data = self.taken(data)
        kind, given = self._opening_of(data, options)
        source = open_source(data, modality=kind, split="all", **given)
        if not is_paired(source):
            raise ValueError(f"`data` must be pairs, as in the run, got {source.describe()}")
        return source

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
        self,
        data: Any,
        *,
        labels: Any = None,
        side: Side | None = None,
        task: Task | Literal["any"] | None = "classification",
        **options: Any,
    ) -> LabeledData:
        """Load labelled data with the options of the run's training data.

        Args:
            data: Labelled data.
            labels: The class of each sample, a file with them, or the name of a set of labels or a
                column.
            side: Side of pairs: the inputs ``x`` or the signals ``s``.
            task: What the labels are; None to infer it, ``any`` for classes wherever possible.
            options: Options for loading the data, if different from the run's.
        """
        data = self.taken(data)
        own = labels is not None and not isinstance(labels, str)
        # labels in a file belong to one side of a pair
        kind, given = self._opening_of(data, options, pairs=own)
        labeled = open_labeled(data, labels=labels, modality=kind, task=task, **given)
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
        options = self._options_for(recipe, data) | self.kind.opening(self.description.form)
        return opening(self.kind, options)

    def _opening_of(
        self, data: Any, options: dict[str, Any], *, pairs: bool = True
    ) -> tuple[DataKind | None, dict[str, Any]]:
        """Modality and options for loading data: those of the run, or of one side of its pairs."""
        if is_name(data) or isinstance(data, Source):
            return None, self.opening() | options  # their modality is known
        recipe = self._recipe()
        own = self._is_own(data)  # such as adjacent sentences, which may be texts as well
        if recipe.kind.paired and pairs and not options and (own or may_be_pairs(data)):
            known = self._options_for(recipe, data) | self._opening_of_halves()
            return recipe.kind.data, opening(recipe.kind, known)
        if isinstance(self.kind, PairModality):
            name = modality_of(data, given=[k for k, v in options.items() if v is not None])
            side = self.kind.opening_side(self.description.form, name)
            allowed = opening_options(name) if side else ()
            return None, {k: v for k, v in side.items() if k in allowed} | options
        return self.kind.data, self.opening(data) | options

    def _options_for(self, recipe: Recipe, data: Any) -> dict[str, Any]:
        """The options of the run's data without those of another file, or of some of its rows."""
        kinds = (recipe.kind.data, self.kind.data)
        left = {name for kind in kinds for name in kind.row_options}
        if self._is_own(data):
            held = find_options(recipe, self.directory)
        else:
            held = recipe.options
            left |= {name for kind in kinds for name in (*kind.own_options, *kind.own_files)}
        return {name: value for name, value in held.items() if name not in left}

    def _opening_of_halves(self) -> dict[str, Any]:
        """Options of the halves of pairs: of each its own, or of the one that the encoder takes."""
        known = self.kind.opening(self.description.form)
        return known if self.kind.paired else {"x_options": known, "s_options": known}

    def _is_own(self, data: Any) -> bool:
        """Whether data are the file or folder that the run was trained on."""
        return is_data_of(data, self._recipe().data, self.directory)

    def _side(self, source: Source, side: Side | None = None) -> Source:
        """The given side of pairs; by default their inputs, if the encoder takes one modality."""
        if side is not None:
            check_choice(get_args(Side), side=side)
        if not is_paired(source):
            return source
        if side is None and self.kind.paired:
            return source
        return sides(source)["xs".index(side or "x")]
