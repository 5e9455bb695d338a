"""What must be known of a kind of samples to train on it, judge it and show it."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.data import Source
from nearfar.inputs import View
from nearfar.modules import EncoderDescription
from nearfar.records import Exhibit
from nearfar.views import ViewRecipe, Views

__all__ = ["Modality", "OnnxCall", "small_batch"]

_LEAST = 8


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


class Modality(ABC):
    """One kind of samples; everything that differs between images, sounds, texts and graphs.

    A *form* is what an encoder must know of its inputs, as plain JSON values: channels and size of
    images, sampling rate, vocabulary. It is decided once from the data and the options, saved with
    the encoder, and enough to show new data to the encoder as the old ones were.

    Attributes:
        name: As :attr:`nearfar.data.Source.modality`.
        options: A frozen keyword-only dataclass: what a user may say of data and encoder. Options
            that the modality's opener has by the same name are handed to it.
        settings: What has the settings of two views of a sample as keyword arguments.
        encoder: The encoder that is taken unless another is named.
        encoders: Which others there are, in words.
        paired: Whether a sample has two sides of its own, whose agreement is measured besides.
    """

    name: ClassVar[str]
    options: ClassVar[Callable[..., Any]]
    settings: ClassVar[Callable[..., Views]]
    encoder: ClassVar[str]
    encoders: ClassVar[str]
    paired: ClassVar[bool] = False

    def view_settings(self, recipe: ViewRecipe) -> Callable[..., Views]:
        """The class whose keyword arguments are the settings of these views."""
        if recipe.make is None:
            return self.settings
        made: Callable[..., Views] = inspect.signature(recipe.make, eval_str=True).return_annotation
        return made

    def decide(self, source: Source, options: Any) -> tuple[Any, tuple[str, ...]]:
        """Fix the options that depend on the data, once for a run and all that resume it.

        Args:
            source: What will be trained on.
            options: An instance of :attr:`options`.

        Returns:
            The options, and notes on what was chosen and how to choose otherwise.
        """
        return options, ()

    @abstractmethod
    def form(self, source: Source, options: Any, *, seed: int) -> dict[str, Any]:
        """What an encoder must know of these inputs, vocabularies and scales fitted on them.

        Args:
            source: What will be trained on.
            options: An instance of :attr:`options`.
            seed: Of the run.
        """

    @abstractmethod
    def build_encoder(
        self, name: str, form: Mapping[str, Any], options: Any
    ) -> tuple[nn.Module, EncoderDescription]:
        """An encoder by name with fresh weights, and its description with the form in it.

        Raises:
            ValueError: An unknown name; the nearest is named.
        """

    @abstractmethod
    def rebuild(self, description: EncoderDescription) -> nn.Module:
        """An encoder that the weights saved with this description fit."""

    @abstractmethod
    def views(
        self,
        recipe: ViewRecipe,
        form: Mapping[str, Any],
        *,
        source: Source,
        options: Any,
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

    @abstractmethod
    def two_views(self, form: Mapping[str, Any]) -> Views:
        """Two views that show the same sample: for methods whose own views are no positives."""

    @abstractmethod
    def plain(self, form: Mapping[str, Any]) -> Views:
        """Views whose ``plain`` shows whole samples as the encoder knows them."""

    @abstractmethod
    def raw(
        self, source: Source, form: Mapping[str, Any]
    ) -> tuple[str, Float[Tensor, "samples features"]]:
        """The usual features that need no training, and their name: what an encoder must beat."""

    @abstractmethod
    def show(self, view: View, form: Mapping[str, Any]) -> list[Exhibit]:
        """Each sample of a view (or of a plain view) for a person to see, without caption."""

    @abstractmethod
    def onnx(self, encoder: nn.Module, form: Mapping[str, Any]) -> OnnxCall:
        """How the encoder is exported.

        Raises:
            ValueError: It cannot be.
        """

    @abstractmethod
    def signal_dim(self, form: Mapping[str, Any]) -> int:
        """How many numbers of a signal a decoder predicts (:func:`nearfar.inputs.numbers`)."""

    def kept(self, description: EncoderDescription) -> EncoderDescription:
        """The description that is saved with the trained encoder."""
        return description

    def takes(self, form: Mapping[str, Any]) -> tuple[str, ...]:
        """Kinds of samples that an encoder of this form can be shown."""
        return (self.name,)

    def opening(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """Options with which new data are opened so that they are read as the old ones were."""
        return {}

    def shown(self, form: Mapping[str, Any]) -> str:
        """How samples are shown to the encoder, in words that go on after those on the source."""
        return ""

    def length(self, form: Mapping[str, Any]) -> int | None:
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
    def check(self, source: Source, form: Mapping[str, Any]) -> None:
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
