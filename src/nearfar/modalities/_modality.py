"""What must be known of a kind of samples to train on it, judge it and show it."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Generic, TypeVar

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.data import DataKind, Source
from nearfar.inputs import Inputs, View
from nearfar.modalities._form import FormT
from nearfar.modules import EncoderDescription
from nearfar.records import Exhibit
from nearfar.views import ViewRecipe, Views

__all__ = ["Modality", "OnnxCall", "small_batch"]

_LEAST = 8

OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True)
class OnnxCall:
    """An encoder as a function of tensors, and tensors to trace it with.

    Attributes:
        module: Takes the tensors.
        arguments: An example of each, two samples.
        names: What each is called.
        dynamic: For each, the names of the axes whose length may change.
    """

    module: nn.Module
    arguments: tuple[Tensor, ...]
    names: tuple[str, ...]
    dynamic: tuple[dict[int, str], ...]


class Modality(ABC, Generic[FormT, OptionsT]):
    """A kind of samples: everything that differs between images, sounds, texts and graphs.

    An instance is the one registered object of its kind. Packages declare theirs as an entry point
    of the group ``nearfar.modalities``, under the name of the kind; an object can also be handed
    over: ``nearfar.pretrain(..., modality=MyKind())``.

    A :class:`nearfar.modalities.Form` is what an encoder must know of its inputs: channels and size
    of images, sampling rate, vocabulary. It is found once from the data and the options, saved with
    the encoder, and enough to show new data to the encoder as the old ones were.

    Attributes:
        data: How data of this kind are recognised and opened; its name is that of the kind.
        form_type: The class of its forms.
        options: A frozen keyword-only dataclass: options of data and encoder. Those that the opener
            has by the same name are handed to it.
        settings: The views of a sample whose keyword arguments are the settings of views.
        inputs: What a batch of samples is made of, where that tells the kind: such a batch is shown
            to the right encoder of a pair. Empty for plain tensors.
        encoder: The encoder that is taken unless another is named.
        encoders: Which others there are, in words.
        example: Data of this kind as an example in ``--help``.
        paired: Whether a sample has two sides of its own, whose agreement is measured besides.
        arrays: Whether samples can come as one array of numbers, as scikit-learn has them.
        fewest: Samples that its sources hold at least.
        precise: Whether :class:`nearfar.SelfSupervisedEncoder` encodes in double precision, so that
            a row is the same in any batch.
    """

    data: ClassVar[DataKind]
    form_type: ClassVar[type[Any]]
    options: ClassVar[Callable[..., Any]]
    settings: ClassVar[Callable[..., Views]]
    inputs: ClassVar[tuple[type[Inputs], ...]] = ()
    encoder: ClassVar[str]
    encoders: ClassVar[str]
    example: ClassVar[str] = "DATA"
    paired: ClassVar[bool] = False
    arrays: ClassVar[bool] = False
    fewest: ClassVar[int] = 1
    precise: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """As :attr:`nearfar.data.Source.modality`."""
        return self.data.name

    @property
    def loop_defaults(self) -> bool:
        """Whether the training loop's own defaults suit these samples."""
        return type(self).training is Modality.training

    def brings(self, name: str) -> Modality[Any, Any] | None:
        """The kind of this name, where it is this one or comes with it."""
        return self if name == self.name else None

    def view_settings(self, recipe: ViewRecipe) -> Callable[..., Views]:
        """The class whose keyword arguments are the settings of these views."""
        if recipe.make is None:
            return self.settings
        made: Callable[..., Views] = inspect.signature(recipe.make, eval_str=True).return_annotation
        return made

    def decide(self, source: Source, options: OptionsT) -> tuple[OptionsT, tuple[str, ...]]:
        """Fix the options that depend on the data, once for a run and all that resume it.

        Args:
            source: What will be trained on.
            options: An instance of :attr:`options`.

        Returns:
            The options, and notes on what was chosen and how to choose otherwise.
        """
        return options, ()

    @abstractmethod
    def form(self, source: Source, options: OptionsT, *, seed: int) -> FormT:
        """What an encoder must know of these inputs, vocabularies and scales fitted on them.

        Args:
            source: What will be trained on.
            options: An instance of :attr:`options`.
            seed: Of the run.
        """

    @abstractmethod
    def build_encoder(
        self, name: str, form: FormT, options: OptionsT
    ) -> tuple[nn.Module, EncoderDescription[FormT]]:
        """An encoder by name with fresh weights, and its description with the form in it.

        Raises:
            ValueError: An unknown name; the nearest is named.
        """

    @abstractmethod
    def rebuild(self, description: EncoderDescription[FormT]) -> nn.Module:
        """An encoder that the weights saved with this description fit."""

    @abstractmethod
    def views(
        self,
        recipe: ViewRecipe,
        form: FormT,
        *,
        source: Source,
        options: OptionsT,
        settings: Mapping[str, Any],
    ) -> Views:
        """The views that a method is trained on.

        Args:
            recipe: As the method declares it; without ``make`` the kind's own two views.
            form: As decided.
            source: What will be trained on.
            options: An instance of :attr:`options`.
            settings: The user's, keyword arguments of :meth:`view_settings`; they replace those of
                the recipe.

        Raises:
            ValueError: The recipe leaves the choice to the kind, and the kind has no views that
                suit any method.
        """

    def half_views(
        self, form: FormT, *, source: Source, options: OptionsT, settings: Mapping[str, Any]
    ) -> Views:
        """One view of a sample that is half of a pair: mild, as the other half is a view already.

        Args:
            form: As decided.
            source: The halves.
            options: An instance of :attr:`options`.
            settings: The user's, keyword arguments of :attr:`settings`.
        """
        return self.views(
            ViewRecipe(),
            form,
            source=source,
            options=options,
            settings={**settings, "num_views": 1},
        )

    @abstractmethod
    def two_views(self, form: FormT) -> Views:
        """Two views that show the same sample: for methods whose own views are no positives."""

    @abstractmethod
    def plain(self, form: FormT) -> Views:
        """Views whose ``plain`` shows whole samples as the encoder knows them."""

    @abstractmethod
    def raw(self, source: Source, form: FormT) -> tuple[str, Float[Tensor, "samples features"]]:
        """The usual features that need no training, and their name: what an encoder must beat."""

    @abstractmethod
    def show(self, view: View, form: FormT) -> list[Exhibit]:
        """Each sample of a view (or of a plain view) for a person to see, without caption."""

    def onnx(self, encoder: nn.Module, form: FormT) -> OnnxCall:
        """How the encoder is exported.

        Raises:
            ValueError: It cannot be.
        """
        raise ValueError(f"encoders of {self.name} cannot be exported to ONNX")

    def signal_dim(self, form: FormT) -> int | None:
        """How many numbers of a view a decoder predicts (:func:`nearfar.inputs.numbers`).

        None where samples are not predicted.
        """
        return None

    def read_form(self, values: Mapping[str, Any]) -> FormT:
        """A form from plain values, as ``encoder.json`` has them.

        Raises:
            ValueError: A value is missing.
        """
        try:
            form: FormT = self.form_type.of_values(values)
        except TypeError as error:
            raise ValueError(f"no form of {self.name}: {error}") from None
        return form

    def normalised(self, form: FormT, views: Views) -> FormT:
        """The form with mean and deviation as the views normalise by them, where it has these."""
        known = {field.name for field in fields(form)} & {"mean", "std"}
        found = {name: getattr(views, name, None) for name in known}
        return replace(form, **{k: tuple(v) for k, v in found.items() if v is not None})

    def kept(self, description: EncoderDescription[FormT]) -> EncoderDescription[Any]:
        """The description that is saved with the trained encoder."""
        return description

    def takes(self, form: FormT) -> tuple[str, ...]:
        """Kinds of samples that an encoder of this form can be shown."""
        return (self.name,)

    def opening(self, form: FormT) -> dict[str, Any]:
        """Options with which new data are opened so that they are read as the old ones were."""
        return {}

    def shown(self, form: FormT) -> str:
        """How samples are shown to the encoder, in words that go on after those on the source."""
        return ""

    def length(self, form: FormT) -> int | None:
        """Time steps of a view, where views have time steps and all have the same number."""
        return None

    def training(
        self, *, samples: int, batch_size: int | None = None, updates: int | None = None
    ) -> dict[str, Any]:
        """Options of the training loop that suit these samples better than its own defaults.

        Args:
            samples: Samples to train on.
            batch_size: The largest batch that the method asks for, if it asks for one.
            updates: About how many updates the method asks for, if it asks for any.
        """
        return {} if batch_size is None else {"batch_size": min(batch_size, samples)}

    @abstractmethod
    def check(self, source: Source, form: FormT) -> None:
        """Whether other data can be shown to an encoder of this form.

        Raises:
            ValueError: They cannot; what differs is said.
        """


def small_batch(samples: int, *, most: int, updates: int) -> int:
    """A batch of which an epoch holds several, so that little data still make a training.

    Args:
        samples: Samples to train on.
        most: The batch of large data.
        updates: In an epoch of small data; fewer where batches would be of less than 8.

    >>> [small_batch(samples, most=256, updates=4) for samples in (5, 20, 100, 10_000)]
    [5, 8, 25, 256]
    """
    return min(most, max(samples // updates, min(_LEAST, samples)))
