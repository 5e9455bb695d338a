"""What every diagnostic does first: check the rows, and leave precision behind as no concern."""

from __future__ import annotations

from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix, check_same_shape

__all__ = ["checked_pair", "checked_rows"]


def _exact(z: Tensor) -> Tensor:
    z = z.detach()
    return (z.cpu() if z.device.type == "mps" else z).double()  # Metal has no float64


def checked_rows(z: Tensor, *, min_rows: int = 1) -> Tensor:
    """`z` in float64 and without its graph; refused unless a matrix of finite numbers."""
    check_matrix(min_rows=min_rows, z=z)
    check_finite_rows(z=z)
    return _exact(z)


def checked_pair(z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
    """The same for two views of the same samples."""
    check_matrix(z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_finite_rows(z1=z1, z2=z2)
    return _exact(z1), _exact(z2)
