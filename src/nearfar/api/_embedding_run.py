"""A stored run that embeds samples."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from nearfar.api._embedding import (
    Embedded,
    EmbeddedSteps,
    embed_source,
    embed_steps,
    on_device,
    row_names,
    warn_omitted,
)
from nearfar.api._layers import Pool, cut_at
from nearfar.api._origin import origin_of
from nearfar.api._probed_run import ProbedRun
from nearfar.api._stored_run import Side
from nearfar.api._two_views import EmbeddedViews, embed_views

__all__ = ["EmbeddingRun"]


class EmbeddingRun(ProbedRun):
    """A stored run with ``embed`` and its variants, which :class:`nearfar.api.Run` extends."""

    @overload
    def embed(
        self,
        data: Any = None,
        *,
        batch_size: int | None = None,
        ids: Literal[False] = False,
        side: Side | None = None,
        layer: str | int | None = None,
        pool: Pool | None = None,
        device: str | None = None,
        **options: Any,
    ) -> NDArray[np.float32]: ...

    @overload
    def embed(
        self,
        data: Any = None,
        *,
        batch_size: int | None = None,
        ids: Literal[True],
        side: Side | None = None,
        layer: str | int | None = None,
        pool: Pool | None = None,
        device: str | None = None,
        **options: Any,
    ) -> Embedded: ...

    def embed(
        self,
        data: Any = None,
        *,
        batch_size: int | None = None,
        ids: bool = False,
        side: Side | None = None,
        layer: str | int | None = None,
        pool: Pool | None = None,
        device: str | None = None,
        **options: Any,
    ) -> NDArray[np.float32] | Embedded:
        """Representations of samples, one row per sample, in the order of the data.

        Args:
            data: Data as for :func:`nearfar.pretrain`, of the run's modality; by default the run's
                own, where they still are.
            batch_size: Samples per forward pass.
            ids: Return the name of each row as well: file, row or line.
            side: Side of pairs to embed: the inputs ``x`` (the default) or the signals ``s``. Must
                be given for samples that could be of either side, if each has its own encoder.
            layer: Layer of the encoder: the name of a module, or its number (−1 for the last).
            pool: Pooling of the layer's tokens, time steps or places: ``mean``, ``max``, ``cls``,
                ``last`` or ``flat``.
            device: Where to compute: ``cpu``, ``cuda:1``, ``mps``, or ``auto`` for a GPU if there
                is one; on the CPU by default.
            options: Options for loading the data, if different from the run's: ``column``.

        Returns:
            A float32 array (samples × width); with `ids` a named tuple ``(embeddings, ids)``
            with the attributes ``notes`` and ``origin`` (the run). An
            :class:`nearfar.data.OmittedSamplesWarning` names samples that have no row, such as
            damaged files.
        """
        source = self.open(data, side=side, **options)
        views = self.side_views(source, side)
        with on_device(self.encoder, device):
            encoder = cut_at(self.encoder, layer, pool)
            rows = embed_source(encoder, source, views, batch_size=batch_size).numpy()
        warn_omitted(source, stacklevel=3)
        if not ids:
            return rows
        notes = (*self.state_notes, *self.notes_on_data(data, source), *source.notes)
        origin = origin_of(
            self.directory,
            output="representations",
            data=source.name,
            layer=layer,
            pool=pool,
            side=side,
            checkpoint=self.checkpoint_step,
        )
        return Embedded(rows, row_names(source), notes, origin)

    def embed_sides(
        self,
        data: Any = None,
        *,
        batch_size: int | None = None,
        device: str | None = None,
        **options: Any,
    ) -> tuple[Embedded, NDArray[np.float32] | None]:
        """Representations of both sides of pairs; of other data, of the samples and None.

        Args:
            data: Data as for :func:`nearfar.pretrain`, of the run's modality; by default the run's
                own, where they still are.
            batch_size: Samples per forward pass.
            device: Where to compute, as of :meth:`embed`.
            options: ``layer`` and ``pool``, and options for loading the data, if different from the
                run's.
        """
        data = self.taken(data)
        how: dict[str, Any] = {name: options.pop(name, None) for name in ("layer", "pool")}
        how |= {"batch_size": batch_size, "device": device, **options}
        first = self.embed(data, ids=True, **how)
        if not self.holds_pairs(data, **options):
            return first, None
        return first, self.embed(data, side="s", **how)

    def embed_views(
        self, data: Any = None, *, device: str | None = None, **options: Any
    ) -> EmbeddedViews:
        """Two views of samples: projections, representations and, if there are any, raw features.

        The views are of the kind that the run's own verdict is on, with the run's seed. Of the
        default samples, :func:`nearfar.diagnose` therefore says what the run's verdict says.

        Args:
            data: Data as for :func:`nearfar.pretrain`, of the run's modality; by default the
                samples that the run held out for its verdict.
            device: Where to compute, as of :meth:`embed`.
            options: Options for loading the data, if different from the run's.

        Returns:
            Float32 arrays (samples × dim) by name: ``z1``, ``z2``, ``h1``, ``h2`` and, if the
            modality has them, ``raw1`` and ``raw2``; with the attributes ``ids`` and ``notes``.

        Raises:
            ValueError: A run without a checkpoint, which has the projector, or unsuitable data.
            FileNotFoundError: The run's data are no longer where they were.

        Example:
            >>> import nearfar, tempfile
            >>> out = tempfile.mkdtemp() + "/run"
            >>> run = nearfar.pretrain("simclr", "digits", epochs=1, out=out)
            >>> views = run.embed_views()
            >>> views["z1"].shape, views["h2"].shape
            ((180, 128), (180, 256))
            >>> nearfar.diagnose(views).verdict == run.health.verdict
            True
        """
        return embed_views(self, data, device=device, **options)

    @overload
    def embed_steps(
        self,
        data: Any = None,
        *,
        ids: Literal[False] = False,
        device: str | None = None,
        **options: Any,
    ) -> list[NDArray[np.float32]]: ...

    @overload
    def embed_steps(
        self, data: Any = None, *, ids: Literal[True], device: str | None = None, **options: Any
    ) -> EmbeddedSteps: ...

    def embed_steps(
        self, data: Any = None, *, ids: bool = False, device: str | None = None, **options: Any
    ) -> list[NDArray[np.float32]] | EmbeddedSteps:
        """Representations of each time step of each sequence.

        Args:
            data: Data as for :func:`nearfar.pretrain`, of the run's modality; by default the run's
                own, where they still are.
            ids: Return the name of each sequence as well.
            device: Where to compute, as of :meth:`embed`.
            options: Options for loading the data, if different from the run's.

        Returns:
            A float32 array (steps × width) per sequence; with `ids` a named tuple
            ``(embeddings, ids)`` with the attribute ``notes``.

        Raises:
            ValueError: The encoder has no time steps.
        """
        source = self.open(data, **options)
        with on_device(self.encoder, device):
            rows = [steps.numpy() for steps in embed_steps(self.encoder, source, self.views)]
        warn_omitted(source, stacklevel=3)
        if not ids:
            return rows
        notes = (*self.state_notes, *self.notes_on_data(data, source), *source.notes)
        origin = origin_of(
            self.directory,
            output="time steps",
            data=source.name,
            checkpoint=self.checkpoint_step,
        )
        return EmbeddedSteps(rows, row_names(source), notes, origin)
