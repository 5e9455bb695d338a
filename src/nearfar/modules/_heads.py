"""MLP projectors and predictors."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from nearfar._deprecation import renamed_arguments
from nearfar.checks import check_integer

__all__ = ["PerceptronHead"]


@final
class PerceptronHead(nn.Module):
    """An MLP with batch-norm and ReLU after each hidden layer, optionally batch-norm at the output.

    The projector of SimCLR (2 layers), MoCo v2, BYOL, VICReg and SimSiam (3 layers), and the
    predictors of BYOL and SimSiam.

    Args:
        inputs: Input dimension.
        hidden: Width of the hidden layers.
        outputs: Output dimension.
        layers: Number of linear layers, 1 or more; 1 is a linear map.
        normalize: Whether hidden layers have batch-norm.
        normalize_output: Whether the last layer has batch-norm (non-affine, as in SimSiam) instead
            of a bias.

    Shape:
        ``[batch, inputs]`` → ``[batch, outputs]``.

    Example:
        >>> import torch
        >>> PerceptronHead(256, hidden=512, outputs=128)(torch.zeros(4, 256)).shape
        torch.Size([4, 128])
    """

    @renamed_arguments(normalise="normalize", normalise_output="normalize_output")
    def __init__(
        self,
        inputs: int,
        *,
        hidden: int,
        outputs: int,
        layers: int = 2,
        normalize: bool = True,
        normalize_output: bool = False,
    ) -> None:
        super().__init__()
        check_integer(at_least=1, inputs=inputs, hidden=hidden, outputs=outputs, layers=layers)
        self.outputs = outputs
        self.hidden = hidden if layers > 1 else None
        self.normalize, self.normalize_output = normalize, normalize_output
        steps: list[nn.Module] = []
        width = inputs
        for _ in range(layers - 1):
            # batch-norm would cancel the bias
            steps.append(nn.Linear(width, hidden, bias=not normalize))
            steps += [nn.BatchNorm1d(hidden)] if normalize else []
            steps.append(nn.ReLU(inplace=True))
            width = hidden
        steps.append(nn.Linear(width, outputs, bias=not normalize_output))
        steps += [nn.BatchNorm1d(outputs, affine=False)] if normalize_output else []
        self.layers = nn.Sequential(*steps)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """Apply the head."""
        out: Tensor = self.layers(x)
        return out
