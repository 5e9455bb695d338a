"""The files of a stored run: records, encoder, and how far the run came."""

from __future__ import annotations

import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nearfar._audience import resuming
from nearfar.api._argument_checks import check_encoder
from nearfar.api._judging import Judgment
from nearfar.api._passed_encoders import OwnEncoder, remembered
from nearfar.api._recipe import Recipe, check_code_in
from nearfar.api._run_damage import damage_found
from nearfar.api._run_format import open_directory
from nearfar.api._setup import Setup
from nearfar.api._starting_weights import check_numbers, read_weights, save_weights, start_of
from nearfar.api._unfinished_run import measured_at, prepared_again, stopped_after
from nearfar.modalities import Modality, modality, rebuild_encoder
from nearfar.modules import EncoderDescription
from nearfar.modules._wrapped_modules import load_weights, unwrapped
from nearfar.records import HealthRecord, Metrics, RunRecord
from nearfar.records._seals import DamagedFileError
from nearfar.training import Checkpoint, find_checkpoint, latest_checkpoint
from nearfar.training._guest import as_guest
from nearfar.views import Views

__all__ = ["RunFiles"]


class RunFiles:
    """A run's records and its encoder; of an unfinished run, that of its last checkpoint.

    Args:
        path: Directory of the run.
        encoder: The encoder, if it was your own: see :func:`nearfar.load`.
        modality: The modality, if it was your own.
        checkpoint: The checkpoint whose encoder it is: a number of updates, ``best`` or ``last``;
            by default the end of the run.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        encoder: OwnEncoder | None = None,
        modality: Modality[Any, Any] | None = None,
        checkpoint: str | int | None = None,
    ) -> None:
        self.directory = open_directory(path)
        self.path = self.directory.path
        if encoder is None:
            encoder = remembered(self.path)
        else:
            check_encoder(encoder)
        self._own = unwrapped(encoder) if isinstance(encoder, nn.Module) else encoder
        self._own_kind = modality
        self._asked = checkpoint

    @property
    def record(self) -> RunRecord:
        """The run's settings and numbers.

        Raises:
            ValueError: Training did not start.
        """
        if not self.directory.run.is_file():
            raise ValueError(f"{self.path} has no run.json, as training did not start{self._again}")
        return self.directory.read_run()

    @property
    def health(self) -> HealthRecord:
        """The verdict; of an unfinished run, that at its last checkpoint.

        Raises:
            FileNotFoundError: An unfinished run whose data are no longer where they were.
            ValueError: An unfinished run without a checkpoint, or on Python objects.
        """
        stored = self.directory.read_health() if self._asked is None else None
        return stored or self.judgment.health

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

    @property
    def stopped(self) -> str:
        """How far the encoder was trained, ``after update 12 of 70``; empty for a finished run."""
        record = self.record
        if record.finished and self._asked is None:
            return ""
        return "" if self._checkpoint is None else stopped_after(self._checkpoint, record)

    @property
    def state_notes(self) -> tuple[str, ...]:
        """A note if the encoder is that of an unfinished run, or of a checkpoint that was asked."""
        damaged = damage_found(self.directory, self._checkpoint)
        if self._asked is not None and self._checkpoint is not None:
            best = ", the best" if self._asked == "best" else ""
            after = stopped_after(self._checkpoint, self.record)
            return (f"the encoder is that {after}{best}", *damaged)
        stopped = self.stopped
        return (f"not finished: the encoder is that {stopped}", *damaged) if stopped else damaged

    @cached_property
    def judgment(self) -> Judgment:
        """The measurements of an unfinished run at its last checkpoint."""
        checkpoint = self._checkpoint
        if checkpoint is None:
            self.require_weights()
            raise ValueError(f"{self.path} has no verdict and no checkpoint{self._again}")
        return measured_at(checkpoint, self.directory, self.prepared)

    @cached_property
    def description(self) -> EncoderDescription[Any]:
        """The encoder's architecture and the form of its inputs."""
        self.require_weights()
        file = self.directory.check(self.directory.encoder_description)
        if not file.is_file():  # stopped, and of an older version
            return self.prepared.kind.saved_description(self.prepared.description)
        found: EncoderDescription[Any]
        found = EncoderDescription.load(file)
        return found.with_form(self._find_kind(found.modality).read_form(found.form))

    @cached_property
    def encoder(self) -> nn.Module:
        """The trained encoder, in evaluation mode; of an unfinished run, the last checkpoint's."""
        with as_guest():
            module = self._build()
        checkpoint = self._checkpoint
        if checkpoint is None:
            file = self.directory.encoder
            weights = read_weights(self.directory.check(file))
        else:
            file, weights = checkpoint.path, checkpoint.part("method.encoder")
        check_numbers(weights, file)
        try:
            load_weights(module, weights, name=str(file))
        except ValueError as error:
            raise (self._with_hint(error) if self._found else error) from error
        return module.eval()

    def require_weights(self) -> None:
        """Check that there is an encoder.

        Raises:
            ValueError: The run stopped before its first checkpoint.
        """
        _ = self.record  # says if training did not start
        if self._checkpoint is None and not self.directory.encoder.is_file():
            raise ValueError(
                f"{self.path} has no encoder, as it has no checkpoint yet{self._again}"
            )

    def save_encoder(self, path: Path) -> None:
        """Write the encoder's weights to a file."""
        save_weights(path, self.encoder, name=self.description.name, stopped=self.stopped)

    def untrained_encoder(self) -> nn.Module:
        """The encoder before training, initialised from the run's seed."""
        seed = int(self.directory.read_recipe()["training"]["seed"])
        with as_guest():
            torch.manual_seed(seed)
            return self._build().eval()

    def starting_encoder(self) -> nn.Module:
        """The encoder with the weights that training started from, of a run with `weights`."""
        module = self._build()
        start_of(self.directory)(module, self.description.name)
        return module.eval()

    @property
    def untrained_notes(self) -> tuple[str, ...]:
        """A note if the untrained encoder has other weights than the module that was passed."""
        if self._own is not None or not self.description.own_class:
            return ()
        return (
            "the untrained encoder is initialised again: those of a module that was passed as an"
            " object are not stored",
        )

    @property
    def kind(self) -> Modality[Any, Any]:
        """The modality of the encoder's inputs."""
        return self._find_kind(self.description.modality)

    @property
    def _again(self) -> str:
        return f": continue it with {resuming(self.path)}"

    @cached_property
    def _checkpoint(self) -> Checkpoint | None:
        """The one that was asked for, or the last one of a run that is not finished."""
        if self._asked is not None:
            return find_checkpoint(self.directory.checkpoints, self._asked)
        finished = self.record.finished
        if self.directory.encoder.is_file() and finished:
            return None
        found = latest_checkpoint(self.directory.checkpoints)
        if finished and (found is None or found.step != self.record.steps):
            raise DamagedFileError(
                f"{self.directory.encoder} is missing, and so is the last checkpoint: restore it"
                " from a copy of the run"
            )
        return found

    @property
    def checkpoint_step(self) -> int | None:
        """Updates of the checkpoint that was asked for; None for the end of the run."""
        asked = self._checkpoint if self._asked is not None else None
        return None if asked is None else asked.step

    @property
    def with_heads(self) -> Checkpoint:
        """The checkpoint with the projector of this encoder.

        Raises:
            ValueError: There is none.
        """
        found = self._checkpoint or latest_checkpoint(self.directory.checkpoints)
        if found is None:
            raise ValueError(
                f"two views need the projector, which is in the last checkpoint, but"
                f" {self.directory.checkpoints} has none"
            )
        return found

    @cached_property
    def prepared(self) -> Setup:
        """The run prepared again; needs its data."""
        return prepared_again(self.directory, self._recipe(), encoder=self._own)

    def prepared_on(self, data: Any = None) -> Setup:
        """The run prepared again on its data, given as an object if they were one."""
        if data is None:
            return self.prepared
        return prepared_again(self.directory, self._recipe(), data, encoder=self._own)

    def _find_kind(self, name: str) -> Modality[Any, Any]:
        own = self._own_kind.component(name) if self._own_kind else None
        return own or modality(name)

    def _recipe(self) -> Recipe:
        tables = self.directory.read_recipe()
        if self._own is None:
            try:
                check_code_in({"encoder": tables.get("encoder", {})})
            except ValueError as error:
                raise self._with_hint(error) from error
        return Recipe.from_tables(tables, own_kind=self._own_kind, own_encoder=True)

    @property
    def views(self) -> Views:
        """Views without augmentation: whole samples in the form that the encoder expects."""
        return self.kind.plain(self.description.form)

    def _build(self) -> nn.Module:
        own = self._own
        if isinstance(own, nn.Module):
            return copy.deepcopy(own)  # the untrained encoder is the module as it was given
        try:
            return rebuild_encoder(self.kind, self.description, encoder=own)
        except (TypeError, ValueError) as error:
            raise (self._with_hint(error) if self._found else error) from error

    def _with_hint(self, error: Exception) -> ValueError:
        """The error of an encoder of the user's own, with what to pass instead."""
        call = f"nearfar.load({str(self.path)!r}, encoder=...)"
        return ValueError(f"{error}; pass the encoder that was trained, as in {call}")

    @property
    def _found(self) -> bool:
        """Whether the encoder is of the user's own, and is found by what the run's files say."""
        return self._own is None and self.description.library in ("custom", "function")
