"""An encoder with weights from elsewhere, and what can be done with it without a run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, final, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nearfar.api._choices import opening
from nearfar.api._embedding import Embedded, embed_source, on_device, row_names, warn_omitted
from nearfar.api._foreign_weights import USUAL_SIDE, ForeignWeights, Loaded, per_channel
from nearfar.api._judged_weights import diagnosed, probed_encoders
from nearfar.api._layers import Pool, cut_at
from nearfar.api._probe_labels import groups_of, with_task
from nearfar.api._probes_of_runs import Progress
from nearfar.data import ImageSource, LabeledData, Source, is_name, open_labeled, open_source
from nearfar.data._kinds import data_for
from nearfar.data._label_values import Task
from nearfar.modalities import Modality, modality
from nearfar.modalities._image_modality import ImageForm, ImageOptions
from nearfar.modules import EncoderDescription
from nearfar.records import HealthRecord, ProbeRecord
from nearfar.views import Views

__all__ = ["LoadedEncoder"]


@final
class LoadedEncoder:
    """An encoder of images with weights from elsewhere; made by :func:`nearfar.load_weights`.

    Args:
        weights: The weights.
        channels: Channels of the images; None for those of the weights.
        image_size: Side of the images; None for that of the weights.
    """

    def __init__(
        self, weights: ForeignWeights, *, channels: int | None, image_size: int | None
    ) -> None:
        self.weights = weights
        self._channels = channels or weights.channels
        self._size = image_size or weights.image_size

    @property
    def kind(self) -> Modality[Any, Any]:
        """The modality of the encoder's inputs."""
        return modality("images")

    @cached_property
    def _built(self) -> tuple[nn.Module, EncoderDescription[Any], Loaded]:
        preparation = self.weights.preparation
        assert preparation is not None
        size = self._size or USUAL_SIDE
        asked = {"image_size": size} | self.weights.options({"image_size": size})
        form = ImageForm(
            channels=self._channels,
            image_size=size,
            mean=per_channel(preparation.mean, self._channels),
            std=per_channel(preparation.std, self._channels),
        )
        options = ImageOptions(**asked)
        module, description = self.kind.build_encoder(self.weights.encoder, form, options)
        loaded = self.weights.load_into(module, name=self.weights.encoder)
        epsilon = self.weights.epsilon
        for part in module.modules():
            if epsilon is not None and isinstance(part, nn.LayerNorm):
                part.eps = epsilon
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

    def probe(
        self,
        data: Any,
        *,
        labels: Any = None,
        task: Task | None = None,
        groups: Any = None,
        label_share: Sequence[float] = (),
        layer: str | int | None = None,
        pool: Pool | None = None,
        device: str | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> ProbeRecord:
        """Scores of probes on this encoder, one with random weights, and raw features.

        Args:
            data: Labelled images, as of :meth:`nearfar.api.Run.probe`.
            labels: The label of each image, a file with them, or the name of a set of them.
            task: ``classification``, ``regression`` or ``multilabel``; inferred by default.
            groups: Group of each image, or a file or column with them.
            label_share: Shares of the labels to probe with in addition.
            layer: Layer of the encoders.
            pool: Pooling of the layer's tokens or places.
            device: Where to compute; on the CPU by default.
            progress: Called with what is done next, the steps done, and their number.
            options: Options for loading the data.
        """
        held = data_for(data, "images")
        given = opening(self.kind, options)

        def opened(wanted: Any) -> LabeledData:
            return open_labeled(held, labels=wanted, modality="images", task="any", **given)

        labeled = with_task(opened, labels, task, infer=not is_name(held))
        index: Tensor | None = None
        said: tuple[str, ...] = ()
        if groups is not None and groups is not False and str(groups) != "none":
            labeled, index, said = groups_of(labeled, groups, labels=labels, opened=opened)
        fitted = self.for_source(labeled.train)
        return probed_encoders(
            fitted.encoder,
            fitted.untrained,
            labeled,
            kind=self.kind,
            form=fitted.description.form,
            views=fitted.views,
            shares=label_share,
            layer=layer,
            pool=pool,
            device=device,
            groups=index,
            notes=(*fitted.notes, *said),
            progress=progress,
        )

    def diagnose(
        self,
        data: Any,
        *,
        report: str | Path | None = None,
        layer: str | int | None = None,
        pool: Pool | None = None,
        device: str | None = None,
        **options: Any,
    ) -> HealthRecord:
        """Label-free verdict on two random views of images, compared with random weights.

        The views are SimCLR's. There is no projector, so representations are judged.

        Args:
            data: Data as for :func:`nearfar.pretrain`.
            report: HTML page to write.
            layer: Layer whose features are judged.
            pool: Pooling of the layer's tokens or places.
            device: Where to compute; on the CPU by default.
            options: Options for loading the data.
        """
        source = self.open(data, **options)
        fitted = self.for_source(source)
        return diagnosed(
            fitted.encoder,
            fitted.untrained(),
            source,
            kind=self.kind,
            form=fitted.description.form,
            report=report,
            device=device,
            layer=layer,
            pool=pool,
            notes=fitted.notes_on(source),
        )

    def untrained(self) -> nn.Module:
        """An encoder of this architecture with random weights."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return self.kind.rebuild(self.description).eval()
