"""Everything a process needs to train, decided before anything is written."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from nearfar.api._recipe import FILLED_IN, Preset, Recipe, method_class, name_of, preset_options
from nearfar.api._run_format import RUN_FORMAT
from nearfar.data import Source, Subset
from nearfar.inputs import View
from nearfar.methods import Method
from nearfar.modalities import Modality, modality
from nearfar.modules import EncoderDescription
from nearfar.ops import permutation
from nearfar.records import Provenance, RunDirectory, RunRecord
from nearfar.training import Engine, plan
from nearfar.views import Beside, Views

__all__ = ["LEAST_SAMPLES", "Setup", "count_watched", "split"]

_WATCHED_SHARE, _WATCHED_LEAST, _WATCHED_MOST = 0.1, 2, 256
_TRAINED_LEAST = 4
LEAST_SAMPLES = _TRAINED_LEAST + _WATCHED_LEAST
_NO_EPOCH = 2**32 - 1  # an order that no epoch of training has


@dataclass(frozen=True)
class Setup:
    """Everything a process needs to train; can be sent to another process."""

    recipe: Recipe
    preset: Preset
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
        *,
        preset: Preset,
    ) -> Setup:
        """Split, choose sizes, build the encoder; every refusal comes from here."""
        options, kind = recipe.training, modality(recipe.modality)
        _check_fit(recipe, preset, source)
        train_part, watched = split(source, seed=options.seed)
        schedule = plan(len(train_part), options)
        chosen = kind.options(**kind.suited(recipe.method) | recipe.options)
        form = kind.form(source, chosen, seed=options.seed)
        notes = list(source.notes)
        if isinstance(encoder, str):
            if width is not None:
                raise ValueError(
                    f"`width` belongs to a module of your own, got {width} with {encoder!r}"
                )
            # the weights a run starts from depend on its seed alone
            with torch.random.fork_rng():
                torch.manual_seed(options.seed)
                module, description = kind.build_encoder(encoder, form, chosen)
        else:
            if width is None:
                raise ValueError("`width`, the dimensions of its output, must come with a module")
            module = encoder
            description = EncoderDescription(
                name="custom",
                library="custom",
                width=width,
                modality=recipe.modality,
                form=form,
                how="the module that was handed over",
            )
        form = dict(description.form)  # an encoder may bring a tokenizer of its own
        if views is None:
            views = kind.views(recipe.method, form, source=source, settings=recipe.view_options)
        notes += views.notes
        # what views normalise by is what an encoder knows
        form |= {name: getattr(views, name) for name in ("mean", "std") if hasattr(views, name)}
        description = replace(description, form=form)
        if description.stem == "small":
            size = form["image_size"]
            notes.append(f"small stem: 3×3 convolution of stride 1, as images have {size} pixels")
        if (options.micro_batch or options.batch_size) < options.batch_size:
            notes.append(
                f"at most {options.micro_batch:,} samples pass the network at once, and are what"
                " batch-norm sees; loss and gradient are those of the whole batch"
            )
        method_options, adapted = _fit_queue(recipe, preset, schedule.batches_per_epoch)
        wanted = FILLED_IN & preset_options(preset).keys()
        if "num_samples" in wanted:
            method_options.setdefault("num_samples", len(source.root))  # they are numbered so
        if "updates" in wanted:
            method_options.setdefault("updates", schedule.steps)
        if "signal_dim" in wanted:
            method_options.setdefault("signal_dim", kind.signal_dim(form))
        if "length" in wanted:
            method_options.setdefault("length", form["length"])
        for name in wanted & {"rows", "shared_rows"}:
            method_options.setdefault(name, getattr(views, name, None))
        return cls(
            recipe=recipe,
            preset=preset,
            train=train_part,
            watched=watched,
            views=views,
            encoder=module,
            description=description,
            method_options=method_options,
            notes=(*notes, *adapted),
        )

    @property
    def kind(self) -> Modality:
        """What the samples are."""
        return modality(self.recipe.modality)

    @property
    def form(self) -> dict[str, Any]:
        """What the encoder knows of its inputs."""
        return self.description.form

    def build(self) -> Method:
        """The method around the encoder, with fresh heads."""
        with torch.random.fork_rng():
            torch.manual_seed(self.recipe.training.seed + 1)
            # a copy: tensors sent to another process share their memory with this one
            encoder = copy.deepcopy(self.encoder)
            method = self.preset(encoder, self.description.width, **self.method_options)
        if self.recipe.training.channels_last:
            # kernels and feature maps; matrices are not touched
            method = method.to(memory_format=torch.channels_last)
        if self.recipe.training.compile:
            method.encoder.compile()
        return method

    @property
    def training_views(self) -> Views:
        """What the method is shown: the views, and the samples' indices where it asks for them."""
        return Beside(self.views) if method_class(self.preset).indexed else self.views

    def watched_views(self) -> tuple[View, ...]:
        """Two views of the samples set aside, the same in each run of a seed."""
        positives = method_class(self.preset).positives
        return self._shown(self.views if positives else self.kind.two_views(self.form))

    def seen_views(self) -> tuple[View, ...]:
        """The samples set aside as the method would see them, without numbers beside them."""
        return self._shown(self.views.views if isinstance(self.views, Beside) else self.views)

    def _shown(self, views: Views) -> tuple[View, ...]:
        batch = self.watched.read(range(len(self.watched)))
        return views(batch.inputs, batch.samples, seed=self.recipe.training.seed, epoch=0)

    def record(self, directory: RunDirectory, method: Method, engine: Engine) -> RunRecord:
        """What this run is, before it starts."""
        options = self.recipe.training
        schedule = plan(len(self.train), options)
        parameters = sum(p.numel() for p in self.encoder.parameters())
        where = torch.cuda.get_device_name() if engine.device.type == "cuda" else "CPU"
        source_name = self.train.source.name
        described = self.train.source.describe()
        shown = self.kind.shown(self.form)
        return RunRecord(
            name=directory.path.name,
            method=name_of(self.recipe, self.preset),
            modality=self.recipe.modality,
            data=f"{source_name}: {described}{shown and ' '}{shown}",
            encoder=f"{self.description.name} {parameters / 1e6:.2g} M",
            objective=repr(method.objective),
            optimizer=options.optimizer,
            precision=f"{engine.precision} on {where}",
            batch_size=options.batch_size,
            temperature=_temperature(method),
            candidates=method.candidates(options.batch_size),
            projection_dim=int(getattr(method.projector, "outputs", self.description.width)),
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


def count_watched(source: Source) -> int:
    """How many samples are set aside to watch.

    Raises:
        ValueError: Too few samples to set any aside.
    """
    count = len(source)
    watched = min(_WATCHED_MOST, max(_WATCHED_LEAST, round(count * _WATCHED_SHARE)))
    if count - watched < _TRAINED_LEAST:
        raise ValueError(
            f"`data` must hold at least {LEAST_SAMPLES} samples, so that some can be set aside to"
            f" watch; {source.name} holds {count}"
        )
    return watched


def split(source: Source, *, seed: int) -> tuple[Subset, Subset]:
    """Most samples to train on; a tenth, at most 256, set aside to watch.

    Raises:
        ValueError: Too few samples to set any aside.
    """
    count, watched = len(source), count_watched(source)
    order = permutation(count, seed=seed, epoch=_NO_EPOCH)
    chosen = order[:watched].sort().values
    return Subset(source, order[watched:].sort().values), Subset(source, chosen)


def _temperature(method: Method) -> float | None:
    value = getattr(method.objective, "temperature", None)
    return None if value is None else float(value)


def _check_fit(recipe: Recipe, preset: Preset, source: Source) -> None:
    """The source is of the recipe's modality, and the method is for it."""
    if source.modality != recipe.modality:
        raise ValueError(
            f"`modality` is {recipe.modality}, but {source.name} holds {source.modality}"
        )
    kind = method_class(preset)
    if kind.modalities and recipe.modality not in kind.modalities:
        raise ValueError(
            f"`method` {recipe.method} is for {' or '.join(kind.modalities)},"
            f" got {recipe.modality}: {source.describe()}"
        )


def _fit_queue(
    recipe: Recipe, preset: Preset, batches_per_epoch: int
) -> tuple[dict[str, Any], list[str]]:
    """A queue no longer than one pass over the data, unless one was asked for."""
    defaults = preset_options(preset)
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
