"""From a name and unlabelled data to a judged encoder."""

from __future__ import annotations

import re
import resource
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nearfar import methods
from nearfar.api.judging import judge
from nearfar.api.opening import RUN_FORMAT, open_directory
from nearfar.api.recipe import Recipe, preset_options, training_options
from nearfar.api.run import Run, save_encoder
from nearfar.data import Source, Subset, open_source
from nearfar.methods import Method
from nearfar.modules import EncoderDescription, build_encoder
from nearfar.ops import permutation
from nearfar.records import Provenance, RunDirectory, RunRecord, write_text
from nearfar.training import (
    Engine,
    Progress,
    Silent,
    TrainingOptions,
    Watch,
    latest_checkpoint,
    plan,
    train,
)
from nearfar.views import ImageViews, Views, image_views

__all__ = ["pretrain", "resume"]

_WATCHED_SHARE, _WATCHED_MOST = 0.1, 256
_NO_EPOCH = 2**32 - 1  # an order that no epoch of training has


def pretrain(
    method: str = "simclr",
    data: Any = "digits",
    *,
    encoder: str | nn.Module = "convnet",
    width: int | None = None,
    stem: str = "auto",
    image_size: int | None = None,
    channels: int | None = None,
    out: str | Path | None = None,
    views: Views | None = None,
    method_options: Mapping[str, Any] | None = None,
    view_options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    **training: Any,
) -> Run:
    """Pretrain an encoder on unlabelled images, judge it, and write everything into a directory.

    Args:
        method: A preset of ``nearfar.methods``: ``simclr``, ``vicreg``, ``moco_v1``, ``moco_v2``,
            ``byol``.
        data: A name, a folder of images, a file, an array, a tensor, a data set of PyTorch or a
            :class:`nearfar.data.Source`.
        encoder: ``convnet``, a model name of timm, or a module of your own.
        width: Dimensions of the representation, for a module of your own.
        stem: First layers of a ResNet: ``small`` for small images, ``standard``, or ``auto``.
        image_size: Side of the views in pixels; chosen from the data if not given.
        channels: Channels of the images, where an array leaves it open or a folder is to be read
            as grey (1) or colour (3).
        out: Directory of the run; ``runs/METHOD-DATA`` if not given. It must not hold a run.
        views: Makes the views instead of nearfar's own.
        method_options: Keyword arguments of the method's preset.
        view_options: Keyword arguments of :class:`nearfar.views.ImageViews`.
        progress: Shows how it goes.
        training: Keyword arguments of :class:`nearfar.training.TrainingOptions`.

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
    source = open_source(data, channels=channels)
    recipe = Recipe(
        method=method,
        data=str(data) if isinstance(data, (str, Path)) else "custom",
        encoder=encoder if isinstance(encoder, str) else "custom",
        stem=stem,
        image_size=image_size,
        channels=channels,
        method_options=dict(method_options or {}),
        view_options=dict(view_options or {}),
        training=training_options(training),
        fingerprint=source.fingerprint,
    )
    directory = RunDirectory(Path(out) if out else Path("runs") / f"{method}-{_slug(source.name)}")
    if directory.exists() or (directory.path.exists() and any(directory.path.iterdir())):
        raise FileExistsError(
            f"`out` must be a new directory: {directory.path} exists. Go on with it by nearfar"
            f" train --resume {directory.path}, or choose another --out"
        )
    setup = _Setup.prepare(recipe, source, encoder, width, views)
    setup.build()  # a setting that a method refuses is refused before anything is written
    recipe.save(directory)
    return _run(setup, directory, progress or Silent())


def resume(
    run: str | Path,
    data: Any = None,
    *,
    encoder: nn.Module | None = None,
    width: int | None = None,
    views: Views | None = None,
    progress: Progress | None = None,
) -> Run:
    """Go on with a run that was stopped or killed; it ends with the weights it would have had.

    Args:
        run: Directory of the run.
        data: The same data, where they were handed over in Python.
        encoder: The same module, where it was the user's own.
        width: Its width.
        views: The same views, where they were the user's own.
        progress: Shows how it goes.

    Raises:
        ValueError: There is no run, it is from a newer version, or the data are not the same.
    """
    directory = open_directory(run)
    recipe = Recipe.from_tables(directory.read_recipe())
    for name, stated, given in (("data", recipe.data, data), ("encoder", recipe.encoder, encoder)):
        if stated == "custom" and given is None:
            raise ValueError(f"`{name}` was handed over in Python for this run: hand it over again")
    source = open_source(recipe.data if data is None else data, channels=recipe.channels)
    if source.fingerprint != recipe.fingerprint:
        raise ValueError(
            f"`data` must be what {directory.path} was trained on (fingerprint"
            f" {recipe.fingerprint}), got {source.describe()} ({source.fingerprint})"
        )
    setup = _Setup.prepare(recipe, source, encoder or recipe.encoder, width, views)
    return _run(setup, directory, progress or Silent())


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "data"


@dataclass(frozen=True)
class _Setup:
    """Everything a process needs to train; can be sent to another process."""

    recipe: Recipe
    train: Subset
    watched: Subset
    views: Views
    encoder: nn.Module
    description: EncoderDescription
    method_options: dict[str, Any]
    notes: tuple[str, ...]

    @classmethod
    def prepare(
        cls,
        recipe: Recipe,
        source: Source,
        encoder: str | nn.Module,
        width: int | None,
        views: Views | None,
    ) -> _Setup:
        """Split, choose sizes, build the encoder; every refusal comes from here."""
        options = recipe.training
        train_part, watched = split(source, seed=options.seed)
        schedule = plan(len(train_part), options)
        size = recipe.image_size or source.image_size
        notes = list(source.notes)
        if views is None:
            views = image_views(
                _view_preset(recipe.method, source),
                size=size,
                channels=source.channels,
                **recipe.view_options,
            )
        if isinstance(views, ImageViews):
            notes += views.notes
        if isinstance(encoder, str):
            # the weights a run starts from depend on its seed alone
            with torch.random.fork_rng():
                torch.manual_seed(options.seed)
                module, description = build_encoder(
                    encoder, channels=source.channels, image_size=size, stem=recipe.stem
                )
        else:
            if width is None:
                raise ValueError("`width`, the dimensions of its output, must come with a module")
            module = encoder
            description = EncoderDescription(
                name="custom",
                library="custom",
                width=width,
                channels=source.channels,
                image_size=size,
                how="the module that was handed over",
            )
        description = replace(description, value_range=source.value_range)
        if isinstance(views, ImageViews):
            description = replace(description, mean=views.mean, std=views.std)
        if description.stem == "small":
            notes.append(f"small stem: 3×3 convolution of stride 1, as images have {size} pixels")
        method_options, adapted = _fit_queue(recipe, schedule.batches_per_epoch)
        return cls(
            recipe=recipe,
            train=train_part,
            watched=watched,
            views=views,
            encoder=module,
            description=description,
            method_options=method_options,
            notes=(*notes, *adapted),
        )

    def build(self) -> Method:
        """The method around the encoder, with fresh heads."""
        with torch.random.fork_rng():
            torch.manual_seed(self.recipe.training.seed + 1)
            preset = getattr(methods, self.recipe.method)
            method: Method = preset(
                self.encoder, self.description.width, **self.method_options
            )
        if self.recipe.training.channels_last:
            # kernels and feature maps; matrices are not touched
            method = method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.recipe.training.compile:
            method.encoder.compile()
        return method

    def watched_views(self) -> tuple[Tensor, ...]:
        """Views of the samples set aside, the same in each run of a seed."""
        batch = self.watched.read(range(len(self.watched)))
        return self.views(
            batch.images,
            batch.samples,
            seed=self.recipe.training.seed,
            epoch=0,
            sizes=batch.sizes,
        )

    def record(self, directory: RunDirectory, method: Method, engine: Engine) -> RunRecord:
        """What this run is, before it starts."""
        options = self.recipe.training
        schedule = plan(len(self.train), options)
        parameters = sum(p.numel() for p in self.encoder.parameters())
        where = torch.cuda.get_device_name() if engine.device.type == "cuda" else "CPU"
        source_name = self.train.source.name
        described = self.train.source.describe()
        shown = f"shown at {self.description.image_size}×{self.description.image_size}"
        return RunRecord(
            name=directory.path.name,
            method=self.recipe.method,
            data=f"{source_name}: {described} {shown}",
            encoder=f"{self.description.name} {parameters / 1e6:.2g} M",
            objective=repr(method.objective),
            optimizer=options.optimizer,
            precision=f"{engine.precision} on {where}",
            batch_size=options.batch_size,
            chance=method.chance(options.batch_size),
            samples=len(self.train),
            watched=len(self.watched),
            parameters=parameters,
            steps=schedule.steps,
            epochs=options.epochs,
            provenance=Provenance.here(device=engine.device.type),
            notes=self.notes,
            format=RUN_FORMAT,
        )


def split(source: Source, *, seed: int) -> tuple[Subset, Subset]:
    """Most samples to train on; a tenth, at most 256, set aside to watch.

    Raises:
        ValueError: Too few samples to set any aside.
    """
    count = len(source)
    watched = min(_WATCHED_MOST, round(count * _WATCHED_SHARE))
    if watched < 2:
        raise ValueError(
            f"`data` must hold at least 20 samples, so that some can be set aside to watch;"
            f" {source.name} holds {count}"
        )
    order = permutation(count, seed=seed, epoch=_NO_EPOCH)
    chosen = order[:watched].sort().values
    return Subset(source, order[watched:].sort().values), Subset(source, chosen)


def _view_preset(method: str, source: Source) -> str:
    # glyphs turned or mirrored are other glyphs
    return "digits" if source.name in ("digits", "mnist", "omniglot") else method.replace("_", "-")


def _fit_queue(recipe: Recipe, batches_per_epoch: int) -> tuple[dict[str, Any], list[str]]:
    """A queue no longer than one pass over the data, unless one was asked for."""
    defaults = preset_options(recipe.method)
    chosen = dict(recipe.method_options)
    if "queue_size" not in defaults or "queue_size" in chosen:
        return chosen, []
    batch = recipe.training.batch_size
    fitting = min(defaults["queue_size"] // batch, batches_per_epoch) * batch
    if fitting == defaults["queue_size"]:
        return chosen, []
    chosen["queue_size"] = fitting
    note = (
        f"queue of {fitting:,} keys instead of {defaults['queue_size']:,}: a multiple of the batch,"
        " and each sample in it once"
    )
    return chosen, [note]


def _run(setup: _Setup, directory: RunDirectory, progress: Progress) -> Run:
    engine = Engine(
        devices=setup.recipe.training.devices, precision=setup.recipe.training.precision
    )
    engine.launch(_work, setup, directory, progress)
    # what was trained may live in another process: the last checkpoint is what remains
    method = setup.build()
    checkpoint = latest_checkpoint(directory.checkpoints)
    assert checkpoint is not None, "a finished run has a checkpoint"
    checkpoint.restore_method(method)
    save_encoder(directory, method.encoder, setup.description)
    engine = Engine(devices=1, precision="32")
    health = judge(
        directory,
        method,
        setup.train,
        setup.watched,
        setup.views,
        engine,
        seed=setup.recipe.training.seed,
    )
    record = directory.read_run()
    replace(
        record,
        finished=True,
        seconds=checkpoint.seconds,
        peak_memory=max(record.peak_memory, _peak_memory()),
        # a file that breaks while it is read is known only now
        notes=tuple(dict.fromkeys((*record.notes, *setup.train.source.notes))),
    ).save(directory.run)
    from nearfar.reports import write_report

    write_report(directory.path)
    progress.finish(health)
    return Run(directory.path)


def _work(engine: Engine, setup: _Setup, directory: RunDirectory, progress: Progress) -> None:
    """Train, in one of the processes."""
    options: TrainingOptions = setup.recipe.training
    method = setup.build()
    watch = Watch(setup.watched_views(), every=options.watch_every)
    if engine.rank == 0:
        record = setup.record(directory, method, engine)
        record.save(directory.run)
        progress.start(record)
    train(
        method,
        setup.train,
        setup.views,
        options=options,
        engine=engine,
        directory=directory,
        watch=watch,
        progress=progress,
    )
    if engine.rank == 0:
        record = replace(directory.read_run(), peak_memory=_peak_memory())
        record.save(directory.run)


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
