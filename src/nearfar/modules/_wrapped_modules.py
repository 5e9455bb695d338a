"""Modules inside wrappers: DataParallel, torch.compile, averaged models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

__all__ = ["load_weights", "plain_names", "unwrapped"]

_PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)
_COMPILED = "_orig_mod"  # of torch._dynamo.OptimizedModule, which importing torch does not load


def unwrapped(module: nn.Module) -> nn.Module:
    """The module inside any wrappers.

    >>> unwrapped(nn.DataParallel(nn.Linear(2, 3)))
    Linear(in_features=2, out_features=3, bias=True)
    """
    while name := _inner(module):
        module = module.get_submodule(name)
    return module


def plain_names(module: nn.Module) -> dict[str, str]:
    """The name of each entry of the state dictionary without the names that wrappers add.

    >>> sorted(plain_names(nn.Sequential(nn.DataParallel(nn.Linear(2, 3)))).items())
    [('0.module.bias', '0.bias'), ('0.module.weight', '0.weight')]
    """
    added = {
        ".".join(filter(None, (path, name)))
        for path, child in module.named_modules(remove_duplicate=False)
        if (name := _inner(child))
    }
    names = {}
    for name in module.state_dict():
        parts = name.split(".")
        kept = [part for i, part in enumerate(parts) if ".".join(parts[: i + 1]) not in added]
        names[name] = ".".join(kept)
    return names


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], *, name: str) -> None:
    """Load weights by the names of the module without wrappers.

    Args:
        module: Module of the architecture; wrapped or not.
        weights: Weights by name. A prefix of a wrapper, which older versions stored, is removed.
        name: Name of the file, for messages.

    Raises:
        ValueError: Weights of another architecture.
    """
    plain = plain_names(module)
    held = dict(weights)
    while held and not set(plain.values()) & held.keys() and (prefix := _common_prefix(held)):
        held = {key.removeprefix(prefix): value for key, value in held.items()}
    missing = sorted(set(plain.values()) - held.keys())
    further = sorted(held.keys() - set(plain.values()))
    state: dict[str, Any] = module.state_dict()
    other = [
        f"{short} {tuple(held[short].shape)} instead of {tuple(state[full].shape)}"
        for full, short in plain.items()
        if short in held and held[short].shape != state[full].shape
    ]
    for what, names in (("lacks", missing), ("also has", further), ("has", other)):
        if names:
            more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
            raise ValueError(
                f"`encoder` must have the architecture of the weights in {name}, which {what}"
                f" {', '.join(names[:3])}{more}"
            )
    module.load_state_dict({full: held[short] for full, short in plain.items()}, strict=True)


def _inner(module: nn.Module) -> str:
    """Name under which a wrapper holds its module; empty if the module is no wrapper."""
    if isinstance(module, _PARALLEL):
        return "module"
    return _COMPILED if _COMPILED in module._modules else ""


def _common_prefix(names: Mapping[str, Any]) -> str:
    for prefix in ("module.", f"{_COMPILED}."):
        if all(name.startswith(prefix) or name == "n_averaged" for name in names):
            return prefix
    return ""
