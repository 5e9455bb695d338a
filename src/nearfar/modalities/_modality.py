"""The interface of a modality: its data, encoders, views, baseline features and exhibits."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Generic, TypeVar

from jaxtyping import Float
from torch import Tensor, nn

from nearfar._deprecation import renamed_methods
from nearfar.data import DataKind, Source
from nearfar.inputs import Inputs, View
from nearfar.modalities._form import FormT
from nearfar.modalities._view_features import raw_values, statistics
from nearfar.modules import EncoderDescription
from nearfar.records import Exhibit
from nearfar.views import ViewRecipe, Views

__all__ = ["Modality", "OnnxCall", "small_batch"]

_LEAST = 8
_SMALLEST = 64  # samples of a batch, which are each other's negatives
_RENAMED = {  # methods of 0.1
    "brings": "component",
    "kept": "saved_description",
    "normalised": "normalized",
    "takes": "accepted_modalities",
}

OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True)
class OnnxCall:
    """An encoder as a function of tensors, with example inputs for tracing.

    Attributes:
        module: Module whose inputs are the tensors.
        arguments: Example inputs, a batch of two samples.
        names: Name of each input.
        dynamic: For each input, the names of its axes of variable length.
    """

    module: nn.Module
    arguments: tuple[Tensor, ...]
    names: tuple[str, ...]
    dynamic: tuple[dict[int, str], ...]


class Modality(ABC, Generic[FormT, OptionsT]):
    """A modality: everything that differs between images, audio, texts, graphs and other samples.

    Each modality is registered as one instance. Packages register theirs as an entry point in the
    group ``nearfar.modalities``, under the modality's name; an object can also be passed directly:
    ``nearfar.pretrain(..., modality=MyKind())``.

    A :class:`nearfar.modalities.Form` specifies an encoder's inputs, such as the channels and size
    of images, the sampling rate or the vocabulary. It is determined once from the data and the
    options, is saved with the encoder, and suffices to preprocess new data like the training data.

    Attributes:
        data: How data of this modality are recognised and opened; its name is that of the modality.
        form_type: Class of its forms.
        options: A frozen keyword-only dataclass with the options of data and encoder. Options that
            the opener also has are passed to it.
        settings: Class of the views whose keyword arguments are the settings of views.
        inputs: Types of a batch of samples that identify the modality, so that a batch of one side
            of pairs goes to the matching encoder. Empty for plain tensors.
        encoder: Name of the default encoder.
        encoders: The other encoders, as text.
        example: Example of data of this modality in ``--help``.
        paired: Whether a sample has two sides, whose agreement is measured in addition.
        arrays: Whether samples can be given as one numeric array, as in scikit-learn.
        fewest: Minimum number of samples to train on; a trained encoder embeds any number.
        recognizable: Whether views of a sample share most of their values (words, columns), so that
            finding the other view by these is no sign of a shortcut.
        precise: Whether :class:`nearfar.SelfSupervisedEncoder` encodes in double precision, so that
            a sample's representation does not depend on its batch.
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
    recognizable: ClassVar[bool] = False
    precise: ClassVar[bool] = False

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        renamed_methods(cls, _RENAMED, stacklevel=2)

    @property
    def name(self) -> str:
        """Name of the modality, equal to :attr:`nearfar.data.Source.modality` of its sources."""
        return self.data.name

    @property
    def loop_defaults(self) -> bool:
        """Whether the training loop's own defaults are used for this modality."""
        return type(self).training is Modality.training

    def component(self, name: str) -> Modality[Any, Any] | None:
        """The modality of this name, if it is this one or is part of this one; otherwise None."""
        return self if name == self.name else None

    def view_settings(self, recipe: ViewRecipe) -> Callable[..., Views]:
        """The class whose keyword arguments are the settings of a recipe's views."""
        if recipe.make is None:
            return self.settings
        made: Callable[..., Views] = inspect.signature(recipe.make, eval_str=True).return_annotation
        return made

    def decide(self, source: Source, options: OptionsT) -> tuple[OptionsT, tuple[str, ...]]:
        """Determine the options that depend on the data, once per run, including its resumptions.

        Args:
            source: Training data.
            options: An instance of :attr:`options`.

        Returns:
            The options, and notes on the choices and how to override them.
        """
        return options, ()

    def rungs(self, source: Source, options: OptionsT) -> tuple[Mapping[str, Any], ...]:
        """Settings that make a run cheaper, for ``minutes`` of :func:`nearfar.pretrain`.

        Args:
            source: Training data.
            options: An instance of :attr:`options`.

        Returns:
            From the second most expensive setting to the cheapest, those options of
            :attr:`options` that differ from the usual ones; ``encoder`` names another encoder.
            Settings that the user gave are never changed. By default there are none, and only
            epochs and batches become fewer and smaller.
        """
        return ()

    def smallest_batch(self, source: Source, options: OptionsT) -> int | None:
        """The smallest batch that ``minutes`` may choose; None if an update costs the same for any.

        Args:
            source: Training data.
            options: An instance of :attr:`options`.
        """
        return _SMALLEST

    @abstractmethod
    def form(self, source: Source, options: OptionsT, *, seed: int) -> FormT:
        """Determine the form for a source, which includes fitting vocabularies and scales on it.

        Args:
            source: Training data.
            options: An instance of :attr:`options`.
            seed: Random seed of the run.
        """

    @abstractmethod
    def build_encoder(
        self, name: str, form: FormT, options: OptionsT
    ) -> tuple[nn.Module, EncoderDescription[FormT]]:
        """Construct a randomly initialised encoder by name, and its description with the form.

        Raises:
            ValueError: Unknown name; the message suggests the closest one.
        """

    @abstractmethod
    def rebuild(self, description: EncoderDescription[FormT]) -> nn.Module:
        """Reconstruct an encoder whose saved weights have this description."""

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
            recipe: Recipe that the method declares; without ``make``, the modality's default pair
                of views.
            form: Form of the inputs.
            source: Training data.
            options: An instance of :attr:`options`.
            settings: The user's keyword arguments for :meth:`view_settings`, which override those
                of the recipe.

        Raises:
            ValueError: The recipe leaves the choice to the modality, which has no default views.
        """

    def half_views(
        self, form: FormT, *, source: Source, options: OptionsT, settings: Mapping[str, Any]
    ) -> Views:
        """One weakly augmented view of a half of a pair; the other half is already a view.

        Args:
            form: Form of the halves.
            source: Source of the halves.
            options: An instance of :attr:`options`.
            settings: The user's keyword arguments for :attr:`settings`.
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
        """Two views of the same sample, for methods whose own views are not positive pairs."""

    @abstractmethod
    def plain(self, form: FormT) -> Views:
        """Views whose ``plain`` method preprocesses whole samples without augmentation."""

    @abstractmethod
    def raw(self, source: Source, form: FormT) -> tuple[str, Float[Tensor, "samples features"]]:
        """Name and values of the raw features: the baseline that an encoder should beat."""

    def view_features(self, view: View, form: FormT) -> Float[Tensor, "samples features"] | None:
        """The raw values of each sample of a view, without an encoder; None if there are none."""
        return raw_values(view)

    def view_statistics(
        self, view: View, form: FormT
    ) -> Float[Tensor, "samples statistics"] | None:
        """Low-level statistics of each sample of a view, such as mean colour or length."""
        return statistics(view)

    @abstractmethod
    def show(self, view: View, form: FormT) -> list[Exhibit]:
        """Render each sample of a view (or of a plain view) for display, without captions."""

    def onnx(self, encoder: nn.Module, form: FormT) -> OnnxCall:
        """The encoder as a function for ONNX export.

        Raises:
            ValueError: The encoder cannot be exported.
        """
        raise ValueError(f"encoders of {self.name} cannot be exported to ONNX")

    def signal_dim(self, form: FormT) -> int | None:
        """Number of values per view that a decoder predicts (:func:`nearfar.inputs.numbers`).

        None if samples are not predicted.
        """
        return None

    def read_form(self, values: Mapping[str, Any]) -> FormT:
        """A form from plain values, as stored in ``encoder.json``.

        Raises:
            ValueError: A value is missing.
        """
        try:
            form: FormT = self.form_type.of_values(values)
        except TypeError as error:
            raise ValueError(f"invalid form of {self.name}: {error}") from None
        return form

    def normalized(self, form: FormT, views: Views) -> FormT:
        """The form with the views' mean and standard deviation, if it has these fields."""
        known = {field.name for field in fields(form)} & {"mean", "std"}
        found = {name: getattr(views, name, None) for name in known}
        return replace(form, **{k: tuple(v) for k, v in found.items() if v is not None})

    def saved_description(self, description: EncoderDescription[FormT]) -> EncoderDescription[Any]:
        """The description that is saved with the trained encoder."""
        return description

    def accepted_modalities(self, form: FormT) -> tuple[str, ...]:
        """Modalities that an encoder of this form accepts."""
        return (self.name,)

    def check_opened(self, source: Source, form: FormT) -> None:
        """Check that a source that the user opened has the scale of the training data.

        Raises:
            ValueError: It has another.
        """
        return

    def opening(self, form: FormT) -> dict[str, Any]:
        """Options for opening new data in the same way as the training data."""
        return {}

    def shown(self, form: FormT) -> str:
        """Description of the encoder's inputs, as text that continues the source's description."""
        return ""

    def length(self, form: FormT) -> int | None:
        """Number of time steps of a view; None if views have no time steps or a variable number."""
        return None

    def training(
        self, *, samples: int, batch_size: int | None = None, updates: int | None = None
    ) -> dict[str, Any]:
        """Defaults of the training loop for this modality, which replace the loop's own.

        Args:
            samples: Number of training samples.
            batch_size: Largest batch size that the method recommends, if any.
            updates: Approximate number of updates that the method recommends, if any.
        """
        return {} if batch_size is None else {"batch_size": min(batch_size, samples)}

    @abstractmethod
    def check(self, source: Source, form: FormT) -> None:
        """Check that other data are valid inputs of an encoder of this form.

        Raises:
            ValueError: They are not; the message gives the difference.
        """


renamed_methods(Modality, _RENAMED)


def small_batch(samples: int, *, most: int, updates: int) -> int:
    """Batch size for small datasets, so that an epoch has several updates.

    Args:
        samples: Number of training samples.
        most: Batch size for large datasets.
        updates: Updates per epoch for small datasets; fewer if batches would be smaller than 8.

    >>> [small_batch(samples, most=256, updates=4) for samples in (5, 20, 100, 10_000)]
    [5, 8, 25, 256]
    """
    return min(most, max(samples // updates, min(_LEAST, samples)))
