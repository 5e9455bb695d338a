"""The tensors in the content of a file, by dotted name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nearfar.weights._pickled_data import Made, Persistent
from nearfar.weights._stored_tensors import StoredTensor, storage_type, stored_tensor

__all__ = ["item_sizes", "named_tensors"]

_NOT_WEIGHTS = (
    *("optimizer", "lr_scheduler", "scheduler", "callbacks", "loops", "scaler", "fp16"),
    *("hyper_parameters", "hparams", "datamodule_hyper_parameters", "args", "config", "cfg"),
)
_DEEPEST = 64
_MODULE = ("_parameters", "_buffers", "_modules")


def named_tensors(content: Any) -> dict[str, StoredTensor]:
    """The tensors in nested dictionaries and in modules that were saved whole.

    The name of a tensor joins the keys that lead to it by dots. The state of optimizers, schedules
    and loops is left out, and so are settings, in which a trainer may keep a module as it was.

    Args:
        content: What a pickle holds.

    Raises:
        ValueError: A tensor whose description is damaged.
    """
    found: dict[str, StoredTensor] = {}
    seen: set[int] = set()
    waiting = [("", content)]
    while waiting:
        name, part = waiting.pop()
        if name.count(".") > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
        tensor = stored_tensor(part)
        if tensor is not None:
            found[name] = tensor
            continue
        held = _held(part)
        if not held or id(part) in seen:
            continue
        seen.add(id(part))
        inner = [(f"{name}.{key}" if name else key, value) for key, value in held.items()]
        waiting += reversed([entry for entry in inner if name or not _is_state(entry[0])])
    return found


def _is_state(key: str) -> bool:
    return key.lower().startswith(_NOT_WEIGHTS)


def _held(part: Any) -> dict[str, Any]:
    """What is inside by name: of a dictionary its values, of a module its tensors and modules."""
    if isinstance(part, Made):
        state = part.state
        if isinstance(state, dict) and all(isinstance(state.get(k), dict) for k in _MODULE):
            return {str(k): v for table in _MODULE for k, v in state[table].items()}
        part = part.items or (state if isinstance(state, dict) else {})
    if not isinstance(part, dict):
        return {}
    return {str(key): value for key, value in part.items() if isinstance(key, (str, int))}


def item_sizes(content: Any) -> dict[str, int]:
    """Bytes per number of each storage that the content refers to, by its key."""
    found: dict[str, int] = {}
    for part in _all_parts(content):
        if isinstance(part, Persistent) and isinstance(part.key, tuple) and len(part.key) > 2:
            dtype = storage_type(part.key[1])
            if dtype is not None:
                found[str(part.key[2])] = dtype.itemsize
    return found


def _all_parts(content: Any) -> Iterator[Any]:
    """Each object inside of nested data, once."""
    seen: set[int] = set()
    waiting = [content]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, (dict, list, tuple, Made, Persistent)) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, Made):
            waiting += [part.by, part.arguments, part.entries, part.items, part.state]
        else:
            waiting += [part.key] if isinstance(part, Persistent) else part
