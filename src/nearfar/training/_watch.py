"""Label-free measurements during training, on samples set aside."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from nearfar.diagnostics import measurements
from nearfar.inputs import View, move
from nearfar.methods._method import Method
from nearfar.training._engine import Engine

__all__ = ["Watch"]


@final
class Watch:
    """Two fixed views of samples that are never trained on, embedded now and then.

    Views are made once, so a change in a reading is a change of the network. The network is in
    evaluation mode meanwhile: nothing of its state moves.

    Args:
        views: Two or more views of the same samples.
    """

    def __init__(self, views: tuple[View, ...]) -> None:
        self.views = views[:2]

    @torch.no_grad()
    def project(self, method: Method, engine: Engine) -> tuple[Tensor, Tensor, Tensor]:
        """Projections of both views, and the first view's representations; float32."""
        training = method.training
        method.eval()
        try:
            with engine.autocast():
                shown = tuple(move(view, engine.device, engine.dtype) for view in self.views)
                (h1, z1), (_, z2) = method.embed_views(shown)
        finally:
            method.train(training)
        return z1.float(), z2.float(), h1.float()

    def __call__(self, method: Method, engine: Engine) -> dict[str, float]:
        """The readings by name."""
        z1, z2, _ = self.project(method, engine)
        if not (z1.isfinite().all() and z2.isfinite().all()):
            return {}  # the loop stops at the loss, which names the samples
        return measurements(z1, z2) | {"dim": float(z1.shape[1]), "samples": float(z1.shape[0])}
