"""CPC v2's masked convolutional context network, causal over rows."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.checks import check_integer

__all__ = ["MaskedContext"]


class _Block(nn.Module):
    """Residual block: 1×1, 1×3 along the row, 2×1 with the row above, and 1×1 convolution."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.along = nn.Sequential(
            nn.Conv2d(width, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, hidden, (1, 3), padding=(0, 1)),
        )
        self.down = nn.Conv2d(hidden, hidden, (2, 1))
        self.back = nn.Conv2d(hidden, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        above = F.pad(self.along(x), (0, 0, 1, 0))  # no row above the first
        out: Tensor = x + self.back(F.relu(self.down(above)))
        return out


@final
class MaskedContext(nn.Module):
    """A context for each position of a grid, from its own row and the rows above only.

    Residual blocks of convolutions over a row and the one above it: five blocks see the five rows
    above.

    Args:
        width: Dimension of an encoding, and of a context.
        hidden: Channels inside the blocks.
        blocks: Number of blocks.

    Shape:
        ``[batch, rows, columns, width]`` → ``[batch, rows, columns, width]``.

    Reference:
        van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves, Kavukcuoglu: PixelCNN (NeurIPS
        2016), for the masks; Hénaff et al.: CPC v2 (arXiv 1905.09272), for the sizes.

    Example:
        >>> import torch
        >>> MaskedContext(64, hidden=32)(torch.zeros(2, 7, 7, 64)).shape
        torch.Size([2, 7, 7, 64])
    """

    def __init__(self, width: int, *, hidden: int = 256, blocks: int = 5) -> None:
        super().__init__()
        check_integer(at_least=1, width=width, hidden=hidden, blocks=blocks)
        self.blocks = nn.Sequential(*(_Block(width, hidden) for _ in range(blocks)))

    def forward(
        self, encodings: Float[Tensor, "batch rows columns width"]
    ) -> Float[Tensor, "batch rows columns width"]:
        """Encodings to contexts."""
        contexts: Tensor = F.relu(self.blocks(encodings.permute(0, 3, 1, 2)))
        return contexts.permute(0, 2, 3, 1)
