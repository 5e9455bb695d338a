"""Features of an encoder's intermediate layers, pooled to one row per sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeAlias, final, get_args

import torch
from torch import Tensor, nn

from nearfar.checks import UnknownChoiceError, check_choice, suggest
from nearfar.inputs import Inputs, Nodes, Sequences, Tokens, View, count, select

__all__ = ["LayerEncoder", "Pool", "cut_at", "described_layer", "layer_names"]

Pool: TypeAlias = Literal["mean", "max", "cls", "last", "flat"]
"""Pooling of a layer's tokens, time steps or places to one row per sample."""

_SILENT: Final = (nn.Identity, nn.Dropout)
_BY_CHANNEL: Final = (nn.Conv1d, nn.BatchNorm1d, nn.GroupNorm, nn.Conv2d, nn.BatchNorm2d)


def layer_names(encoder: nn.Module) -> list[str]:
    """Names of the layers in the order of the encoder: blocks of its stacks, and single modules.

    >>> layer_names(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    ['0', '1']
    """

    def below(module: nn.Module, path: str) -> Iterator[str]:
        for name, child in module.named_children():
            inside = f"{path}{name}"
            if isinstance(child, _SILENT):
                continue
            if isinstance(child, (nn.Sequential, nn.ModuleList)):
                listed = child.named_children()
                yield from (f"{inside}.{k}" for k, c in listed if not isinstance(c, _SILENT))
            elif any(_has_stack(part) for part in child.children()):
                yield from below(child, f"{inside}.")
            else:
                yield inside

    if isinstance(encoder, nn.Sequential):
        return [k for k, c in encoder.named_children() if not isinstance(c, _SILENT)]
    return list(below(encoder, ""))


def _has_stack(module: nn.Module) -> bool:
    return any(isinstance(m, (nn.Sequential, nn.ModuleList)) for m in module.modules())


def described_layer(layer: str | int | None, pool: Pool | None) -> str:
    """Layer and pooling as text; empty for the encoder's output.

    >>> described_layer("layers.3", "max"), described_layer(None, None)
    ('layer layers.3, max', '')
    """
    words = ("" if layer is None else f"layer {layer}", pool or "")
    return ", ".join(word for word in words if word)


def cut_at(encoder: nn.Module, layer: str | int | None, pool: Pool | None) -> nn.Module:
    """The encoder, or its features at a layer."""
    if layer is None and pool is None:
        return encoder
    return LayerEncoder(encoder, layer=layer, pool=pool)


@final
class LayerEncoder(nn.Module):
    """An encoder cut at a layer; the layer's tokens, time steps or places are pooled.

    Sequences and texts of different lengths are encoded length by length, so that padding has no
    part in the features.

    Args:
        encoder: The whole encoder.
        layer: Name of a module, or its place in :func:`layer_names` (negative from the end). By
            default the last one whose output has tokens, time steps or places.
        pool: ``mean`` (of a transformer's tokens without its class token), ``max``, ``cls`` (the
            class token, or a text's first), ``last`` (the last time step or token) or ``flat`` (all
            values). By default the mean.

    Raises:
        ValueError: No such layer; the message lists them.
    """

    def __init__(
        self, encoder: nn.Module, *, layer: str | int | None = None, pool: Pool | None = None
    ) -> None:
        super().__init__()
        if pool is not None:
            check_choice(get_args(Pool), pool=pool)
        self.encoder = encoder
        self.pool: Pool | None = pool
        self.layer = None if layer is None else _found(encoder, layer)

    def forward(self, view: View) -> Tensor:
        """One row of features per sample."""
        lengths = view.lengths if isinstance(view, (Sequences, Tokens)) else None
        if lengths is None:
            return self._features(view)
        made: dict[int, Tensor] = {}
        for length in torch.unique(lengths).tolist():
            rows = (lengths == length).nonzero().flatten()
            features = self._features(_trimmed(select(view, rows), length))
            made |= dict(zip(rows.tolist(), features, strict=True))
        return torch.stack([made[row] for row in range(len(lengths))])

    def _features(self, view: View) -> Tensor:
        names = [self.layer] if self.layer is not None else layer_names(self.encoder)
        with _outputs(self.encoder, names) as found:
            self.encoder(view)
        samples = count(view)
        if self.layer is not None and self.layer not in found:
            raise ValueError(
                f"`layer` must be one that these samples pass through, got {self.layer!r},"
                f" which none does; layers: {_listed(self.encoder)}"
            )
        for name in reversed(list(found)):  # the last one that can be pooled
            value = _per_sample(found[name], view, samples)
            if value is not None and (self.layer is not None or value.ndim > 2):
                return self._pooled(value, name)
        if self.layer is not None:
            raise ValueError(f"`layer` must have one output per sample, which {self.layer} has not")
        raise ValueError(
            "`pool` needs an encoder with tokens, time steps or places,"
            f" got {type(self.encoder).__name__}, whose layers are {_listed(self.encoder)}"
        )

    def _pooled(self, value: Tensor, name: str) -> Tensor:
        """Samples × features, from samples × places × features."""
        if value.ndim == 2:
            if self.pool not in (None, "mean", "flat"):
                raise ValueError(
                    f"`pool` must be unset for {name}, which has one row per sample,"
                    f" got {self.pool!r}"
                )
            return value
        module = self.encoder.get_submodule(name)
        places = _places_first(value, module, self.encoder)
        prefix = int(getattr(self.encoder, "num_prefix_tokens", 0)) if value.ndim == 3 else 0
        if self.pool == "cls":
            text = value.ndim == 3 and hasattr(self.encoder, "shift")  # a transformer of texts
            if not (prefix or text):
                raise ValueError(
                    f"`pool` must be mean, max, last or flat for {name}, which has no class token,"
                    " got 'cls'"
                )
            return places[:, 0]
        if self.pool == "flat":
            return places.flatten(1)
        if self.pool == "last":
            if value.ndim != 3:
                raise ValueError(f"`pool` must be mean, max or flat for maps of {name}, got 'last'")
            return places[:, -1]
        if places.shape[1] > prefix:
            places = places[:, prefix:]
        return places.amax(dim=1) if self.pool == "max" else places.mean(dim=1)


def _found(encoder: nn.Module, layer: str | int) -> str:
    """The name of a layer, by name or place."""
    names = layer_names(encoder)
    text = str(layer)
    known = dict(encoder.named_modules())
    place = int(text) if text.lstrip("-").isdigit() else None
    if place is not None and text not in names:
        if -len(names) <= place < len(names):
            return names[place]
        raise ValueError(
            f"`layer` must be from {-len(names)} to {len(names) - 1}, got {layer}:"
            f" {_listed(encoder)}"
        )
    if text and text in known:
        return text
    raise UnknownChoiceError(
        "layer",
        f"must be a layer of the encoder, got {layer!r}{suggest(text, known)};"
        f" by number and name: {_listed(encoder)}",
    )


def _listed(encoder: nn.Module) -> str:
    return ", ".join(f"{place} {name}" for place, name in enumerate(layer_names(encoder)))


@contextmanager
def _outputs(encoder: nn.Module, names: list[str]) -> Iterator[dict[str, Any]]:
    """The outputs of modules during a forward pass inside the context, in the order of calls."""
    found: dict[str, Any] = {}

    def keep(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            found.pop(name, None)
            # a later module may write into it
            value = output[0] if isinstance(output, (tuple, list)) else output
            value = getattr(value, "last_hidden_state", value)
            found[name] = value.detach().clone() if isinstance(value, Tensor) else None

        return hook

    handles = [encoder.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _per_sample(value: Any, view: View, samples: int) -> Tensor | None:
    """The output for each sample; of a graph's nodes those of the targets."""
    if not isinstance(value, Tensor) or value.ndim < 2:
        return None
    if isinstance(view, Nodes) and value.shape[0] == view.features.shape[0]:
        return value[view.targets]
    return value if value.shape[0] == samples else None


def _places_first(value: Tensor, module: nn.Module, encoder: nn.Module) -> Tensor:
    """Samples × places × features; features are axis 1 of maps, and of convolutions over time."""
    if value.ndim == 3:
        last = [m for m in module.modules() if isinstance(m, (*_BY_CHANNEL, nn.Linear))]
        by_channel = bool(last) and all(isinstance(m, _BY_CHANNEL) for m in last)
        return value.transpose(1, 2) if by_channel else value
    if getattr(encoder, "output_fmt", "NCHW") == "NHWC":
        return value.flatten(1, -2)
    return value.flatten(2).transpose(1, 2)


def _trimmed(view: Inputs | Tensor, length: int) -> View:
    """A batch of samples of one length, without padding."""
    if isinstance(view, Tokens):
        return Tokens(view.ids[:, :length], view.lengths)
    if isinstance(view, Sequences):
        return Sequences(view.values[..., :length], None)
    return view
