"""The flags of weights from elsewhere, which several commands take instead of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from nearfar.api import LoadedEncoder

__all__ = ["NO_WEIGHTS", "WeightsFlags", "check_unset"]


@Parameter(name="*")
@dataclass(frozen=True)
class WeightsFlags:
    """Weights from elsewhere, and what is to be known of them.

    Args:
        weights: Weights of another library to use instead of a run: .safetensors, a checkpoint
            (.pt, .pth, .ckpt, .bin; never unpickled), a folder of Hugging Face or timm; or a run.
        weights_key: Which encoder of these weights, if there are several: a part of its keys, such
            as `teacher`.
        encoder: Encoder of these weights; by default recognised by their shapes.
        preprocess: Preparation of images for these weights: mean and deviation of `imagenet`,
            `half` (to -1..1) or `none`. By default what their configuration says, else `imagenet`.
        image_size: Side of the images for these weights.
    """

    weights: str | None = None
    weights_key: str | None = None
    encoder: str | None = None
    preprocess: Literal["imagenet", "half", "none"] | None = None
    image_size: int | None = None

    @property
    def given(self) -> bool:
        """Whether any of the flags is given."""
        return any(value is not None for value in vars(self).values())

    def load(self) -> LoadedEncoder:
        """The encoder with its weights.

        Raises:
            ValueError: No weights are given, or they cannot be used.
        """
        from nearfar import api

        if self.weights is None:
            raise ValueError("a run must be given, or `--weights`: a file of weights")
        return api.load_weights(
            self.weights,
            encoder=self.encoder,
            weights_key=self.weights_key,
            preprocess=self.preprocess,
            image_size=self.image_size,
        )


NO_WEIGHTS = WeightsFlags()
"""No flag of weights is given."""


def check_unset(flag: str, **others: Any) -> None:
    """Check that no flag is given that does not go with another one.

    Args:
        flag: The other one, such as ``weights``.
        others: Values of the flags by name.

    Raises:
        ValueError: One of them is given.
    """
    for name, value in others.items():
        if value:
            shown = str(value) if isinstance(value, Path) else value
            raise ValueError(f"`{name}` must be unset with `{flag}`, got {shown!r}")
