"""Pretrain and evaluate an encoder and write the run; resume a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Unpack

from nearfar._launchers import first_process
from nearfar.api._argument_checks import check_encoder, check_objects
from nearfar.api._budget_notes import Budget
from nearfar.api._budgeted import prepared
from nearfar.api._finding_weights import WeightsAsked
from nearfar.api._keywords import RunKeywords
from nearfar.api._passed_encoders import OwnEncoder, remember
from nearfar.api._published_settings import SMALL
from nearfar.api._recipe import Recipe, name_of
from nearfar.api._requested import called, requested
from nearfar.api._run_damage import damage_found
from nearfar.api._run_format import open_directory
from nearfar.api._run_object import Run
from nearfar.api._run_places import check_free, check_name, claim, claim_free
from nearfar.api._running import begin_run, device_again, engine_of, run_training
from nearfar.api._sample_groups import Groups
from nearfar.api._showing import display_of, showing
from nearfar.api._unfinished_run import prepared_again
from nearfar.methods import Method
from nearfar.modalities import Modality
from nearfar.records import RunDirectory
from nearfar.records._run_lock import holding
from nearfar.training import Progress, latest_checkpoint
from nearfar.training._devices import find_device
from nearfar.training._progress_interface import tell_stage
from nearfar.training._run_loggers import check_tools, logged
from nearfar.views import Views

__all__ = ["pretrain", "resume"]


@showing
def pretrain(
    method: str | Callable[..., Method] = "simclr",
    data: Any = "digits",
    *,
    modality: str | Modality[Any, Any] | None = None,
    groups: Groups = None,
    setting: Literal["small", "imagenet", "cifar"] = SMALL,
    encoder: OwnEncoder = "auto",
    width: int | None = None,
    weights: str | Path | None = None,
    weights_key: str | None = None,
    preprocess: Literal["imagenet", "half", "none"] | None = None,
    out: str | Path | None = None,
    minutes: float | Literal["auto"] | None = None,
    views: Views | Literal["natural", "drawing"] | None = None,
    method_options: Mapping[str, Any] | None = None,
    view_options: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "auto",
    log: str | None = None,
    progress: Progress | bool = True,
    **keywords: Unpack[RunKeywords],
) -> Run:
    """Pretrain an encoder on unlabelled samples, evaluate it, and write the run to a directory.

    Args:
        method: A preset of ``nearfar.methods`` by name (``nearfar methods`` lists them), or a
            function of your own that builds a :class:`nearfar.methods.Method` around an encoder and
            its width, with the method's class as its return annotation.
        data: A name, a folder of images or sounds, a file of arrays, texts, pairs or a graph, a
            :class:`nearfar.data.Source`, or an object in memory, as in
            :func:`nearfar.data.open_source`. Labels that it carries are ignored.
        modality: Modality of the data: ``images``, ``sequences``, ``text``, ``graphs``,
            ``vectors``, ``pairs``, one of an installed package, or (in Python) a
            ``nearfar.modalities.Modality`` of your own; inferred from the data if not given.
        groups: Group of each sample, such as the patient: the name of a column or of a set of
            labels, a file with one value per sample, or (in Python) an array. A group is never on
            both sides of a split: not in the samples that are held out for measurements, nor in
            probes of the run, which use the same groups by default. A column of groups is no
            feature.
        setting: Source of defaults: ``small`` for small data and one computer, ``imagenet`` and
            ``cifar`` for the setting published in the method's paper, including encoder, batch size
            and epochs.
        encoder: Name of an encoder of the modality or of an entry point in the group
            ``nearfar.encoders``, or one of your own: a module (of which a copy is trained), a class
            of modules or a function (called with those of the arguments ``form``, ``options`` and
            the fields of the form that it names: :data:`nearfar.modalities.EncoderFactory`), or a
            reference to them, ``package.module:name`` or ``file.py:name``. ``auto`` is the
            modality's default encoder, or the encoder of a published `setting`.
        width: Dimensions of the representation of an encoder of your own; measured if not given.
        weights: Weights that training starts from, as of :func:`nearfar.load_weights`: a file of
            another library, a folder of Hugging Face or timm, or a run. The encoder is then that of
            the weights, and so are the preparation and, for a vision transformer, the size of the
            images, if they are not given. The run stores them, so that resuming it does not read
            the file again.
        weights_key: Which encoder of these weights, if there are several: a part of its keys, such
            as ``teacher``.
        preprocess: Preparation of images for these weights, mean and deviation of ``imagenet``,
            ``half`` (to −1..1) or ``none``; by default what their configuration says, else
            ``imagenet``.
        out: Directory of the run, new or empty; if not given ``runs/METHOD-DATA``, with a number
            after the name if that is taken.
        minutes: Time that the run may take, from the start of the program to the verdict. A few
            updates are measured. If the usual setting takes longer, or more than 60 % of the free
            memory, options that were not given become smaller: the views, the batches (or
            micro-batches, with the gradient of the whole batch but batch-norm statistics of their
            own), the epochs. ``auto``, the default of the command line, is 10 minutes on a CPU and
            no limit on a GPU. 0 or None: no limit.
        views: Augmentations to use instead of the method's. For images also ``natural`` (those of
            the method's paper) or ``drawing`` (weak ones that preserve glyphs). By default
            ``drawing`` only for grey images of ink on a uniform background.
        method_options: Keyword arguments of the method's preset.
        view_options: Keyword arguments of the modality's views, such as
            :class:`nearfar.views.ImageViews`.
        options: Further keyword arguments, as a dictionary: for options of a modality of another
            package, which type checkers do not know as keyword arguments.
        device: Where to train: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``; by default a
            GPU if there is one that PyTorch calls ``cuda``. Not part of the recipe.
        log: Tools that receive metrics, verdict and report in addition to ``metrics.jsonl``:
            ``tensorboard``, ``wandb``, ``mlflow``, ``trackio``, or several separated by commas.
            Each must be installed; its own environment variables say where to. Not part of the
            recipe.
        progress: True shows progress and verdict on standard error, in a notebook as the output of
            the cell; False is quiet; or an object that receives progress updates.
        keywords: Keyword arguments of :class:`nearfar.training.TrainingOptions`, and options of the
            modality: ``image_size``, ``channels`` and ``stem`` of images, ``sample_rate`` of
            sounds, ``column`` of texts, ``x`` and ``s`` of pairs.

    Returns:
        The run: its encoder, its verdict, its directory.

    Raises:
        TypeError: An argument that is an object of the wrong type.
        ValueError: An invalid argument; the message names it and what was expected.
        FileExistsError: ``out`` is not empty.
        Interrupted: Stopped by Ctrl-C, after the state was saved; in IPython, as after an
            interruption of a notebook's kernel, the stopped run is returned instead.

    Example:
        >>> import nearfar, tempfile
        >>> out = tempfile.mkdtemp() + "/run"
        >>> run = nearfar.pretrain("simclr", "digits", epochs=1, out=out)
        >>> run.embed("digits").shape
        (1797, 256)
    """
    display = display_of(progress)
    check_tools(log)
    check_objects(encoder=encoder, width=width, out=out, views=views)
    budget, where = Budget.of(minutes), find_device(device)
    asked = requested(
        method,
        data,
        modality=modality,
        setting=setting,
        encoder=encoder,
        views=views,
        method_options=method_options,
        view_options=view_options,
        options=options,
        keywords=keywords,
        display=display,
        groups=groups,
        weights=WeightsAsked(weights, weights_key, preprocess),
    )
    recipe, source, encoder = asked.recipe, asked.source, asked.encoder
    check_name(Path(out or "runs"))
    if out and first_process():
        check_free(Path(out))
    setup = prepared(
        recipe,
        source,
        encoder,
        width,
        asked.views,
        preset=asked.preset,
        notes=asked.notes,
        budget=budget,
        published=asked.published,
        given=asked.given,
        device=where,
        division=asked.division,
        start=asked.start,
    )
    usual = Path("runs") / f"{name_of(recipe, asked.preset)}-{_slug(source.name)}"
    engine = engine_of(setup, where)
    with ExitStack() as held:

        def begin() -> RunDirectory:
            directory = claim(Path(out), held) if out else claim_free(usual, held)
            begin_run(directory, setup, asked)
            return directory

        directory = engine.share(begin)
        display = logged(display, log, run=directory.path)
        said = (
            () if out or directory.path == usual else (f"{usual} is taken: see {directory.path}",)
        )
        remember(directory.path, encoder)
        return run_training(setup, directory, display, engine=engine, said=said)


@showing
def resume(
    run: str | Path,
    data: Any = None,
    *,
    method: Callable[..., Method] | None = None,
    encoder: OwnEncoder | None = None,
    width: int | None = None,
    views: Views | None = None,
    modality: Modality[Any, Any] | None = None,
    device: str | None = None,
    progress: Progress | bool = True,
) -> Run:
    """Resume an interrupted run; the final weights are those of an uninterrupted run.

    A run that has finished is returned as it is.

    Args:
        run: Directory of the run.
        data: The same data, if the run's data were a Python object rather than a name or a path, or
            are no longer where they were.
        method: The same function, if the run used one of your own.
        encoder: The same encoder, if the run used one of your own that is not found again: see
            :func:`nearfar.load`.
        width: Dimensions of the representation of an encoder of your own; by default the run's.
        views: The same views, if the run used views of your own.
        modality: The same object, if the run used a modality of your own.
        device: Where to train, as of :func:`pretrain`; by default where the run was trained so far.
        progress: As of :func:`pretrain`.

    Returns:
        The finished run.

    Raises:
        FileNotFoundError: The run's data are no longer where they were.
        ValueError: Not a run, a run of a newer version, one that another process trains, or data
            other than the run's.
        Interrupted: Stopped again by Ctrl-C; in IPython the stopped run is returned instead.

    Example:
        >>> import nearfar, tempfile
        >>> out = tempfile.mkdtemp() + "/run"
        >>> run = nearfar.pretrain("simclr", "digits", epochs=1, out=out)
        >>> nearfar.resume(out).record.finished  # nothing is left to do
        True
    """
    display = display_of(progress)
    directory = open_directory(run)
    if encoder is not None:
        check_encoder(encoder)
    with ExitStack() as held:
        if not directory.finished() and first_process():
            held.enter_context(holding(directory.path))
        recipe = Recipe.from_tables(
            directory.read_recipe(), own_kind=modality, own_encoder=encoder is not None
        )
        tell_stage(display, f"opening {called(recipe.data if data is None else data)}")
        setup = prepared_again(
            directory, recipe, data, method=method, encoder=encoder, width=width, views=views
        )
        if directory.finished():
            tell_stage(display, "")
            return Run(directory.path, encoder=encoder, modality=modality)
        where, moved = device_again(directory, device)
        damage = damage_found(directory, latest_checkpoint(directory.checkpoints))
        # what was chosen at the beginning is in the recipe by now, and was noted only then
        known = directory.read_run().notes if directory.run.is_file() else ()
        notes = (*known, *setup.notes, *damage, *([moved] if moved else []))
        setup = replace(setup, notes=tuple(dict.fromkeys(notes)))
        return run_training(setup, directory, display, engine=engine_of(setup, where))


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "data"
