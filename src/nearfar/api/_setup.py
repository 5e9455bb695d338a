"""Preparation of a training run: all choices and checks, before anything is written."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from nearfar.api._described_parts import projection_dim, temperature_of
from nearfar.api._division import Division, count_watched
from nearfar.api._method_listing import Preset, kinds_of, method_class, served
from nearfar.api._recipe import Recipe, name_of, view_recipe
from nearfar.api._run_facts import gather_facts, remedies_of
from nearfar.api._run_format import RUN_FORMAT
from nearfar.api._setup_notes import batch_notes, encoder_notes, few_notes, warmup_notes
from nearfar.api._starting_weights import Start, save_weights
from nearfar.data import Source, Subset
from nearfar.inputs import View
from nearfar.methods import Method, RunFacts
from nearfar.methods._preset import facts_parameter
from nearfar.modalities import EncoderFactory, Form, Modality, make_encoder
from nearfar.modalities._own_encoders import check_width, describe_module, output_width
from nearfar.modules import EncoderDescription
from nearfar.records import Provenance, Remedy, RunDirectory, RunRecord
from nearfar.training import Engine, Plan, plan
from nearfar.training._devices import device_name
from nearfar.views import Views, WithIndex

__all__ = ["Setup", "count_watched", "save_start"]


@dataclass(frozen=True)
class Setup:
    """Everything that a training process needs; it can be sent to another process.

    Attributes:
        recipe: The recipe, including every choice that depends on the data.
        preset: The preset that built the method.
        train: Training samples.
        watched: Held-out samples for measurements during training.
        views: Generates the views of a batch.
        description: The encoder's architecture and the form of its inputs.
        schedule: Numbers of batches and updates.
        method: The method around the encoder, with randomly initialised heads. Train a copy: see
            :meth:`trainee`.
        notes: Notes for the user.
        remedies: Changes of the recipe that advice can name.
        division: Which samples are trained on, and which are held out.
        started: Notes on the weights that training starts from; empty for random ones.
    """

    recipe: Recipe
    preset: Preset
    train: Subset
    watched: Subset
    views: Views
    description: EncoderDescription[Any]
    schedule: Plan
    method: Method
    notes: tuple[str, ...]
    remedies: tuple[Remedy, ...] = ()
    division: Division | None = None
    started: tuple[str, ...] = ()

    @classmethod
    def prepare(
        cls,
        recipe: Recipe,
        source: Source,
        encoder: str | nn.Module | EncoderFactory,
        width: int | None,
        views: Views | None,
        *,
        preset: Preset,
        notes: tuple[str, ...] = (),
        division: Division | None = None,
        start: Start | None = None,
    ) -> Setup:
        """Check the settings, split the data, and build encoder, views and method.

        Args:
            recipe: The recipe as the user gave it.
            source: The data.
            encoder: Name of an encoder, a module, or a class or function that builds one.
            width: Dimensions of the representation, for an encoder of one's own.
            views: Views to use instead of the method's.
            preset: The preset that builds the method.
            notes: Further notes, appended to those of data and encoder.
            division: Which samples to hold out; at random by default.
            start: Puts weights that training starts from into the encoder; random by default.
        """
        _check_fit(recipe, preset, source, views)
        kind = recipe.kind
        division = division or Division.at_random(source, seed=recipe.training.seed)
        train, watched = division.parts(source)
        schedule = plan(len(train), recipe.training)
        options, decided = kind.decide(source, _options(kind, recipe, preset))
        module, description = _build_encoder(
            kind, recipe, source, options, encoder=encoder, width=width
        )
        started = () if start is None else start(module, description.name)
        own = views
        if views is None:
            views = kind.views(
                view_recipe(preset, kind.name),
                description.form,
                source=source,
                options=options,
                settings=recipe.view_options,
            )
        else:
            decided = ()  # notes on views that are not used
        description = description.with_form(kind.normalized(description.form, views))
        facts = gather_facts(
            kind,
            source,
            form=description.form,
            batch_size=recipe.training.batch_size,
            schedule=schedule,
            views=views,
        )
        method = _build_method(recipe, preset, module, description.width, facts)
        return cls(
            recipe=_with_decisions(recipe, kind, options),
            preset=preset,
            train=train,
            watched=watched,
            views=views,
            description=description,
            schedule=schedule,
            method=method,
            notes=(
                *source.notes,
                *decided,
                *views.notes,
                *encoder_notes(description),
                *batch_notes(recipe),
                *warmup_notes(schedule),
                *method.notes,
                *few_notes(watched),
                *division.notes,
                *started,
                *notes,
            ),
            remedies=remedies_of(
                recipe,
                preset=preset,
                method=method,
                views=views if own is None else None,
                facts=facts,
            ),
            division=division,
            started=started,
        )

    @property
    def kind(self) -> Modality[Any, Any]:
        """The modality of the samples."""
        return self.recipe.kind

    @property
    def form(self) -> Form:
        """The form of the encoder's inputs."""
        form: Form = self.description.form
        return form

    def trainee(self) -> Method:
        """A copy of the method to train; tensors sent to another process would share memory."""
        method = copy.deepcopy(self.method)
        if self.recipe.training.compile:
            method.encoder.compile()
        return method

    @property
    def training_views(self) -> Views:
        """The views of a batch, followed by sample indices if the method needs them."""
        return WithIndex(self.views) if method_class(self.preset).indexed else self.views

    def watched_views(self) -> tuple[View, ...]:
        """Two views of the watched samples; the same in all runs with the same seed."""
        positives = method_class(self.preset).positives
        return self._shown(self.views if positives else self.kind.two_views(self.form))

    def seen_views(self) -> tuple[View, ...]:
        """The method's own views of the watched samples, without sample indices."""
        return self._shown(self.views.views if isinstance(self.views, WithIndex) else self.views)

    def _shown(self, views: Views) -> tuple[View, ...]:
        batch = self.watched.read(range(len(self.watched)))
        return views(batch.inputs, batch.samples, seed=self.recipe.training.seed, epoch=0)

    def record(self, directory: RunDirectory, engine: Engine) -> RunRecord:
        """The record of the run before it starts."""
        options, method = self.recipe.training, self.method
        parameters = sum(p.numel() for p in method.encoder.parameters())
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
            precision=f"{engine.precision} on {device_name(engine.device)}",
            batch_size=options.batch_size,
            temperature=temperature_of(method),
            candidates=method.candidates(options.batch_size),
            projection_dim=projection_dim(method, width=self.description.width),
            chance=method.chance(options.batch_size),
            samples=len(self.train),
            watched=len(self.watched),
            left_out=len(self.train.source) - len(self.train) - len(self.watched),
            groups=self.recipe.groups,
            parameters=parameters,
            steps=self.schedule.steps,
            epochs=options.epochs,
            provenance=Provenance.here(device=engine.device.type),
            device=engine.asked,
            threads=torch.get_num_threads() if engine.devices == 1 else 0,
            notes=self.notes,
            path=str(directory.path.absolute()),
            cwd=str(Path.cwd()),
            format=RUN_FORMAT,
        )


def save_start(directory: RunDirectory, setup: Setup) -> None:
    """Store the weights that a run starts from, with the notes on them."""
    name = setup.description.name
    save_weights(directory.start, setup.method.encoder, name=name, notes=setup.started)


def _check_fit(recipe: Recipe, preset: Preset, source: Source, views: Views | None) -> None:
    """Check that data, method and options are compatible."""
    if source.modality != recipe.modality:
        raise ValueError(
            f"`modality` is {recipe.modality}, but {source.name} contains {source.modality}"
        )
    kinds = kinds_of(preset)
    if kinds and recipe.modality not in kinds:
        raise ValueError(
            f"`method` {recipe.method} is for {' or '.join(kinds)},"
            f" got {recipe.modality}: {source.describe()}"
        )
    if views is None and served(preset, recipe.modality) is None:
        raise ValueError(
            f"`method` {name_of(recipe, preset)} declares no views for {recipe.modality}: add them"
            f" to `serves` of {method_class(preset).__name__} (see nearfar.methods.Serves), or give"
            " `views`"
        )
    recipe.check(preset)


def _options(kind: Modality[Any, Any], recipe: Recipe, preset: Preset) -> Any:
    """The options of data and encoder; the user's take precedence over the method's."""
    asked = served(preset, kind.name)
    return kind.options(**{**(asked.encoder if asked else {}), **recipe.options})


def _build_encoder(
    kind: Modality[Any, Any],
    recipe: Recipe,
    source: Source,
    options: Any,
    *,
    encoder: str | nn.Module | EncoderFactory,
    width: int | None,
) -> tuple[nn.Module, EncoderDescription[Any]]:
    """The encoder with its initial weights, and its description."""
    form = kind.form(source, options, seed=recipe.training.seed)

    def few() -> View:
        return kind.plain(form).plain(source.read(range(min(2, len(source)))).inputs)

    def measured(module: nn.Module) -> int:
        return output_width(module, few()) if width is None else width

    if isinstance(encoder, nn.Module):
        module = encoder
        description = describe_module(
            module, width=measured(module), modality=recipe.modality, form=form
        )
    else:
        with torch.random.fork_rng():  # the initial weights depend only on the run's seed
            torch.manual_seed(recipe.training.seed)
            module, description = make_encoder(kind, encoder, form, options, width=measured)
    own = description.library in ("function", "custom")
    if own:
        check_width(module, few(), description.width)
    if width is not None and (width != description.width or not own):
        raise ValueError(
            f"`width` must be given only with an encoder of your own that does not return it, got"
            f" {width} with {encoder!r:.80}, of width {description.width}"
        )
    return module, description


def _build_method(
    recipe: Recipe, preset: Preset, encoder: nn.Module, width: int, facts: RunFacts
) -> Method:
    """The method around a copy of the encoder, with randomly initialised heads."""
    options = dict(recipe.method_options)
    name = facts_parameter(preset)
    if name is not None:
        options[name] = facts
    with torch.random.fork_rng():
        torch.manual_seed(recipe.training.seed + 1)
        method = preset(copy.deepcopy(encoder), width, **options)
    if recipe.training.channels_last:
        # applies to convolution kernels and feature maps only, not to matrices
        cast(Any, method).to(memory_format=torch.channels_last)  # untyped in older versions
    return method


def _with_decisions(recipe: Recipe, kind: Modality[Any, Any], options: Any) -> Recipe:
    """The recipe plus the options inferred from the data, so that resuming does not infer them."""
    before = kind.options(**recipe.options)
    decided = {k: v for k, v in vars(options).items() if v != getattr(before, k)}
    return replace(recipe, options=recipe.options | decided)
