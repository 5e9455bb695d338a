"""Projectors and predictors: small perceptrons on top of an encoder."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_integer

__all__ = ["PerceptronHead"]


@final
class PerceptronHead(nn.Module):
    """Linear layers with batch-norm and ReLU between them; nothing after the last but a norm.

    The projector of SimCLR (2 layers), MoCo v2, BYOL, VICReg and SimSiam (3 layers), and the
    predictors of BYOL and SimSiam.

    Args:
        inputs: Dimensions in.
        hidden: Dimensions of every inner layer.
        outputs: Dimensions out.
        layers: Linear layers, 1 or more; 1 is a plain linear map.
        normalise: Batch-norm after every inner layer.
        normalise_output: Batch-norm after the last layer, which then has no bias; without scale
            and shift of its own, as in SimSiam.

    Shape:
        ``[batch, inputs]`` → ``[batch, outputs]``.

    Example:
        >>> import torch
        >>> PerceptronHead(256, hidden=512, outputs=128)(torch.zeros(4, 256)).shape
        torch.Size([4, 128])
    """

    def __init__(
        self,
        inputs: int,
        *,
        hidden: int,
        outputs: int,
        layers: int = 2,
        normalise: bool = True,
        normalise_output: bool = False,
    ) -> None:
        super().__init__()
        check_integer(at_least=1, inputs=inputs, hidden=hidden, outputs=outputs, layers=layers)
        self.outputs = outputs
        steps: list[nn.Module] = []
        width = inputs
        for _ in range(layers - 1):
            # the bias would be cancelled by the mean that batch-norm takes off
            steps.append(nn.Linear(width, hidden, bias=not normalise))
            steps += [nn.BatchNorm1d(hidden)] if normalise else []
            steps.append(nn.ReLU(inplace=True))
            width = hidden
        steps.append(nn.Linear(width, outputs, bias=not normalise_output))
        steps += [nn.BatchNorm1d(outputs, affine=False)] if normalise_output else []
        self.layers = nn.Sequential(*steps)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """One matrix to another."""
        out: Tensor = self.layers(x)
        return out
