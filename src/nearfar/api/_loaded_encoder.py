"""An encoder with weights from elsewhere, and what can be done with it without a run."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Literal, final, overload

import numpy as np
from numpy.typing import NDArray
from torch import nn

from nearfar.api._choices import opening
from nearfar.api._embedding import Embedded, embed_source, on_device, row_names, warn_omitted
from nearfar.api._foreign_weights import ForeignWeights, Loaded, find_weights, per_channel
from nearfar.api._layers import Pool, cut_at
from nearfar.data import ImageSource, Source, open_source
from nearfar.modalities import Modality, modality
from nearfar.modalities._image_modality import ImageForm, ImageOptions
from nearfar.modules import EncoderDescription
from nearfar.views import Views

__all__ = ["LoadedEncoder", "load_weights"]


@final
class LoadedEncoder:
    """An encoder of images with weights from elsewhere; made by :func:`load_weights`.

    Args:
        weights: The weights.
        channels: Channels of the images; None for those of the weights.
        image_size: Side of the images; None for that of the weights.
    """

    def __init__(
        self, weights: ForeignWeights, *, channels: int | None, image_size: int | None
    ) -> None:
        self.weights = weights
        self._channels = channels or (weights.known.channels if weights.known else 3)
        self._size = image_size or weights.image_size

    @property
    def kind(self) -> Modality[Any, Any]:
        """The modality of the encoder's inputs."""
        return modality("images")

    @cached_property
    def _built(self) -> tuple[nn.Module, EncoderDescription[Any], Loaded]:
        preparation = self.weights.preparation
        assert preparation is not None
        asked = self.weights.options({"image_size": self._size})
        form = ImageForm(
            channels=self._channels,
            image_size=asked.get("image_size", 224),
            mean=per_channel(preparation.mean, self._channels),
            std=per_channel(preparation.std, self._channels),
        )
        options = ImageOptions(**asked)
        module, description = self.kind.build_encoder(self.weights.encoder, form, options)
        loaded = self.weights.load_into(module, name=self.weights.encoder)
        return module.eval(), description, loaded

    @property
    def encoder(self) -> nn.Module:
        """The encoder with its weights, in evaluation mode."""
        return self._built[0]

    @property
    def description(self) -> EncoderDescription[Any]:
        """The encoder's architecture and the form of its inputs."""
        return self._built[1]

    @property
    def loaded(self) -> Loaded:
        """Which keys of the file were used, and which were not."""
        return self._built[2]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was loaded, and what was assumed."""
        return self.loaded.notes

    @property
    def views(self) -> Views:
        """Views without augmentation: whole images in the form that the encoder expects."""
        return self.kind.plain(self.description.form)

    def for_source(self, source: Source) -> LoadedEncoder:
        """The same weights for images with the channels and, if none is known, the size of these.

        Args:
            source: The images.
        """
        root = source.root
        assert isinstance(root, ImageSource)
        size = self._size or root.image_size
        if root.channels == self._channels and size == self._size:
            return self
        return LoadedEncoder(self.weights, channels=root.channels, image_size=size)

    def open(self, data: Any, **options: Any) -> Source:
        """Images to embed.

        Args:
            data: Data as for :func:`nearfar.pretrain`.
            options: Options for loading the data.

        Raises:
            ValueError: Data that are no images.
        """
        return open_source(data, modality="images", split="all", **opening(self.kind, options))

    @overload
    def embed(self, data: Any, *, ids: Literal[True], **options: Any) -> Embedded: ...

    @overload
    def embed(
        self, data: Any, *, ids: Literal[False] = False, **options: Any
    ) -> NDArray[np.float32]: ...

    def embed(
        self,
        data: Any,
        *,
        batch_size: int | None = None,
        ids: bool = False,
        layer: str | int | None = None,
        pool: Pool | None = None,
        device: str | None = None,
        **options: Any,
    ) -> NDArray[np.float32] | Embedded:
        """Representations of images, one row per image, in the order of the data.

        Args:
            data: Data as for :func:`nearfar.pretrain`.
            batch_size: Samples per forward pass.
            ids: Return the name of each row as well: file or row.
            layer: Layer of the encoder: the name of a module, or its number (−1 for the last).
            pool: Pooling of the layer's tokens or places.
            device: Where to compute; on the CPU by default.
            options: Options for loading the data.

        Returns:
            A float32 array (samples × width); with `ids` a named tuple ``(embeddings, ids)`` with
            the attribute ``notes``.
        """
        source = self.open(data, **options)
        fitted = self.for_source(source)
        with on_device(fitted.encoder, device):
            encoder = cut_at(fitted.encoder, layer, pool)
            rows = embed_source(encoder, source, fitted.views, batch_size=batch_size).numpy()
        warn_omitted(source, stacklevel=3)
        return Embedded(rows, row_names(source), fitted.notes_on(source)) if ids else rows

    def notes_on(self, source: Source) -> tuple[str, ...]:
        """What is to be said of the weights, and of these images for them.

        Args:
            source: The images.
        """
        side = self.description.form.image_size
        return (*self.notes, f"images are resized to {side}×{side}", *source.notes)


def load_weights(
    what: str | Path,
    *,
    encoder: str | None = None,
    weights_key: str | None = None,
    preprocess: str | None = None,
    channels: int | None = None,
    image_size: int | None = None,
) -> LoadedEncoder:
    """An encoder of images with the weights of another library, or of a run.

    Files of ``torch.save`` are read without unpickling: whatever they name is neither imported nor
    called. The prefix of the encoder's keys and the spelling of its library are recognised, and its
    architecture by the shapes. Each key is accounted for: a weight that the encoder needs is in the
    file, or the call fails.

    Args:
        what: ``.safetensors``, or a file of ``torch.save`` (``.pt``, ``.pth``, ``.ckpt``,
            ``.bin``): a state dictionary, a checkpoint of a trainer such as Lightning's, or a whole
            module; a folder of Hugging Face or timm with a configuration and weights; or a run.
        encoder: Name of the encoder, as for :func:`nearfar.pretrain`; by default recognised.
        weights_key: Which encoder, if the file holds several: a part of its keys such as
            ``teacher``.
        preprocess: How images are prepared: ``imagenet`` (its mean and deviation), ``half`` (to
            −1..1) or ``none``; by default what the configuration of the weights says, or else
            ``imagenet``, with a note.
        channels: Channels of the images; the first layer is summed or repeated for others than
            those of the weights.
        image_size: Side of the images; position embeddings are interpolated for another one.

    Raises:
        FileNotFoundError: There is nothing at `what`.
        ValueError: A file that cannot be read, an encoder that is not recognised, or keys that do
            not fit; the message names them.

    Example:
        >>> import nearfar, tempfile, timm, torch
        >>> file = tempfile.mkdtemp() + "/checkpoint.pth"
        >>> resnet = timm.create_model("resnet18")
        >>> torch.save({"state_dict": resnet.state_dict()}, file)
        >>> loaded = nearfar.load_weights(file)
        >>> loaded.weights.encoder, loaded.loaded.dropped
        ('resnet18', ('state_dict.fc.bias', 'state_dict.fc.weight'))
    """
    found = find_weights(what, encoder=encoder, key=weights_key, preprocess=preprocess)
    if found.preparation is None:
        raise ValueError(f"`what` must be weights for images, got {what}: use nearfar.load")
    made = LoadedEncoder(found, channels=channels, image_size=image_size)
    _ = made.notes  # weights that do not fit are refused here
    return made
