"""The embeddings of a run, as a study's measures receive them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, final

import torch
from jaxtyping import Float, Num
from torch import Tensor, nn

from nearfar.api._embedding import embed_source
from nearfar.data import Source, Subset
from nearfar.inputs import move
from nearfar.methods import Method
from nearfar.records import HealthRecord
from nearfar.studies._cell_samples import Samples
from nearfar.views import Views

__all__ = ["Embeddings"]

_CHUNK = 512


@final
class Embeddings:
    """The embeddings of one encoder, each computed when it is first read; on the CPU, in float32.

    Args:
        samples: The study's samples.
        encoder: The encoder; None for raw features.
        views: Views without augmentation.
        pairs: Augmented views; those of the method if it has positive pairs.
        method: The method around the encoder; None for a baseline.
        judge: Function that judges the encoder without labels; None if that is not possible.
        seed: Seed of the cell.
        step: Number of updates.
        features: Features of fitted and test samples, in place of an encoder's.

    Attributes:
        method: The method, such as for its projector; None for a baseline.
        step: Number of updates so far.
        samples: The study's samples: sources and labels.
    """

    def __init__(
        self,
        samples: Samples,
        *,
        encoder: nn.Module | None,
        views: Views,
        pairs: Views | None,
        method: Method | None,
        judge: Any,
        seed: int,
        step: int = 0,
        features: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        self.samples, self.method, self.step = samples, method, step
        self._encoder, self._views, self._pairs = encoder, views, pairs
        self._judge, self._seed, self._features = judge, seed, features

    @cached_property
    def fitted(self) -> Float[Tensor, "labeled dim"]:
        """Representations of the training samples of the probes."""
        return self._of(self.samples.fitted, 0)

    @cached_property
    def tests(self) -> Float[Tensor, "tests dim"]:
        """Representations of the test samples."""
        return self._of(self.samples.test, 1)

    @property
    def fitted_labels(self) -> Num[Tensor, "labeled ..."]:
        """Labels of :attr:`fitted`."""
        return self.samples.fitted_labels

    @property
    def test_labels(self) -> Num[Tensor, "tests ..."]:
        """Labels of :attr:`tests`."""
        return self.samples.test_labels

    @cached_property
    def fitted_projections(self) -> Float[Tensor, "labeled dim"]:
        """Projections of the training samples of the probes."""
        return self.project(self.fitted)

    @cached_property
    def test_projections(self) -> Float[Tensor, "tests dim"]:
        """Projections of the test samples."""
        return self.project(self.tests)

    @property
    def judged(self) -> bool:
        """Whether there is a label-free verdict: not of raw features."""
        return self._judge is not None

    @cached_property
    def health(self) -> HealthRecord:
        """The label-free verdict, of the run's held-out samples.

        Raises:
            ValueError: Raw features, which have no views.
        """
        if self._judge is None:
            raise ValueError("raw features have no label-free verdict")
        found: HealthRecord = self._judge()
        return found

    @torch.no_grad()
    def project(self, representations: Tensor) -> Tensor:
        """The projector's output for representations.

        Raises:
            ValueError: A baseline, which has no projector.
        """
        if self.method is None:
            raise ValueError("a baseline has no projections")
        self.method.eval()
        device = next((p.device for p in self.method.parameters()), torch.device("cpu"))
        parts = torch.split(representations, _CHUNK)
        return torch.cat([self.method.projector(h.to(device)).float().cpu() for h in parts])

    @torch.no_grad()
    def augmented(
        self, *, views: int = 2, samples: int | None = None, projected: bool = True
    ) -> Float[Tensor, "views samples dim"]:
        """Embeddings of random views of the test samples, the same for the same seed.

        Args:
            views: Number of views per sample.
            samples: Number of test samples, the first ones; all by default.
            projected: Whether to project them; representations otherwise.

        Raises:
            ValueError: Raw features, or projections of a baseline.
        """
        if self._encoder is None or self._pairs is None:
            raise ValueError("raw features have no augmented views")
        source = self.samples.test
        if samples is not None and samples < len(source):
            source = Subset(source, range(samples))
        self._encoder.eval()
        rounds = [self._views_of(source, epoch) for epoch in range(-(-views // 2))]
        found = torch.cat(rounds)[:views]
        return torch.stack([self.project(view) for view in found]) if projected else found

    def _views_of(self, source: Source, epoch: int) -> Tensor:
        """Representations of two views of each sample."""
        assert self._encoder is not None
        assert self._pairs is not None
        device = next((p.device for p in self._encoder.parameters()), torch.device("cpu"))
        rows: list[Tensor] = []
        for batch in source.chunks(_CHUNK if source.at_once <= _CHUNK else None):
            shown = self._pairs(batch.inputs, batch.samples, seed=self._seed, epoch=epoch)[:2]
            both = [self._encoder(move(view, device)).float().cpu() for view in shown]
            rows.append(torch.stack(both))
        return torch.cat(rows, dim=1)

    def _of(self, source: Source, place: int) -> Tensor:
        if self._features is not None:
            return self._features[place]
        assert self._encoder is not None, "features are given otherwise"
        return embed_source(self._encoder, source, self._views)
