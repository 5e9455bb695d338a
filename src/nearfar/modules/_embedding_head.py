"""A head initialised to the identity, for critics based on inner products."""

from __future__ import annotations

from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_choice, check_integer

__all__ = ["EmbeddingHead"]

_NORMS = ("batch", "layer", "none")


@final
class EmbeddingHead(nn.Module):
    """An MLP with one hidden layer plus a linear shortcut.

    The shortcut is initialised near the identity (if `outputs` ≥ `inputs`) and the MLP at 0, so
    that embeddings start as copies of the inputs. For global or local features.

    Args:
        inputs: Input dimension.
        outputs: Dimension of the embedding and of the hidden layer.
        norm: Normalisation of the sum: "batch", "layer" or "none".

    Shape:
        ``[..., inputs]`` → ``[..., outputs]``.

    Reference:
        The critics of Hjelm et al., ICLR 2019 (arXiv 1808.06670), in the authors' code rdevon/DIM;
        AMDIM's embeddings in Philip-Bachman/amdim-public.

    Example:
        >>> import torch
        >>> EmbeddingHead(64, 256)(torch.zeros(4, 49, 64)).shape
        torch.Size([4, 49, 256])
    """

    def __init__(
        self, inputs: int, outputs: int, *, norm: Literal["batch", "layer", "none"] = "none"
    ) -> None:
        super().__init__()
        check_integer(at_least=1, inputs=inputs, outputs=outputs)
        check_choice(_NORMS, norm=norm)
        self.outputs = outputs
        self.copied = nn.Linear(inputs, outputs)
        self.layers = nn.Sequential(
            nn.Linear(inputs, outputs, bias=False),
            nn.BatchNorm1d(outputs),
            nn.ReLU(inplace=True),
            nn.Linear(outputs, outputs, bias=False),
        )
        self.norm: nn.Module = nn.Identity()
        if norm != "none":
            self.norm = nn.BatchNorm1d(outputs) if norm == "batch" else nn.LayerNorm(outputs)
        self._start()

    @torch.no_grad()
    def _start(self) -> None:
        *_, last = self.layers
        assert isinstance(last, nn.Linear)
        last.weight.zero_()
        outputs, inputs = self.copied.weight.shape
        if outputs >= inputs:
            self.copied.weight.uniform_(-0.01, 0.01)
            self.copied.weight.fill_diagonal_(1.0)

    def forward(self, x: Float[Tensor, "*samples inputs"]) -> Float[Tensor, "*samples outputs"]:
        """Embed the inputs."""
        rows = x.flatten(0, -2)
        embedded: Tensor = self.norm(self.layers(rows) + self.copied(rows))
        return embedded.view(*x.shape[:-1], self.outputs)
