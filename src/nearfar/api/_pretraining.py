"""From a name and unlabelled data to a judged encoder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from nearfar._platform import peak_memory
from nearfar.api._choices import find_modality, fit_training, opening
from nearfar.api._judging import judge
from nearfar.api._published import SMALL, find_published
from nearfar.api._recipe import Recipe, find_preset, name_of, split_options
from nearfar.api._run import Run, save_encoder
from nearfar.api._run_format import open_directory
from nearfar.api._setup import Setup
from nearfar.data import open_source
from nearfar.methods import Method
from nearfar.modalities import modality as modality_by_name
from nearfar.records import RunDirectory
from nearfar.training import (
    Engine,
    Progress,
    Silent,
    TrainingOptions,
    Watch,
    latest_checkpoint,
    train,
)
from nearfar.views import Views

__all__ = ["pretrain", "resume"]


def pretrain(
    method: str | Callable[..., Method] = "simclr",
    data: Any = "digits",
    *,
    modality: str | None = None,
    setting: str = SMALL,
    encoder: str | nn.Module = "auto",
    width: int | None = None,
    out: str | Path | None = None,
    views: Views | None = None,
    method_options: Mapping[str, Any] | None = None,
    view_options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Run:
    """Pretrain an encoder on unlabelled samples, judge it, and write everything into a directory.

    Args:
        method: A preset of ``nearfar.methods`` by name (``nearfar methods`` lists them), or a
            function of your own that makes a :class:`nearfar.methods.Method` of an encoder and its
            width, as they do; the method's class stands in its annotation.
        data: A name, a folder of images or sounds, a file of arrays, texts, pairs or a graph, an
            array, a tensor, a list of texts, a data set of PyTorch or a
            :class:`nearfar.data.Source`.
        modality: What the samples are: ``images``, ``sequences``, ``text``, ``graphs``,
            ``vectors`` or ``pairs``; told from the data if not given.
        setting: Where what is not said comes from: ``small`` suits small data and one computer,
            ``imagenet`` and ``cifar`` are the settings the method's paper published, encoder,
            batch and epochs included.
        encoder: One that the modality knows by name, or a module of your own; ``auto`` is the
            modality's small one, or the setting's.
        width: Dimensions of the representation, for a module of your own.
        out: Directory of the run; ``runs/METHOD-DATA`` if not given. It must not hold a run.
        views: Makes the views instead of nearfar's own.
        method_options: Keyword arguments of the method's preset.
        view_options: Keyword arguments of the modality's views, such as
            :class:`nearfar.views.ImageViews`.
        progress: Shows how it goes.
        options: Keyword arguments of :class:`nearfar.training.TrainingOptions`, and what may be
            said of these data: ``image_size``, ``channels``, ``stem`` of images, ``sample_rate`` of
            sounds, ``column`` of texts, ``x`` and ``s`` of pairs.

    Returns:
        The run: its encoder, its verdict, its directory.

    Raises:
        ValueError: An argument makes no sense; it is named with what was expected.
        FileExistsError: ``out`` holds a run already.

    Example:
        >>> import nearfar, tempfile
        >>> out = tempfile.mkdtemp() + "/run"
        >>> run = nearfar.pretrain("simclr", "digits", epochs=1, out=out)
        >>> run.embed("digits").shape
        (1797, 256)
    """
    preset = find_preset(method)
    kind = find_modality(data, modality=modality, method=preset, given=options)
    of_data, of_training = split_options(options, kind=kind)
    source = open_source(data, modality=kind.name, **opening(kind, of_data))
    name = method if isinstance(method, str) else "custom"
    published = find_published(setting, name, modality=kind.name)
    if isinstance(encoder, str) and encoder == "auto":
        encoder = published.encoder if published else kind.encoder
    method_options, view_options = dict(method_options or {}), dict(view_options or {})
    if published:
        of_data = {"image_size": published.image_size} | of_data
        of_training = published.train(of_training)
        method_options = published.method | method_options
        view_options = published.views | view_options
    recipe = Recipe(
        method=name,
        modality=kind.name,
        data=str(data) if isinstance(data, (str, Path)) else "custom",
        encoder=encoder if isinstance(encoder, str) else "custom",
        options=of_data,
        method_options=method_options,
        view_options=view_options,
        training=fit_training(of_training, kind=kind, method=name, source=source),
        fingerprint=source.fingerprint,
    )
    called = f"{name_of(recipe, preset)}-{_slug(source.name)}"
    directory = RunDirectory(Path(out) if out else Path("runs") / called)
    if directory.exists() or (directory.path.exists() and any(directory.path.iterdir())):
        raise FileExistsError(
            f"`out` must be a new directory: {directory.path} exists. Go on with it by nearfar"
            f" train --resume {directory.path}, or choose another --out"
        )
    setup = Setup.prepare(recipe, source, encoder, width, views, preset=preset)
    if published:
        setup = replace(setup, notes=(*setup.notes, *published.notes()))
    setup.build()  # a setting that a method refuses is refused before anything is written
    recipe.save(directory)
    return _run(setup, directory, progress or Silent())


def resume(
    run: str | Path,
    data: Any = None,
    *,
    method: Callable[..., Method] | None = None,
    encoder: nn.Module | None = None,
    width: int | None = None,
    views: Views | None = None,
    progress: Progress | None = None,
) -> Run:
    """Go on with a run that was stopped or killed; it ends with the weights it would have had.

    Args:
        run: Directory of the run.
        data: The same data, where they were handed over in Python.
        method: The same function, where it was the user's own.
        encoder: The same module, where it was the user's own.
        width: Its width.
        views: The same views, where they were the user's own.
        progress: Shows how it goes.

    Raises:
        ValueError: There is no run, it is from a newer version, or the data are not the same.
    """
    directory = open_directory(run)
    recipe = Recipe.from_tables(directory.read_recipe())
    for name, stated, given in (
        ("data", recipe.data, data),
        ("method", recipe.method, method),
        ("encoder", recipe.encoder, encoder),
    ):
        if stated == "custom" and given is None:
            raise ValueError(f"`{name}` was handed over in Python for this run: hand it over again")
    kind = modality_by_name(recipe.modality)
    named = recipe.data if data is None else data
    source = open_source(named, modality=kind.name, **opening(kind, recipe.options))
    if source.fingerprint != recipe.fingerprint:
        raise ValueError(
            f"`data` must be what {directory.path} was trained on (fingerprint"
            f" {recipe.fingerprint}), got {source.describe()} ({source.fingerprint})"
        )
    preset = method or find_preset(recipe.method)
    setup = Setup.prepare(recipe, source, encoder or recipe.encoder, width, views, preset=preset)
    return _run(setup, directory, progress or Silent())


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "data"


def _run(setup: Setup, directory: RunDirectory, progress: Progress) -> Run:
    engine = Engine(
        devices=setup.recipe.training.devices, precision=setup.recipe.training.precision
    )
    engine.launch(_work, setup, directory, progress)
    # what was trained may live in another process: the last checkpoint is what remains
    method = setup.build()
    checkpoint = latest_checkpoint(directory.checkpoints)
    assert checkpoint is not None, "a finished run has a checkpoint"
    checkpoint.restore_method(method)
    save_encoder(directory, method.encoder, setup.kind.kept(setup.description))
    engine = Engine(devices=1, precision="32")
    health = judge(directory, method, setup, engine=engine)
    record = directory.read_run()
    replace(
        record,
        finished=True,
        seconds=checkpoint.seconds,
        peak_memory=max(record.peak_memory, peak_memory()),
        # a file that breaks while it is read is known only now
        notes=tuple(dict.fromkeys((*record.notes, *setup.train.source.notes))),
    ).save(directory.run)
    from nearfar.reports import write_report

    write_report(directory.path)
    progress.finish(health)
    return Run(directory.path)


def _work(engine: Engine, setup: Setup, directory: RunDirectory, progress: Progress) -> None:
    """Train, in one of the processes."""
    options: TrainingOptions = setup.recipe.training
    method = setup.build()
    watch = Watch(setup.watched_views())
    if engine.rank == 0:
        record = setup.record(directory, method, engine)
        record.save(directory.run)
        progress.start(record)
    train(
        method,
        setup.train,
        setup.training_views,
        options=options,
        engine=engine,
        directory=directory,
        watch=watch,
        progress=progress,
    )
    if engine.rank == 0:
        record = replace(directory.read_run(), peak_memory=peak_memory())
        record.save(directory.run)
