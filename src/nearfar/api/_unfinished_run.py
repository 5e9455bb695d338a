"""Runs that stopped before their end: prepared again, and measured at their last checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import nn

from nearfar.api._choices import opening
from nearfar.api._division import Division
from nearfar.api._judging import Judgment, before_training, measured
from nearfar.api._method_listing import find_preset
from nearfar.api._passed_encoders import OwnEncoder, remembered
from nearfar.api._recipe import CUSTOM, Recipe
from nearfar.api._run_data import find_data, find_options
from nearfar.api._run_format import upgraded
from nearfar.api._setup import Setup
from nearfar.api._starting_weights import start_of
from nearfar.data import Source, open_source
from nearfar.data._kinds import data_for
from nearfar.methods import Method
from nearfar.modalities._own_encoders import check_stored, rebuild_module
from nearfar.modules import EncoderDescription
from nearfar.modules._wrapped_modules import unwrapped
from nearfar.records import RunDirectory, RunRecord
from nearfar.training import Checkpoint, Engine, latest_checkpoint
from nearfar.views import Views

__all__ = ["fits_run", "measured_at", "prepared_again", "stopped_after"]


def stopped_after(checkpoint: Checkpoint, record: RunRecord) -> str:
    """How far a run had come: ``after update 12 of 70``."""
    return f"after update {checkpoint.step:,} of {record.steps:,}"


def fits_run(directory: RunDirectory, recipe: Recipe, data: Any) -> bool:
    """Whether data are those that a run was trained on, by their fingerprint."""
    try:
        source = _training_data(directory, recipe, data)
    except (OSError, TypeError, ValueError):
        return False
    return recipe.fingerprint in (source.fingerprint, *source.former_fingerprints)


def prepared_again(
    directory: RunDirectory,
    recipe: Recipe,
    data: Any = None,
    *,
    method: Callable[..., Method] | None = None,
    encoder: OwnEncoder | None = None,
    width: int | None = None,
    views: Views | None = None,
) -> Setup:
    """The setup of a run, made again from its recipe; see :func:`nearfar.resume`.

    Raises:
        FileNotFoundError: The run's data are no longer where they were.
        ValueError: A part of the run was a Python object and is not given, or other data.
    """
    encoder, known_width = _own_encoder(directory, recipe, encoder)
    width = known_width if width is None else width
    for name, stated, given in (
        ("data", recipe.data, data),
        ("method", recipe.method, method),
        ("encoder", recipe.encoder, encoder),
    ):
        if stated == CUSTOM and given is None:
            raise ValueError(f"`{name}` of this run was a Python object: pass it again to resume")
    if data is None:
        data = find_data(recipe.data, directory, lambda d: fits_run(directory, recipe, d)).spec
    data = data_for(data, recipe.kind.data)
    source = _training_data(directory, recipe, data)
    if recipe.fingerprint not in (source.fingerprint, *source.former_fingerprints):
        raise ValueError(
            f"`data` must be the data that {directory.path} was trained on (fingerprint"
            f" {recipe.fingerprint}), got {source.describe()} ({source.fingerprint})"
            f"{_split_hint(source, directory)}"
        )
    preset = method or find_preset(recipe.method)
    recipe = upgraded(recipe, source)
    encoder = unwrapped(encoder) if isinstance(encoder, nn.Module) else encoder
    encoder = recipe.encoder if encoder is None else encoder
    division = Division.again(source, directory.read_division(), seed=recipe.training.seed)
    return Setup.prepare(
        recipe,
        source,
        encoder,
        width,
        views,
        preset=preset,
        division=division,
        start=start_of(directory) if recipe.weights else None,
    )


def measured_at(checkpoint: Checkpoint, directory: RunDirectory, setup: Setup) -> Judgment:
    """Verdict, geometry and gallery of a run at a checkpoint; nothing is written."""
    engine = Engine(devices=1, precision="32")
    untrained = before_training(setup, engine)
    checkpoint.restore_method(setup.method)
    found = measured(
        directory,
        setup.method,
        setup,
        engine=engine,
        untrained=untrained,
        step=checkpoint.step,
    )
    record = directory.read_run()
    state = "" if record.finished else "not finished: "
    note = f"{state}measured {stopped_after(checkpoint, record)}"
    return replace(found, health=replace(found.health, notes=(note, *found.health.notes)))


def _own_encoder(
    directory: RunDirectory, recipe: Recipe, given: OwnEncoder | None
) -> tuple[OwnEncoder | None, int | None]:
    """The encoder of the user's own, if it is given or found again, and its width.

    A module's initial weights are not stored, so it is built again only if a checkpoint has others.

    Raises:
        ValueError: Its class or function has changed, or is of a package that only a file names.
    """
    file = directory.check(directory.encoder_description)
    known: EncoderDescription[Any] | None = None
    if file.is_file():
        known = EncoderDescription.load(file)
    if known is None or known.library not in ("custom", "function"):
        return given, None
    if given is not None:
        return given, known.width
    if recipe.encoder != CUSTOM:
        check_stored(known)
        return None, known.width
    own: OwnEncoder | None = remembered(directory.path)
    if own is None and known.own_class and latest_checkpoint(directory.checkpoints) is not None:
        own = rebuild_module(known)
    return own, known.width


def _training_data(directory: RunDirectory, recipe: Recipe, data: Any) -> Source:
    """The training samples of a run, opened as for training."""
    options = opening(recipe.kind, find_options(recipe, directory))
    return open_source(data, modality=recipe.kind.data, **options)


def _split_hint(source: Source, directory: RunDirectory) -> str:
    """How to resume a run on a folder whose subfolders were not taken for a split by then."""
    if not any(note.startswith("folders are a split") for note in source.notes):
        return ""
    return (
        "; if the run was trained on all folders, before they were recognised as a split, add"
        f' split_folder = "none" to the options in {directory.path / "recipe.toml"}'
    )
