"""A dual encoder for pairs of different modalities, with one common space."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from nearfar.checks import check_integer
from nearfar.inputs import Pair, Signal, View

__all__ = ["TwoSided"]


@final
class TwoSided(nn.Module):
    """Applies the second encoder to signals and the first to everything else.

    If the widths differ, a linear map brings the signals' representations to the width of the
    inputs'.

    Args:
        x_encoder: Encoder of the inputs.
        s_encoder: Encoder of the signals.
        x_width: Output dimension of the first.
        s_width: Output dimension of the second.

    Shape:
        A view of ``batch`` samples → ``[batch, x_width]``; a pair is represented by its input.

    Example:
        >>> import torch
        >>> encoder = TwoSided(nn.Linear(5, 8), nn.Linear(3, 4), x_width=8, s_width=4)
        >>> encoder(torch.zeros(2, 5)).shape, encoder(Signal(torch.zeros(2, 3))).shape
        (torch.Size([2, 8]), torch.Size([2, 8]))
    """

    def __init__(
        self, x_encoder: nn.Module, s_encoder: nn.Module, *, x_width: int, s_width: int
    ) -> None:
        super().__init__()
        check_integer(at_least=1, x_width=x_width, s_width=s_width)
        self.x_encoder, self.s_encoder = x_encoder, s_encoder
        self.num_features = x_width
        self.bridge = nn.Identity() if s_width == x_width else nn.Linear(s_width, x_width)

    def forward(self, view: View) -> Tensor:
        """Encode inputs, or a view marked as :class:`~nearfar.inputs.Signal`."""
        if isinstance(view, Signal):
            signals: Tensor = self.bridge(self.s_encoder(view.view))
            return signals
        inputs: Tensor = self.x_encoder(view.x if isinstance(view, Pair) else view)
        return inputs
